"""Concentrations beside the trend: what a calibration says of each signal."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

from analyzer.calibrating import Converter, Series
from analyzer.store.rows import ElectrodeTrend
from sacmes_core.analysis.trend.running import TrendPoint
from sacmes_core.payloads.calibration import CalibrationQuantity


def with_concentrations(
    converter: Converter, points: Sequence[TrendPoint], trends: Sequence[ElectrodeTrend]
) -> list[ElectrodeTrend]:
    """The trend of points, each with its concentration where it has a signal and a curve."""
    quantity = converter.calibration.quantity
    places: dict[Series, list[int]] = defaultdict(list)
    signals = [_signal(p, t, quantity) for p, t in zip(points, trends, strict=True)]
    for place, (point, (signal, _)) in enumerate(zip(points, signals, strict=True)):
        if signal is not None:
            frequency_hz = None if quantity == "kdm" else point.frequency_hz
            places[point.electrode, frequency_hz].append(place)
    found = list(trends)
    for series, those in places.items():
        values = [value for k in those if (value := signals[k][0]) is not None]
        of_series = converter.concentrations(series, values, [signals[k][1] for k in those])
        if of_series is None:
            continue
        for row, place in enumerate(those):
            found[place] = replace(
                found[place],
                concentration_molar=_finite(of_series.value[row]),
                concentration_low_molar=_finite(of_series.low[row]),
                concentration_high_molar=_finite(of_series.high[row]),
                concentration_flags=of_series.flags[row],
            )
    return found


def _signal(
    point: TrendPoint, trend: ElectrodeTrend, quantity: CalibrationQuantity
) -> tuple[float | None, float | None]:
    if quantity == "peak_current":
        return point.peak_current_a, point.peak_current_se_a
    if quantity == "normalised":
        return trend.normalised, trend.normalised_se
    return trend.kdm, trend.kdm_se


def _finite(value: float) -> float | None:
    return float(value) if isfinite(value) else None
