"""The thread that watches the folder: a scanning loop, which the system's hints only wake."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.database import OutboxError
from agent.folder import Folder, folder_sentence
from agent.hints import Hints
from agent.home import Home
from agent.listing import answer, list_folder
from agent.outbox import Outbox
from agent.preview import preview
from agent.settling import Patience
from agent.source import SourceAnswer, SourceEvent, SourceFacts, SourceMaker, SourceReport
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.preview import PreviewQuery
from sacmes_core.payloads.questions import ListQuery
from sacmes_core.payloads.replies import Problem
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.questions import Asked

logger = logging.getLogger(__name__)

WAKE_S: Final = 0.05
RESTS_PER_POLL: Final = 4.0
"""A folder with very many files is looked at less often, for a fifth of the time at most."""
RETRY_S: Final = 5.0
_NO_INSTRUMENT: Final = (
    "This agent watches a folder; the measurement is started at the instrument's own program."
)


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What to watch, and how long a file must be left alone."""

    root: Path
    user_id: str
    outbox_path: Path
    patience: Patience = field(default_factory=Patience)
    subfolders: bool = False


def folder_source(
    root: Path, patience: Patience | None = None, *, subfolders: bool = False
) -> SourceMaker:
    """The folder as an agent's source."""

    def make(home: Home, report: Callable[[SourceEvent], None]) -> "FolderWatch":
        options = WatchOptions(
            root, home.identity.user_id, home.outbox_path, patience or Patience(), subfolders
        )
        return FolderWatch(options, report)

    return make


class FolderWatch:
    """Owns the thread, and the outbox connection that it writes through.

    Parameters
    ----------
    report
        Called in the thread with everything that happens; puts it on its owner's queue.
    """

    def __init__(self, options: WatchOptions, report: Callable[[SourceEvent], None]) -> None:
        self._options = options
        self._report = report
        self._orders: queue.SimpleQueue[SessionDocument | Asked] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._document: SessionDocument | None = None
        self._last: SourceReport | None = None
        self._thread = threading.Thread(target=self._run, name="folder", daemon=True)

    @property
    def facts(self) -> SourceFacts:
        """The folder."""
        return SourceFacts("folder", str(self._options.root))

    def start(self) -> None:
        """Begin to watch; nothing is taken before `work_on`."""
        self._thread.start()

    def work_on(self, document: SessionDocument) -> None:
        """Take files for this session from now on."""
        self._orders.put(document)
        self._wake.set()

    def ask(self, asked: Asked) -> None:
        """Answer a viewer's `list` or `preview`; nothing else can be asked of a folder."""
        self._orders.put(asked)
        self._wake.set()

    def tell_connected(self, *, connected: bool) -> None:
        """Nothing depends on it: scans are taken with and without a broker."""

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread; a network share that hangs is not waited for longer than this."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        hints = Hints(self._options.root, self._wake)
        while not self._stopping.is_set():
            try:
                with contextlib.closing(Outbox.open(self._options.outbox_path)) as outbox:
                    self._watch(outbox, hints)
            except OutboxError as error:
                self._say(SourceReport(0, None, str(error)))
            except Exception:
                logger.exception("Watching the folder failed; it goes on in %g s", RETRY_S)
            self._stopping.wait(RETRY_S)
        hints.stop()

    def _watch(self, outbox: Outbox, hints: Hints) -> None:
        options = self._options
        folder = Folder(options.root, outbox, options.user_id, options.patience, options.subfolders)
        followed: SessionDocument | None = None
        while not self._stopping.is_set():
            self._wake.clear()
            self._follow_orders()
            now = time.monotonic()
            if self._document is not followed:
                folder.work_on(self._document, now)
                followed = self._document
            taken = folder.poll(now)
            polled_s = time.monotonic() - now
            hints.keep(there=folder.there)
            self._say(SourceReport(taken, folder.problem))
            if taken:
                self._take_more(folder, now, RESTS_PER_POLL * polled_s)
            else:
                self._pause(folder.next_due(now) - time.monotonic(), RESTS_PER_POLL * polled_s)

    def _take_more(self, folder: Folder, looked_at: float, for_s: float) -> None:
        """Take what else is ready before the next look, which costs much in a large folder."""
        until = time.monotonic() + for_s
        while not self._stopping.is_set() and self._orders.empty():
            taken = folder.take(looked_at) if time.monotonic() < until else 0
            if not taken:
                return
            self._say(SourceReport(taken, folder.problem))

    def _follow_orders(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                order = self._orders.get_nowait()
                if isinstance(order, Asked):
                    self._report(SourceAnswer(order, self._answer(order)))
                else:
                    self._document = order

    def _answer(self, asked: Asked) -> Payload:
        root = self._options.root
        try:
            listing = list_folder(root, subfolders=self._options.subfolders)
            if isinstance(asked.payload, PreviewQuery):
                return preview(asked.payload, root, listing)
            if isinstance(asked.payload, ListQuery):
                return answer(asked.payload, str(root), listing)
        except OSError as error:
            sentence = folder_sentence(root, error)
            return Problem(type="unavailable", title="The folder cannot be listed", detail=sentence)
        return Problem(type="unavailable", title="Not measured", detail=_NO_INSTRUMENT)

    def _pause(self, wait_s: float, rest_s: float) -> None:
        """Wait until something is due or a hint comes, but rest first: hints come in storms."""
        rest_s = max(WAKE_S, rest_s)
        if not self._stopping.wait(rest_s):
            self._wake.wait(max(0.0, wait_s - rest_s))

    def _say(self, report: SourceReport) -> None:
        if report.taken or report != self._last:
            self._report(report)
        self._last = report
