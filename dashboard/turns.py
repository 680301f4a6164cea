"""Mends two races in how Streamlit takes turns, after which a page stays in pieces.

The browser then says "Bad delta path", and parts are missing until the next click. Streamlit has
no place to say either of these from outside.

* A part that renews itself asks for a turn when the thread of the page's own turn has just ended:
  a new thread is begun, and what the former one has still under way to the browser is dropped.
* A part asks in the name of a page that its viewer leaves meanwhile: its turn, taken after the
  new page was drawn, makes the browser believe that the page changes back.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

logger = logging.getLogger(__name__)

BEGIN: Final = "_create_scriptrunner"
"""Streamlit's own name for what begins a thread with its first turn."""
TAKE: Final = "_run_script"
"""Streamlit's own name for what takes a turn."""

AGAIN_S: Final = 0.005

Turner = Callable[[Any, RerunData], None]


def mend_turns() -> None:
    """Mend the turns of every viewer of this process."""
    _mend(AppSession, BEGIN, once_heard_out)
    _mend(ScriptRunner, TAKE, for_the_page_in_front)


def once_heard_out(begin: Turner) -> Turner:
    """What begins a thread, once all is heard that the one before it said."""

    @wraps(begin)
    def begin_later(session: Any, turn: RerunData) -> None:
        former = session._scriptrunner  # noqa: SLF001
        if session._state is AppSessionState.SHUTDOWN_REQUESTED:  # noqa: SLF001
            return
        if former is None:
            begin(session, turn)
        elif not former.request_rerun(turn):
            # What it says comes through this loop; it may be busy for as long as an answer takes.
            session._event_loop.call_later(  # noqa: SLF001
                AGAIN_S, begin_later, session, turn
            )

    return begin_later


def for_the_page_in_front(take: Turner) -> Turner:
    """What takes turns, without those of parts of a page that was left."""

    @wraps(take)
    def take_unless_left(runner: Any, turn: RerunData) -> None:
        thread = get_script_run_ctx()
        if thread is None or not is_of_left_page(turn, thread.page_script_hash):
            take(runner, turn)

    return take_unless_left


def is_of_left_page(turn: RerunData, in_front: str) -> bool:
    """Whether a turn is of parts of another page; nothing is in front of a new thread."""
    asked = turn.page_script_hash
    return bool(turn.fragment_id_queue and in_front and asked and asked != in_front)


def _mend(owner: type, name: str, mend: Callable[[Turner], Turner]) -> None:
    does: Turner | None = getattr(owner, name, None)
    if does is None:
        logger.warning("This Streamlit has no %s; a page may stay in pieces.", name)
        return
    setattr(owner, name, mend(does))
