"""What a peak on a smooth baseline leaves unexplained: jumps, dropouts, second peaks, humps.

One linear fit of all that a good scan may hold is taken off each voltammogram. What is left is
asked by score tests (Rao, Math. Proc. Camb. Phil. Soc. 44 (1948) 50,
doi:10.1017/S0305004100023987) whether a step, a box or another peak somewhere would explain more
than noise does. Such a test needs no further fit: it compares the residual with that part of the
template which the fit could not have swallowed.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import expit

from sacmes_core.analysis.backgrounds import Background, Basis, basis, curved, joined
from sacmes_core.analysis.gridding import Binned, on_grid
from sacmes_core.analysis.noise import averaged, coloured_noise_a, point_noise_a, quieter_sigma
from sacmes_core.analysis.peaks import BoolArray, FloatArray
from sacmes_core.analysis.shapes import physical_shape

_MODEL_ERROR: Final = 0.02
_SHAPE_SPREADS: Final = 1.5
"""By so much more than simulated couples do may a peak's shape differ at no cost."""
_PLACE_SPREAD: Final = 0.3
"""Of the peak's potential over its width, and of ln width: the judged place is not this fit's."""
_TAIL_V: Final = 0.05
_TAIL_SPREAD: Final = 0.3
_WAVES_FROM_END_V: Final = np.array([0.06, 0.09])
_WAVE_V: Final = 0.02
_WAVE_SPREADS: Final = (1.0, 0.07)
"""The second lets the wave lie a little farther in; more of it would swallow second peaks."""
_HEIGHT_MIN: Final = 1e-3
"""Share of the current's range; lower peaks are none and only must not upset the numbers."""
_ROUNDING: Final = 1e-9
_STEP_SCORE_MIN: Final = 3.7
_SECOND_SCORE_MIN: Final = 3.0
_BOX_SCORE_MIN: Final = 5.0
"""As many standard deviations as good scans with white noise hardly reach."""
_COLOURED_SCORE_MIN: Final = 5.0
_COLOURED_FROM: Final = 1.2
_COLOURED_TO: Final = 1.8
"""Noise over 24 mV, in white noise: between these the least scores rise to that of all kinds."""
_SECOND_MODEL_ERROR: Final = 0.035
"""Of a wide template, in heights: waves of the background look like low peaks."""
_SHARE_MIN: Final = 0.2
_SECOND_SHARE_MIN: Final = 0.2
_VISIBLE_MIN: Final = 0.3
"""A template of which the fit leaves less than so much, as a sum of squares, says nothing."""
_STEP_FROM_END_V: Final = 0.035
_SECOND_FROM_END_V: Final = 0.06
_SECOND_WIDTHS_V: Final = (0.06, 0.085, 0.12)
_SECOND_EVERY_V: Final = 0.01
_SECOND_WIDTHS_OFF: Final = 0.7
_BOX_BINS: Final = (2, 3, 5, 8, 12)
_BOX_MAX_V: Final = 0.05
_BOX_POINTS: Final = (3, 4, 6, 8, 12)
_SLOW_SHARE: Final = 0.06
_COLOURED_MAX: Final = 3.0
_BOX_WIDTH_MAX_V: Final = 0.05
_SIDE_SHARE: Final = 0.4
_SIDE_SIGMAS: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class UprightPeaks:
    """The peaks that were found in n voltammograms, shapes (n,); `sign` is −1 for dips.

    Heights are positive; potentials count from the same place as the grid.
    """

    potential_v: FloatArray
    width_v: FloatArray
    height_a: FloatArray
    sign: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Misfits:
    """What is wrong with n voltammograms, shapes (n,).

    Attributes
    ----------
    is_step, is_second, is_dropout
        The current jumps and stays there; there is another peak; some points in a row lie off
        the curve. At most one of them: the one that explains most.
    is_slow
        The fit misses something wide.
    is_box
        What was taken for a peak is some points in a row that lie off: no peak at all.
    slow_a
        Rms of the fit's residual averaged over 24 mV.
    slow_noise_a
        Standard deviation of the noise that such an average still has, white or not.
    coloured_a
        Standard deviation of one point's noise where that is coloured, else 0.
    """

    is_step: BoolArray
    is_second: BoolArray
    is_dropout: BoolArray
    is_slow: BoolArray
    is_box: BoolArray
    slow_a: FloatArray
    slow_noise_a: FloatArray
    coloured_a: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Templates:
    """What depends on the grid of K potentials alone.

    `sums` (K + 1, q) the basis cumulated; `seconds` (K, M) peaks at `seconds_v` (M,), their
    products with the basis squared (q, M) and with themselves (M,).
    """

    basis: Basis
    sums: FloatArray
    seconds_v: FloatArray
    seconds: FloatArray
    seconds_by_basis: FloatArray
    seconds_size: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Unexplained:
    """A linear fit taken off: `residual_a` (n, K), in units of the height.

    The fit swallows g_j (b_j · t)² of a template t by each part of the baseline, gains `gain`
    (n, q), and (p_k · t)² by each column of `peak` (n, s, K). `sigma` (n,) is the standard
    deviation of one point, `coloured` (n,) its noise by averages over that of neighbours.
    """

    residual: FloatArray
    peak: FloatArray
    gain: FloatArray
    sigma: FloatArray
    coloured: FloatArray


def find_misfits(
    x_v: FloatArray, scans: Binned, peaks: UprightPeaks, fit_a: FloatArray, noise_a: FloatArray
) -> Misfits:
    """Judge what peaks on smooth baselines leave of n voltammograms.

    Parameters
    ----------
    x_v
        Shape (P,), ascending: the potentials of the scans before binning.
    scans
        The same scans binned, K points.
    peaks
        What was found.
    fit_a
        Shape (n, K); the fit that the number comes from, peak and baseline, upright.
    noise_a
        Shape (n,); what that fit took for the noise of a binned point.
    """
    least = np.maximum(scans.noise_a, _HEIGHT_MIN * np.ptp(scans.current_a, axis=1))
    least += _ROUNDING * np.abs(scans.current_a).max(axis=1) + np.finfo(float).tiny
    height = np.maximum(peaks.height_a, least)
    templates = _templates(np.ascontiguousarray(scans.x_v).tobytes())
    left = _unexplained(scans, peaks, height, templates)
    points = scans.repaired_a * (peaks.sign / height)[:, np.newaxis]
    step = _steps(scans.x_v, left, templates)
    second = _seconds(peaks, left, templates)
    noise = point_noise_a(points)
    model = scans.current_a * (peaks.sign / height)[:, np.newaxis] - left.residual
    raw_box = _raw_boxes(x_v, points, noise, scans.x_v, model)
    box = np.maximum(_boxes(scans.x_v, left, templates), raw_box)
    scores = np.stack([step, second, box])
    scores = np.where(scores > _least_scores(left), scores, 0.0)
    best = scores.argmax(axis=0)
    is_one = scores.max(axis=0) > 0
    slow_a, is_slow = _slow(scans, peaks.sign[:, np.newaxis] * fit_a, height, noise_a)
    slow, size = averaged(scans.x_v, left.residual)
    return Misfits(
        is_step=is_one & (best == 0),
        is_second=is_one & (best == 1),
        is_dropout=is_one & (best == 2),
        is_slow=is_slow,
        is_box=_is_box(x_v, points, noise, peaks),
        slow_a=slow_a,
        slow_noise_a=quieter_sigma(slow) * height,
        coloured_a=coloured_noise_a(left.residual, slow, size) * height,
    )


@lru_cache(maxsize=16)
def _templates(grid: bytes) -> _Templates:
    x_v = np.frombuffer(grid)
    parts = basis(joined(curved(x_v), _other_end(x_v)))
    places = np.arange(
        x_v[0] + _SECOND_FROM_END_V, x_v[-1] - _SECOND_FROM_END_V + 1e-9, _SECOND_EVERY_V
    )
    seconds = np.empty((len(x_v), 0))
    if len(places):
        reduced = (x_v[:, np.newaxis, np.newaxis] - places) / np.array(_SECOND_WIDTHS_V)[
            :, np.newaxis
        ]
        seconds = physical_shape().at(reduced)[0][..., 0].reshape(len(x_v), -1)
    return _Templates(
        basis=parts,
        sums=_cumulated(parts.columns.T).T,
        seconds_v=np.tile(places, len(_SECOND_WIDTHS_V)),
        seconds=seconds,
        seconds_by_basis=(parts.columns.T @ seconds) ** 2,
        seconds_size=np.sum(seconds**2, axis=0),
    )


def _other_end(x_v: FloatArray) -> Background:
    """A tail at the upper end, and a wave near the lower one."""
    tail = np.exp((x_v - x_v[-1]) / _TAIL_V)
    waves = expit((x_v[0] + _WAVES_FROM_END_V - x_v[:, np.newaxis]) / _WAVE_V)
    return Background(np.column_stack([tail, waves]), np.array([_TAIL_SPREAD, *_WAVE_SPREADS]))


def _unexplained(
    scans: Binned, peaks: UprightPeaks, height_a: FloatArray, templates: _Templates
) -> _Unexplained:
    """Take off the shape's columns, their derivatives by Ep and ln w, and the baseline."""
    upright = scans.current_a * (peaks.sign / height_a)[:, np.newaxis]
    noise = scans.noise_a / height_a
    ratio = (noise**2 + _MODEL_ERROR**2)[:, np.newaxis]
    columns, gain = templates.basis.columns, 1 / (1 + ratio / templates.basis.sizes**2)
    reduced = (scans.x_v - peaks.potential_v[:, np.newaxis]) / peaks.width_v[:, np.newaxis]
    shape = physical_shape()
    values, slopes = shape.at(reduced)
    moved = np.stack([slopes[..., 0], slopes[..., 0] * reduced], axis=-1)
    peak = np.swapaxes(np.concatenate([values, moved], axis=-1), 1, 2)
    by_basis = peak @ columns
    outside = peak - (by_basis * gain[:, np.newaxis]) @ columns.T
    spreads = np.concatenate([_SHAPE_SPREADS * shape.spreads, [_PLACE_SPREAD, _PLACE_SPREAD]])
    prior = np.concatenate([[1e-6], 1 / spreads**2])
    normal = outside @ np.swapaxes(peak, 1, 2) + ratio[:, :, np.newaxis] * np.diag(prior)
    swallowing = np.linalg.solve(np.linalg.cholesky(normal), outside)
    residual = upright - ((upright @ columns) * gain) @ columns.T
    share = swallowing @ upright[:, :, np.newaxis]
    residual = residual - (np.swapaxes(swallowing, 1, 2) @ share)[:, :, 0]
    slow, size = averaged(scans.x_v, residual)
    slow_noise = _usual(slow, noise / np.sqrt(size)) * np.sqrt(size)
    sigma = np.hypot(slow_noise, _MODEL_ERROR)
    coloured = slow_noise / np.maximum(noise, np.finfo(float).tiny)
    return _Unexplained(residual, np.asarray(swallowing), gain, sigma, coloured)


def _steps(x_v: FloatArray, left: _Unexplained, templates: _Templates) -> FloatArray:
    """Largest score of a step, shape (n,)."""
    first, end = np.searchsorted(
        x_v, [x_v[0] + _STEP_FROM_END_V, x_v[-1] - _STEP_FROM_END_V], "right"
    )
    return _between(left, templates, [(slice(first, max(first, end)), slice(len(x_v), None))])


def _boxes(x_v: FloatArray, left: _Unexplained, templates: _Templates) -> FloatArray:
    """Largest score of a box of several bins, shape (n,); the end points often lie off alone."""
    step_v = float(np.median(np.diff(x_v)))
    return _between(
        left,
        templates,
        [
            (slice(1, len(x_v) - length, every), slice(1 + length, len(x_v), every))
            for length in _BOX_BINS
            for every in (max(1, length // 3),)
            if length * step_v < _BOX_MAX_V
        ],
    )


def _between(
    left: _Unexplained, templates: _Templates, spans: list[tuple[slice, slice]]
) -> FloatArray:
    """Largest score of 1 between two bins and 0 elsewhere, shape (n,), by cumulated sums.

    `spans` are the first bins, and those after the last ones.
    """

    def sums_of(sums: FloatArray) -> FloatArray:
        return np.concatenate([sums[..., last] - sums[..., first] for first, last in spans], -1)

    size = sums_of(np.arange(len(templates.sums), dtype=np.float64)) if spans else np.empty(0)
    if len(size) == 0:
        return np.zeros(len(left.sigma))
    swallowed = left.gain @ sums_of(templates.sums.T) ** 2
    peak = sums_of(_cumulated(left.peak))
    swallowed += np.einsum("nsm,nsm->nm", peak, peak)
    found, share = _scores(left, sums_of(_cumulated(left.residual)), size, swallowed)
    return np.asarray(np.where(np.abs(share) > _SHARE_MIN, np.abs(found), 0.0).max(axis=1))


def _seconds(peaks: UprightPeaks, left: _Unexplained, templates: _Templates) -> FloatArray:
    """Largest score of another peak of the same direction, shape (n,)."""
    if len(templates.seconds_v) == 0:
        return np.zeros(len(left.sigma))
    swallowed = left.gain @ templates.seconds_by_basis
    peak = left.peak @ templates.seconds
    product, swallowed = left.residual @ templates.seconds, swallowed + np.sum(peak**2, axis=1)
    found, share = _scores(left, product, templates.seconds_size, swallowed)
    distance = np.abs(templates.seconds_v - peaks.potential_v[:, np.newaxis])
    is_other = distance > _SECOND_WIDTHS_OFF * peaks.width_v[:, np.newaxis]
    return np.asarray(np.where(is_other & (share > _SECOND_SHARE_MIN), found, 0.0).max(axis=1))


def _scores(
    left: _Unexplained, product: FloatArray, size: FloatArray, swallowed: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Standard normal score and size in heights of templates, shapes (n, M).

    `product` (n, M) is that with the residual, `size` (M,) that with themselves, of which the
    fit swallows `swallowed` (n, M).
    """
    visible = size - swallowed
    is_visible = visible > _VISIBLE_MIN
    visible = np.where(is_visible, visible, 1.0)
    product = np.where(is_visible, product, 0.0)
    return product / np.sqrt(visible) / left.sigma[:, np.newaxis], product / visible


def _least_scores(left: _Unexplained) -> FloatArray:
    """From which score on a step, another peak and a box count, shape (3, n)."""
    share = (left.coloured - _COLOURED_FROM) / (_COLOURED_TO - _COLOURED_FROM)
    white = np.array([[_STEP_SCORE_MIN], [_SECOND_SCORE_MIN], [_BOX_SCORE_MIN]])
    least = white + (_COLOURED_SCORE_MIN - white) * np.clip(share, 0.0, 1.0)
    wave = _SECOND_SCORE_MIN * np.hypot(1.0, _SECOND_MODEL_ERROR / left.sigma)
    return np.stack([least[0], np.maximum(least[1], wave), least[2]])


def _raw_boxes(
    x_v: FloatArray, points: FloatArray, noise: FloatArray, bins_v: FloatArray, model: FloatArray
) -> FloatArray:
    """Largest score of a few points in a row that bins average away, shape (n,).

    `points` (n, P) and their `noise` (n,) are in units of the height, as is the `model` (n, K).
    What a peak's fit swallows of so few points is little and left out.
    """
    best = np.zeros(len(points))
    if len(x_v) == len(bins_v):
        return best
    sums = _cumulated((points - on_grid(bins_v, model, x_v))[:, 1:-1])
    for length in _BOX_POINTS:
        level = np.abs(sums[:, length:] - sums[:, :-length]) / length
        usual = _usual(level[:, ::length], noise / np.sqrt(length))
        sigma = np.hypot(usual, _MODEL_ERROR)
        largest = level.max(axis=1)
        best = np.maximum(best, np.where(largest > _SHARE_MIN, largest / sigma, 0.0))
    return best


def _usual(averages: FloatArray, white: FloatArray) -> FloatArray:
    """Standard deviation of averages of the residual, shape (n,), where there is nothing to find.

    Noise that is not white counts as what it is, up to thrice what `white` noise alone gives.
    """
    return np.clip(quieter_sigma(averages), white, _COLOURED_MAX * white)


def _cumulated(values: FloatArray) -> FloatArray:
    """Sums of all values before each place along the last axis, which grows by one."""
    sums = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values, axis=-1, out=sums[..., 1:])
    return sums


def _slow(
    scans: Binned, fit_a: FloatArray, height_a: FloatArray, noise_a: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Rms of the fit's residual averaged over 24 mV, and whether the fit misses something wide."""
    residual = np.where(scans.weights > 0, scans.current_a - fit_a, 0.0)
    slow, size = averaged(scans.x_v, residual)
    slow_a = np.sqrt(np.mean(slow**2, axis=1))
    limit = np.hypot(_SLOW_SHARE * height_a, 2 * noise_a / np.sqrt(size))
    return slow_a, np.asarray(slow_a > limit)


def _is_box(
    x_v: FloatArray, points: FloatArray, noise: FloatArray, peaks: UprightPeaks
) -> BoolArray:
    """Whether narrow peaks have vertical sides: jumps between neighbouring points, shape (n,)."""
    jumps = np.diff(points, axis=1)
    middle = (x_v[1:] + x_v[:-1]) / 2
    from_peak = middle - peaks.potential_v[:, np.newaxis]
    reach = (peaks.width_v / 2 + 3 * np.median(np.diff(x_v)))[:, np.newaxis]
    rise = np.where((from_peak <= 0) & (from_peak > -reach), jumps, 0.0).max(axis=1)
    fall = np.where((from_peak >= 0) & (from_peak < reach), -jumps, 0.0).max(axis=1)
    limit = np.hypot(_SIDE_SHARE, _SIDE_SIGMAS * np.sqrt(2) * noise)
    return np.asarray((peaks.width_v < _BOX_WIDTH_MAX_V) & (np.minimum(rise, fall) > limit))
