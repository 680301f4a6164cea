"""Peak height and area of square-wave voltammograms as the desktop SACMES computes them.

The height is the span of a polynomial of degree 15 through the smoothed points: there is no
baseline, and a slope counts as a peak. Kept to compare with, see `docs/algorithms/sacmes.md`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.signal import savgol_filter

from sacmes_core.analysis.baseline import polynomial
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import FloatArray, PeakArrays
from sacmes_core.analysis.preparing import in_window
from sacmes_core.analysis.sacmes_web import width_at_half
from sacmes_core.analysis.smoothing import noise_gain
from sacmes_core.settings.peak import PeakSettings

WINDOW_V: Final = 0.005
DEGREE: Final = 1
FALLBACK_POINTS: Final = 15
_MICRO: Final = 1e6
"""The program's unit of current: the polynomial is ill-conditioned, and rounding is part of it."""
_FLAT: Final = 1e-12
"""Height relative to the largest current below which a peak is rounding error."""


@dataclass(frozen=True, slots=True, eq=False)
class _Span:
    """What one voltammogram gave; curves over all its points, nan outside of the window."""

    height_a: float
    potential_v: float
    area_av: float
    fwhm_v: float
    noise_a: float
    smoothed_a: FloatArray
    baseline_a: FloatArray


def without_zeros(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> tuple[FloatArray, FloatArray]:
    """The points in the order of the file, less as many from the end as potentials are 0.

    The program takes a potential of exactly 0 for a sign that the file is filled up with zeros.
    The window is left to `sacmes_desktop`, which smooths across its ends.
    """
    keep = len(potential_v) - np.count_nonzero(potential_v == 0)
    return potential_v[:keep], current_a[:keep]


def sacmes_desktop(
    potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings
) -> PeakArrays:
    """Analyse n voltammograms of K points by the span method of the desktop SACMES.

    Parameters
    ----------
    potential_v, current_a
        Shape (n, K), in V and A, as `without_zeros` leaves them: in the order of the file, those
        outside of the potential window among them.

    Returns
    -------
    PeakArrays
        nan where the current is flat or smoothing is impossible. The area is the one over the
        lowest smoothed point in the order of the file, so it is negative of a falling sweep. The
        curves are nan outside of the window.
    """
    spans = [_span(*row, settings) for row in zip(potential_v, current_a, strict=True)]
    noise = np.array([span.noise_a for span in spans])
    height = np.array([span.height_a for span in spans])
    return PeakArrays(
        height_a=height,
        height_se_a=np.sqrt(2) * noise + 0 * height,
        potential_v=np.array([span.potential_v for span in spans]),
        area_av=np.array([span.area_av for span in spans]),
        fwhm_v=np.array([span.fwhm_v for span in spans]),
        smoothed_a=np.stack([span.smoothed_a for span in spans]),
        smoothed_noise_a=noise,
        baseline_a=np.stack([span.baseline_a for span in spans]),
    )


def _span(potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings) -> _Span:
    inside = in_window(potential_v, settings)
    blank = np.full(len(potential_v), np.nan)
    window, degree = _window(potential_v, settings)
    raw_noise = float(point_noise_a(current_a[np.newaxis, inside])[0])
    noise = raw_noise * float(noise_gain(np.array([window]), degree)[0])
    if window > len(potential_v):
        nan = float("nan")
        return _Span(nan, nan, nan, nan, noise, np.where(inside, current_a, np.nan), blank)
    scaled = current_a * _MICRO
    smoothed = savgol_filter(scaled, window, degree) if window else scaled
    grid, kept = potential_v[inside], _last_of_each(potential_v, smoothed)[inside]
    (fitted,) = polynomial(grid[np.newaxis], kept[np.newaxis])
    lowest, highest = float(fitted.min()), float(fitted.max())
    none = 0.0 if highest - lowest > _FLAT * np.abs(fitted).max() else np.nan
    drawn = blank.copy()
    drawn[inside] = kept / _MICRO
    return _Span(
        height_a=(highest - lowest) / _MICRO + none,
        potential_v=float(grid[fitted.argmax()]) + none,
        area_av=float(np.trapezoid(kept - kept.min(), grid)) / _MICRO + none,
        fwhm_v=_width_v(grid, fitted - lowest) + none,
        noise_a=noise,
        smoothed_a=drawn,
        baseline_a=np.where(inside, lowest / _MICRO + none, np.nan),
    )


def _width_v(grid_v: FloatArray, over_lowest: FloatArray) -> float:
    """Full width at half height of the polynomial, nan if a side stays above; shapes (K,)."""
    order = np.argsort(grid_v, kind="stable")
    upright = over_lowest[np.newaxis, order]
    return float(width_at_half(grid_v[np.newaxis, order], upright, upright.argmax(axis=1))[0])


def _window(potential_v: FloatArray, settings: PeakSettings) -> tuple[int, int]:
    """Window in points, 0 for none, and degree of the Savitzky–Golay filter.

    Automatic: degree 1 over the points within 5 mV of the lowest potential of the whole scan.
    """
    if settings.smoothing == "off":
        return 0, 0
    manual = settings.smoothing == "manual"
    degree = settings.smoothing_degree if manual else DEGREE
    if manual and settings.smoothing_window_v is None:
        points = settings.smoothing_window_points
    else:
        within_v = (settings.smoothing_window_v if manual else None) or WINDOW_V
        points = int(np.count_nonzero(potential_v - potential_v.min() <= within_v))
    points = max(points, degree + 1)
    points += points % 2 == 0
    return (points if points <= len(potential_v) else FALLBACK_POINTS), degree


def _last_of_each(potential_v: FloatArray, smoothed_a: FloatArray) -> FloatArray:
    """Of every point the current of the last one with the same potential, shape (K,)."""
    _, first_from_end, which = np.unique(potential_v[::-1], return_index=True, return_inverse=True)
    last = len(potential_v) - 1 - first_from_end
    return np.asarray(smoothed_a[last[which.reshape(-1)[::-1]]])
