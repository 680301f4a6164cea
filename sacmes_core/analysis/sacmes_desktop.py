"""Peak height and area of square-wave voltammograms as the desktop SACMES computes them.

The height is the span of a polynomial of degree 15 through the smoothed points: there is no
baseline, and a slope counts as a peak. Kept to compare with, see `docs/algorithms.md`.
"""

from typing import Final

import numpy as np

from sacmes_core.analysis.baseline import polynomial
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import FloatArray, IntArray, PeakArrays
from sacmes_core.analysis.sacmes_web import width_at_half
from sacmes_core.analysis.smoothing import (
    noise_gain,
    remove_spikes,
    smooth,
    smoothing_windows,
    spike_windows,
)
from sacmes_core.settings.peak import PeakSettings

WINDOW_V: Final = 0.005
DEGREE: Final = 1
_FLAT: Final = 1e-12
"""Height relative to the largest current below which a peak is rounding error."""


def sacmes_desktop(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> PeakArrays:
    """Analyse n voltammograms of K points by the span method of the desktop SACMES.

    Parameters
    ----------
    potential_v
        Shape (n, K), strictly ascending, in V.
    current_a
        Shape (n, K), difference current in A, finite.

    Returns
    -------
    PeakArrays
        nan where the current is flat; the area is that over the lowest smoothed point.
    """
    unknown = np.full(len(current_a), np.nan)
    cleaned = remove_spikes(current_a, *spike_windows(potential_v, unknown, settings))
    windows, degree = _windows(potential_v, settings)
    smoothed = smooth(cleaned, windows, degree)
    fitted = polynomial(potential_v, smoothed)
    lowest = fitted.min(axis=1)
    peak = fitted.argmax(axis=1)
    height = fitted.max(axis=1) - lowest
    none = np.where(height > _FLAT * np.abs(fitted).max(axis=1), 0.0, np.nan)
    over = smoothed - smoothed.min(axis=1, keepdims=True)
    noise = point_noise_a(current_a) * noise_gain(windows, degree)
    return PeakArrays(
        height_a=height + none,
        height_se_a=np.sqrt(2) * noise + none,
        potential_v=potential_v[np.arange(len(peak)), peak] + none,
        area_av=np.trapezoid(over, potential_v, axis=1) + none,
        fwhm_v=width_at_half(potential_v, fitted - lowest[:, np.newaxis], peak) + none,
        smoothed_a=smoothed,
        smoothed_noise_a=point_noise_a(current_a) * noise_gain(windows, degree),
        baseline_a=np.broadcast_to((lowest + none)[:, np.newaxis], fitted.shape),
    )


def _windows(potential_v: FloatArray, settings: PeakSettings) -> tuple[IntArray, int]:
    """Points within 5 mV of the lowest potential, odd, degree 1; or the manual ones, or none."""
    if settings.smoothing != "auto":
        unknown = np.full(len(potential_v), np.nan)
        return smoothing_windows(potential_v, unknown, settings)
    inside = np.sum(potential_v - potential_v[:, :1] <= WINDOW_V, axis=1)
    windows = np.maximum(inside, DEGREE + 1)
    windows = windows + (windows % 2 == 0)
    count = potential_v.shape[1]
    return np.minimum(windows, count if count % 2 else count - 1), DEGREE
