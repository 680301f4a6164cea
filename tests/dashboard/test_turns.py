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


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_part_that_renews_itself_says_no_click(by_itself):
    heard = heard_with(Runner(), wanted_with(KEPT | CLICKS, by_itself=by_itself), None)
    said = [widget.id for widget in heard[0].widget_states.widgets]
    assert said == [*KEPT] if by_itself else [*KEPT, *CLICKS]
    assert heard[1] is None


def heard_with(runner, *wanted):
    """What a session hears of what the browser wants."""
    heard, session = [], SimpleNamespace(_pages_manager=runner._pages_manager)
    ask = turns.for_the_page_in_front(lambda _session, asked: heard.append(asked))
    for one in wanted:
        ask(session, one)
    return heard


def test_a_page_from_which_its_viewer_was_sent_does_not_come_back(in_turn):
    runner = Runner()
    with in_turn(runner):
        runner.take(RerunData(page_script_hash="live"))
        runner._requests.request_rerun(RerunData(page_script_hash="inspector"))
    part, click = wanted_with(KEPT, by_itself=True), wanted_with(KEPT | CLICKS)
    choice = wanted_with(KEPT)
    heard = heard_with(runner, part, click, choice, wanted_with(CLICKS, page="health"))
    # A link is said without a click; who takes it means it.
    assert heard[1:] == [choice, wanted_with(CLICKS, page="health")]
    assert heard[0].page_script_hash == "inspector"
    assert len(heard[0].widget_states.widgets) == len(KEPT | CLICKS)


def test_a_page_to_which_its_viewer_went_back_says_all_again(in_turn):
    runner = Runner()
    with in_turn(runner):
        runner.take(RerunData(page_script_hash="live"))
        runner._requests.request_rerun(RerunData(page_script_hash="inspector"))
        runner.take(RerunData(page_script_hash="inspector"))
        runner.take(RerunData(page_script_hash="live"))
    part = wanted_with(KEPT, by_itself=True)
    assert heard_with(runner, part) == [part]


class Requests(ScriptRequests):
    """What keeps the turn wanted next, mended."""

    request_rerun = turns.noting_who(ScriptRequests.request_rerun)


class Runner:
    """What is mended of a thread that takes turns."""

    def __init__(self):
        self._requests = Requests()
        self._pages_manager = PagesManager("app.py")
        self.took = []

    @turns.unless_answering
    def give_way(self):
        request = self._requests.on_scriptrunner_yield()
        if request is not None:
            raise RerunException(request.rerun_data)

    @turns.for_the_page_there
    def take(self, turn):
        self.took.append(turn)


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


def test_no_other_turn_ends_the_one_of_a_click(in_turn):
    runner = Runner()
    clicked = wanted_with({"json_trigger_value": "[3, 0]"}).widget_states
    runner.take(RerunData(widget_states=clicked))
    with in_turn(None):
        runner._requests.request_rerun(RerunData(page_name="other"))
    with in_turn(runner):
        runner.give_way()
        runner.take(RerunData())
        with pytest.raises(RerunException) as other:
            runner.give_way()
    assert other.value.rerun_data.page_name == "other"


def test_the_turn_of_a_click_may_end_itself(in_turn):
    runner = Runner()
    clicked = wanted_with({"trigger_value": True}).widget_states
    runner.take(RerunData(widget_states=clicked))
    with in_turn(runner):
        runner._requests.request_rerun(RerunData(page_script_hash="inspector"))
        with pytest.raises(RerunException) as other:
            runner.give_way()
        assert other.value.rerun_data.page_script_hash == "inspector"
        runner._requests.request_rerun(RerunData())
        with pytest.raises(RerunException):
            runner.give_way()


def test_streamlit_has_what_is_mended():
    assert callable(getattr(ScriptRunner, turns.GIVE_WAY))
    assert callable(getattr(AppSession, turns.ASK))
    assert callable(getattr(AppSession, turns.BEGIN))
    assert callable(getattr(ScriptRunner, turns.TAKE))
    assert callable(getattr(ScriptRequests, turns.WANT))
