"""Averages over bins that are equally wide in the logarithm of time.

A decay sampled at equal intervals has most of its points where nothing happens any more. Averaged
over bins of equal width in log t, weighted with their number of points, it keeps what it says about
the lifetimes (the noise of a mean falls with the root of the number), and all scans have the same
shape however long they are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray

BINS: Final = 96
_MEDIAN_TO_SIGMA: Final = 0.6745


@dataclass(frozen=True, slots=True, eq=False)
class Binned:
    """Means of n decays over bins of the logarithm of time; bins without points have count 0.

    Attributes
    ----------
    time_s, time_variance_s2
        Mean and variance of the times in a bin, shape (n, B).
    current_a, count
        Mean current and number of points, shape (n, B).
    noise_a
        Standard deviation of one point, shape (n,).
    """

    time_s: FloatArray
    time_variance_s2: FloatArray
    current_a: FloatArray
    count: FloatArray
    noise_a: FloatArray

    def rows(self, chosen: IntArray) -> "Binned":
        """Some of the decays."""
        return Binned(
            self.time_s[chosen],
            self.time_variance_s2[chosen],
            self.current_a[chosen],
            self.count[chosen],
            self.noise_a[chosen],
        )


def binned(time_s: FloatArray, current_a: FloatArray, used: BoolArray) -> Binned:
    """Average decays over `BINS` bins between their first and last used point.

    Parameters
    ----------
    time_s, current_a
        Time since the step and current, shape (n, K); times of used points are above 0.
    used
        Points that count, shape (n, K).
    """
    n = len(time_s)
    log = np.log(np.where(used, time_s, 1.0))
    low = np.where(used, log, np.inf).min(axis=1, initial=np.inf)
    high = np.where(used, log, -np.inf).max(axis=1, initial=-np.inf)
    width = np.where(high > low, high - low, 1.0) / BINS
    start = np.where(np.isfinite(low), low, 0.0)
    place = np.where(used, (log - start[:, np.newaxis]) / width[:, np.newaxis], 0.0)
    index = np.clip(place, 0, BINS - 1).astype(np.intp) + BINS * np.arange(n)[:, np.newaxis]
    count = _sums(index, used.astype(float), n)
    safe = np.maximum(count, 1.0)
    time = _sums(index, np.where(used, time_s, 0.0), n) / safe
    off = np.where(used, time_s - time.ravel()[index], 0.0)
    return Binned(
        time,
        _sums(index, off**2, n) / safe,
        _sums(index, np.where(used, current_a, 0.0), n) / safe,
        count,
        point_noise_a(current_a, used),
    )


def point_noise_a(current_a: FloatArray, used: BoolArray) -> FloatArray:
    """Standard deviation of the white noise of single points, shape (n,).

    From the median of |second differences| of used neighbours; of quantised currents at least
    the resolution / √12 (Bennett, Bell Syst. Tech. J. 27 (1948) 446).
    """
    known = used[:, 2:] & used[:, 1:-1] & used[:, :-2]
    second = np.abs(np.diff(np.where(used, current_a, 0.0), n=2, axis=1))
    noise = row_medians(second, known) / _MEDIAN_TO_SIGMA / np.sqrt(6.0)
    steps = np.abs(np.diff(np.where(used, current_a, 0.0), axis=1))
    real = used[:, 1:] & used[:, :-1]
    largest = np.where(used, np.abs(current_a), 0.0).max(axis=1, initial=0.0)
    # Differences below this are rounding in the last digits, not the converter's.
    real &= steps > 1e-9 * largest[:, np.newaxis]
    least = np.where(real, steps, np.inf).min(axis=1, initial=np.inf)
    repeated = (used[:, 1:] & used[:, :-1] & (steps == 0)).mean(axis=1) > 0.05
    resolution = np.where(repeated & np.isfinite(least), least, 0.0)
    return np.asarray(np.maximum(noise, resolution / np.sqrt(12.0)))


def _sums(index: IntArray, values: FloatArray, n: int) -> FloatArray:
    sums = np.bincount(index.ravel(), values.ravel(), minlength=n * BINS)
    return np.asarray(sums.reshape(n, BINS), dtype=np.float64)


def row_medians(values: FloatArray, known: BoolArray) -> FloatArray:
    """Median of the known values of each row, 0 where there is none."""
    ordered = np.sort(np.where(known, values, np.inf), axis=1)
    count = known.sum(axis=1)
    rows = np.arange(len(values))
    last = max(values.shape[1] - 1, 0)
    below = ordered[rows, np.clip((count - 1) // 2, 0, last)]
    above = ordered[rows, np.clip(count // 2, 0, last)]
    return np.where(count > 0, (below + above) / 2, 0.0)
