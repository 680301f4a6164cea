"""Normalised currents and KDM of sessions: scan by scan, and again from the beginning."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from math import isfinite
from typing import Final

from analyzer.calibrating import Converter
from analyzer.concentrations import with_concentrations
from analyzer.store.calibrations import Calibrations
from analyzer.store.claims import Claim
from analyzer.store.reanalysis import Reanalysis
from analyzer.store.results import Results
from analyzer.store.rows import ElectrodeTrend, ResultKey, Trend, TrendState
from analyzer.store.sessions import Run
from sacmes_core.analysis.trend.electrodes import over_electrodes
from sacmes_core.analysis.trend.running import RunningTrend, TrendPoint, TrendValue, recompute
from sacmes_core.analysis.trend.uncertainty import Estimate, common_error_of
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference
from sacmes_core.settings.trend import TrendSettings

_CACHED_MAX: Final = 5000
"""Sessions; of more that take turns, each scan would cost reading a trend from the store."""
KEEP_EVERY: Final = 200
"""So many results at the most are read again by whoever takes a session over."""
_OVER_ELECTRODES: Final = ("normalised", "kdm", "ratio")
MEAN_COLUMNS: Final = tuple(f"{name}_{of}" for name in _OVER_ELECTRODES for of in ("mean", "sd"))
"""Columns of what the electrodes of a scan say together."""


@dataclass(slots=True)
class _Running:
    turn: int
    settings: TrendSettings
    trend: RunningTrend
    unkept: int = 0
    """Results since the store had it last."""


class Trends:
    """The running trends of sessions; those in use are kept, the others come from the store."""

    def __init__(self, results: Results, calibrations: Calibrations) -> None:
        self._results = results
        self._calibrations = calibrations
        self._converters: OrderedDict[int, tuple[int, Converter | None]] = OrderedDict()
        self._running: OrderedDict[int, _Running] = OrderedDict()

    def claimed(self, claim: Claim) -> None:
        """Say that a session was claimed; forget its trend if another worker came between."""
        known = self._running.get(claim.run)
        if known is not None and claim.turn - known.turn == 1:
            known.turn = claim.turn
        else:
            self.forget(claim.run)

    def extend(self, run: Run, claim: Claim, result: Result) -> tuple[Trend, bool]:
        """The trend of a new result; True if by it the trend of earlier ones has changed."""
        known = self._of(run, claim, result)
        known.unkept += 1
        points = [_point(result, electrode) for electrode in result.electrodes]
        steps = [known.trend.add(point) for point in points]
        trend = self._calibrated(run, points, [_trend(step.value) for step in steps])
        return tuple(trend), any(step.stale for step in steps)

    def to_keep(self, run: Run, last: Result) -> TrendState | None:
        """The running trend for the store, now and then; `last` is the last result in it."""
        known = self._running.get(run.run)
        if known is None or known.unkept < KEEP_EVERY:
            return None
        known.unkept = 0
        return _state(ResultKey(run.run, last.position, last.scan.index), known)

    def show(self, run: Run, claim: Claim, reanalysis: Reanalysis) -> int | None:
        """Compute the trend of what was analysed again, and let all of it be shown.

        Returns
        -------
        int or None
            As of `again`.
        """
        keys: list[tuple[ResultKey, int]] = []
        points: list[TrendPoint] = []
        for row in reanalysis.trend_rows(run.run):
            keys.append((row.key, len(row.points)))
            points += row.points
        values, running = recompute(points, run.document.settings.trend)
        found = iter(self._calibrated(run, points, list(map(_trend, values))))
        trends = [(key, tuple(islice(found, count))) for key, count in keys]
        known = _Running(claim.turn, run.document.settings.trend, running)
        state = _state(keys[-1][0], known) if keys else None
        revision = reanalysis.show(claim, trends, run, state, datetime.now(UTC))
        self._settle(run.run, known, held=revision is not None)
        return revision

    def again(self, run: Run, claim: Claim) -> int | None:
        """Compute the trend of a whole session and store it as the next trend revision.

        Returns
        -------
        int or None
            The trend revision; None if the settings changed meanwhile or the claim was lost, and it
            is still to be done.
        """
        rows = list(self._results.trend_rows(run.run))
        points = [point for row in rows for point in row.points]
        values, running = recompute(points, run.document.settings.trend)
        found = iter(self._calibrated(run, points, [_trend(value) for value in values]))
        changed: list[tuple[ResultKey, Trend]] = []
        for row in rows:
            trend = tuple(next(found) for _ in row.points)
            if trend != row.trend:
                changed.append((row.key, trend))
        known = _Running(claim.turn, run.document.settings.trend, running)
        state = _state(rows[-1].key, known) if rows else None
        revision = self._results.replace_trend(
            claim,
            changed,
            order=run.order,
            calibration_revision=run.calibration_revision,
            state=state,
        )
        self._settle(run.run, known, held=revision is not None)
        return revision

    def forget(self, run: int) -> None:
        """Drop what is known of a session: what the store has of it may be something else.

        Even another session, where one with this number was taken out of the store.
        """
        self._running.pop(run, None)
        self._converters.pop(run, None)

    def _of(self, run: Run, claim: Claim, result: Result) -> _Running:
        """The trend of all that comes before a result."""
        settings = run.document.settings.trend
        known = self._running.get(run.run)
        if known is None and (result.position, result.scan.index) == (1, 0):
            known = _Running(claim.turn, settings, RunningTrend(settings))
        elif known is None or known.settings != settings:
            known = self._kept(run.run, claim, settings)
            if known is None:
                points = (p for row in self._results.trend_rows(run.run) for p in row.points)
                known = _Running(claim.turn, settings, recompute(points, settings)[1], KEEP_EVERY)
        self._settle(run.run, known, held=True)
        return known

    def _calibrated(
        self, run: Run, points: Sequence[TrendPoint], trends: Sequence[ElectrodeTrend]
    ) -> Sequence[ElectrodeTrend]:
        """The trend with concentrations, where the session has a calibration."""
        if not run.calibration_revision:
            return trends
        revision, converter = self._converters.get(run.run, (0, None))
        if revision != run.calibration_revision:
            calibration = self._calibrations.of(run.run)
            converter = None if calibration is None else Converter(calibration)
            self._converters[run.run] = run.calibration_revision, converter
            if len(self._converters) > _CACHED_MAX:
                self._converters.popitem(last=False)
        self._converters.move_to_end(run.run)
        return trends if converter is None else with_concentrations(converter, points, trends)

    def _kept(self, run: int, claim: Claim, settings: TrendSettings) -> _Running | None:
        """The trend as the store has it, and what came since; None if it has none that fits."""
        kept = self._results.trend_state(run)
        if kept is None or kept.settings != settings.model_dump_json():
            return None
        trend = RunningTrend.from_json(kept.state, settings)
        known = _Running(claim.turn, settings, trend)
        for row in self._results.trend_rows(run, kept.key):
            for point in row.points:
                trend.add(point)
            known.unkept += 1
        return known

    def _settle(self, run: int, known: _Running, *, held: bool) -> None:
        if not held:
            self.forget(run)
            return
        self._running[run] = known
        self._running.move_to_end(run)
        if len(self._running) > _CACHED_MAX:
            self._running.popitem(last=False)


def _state(key: ResultKey, known: _Running) -> TrendState:
    return TrendState(key, known.settings.model_dump_json(), known.trend.to_json())


def mean_cells(result: Result) -> list[float | None]:
    """The cells of `MEAN_COLUMNS`: mean and standard deviation (n − 1) over the electrodes."""
    if len(result.electrodes) < 2:
        return [None] * len(MEAN_COLUMNS)
    table = [[getattr(e, name) for name in _OVER_ELECTRODES] for e in result.electrodes]
    found = over_electrodes(table)
    cells = zip(found.mean.tolist(), found.sd.tolist(), strict=True)
    return [cell if isfinite(cell) else None for pair in cells for cell in pair]


def _point(result: Result, electrode: ElectrodeResult) -> TrendPoint:
    return TrendPoint(
        electrode.electrode,
        result.scan.frequency_hz,
        result.scan.number,
        electrode.peak_current_a,
        electrode.peak_current_se_a,
        electrode.peak_potential_v,
        electrode.peak_potential_se_v,
        common_error_of(result.method),
        _header_time_s(result.scan),
    )


def _header_time_s(scan: ScanReference) -> float | None:
    if scan.measured_at is None or scan.measured_at_source != "header":
        return None
    return scan.measured_at.timestamp()


def _trend(value: TrendValue) -> ElectrodeTrend:
    return ElectrodeTrend(
        *_numbers(value.normalised), *_numbers(value.kdm), *_numbers(value.ratio), value.flags
    )


def _numbers(estimate: Estimate | None) -> tuple[float | None, float | None]:
    if estimate is None or not isfinite(estimate.value):
        return None, None
    return estimate.value, estimate.se if estimate.se is None or isfinite(estimate.se) else None
