"""Takes what is stored and not yet analysed, in order, and makes results of it."""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from analyzer.announcer import Announcer
from analyzer.ingest import Outward
from analyzer.messages import curves_of, result_of, source_of
from analyzer.pipeline import Numbers, analyse
from analyzer.status import Status
from analyzer.store.results import Analysed, Batch
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from analyzer.store.uploads import AGAIN, StoredUpload
from analyzer.trends import Trends
from sacmes_core.errors import ProtocolError
from sacmes_core.payloads.results import Progress
from sacmes_core.protocol import CURVES, PROGRESS, publication

logger = logging.getLogger(__name__)

BATCH_MAX: Final = 64
BATCH_BYTES_MAX: Final = 32 * 1024 * 1024
IDLE_S: Final = 1.0
TREND_SHARE: Final = 0.1
"""Share of the worker's time that computing trends again may take while scans wait."""


class Worker:
    """Analyses batches of one session at a time; sessions take turns."""

    def __init__(self, store: Store, link: Outward, status: Status, announcer: Announcer) -> None:
        self._store = store
        self._link = link
        self._status = status
        self._announcer = announcer
        self._trends = Trends(store.results)
        self._woken = threading.Event()
        self._last_run = 0
        self._trend_due: dict[int, float] = {}

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._woken.set()

    def rest(self) -> None:
        """Wait until there may be something to do."""
        self._woken.wait(IDLE_S)
        self._woken.clear()

    def turn(self) -> bool:
        """Analyse a batch, compute stale trends again, announce; whether there was anything."""
        busy = self._analyse_batch()
        busy = self._refresh_trends() or busy
        return self._announcer.work() or busy

    def _analyse_batch(self) -> bool:
        found = self._store.uploads.next_run(self._last_run)
        if found is None:
            return False
        self._last_run, priority = found
        run = self._store.sessions.by_number(self._last_run)
        uploads = self._store.uploads.waiting(
            run.run, priority, limit=BATCH_MAX, limit_bytes=BATCH_BYTES_MAX
        )
        numbers = analyse([source_of(upload) for upload in uploads], run.document.settings)
        again = priority == AGAIN
        analysed, stale = self._with_trend(run, uploads, numbers, again=again)
        kept = False
        try:
            batch = Batch(run.run, analysed, run.document.settings_revision, again, stale)
            kept = self._store.results.commit(batch, datetime.now(UTC))
        finally:
            if not kept:
                self._trends.forget(run.run)
        if not kept:
            return True
        self._status.count("analysed", sum(len(item.results) for item in analysed))
        if again:
            self._tell_progress(run)
        else:
            self._show_curves(run, analysed, numbers)
        return True

    def _with_trend(
        self,
        run: Run,
        uploads: Sequence[StoredUpload],
        numbers: Sequence[tuple[Numbers, ...]],
        *,
        again: bool,
    ) -> tuple[list[Analysed], bool]:
        """The results of a batch, and whether the trend before them no longer holds."""
        analysed = [
            Analysed(
                upload,
                tuple(result_of(run, upload, scan, index) for index, scan in enumerate(those)),
            )
            for upload, those in zip(uploads, numbers, strict=True)
        ]
        if again:
            return analysed, True
        stale = any(upload.revision > 1 for upload in uploads)
        extended = []
        for item in analysed:
            pairs = [self._trends.extend(run, result) for result in item.results]
            stale = stale or any(changed for _, changed in pairs)
            extended.append(Analysed(item.upload, tuple(result for result, _ in pairs)))
        return extended, stale

    def _refresh_trends(self) -> bool:
        done = False
        for number in self._store.sessions.stale():
            if time.monotonic() < self._trend_due.get(number, 0.0):
                continue
            if self._store.uploads.count_again(number):
                continue
            run = self._store.sessions.by_number(number)
            began = time.monotonic()
            revision = self._trends.again(run)
            took_s = time.monotonic() - began
            self._trend_due[number] = time.monotonic() + took_s / TREND_SHARE
            logger.debug("Trend %s of %s computed in %.3f s", revision, run.user_id, took_s)
            done = True
        return done

    def _tell_progress(self, run: Run) -> None:
        left = self._store.uploads.count_again(run.run)
        of = max(self._store.results.count(run.run), left)
        progress = Progress(
            session_id=run.document.session_id,
            job="analysis",
            done=of - left,
            of=of,
            settings_revision=run.document.settings_revision,
        )
        self._link.publish(publication(PROGRESS, progress, user_id=run.user_id))

    def _show_curves(
        self, run: Run, analysed: Sequence[Analysed], numbers: Sequence[tuple[Numbers, ...]]
    ) -> None:
        """Publish the voltammogram of the newest scan of each frequency."""
        newest = {
            result.scan.frequency_hz: (result, scan)
            for item, those in zip(analysed, numbers, strict=True)
            for result, scan in zip(item.results, those, strict=True)
            if scan.analysis is not None and scan.analysis.curves
        }
        for result, scan in newest.values():
            try:
                curves = publication(CURVES, curves_of(result, scan), user_id=run.user_id)
                self._link.publish(curves)
            except ProtocolError as error:
                self._status.refuse("curves", str(error))
