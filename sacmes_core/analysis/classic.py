"""Method "classic": the smoothing and the baseline that a person chooses, and the apex above it.

Numbers are those of the one baseline; their errors hold the noise of the points and how far the
numbers move with baselines that are as reasonable.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.apex import Reading, Start, find_start, read_peaks, step_v
from sacmes_core.analysis.baselines import Choice, Upright, draw_baselines, feet
from sacmes_core.analysis.filters import fitting_windows, noise_weights, smooth_by
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray, PeakArrays, nothing_found
from sacmes_core.analysis.smoothing import remove_spikes, spike_windows
from sacmes_core.settings.peak import PeakSettings

POINTS_MIN: Final = 11
SMOOTHING_WIDTHS: Final = 0.3
"""Automatic window of smoothing in full widths at half height of the peak."""
BEND_SIGMAS_MIN: Final = 5.0
HEIGHT_SIGMAS_MIN: Final = 3.0
"""Least height in standard errors from noise; the next is in those from all causes."""
TOTAL_SIGMAS_MIN: Final = 2.0
FEET_MIN: Final = 3.2
"""Height over the σ of what the baseline leaves beside the peak; slow noise gives 2 to 3."""
_BESIDE_WIDTHS: Final = (1.1, 2.0)
MEDIAN_TO_SIGMA: Final = 0.6745
AMBIGUOUS_SHARE: Final = 0.25
"""Spread of the heights over reasonable baselines, relative to the height, that is said."""
MODEL_SHARE: Final = 0.025
AREA_MODEL_SHARE: Final = 0.05
POTENTIAL_MODEL_SHARE: Final = 0.012
"""Errors that all baselines share: of height and width, of the area, of the potential in widths."""
_NUMBERS: Final = ("height_a", "potential_v", "width_v", "area_av")


@dataclass(frozen=True, slots=True, eq=False)
class _Smoother:
    """The filter that the settings name, with a window for each of n rows; 0 is none."""

    name: str
    windows: IntArray
    degree: int

    def smooth(self, current_a: FloatArray) -> FloatArray:
        return smooth_by(self.name, current_a, self.windows, self.degree)

    def noise_gain(self, weights: FloatArray) -> FloatArray:
        """Root of the sum of squares of what raw points weigh in n numbers, shape (n,)."""
        raw = noise_weights(self.name, weights, self.windows, self.degree)
        return np.asarray(np.sqrt(np.sum(raw**2, axis=1)))


def classic(potential_v: FloatArray, current_a: FloatArray, settings: PeakSettings) -> PeakArrays:
    """Analyse n voltammograms of K points with the smoothing and the baseline of the settings.

    Parameters
    ----------
    potential_v
        Shape (n, K), strictly ascending, in V.
    current_a
        Shape (n, K), in A, finite.

    Returns
    -------
    PeakArrays
        nan where a voltammogram has no peak or its baseline cannot be drawn: never 0.

    Raises
    ------
    AnalysisError
        If the baseline is one of pybaselines and that is not installed.
    """
    if current_a.shape[1] < POINTS_MIN:
        return nothing_found(current_a, flags.TOO_FEW_POINTS)
    start = find_start(potential_v, current_a, settings.peak_direction)
    cleaned = remove_spikes(current_a, *spike_windows(potential_v, start.width_v, settings))
    smoother = _smoother(potential_v, start, settings)
    smoothed = smoother.smooth(cleaned)
    upright = Upright(potential_v, smoothed * start.sign[:, np.newaxis], start)
    choice = Choice(settings.baseline, settings.baseline_degree, settings.baseline_window_v)
    drawn = [draw_baselines(upright, each) for each in choice.alternatives()]
    readings = [read_peaks(potential_v, upright.current_a - each, start) for each in drawn]
    noise = point_noise_a(current_a)
    return _numbers(upright, drawn[0], readings, (smoother, noise))


def _numbers(
    upright: Upright,
    baseline_a: FloatArray,
    readings: list[Reading],
    noisy: tuple[_Smoother, FloatArray],
) -> PeakArrays:
    smoother, noise_a = noisy
    reading, start = readings[0], upright.start
    errors = _noise_errors(upright, reading, smoother, noise_a)
    settled = np.asarray(np.isfinite(baseline_a).all(axis=1))
    is_peak = start.sigmas >= BEND_SIGMAS_MIN
    with np.errstate(invalid="ignore"):
        is_peak &= reading.height_a > HEIGHT_SIGMAS_MIN * errors["height_a"]
        is_peak &= reading.height_a > FEET_MIN * _feet_a(upright, baseline_a, reading)
    spread = {name: _spread(readings, name) for name in _NUMBERS}
    total = {name: np.hypot(errors[name], spread[name]) for name in _NUMBERS}
    with np.errstate(invalid="ignore"):
        is_peak &= ~(reading.height_a < TOTAL_SIGMAS_MIN * total["height_a"])
    none = np.where(is_peak & settled, 0.0, np.nan)
    share = _model_errors(reading)
    point = np.zeros_like(baseline_a)
    point[:, point.shape[1] // 2] = 1.0
    ambiguous = np.asarray(spread["height_a"] > AMBIGUOUS_SHARE * reading.height_a)
    sign = start.sign
    return PeakArrays(
        height_a=reading.height_a * sign + none,
        height_se_a=np.hypot(total["height_a"], share["height_a"]) + none,
        potential_v=reading.potential_v + none,
        area_av=reading.area_av * sign + none,
        fwhm_v=reading.width_v + none,
        smoothed_a=upright.current_a * sign[:, np.newaxis],
        smoothed_noise_a=noise_a * smoother.noise_gain(point),
        baseline_a=baseline_a * sign[:, np.newaxis] + none[:, np.newaxis],
        potential_se_v=np.hypot(total["potential_v"], share["potential_v"]) + none,
        area_se_av=np.hypot(total["area_av"], share["area_av"]) + none,
        fwhm_se_v=np.hypot(total["width_v"], share["width_v"]) + none,
        flags=_flags(settled, np.asarray(is_peak & ambiguous)),
    )


def _model_errors(reading: Reading) -> dict[str, FloatArray]:
    """What all baselines get wrong together, shapes (n,)."""
    return {
        "height_a": MODEL_SHARE * reading.height_a,
        "potential_v": POTENTIAL_MODEL_SHARE * reading.width_v,
        "width_v": MODEL_SHARE * reading.width_v,
        "area_av": AREA_MODEL_SHARE * reading.area_av,
    }


def _feet_a(upright: Upright, baseline_a: FloatArray, reading: Reading) -> FloatArray:
    """Size of what the baseline leaves beside the peaks, spikes not counted; 0 for none, (n,)."""
    offset = upright.potential_v - reading.potential_v[:, np.newaxis]
    distance = np.abs(offset) / reading.width_v[:, np.newaxis]
    near, far = _BESIDE_WIDTHS
    beside = (distance > near) & (distance < far)
    left = np.where(beside, np.abs(upright.current_a - baseline_a), np.nan)
    known, size = np.isfinite(left).any(axis=1), np.zeros(len(left))
    size[known] = np.nanmedian(left[known], axis=1) / MEDIAN_TO_SIGMA
    return size


def _noise_errors(
    upright: Upright, reading: Reading, smoother: _Smoother, noise_a: FloatArray
) -> dict[str, FloatArray]:
    """What the noise of the points makes of each number, shapes (n,).

    The baseline's own noise is taken as that of the line through the feet.
    """
    weights = {
        "height_a": reading.height_weights,
        "potential_v": reading.potential_weights,
        "width_v": reading.width_weights,
        "area_av": reading.area_weights,
    }
    left, right = (foot / foot.sum(axis=1, keepdims=True) for foot in feet(upright))
    left_v, right_v = (np.sum(foot * upright.potential_v, axis=1) for foot in (left, right))
    towards_right = (upright.potential_v - left_v[:, np.newaxis]) / (right_v - left_v)[
        :, np.newaxis
    ]
    errors = {}
    for name, of_points in weights.items():
        on_right = np.sum(of_points * towards_right, axis=1, keepdims=True)
        on_left = np.sum(of_points, axis=1, keepdims=True) - on_right
        errors[name] = noise_a * smoother.noise_gain(of_points - on_left * left - on_right * right)
    return errors


def _spread(readings: list[Reading], name: str) -> FloatArray:
    """Root mean square of how far the other baselines' numbers lie from the chosen one's, (n,)."""
    chosen, *others = (getattr(reading, name) for reading in readings)
    squares = np.square(np.stack(others) - chosen)
    known = np.isfinite(squares)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, squares, 0.0).sum(axis=0) / known.sum(axis=0)
    return np.asarray(np.sqrt(mean))


def _smoother(potential_v: FloatArray, start: Start, settings: PeakSettings) -> _Smoother:
    count, step = potential_v.shape[1], step_v(potential_v)
    name, degree = settings.smoothing_filter, settings.smoothing_degree
    if settings.smoothing == "off":
        return _Smoother(name, np.zeros(len(start.width_v), dtype=np.intp), degree)
    if settings.smoothing == "auto":
        window_v, degree = SMOOTHING_WIDTHS * start.width_v, 2
    elif settings.smoothing_window_v is not None:
        window_v = np.full(len(step), settings.smoothing_window_v)
    else:
        window_v = settings.smoothing_window_points * step
    return _Smoother(name, fitting_windows(name, window_v, step, count, degree), degree)


def _flags(settled: BoolArray, ambiguous: BoolArray) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (flags.BASELINE_FAILED,) if not drawn else (flags.BASELINE_AMBIGUOUS,) if unsure else ()
        for drawn, unsure in zip(settled, ambiguous, strict=True)
    )
