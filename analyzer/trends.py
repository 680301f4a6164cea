"""Normalised currents and KDM of sessions: scan by scan, and again from the beginning."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

from analyzer.calibrating import Converter
from analyzer.concentrations import with_concentrations
from analyzer.store.calibrations import Calibrations
from analyzer.store.claims import Claim
from analyzer.store.results import Results
from analyzer.store.rows import ElectrodeTrend, ResultKey, Trend, with_trend
from analyzer.store.sessions import Run
from sacmes_core.analysis.trend.electrodes import over_electrodes
from sacmes_core.analysis.trend.running import RunningTrend, TrendPoint, TrendValue, recompute
from sacmes_core.analysis.trend.uncertainty import Estimate, common_error_of
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference
from sacmes_core.settings.trend import TrendSettings

_CACHED_MAX: Final = 500
_CONVERTERS_MAX: Final = 50
_OVER_ELECTRODES: Final = ("normalised", "kdm", "ratio")
MEAN_COLUMNS: Final = tuple(f"{name}_{of}" for name in _OVER_ELECTRODES for of in ("mean", "sd"))
"""Columns of what the electrodes of a scan say together."""


@dataclass(slots=True)
class _Running:
    turn: int
    settings: TrendSettings
    trend: RunningTrend


class Trends:
    """The running trends of sessions; those in use are kept, the others come from the store."""

    def __init__(self, results: Results, calibrations: Calibrations) -> None:
        self._results = results
        self._calibrations = calibrations
        self._converters: OrderedDict[tuple[int, int], Converter | None] = OrderedDict()
        self._running: OrderedDict[int, _Running] = OrderedDict()

    def claimed(self, claim: Claim) -> None:
        """Say that a session was claimed; forget its trend if another worker came between."""
        known = self._running.get(claim.run)
        if known is not None and claim.turn - known.turn == 1:
            known.turn = claim.turn
        else:
            self.forget(claim.run)

    def extend(self, run: Run, claim: Claim, result: Result) -> tuple[Result, bool]:
        """Add the trend to a new result; True if by it the trend of earlier ones has changed."""
        trend = self._of(run, claim)
        points = [_point(result, electrode) for electrode in result.electrodes]
        steps = [trend.add(point) for point in points]
        values = self._calibrated(run, points, [_trend(step.value) for step in steps])
        electrodes = tuple(map(with_trend, result.electrodes, values))
        return result.model_copy(update={"electrodes": electrodes}), any(s.stale for s in steps)

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
        revision = self._results.replace_trend(
            claim,
            changed,
            revision=run.document.revision,
            calibration_revision=run.calibration_revision,
        )
        if revision is None:
            self.forget(run.run)
        else:
            self._keep(run, claim, running)
        return revision

    def forget(self, run: int) -> None:
        """Drop what is known of a session: what the store has of it may be something else."""
        self._running.pop(run, None)

    def _of(self, run: Run, claim: Claim) -> RunningTrend:
        settings = run.document.settings.trend
        known = self._running.get(run.run)
        if known is not None and known.settings == settings:
            self._running.move_to_end(run.run)
            return known.trend
        points = (p for row in self._results.trend_rows(run.run) for p in row.points)
        _, running = recompute(points, settings)
        self._keep(run, claim, running)
        return running

    def _calibrated(
        self, run: Run, points: Sequence[TrendPoint], trends: Sequence[ElectrodeTrend]
    ) -> Sequence[ElectrodeTrend]:
        """The trend with concentrations, where the session has a calibration."""
        if not run.calibration_revision:
            return trends
        key = run.run, run.calibration_revision
        if key not in self._converters:
            calibration = self._calibrations.of(run.run)
            self._converters[key] = None if calibration is None else Converter(calibration)
            if len(self._converters) > _CONVERTERS_MAX:
                self._converters.popitem(last=False)
        converter = self._converters[key]
        return trends if converter is None else with_concentrations(converter, points, trends)

    def _keep(self, run: Run, claim: Claim, trend: RunningTrend) -> None:
        self._running[run.run] = _Running(claim.turn, run.document.settings.trend, trend)
        self._running.move_to_end(run.run)
        if len(self._running) > _CACHED_MAX:
            self._running.popitem(last=False)


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
