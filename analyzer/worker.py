"""Takes what is stored and not yet analysed, in order, and makes results of it."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final

from analyzer import metrics
from analyzer.announcer import Announcer
from analyzer.ingest import Outward
from analyzer.messages import all_curves, result_of, source_of
from analyzer.pipeline import Numbers, analyse
from analyzer.reanalysing import Reanalyser
from analyzer.status import Status
from analyzer.store.claims import Claim, Claims
from analyzer.store.database import StoreError
from analyzer.store.results import Batch
from analyzer.store.rows import Analysed
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from analyzer.store.uploads import StoredUpload
from analyzer.trends import Trends
from sacmes_core.errors import ProtocolError
from sacmes_core.logs import add_concern, concerning
from sacmes_core.payloads.results import Result
from sacmes_core.protocol import CURVES, publication
from sacmes_core.settings.session import SessionSettings

logger = logging.getLogger(__name__)

BATCH_MAX: Final = 128
BATCH_BYTES_MAX: Final = 32 * 1024 * 1024
GATHER_S: Final = 0.05
"""Scans that come so soon after a small batch wait for company: a batch costs little more than one
scan."""
IDLE_S: Final = 0.1
"""How soon a worker sees what another process took in."""
TREND_SHARE: Final = 0.1
"""Share of the worker's time that computing trends again may take while scans wait."""
TREND_TURN_S: Final = 0.3
"""After so long new scans have their turn, and the end of the process too, whatever is left."""


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
        self._held: tuple[Claim, ...] = ()
        self._failed: list[Claim] = []
        self._alone = 0
        self._trends = Trends(store.results, store.calibrations)
        self._reanalyser = Reanalyser(store, link, status, holder)
        self._woken = threading.Event()
        self._last_run = 0
        self._gather_until = 0.0
        self._trend_due: dict[int, float] = {}

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._woken.set()

    def rest(self) -> None:
        """Wait until there may be something to do."""
        self._woken.wait(IDLE_S)
        self._woken.clear()

    @property
    def recess_s(self) -> float:
        """How long to wait before the next turn, so that scans come together."""
        return max(0.0, self._gather_until - time.monotonic())

    def renew(self) -> None:
        """Keep the claims on what is under work; called from another thread."""
        self._reanalyser.renew()
        held = tuple(self._held)
        kept = self._claims.renew(held)
        for claim in held:
            if claim.run not in kept and claim in self._held:
                run = self._store.sessions.by_number(claim.run)
                with concerning(run.user_id, run.document.session_id):
                    logger.warning("The claim on a session was lost to another worker")

    def begin(self) -> None:
        """Take over at once what dead workers of this machine have left."""
        self._claims.bury()

    def leave(self) -> None:
        """Leave every session to other workers, at the end."""
        self._claims.leave()

    def turn(self) -> bool:
        """Analyse a batch, compute stale trends again, announce; whether there was anything.

        New scans of every session come before any re-analysis, and sessions take turns.
        """
        self._give_back()
        busy = self._analyse_next() or self._analyse_again()
        busy = self._refresh_trends() or busy
        announced = self._announcer is not None and self._announcer.work()
        return announced or busy

    def _analyse_next(self) -> bool:
        scans = 1 if self._alone else BATCH_MAX
        claims = self._claims.next_together(self._last_run, scans)
        if not claims:
            return False
        self._status.count("claims", len(claims))
        self._alone = max(self._alone - 1, 0)
        self._last_run = claims[-1].run
        with self._holding(*claims), concerning():
            self._analyse_batches(claims)
        return True

    def _analyse_again(self) -> bool:
        run = self._reanalyser.turn(self._last_run)
        self._last_run = self._last_run if run is None else run
        return run is not None

    @contextmanager
    def _holding(self, *claims: Claim) -> Iterator[None]:
        """Keep claims renewed; give them back if the work under them fails."""
        for claim in claims:
            self._trends.claimed(claim)
        self._held = claims
        try:
            yield
        except Exception:
            # One of them is at fault, and must not hold up the others.
            self._alone = len(claims)
            self._failed += claims
            for claim in claims:
                self._trends.forget(claim.run)
            with suppress(StoreError):
                self._give_back()
            raise
        finally:
            self._held = ()

    def _give_back(self) -> None:
        """Release what is left of claims whose work failed; the store may have failed with it."""
        while self._failed:
            self._claims.release(self._failed[-1])
            self._failed.pop()

    def _analyse_batches(self, claims: Sequence[Claim]) -> None:
        """Analyse what waits in sessions, those of equal settings together, and commit it all."""
        known = self._store.sessions.by_numbers([claim.run for claim in claims])
        runs = {run.run: self._store.sessions.as_shown(run) for run in known}
        if len(known) == 1:
            add_concern(user_id=known[0].user_id, session_id=known[0].document.session_id)
        waiting = self._store.uploads.waiting(*runs, limit=BATCH_MAX, limit_bytes=BATCH_BYTES_MAX)
        is_small = len(waiting) < BATCH_MAX // 2
        began = time.monotonic()
        numbers = _analysed_together(runs, waiting)
        self._status.metrics.observe(metrics.ANALYSIS_S, time.monotonic() - began)
        of_run: dict[int, list[StoredUpload]] = defaultdict(list)
        for upload in waiting:
            of_run[upload.run].append(upload)
        done: dict[int, tuple[Batch, list[tuple[Numbers, ...]]]] = {}
        for claim in claims:
            if uploads := of_run[claim.run]:
                found = [numbers[claim.run, upload.position] for upload in uploads]
                done[claim.run] = self._batch(runs[claim.run], claim, uploads, found), found
            else:
                self._claims.release(claim)
        if not done:
            return
        kept = self._store.results.commit([batch for batch, _ in done.values()], datetime.now(UTC))
        self._note_delays([upload for upload in waiting if upload.run in kept])
        newest: list[tuple[Run, Result, Numbers]] = []
        for number, (batch, found) in done.items():
            if number in kept:
                self._status.count("analysed", sum(len(item.results) for item in batch.analysed))
                newest += _newest(runs[number], batch.analysed, found)
            else:
                self._trends.forget(number)
        self._show_curves(newest)
        self._gather_until = time.monotonic() + GATHER_S if is_small else 0.0

    def _batch(
        self,
        run: Run,
        claim: Claim,
        uploads: Sequence[StoredUpload],
        numbers: Sequence[tuple[Numbers, ...]],
    ) -> Batch:
        analysed, stale = self._with_trend(run, claim, uploads, numbers)
        state = self._trends.to_keep(run, analysed[-1].results[-1])
        return Batch(claim, analysed, run.shown_revision, stale, state)

    def _with_trend(
        self,
        run: Run,
        claim: Claim,
        uploads: Sequence[StoredUpload],
        numbers: Sequence[tuple[Numbers, ...]],
    ) -> tuple[list[Analysed], bool]:
        """The results of a batch, and whether the trend before them no longer holds."""
        stale = any(upload.revision > 1 for upload in uploads)
        analysed = []
        for upload, those in zip(uploads, numbers, strict=True):
            results = tuple(result_of(run, upload, scan, k) for k, scan in enumerate(those))
            pairs = [self._trends.extend(run, claim, result) for result in results]
            stale = stale or any(changed for _, changed in pairs)
            analysed.append(Analysed(upload, results, tuple(trend for trend, _ in pairs)))
        return analysed, stale

    def _refresh_trends(self) -> bool:
        done = False
        until = time.monotonic() + TREND_TURN_S
        for number in self._store.sessions.stale():
            now = time.monotonic()
            if done and now >= until:
                break
            if now < self._trend_due.get(number, 0.0):
                continue
            claim = self._claims.take(number)
            if claim is None:
                continue
            with self._holding(claim), concerning():
                done = self._refresh_trend(claim) or done
        return done

    def _refresh_trend(self, claim: Claim) -> bool:
        run = self._store.sessions.by_number(claim.run)
        add_concern(user_id=run.user_id, session_id=run.document.session_id)
        # Another worker may have done it, or the analysis before it is still under way.
        if not run.trend_stale or self._store.uploads.count_again(claim.run):
            self._claims.release(claim)
            return False
        began = time.monotonic()
        if run.shown_revision == run.document.settings_revision:
            revision = self._trends.again(run, claim)
        else:
            revision = self._trends.show(run, claim, self._reanalyser.reanalysis)
            if revision is not None:
                self._tell_shown(run)
                return True
        took_s = time.monotonic() - began
        self._trend_due[claim.run] = time.monotonic() + took_s / TREND_SHARE
        logger.debug("Trend %s of %s computed in %.3f s", revision, run.user_id, took_s)
        return True

    def _note_delays(self, uploads: Sequence[StoredUpload]) -> None:
        now = datetime.now(UTC)
        for upload in uploads:
            delay_s = (now - upload.received_at).total_seconds()
            self._status.metrics.observe(metrics.RESULT_DELAY_S, delay_s)

    def _tell_shown(self, run: Run) -> None:
        """Say that viewers see the new settings from now on."""
        logger.info("Settings revision %d shown", run.document.settings_revision)
        files = self._store.results.last_position(run.run)
        self._reanalyser.tell(run, files, files)

    def _show_curves(self, newest: Sequence[tuple[Run, Result, Numbers]]) -> None:
        """Publish voltammograms."""
        curves = all_curves([(result, numbers) for _, result, numbers in newest])
        for (run, _, _), those in zip(newest, curves, strict=True):
            try:
                self._link.publish(publication(CURVES, those, user_id=run.user_id))
            except ProtocolError as error:
                self._status.refuse("curves", str(error))


def _newest(
    run: Run, analysed: Sequence[Analysed], numbers: Sequence[tuple[Numbers, ...]]
) -> Iterable[tuple[Run, Result, Numbers]]:
    """The newest scan of each frequency."""
    found = {
        result.scan.frequency_hz: (run, result, scan)
        for item, those in zip(analysed, numbers, strict=True)
        for result, scan in zip(item.results, those, strict=True)
        if scan.analysis is not None and scan.analysis.curves
    }
    return found.values()


def _analysed_together(
    runs: Mapping[int, Run], uploads: Sequence[StoredUpload]
) -> dict[tuple[int, int], tuple[Numbers, ...]]:
    """The numbers of uploads by session and position, analysed in batches of equal settings."""
    groups: list[tuple[SessionSettings, list[StoredUpload]]] = []
    for upload in uploads:
        own = runs[upload.run].document.settings
        for settings, those in groups:
            if settings is own or (settings.reading, settings.peak) == (own.reading, own.peak):
                those.append(upload)
                break
        else:
            groups.append((own, [upload]))
    return {
        (upload.run, upload.position): numbers
        for settings, those in groups
        for upload, numbers in zip(
            those, analyse([source_of(upload) for upload in those], settings), strict=True
        )
    }
