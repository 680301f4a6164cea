"""The reducer: whatever comes, in whatever order, the trend is right in the end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.live import step
from dashboard.live_state import LiveState
from sacmes_core import protocol, questions
from sacmes_core.link_events import Disconnected, Received, Refused
from sacmes_core.messages import Message
from sacmes_core.payloads.marks import Mark, MarkRequest
from sacmes_core.payloads.questions import StopRequest
from sacmes_core.payloads.results import Curves, ElectrodeCurves, Progress

ONCE_FOR_ALL = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_a_late_joiner_sees_the_whole_history_in_pages(world):
    world.results = [world.result(p) for p in range(1, 26)]
    world.page = 10
    world.connect()
    assert world.positions() == list(range(1, 26))
    assert world.state.history is None


def test_live_results_extend_the_trend_without_a_question(world):
    world.connect()
    asked = len(world.asked)
    for position in (1, 2, 3):
        world.hear(world.result(position), protocol.RESULTS)
    assert world.positions() == [1, 2, 3]
    history = [a for a in world.asked[asked:] if a.question is questions.HISTORY]
    assert history == []


def test_a_gap_is_asked_for_once_after_a_pause(world):
    world.results = [world.result(p) for p in range(1, 6)]
    world.connect()
    world.results += [world.result(p) for p in range(6, 11)]
    asked = len(world.asked)
    for position in (8, 9, 10):
        world.hear(world.result(position), protocol.RESULTS)
    assert world.positions() == [1, 2, 3, 4, 5, 8, 9, 10]
    world.pass_time(2)
    assert world.positions() == list(range(1, 11))
    history = [a for a in world.asked[asked:] if a.question is questions.HISTORY]
    assert [a.payload.after_position for a in history] == [5]


def test_a_scan_that_is_not_analysed_yet_is_not_asked_for_all_the_time(world):
    world.results = [world.result(p) for p in (1, 3)]
    world.connect()
    asked = len(world.asked)
    world.pass_time(25)
    assert len(world.asked) == asked
    world.results.insert(1, world.result(2))
    world.pass_time(10)
    assert world.positions() == [1, 2, 3]


def test_every_scan_of_a_file_with_several_is_kept(world):
    several = [world.result(2, scan=scan_of_file(world, 2, index)) for index in (1, 0, 2)]
    world.results = [world.result(1), *several]
    world.connect()
    assert world.positions() == [1, 2, 2, 2]
    world.hear(world.result(3), protocol.RESULTS)
    for index in (1, 0):
        again = world.result(4, scan=scan_of_file(world, 4, index))
        world.hear(again, protocol.RESULTS)
    assert world.positions() == [1, 2, 2, 2, 3, 4, 4]
    assert [s.index for s in world.state.shown.scans] == [0, 0, 1, 2, 0, 0, 1]
    assert world.state.shown.missing == 0
    assert world.state.shown.contiguous_to == 4


def test_a_page_may_end_within_a_file(world):
    world.results = [world.result(1, scan=scan_of_file(world, 1, index)) for index in range(7)]
    world.page = 3
    world.connect()
    assert [s.index for s in world.state.shown.scans] == list(range(7))


def scan_of_file(world, position, index):
    return world.result(position).scan.model_copy(update={"index": index})


def test_twice_is_once_and_counted(world):
    world.connect()
    world.hear(world.result(1), protocol.RESULTS)
    world.hear(world.result(1), protocol.RESULTS)
    assert world.positions() == [1]
    assert world.state.count("duplicate") == 1


@ONCE_FOR_ALL
@given(st.data())
def test_order_loss_and_repetition_do_not_matter(make_world, data):
    world = make_world()
    world.connect()
    results = [world.result(p) for p in range(1, 13)]
    world.results = results
    heard = data.draw(st.lists(st.sampled_from(results), max_size=30))
    for result in heard:
        world.hear(result, protocol.RESULTS, answer=data.draw(st.booleans()))
    world.hear(results[-1], protocol.RESULTS)
    world.pass_time(80)
    assert world.positions() == list(range(1, 13))


@ONCE_FOR_ALL
@given(st.permutations(range(10)), st.integers(1, 9))
def test_two_trend_revisions_are_never_mixed(make_world, order, until):
    world = make_world()
    old = [world.result(p, trend_revision=1) for p in range(1, until + 1)]
    world.results = old
    world.connect()
    new = [world.result(p, trend_revision=2) for p in range(1, 11)]
    world.results, world.trend_revision = new, 2
    for place in order:
        world.hear(new[place], protocol.RESULTS, answer=False)
        shown = world.state.shown
        assert len(shown.scans) == until or shown.epoch.trend_revision == 2
        assert {s.peaks[0].normalised for s in shown.scans}  # never empty meanwhile
    world.pass_time(20)
    assert world.state.shown.epoch.trend_revision == 2
    assert world.positions() == list(range(1, 11))


def test_new_settings_replace_the_trend_when_the_run_is_analysed_anew(world):
    world.results = [world.result(p) for p in range(1, 5)]
    world.connect()
    anew = world.session.model_copy(update={"revision": 2, "settings_revision": 2})
    world.session, world.trend_revision = anew, 2
    world.hear(anew, protocol.SESSION)
    half = Progress(session_id=anew.session_id, job="analysis", done=2, of=4, settings_revision=2)
    world.hear(half, protocol.PROGRESS)
    old = world.results
    world.results = [world.result(p) for p in (1, 2)] + old[2:]
    world.hear(world.results[0], protocol.RESULTS)
    assert world.positions() == [1, 2, 3, 4]
    assert world.state.shown.epoch.settings_revision == 1
    world.results = [world.result(p) for p in range(1, 5)]
    world.hear(half.model_copy(update={"done": 4}), protocol.PROGRESS)
    assert world.positions() == [1, 2, 3, 4]
    assert world.state.shown.epoch.settings_revision == 2
    assert world.state.loading is None


def test_a_new_session_starts_empty_and_the_old_ones_results_are_late(world):
    world.results = [world.result(p) for p in range(1, 5)]
    world.connect()
    old = world.result(5)
    world.session, world.results = world.new_session(revision=2), []
    world.hear(world.session, protocol.SESSION)
    world.hear(old, protocol.RESULTS)
    assert world.positions() == []
    assert world.state.count("late") == 1


def test_an_older_session_document_is_ignored(world):
    world.session = world.new_session(revision=5)
    world.connect()
    world.hear(world.new_session(revision=4), protocol.SESSION)
    assert world.state.session.revision == 5


def test_a_mark_of_another_viewer_is_fetched_within_a_second(world):
    world.connect()
    world.pass_time(1)
    assert world.state.marks == ()
    world.marks = (Mark(mark_id="a", kind="injection", number=12),)
    world.hear(MarkRequest(number=12), protocol.REQUEST, verb="mark", answer=False)
    assert world.state.marks == ()
    world.pass_time(1)
    assert world.state.marks == world.marks
    asked = [a for a in world.asked if a.question is questions.MARKS]
    world.hear(StopRequest(), protocol.REQUEST, verb="stop")
    world.pass_time(5)
    assert [a for a in world.asked if a.question is questions.MARKS] == asked


def test_marks_of_a_lost_answer_are_asked_for_again_and_a_new_session_has_none(world):
    world.marks = (Mark(mark_id="a", kind="wash", number=3),)
    world.connect(answer=False)
    world.pass_time(12)
    assert world.state.marks == world.marks
    world.session, world.marks = world.new_session(revision=2), ()
    world.hear(world.session, protocol.SESSION, answer=False)
    assert world.state.marks == ()


def test_changed_trend_settings_are_fetched_though_no_scan_comes(world):
    world.results = [world.result(p) for p in range(1, 5)]
    world.connect()
    world.session = world.session.model_copy(update={"revision": 2})
    world.hear(world.session, protocol.SESSION)
    world.trend_revision = 2
    world.results = [world.result(p, trend_revision=2) for p in range(1, 5)]
    world.pass_time(5)
    assert world.state.shown.epoch.trend_revision == 2
    assert world.positions() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b'{"schema":1}', b'{"schema":99}', b"\xff\xfe", b"0" * 10]
)
def test_malformed_messages_change_nothing_but_a_count(world, payload):
    world.results = [world.result(1)]
    world.connect()
    before = world.state
    message = Message(protocol.RESULTS.topic(user_id="alice"), payload)
    world.happen(Received(message, (1, 1, 1)))
    assert world.state.shown is before.shown
    assert world.state.session is before.session
    assert world.state.count("malformed") == (1 if payload else 0)


def test_another_users_message_is_not_taken(world):
    world.connect()
    message = Message(protocol.RESULTS.topic(user_id="bob-1"), protocol.encode(world.result(1)))
    world.happen(Received(message, (1, 1, 1)))
    assert world.positions() == []
    assert world.state.count("unasked") == 1


@given(st.binary(max_size=200), st.text(max_size=60))
def test_nothing_from_outside_raises(payload, topic):
    state = LiveState("alice")
    for where in (topic, "sacmes/alice/results", "sacmes/alice/reply/me"):
        event = Received(Message(where, payload, correlation_data=b"live-1"), (1, 1, 1))
        state, _ = step(state, event, 0.0)


def test_no_analyzer_is_said_and_asked_again_until_one_answers(world):
    world.results = [world.result(1)]
    world.connect(answer=False)
    world.pass_time(6, answer=False)
    assert "analyzer" in world.state.history_problem
    world.pass_time(60)
    assert world.positions() == [1]
    assert world.state.history_problem is None


def test_a_lost_broker_keeps_the_trend_and_is_made_good_after(world):
    world.results = [world.result(1)]
    world.connect()
    world.happen(Disconnected("gone", taken_over=False))
    assert world.state.link == "offline"
    assert world.positions() == [1]
    world.results = [world.result(p) for p in (1, 2, 3)]
    world.connect()
    assert world.positions() == [1, 2, 3]


@pytest.mark.parametrize(("login", "link"), [(True, "refused"), (False, "offline")])
def test_refusal_by_login_is_told_from_no_way(world, login, link):
    world.happen(Refused("no", login=login))
    assert world.state.link == link


def test_the_newest_voltammogram_of_each_frequency_is_kept(world):
    world.connect()

    def curves(position):
        result = world.result(position)
        line = ElectrodeCurves(electrode=1, potential_v=(0.0, 0.1), current_a=(1e-6, 2e-6))
        return Curves(
            session_id=result.session_id,
            position=position,
            scan=result.scan,
            settings_revision=1,
            electrodes=(line,),
        )

    for position in (1, 4, 2, 3):
        world.hear(curves(position), protocol.CURVES)
    assert {f: c.position for f, c in world.state.curves.items()} == {15.0: 3, 100.0: 4}


def test_who_joins_late_asks_for_a_voltammogram_of_each_frequency_once(world):
    world.results = [world.result(p) for p in range(1, 7)]
    world.connect()
    world.pass_time(10)
    asked = [a.payload.position for a in world.asked if a.question is questions.SCAN]
    assert sorted(asked) == [5, 6]


def test_a_will_is_taken_and_an_older_agents_is_not(world):
    beat = datetime.fromtimestamp(world.now, UTC)
    world.hear(world.agent(number=2), protocol.AGENT_PRESENCE)
    old = world.agent(number=1, state="lost", heartbeat_at=beat - timedelta(seconds=60))
    world.hear(old, protocol.AGENT_PRESENCE)
    assert world.state.agent.presence.state == "online"
    will = world.agent(number=2, state="lost", heartbeat_at=beat - timedelta(seconds=60))
    world.hear(will, protocol.AGENT_PRESENCE)
    assert world.state.agent.presence.state == "lost"
