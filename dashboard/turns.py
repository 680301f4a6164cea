"""Mends four races in how Streamlit takes turns: pages in pieces, clicks lost or counted twice.

Streamlit has no place to say any of these from outside.

* A part that renews itself asks for a turn when the thread of the page's own turn has just ended:
  a new thread is begun, and what the former one has still under way to the browser is dropped; the
  browser then says "Bad delta path", and parts are missing until the next click.
* A part asks in the name of a page that its viewer leaves meanwhile: its turn, taken after the
  new page was drawn, makes the browser believe that the page changes back.
* A second click ends the turn of the first wherever that touches the state, also within what the
  first click was to do, which is then never done.
* The browser of a busy page notes a click at once but says it a moment later; parts that renew
  themselves meanwhile say it as well, and what the click was to do is done again for each.
"""

import logging
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from weakref import WeakKeyDictionary

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState

logger = logging.getLogger(__name__)

ASK: Final = "request_rerun"
"""Streamlit's own name for what hears that the browser wants a turn."""
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


def mend_turns() -> None:
    """Mend the turns of every viewer of this process."""
    _mend(AppSession, ASK, without_clicks_of_others)
    _mend(AppSession, BEGIN, once_heard_out)
    _mend(ScriptRunner, TAKE, for_the_page_in_front)
    _mend(ScriptRunner, GIVE_WAY, unless_answering)


def without_clicks_of_others(ask: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """What hears of turns; a part that renews itself says no clicks, which come on their own."""

    @wraps(ask)
    def ask_without(session: Any, wanted: ClientState | None) -> None:
        if wanted is not None and wanted.is_auto_rerun:
            said = wanted.widget_states.widgets
            others = [widget for widget in said if widget.WhichOneof("value") not in CLICKS]
            if len(others) < len(said):
                del said[:]
                said.extend(others)
        ask(session, wanted)

    return ask_without


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


def for_the_page_in_front(take: Turner) -> Turner:
    """What takes turns, without those of parts of a page that was left."""

    @wraps(take)
    def take_unless_left(runner: Any, turn: RerunData) -> None:
        thread = get_script_run_ctx()
        if thread is None or not is_of_left_page(turn, thread.page_script_hash):
            take(runner, turn)

    return take_unless_left


def unless_answering(give_way: Callable[[Any], None]) -> Callable[[Any], None]:
    """What ends a turn where another waits, but not within the answer to a click or a choice."""

    @wraps(give_way)
    def give_way_unless_answering(runner: Any) -> None:
        thread = get_script_run_ctx(suppress_warning=True)
        if thread is None or ThreadState.get().run_location is not RunLocation.CALLBACK:
            give_way(runner)

    return give_way_unless_answering


def is_of_left_page(turn: RerunData, in_front: str) -> bool:
    """Whether a turn is of parts of another page; nothing is in front of a new thread."""
    asked = turn.page_script_hash
    return bool(turn.fragment_id_queue and in_front and asked and asked != in_front)


def _mend(owner: type, name: str, mend: Callable[[Any], Any]) -> None:
    does = getattr(owner, name, None)
    if does is None:
        logger.warning("This Streamlit has no %s; a page may stay in pieces.", name)
        return
    setattr(owner, name, mend(does))
