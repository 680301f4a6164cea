"""Axes of charts: prefixes, bounds that stand still while numbers come in, and thinning."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
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


def calm_bounds(values: Iterable[float | None], *, headroom: float = 0.05) -> list[float] | None:
    """Bounds that hold all values and move only in round steps as values are added.

    Returns
    -------
    list of two float, or None
        None without a value.
    """
    finite = [v for v in values if v is not None and math.isfinite(v)]
    if not finite:
        return None
    low, high = min(finite), max(finite)
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
    finite = [v for v in values if v is not None and math.isfinite(v)]
    if not finite:
        return None
    first, span = min(finite), max(max(finite) - min(finite), 1.0)
    step = _round_step(span / 8)
    width = max(step, math.ceil(1.01 * span / step) * step)
    return [_tidy(first - 0.015 * width), _tidy(first + width)]


def thinned(values: Sequence[float | None], limit: int = DRAWN_POINTS) -> npt.NDArray[np.intp]:
    """Indices to draw: all, or the lowest and highest of each of `limit / 2` buckets.

    Extremes, the first and the last point stay, and so does one point of each gap.
    """
    count = len(values)
    if count <= limit:
        return np.arange(count)
    y = np.array([math.nan if v is None else v for v in values], dtype=np.float64)
    edges = np.linspace(0, count, limit // 2 + 1).astype(np.intp)
    kept = {0, count - 1}
    for start, end in pairwise(edges):
        bucket = y[start:end]
        holes = np.isnan(bucket)
        if holes.any():
            kept.add(int(start + np.argmax(holes)))
        if not holes.all():
            kept.add(int(start + np.nanargmin(bucket)))
            kept.add(int(start + np.nanargmax(bucket)))
    return np.array(sorted(kept), dtype=np.intp)


def _round_step(size: float) -> float:
    power = 10.0 ** math.floor(math.log10(size))
    for factor in (1, 2, 5):
        if size <= factor * power * (1 + 1e-9):
            return factor * power
    return 10 * power


def _tidy(value: float) -> float:
    return float(f"{value:.10g}")
