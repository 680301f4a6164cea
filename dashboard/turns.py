"""Mends four races in how Streamlit takes turns: pages in pieces, clicks lost or counted twice.

Streamlit has no place to say any of these from outside.

* A part that renews itself asks for a turn when the thread of the page's own turn has just ended:
  a new thread is begun, and what the former one has still under way to the browser is dropped; the
  browser then says "Bad delta path", and parts are missing until the next click.
* A part asks, or a click is said, in the name of a page that its viewer leaves meanwhile: its turn
  brings the left page back, or makes the browser believe that.
* Whoever asks for a turn ends the one under way, also that of a click before what it was to do is
  done. Only a link to another page may.
* The browser of a busy page notes a click at once but says it a moment later; parts that renew
  themselves meanwhile say it as well, and what the click was to do is done again for each.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from threading import Lock
from typing import Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary, WeakSet

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
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
ANSWER_S: Final = 20.0
"""How long others wait at most until a click is answered."""
CLICKS: Final = frozenset(
    ("trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value")
)
"""What a widget says in one turn alone."""

Turner = Callable[[Any, RerunData], None]
Wanted = TypeVar("Wanted")


@dataclass(frozen=True, slots=True)
class Now:
    """How it stands with the turns of a viewer."""

    page: str = ""
    """What the turn under way draws or has asked for."""
    left: str = ""
    """The page from which a turn of its own sent the viewer there, which may not know that yet."""
    answers_until: float = 0.0
    """While it answers a click: when others wait no longer, in seconds of the loop."""


_now: Final[WeakKeyDictionary[Any, Now]] = WeakKeyDictionary()
"""For each viewer, by the one thing that all of his threads share: his pages."""
_noting: Final = Lock()
_answering: Final[WeakSet[Any]] = WeakSet()
"""Threads whose turn is the answer to a click."""


def mend_turns() -> None:
    """Mend the turns of every viewer of this process."""
    _mend(AppSession, ASK, one_after_the_other)
    _mend(AppSession, BEGIN, once_heard_out)
    _mend(ScriptRequests, WANT, noting_where_to)
    _mend(ScriptRunner, TAKE, for_the_page_in_front)
    _mend(ScriptRunner, GIVE_WAY, unless_answering)


class Waiting(Generic[Wanted]):
    """What is wanted for each viewer, handed on in order.

    Parameters
    ----------
    hand_on
        Called in the viewer's loop; whether it has done so, or is to be asked again.
    """

    def __init__(self, hand_on: Callable[[Any, Wanted], bool]) -> None:
        self._hand_on = hand_on
        self._wanted: WeakKeyDictionary[Any, deque[Wanted]] = WeakKeyDictionary()

    def put(self, session: Any, wanted: Wanted) -> None:
        """Hand it on as soon as all before it were."""
        self._wanted.setdefault(session, deque()).append(wanted)
        self._go_on(session)

    def drop(self, session: Any) -> None:
        """Forget what waits."""
        self._wanted.pop(session, None)

    def _go_on(self, session: Any) -> None:
        waits = self._wanted.get(session)
        while waits:
            if session._state is AppSessionState.SHUTDOWN_REQUESTED:  # noqa: SLF001
                waits.clear()
                return
            wanted = waits.popleft()
            if not self._hand_on(session, wanted):
                waits.appendleft(wanted)
                session._event_loop.call_later(AGAIN_S, self._go_on, session)  # noqa: SLF001
                return


def one_after_the_other(ask: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """What hears of turns: who asks while a click is answered waits, but for a link elsewhere."""

    def ask_unless_answering(session: Any, wanted: ClientState) -> bool:
        pages, now_s = session._pages_manager, session._event_loop.time()  # noqa: SLF001
        now = _now.get(pages, Now())
        if now_s < now.answers_until:
            return False
        meant = as_is_meant(wanted, now)
        if meant is not None:
            if _has_clicks(meant.widget_states):
                _note(pages, answers_until=now_s + ANSWER_S)
            ask(session, meant)
        return True

    waiting = Waiting(ask_unless_answering)

    @wraps(ask)
    def ask_in_order(session: Any, wanted: ClientState | None) -> None:
        pages = session._pages_manager  # noqa: SLF001
        if wanted is None or is_link(wanted, _now.get(pages, Now())):
            waiting.drop(session)
            _note(pages, answers_until=0.0)
            ask(session, wanted)
        else:
            waiting.put(session, wanted)

    return ask_in_order


def is_link(wanted: ClientState, now: Now) -> bool:
    """Whether the browser wants another page."""
    elsewhere = now.page != "" and wanted.page_script_hash not in ("", now.page)
    return elsewhere and not wanted.is_auto_rerun and not _has_clicks(wanted.widget_states)


def as_is_meant(wanted: ClientState, now: Now) -> ClientState | None:
    """What the browser wants, without what it says only since it has not heard of all yet.

    A part that renews itself says no clicks, which come on their own. A page from which its viewer
    was sent says nothing more but what he clicked there.
    """
    left = wanted.page_script_hash != "" and wanted.page_script_hash == now.left
    if wanted.is_auto_rerun:
        if left:
            return None
        said = wanted.widget_states.widgets
        others = [widget for widget in said if not _is_click(widget)]
        if len(others) < len(said):
            del said[:]
            said.extend(others)
    elif left and _has_clicks(wanted.widget_states):
        wanted.page_script_hash = now.page
    return wanted


def once_heard_out(begin: Turner) -> Turner:
    """What begins a thread, once all is heard that the one before it said.

    Turns wait in the order in which they were asked for: each has all that was entered on the page
    when it was asked for, and an older one must not take back what a newer one has.
    """

    def begin_unless_busy(session: Any, turn: RerunData) -> bool:
        former = session._scriptrunner  # noqa: SLF001
        if former is None:
            begin(session, turn)
            return True
        # What it says comes through this loop; it may be busy for as long as an answer takes.
        return bool(former.request_rerun(turn))

    waiting = Waiting(begin_unless_busy)

    @wraps(begin)
    def begin_in_order(session: Any, turn: RerunData) -> None:
        waiting.put(session, turn)

    return begin_in_order


def noting_where_to(want: Callable[[Any, RerunData], bool]) -> Callable[[Any, RerunData], bool]:
    """What keeps the turn wanted next; notes where the turn under way sends its viewer."""

    @wraps(want)
    def want_noting(wanted: Any, turn: RerunData) -> bool:
        thread = get_script_run_ctx(suppress_warning=True)
        if thread is not None and thread.script_requests is wanted:
            _note_page(thread.pages_manager, turn.page_script_hash, sent=True)
        return want(wanted, turn)

    return want_noting


def for_the_page_in_front(take: Turner) -> Turner:
    """What takes turns, without those of parts of a page that was left."""

    @wraps(take)
    def take_unless_left(runner: Any, turn: RerunData) -> None:
        thread = get_script_run_ctx()
        if thread is None or not is_of_left_page(turn, thread.page_script_hash):
            _begin(runner, turn)
            try:
                take(runner, turn)
            finally:
                _answered(runner)

    return take_unless_left


def unless_answering(give_way: Callable[[Any], None]) -> Callable[[Any], None]:
    """What ends a turn where another waits, but not within the answer to a click or a choice."""

    @wraps(give_way)
    def give_way_unless_answering(runner: Any) -> None:
        thread = get_script_run_ctx(suppress_warning=True)
        if thread is None or ThreadState.get().run_location is not RunLocation.CALLBACK:
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
    """Note that a thread takes this turn now, after or instead of the one before."""
    _answered(runner)
    if turn.widget_states is not None and _has_clicks(turn.widget_states):
        _answering.add(runner)
    _note_page(runner._pages_manager, turn.page_script_hash)  # noqa: SLF001


def _answered(runner: Any) -> None:
    """Note that a turn has ended."""
    if runner in _answering:
        _answering.discard(runner)
        _note(runner._pages_manager, answers_until=0.0)  # noqa: SLF001


def _note_page(pages: Any, page: str, *, sent: bool = False) -> None:
    before = _now.get(pages, Now()).page
    if page != before:
        _note(pages, page=page, left=before if sent else "")


def _note(pages: Any, **changes: Any) -> None:
    with _noting:
        _now[pages] = replace(_now.get(pages, Now()), **changes)


def _has_clicks(said: WidgetStates) -> bool:
    return any(_is_click(widget) for widget in said.widgets)


def _is_click(widget: WidgetState) -> bool:
    return widget.WhichOneof("value") in CLICKS


def _mend(owner: type, name: str, mend: Callable[[Any], Any]) -> None:
    does = getattr(owner, name, None)
    if does is None:
        logger.warning("This Streamlit has no %s; a page may stay in pieces.", name)
        return
    setattr(owner, name, mend(does))
