"""Turns are for the page in front, once the former thread was heard out; a click counts once."""

from contextvars import copy_context
from types import SimpleNamespace

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState

from dashboard import turns


@pytest.mark.parametrize(
    ("parts", "asked", "in_front", "left"),
    [
        (["part"], "live", "inspector", True),
        (["part"], "live", "live", False),
        (["part"], "live", "", False),
        (["part"], "", "live", False),
        ([], "inspector", "live", False),
    ],
)
def test_only_parts_of_another_page_are_of_one_that_was_left(parts, asked, in_front, left):
    turn = RerunData(page_script_hash=asked, fragment_id_queue=parts)
    assert turns.is_of_left_page(turn, in_front) is left


def test_a_turn_of_a_left_page_is_not_taken(monkeypatch):
    taken = []
    take = turns.for_the_page_in_front(lambda _runner, turn: taken.append(turn.page_script_hash))
    thread = SimpleNamespace(page_script_hash="inspector")
    monkeypatch.setattr(turns, "get_script_run_ctx", lambda: thread)
    for page in ("live", "inspector"):
        take(None, RerunData(page_script_hash=page, fragment_id_queue=["part"]))
    assert taken == ["inspector"]


def wanted_with(states, *, by_itself):
    """What the browser says with these values of widgets."""
    asked = ClientState(is_auto_rerun=by_itself)
    for name, value in states.items():
        asked.widget_states.widgets.add(id=name, **{name: value})
    return asked


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_part_that_renews_itself_says_no_click(by_itself):
    heard = []
    ask = turns.without_clicks_of_others(lambda _session, asked: heard.append(asked))
    kept = {"string_value": "typed", "bool_value": True, "json_value": "{}"}
    clicks = {"trigger_value": True, "json_trigger_value": "[1]"}
    ask(None, wanted_with(kept | clicks, by_itself=by_itself))
    said = [widget.id for widget in heard[0].widget_states.widgets]
    assert said == [*kept] if by_itself else [*kept, *clicks]
    ask(None, None)
    assert heard[1] is None


class Session:
    """What `once_heard_out` sees of a session: its loop's queue, and the thread that ended."""

    def __init__(self, former):
        self.queue = []
        self._scriptrunner = former
        self._state = AppSessionState.APP_IS_RUNNING
        self._event_loop = SimpleNamespace(
            call_later=lambda _seconds, *call: self.queue.append(call)
        )

    def turn_of_the_loop(self):
        waiting, self.queue = self.queue, []
        for call, *arguments in waiting:
            call(*arguments)


def test_a_thread_is_begun_when_the_former_one_was_heard_out():
    begun = []
    begin = turns.once_heard_out(lambda _session, turn: begun.append(turn))
    session = Session(SimpleNamespace(request_rerun=lambda _turn: False))
    begin(session, RerunData())
    session.turn_of_the_loop()
    assert begun == []
    session._scriptrunner = None
    session.turn_of_the_loop()
    assert begun == [RerunData()]
    assert session.queue == []


def test_a_thread_that_was_begun_meanwhile_takes_the_turn():
    begun, taken = [], []
    begin = turns.once_heard_out(lambda _session, turn: begun.append(turn))
    session = Session(SimpleNamespace(request_rerun=lambda _turn: False))
    begin(session, RerunData())
    session._scriptrunner = SimpleNamespace(request_rerun=lambda turn: taken.append(turn) or True)
    session.turn_of_the_loop()
    assert (begun, taken, session.queue) == ([], [RerunData()], [])


def test_turns_are_taken_in_the_order_in_which_they_were_asked_for():
    begun, taken = [], []
    session = Session(SimpleNamespace(request_rerun=lambda _turn: False))

    def begin_thread(session, turn):
        begun.append(turn.page_name)
        session._scriptrunner = SimpleNamespace(
            request_rerun=lambda turn: taken.append(turn.page_name) or True
        )

    begin = turns.once_heard_out(begin_thread)
    begin(session, RerunData(page_name="part"))
    # Who clicks does not wait until the former thread has said all.
    session._scriptrunner = None
    begin(session, RerunData(page_name="click"))
    session.turn_of_the_loop()
    assert (begun, taken, session.queue) == (["part"], ["click"], [])


def test_no_thread_is_begun_for_a_viewer_who_has_left_meanwhile():
    begun = []
    begin = turns.once_heard_out(lambda _session, turn: begun.append(turn))
    session = Session(SimpleNamespace(request_rerun=lambda _turn: False))
    begin(session, RerunData())
    session._scriptrunner, session._state = None, AppSessionState.SHUTDOWN_REQUESTED
    session.turn_of_the_loop()
    assert (begun, session.queue) == ([], [])


def test_the_answer_to_a_click_is_given_to_its_end(monkeypatch):
    gave_way = []
    give_way = turns.unless_answering(gave_way.append)
    monkeypatch.setattr(turns, "get_script_run_ctx", lambda **_: object())

    def give_way_at(location):
        ThreadState.initialize(run_location=location)
        give_way(location)

    for location in (RunLocation.MAIN_SCRIPT, RunLocation.CALLBACK, RunLocation.FRAGMENT):
        copy_context().run(give_way_at, location)
    assert gave_way == [RunLocation.MAIN_SCRIPT, RunLocation.FRAGMENT]


def test_streamlit_has_what_is_mended():
    assert callable(getattr(ScriptRunner, turns.GIVE_WAY))
    assert callable(getattr(AppSession, turns.ASK))
    assert callable(getattr(AppSession, turns.BEGIN))
    assert callable(getattr(ScriptRunner, turns.TAKE))
