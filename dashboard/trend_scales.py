"""Where the numbers of a trend stand: units of its axes, and places on its abscissa."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from dashboard.axes import Prefix, prefix_for
from dashboard.columns import FloatArray, columns_of
from dashboard.marks import mark_x
from dashboard.series import MEASURES, Quantity, Series, TrendView, start_of
from dashboard.trend import Trend
from sacmes_core.payloads.marks import Mark


@dataclass(frozen=True, slots=True)
class Scales:
    """From SI to what stands on the axes: y times `prefix.factor`, seconds over `unit_s`."""

    prefix: Prefix
    start_s: float
    unit_s: float
    unit_name: str


def scales_of(trend: Trend, view: TrendView, lines: Sequence[Series]) -> Scales:
    """One SI prefix for all lines, and a unit of time that suits the length of the run."""
    unit = MEASURES[view.quantity].unit
    largest = [float(np.nanmax(np.abs(s.y))) for s in lines if np.isfinite(s.y).any()]
    prefix = prefix_for(largest, unit) if unit else Prefix("", 1.0)
    columns = columns_of(trend)
    start_s = start_of(columns)
    times = columns.measured_at[np.isfinite(columns.measured_at)]
    unit_s, unit_name = _time_unit(float(times.max()) - start_s if times.size else 0.0)
    return Scales(prefix, start_s, unit_s, unit_name)


def ordinate_title(quantity: Quantity, prefix: Prefix) -> str:
    """The quantity and the unit of its axis."""
    name = MEASURES[quantity].name
    return f"{name} / {prefix.unit}" if prefix.unit else name


def abscissa_title(view: TrendView, scales: Scales) -> str:
    """What the abscissa is, with its unit."""
    return {
        "number": "Scan number",
        "elapsed": f"Elapsed time / {scales.unit_name}",
        "clock": "Time of day",
    }[view.abscissa]


def x_on_axis(x: FloatArray, view: TrendView, scales: Scales) -> list[Any]:
    """Places as they stand on the abscissa."""
    return x_out(x_scaled(x, view, scales), view)


def x_scaled(x: FloatArray, view: TrendView, scales: Scales) -> list[float]:
    """Places in the unit of the abscissa; on the clock in seconds since 1970."""
    if view.abscissa == "elapsed":
        return [round(v, 4) for v in (x / scales.unit_s).tolist()]
    scaled: list[float] = x.tolist()
    return scaled


def x_out(x: Sequence[float], view: TrendView) -> list[Any]:
    """Places in that unit as Plotly is given them."""
    if view.abscissa == "clock":
        return [
            datetime.fromtimestamp(v, view.zone)
            .replace(tzinfo=None)
            .isoformat(timespec="milliseconds")
            for v in x
        ]
    return [int(v) if v == int(v) and view.abscissa == "number" else round(v, 4) for v in x]


def mark_places(
    trend: Trend, view: TrendView, scales: Scales, marks: Sequence[Mark]
) -> list[tuple[Mark, Any]]:
    """The marks that have a place on the abscissa, with it."""
    return [(m, x_out([x], view)[0]) for m, x in placed_marks(trend, view, scales, marks)]


def placed_marks(
    trend: Trend, view: TrendView, scales: Scales, marks: Sequence[Mark]
) -> list[tuple[Mark, float]]:
    """The marks that have a place on the abscissa, with it in the unit of `x_scaled`."""
    return [(m, x) for m in marks if (x := _mark_x(m, trend, view, scales)) is not None]


def _mark_x(mark: Mark, trend: Trend, view: TrendView, scales: Scales) -> float | None:
    """Where a mark stands, in the unit of the abscissa; on the clock in seconds since 1970."""
    x = mark_x(mark, columns_of(trend), view.abscissa)
    if x is None or view.abscissa != "elapsed":
        return x
    return (x - scales.start_s) / scales.unit_s


def _time_unit(longest_s: float) -> tuple[float, str]:
    if longest_s < 180:
        return 1.0, "s"
    return (60.0, "min") if longest_s < 3 * 3600 else (3600.0, "h")
