"""A sinusoid through a whole voltammogram, as mains make it, found and taken off.

A square-wave voltammogram samples mains once a step, so that they are one line in its spectrum, at
so many cycles a volt. What is smooth, peak and baseline, is taken off by least squares with cubic
splines. A line is where the spectrum of the rest stands out of its neighbourhood by more than
noise does (Fisher, Proc. R. Soc. A 125 (1929) 54, doi:10.1098/rspa.1929.0151, with the
neighbourhood for the whole, since noise need not be white). Its amplitude, phase and frequency are
fitted together with the splines, so that nothing of a peak goes with it.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from scipy.interpolate import BSpline

from sacmes_core.analysis.peaks import FloatArray, IntArray

KNOTS_V: Final = 0.02
"""What takes twice as long to come back is smooth."""
LINES_MAX: Final = 3
"""Mains and such harmonics as matter."""
_FALSE_ALARMS: Final = 1e-3
"""Share of the scans without mains in which there seems to be a line."""
_NEAR: Final = 10
_BESIDE: Final = 2
"""So many frequencies on either side say what the spectrum is without the line, from the second
one on: the first ones have a part in it."""
_SHARE_MIN: Final = 0.005
"""Amplitude over the range of the current; a smaller line does no harm."""
_STEPS: Final = 3


def mains_a(x_v: FloatArray, current_a: FloatArray) -> FloatArray:
    """The sinusoids in n voltammograms on one grid, shape (n, K); zeros where there is none.

    Parameters
    ----------
    x_v
        Shape (K,), ascending, evenly spaced.
    current_a
        Shape (n, K), without spikes.
    """
    found = np.zeros_like(current_a)
    smooth = _smooth(np.ascontiguousarray(x_v).tobytes())
    left_a = _without(smooth, current_a)
    least_a = _SHARE_MIN * np.ptp(current_a, axis=1)
    rows = np.arange(len(current_a))
    for _ in range(LINES_MAX):
        some, per_v = _lines(x_v, left_a[rows])
        if len(some) == 0:
            break
        line_a, amplitude_a = _fitted(x_v, smooth, left_a[rows[some]], per_v)
        is_large = amplitude_a > least_a[rows[some]]
        rows = rows[some[is_large]]
        found[rows] += line_a[is_large]
        left_a[rows] -= _without(smooth, line_a[is_large])
    return found


@lru_cache(maxsize=32)
def _smooth(grid: bytes) -> FloatArray:
    """Orthonormal columns that span the cubic splines on a grid, shape (K, q)."""
    x_v = np.frombuffer(grid)
    knots_v = np.linspace(x_v[0], x_v[-1], 1 + max(1, round((x_v[-1] - x_v[0]) / KNOTS_V)))
    padded_v = np.concatenate([knots_v[[0, 0, 0]], knots_v, knots_v[[-1, -1, -1]]])
    columns, _ = np.linalg.qr(BSpline.design_matrix(x_v, padded_v, 3).toarray())
    return np.asarray(columns)


def _without(smooth: FloatArray, current_a: FloatArray) -> FloatArray:
    """Currents (…, K) less what is smooth of them."""
    return np.asarray(current_a - (current_a @ smooth) @ smooth.T)


def _spacing_per_v(x_v: FloatArray) -> float:
    """Between neighbouring frequencies of the spectrum, in cycles a volt."""
    return (len(x_v) - 1) / len(x_v) / float(x_v[-1] - x_v[0])


def _lines(x_v: FloatArray, left_a: FloatArray) -> tuple[IntArray, FloatArray]:
    """Which of n voltammograms have a line, and at how many cycles a volt, shapes (m,)."""
    spacing_per_v = _spacing_per_v(x_v)
    lowest = int(0.5 / KNOTS_V / spacing_per_v) + 2
    power = np.abs(np.fft.rfft(left_a, axis=1)[:, lowest:]) ** 2
    count = power.shape[1]
    if count < 2 * _NEAR:
        return np.empty(0, dtype=np.intp), np.empty(0)
    rows, place = np.arange(len(power)), power.argmax(axis=1)
    sums = np.zeros((len(power), count + 1))
    np.cumsum(power, axis=1, out=sums[:, 1:])
    near, size = np.zeros(len(power)), np.zeros(len(power))
    for first, last in ((1 - _BESIDE - _NEAR, 1 - _BESIDE), (_BESIDE, _BESIDE + _NEAR)):
        start, end = np.clip(place + first, 0, count), np.clip(place + last, 0, count)
        near += sums[rows, end] - sums[rows, start]
        size += end - start
    top = power[rows, place]
    chance = size * np.log1p(top / np.maximum(near, np.finfo(float).tiny))
    some = np.flatnonzero((chance > np.log(count / _FALSE_ALARMS)) & (top > 0))
    padded = np.pad(np.sqrt(power[some]), ((0, 0), (1, 1)))
    beside = [padded[np.arange(len(some)), place[some] + k] for k in (0, 2)]
    # The rectangular window's transform falls off to both sides as 1 / distance.
    middle = np.sqrt(top[some])
    shift = np.where(
        beside[1] > beside[0],
        beside[1] / (beside[1] + middle),
        -beside[0] / (beside[0] + middle),
    )
    return some, (lowest + place[some] + shift) * spacing_per_v


def _fitted(
    x_v: FloatArray, smooth: FloatArray, left_a: FloatArray, per_v: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Sinusoids near such frequencies (m,) by Gauss and Newton: curves (m, K), amplitudes (m,)."""
    from_middle_v = x_v - (x_v[0] + x_v[-1]) / 2
    turn = 2 * np.pi * from_middle_v
    spacing_per_v = _spacing_per_v(x_v)
    factors = np.zeros((len(per_v), 2))
    for _ in range(_STEPS):
        waves = _waves(turn, per_v)
        slope = turn * spacing_per_v * np.einsum("mw,mwk->mk", factors, _slopes(waves))
        columns = np.concatenate([waves, slope[:, np.newaxis]], axis=1)
        found = _least_squares(smooth, columns, left_a)
        factors = found[:, :2]
        per_v = per_v + spacing_per_v * np.clip(found[:, 2], -0.5, 0.5)
    waves = _waves(turn, per_v)
    factors = _least_squares(smooth, waves, left_a)
    return np.einsum("mw,mwk->mk", factors, waves), np.hypot(*factors.T)


def _waves(turn: FloatArray, per_v: FloatArray) -> FloatArray:
    """Cosines and sines, shape (m, 2, K)."""
    phase = per_v[:, np.newaxis] * turn
    return np.stack([np.cos(phase), np.sin(phase)], axis=1)


def _slopes(waves: FloatArray) -> FloatArray:
    """Derivatives of cosines and sines by their phase."""
    return np.stack([-waves[:, 1], waves[:, 0]], axis=1)


def _least_squares(smooth: FloatArray, columns: FloatArray, left_a: FloatArray) -> FloatArray:
    """Factors (m, c) of columns (m, c, K) beside anything smooth; what does nothing gets 0."""
    rest = _without(smooth, columns)
    normal = rest @ np.swapaxes(rest, 1, 2)
    inverse = np.linalg.pinv(normal, rcond=1e-6, hermitian=True)
    return np.asarray((inverse @ (rest @ left_a[:, :, np.newaxis]))[:, :, 0])
