"""Axes of charts: prefixes, bounds that stand still while numbers come in, and thinning."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

DRAWN_POINTS: Final = 2000
"""More points of one line than this are thinned: a screen has no room for them."""

_SPAN_MIN: Final = 1e-300
"""Below it there are no round steps; nothing that is measured is that small."""

_PREFIXES: Final = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"), (1e-15, "f"))


@dataclass(frozen=True, slots=True)
class Prefix:
    """An SI prefix for a whole axis: a value in SI units times `factor` is the drawn number."""

    unit: str
    factor: float


def prefix_for(values: Iterable[float | None], unit: str) -> Prefix:
    """The prefix that brings the largest magnitude between 1 and 1000; one for all values."""
    largest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    for size, letter in _PREFIXES:
        if largest >= size:
            return Prefix(letter + unit, 1 / size)
    return Prefix(unit if largest == 0 else _PREFIXES[-1][1] + unit, 1.0 if largest == 0 else 1e15)


def quantity(value: float | None, unit: str, digits: int = 4) -> str:
    """A number with its unit, to `digits` significant digits; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    prefix = prefix_for([value], unit)
    return f"{significant(value * prefix.factor, digits)} {prefix.unit}".replace("-", "−")


def significant(value: float, digits: int) -> str:
    """A number with this many significant digits and no exponent."""
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def with_error(value: float | None, error: float | None, scale: Prefix) -> str:
    """A number to the digits that its standard error leaves, ± that to two; a dash for none."""
    if value is None:
        return "–"
    number, unit = value * scale.factor, f" {scale.unit}" if scale.unit else ""
    if error is None or not math.isfinite(error):
        said = significant(number, 4)
    elif error == 0.0:
        said = f"{significant(number, 4)} ± 0"
    else:
        spread = significant(float(f"{error * scale.factor:.1e}"), 2)
        decimals = len(spread.partition(".")[2])
        said = f"{number:.{decimals}f} ± {spread}"
    return f"{said}{unit}".replace("-", "−")


def calm_bounds(values: Iterable[float | None], *, headroom: float = 0.05) -> list[float] | None:
    """Bounds that hold all values and move only in round steps as values are added.

    Returns
    -------
    list of two float, or None
        None without a value.
    """
    ends = _ends(values)
    if ends is None:
        return None
    low, high = ends
    span = (high - low) or abs(high)
    if span < _SPAN_MIN:
        span = 1.0
    step = _round_step(span / 8)
    return [
        _tidy(math.floor((low - headroom * span) / step) * step),
        _tidy(math.ceil((high + headroom * span) / step) * step),
    ]


def growing_bounds(values: Iterable[float | None]) -> list[float] | None:
    """Bounds from the first value on, whose end moves in round steps as later values come.

    Returns
    -------
    list of two float, or None
        None without a value.
    """
    ends = _ends(values)
    if ends is None:
        return None
    first, span = ends[0], max(ends[1] - ends[0], 1.0)
    step = _round_step(span / 8)
    width = max(step, math.ceil(1.01 * span / step) * step)
    return [_tidy(first - 0.015 * width), _tidy(first + width)]


def thinned(
    values: npt.ArrayLike, limit: int = DRAWN_POINTS, *, keep: npt.ArrayLike = ()
) -> npt.NDArray[np.intp]:
    """Indices to draw: all, or the lowest and highest of each of `limit / 2` buckets.

    Extremes, the first and the last point stay, and so does one point of each gap.

    Parameters
    ----------
    values
        Shape (n,); None or nan for a gap.
    keep
        Indices to draw besides, evenly chosen where they are more than half of `limit`.
    """
    y = np.asarray(values, dtype=np.float64)
    if y.size <= limit:
        return np.arange(y.size)
    buckets = limit // 2
    width = -(-y.size // buckets)
    padded = np.full(buckets * width, np.nan)
    padded[: y.size] = y
    rows = padded.reshape(buckets, width)
    starts = np.arange(buckets) * width
    holes = np.isnan(rows)
    lowest = np.where(holes, np.inf, rows).argmin(axis=1) + starts
    highest = np.where(holes, -np.inf, rows).argmax(axis=1) + starts
    hole = (holes.argmax(axis=1) + starts)[holes.any(axis=1)]
    besides = np.asarray(keep, dtype=np.intp)
    besides = besides[:: max(1, -(-besides.size // max(1, limit // 2)))]
    kept = np.concatenate([lowest, highest, hole, besides, [0, y.size - 1]])
    return np.unique(kept[kept < y.size])


def _ends(values: Iterable[float | None]) -> tuple[float, float] | None:
    """The lowest and the highest finite value."""
    known = values if isinstance(values, np.ndarray) else list(values)
    finite = np.asarray(known, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _round_step(size: float) -> float:
    power = 10.0 ** math.floor(math.log10(size))
    for factor in (1, 2, 5):
        if size <= factor * power * (1 + 1e-9):
            return factor * power
    return 10 * power


def _tidy(value: float) -> float:
    return float(f"{value:.10g}")
