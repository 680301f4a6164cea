"""Spike removal and Savitzky–Golay smoothing with the windows of the SACMES web port.

Everything works on n voltammograms of K points at once.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import savgol_coeffs, savgol_filter

from sacmes_core.analysis.peaks import FloatArray, IntArray
from sacmes_core.settings.peak import PeakSettings

AUTO_DEGREE = 2
AUTO_THRESHOLD_SIGMAS = 3.0
_MAD_TO_SIGMA = 0.6745
_SIGMA_FLOOR_A = 1e-10


def raw_width_v(potential_v: FloatArray, current_a: FloatArray) -> FloatArray:
    """Width of the largest current at half its value, nan if a side stays above, shape (n,).

    The baseline is not taken off: this width only chooses the windows, as the web port does.
    """
    rows = np.arange(len(current_a))
    peak = current_a.argmax(axis=1)
    low = current_a <= (current_a[rows, peak] / 2)[:, None]
    index = np.arange(current_a.shape[1])
    left = np.where(low & (index < peak[:, None]), index, -1).max(axis=1)
    right = np.where(low & (index > peak[:, None]), index, index.size).min(axis=1)
    found = (left >= 0) & (right < index.size)
    width = np.abs(potential_v[rows, np.minimum(right, index.size - 1)] - potential_v[rows, left])
    return np.where(found, width, np.nan)


def smoothing_windows(
    potential_v: FloatArray, width_v: FloatArray, settings: PeakSettings
) -> tuple[IntArray, int]:
    """Savitzky–Golay windows in points, shape (n,), 0 for none, and the degree.

    Automatic: ⌊width / 3 steps⌋, or a fifth of the points where there is no width, odd, at most
    half of the points, degree 2.
    """
    count = potential_v.shape[1]
    if settings.smoothing == "off":
        return np.zeros(len(potential_v), dtype=np.intp), 0
    if settings.smoothing == "manual":
        degree = settings.smoothing_degree
        windows = _manual_windows(potential_v, settings)
    else:
        degree = AUTO_DEGREE
        windows = _auto_windows(potential_v, width_v, share=5, parts=3, limit=count // 2)
    windows = _odd(windows)
    windows = np.where(windows <= degree, _next_odd(degree + 2), windows)
    windows = np.maximum(windows, _next_odd(max(3, degree + 1)))
    largest = count if count % 2 else count - 1
    windows = np.minimum(windows, largest)
    return np.where(windows > degree, windows, 0), degree


def spike_windows(
    potential_v: FloatArray, width_v: FloatArray, settings: PeakSettings
) -> tuple[IntArray, float]:
    """Hampel windows in points, shape (n,), 0 for none, and the threshold in sigmas."""
    if settings.spike_filter == "off":
        return np.zeros(len(potential_v), dtype=np.intp), 0.0
    if settings.spike_filter == "manual":
        window = _next_odd(settings.spike_window_points)
        return np.full(len(potential_v), window, dtype=np.intp), settings.spike_threshold_sigmas
    limit = potential_v.shape[1] // 3
    windows = _auto_windows(potential_v, width_v, share=10, parts=10, limit=limit)
    return _odd(windows), AUTO_THRESHOLD_SIGMAS


def remove_spikes(current_a: FloatArray, windows: IntArray, threshold: float) -> FloatArray:
    """Replace outliers by the median of their window, which is cut at the ends (Hampel).

    A point counts as an outlier if it lies more than `threshold` × MAD / 0.6745 from the median.
    """
    cleaned = current_a.copy()
    for window in np.unique(windows[windows > 0]):
        rows = windows == window
        half = int(window) // 2
        values = current_a[rows]
        padded = np.pad(values, ((0, 0), (half, half)), constant_values=np.nan)
        neighbours = sliding_window_view(padded, 2 * half + 1, axis=1)
        centre = np.nanmedian(neighbours, axis=2)
        sigma = np.nanmedian(np.abs(neighbours - centre[:, :, None]), axis=2) / _MAD_TO_SIGMA
        sigma = np.where(sigma == 0, _SIGMA_FLOOR_A, sigma)
        cleaned[rows] = np.where(np.abs(values - centre) > threshold * sigma, centre, values)
    return cleaned


def smooth(current_a: FloatArray, windows: IntArray, degree: int) -> FloatArray:
    """Savitzky–Golay with a window for each row, ends from the fitted polynomial; 0 is none."""
    smoothed = current_a.copy()
    for window in np.unique(windows[windows > 0]):
        rows = windows == window
        smoothed[rows] = savgol_filter(current_a[rows], int(window), degree, axis=1)
    return smoothed


def smooth_each(current_a: FloatArray, windows: IntArray, degree: int) -> FloatArray:
    """As `smooth`, to the last digit what each row alone gives.

    What an ill-conditioned fit makes of a curve hangs on its last digits.
    """
    rows = zip(current_a, windows, strict=True)
    return np.stack([savgol_filter(row, int(w), degree) if w else row for row, w in rows])


def noise_gain(windows: IntArray, degree: int) -> FloatArray:
    """Factor by which smoothing shrinks white noise in the middle of a scan, shape (n,)."""
    gain = np.ones(len(windows))
    for window in np.unique(windows[windows > 0]):
        coefficients = savgol_coeffs(int(window), degree)
        gain[windows == window] = np.sqrt(np.sum(coefficients**2))
    return gain


def _auto_windows(
    potential_v: FloatArray, width_v: FloatArray, *, share: int, parts: int, limit: int
) -> IntArray:
    count = potential_v.shape[1]
    step = (potential_v[:, -1] - potential_v[:, 0]) / count
    with np.errstate(invalid="ignore"):
        points = np.floor(width_v / (parts * step))
    points = np.where(np.isnan(points), count // share, points)
    windows = _odd(np.maximum(3, points).astype(np.intp))
    return np.minimum(windows, limit)


def _manual_windows(potential_v: FloatArray, settings: PeakSettings) -> IntArray:
    """Windows as set in points, or the points that a window in V spans."""
    count = potential_v.shape[1]
    if settings.smoothing_window_v is None:
        return np.full(len(potential_v), settings.smoothing_window_points, dtype=np.intp)
    step = (potential_v[:, -1] - potential_v[:, 0]) / max(count - 1, 1)
    points = np.rint(settings.smoothing_window_v / np.where(step > 0, step, np.inf))
    return np.minimum(points, count).astype(np.intp)


def _odd(windows: IntArray) -> IntArray:
    return np.asarray(windows + (windows % 2 == 0), dtype=np.intp)


def _next_odd(number: int) -> int:
    return number + (number % 2 == 0)
