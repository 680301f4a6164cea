"""Baselines under peaks: the edge of the convex hull below a peak, and the polynomial of areas."""

import warnings

import numpy as np

from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray

AREA_DEGREE = 15
_ROUNDS_MAX = 1_000


def hull_edge(
    potential_v: FloatArray, current_a: FloatArray, peak: IntArray
) -> tuple[IntArray, IntArray]:
    """Ends of the edge of the lower convex hull that spans each peak, shapes (n,).

    Parameters
    ----------
    potential_v, current_a
        Shape (n, K), potentials ascending.
    peak
        Index of the peak in each row, below K − 1.

    Notes
    -----
    The line through (l, r), l ≤ peak < r, is the hull's edge if and only if every point on the
    right lies above the line from l through r and every point on the left above it too. Choosing
    r for the present l, then l for the present r, lowers the line over the peak each time and so
    ends there.
    """
    rows = np.arange(len(peak))
    index = np.arange(potential_v.shape[1])
    is_left = index <= peak[:, None]
    left = np.zeros(len(peak), dtype=np.intp)
    right = np.full(len(peak), index.size - 1, dtype=np.intp)
    for _ in range(_ROUNDS_MAX):
        old = left, right
        slopes, apart = _slopes(potential_v, current_a, left, rows)
        right = np.where(apart & ~is_left, slopes, np.inf).argmin(axis=1)
        slopes, apart = _slopes(potential_v, current_a, right, rows)
        left = np.where(apart & is_left, slopes, -np.inf).argmax(axis=1)
        if np.array_equal(left, old[0]) and np.array_equal(right, old[1]):
            break
    return left, right


def line_through(
    potential_v: FloatArray, current_a: FloatArray, left: IntArray, right: IntArray
) -> FloatArray:
    """The straight line through two points of each row, on the whole grid, shape (n, K)."""
    rows = np.arange(len(left))
    start, end = potential_v[rows, left], potential_v[rows, right]
    low, high = current_a[rows, left], current_a[rows, right]
    slope = (high - low) / np.where(end == start, 1.0, end - start)
    return np.asarray(low[:, None] + slope[:, None] * (potential_v - start[:, None]))


def polynomial(potential_v: FloatArray, current_a: FloatArray) -> FloatArray:
    """Least-squares polynomial of degree 15, or K − 1 for few points, shape (n, K).

    With this degree the polynomial follows the peak itself; it is the web port's default and is
    kept to be comparable.
    """
    count = potential_v.shape[1]
    degree = AREA_DEGREE if count > AREA_DEGREE else max(1, count - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.RankWarning)
        # One row at a time: the fit is ill-conditioned, and a scan must give the same digits
        # alone and in a batch.
        return np.stack(
            [
                np.polyval(np.polyfit(grid, row, degree), grid)
                for grid, row in zip(potential_v, current_a, strict=True)
            ]
        )


def _slopes(
    potential_v: FloatArray, current_a: FloatArray, point: IntArray, rows: IntArray
) -> tuple[FloatArray, BoolArray]:
    """Slope from one point of each row to every other, and which of them lie apart from it."""
    run = potential_v - potential_v[rows, point][:, None]
    rise = current_a - current_a[rows, point][:, None]
    apart = run != 0
    return np.asarray(rise / np.where(apart, run, 1.0)), apart
