"""Where a peak is, and how high, wide and large it is over a baseline that has been taken off.

Every number comes with the weights of the points in it, so that noise can be carried through.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import savgol_filter

from sacmes_core.analysis.baseline import hull_edge, line_through
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import FloatArray, IntArray

Direction = Literal["either", "up", "down"]

USUAL_WIDTH_V: Final = 0.1
WIDTH_LEAST_V: Final = 0.025
"""What is narrower is a spike or noise; the peak of a two-electron couple has 45 mV."""
BEND_SIGMA_V: Final = 0.035
LOBE_SHARE: Final = 0.12
"""Least bend the other way beside a peak, relative to that at its apex."""
LOBE_V: Final = 0.1
HALF_SEEN: Final = 0.6
EDGE_V: Final = 0.045
"""A side shorter than `LOBE_V` need not show its bend; nearer to an end than this is no peak."""
HULL_WINDOW_V: Final = 0.03
APEX_WIDTHS: Final = 0.25
"""The apex is a parabola through the points so many widths to either side."""
_SEARCH_WIDTHS: Final = 0.75
_POINTS_LEAST: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where each peak roughly is; shapes (n,).

    Attributes
    ----------
    height_a
        Over the edge of the hull; less where the peak is too near to an end to be seen whole.
    sign
        1 where the peak points upwards, −1 downwards.
    sigmas
        How far its bend stands out of white noise; 0 where nothing bends like a peak.
    """

    potential_v: FloatArray
    width_v: FloatArray
    height_a: FloatArray
    sign: FloatArray
    sigmas: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Numbers of n peaks, nan where there is none, and the weights of the K points in each.

    A change of the currents by δ, shape (n, K), changes a number by Σ weights · δ.
    """

    height_a: FloatArray
    potential_v: FloatArray
    width_v: FloatArray
    area_av: FloatArray
    height_weights: FloatArray
    potential_weights: FloatArray
    width_weights: FloatArray
    area_weights: FloatArray


def find_start(potential_v: FloatArray, current_a: FloatArray, direction: Direction) -> Start:
    """Find where each current bends most like a peak, shapes (n, K).

    The curvature is judged under a Gaussian of 35 mV. A peak bends one way at its apex and the
    other way on both sides; a tail has one bend, a step has one of each. Between a bend upwards
    and one downwards the larger product of curvature and height over the hull's edge decides: the
    dip beside a peak bends as much as the peak or is as deep, but not both.
    """
    noise = point_noise_a(current_a) + np.finfo(float).eps * np.abs(current_a).max(axis=1)
    without_spikes = _running_median(current_a)
    up = _one_way(potential_v, without_spikes, noise)
    if direction == "up":
        return up
    down = _one_way(potential_v, -without_spikes, noise)
    choose_down = down.sigmas * down.height_a > up.sigmas * up.height_a
    if direction == "down":
        choose_down = np.full(len(current_a), True)
    return Start(
        np.where(choose_down, down.potential_v, up.potential_v),
        np.where(choose_down, down.width_v, up.width_v),
        np.where(choose_down, down.height_a, up.height_a),
        np.where(choose_down, -1.0, 1.0),
        np.where(choose_down, down.sigmas, up.sigmas),
    )


def read_peaks(potential_v: FloatArray, over_a: FloatArray, start: Start) -> Reading:
    """Read upright peaks off currents without their baseline, shapes (n, K).

    The apex is that of a parabola through the points within a quarter of the width; the width is
    full at half height between interpolated crossings; the area ends where the current first
    meets the baseline on either side, or at the end of the window.
    """
    rows = np.arange(len(over_a))
    near = np.abs(potential_v - start.potential_v[:, np.newaxis])
    searched = near <= np.maximum(_SEARCH_WIDTHS * start.width_v, 0)[:, np.newaxis]
    top = np.where(searched, over_a, -np.inf).argmax(axis=1)
    apex = _parabola(potential_v, over_a, potential_v[rows, top], APEX_WIDTHS * start.width_v)
    half = _crossings(potential_v, over_a, top, apex.height_a / 2)
    to_half = apex.height_weights[:, np.newaxis, :] / 2 - half.weights
    moved = to_half / half.slope[..., np.newaxis]
    area, area_weights = _area(potential_v, over_a, top)
    none = np.where(np.isfinite(half.right_v - half.left_v), 0.0, np.nan)
    return Reading(
        height_a=apex.height_a + none,
        potential_v=apex.potential_v + none,
        width_v=half.right_v - half.left_v,
        area_av=area + none,
        height_weights=apex.height_weights,
        potential_weights=apex.potential_weights,
        width_weights=moved[:, 1] - moved[:, 0],
        area_weights=area_weights,
    )


def step_v(potential_v: FloatArray) -> FloatArray:
    """Mean step of each row in V, shape (n,)."""
    return np.asarray((potential_v[:, -1] - potential_v[:, 0]) / (potential_v.shape[1] - 1))


@dataclass(frozen=True, slots=True, eq=False)
class _Apex:
    height_a: FloatArray
    potential_v: FloatArray
    height_weights: FloatArray
    potential_weights: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Crossings:
    """Where a current falls through a level to the left and right of its peak.

    `weights` are those of the current there, shape (n, 2, K); `slope` in A/V, shape (n, 2).
    """

    left_v: FloatArray
    right_v: FloatArray
    weights: FloatArray
    slope: FloatArray


def _one_way(potential_v: FloatArray, upright_a: FloatArray, noise_a: FloatArray) -> Start:
    """Where currents bend downwards most strongly, and the peak over the hull's edge there."""
    each = np.arange(len(upright_a))
    apex, sigmas = np.zeros(len(upright_a), dtype=np.intp), np.zeros(len(upright_a))
    trust, smoothed = np.ones(len(upright_a)), np.empty_like(upright_a)
    step = step_v(potential_v)
    for rounded in np.unique(np.round(step, 6)):
        rows = np.flatnonzero(np.round(step, 6) == rounded)
        kernel = _bend_kernel(float(rounded), potential_v.shape[1])
        reach = len(kernel) // 2
        wide = np.pad(upright_a[rows], ((0, 0), (reach, reach)), "reflect", reflect_type="odd")
        bend = sliding_window_view(wide, len(kernel), axis=1) @ kernel
        found = _strongest(bend, EDGE_V / rounded, LOBE_V / rounded)
        apex[rows], strength, trust[rows] = found
        sigmas[rows] = strength / np.maximum(
            np.sqrt(np.sum(kernel**2)) * noise_a[rows], np.finfo(float).tiny
        )
        window = min(round(HULL_WINDOW_V / rounded), potential_v.shape[1] // 2 - 1) | 1
        smoothed[rows] = savgol_filter(upright_a[rows], max(window, 3), 2, axis=1)
    left, right = hull_edge(potential_v, smoothed, apex)
    over = smoothed - line_through(potential_v, smoothed, left, right)
    height = over[each, apex]
    half = _crossings(potential_v, over, apex, height / 2)
    width = half.right_v - half.left_v
    width = np.where(np.isfinite(width) & (width > 0), width, USUAL_WIDTH_V)
    sigmas = np.where(width < WIDTH_LEAST_V, 0.0, sigmas)
    return Start(potential_v[each, apex], width, height * trust, np.ones(len(apex)), sigmas)


def _running_median(current_a: FloatArray) -> FloatArray:
    """The median of each point and its neighbours, two to either side: a lone spike is gone."""
    wide = np.pad(current_a, ((0, 0), (2, 2)), "reflect")
    return np.asarray(np.median(sliding_window_view(wide, 5, axis=1), axis=2))


def _bend_kernel(step_v: float, count: int) -> FloatArray:
    """Minus the second derivative of a Gaussian, without mean and slope, odd length."""
    reach = min(round(3 * BEND_SIGMA_V / step_v), count - 1)
    x = np.arange(-reach, reach + 1) * step_v / BEND_SIGMA_V
    kernel = (1 - x**2) * np.exp(-(x**2) / 2)
    return np.asarray(kernel - kernel.mean())


def _strongest(
    bend: FloatArray, edge: float, lobe: float
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Place, size and trust of the bend most like a peak's, shape (n, K); size 0 for none.

    It lies `edge` points from both ends, and on either side the current bends the other way;
    where a side is shorter than `lobe` points that cannot be seen, and it counts for less.
    """
    count = bend.shape[1]
    from_start = np.arange(count)
    from_end = count - 1 - from_start
    is_top = np.zeros(bend.shape, dtype=bool)
    inner = bend[:, 1:-1]
    is_top[:, 1:-1] = (inner > bend[:, :-2]) & (inner >= bend[:, 2:]) & (inner > 0)
    is_top &= np.minimum(from_start, from_end) >= edge
    before = np.minimum.accumulate(bend, axis=1)
    after = np.minimum.accumulate(bend[:, ::-1], axis=1)[:, ::-1]
    is_top &= (before <= -LOBE_SHARE * bend) | (from_start < lobe)
    is_top &= (after <= -LOBE_SHARE * bend) | (from_end < lobe)
    trust = np.where(np.minimum(from_start, from_end) < lobe, HALF_SEEN, 1.0)
    tops = np.where(is_top, bend, 0.0)
    place = (tops * trust).argmax(axis=1)
    return place, tops[np.arange(len(bend)), place], trust[place]


def _parabola(
    potential_v: FloatArray, over_a: FloatArray, at_v: FloatArray, reach_v: FloatArray
) -> _Apex:
    """The apex of the least-squares parabola through the points near `at_v`; nan if outside."""
    reach = np.maximum(reach_v, 2.01 * step_v(potential_v))[:, np.newaxis]
    x = (potential_v - at_v[:, np.newaxis]) / reach
    inside = (np.abs(x) <= 1).astype(np.float64)
    powers = np.stack([np.ones_like(x), x, x * x], axis=2) * inside[..., np.newaxis]
    moments = np.einsum("nkp,nkq->npq", powers, powers)
    enough = inside.sum(axis=1) >= 4
    moments[~enough] = np.eye(3)
    solving = np.einsum("npq,nkq->npk", np.linalg.inv(moments), powers)
    level, slope, bend = np.einsum("npk,nk->pn", solving, over_a)
    bend = np.where(enough & (bend < 0), bend, np.nan)
    place = -slope / (2 * bend)
    place = np.where(np.abs(place) <= 1, place, np.nan)
    height_weights = (
        solving[:, 0]
        + np.einsum("n,nk->nk", place, solving[:, 1])
        + np.einsum("n,nk->nk", place**2, solving[:, 2])
    )
    moved = -(solving[:, 1] + 2 * place[:, np.newaxis] * solving[:, 2]) / (2 * bend)[:, np.newaxis]
    return _Apex(
        level + place * slope + place**2 * bend,
        at_v + place * reach[:, 0],
        height_weights,
        moved * reach,
    )


def _crossings(
    potential_v: FloatArray, over_a: FloatArray, top: IntArray, level_a: FloatArray
) -> _Crossings:
    count = potential_v.shape[1]
    rows, index = np.arange(len(top)), np.arange(count)
    low = over_a <= level_a[:, np.newaxis]
    before = np.where(low & (index < top[:, np.newaxis]), index, -1).max(axis=1)
    after = np.where(low & (index > top[:, np.newaxis]), index, count).min(axis=1)
    places, slopes = [], []
    weights = np.zeros((len(top), 2, count))
    for side, (found, outer, inner) in enumerate(
        (
            (before >= 0, np.maximum(before, 0), np.maximum(before, 0) + 1),
            (after < count, np.minimum(after, count - 1), np.minimum(after, count - 1) - 1),
        )
    ):
        below, above = over_a[rows, outer], over_a[rows, inner]
        run = potential_v[rows, inner] - potential_v[rows, outer]
        rise = np.where(found & (above != below), above - below, np.nan)
        share = (level_a - below) / rise
        places.append(potential_v[rows, outer] + share * run)
        slopes.append(rise / run)
        weights[rows, side, outer] = 1 - share
        weights[rows, side, inner] = share
    return _Crossings(places[0], places[1], weights, np.stack(slopes, axis=1))


def _area(
    potential_v: FloatArray, over_a: FloatArray, top: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Area by trapezoids between the feet of each peak, and the weights of the points in it."""
    index = np.arange(potential_v.shape[1])
    low = over_a <= 0
    left = np.where(low & (index < top[:, np.newaxis]), index, 0).max(axis=1)
    right = np.where(low & (index > top[:, np.newaxis]), index, index[-1]).min(axis=1)
    run = np.diff(potential_v, axis=1)
    within = (index[:-1] >= left[:, np.newaxis]) & (index[:-1] < right[:, np.newaxis])
    run = np.where(within, run, 0.0)
    weights = np.zeros_like(over_a)
    weights[:, :-1] += run / 2
    weights[:, 1:] += run / 2
    weights = np.where(low, 0.0, weights)
    return np.sum(weights * over_a, axis=1), weights
