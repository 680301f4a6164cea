"""Runs: which scan comes next, when, and what ends it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.agents import session_document

from sacmes_core.instruments import campaign
from sacmes_core.instruments.campaign import Campaign
from sacmes_core.instruments.driver import NEVER, Finished
from sacmes_core.instruments.limits import Limits
from sacmes_core.instruments.methodscript.driver import MethodScript
from sacmes_core.instruments.orders import Position
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.method import MethodSettings

WIDE = Limits(-2.0, 2.0, 1.0)
DONE = Finished(True)


def document(
    revision: int = 1, *, frequencies: Any = (15.0, 200.0), **method: Any
) -> SessionDocument:
    settings = {"interval_s": 60.0, "repeats": 3} | method
    source = {"frequencies_hz": frequencies, "method": MethodSettings(**settings)}
    return session_document(revision, source=source)


class Run:
    """A campaign with an instrument that is always ready again, and a clock."""

    def __init__(self, limits: Limits = WIDE, offline_s: float = NEVER) -> None:
        self.campaign = Campaign(limits, offline_s)
        self.now = 1000.0
        self.started: list[str] = []
        self.after: Position | None = None
        self.stopped: list[str] = []

    def tell(self, event: campaign.Event) -> None:
        self.campaign, effects = campaign.step(self.campaign, event, self.now)
        for effect in effects:
            match effect:
                case campaign.Start(order, after):
                    self.started.append(order.name)
                    self.after = after
                case campaign.Stop(reason):
                    self.stopped.append(reason)

    def follow(
        self, doc: SessionDocument, *, allowed: bool = True, at: Position | None = None
    ) -> None:
        self.tell(campaign.Follow(doc, allowed, at))

    def ready(self) -> None:
        self.tell(campaign.Present(MethodScript()))

    def finish(self, finished: Finished = DONE) -> None:
        self.tell(campaign.Ended(finished))
        self.ready()

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.tell(campaign.Tick())


def test_frequencies_take_turns_and_rounds_keep_the_interval() -> None:
    run = Run()
    run.ready()
    run.follow(document())
    run.wait(10)
    run.finish()
    assert run.started == ["SWV_15Hz_1", "SWV_200Hz_1"]
    run.wait(20)
    run.finish()
    assert run.campaign.due_at == 1060.0
    run.wait(29)
    assert len(run.started) == 2
    run.wait(1)
    assert run.started[2:] == ["SWV_15Hz_2"]


def test_electrodes_take_turns_as_well() -> None:
    run = Run()
    run.ready()
    run.follow(document(electrodes=(1, 4)))
    for _ in range(4):
        run.finish()
    assert run.started == ["E1_SWV_15Hz_1", "E1_SWV_200Hz_1", "E4_SWV_15Hz_1", "E4_SWV_200Hz_1"]


def test_a_run_ends_after_its_last_round() -> None:
    run = Run()
    run.ready()
    run.follow(document(interval_s=0.0))
    for _ in range(10):
        run.finish()
    assert run.started[-1] == "SWV_200Hz_3"
    assert len(run.started) == 6
    assert run.campaign.done
    assert str(run.campaign.problem).startswith("All 3 rounds are measured")


def test_a_late_round_begins_at_once_and_is_not_made_up_for() -> None:
    run = Run()
    run.ready()
    run.follow(document(frequencies=(15.0,), interval_s=10.0))
    run.wait(35)
    run.finish()
    assert run.started == ["SWV_15Hz_1", "SWV_15Hz_2"]
    run.finish()
    assert len(run.started) == 2


def test_it_goes_on_where_an_earlier_run_was() -> None:
    run = Run()
    run.ready()
    run.follow(document(), at=Position(2, 1))
    assert run.started == ["SWV_200Hz_2"]
    assert run.after == Position(3)


def test_a_session_without_a_method_is_waited_for() -> None:
    run = Run()
    run.ready()
    run.follow(session_document())
    assert "waits for one" in str(run.campaign.problem)
    run.follow(document(2, frequencies=()))
    assert "names no frequency" in str(run.campaign.problem)
    assert run.started == []


def test_a_method_from_elsewhere_is_not_run_without_leave() -> None:
    run = Run()
    run.ready()
    run.follow(document(), allowed=False)
    assert "--allow-remote" in str(run.campaign.problem)
    run.follow(document(), allowed=True)
    assert run.started == ["SWV_15Hz_1"]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(-0.4, 2.0, 1.0), "-0.525 V to -0.075 V"),
        (Limits(-2.0, 2.0, 1e-6), "--limit-current"),
        (Limits(-2.0, 2.0, 1.0, max_scans=5), "6 scans"),
        (Limits(-2.0, 2.0, 1.0, max_duration_s=10.0), "--limit-duration"),
    ],
)
def test_what_goes_beyond_the_limits_is_refused(limits: Limits, words: str) -> None:
    run = Run(limits)
    run.ready()
    run.follow(document())
    assert words in str(run.campaign.problem)
    assert run.started == []


def test_the_instruments_own_limits_hold_too() -> None:
    run = Run(Limits(-20.0, 20.0, 1.0))
    run.ready()
    run.follow(document(current_range_a=0.5))
    assert "0.5 A" in str(run.campaign.problem)


def test_a_stopped_session_ends_the_scan_and_no_other_begins() -> None:
    run = Run()
    run.ready()
    run.follow(document())
    run.follow(document(2).model_copy(update={"state": "stopped"}))
    run.wait(1)
    assert run.stopped == ["The session was stopped."]
    run.finish(Finished(False, "The session was stopped."))
    assert len(run.started) == 1
    assert run.campaign.problem is None


def test_another_session_ends_the_scan_and_begins_its_own_numbers() -> None:
    run = Run()
    run.ready()
    run.follow(document())
    run.finish()
    other = document(2).model_copy(update={"session_id": "7f8fad5b-d9cb-469f-a165-70867728950e"})
    run.follow(other)
    assert run.stopped == ["Another session was started."]
    run.finish(Finished(False, "Another session was started."))
    assert run.started[-1] == "SWV_15Hz_1"


def test_a_changed_method_never_uses_a_number_again() -> None:
    run = Run()
    run.ready()
    run.follow(document())
    run.follow(document(2, frequencies=(15.0, 50.0, 200.0)))
    run.finish()
    run.wait(60)
    assert run.started == ["SWV_15Hz_1", "SWV_15Hz_2"]


def test_an_aborted_scan_is_not_repeated() -> None:
    run = Run()
    run.ready()
    run.follow(document())
    run.tell(campaign.Absent())
    run.tell(campaign.Ended(Finished(False, "The line was lost.")))
    assert run.campaign.problem == "The line was lost."
    run.ready()
    assert run.started == ["SWV_15Hz_1", "SWV_200Hz_1"]
    run.finish()
    assert run.campaign.problem is None


def test_a_hopeless_method_is_not_tried_again_until_it_is_changed() -> None:
    run = Run()
    run.ready()
    run.follow(document())
    run.finish(Finished(False, "The script is refused.", hopeless=True))
    run.wait(1000)
    assert len(run.started) == 1
    assert run.campaign.problem == "The script is refused."
    run.follow(document(2, repeats=4))
    assert len(run.started) == 2


def test_a_broker_that_stays_away_too_long_ends_the_scan() -> None:
    run = Run(offline_s=100.0)
    run.tell(campaign.Connected(False))
    run.ready()
    run.follow(document())
    run.wait(99)
    assert run.stopped == []
    assert run.campaign.due_at == 1100.0
    run.wait(1)
    assert "out of reach" in run.stopped[0]
    run.finish(Finished(False, run.stopped[0]))
    run.wait(500)
    assert len(run.started) == 1
    run.tell(campaign.Connected(True))
    assert len(run.started) == 2


def test_a_round_may_be_asked_for_before_its_time_and_after_the_last() -> None:
    run = Run()
    run.ready()
    run.follow(document(frequencies=(15.0,), repeats=1))
    run.finish()
    run.wait(1000)
    assert run.started == ["SWV_15Hz_1"]
    run.tell(campaign.Measure())
    assert run.started == ["SWV_15Hz_1", "SWV_15Hz_2"]
    run.finish()
    run.wait(1000)
    assert len(run.started) == 2


EVENTS = st.sampled_from(
    (
        campaign.Present(MethodScript()),
        campaign.Absent(),
        campaign.Ended(DONE),
        campaign.Ended(Finished(False, "The script is refused.", hopeless=True)),
        campaign.Connected(False),
        campaign.Connected(True),
        campaign.Measure(),
        campaign.Follow(document(), True, None),
        campaign.Follow(document(2, interval_s=5.0), True, None),
        campaign.Follow(document(3), False, None),
        campaign.Follow(document(4).model_copy(update={"state": "stopped"}), True, None),
        campaign.Follow(document(5).model_copy(update={"session_id": "other"}), True, None),
        campaign.Tick(),
    )
)


@given(st.lists(st.tuples(EVENTS, st.floats(0.0, 200.0)), max_size=12), st.floats(0.0, 300.0))
def test_nothing_comes_of_a_tick_before_it_is_due(
    happened: list[tuple[campaign.Event, float]], later_s: float
) -> None:
    run = Run(offline_s=100.0)
    for event, passed_s in happened:
        run.now += passed_s
        run.tell(event)
        early = min(run.now + later_s, run.campaign.due_at - 1e-6)
        if early >= run.now:
            assert campaign.step(run.campaign, campaign.Tick(), early) == (run.campaign, ())


def test_a_stopped_session_is_never_due() -> None:
    run = Run()
    run.ready()
    run.follow(document().model_copy(update={"state": "stopped"}))
    assert run.campaign.due_at == NEVER
