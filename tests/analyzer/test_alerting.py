"""When an alert is raised and when it is over, with a clock of its own."""

from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.alerting import (
    Acknowledged,
    AgentHeard,
    Changed,
    Effect,
    Event,
    Passed,
    Raised,
    ResultCame,
    ScansStored,
    SessionSeen,
    Watch,
    step,
)
from sacmes_core.payloads.alerts import Alert
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.alerts import AlertSettings, BandRule
from sacmes_core.settings.method import MethodSettings
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
START = 1_780_000_000.0
QUIET = AlertSettings(no_scans_s=None, agent_offline_s=None)


class Lab:
    """One user's watch, with what came of it."""

    def __init__(self, rules: AlertSettings | None = None, **source: Any) -> None:
        self.now = START
        self.watch = Watch()
        self.raised: list[Alert] = []
        self.changed: list[Alert] = []
        self.position = 0
        self.settings = SessionSettings(
            alerts=rules or AlertSettings(), source=SourceSettings(**source)
        )
        self.happen(SessionSeen(self.document()))

    def document(self, **changes: Any) -> SessionDocument:
        at = datetime.fromtimestamp(self.now, UTC)
        content = {
            "session_id": SESSION,
            "technique": "swv",
            "state": "running",
            "revision": 1,
            "settings_revision": 1,
            "started_at": at,
            "changed_at": at,
            "changed_by": "alice",
            "settings": self.settings,
        }
        return SessionDocument(**(content | changes))

    def happen(self, event: Event) -> tuple[Effect, ...]:
        self.watch, effects = step(self.watch, event, self.now)
        self.raised += [e.item.alert for e in effects if isinstance(e, Raised)]
        self.changed += [e.item.alert for e in effects if isinstance(e, Changed)]
        return effects

    def wait(self, seconds: float, listening_since: float = START) -> None:
        for _ in range(round(seconds)):
            self.now += 1
            self.happen(Passed(listening_since))

    def scan(self, normalised: float | None = None, **changes: Any) -> None:
        self.position += 1
        electrode = {"electrode": 1, "peak_current_a": 1e-6, "normalised": normalised} | changes
        self.result(electrodes=(ElectrodeResult(**electrode),))

    def result(self, **changes: Any) -> None:
        content = {
            "session_id": SESSION,
            "position": self.position,
            "upload_id": f"{self.position:064x}",
            "scan": ScanReference(file="a", frequency_hz=15.0, number=self.position),
            "settings_revision": 1,
            "trend_revision": 1,
            "version": "1",
        }
        self.happen(ResultCame(Result(**(content | changes))))

    @property
    def states(self) -> list[str]:
        return [alert.state for alert in self.watch.alerts]


def band(**rule: Any) -> AlertSettings:
    return QUIET.model_copy(update={"bands": (BandRule(quantity="normalised", **rule),)})


def test_silence_raises_one_alert_until_scans_come_again() -> None:
    lab = Lab(AlertSettings(no_scans_s=60))
    lab.wait(59)
    assert not lab.raised
    lab.wait(100)
    (alert,) = lab.raised
    assert (alert.kind, alert.value, alert.threshold) == ("no_scans", 60.0, 60.0)
    assert alert.sentence.startswith("No scan has come for 60 s although the session runs.")
    lab.happen(ScansStored())
    assert [a.cleared_because for a in lab.changed] == ["Scans come again."]
    assert lab.watch.alerts == ()
    lab.wait(61)
    assert len({alert.alert_id for alert in lab.raised}) == 2


def test_nothing_is_silent_while_the_broker_is_away_or_nothing_more_is_to_come() -> None:
    lab = Lab(AlertSettings(no_scans_s=60), last_number=2)
    lab.wait(100, listening_since=START + 90)
    assert not lab.raised
    lab.scan()
    lab.scan()
    lab.wait(500)
    assert not lab.raised
    slow = Lab(AlertSettings(no_scans_s=60), method=MethodSettings(interval_s=100, repeats=5))
    slow.wait(249)
    assert not slow.raised
    slow.wait(2)
    assert slow.raised[0].threshold == 250


def test_lost_agent_is_told_after_its_time_and_a_stopped_one_never() -> None:
    lab = Lab(AlertSettings(no_scans_s=None))
    lab.wait(500)
    assert not lab.raised
    lab.happen(AgentHeard("stopped", "PC"))
    lab.wait(500)
    assert not lab.raised
    lab.happen(AgentHeard("online", "PC"))
    lab.wait(50)
    lab.happen(AgentHeard("lost", "PC"))
    lab.wait(59)
    lab.happen(AgentHeard("lost", "PC"))
    assert not lab.raised
    lab.wait(1)
    assert [(a.kind, a.value) for a in lab.raised] == [("agent_offline", 60.0)]
    assert "on PC has not been heard of for 60 s" in lab.raised[0].sentence
    lab.happen(AgentHeard("online", "PC"))
    assert lab.changed[-1].cleared_because == "The agent is back."


def test_agent_without_heartbeats_is_away_although_it_says_online() -> None:
    lab = Lab(AlertSettings(no_scans_s=None))
    lab.happen(AgentHeard("online", "PC"))
    lab.wait(89)
    assert not lab.raised
    lab.wait(1)
    assert [a.kind for a in lab.raised] == ["agent_offline"]


def test_signal_out_of_band_needs_so_many_scans_and_hysteresis() -> None:
    lab = Lab(band(low=0.5, hysteresis=0.1, scans=2))
    for value in (0.9, 0.4, 0.9, 0.4):
        lab.scan(value)
    assert not lab.raised
    lab.scan(None)
    lab.scan(0.3)
    (alert,) = lab.raised
    assert (alert.value, alert.threshold, alert.electrode, alert.number) == (0.3, 0.5, 1, 6)
    assert alert.sentence == (
        "The normalised current of electrode 1 at 15 Hz is 0.3, below the limit of 0.5, as in 2 "
        "scans one after another."
    )
    for value in (0.2, 0.55, 0.58, 0.7, 0.55, 0.7):
        lab.scan(value)
    assert lab.states == ["active"]
    lab.scan(0.7)
    assert lab.states == []
    assert lab.changed[-1].cleared_because == "It is 0.7 again."
    assert len(lab.raised) == 1


def test_scan_that_comes_twice_counts_once() -> None:
    lab = Lab(band(high=0.5, scans=2))
    lab.scan(0.9)
    lab.result(electrodes=(ElectrodeResult(electrode=1, normalised=0.9),))
    assert not lab.raised
    lab.scan(0.9)
    assert lab.raised[0].threshold == 0.5


def test_rules_are_about_one_electrode_and_frequency() -> None:
    lab = Lab(band(high=0.5, scans=1, electrode=2))
    lab.scan(0.9)
    assert not lab.raised
    lab.scan(0.9, electrode=2)
    assert [a.electrode for a in lab.raised] == [2]
    other = Lab(band(high=0.5, scans=1, frequency_hz=100.0))
    other.scan(0.9)
    assert not other.raised


def test_dead_electrode_by_flags_and_by_unreadable_scans() -> None:
    lab = Lab(QUIET.model_copy(update={"dead_after_scans": 3}))
    lab.scan(flags=("second_peak",))
    lab.scan(flags=("saturated",))
    lab.scan(peak_current_a=None)
    assert not lab.raised
    lab.position += 1
    lab.result(error="The file cannot be read.")
    (alert,) = lab.raised
    assert (alert.kind, alert.electrode, alert.value) == ("electrode_dead", 1, 3.0)
    lab.scan()
    assert lab.changed[-1].cleared_because == "The electrode gives a peak again."


def test_acknowledged_alert_stays_until_its_reason_is_over() -> None:
    lab = Lab(AlertSettings(no_scans_s=10))
    lab.wait(11)
    identity = lab.raised[0].alert_id
    lab.happen(Acknowledged(identity, "bob"))
    assert lab.states == ["acknowledged"]
    assert lab.happen(Acknowledged(identity, "carol")) == ()
    lab.wait(20)
    assert len(lab.raised) == 1
    lab.happen(ScansStored())
    assert (lab.changed[-1].state, lab.changed[-1].acknowledged_by) == ("cleared", "bob")


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"state": "stopped"}, "The session was stopped."),
        ({"session_id": SESSION[:-1] + "2"}, "Another session was started."),
        (
            {"settings": SessionSettings(alerts=QUIET)},
            "Its rule was taken away or changed.",
        ),
    ],
)
def test_alert_ends_with_what_it_is_about(changes: dict[str, Any], because: str) -> None:
    lab = Lab(AlertSettings(no_scans_s=10))
    lab.wait(11)
    lab.happen(SessionSeen(lab.document(revision=2, **changes)))
    assert [a.cleared_because for a in lab.changed] == [because]
    lab.wait(5)
    assert len(lab.raised) == 1


def test_two_judges_give_an_alert_the_same_name() -> None:
    one, other = Lab(band(low=0.5, scans=1)), Lab(band(low=0.5, scans=1))
    other.now += 100
    one.scan(0.1)
    other.scan(0.1)
    assert one.raised[0].alert_id == other.raised[0].alert_id


def test_new_rule_looks_at_the_scans_to_come() -> None:
    lab = Lab(QUIET)
    lab.scan(0.1)
    lab.settings = SessionSettings(alerts=band(low=0.5, scans=1))
    lab.happen(SessionSeen(lab.document(revision=2), judged=(1, 0)))
    lab.result(electrodes=(ElectrodeResult(electrode=1, normalised=0.1),))
    assert not lab.raised
    lab.scan(0.1)
    assert len(lab.raised) == 1
