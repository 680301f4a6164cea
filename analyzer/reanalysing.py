"""A worker's share in analysing sessions again: pieces of them, and the end of it all."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from analyzer import metrics
from analyzer.ingest import Outward
from analyzer.messages import result_of, source_of
from analyzer.pipeline import analyse
from analyzer.status import Status
from analyzer.store.database import StoreError
from analyzer.store.reanalysis import Piece, Reanalysis
from analyzer.store.rows import Analysed
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from sacmes_core.logs import add_concern, concerning
from sacmes_core.payloads.results import Progress
from sacmes_core.protocol import PROGRESS, publication

logger = logging.getLogger(__name__)

PIECE_MAX: Final = 512
PIECE_BYTES_MAX: Final = 32 * 1024 * 1024
PIECE_S: Final = 0.3
"""CPU time that a piece is to take, since new scans wait for the end of it."""
_PIECE_FIRST: Final = 64
PROGRESS_EVERY_S: Final = 0.5


class Reanalyser:
    """Analyses pieces of sessions whose settings have changed; used by one thread."""

    def __init__(self, store: Store, link: Outward, status: Status, holder: str) -> None:
        self.reanalysis = Reanalysis(store.database, holder)
        self._store = store
        self._link = link
        self._status = status
        self._piece: Piece | None = None
        self._failed: Piece | None = None
        self._size = _PIECE_FIRST
        self._told_at: dict[int, float] = {}

    def turn(self, after_run: int) -> int | None:
        """Analyse a piece of the session whose turn it is after another; its number, if any."""
        self._give_back()
        piece = self.reanalysis.take(
            after_run, limit=min(self._size, PIECE_MAX), limit_bytes=PIECE_BYTES_MAX
        )
        if piece is None:
            return None
        # Of this thread alone: on a busy machine smaller pieces would only cost more.
        began = time.thread_time()
        self._status.count("claims")
        with self._holding(piece), concerning():
            self._analyse(piece)
        took_s = max(time.thread_time() - began, 1e-3)
        fitting = len(piece.positions) * PIECE_S / took_s
        if fitting < self._size or len(piece.positions) == self._size:
            self._size = min(max(int(fitting), 1), 2 * self._size, PIECE_MAX)
        return piece.run

    def renew(self) -> None:
        """Keep the piece under work; called from another thread."""
        piece = self._piece
        if piece is not None and not self.reanalysis.renew(piece) and piece is self._piece:
            run = self._store.sessions.by_number(piece.run)
            with concerning(run.user_id, run.document.session_id):
                logger.info("A piece of a session was lost to another worker")

    def tell(self, run: Run, done: int, of: int) -> None:
        """Publish how far the analysis of a session is."""
        progress = Progress(
            session_id=run.document.session_id,
            job="analysis",
            done=done,
            of=of,
            settings_revision=run.document.settings_revision,
        )
        self._link.publish(publication(PROGRESS, progress, user_id=run.user_id))

    @contextmanager
    def _holding(self, piece: Piece) -> Iterator[None]:
        self._piece = piece
        try:
            yield
        except Exception:
            self._failed = piece
            with suppress(StoreError):
                self._give_back()
            raise
        finally:
            self._piece = None

    def _give_back(self) -> None:
        """Release a piece over which work failed; the store may have failed with it."""
        if self._failed is not None:
            self.reanalysis.release(self._failed)
            self._failed = None

    def _analyse(self, piece: Piece) -> None:
        run = self._store.sessions.by_number(piece.run)
        add_concern(user_id=run.user_id, session_id=run.document.session_id)
        uploads = self._store.uploads.these(piece.run, piece.positions)
        began = time.monotonic()
        numbers = analyse([source_of(upload) for upload in uploads], run.document.settings)
        self._status.metrics.observe(metrics.ANALYSIS_S, time.monotonic() - began)
        analysed = [
            Analysed(u, tuple(result_of(run, u, scan, k) for k, scan in enumerate(those)))
            for u, those in zip(uploads, numbers, strict=True)
        ]
        staged = self.reanalysis.stage(piece, analysed, run.document.settings_revision)
        self._status.count("analysed", staged)
        if time.monotonic() - self._told_at.get(piece.run, 0.0) > PROGRESS_EVERY_S:
            done, of = self.reanalysis.progress(piece.run)
            if done < of:
                self.tell(run, done, of)
                self._told_at[piece.run] = time.monotonic()
