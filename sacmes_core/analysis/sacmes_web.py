"""Peak height and area of square-wave voltammograms as the SACMES web port computes them.

The steps: smooth, find the extremum where the derivative changes sign, draw the edge of the
convex hull under it, take the height over that edge. The derivative is numpy's gradient on the
potentials as they are; the extremum is the grid point behind the change of sign.
"""

import numpy as np

from sacmes_core.analysis.baseline import hull_edge, line_through, polynomial
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import FloatArray, IntArray, PeakArrays
from sacmes_core.analysis.preparing import in_window
from sacmes_core.analysis.smoothing import (
    noise_gain,
    raw_width_v,
    remove_spikes,
    smooth_each,
    smoothing_windows,
    spike_windows,
)
from sacmes_core.settings.peak import PeakSettings

_FLAT = 1e-12
"""Height relative to the range of the current below which a peak is rounding error."""


def sorted_within(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> tuple[FloatArray, FloatArray]:
    """The points within the window by ascending potential, repeated potentials in file order."""
    inside = in_window(potential_v, settings)
    order = np.argsort(potential_v[inside], kind="stable")
    return potential_v[inside][order], current_a[inside][order]


def sacmes_web(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> PeakArrays:
    """Analyse n voltammograms of K points by the hull method of the SACMES web port.

    Parameters
    ----------
    potential_v, current_a
        Shape (n, K), in V and A, as `sorted_within` leaves them.

    Returns
    -------
    PeakArrays
        nan where a voltammogram has no peak: never 0.
    """
    width_v = raw_width_v(potential_v, current_a)
    cleaned = remove_spikes(current_a, *spike_windows(potential_v, width_v, settings))
    windows, degree = smoothing_windows(potential_v, width_v, settings)
    smoothed = smooth_each(cleaned, windows, degree)
    peak, sign = _extremum(potential_v, smoothed)
    can_smooth = (windows > 0) | (settings.smoothing == "off")
    has_peak = can_smooth & (sign != 0) & (peak < smoothed.shape[1] - 1)
    peak, rows = np.where(has_peak, peak, 0), np.arange(len(peak))
    left, right = hull_edge(potential_v, smoothed * np.where(sign == 0, 1, sign)[:, None], peak)
    baseline = line_through(potential_v, smoothed, left, right)
    height = smoothed[rows, peak] - baseline[rows, peak]
    has_peak &= np.abs(height) > _FLAT * np.ptp(smoothed, axis=1)
    none = np.where(has_peak, 0.0, np.nan)
    area = np.trapezoid(np.abs(smoothed - polynomial(potential_v, smoothed)), potential_v, axis=1)
    noise = point_noise_a(current_a) * noise_gain(windows, degree)
    return PeakArrays(
        height_a=height + none,
        height_se_a=noise * _height_spread(potential_v, peak, left, right) + none,
        potential_v=potential_v[rows, peak] + none,
        area_av=area + none,
        fwhm_v=width_at_half(potential_v, (smoothed - baseline) * sign[:, None], peak) + none,
        smoothed_a=smoothed,
        smoothed_noise_a=noise,
        baseline_a=baseline + none[:, None],
    )


def width_at_half(
    potential_v: FloatArray, over_baseline_a: FloatArray, peak: IntArray
) -> FloatArray:
    """Full width at half height of upright peaks, between interpolated crossings, shape (n,).

    nan where the curve does not fall to half on both sides.
    """
    rows = np.arange(len(peak))
    half = over_baseline_a[rows, peak] / 2
    low = over_baseline_a <= half[:, None]
    index = np.arange(potential_v.shape[1])
    left = np.where(low & (index < peak[:, None]), index, -1).max(axis=1)
    right = np.where(low & (index > peak[:, None]), index, index.size).min(axis=1)
    found = (left >= 0) & (right < index.size)
    left, right = np.where(found, left, 0), np.where(found, right, index.size - 1)
    rising = _crossing(potential_v, over_baseline_a, half, left, left + 1)
    falling = _crossing(potential_v, over_baseline_a, half, right, right - 1)
    return np.where(found, falling - rising, np.nan)


def _crossing(
    potential_v: FloatArray, current_a: FloatArray, level: FloatArray, low: IntArray, high: IntArray
) -> FloatArray:
    rows = np.arange(len(low))
    below, above = current_a[rows, low], current_a[rows, high]
    rise = np.where(above == below, 1.0, above - below)
    share = (level - below) / rise
    start, end = potential_v[rows, low], potential_v[rows, high]
    return np.asarray(start + share * (end - start))


def _extremum(potential_v: FloatArray, smoothed: FloatArray) -> tuple[IntArray, IntArray]:
    """Index of each row's peak and its sign: 1 for a maximum, −1 for a minimum, 0 for none.

    Where there are both, the one farther from zero current decides.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        # Of repeated potentials there is no slope; nan is no change of sign.
        slope = np.stack(
            [np.gradient(row, grid) for row, grid in zip(smoothed, potential_v, strict=True)]
        )
    before, after = slope[:, :-1], slope[:, 1:]
    first = np.zeros((len(slope), 1), dtype=bool)
    maxima = np.hstack([first, (before > 0) & (after <= 0)])
    minima = np.hstack([first, (before < 0) & (after >= 0)])
    at_maxima = np.where(maxima, smoothed, -np.inf)
    at_minima = np.where(minima, smoothed, np.inf)
    highest, lowest = at_maxima.max(axis=1), at_minima.min(axis=1)
    up = maxima.any(axis=1) & (~minima.any(axis=1) | (np.abs(highest) >= np.abs(lowest)))
    down = minima.any(axis=1) & ~up
    peak = np.where(down, at_minima.argmin(axis=1), at_maxima.argmax(axis=1))
    return peak, up.astype(np.intp) - down


def _height_spread(
    potential_v: FloatArray, peak: IntArray, left: IntArray, right: IntArray
) -> FloatArray:
    """Standard error of a height in units of a smoothed point's: peak and both ends of the line."""
    rows = np.arange(len(peak))
    start, end = potential_v[rows, left], potential_v[rows, right]
    weight = (end - potential_v[rows, peak]) / (end - start)
    return np.asarray(np.sqrt(1 + weight**2 + (1 - weight) ** 2))
