"""Mends four races in how Streamlit takes turns: pages in pieces, clicks lost or counted twice.

Streamlit has no place to say any of these from outside.

* A part that renews itself asks for a turn when the thread of the page's own turn has just ended:
  a new thread is begun, and what the former one has still under way to the browser is dropped; the
  browser then says "Bad delta path", and parts are missing until the next click.
* A part asks, or a click is said, in the name of a page that its viewer leaves meanwhile: its turn
  brings the left page back, or makes the browser believe that.
* Whoever asks for a turn ends the one under way wherever that touches the state or draws: before
  what its click was to do is begun, or in the middle of it, and it is never done.
* The browser of a busy page notes a click at once but says it a moment later; parts that renew
  themselves meanwhile say it as well, and what the click was to do is done again for each.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final
from weakref import WeakKeyDictionary

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState

logger = logging.getLogger(__name__)

ASK: Final = "request_rerun"
"""Streamlit's own name for what hears that the browser wants a turn."""
WANT: Final = "request_rerun"
"""Streamlit's own name for what keeps the turn that is wanted next, by the browser or a turn."""
BEGIN: Final = "_create_scriptrunner"
"""Streamlit's own name for what begins a thread with its first turn."""
TAKE: Final = "_run_script"
"""Streamlit's own name for what takes a turn."""
GIVE_WAY: Final = "_maybe_handle_execution_control_request"
"""Streamlit's own name for what ends a turn where another waits."""

AGAIN_S: Final = 0.005
CLICKS: Final = frozenset(
    ("trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value")
)
"""What a widget says in one turn alone."""

Turner = Callable[[Any, RerunData], None]


@dataclass(frozen=True, slots=True)
class Now:
    """Where a viewer's turn stands."""

    page: str = ""
    """What it draws or has asked for."""
    left: str = ""
    """The page from which a turn of its own sent the viewer there, which may not know that yet."""
    answers: bool = False
    """Whether it is the answer to a click, and has not itself asked for another turn."""


_now: Final[WeakKeyDictionary[Any, Now]] = WeakKeyDictionary()
"""How it stands with each viewer, by the one thing that all of his threads share: his pages."""


def mend_turns() -> None:
    """Mend the turns of every viewer of this process."""
    _mend(AppSession, ASK, for_the_page_in_front)
    _mend(AppSession, BEGIN, once_heard_out)
    _mend(ScriptRequests, WANT, noting_who)
    _mend(ScriptRunner, TAKE, for_the_page_there)
    _mend(ScriptRunner, GIVE_WAY, unless_answering)


def for_the_page_in_front(ask: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """What hears of turns: a page from which its viewer was sent says only what he clicked there.

    A part that renews itself says no clicks, which come on their own.
    """

    @wraps(ask)
    def ask_for_the_page(session: Any, wanted: ClientState | None) -> None:
        if wanted is None:
            ask(session, wanted)
            return
        now = _now.get(session._pages_manager, Now())  # noqa: SLF001
        left = wanted.page_script_hash and wanted.page_script_hash == now.left
        said = wanted.widget_states.widgets
        others = [widget for widget in said if not _is_click(widget)]
        if wanted.is_auto_rerun:
            if left:
                return
            del said[:]
            said.extend(others)
        elif left and len(others) < len(said):
            wanted.page_script_hash = now.page
        ask(session, wanted)

    return ask_for_the_page


def once_heard_out(begin: Turner) -> Turner:
    """What begins a thread, once all is heard that the one before it said.

    Turns wait in the order in which they were asked for: each has all that was entered on the page
    when it was asked for, and an older one must not take back what a newer one has.
    """
    waiting: WeakKeyDictionary[Any, deque[RerunData]] = WeakKeyDictionary()

    def begin_first(session: Any) -> None:
        turns = waiting[session]
        while turns:
            former = session._scriptrunner  # noqa: SLF001
            if session._state is AppSessionState.SHUTDOWN_REQUESTED:  # noqa: SLF001
                turns.clear()
            elif former is None:
                begin(session, turns.popleft())
            elif former.request_rerun(turns[0]):
                turns.popleft()
            else:
                # What it says comes through this loop; it may be busy for as long as an answer
                # takes.
                session._event_loop.call_later(AGAIN_S, begin_first, session)  # noqa: SLF001
                return

    @wraps(begin)
    def begin_in_order(session: Any, turn: RerunData) -> None:
        waiting.setdefault(session, deque()).append(turn)
        begin_first(session)

    return begin_in_order


def noting_who(want: Callable[[Any, RerunData], bool]) -> Callable[[Any, RerunData], bool]:
    """What keeps the turn wanted next; notes where it is the turn under way that wants it."""

    @wraps(want)
    def want_noting(wanted: Any, turn: RerunData) -> bool:
        thread = get_script_run_ctx(suppress_warning=True)
        if thread is not None and thread.script_requests is wanted:
            _note(thread.pages_manager, turn.page_script_hash, sent=True)
        return want(wanted, turn)

    return want_noting


def for_the_page_there(take: Turner) -> Turner:
    """What takes turns, without those of parts of a page that was left."""

    @wraps(take)
    def take_unless_left(runner: Any, turn: RerunData) -> None:
        thread = get_script_run_ctx()
        if thread is None or not is_of_left_page(turn, thread.page_script_hash):
            _begin(runner, turn)
            take(runner, turn)

    return take_unless_left


def unless_answering(give_way: Callable[[Any], None]) -> Callable[[Any], None]:
    """What ends a turn where another waits, but not one that answers a click or a choice.

    Such a turn goes to its end, unless it asks for another one itself.
    """

    @wraps(give_way)
    def give_way_unless_answering(runner: Any) -> None:
        thread = get_script_run_ctx(suppress_warning=True)
        if thread is not None:
            if ThreadState.get().run_location is RunLocation.CALLBACK:
                return
            if _now.get(thread.pages_manager, Now()).answers:
                return
        try:
            give_way(runner)
        except RerunException as other:
            _begin(runner, other.rerun_data)
            raise

    return give_way_unless_answering


def is_of_left_page(turn: RerunData, in_front: str) -> bool:
    """Whether a turn is of parts of another page; nothing is in front of a new thread."""
    asked = turn.page_script_hash
    return bool(turn.fragment_id_queue and in_front and asked and asked != in_front)


def _begin(runner: Any, turn: RerunData) -> None:
    """Note that a thread takes this turn now."""
    said = turn.widget_states
    answers = said is not None and any(_is_click(widget) for widget in said.widgets)
    _note(runner._pages_manager, turn.page_script_hash, answers=answers)  # noqa: SLF001


def _note(pages: Any, page: str, *, sent: bool = False, answers: bool = False) -> None:
    before = _now.get(pages, Now())
    left = before.left
    if page != before.page:
        left = before.page if sent else ""
    _now[pages] = Now(page, left, answers)


def _is_click(widget: WidgetState) -> bool:
    return widget.WhichOneof("value") in CLICKS


def _mend(owner: type, name: str, mend: Callable[[Any], Any]) -> None:
    does = getattr(owner, name, None)
    if does is None:
        logger.warning("This Streamlit has no %s; a page may stay in pieces.", name)
        return
    setattr(owner, name, mend(does))
