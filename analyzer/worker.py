"""Takes what is stored and not yet analysed, in order, and makes results of it."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final

from analyzer.announcer import Announcer
from analyzer.ingest import Outward
from analyzer.messages import curves_of, result_of, source_of
from analyzer.pipeline import Numbers, analyse
from analyzer.status import Status
from analyzer.store.claims import Claim, Claims
from analyzer.store.database import StoreError
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
IDLE_S: Final = 0.1
"""How soon a worker sees what another process took in."""
TREND_SHARE: Final = 0.1
"""Share of the worker's time that computing trends again may take while scans wait."""


class Worker:
    """Analyses batches of one session at a time; sessions take turns.

    Parameters
    ----------
    holder
        Name of this worker in its claims, which no other process has.
    announcer
        Tells viewers of results; None where another process does.
    """

    def __init__(
        self,
        store: Store,
        link: Outward,
        status: Status,
        *,
        holder: str,
        announcer: Announcer | None = None,
    ) -> None:
        self._store = store
        self._link = link
        self._status = status
        self._announcer = announcer
        self._claims = Claims(store.database, holder)
        self._claim: Claim | None = None
        self._trends = Trends(store.results, store.calibrations)
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

    def renew(self) -> None:
        """Keep the claim on the session under work; called from another thread."""
        claim = self._claim
        if claim is not None and not self._claims.renew(claim):
            logger.warning("The claim on session %d was lost to another worker", claim.run)

    def begin(self) -> None:
        """Take over at once what dead workers of this machine have left."""
        self._claims.bury()

    def leave(self) -> None:
        """Leave every session to other workers, at the end."""
        self._claims.leave()

    def turn(self) -> bool:
        """Analyse a batch, compute stale trends again, announce; whether there was anything."""
        busy = self._analyse_next()
        busy = self._refresh_trends() or busy
        announced = self._announcer is not None and self._announcer.work()
        return announced or busy

    def _analyse_next(self) -> bool:
        found = self._claims.next(self._last_run)
        if found is None:
            return False
        claim, priority = found
        self._last_run = claim.run
        with self._holding(claim):
            self._analyse_batch(claim, priority)
        return True

    @contextmanager
    def _holding(self, claim: Claim) -> Iterator[None]:
        """Keep a claim renewed; give it back if the work under it fails."""
        self._trends.claimed(claim)
        self._claim = claim
        try:
            yield
        except Exception:
            self._trends.forget(claim.run)
            with suppress(StoreError):
                self._claims.release(claim)
            raise
        finally:
            self._claim = None

    def _analyse_batch(self, claim: Claim, priority: int) -> None:
        run = self._store.sessions.by_number(claim.run)
        uploads = self._store.uploads.waiting(
            run.run, priority, limit=BATCH_MAX, limit_bytes=BATCH_BYTES_MAX
        )
        numbers = analyse([source_of(upload) for upload in uploads], run.document.settings)
        again = priority == AGAIN
        analysed, stale = self._with_trend(run, claim, uploads, numbers, again=again)
        batch = Batch(claim, analysed, run.document.settings_revision, again, stale)
        if not self._store.results.commit(batch, datetime.now(UTC)):
            self._trends.forget(run.run)
            return
        self._status.count("analysed", sum(len(item.results) for item in analysed))
        if again:
            self._tell_progress(run)
        else:
            self._show_curves(run, analysed, numbers)

    def _with_trend(
        self,
        run: Run,
        claim: Claim,
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
            pairs = [self._trends.extend(run, claim, result) for result in item.results]
            stale = stale or any(changed for _, changed in pairs)
            extended.append(Analysed(item.upload, tuple(result for result, _ in pairs)))
        return extended, stale

    def _refresh_trends(self) -> bool:
        done = False
        for number in self._store.sessions.stale():
            if time.monotonic() < self._trend_due.get(number, 0.0):
                continue
            claim = self._claims.take(number)
            if claim is None:
                continue
            with self._holding(claim):
                done = self._refresh_trend(claim) or done
        return done

    def _refresh_trend(self, claim: Claim) -> bool:
        run = self._store.sessions.by_number(claim.run)
        # Another worker may have done it, or the analysis before it is still under way.
        if not run.trend_stale or self._store.uploads.count_again(claim.run):
            self._claims.release(claim)
            return False
        began = time.monotonic()
        revision = self._trends.again(run, claim)
        took_s = time.monotonic() - began
        self._trend_due[claim.run] = time.monotonic() + took_s / TREND_SHARE
        logger.debug("Trend %s of %s computed in %.3f s", revision, run.user_id, took_s)
        return True

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
