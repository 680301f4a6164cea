"""What is wrong with a voltammogram or a peak, said in flags."""

import math
from functools import reduce

import numpy as np
from scipy.ndimage import uniform_filter1d

from sacmes_core import flags
from sacmes_core.analysis.misfits import UprightPeaks
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import BoolArray, FloatArray, PeakArrays
from sacmes_core.formats.scan import Curve

POINTS_MIN = 5
HELD_POINTS = 4
EDGE_WIDTHS = 0.5
_SECOND_SHARE = 0.2
_SECOND_SIGMAS = 6.0
_POOLED_POINTS = 4
_AVERAGED_V = 0.024
_OTHER_WAY_HEIGHTS = 0.5
_OTHER_WAY_RATIO = 2.0
_DIFFERENCE_TOLERANCE = 2e-3
_DIFFERENCE_SHARE = 0.98
_NEIGHBOURS = 10
_NOISE_SIGMAS = 5.0
_BEYOND_DIGITS = 2.5
_ROUNDING = 1e-9
_NOISE_DIGITS = 4.0
"""With noise of so many last digits, chance makes four equal values once in 2,000 runs of four."""


def current_flags(current_a: FloatArray) -> tuple[str, ...]:
    """Flags of the currents within the window, before any fit; shape (K,)."""
    if len(current_a) < POINTS_MIN:
        return (flags.TOO_FEW_POINTS,)
    held = _held(current_a)
    if len(held) == 0:
        return ()
    if current_a.min() == current_a.max():
        return (flags.CONSTANT,)
    noise_a = float(point_noise_a(current_a[np.newaxis])[0])
    step_a = _smallest_step(current_a)
    extremes = (current_a.min(), current_a.max())
    clipped = [run for run in held if current_a[run[0]] in extremes]
    stuck = [run for run in held if current_a[run[0]] not in extremes]
    found = []
    if any(_stands_still(current_a, run, noise_a, step_a) for run in clipped):
        found.append(flags.SATURATED)
    if any(
        _is_left(current_a, *run, step_a) and _stands_still(current_a, run, noise_a, step_a)
        for run in stuck
    ):
        found.append(flags.DROPOUT)
    return tuple(found)


def holds_a_value(current_a: FloatArray) -> BoolArray:
    """Whether a current keeps one value over `HELD_POINTS` or more, of currents (..., K); (...).

    Without that `current_flags` has nothing to say of five points or more.
    """
    same = current_a[..., 1:] == current_a[..., :-1]
    last = current_a.shape[-1] - HELD_POINTS
    runs = [same[..., k : max(0, last + k + 1)] for k in range(HELD_POINTS - 1)]
    return np.asarray(reduce(np.logical_and, runs).any(axis=-1))


def peak_flags(
    found: PeakArrays, potential_v: FloatArray, smoothed_a: FloatArray, sigmas_min: float
) -> dict[str, BoolArray]:
    """Which flags hold for n peaks that were found or not, shapes (n,).

    Potentials, ascending, and smoothed currents have the shape (n, K). Below `sigmas_min` of its
    standard errors a height is too noisy.
    """
    is_there = np.isfinite(found.height_a) & np.isfinite(found.potential_v)
    distance = np.minimum(
        found.potential_v - potential_v[:, 0], potential_v[:, -1] - found.potential_v
    )
    is_inside = distance >= EDGE_WIDTHS * found.fwhm_v
    is_noisy = np.abs(found.height_a) < sigmas_min * found.height_se_a
    return {
        flags.NO_PEAK: ~is_there,
        flags.PEAK_AT_EDGE: is_there & ~is_inside,
        flags.TOO_NOISY: is_there & np.isfinite(found.height_se_a) & is_noisy,
        flags.SECOND_PEAK: has_second_peak(smoothed_a, found.height_a, found.smoothed_noise_a),
    }


def has_second_peak(smoothed_a: FloatArray, height_a: FloatArray, noise_a: FloatArray) -> BoolArray:
    """Whether n smoothed voltammograms, shape (n, K), have another peak worth mentioning; (n,).

    Another one counts from a fifth of the height on, by its prominence, if it stands well out of
    what noise the smoothing left, of standard deviation `noise_a`. Heights of nan or 0 are none.
    """
    upright = np.ascontiguousarray(smoothed_a.T) * np.copysign(1.0, height_a)
    prominence = np.fmax(_SECOND_SHARE * np.abs(height_a), _SECOND_SIGMAS * noise_a)
    is_second = np.isfinite(height_a) & (height_a != 0)
    is_second &= _deepest_valley(*_pooled(upright), prominence) >= prominence
    some = np.flatnonzero(is_second)
    there = upright[:, some]
    is_second[some] = _deepest_valley(there, there, prominence[some]) >= prominence[some]
    return np.asarray(is_second)


def _pooled(upright_a: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The highest and the lowest of every few points, of columns (K, n)."""
    last = len(upright_a) - 1
    starts = np.arange(0, last + 1, _POOLED_POINTS)
    parts = [upright_a[np.minimum(starts + k, last)] for k in range(_POOLED_POINTS)]
    return reduce(np.maximum, parts), reduce(np.minimum, parts)


def _deepest_valley(high_a: FloatArray, low_a: FloatArray, prominence_a: FloatArray) -> FloatArray:
    """How deep n curves fall at most between two tops that rise by their prominence, shape (n,).

    Curves are columns, (K, n), since numpy runs along many of them at once. With the highest and
    the lowest of several points it is no less than that of the points. Two such tops rise, fall,
    rise and fall by their prominence, and what does so has two.
    """
    before = _top_so_far(high_a, low_a, prominence_a)
    after = _top_so_far(high_a[::-1], low_a[::-1], prominence_a)[::-1]
    return np.asarray((np.minimum(before, after) - low_a).max(axis=0))


def _top_so_far(high_a: FloatArray, low_a: FloatArray, prominence_a: FloatArray) -> FloatArray:
    """The largest value up to each place that rises by the prominence over one before, (K, n)."""
    risen = high_a - np.minimum.accumulate(low_a, axis=0)
    tops = np.where(risen >= prominence_a, high_a, -np.inf)
    return np.asarray(np.maximum.accumulate(tops, axis=0))


def turns_other_way(x_v: FloatArray, current_a: FloatArray, found: UprightPeaks) -> BoolArray:
    """Whether n currents turn far more the other way than they do at their peaks, shape (n,).

    A bent baseline makes a dip of the foot of a peak, and the other way round. Then the current
    itself, averaged over 24 mV, has a valley somewhere that is deeper than half of the height
    and than twice the prominence of the apex. Potentials `x_v` (K,) ascend, `current_a` is (n, K).
    """
    size = max(1, round(_AVERAGED_V / float(np.median(np.diff(x_v)))))
    smooth = uniform_filter1d(current_a * found.sign[:, np.newaxis], size, axis=1)
    valley = _over_both_sides(-smooth).max(axis=1)
    is_near = np.abs(x_v - found.potential_v[:, np.newaxis]) <= found.width_v[:, np.newaxis] / 2
    top = np.where(is_near, _over_both_sides(smooth), 0.0).max(axis=1)
    least = np.maximum(_OTHER_WAY_HEIGHTS * found.height_a, _OTHER_WAY_RATIO * top)
    return np.asarray(valley > least)


def _over_both_sides(values: FloatArray) -> FloatArray:
    """How far each value stands above the lowest ones before and after it, shape (n, K)."""
    before = np.minimum.accumulate(values, axis=1)
    after = np.minimum.accumulate(values[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(values - np.maximum(before, after))


def difference_agrees(difference: Curve, forward: Curve, reverse: Curve) -> bool:
    """Whether the difference current is forward minus reverse, to the digits that are written."""
    lengths = {len(curve.current_a) for curve in (difference, forward, reverse)}
    if len(lengths) > 1:
        return False
    rows = [
        (d, f, r)
        for d, f, r in zip(difference.current_a, forward.current_a, reverse.current_a, strict=True)
        if not (math.isnan(d) or math.isnan(f) or math.isnan(r))
    ]
    agreeing = sum(
        abs(d - (f - r)) <= _DIFFERENCE_TOLERANCE * max(abs(d), abs(f), abs(r)) for d, f, r in rows
    )
    return agreeing >= _DIFFERENCE_SHARE * len(rows)


def _held(current_a: FloatArray) -> list[tuple[int, int]]:
    """Where the current keeps one value over `HELD_POINTS` or more: first point, point after."""
    if not holds_a_value(current_a):
        return []
    same = current_a[1:] == current_a[:-1]
    padded = np.concatenate([[False], same, [False]])
    starts = np.flatnonzero(padded[1:] & ~padded[:-1])
    ends = np.flatnonzero(padded[:-1] & ~padded[1:]) + 1
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if b - a >= HELD_POINTS]


def _is_left(current_a: FloatArray, start: int, end: int, step_a: float) -> bool:
    """Whether the current leaves, or comes to, a value that it held by more than written digits.

    Two points in a row must say so: a single one beside a flat part is a spike.
    """
    sides = (current_a[max(0, start - 2) : start], current_a[end : end + 2])
    away = [np.abs(side - current_a[start]).min(initial=np.inf) for side in sides if len(side)]
    return bool(max(away, default=0.0) > _BEYOND_DIGITS * step_a)


def _stands_still(
    current_a: FloatArray, run: tuple[int, int], noise_a: float, step_a: float
) -> bool:
    """Whether the current holds its value over a run where it would have gone on.

    Few written digits also make the top of a smooth peak flat; there a parabola through the
    points on both sides does not go beyond it. The same holds for the steps of a converter,
    which are no decimal digits.
    """
    start, end = run
    near = current_a[max(0, start - _NEIGHBOURS) : end + _NEIGHBOURS]
    digit = max(_last_digit(near), step_a)
    if noise_a > _NOISE_DIGITS * digit:
        return True
    return _beyond(current_a, start, end) > max(_BEYOND_DIGITS * digit, _NOISE_SIGMAS * noise_a)


def _beyond(current_a: FloatArray, start: int, end: int) -> float:
    """How far from its plateau, points start to end, the current would be without it, in A."""
    left = np.arange(max(0, start - _NEIGHBOURS // 2), start)
    right = np.arange(end, min(len(current_a), end + _NEIGHBOURS // 2))
    plateau = float(current_a[start])
    if min(len(left), len(right)) < 3:
        sides = [current_a[side[edge]] for side, edge in ((left, -1), (right, 0)) if len(side)]
        return float(max((abs(value - plateau) for value in sides), default=0.0))
    middle = (start + end - 1) / 2
    around = np.concatenate([left, right])
    bend = np.polynomial.Polynomial.fit(around - middle, current_a[around], 2)
    return abs(float(bend(0.0)) - plateau)


def _smallest_step(current_a: FloatArray) -> float:
    """The smallest step between neighbouring points that is no rounding error."""
    steps = np.abs(np.diff(current_a))
    return float(steps[steps > _ROUNDING * np.ptp(current_a)].min())


def _last_digit(near: FloatArray) -> float:
    """The step of the last written digit, judged by the values near an extreme."""
    largest = float(np.max(np.abs(near)))
    if largest == 0:
        return 0.0
    written = max(len(f"{abs(v):.11e}".split("e")[0].replace(".", "").rstrip("0")) for v in near)
    return float(10.0 ** (math.floor(math.log10(largest)) - written + 1))
