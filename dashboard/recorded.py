"""A past session's trend, loaded page by page in a thread of its own; the live view knows nothing.

Pages read `loaded`, which grows until it is complete or says what is the matter.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from dashboard.connection import AskError
from dashboard.trend import Epoch, Trend, scan_of
from sacmes_core import questions
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import HistoryQuery
from sacmes_core.payloads.replies import HistoryReply
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.questions import Question

logger = logging.getLogger(__name__)

PAGE: Final = 500

STILL_ANALYSED: Final = (
    "The run is being analysed anew; what is not done yet is left out. Open it again in a moment."
)

AskFor = Callable[[Question, Payload], Payload]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is known of a session so far.

    Attributes
    ----------
    done, of
        Positions that were read, of how many there are.
    waiting
        Scans left out, since they are still to be analysed with the settings that hold.
    problem
        Why nothing more comes, in a sentence.
    """

    session: SessionDocument | None = None
    trend: Trend | None = None
    done: int = 0
    of: int = 0
    waiting: int = 0
    complete: bool = False
    problem: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.complete or bool(self.problem)


def next_query(loaded: Loaded, session_id: str) -> HistoryQuery:
    """What to ask for next."""
    last = loaded.trend.scans[-1] if loaded.trend is not None and loaded.trend.scans else None
    return HistoryQuery(
        session_id=session_id,
        after_position=loaded.done,
        after_index=last.index if last is not None else None,
        limit=PAGE,
    )


def with_page(loaded: Loaded, reply: HistoryReply) -> Loaded:
    """Take a page; one of other settings than the pages before begins the session anew."""
    epoch = Epoch(reply.session.settings_revision, reply.trend_revision)
    known = loaded.trend
    if known is not None and reply.results and epoch != known.epoch:
        return Loaded(session=reply.session, of=reply.last_position)
    trend = known or Trend(reply.session.session_id, epoch)
    ours = [r for r in reply.results if r.settings_revision == epoch.settings_revision]
    trend = trend.with_scans(map(scan_of, ours))
    waiting = loaded.waiting + len(reply.results) - len(ours)
    done = max((r.position for r in reply.results), default=loaded.done)
    complete = not (reply.more and reply.results)
    problem = STILL_ANALYSED if complete and waiting else ""
    return Loaded(reply.session, trend, done, reply.last_position, waiting, complete, problem)


class Recording:
    """A past session on its way to the page."""

    def __init__(self, ask: AskFor, session_id: str) -> None:
        self.session_id = session_id
        self.loaded = Loaded()
        self._ask = ask
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)

    def start(self) -> None:
        """Begin to load, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Load no further page."""
        self._unwanted.set()

    def wait(self, timeout_s: float) -> Loaded:
        """Wait until nothing more comes, or the time is over."""
        self._thread.join(timeout_s)
        return self.loaded

    def _run(self) -> None:
        try:
            while not (self.loaded.over or self._unwanted.is_set()):
                query = next_query(self.loaded, self.session_id)
                reply = self._ask(questions.HISTORY, query)
                if isinstance(reply, HistoryReply):
                    self.loaded = with_page(self.loaded, reply)
        except AskError as error:
            self.loaded = replace(self.loaded, problem=str(error))
        except Exception:
            logger.exception("The loading of a session stumbled.")
            sentence = "The session could not be loaded; the reason is in the dashboard's log."
            self.loaded = replace(self.loaded, problem=sentence)
