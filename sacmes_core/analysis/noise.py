"""How noisy a voltammogram is, judged by what a smooth curve cannot do."""

from typing import Final

import numpy as np
from scipy.ndimage import uniform_filter1d

from sacmes_core.analysis.peaks import FloatArray

_MEDIAN_TO_SIGMA = 0.6745
_QUIETER_SHARE = 0.25
_QUIETER_TO_SIGMA = 0.3186
_SLOW_V: Final = 0.024
_ALIKE_MIN = 0.1
"""Autocorrelation of neighbouring points; that of white noise is hardly ever above."""


def point_noise_a(current_a: FloatArray) -> FloatArray:
    """Standard deviation of the white noise of single points, shape (n,).

    The median of |second differences| / 0.6745 / √6: a peak many points wide hardly has any, and
    a few spikes do not move a median.
    """
    if current_a.shape[1] < 3:
        return np.zeros(len(current_a))
    return np.asarray(_sigma(np.diff(current_a, n=2, axis=1)) / np.sqrt(6.0))


def coloured_noise_a(residual_a: FloatArray, averages_a: FloatArray, size: int) -> FloatArray:
    """Standard deviation of single points where their noise is coloured, else 0, shape (n,).

    It is where neighbours err alike and `averages_a`, of so many neighbours each, err more than
    those of white noise would; mains may do the former only. What is wrong in a part of the scan
    hardly counts.
    """
    squares, slow = (np.einsum("nk,nk->n", some, some) for some in (residual_a, averages_a))
    alike = np.einsum("nk,nk->n", residual_a[:, 1:], residual_a[:, :-1])
    is_coloured = (alike > _ALIKE_MIN * squares) & (size * slow > squares)
    return np.where(is_coloured, _sigma(residual_a), 0.0)


def averaged(x_v: FloatArray, residual_a: FloatArray) -> tuple[FloatArray, int]:
    """Residuals, shape (n, K), averaged over 24 mV, and over how many points that is."""
    size = max(3, round(_SLOW_V / float(np.median(np.diff(x_v)))))
    return uniform_filter1d(residual_a, size, axis=1), size


def quieter_sigma(errors: FloatArray) -> FloatArray:
    """Standard deviation of rows by the quieter quarter of them, shape (n,).

    What is looked for fills a part of the scan only and hardly counts.
    """
    place = int(_QUIETER_SHARE * errors.shape[1])
    quieter = np.partition(np.abs(errors), place, axis=1)[:, place]
    return np.asarray(quieter / _QUIETER_TO_SIGMA)


def row_medians(values: FloatArray) -> FloatArray:
    """Medians along the last axis; sorting short rows is several times as fast as `np.median`."""
    ordered, count = np.sort(values, axis=-1), values.shape[-1]
    return np.asarray((ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2)


def _sigma(errors: FloatArray) -> FloatArray:
    """Standard deviation of rows of normal errors by the median of their sizes, shape (n,)."""
    return np.asarray(row_medians(np.abs(errors)) / _MEDIAN_TO_SIGMA)
