"""Linear smoothing filters as matrices, so that their effect on noise is known exactly.

A filter of K points is a matrix S of shape (K, K): the smoothed current is S·I, and what it does to
the noise of any number q·S·I is Sᵀ·q. Points count as equidistant.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from scipy.linalg import solveh_banded
from scipy.signal import savgol_filter

from sacmes_core.analysis.peaks import FloatArray, IntArray

WHITTAKER_ORDER: Final = 2
_KEPT_MATRICES: Final = 32


def smooth_by(name: str, current_a: FloatArray, windows: IntArray, degree: int) -> FloatArray:
    """Smooth n rows of K points, each with its window in points, 0 for none; shape (n, K)."""
    return _each(name, current_a, windows, degree, transposed=False)


def noise_weights(name: str, weights: FloatArray, windows: IntArray, degree: int) -> FloatArray:
    """Sᵀ·q for each row of weights q: what raw points weigh in a number of smoothed ones."""
    return _each(name, weights, windows, degree, transposed=True)


def fitting_windows(
    name: str, window_v: FloatArray, step_v: FloatArray, count: int, degree: int
) -> IntArray:
    """Windows in points for windows in V, odd and between what the degree needs and K; (n,)."""
    points = np.rint(window_v / step_v).astype(np.intp)
    points = points + (points % 2 == 0)
    least = 3 if name == "whittaker" else degree + 2 + (degree + 2) % 2 - 1
    largest = count if count % 2 else count - 1
    return np.asarray(np.clip(points, min(max(least, 3), largest), largest))


@lru_cache(maxsize=_KEPT_MATRICES)
def filter_matrix(name: str, count: int, window: int, degree: int) -> FloatArray:
    """The matrix of a filter, shape (K, K), read-only.

    Parameters
    ----------
    name
        ``savitzky-golay``, ``whittaker`` or ``loess``.
    count
        Points K.
    window
        In points: the window of Savitzky and Golay; the period of which the Whittaker filter
        leaves half; the span of the tricube weights of LOESS.
    degree
        Of the local polynomial; the Whittaker filter has none.
    """
    matrix = {"savitzky-golay": _savitzky_golay, "whittaker": _whittaker, "loess": _loess}[name](
        count, window, degree
    )
    matrix.flags.writeable = False
    return matrix


def stiffness(period_points: float) -> float:
    """The λ of a Whittaker filter with second differences that halves waves of this period."""
    return float((2 * np.sin(np.pi / max(period_points, 2.0))) ** -4)


def _each(
    name: str, rows_in: FloatArray, windows: IntArray, degree: int, *, transposed: bool
) -> FloatArray:
    out = rows_in.copy()
    for window in np.unique(windows[windows > 0]):
        matrix = filter_matrix(name, rows_in.shape[1], int(window), degree)
        rows = windows == window
        # einsum sums each row alone, in the same order whatever the batch.
        out[rows] = np.einsum("nk,kj->nj", rows_in[rows], matrix if transposed else matrix.T)
    return out


def _savitzky_golay(count: int, window: int, degree: int) -> FloatArray:
    return np.asarray(savgol_filter(np.eye(count), window, degree, axis=0))


def _whittaker(count: int, window: int, degree: int) -> FloatArray:
    """(1 + λ DᵀD)⁻¹ with D the second differences."""
    differences = np.diff(np.eye(count), n=WHITTAKER_ORDER, axis=0)
    system = np.eye(count) + stiffness(window) * differences.T @ differences
    bands = np.zeros((WHITTAKER_ORDER + 1, count))
    for k in range(WHITTAKER_ORDER + 1):
        bands[k, : count - k] = np.diagonal(system, -k)
    return np.asarray(solveh_banded(bands, np.eye(count), lower=True))


def _loess(count: int, window: int, degree: int) -> FloatArray:
    """Local polynomials under tricube weights; near the ends the span reaches further inwards."""
    index = np.arange(count, dtype=np.float64)
    middle = np.clip(index, (window - 1) / 2, count - 1 - (window - 1) / 2)
    reach = (window + 1) / 2 + np.abs(index - middle)
    distance = (index[np.newaxis, :] - index[:, np.newaxis]) / reach[:, np.newaxis]
    weights = np.clip(1 - np.abs(distance) ** 3, 0, None) ** 3
    powers = distance[..., np.newaxis] ** np.arange(degree + 1)
    weighted = powers * weights[..., np.newaxis]
    moments = np.einsum("ijp,ijq->ipq", weighted, powers)
    first = np.zeros((count, degree + 1, 1))
    first[:, 0] = 1.0
    return np.asarray(np.einsum("ijp,ipz->ij", weighted, np.linalg.solve(moments, first)))
