"""Method "median": the median of several fits and estimates that fail differently.

Each member has its own idea of shape and baseline; where one is wrong the others seldom are, and
how far they are apart is the part of the uncertainty that no single fit knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import compress
from typing import Final

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.gridding import binned
from sacmes_core.analysis.members import Members, find_members
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray, PeakArrays
from sacmes_core.analysis.residuals import Residuals, residuals
from sacmes_core.analysis.smoothing import (
    noise_gain,
    remove_spikes,
    smooth,
    smoothing_windows,
    spike_windows,
)
from sacmes_core.settings.peak import PeakSettings

POINTS_MIN: Final = 15
AMBIGUOUS_SHARE: Final = 0.25
"""Standard deviation of the members' heights over their median from which on it is said."""
_BATCH: Final = 64
_ESTIMATES: Final = 4
"""Members that give a potential, a width and an area; the rubber band gives a height only."""
_FITS: Final = 3
_MODEL_SHARE: Final = 0.025
_GAIN_MIN: Final = 15.0
_SIGMAS_MIN: Final = 3.0
_RESIDUALS_MIN: Final = 8.0
_WIDTH_MAX_V: Final = 0.25
_EDGE_WIDTHS_MIN: Final = 0.45
_HULL_SHARE_MIN: Final = 0.5
_LOWEST_SHARE_MIN: Final = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class _Quantity:
    """The median of what the members say, and its standard error; shapes (n,)."""

    value: FloatArray
    error: FloatArray


def median_of_fits(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> PeakArrays:
    """Analyse n voltammograms of K points.

    Parameters
    ----------
    potential_v
        Shape (n, K), strictly ascending, in V.
    current_a
        Shape (n, K), difference current in A, finite.
    settings
        Spikes are removed first if the settings say so; smoothing is for the drawn curve only,
        the fits take the points as they are.

    Returns
    -------
    PeakArrays
        nan where a voltammogram has no peak: never 0.
    """
    count, points = current_a.shape
    if points < POINTS_MIN:
        return _too_few(current_a)
    cleaned = remove_spikes(
        current_a, *spike_windows(potential_v, np.full(count, np.nan), settings)
    )
    from_start = np.round(potential_v - potential_v[:, :1], 7)
    grids, which = np.unique(from_start, axis=0, return_inverse=True)
    which = which.reshape(-1)
    parts, order = [], []
    for k, x_v in enumerate(grids):
        rows = np.flatnonzero(which == k)
        for start in range(0, len(rows), _BATCH):
            some = rows[start : start + _BATCH]
            parts.append(_one_grid(x_v, potential_v[some, 0], cleaned[some], settings))
            order.append(some)
    return _joined(parts, np.argsort(np.concatenate(order)))


def _too_few(current_a: FloatArray) -> PeakArrays:
    none, blank = np.full(len(current_a), np.nan), np.full(current_a.shape, np.nan)
    return PeakArrays(
        height_a=none,
        height_se_a=none,
        potential_v=none,
        area_av=none,
        fwhm_v=none,
        smoothed_a=current_a,
        smoothed_noise_a=none,
        baseline_a=blank,
        flags=((flags.TOO_FEW_POINTS,),) * len(current_a),
    )


def _one_grid(
    x_v: FloatArray, origin_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> PeakArrays:
    scans = binned(x_v, current_a)
    members = find_members(scans)
    left = residuals(scans, members)
    height = _quantity(members.height_a, members.height_se_a)
    potential = _quantity(
        members.potential_v[:, :_ESTIMATES], members.potential_se_v, share_of=members.width_v
    )
    width = _quantity(members.width_v[:, :_ESTIMATES], members.width_se_v)
    area = _quantity(members.area_av[:, :_ESTIMATES], members.area_se_av)
    has_peak, at_edge = _is_peak(x_v, members, left, (height, potential, width))
    none = np.where(has_peak, 0.0, np.nan)
    grid_v = origin_v[:, np.newaxis] + x_v
    windows, degree = smoothing_windows(grid_v, width.value + none, settings)
    scale = height.value / np.maximum(members.peak_a.max(axis=1), np.finfo(float).tiny)
    upright = members.fit_a - members.peak_a * scale[:, np.newaxis]
    baseline = _on_grid(scans.x_v, upright * members.sign[:, np.newaxis], x_v)
    return PeakArrays(
        height_a=height.value * members.sign + none,
        height_se_a=height.error + none,
        potential_v=potential.value + origin_v + none,
        area_av=area.value * members.sign + none,
        fwhm_v=width.value + none,
        smoothed_a=smooth(current_a, windows, degree),
        smoothed_noise_a=point_noise_a(current_a) * noise_gain(windows, degree),
        baseline_a=baseline + none[:, np.newaxis],
        potential_se_v=potential.error + none,
        area_se_av=area.error + none,
        fwhm_se_v=width.error + none,
        flags=_codes(
            {
                flags.PEAK_AT_EDGE: at_edge,
                flags.SPIKES_REMOVED: scans.spikes > 0,
                flags.BASELINE_AMBIGUOUS: has_peak & _disagree(members, height.value),
                flags.POOR_FIT: has_peak & left.is_slow(height.value),
                flags.CURRENT_STEP: has_peak & left.is_step(height.value),
            }
        ),
    )


def _quantity(
    values: FloatArray, errors: FloatArray, share_of: FloatArray | None = None
) -> _Quantity:
    """Median over members; error: the fits' mean one, the members' spread and a model error.

    The model error is 2.5 % of the value, or for a potential 1 % of the width.
    """
    value = np.median(values, axis=1)
    if share_of is None:
        model = _MODEL_SHARE * value
    else:
        model = 0.01 * np.median(share_of[:, :_ESTIMATES], axis=1)
    fit = np.mean(errors[:, :_FITS] ** 2, axis=1)
    return _Quantity(value, np.sqrt(fit + values.var(axis=1) + model**2))


def _is_peak(
    x_v: FloatArray,
    members: Members,
    left: Residuals,
    quantities: tuple[_Quantity, _Quantity, _Quantity],
) -> tuple[BoolArray, BoolArray]:
    """Whether there is a peak at all, rather than noise, a tail, a step or a bend; shape (n,).

    All must hold: the likelihood is far higher with a peak; the height stands out of its own
    error and of the slow part of what no fit explains; the peak is no wider than peaks are; both
    of its flanks are in the window; and the members that see least still see half of it. The
    second answer is whether there may be one of which the window shows one flank only.
    """
    height, potential, width = quantities
    value = np.maximum(height.value, np.finfo(float).tiny)
    distance = np.minimum(potential.value - x_v[0], x_v[-1] - potential.value)
    is_inside = distance > _EDGE_WIDTHS_MIN * width.value
    is_there = (
        (height.value > 0)
        & (members.gain > _GAIN_MIN)
        & (height.value > _RESIDUALS_MIN * left.slow_a)
    )
    is_clear = (
        (height.value > _SIGMAS_MIN * height.error)
        & (width.value < _WIDTH_MAX_V)
        & (members.height_a[:, -1] > _HULL_SHARE_MIN * value)
        & (members.height_a.min(axis=1) > _LOWEST_SHARE_MIN * value)
    )
    return np.asarray(is_there & is_clear & is_inside), np.asarray(is_there & ~is_inside)


def _disagree(members: Members, height_a: FloatArray) -> BoolArray:
    return np.asarray(members.height_a.std(axis=1) > AMBIGUOUS_SHARE * height_a)


def _codes(raised: Mapping[str, BoolArray]) -> tuple[tuple[str, ...], ...]:
    rows = np.stack(list(raised.values()), axis=1)
    return tuple(tuple(compress(raised, row)) for row in rows)


def _on_grid(x_v: FloatArray, values: FloatArray, at_v: FloatArray) -> FloatArray:
    """Linear interpolation of rows, (n, K), at other potentials, continued beyond the ends."""
    below = np.clip(np.searchsorted(x_v, at_v) - 1, 0, len(x_v) - 2)
    share = (at_v - x_v[below]) / (x_v[below + 1] - x_v[below])
    return np.asarray(values[:, below] * (1 - share) + values[:, below + 1] * share)


def _joined(parts: list[PeakArrays], order: IntArray) -> PeakArrays:
    """Batches put together, in the order of the scans."""

    def all_of(name: str) -> FloatArray:
        return np.asarray(np.concatenate([getattr(part, name) for part in parts])[order])

    found = [codes for part in parts for codes in part.flags]
    names = [field.name for field in fields(PeakArrays) if field.name != "flags"]
    arrays = {name: all_of(name) for name in names}
    return PeakArrays(**arrays, flags=tuple(found[k] for k in order))
