"""Heights over a line that is fitted ahead of the wave and goes on under the peak.

What is done with a ruler; kept for comparison with numbers that were read so. It needs a stretch
without any reaction ahead of the wave, and its error grows with the distance from it.
"""

from typing import Final

import numpy as np
from scipy.signal import savgol_coeffs

from sacmes_core.analysis.cv.bank import best_candidates, way_of
from sacmes_core.analysis.cv.numbers import Quantity, SweepPeak
from sacmes_core.analysis.cv.preparing import Cycle, Sweep
from sacmes_core.analysis.cv.results import ModelResult, SweepResult
from sacmes_core.analysis.cv.surface import between
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.settings.cv import CvSettings

_SMOOTHING_V: Final = 0.02
_DEGREE: Final = 2
_SIGMAS_MIN: Final = 6.0
_LINE_POINTS_MIN: Final = 4
_FOOT_WIDTHS: Final = 1.5


def heights_over_line(cycle: Cycle, settings: CvSettings, orientation: int) -> ModelResult:
    """The largest current of each sweep over its own line."""
    found = [
        _sweep_result(sweep, settings, float(orientation * sweep.segment.direction))
        for sweep in cycle.sweeps
    ]
    separation, half_wave = between([result.peak for result in found])
    return ModelResult(
        model="line", sweeps=tuple(found), half_wave_v=half_wave, separation_v=separation
    )


def _sweep_result(sweep: Sweep, settings: CvSettings, upwards: float) -> SweepResult:
    way_v, sigma = way_of(sweep), sweep.noise_a / np.sqrt(sweep.counts)
    span_v = way_v[-1] - way_v[0]
    ahead = way_v - way_v[0]
    start_v, end_v = settings.line_from_share * span_v, settings.line_to_share * span_v
    upright, inverted = best_candidates(sweep, "line")
    wave = upright if upwards > 0 else inverted
    if wave.height_a:
        # A line that runs into the wave is no line ahead of it.
        end_v = min(end_v, wave.way_v - way_v[0] - _FOOT_WIDTHS * wave.width_v)
        start_v = min(start_v, end_v / 2)
    inside = (ahead >= start_v) & (ahead <= end_v)
    if np.count_nonzero(inside) < _LINE_POINTS_MIN:
        flat = np.zeros(len(way_v))
        return SweepResult(None, flat, flat)
    columns = np.stack([np.ones(len(way_v)), way_v], axis=1)
    factors, *_ = np.linalg.lstsq(columns[inside], sweep.bin_a[inside], rcond=None)
    line_a = columns @ factors
    size = _window(way_v)
    smoothed_a = _smoothed(sweep.bin_a, size)
    over = upwards * (smoothed_a - line_a)
    first = int(np.flatnonzero(inside)[-1]) + 1
    peak = None
    if first < len(way_v) - 2:
        k = first + int(np.argmax(over[first:]))
        covariance = np.linalg.inv(columns[inside].T @ columns[inside])
        line_error = np.sqrt(columns[k] @ covariance @ columns[k]) * float(np.mean(sigma))
        gain = float(np.sqrt(np.sum(savgol_coeffs(size, _DEGREE) ** 2))) if size else 1.0
        error = float(np.hypot(line_error, gain * sigma[k]))
        if first < k < len(way_v) - 1 and over[k] > _SIGMAS_MIN * error:
            peak = _peak(sweep, over, k, error, upwards)
    return SweepResult(peak, line_a, smoothed_a)


def _peak(sweep: Sweep, over: FloatArray, k: int, error: float, upwards: float) -> SweepPeak:
    way_v, segment = way_of(sweep), sweep.segment
    near = slice(max(0, k - 3), k + 4)
    bend = np.polynomial.Polynomial.fit(way_v[near], over[near], 2)
    turns = bend.deriv().roots()
    place_v = float(turns[0]) if len(turns) and abs(turns[0] - way_v[k]) < 0.01 else float(way_v[k])
    height = float(over[k])
    half_v = _crossing(way_v[k::-1], over[k::-1], height / 2)
    behind_v = _crossing(way_v[k:], over[k:], height / 2)
    rise_v = way_v[k] - (way_v[0] if half_v is None else half_v)
    width = None if behind_v is None or half_v is None else behind_v - half_v
    shift = error / height * max(float(rise_v), 0.0)
    after = way_v >= (way_v[0] if half_v is None else half_v)
    area = float(np.trapezoid(np.maximum(over[after], 0.0), way_v[after]))

    def at(place: float | None, off: float) -> Quantity:
        if place is None:
            return Quantity()
        return Quantity(segment.start_v + segment.direction * place, off)

    return SweepPeak(
        segment=segment.number,
        current_a=Quantity(upwards * height, error),
        potential_v=at(place_v, 2 * shift),
        half_potential_v=at(half_v, shift),
        width_v=Quantity() if width is None else Quantity(width, 2 * shift),
        area_av=Quantity(upwards * area, error * (way_v[-1] - way_v[0])),
    )


def _crossing(way_v: FloatArray, over: FloatArray, level: float) -> float | None:
    under = over <= level
    if not under.any() or under[0]:
        return None
    k = int(np.argmax(under))
    share = (over[k - 1] - level) / (over[k - 1] - over[k])
    return float(way_v[k - 1] + share * (way_v[k] - way_v[k - 1]))


def _window(way_v: FloatArray) -> int:
    """Points of the smoothing, odd; 0 for none."""
    size = round(_SMOOTHING_V / float(np.median(np.diff(way_v)))) // 2 * 2 + 1
    return size if _DEGREE < size <= len(way_v) else 0


def _smoothed(current_a: FloatArray, size: int) -> FloatArray:
    if size == 0:
        return current_a
    half = size // 2
    padded = np.pad(current_a, half, mode="reflect", reflect_type="odd")
    return np.asarray(np.convolve(padded, savgol_coeffs(size, _DEGREE), mode="valid"))
