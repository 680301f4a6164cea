"""Turns are for the page in front, once the former thread was heard out; a click counts once."""

from contextlib import contextmanager
from contextvars import copy_context
from types import SimpleNamespace

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
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


def test_a_turn_of_a_left_page_is_not_taken(in_turn):
    runner = Runner()
    with in_turn(runner, page="inspector"):
        for page in ("live", "inspector"):
            runner.take(RerunData(page_script_hash=page, fragment_id_queue=["part"]))
    assert [turn.page_script_hash for turn in runner.took] == ["inspector"]


def wanted_with(states, *, page="live", by_itself=False):
    """What the browser says with these values of widgets."""
    asked = ClientState(page_script_hash=page, is_auto_rerun=by_itself)
    for name, value in states.items():
        asked.widget_states.widgets.add(id=name, **{name: value})
    return asked


KEPT = {"string_value": "typed", "bool_value": True, "json_value": "{}"}
CLICKS = {"trigger_value": True, "json_trigger_value": "[1]"}


class Session:
    """What is mended of a session, the queue of its loop, and what it hears."""

    def __init__(self, runner):
        self._scriptrunner, self._state = runner, AppSessionState.APP_IS_RUNNING
        self._pages_manager = getattr(runner, "_pages_manager", None) or PagesManager("app.py")
        self._event_loop, self.now_s = self, 100.0
        self.queue, self.heard = [], []

    def call_later(self, _seconds, *call):
        self.queue.append(call)

    def time(self):
        return self.now_s

    def turn_of_the_loop(self):
        waiting, self.queue = self.queue, []
        for call, *arguments in waiting:
            call(*arguments)

    @turns.one_after_the_other
    def ask(self, wanted):
        self.heard.append(wanted)


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_part_that_renews_itself_says_no_click(by_itself):
    session = Session(Runner())
    session.ask(wanted_with(KEPT | CLICKS, by_itself=by_itself))
    said = [widget.id for widget in session.heard[0].widget_states.widgets]
    assert said == [*KEPT] if by_itself else [*KEPT, *CLICKS]


def test_who_asks_while_a_click_is_answered_waits(in_turn):
    runner = Runner()
    session = Session(runner)
    click, part, choice = wanted_with(CLICKS), wanted_with(KEPT, by_itself=True), wanted_with(KEPT)
    for wanted in (click, part, choice, click):
        session.ask(wanted)
    session.turn_of_the_loop()
    assert session.heard == [click]
    with in_turn(runner):
        runner.take(RerunData(page_script_hash="live", widget_states=click.widget_states))
    session.turn_of_the_loop()
    assert session.heard == [click, part, choice, click]
    session.ask(part)
    session.now_s += turns.ANSWER_S
    session.turn_of_the_loop()
    assert session.heard[4:] == [part]
    assert session.queue == []


def test_an_answer_that_asks_for_another_turn_is_given(in_turn):
    runner = Runner()
    session = Session(runner)
    click, part = wanted_with(CLICKS), wanted_with(KEPT, by_itself=True)
    session.ask(click)

    def answer():
        session.ask(part)
        session.turn_of_the_loop()
        assert session.heard == [click]
        runner._requests.request_rerun(RerunData(page_script_hash="live"))
        with pytest.raises(RerunException):
            runner.give_way()
        session.turn_of_the_loop()
        assert session.heard == [click, part]

    with in_turn(runner):
        runner.does = answer
        runner.take(RerunData("", click.widget_states, "live"))


def test_a_link_waits_for_nobody_and_ends_what_waits(in_turn):
    runner = Runner()
    with in_turn(runner):
        runner.take(RerunData(page_script_hash="live"))
    session = Session(runner)
    click, part = wanted_with(CLICKS), wanted_with(KEPT, by_itself=True)
    link = wanted_with(KEPT, page="health")
    for wanted in (click, part, link, click, None):
        session.ask(wanted)
    session.turn_of_the_loop()
    assert session.heard == [click, link, click, None]


def test_nobody_waits_for_a_viewer_who_has_left():
    session = Session(Runner())
    session.ask(wanted_with(CLICKS))
    session.ask(wanted_with(KEPT, by_itself=True))
    session._state = AppSessionState.SHUTDOWN_REQUESTED
    session.turn_of_the_loop()
    assert (len(session.heard), session.queue) == (1, [])


def test_a_page_from_which_its_viewer_was_sent_does_not_come_back(in_turn):
    runner = Runner()
    with in_turn(runner):
        runner.take(RerunData(page_script_hash="live"))
        runner._requests.request_rerun(RerunData(page_script_hash="inspector"))
    session = Session(runner)
    session.ask(wanted_with(KEPT, by_itself=True))
    session.ask(wanted_with(KEPT | CLICKS))
    assert session.heard == [wanted_with(KEPT | CLICKS, page="inspector")]


def test_a_page_to_which_its_viewer_went_back_says_all_again(in_turn):
    runner = Runner()
    with in_turn(runner):
        runner.take(RerunData(page_script_hash="live"))
        runner._requests.request_rerun(RerunData(page_script_hash="inspector"))
        runner.take(RerunData(page_script_hash="inspector"))
        runner.take(RerunData(page_script_hash="live"))
    session, part = Session(runner), wanted_with(KEPT, by_itself=True)
    session.ask(part)
    assert session.heard == [part]


class Requests(ScriptRequests):
    """What keeps the turn wanted next, mended."""

    request_rerun = turns.noting_where_to(ScriptRequests.request_rerun)


class Runner:
    """What is mended of a thread that takes turns."""

    def __init__(self):
        self._requests = Requests()
        self._pages_manager = PagesManager("app.py")
        self.took, self.does = [], lambda: None

    @turns.unless_answering
    def give_way(self):
        request = self._requests.on_scriptrunner_yield()
        if request is not None:
            raise RerunException(request.rerun_data)

    @turns.for_the_page_in_front
    def take(self, turn):
        self.took.append(turn)
        self.does()


@pytest.fixture
def in_turn(monkeypatch):
    """Be in the thread of a runner, or in the loop that hears the browser."""

    @contextmanager
    def be_in(runner, page=""):
        thread = runner and SimpleNamespace(
            script_requests=runner._requests,
            pages_manager=runner._pages_manager,
            page_script_hash=page,
        )
        with monkeypatch.context() as patched:
            patched.setattr(turns, "get_script_run_ctx", lambda **_: thread)
            yield

    ThreadState.initialize(run_location=RunLocation.MAIN_SCRIPT)
    return be_in


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


def test_the_answer_to_a_click_is_given_to_its_end(in_turn):
    gave_way, runner = [], Runner()
    give_way = turns.unless_answering(lambda _: gave_way.append(ThreadState.get().run_location))

    def give_way_at(location):
        ThreadState.initialize(run_location=location)
        give_way(runner)

    with in_turn(runner):
        for location in (RunLocation.MAIN_SCRIPT, RunLocation.CALLBACK, RunLocation.FRAGMENT):
            copy_context().run(give_way_at, location)
    assert gave_way == [RunLocation.MAIN_SCRIPT, RunLocation.FRAGMENT]


def test_streamlit_has_what_is_mended():
    assert callable(getattr(ScriptRunner, turns.GIVE_WAY))
    assert callable(getattr(AppSession, turns.ASK))
    assert callable(getattr(AppSession, turns.BEGIN))
    assert callable(getattr(ScriptRunner, turns.TAKE))
    assert callable(getattr(ScriptRequests, turns.WANT))
