"""Where a potential step is in a recording, which points follow it, and two recordings in one."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.ca.binning import point_noise_a
from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray

_POTENTIAL_STEP_V: Final = 0.01
_JUMP_SIGMAS: Final = 10.0
_JUMP_SHARE: Final = 0.05
"""Least jump of the current, as a share of the recording's range."""
_AFTER_POINTS: Final = 5
_RISE_POINTS: Final = 3
_SATURATED_RUN: Final = 2
_ROUNDING: Final = 1e-6
"""Share of a limit by which a point may lie beyond it, as times are rounded."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The points after one step: which they are, shape (K,), and their time since the step.

    Attributes
    ----------
    step_s
        Time of the step in the recording.
    used
        Points from the step to the pulse's end, within the limits that were set; finite ones only.
    saturated
        Whether first points were left out because the amplifier stood still.
    """

    since_s: FloatArray
    step_s: float
    used: BoolArray
    saturated: bool


def steps(
    time_s: FloatArray, current_a: FloatArray, potential_v: FloatArray | None = None
) -> IntArray:
    """Indices of the first points after each potential step; empty for a recording without one.

    Parameters
    ----------
    time_s, current_a
        The recording, shape (K,), times ascending.
    potential_v
        Applied potential, shape (K,); where it is given and changes, it alone decides.
    """
    if potential_v is not None:
        jumps = np.abs(np.diff(potential_v)) > _POTENTIAL_STEP_V
        if jumps.any():
            return np.flatnonzero(jumps) + 1
    return _current_jumps(current_a)


def window(
    time_s: FloatArray,
    current_a: FloatArray,
    step_s: float,
    limits_s: tuple[float | None, float | None],
    end_s: float = np.inf,
) -> Window:
    """The points between a step and the end of its pulse.

    Parameters
    ----------
    step_s, end_s
        Times of the step and of the next one in the recording.
    limits_s
        Start and end of the fit after the step; None for all that there is.
    """
    since = time_s - step_s
    start, end = limits_s
    used = (since > 0) & (time_s < end_s) & np.isfinite(current_a)
    if end is not None:
        used &= since <= end * (1 + _ROUNDING)
    saturated = False
    if start is not None:
        used &= since >= start * (1 - _ROUNDING)
    elif used.any():
        lost = _saturated(current_a, used)
        saturated = bool(lost.any())
        used &= ~lost
    return Window(since, step_s, used, saturated)


def step_time_s(time_s: FloatArray, found: IntArray, pulse: int) -> tuple[float, float]:
    """Time of the chosen step and of the next one, from the points that `steps` found.

    A step lies between the last point before it and the first after it; the former counts, as
    instruments start a step with a sample. Without any, the recording begins with the step: at
    time 0 if that is near its first point, else one interval before it.
    """
    if len(found) >= pulse:
        last = time_s[found[pulse - 1] - 1]
        later = time_s[found[pulse] - 1] if len(found) > pulse else np.inf
        # The next step's own sample belongs to this pulse.
        return float(last), float(np.nextafter(later, np.inf))
    interval = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0
    first = float(time_s[0])
    near_zero = 0 <= first <= max(0.05 * (float(time_s[-1]) - first), 1.5 * interval)
    return (0.0 if near_zero else first - interval), np.inf


def merged(
    first: tuple[FloatArray, FloatArray], second: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Two recordings of one decay in the order of time, each (time since the step, current).

    For example a short one with fast sampling and a long one with slow sampling. At equal times
    both points stay.
    """
    time = np.concatenate([first[0], second[0]])
    order = np.argsort(time, kind="stable")
    return time[order], np.concatenate([first[1], second[1]])[order]


def _current_jumps(current_a: FloatArray) -> IntArray:
    """First points after jumps that relax back, as a decay does after a step."""
    finite = np.isfinite(current_a)
    if finite.sum() < 2 * _AFTER_POINTS:
        return np.empty(0, dtype=np.intp)
    current = np.interp(np.arange(len(current_a)), np.flatnonzero(finite), current_a[finite])
    noise = float(point_noise_a(current[np.newaxis], np.ones((1, len(current)), dtype=bool))[0])
    jumps = np.diff(current)
    least = max(_JUMP_SIGMAS * noise, _JUMP_SHARE * float(np.ptp(current)))
    found: list[int] = []
    for k in np.flatnonzero(np.abs(jumps) > least) + 1:
        if found and k - found[-1] <= _RISE_POINTS:
            continue
        if k >= 2 and _is_step(current, int(k), noise):
            found.append(int(k))
    return np.array(found, dtype=np.intp)


def _is_step(current: FloatArray, k: int, noise: float) -> bool:
    """Whether the current is calm before point k, and afterwards relaxes from where it went."""
    before = current[max(0, k - _AFTER_POINTS) : k]
    level, peak = float(np.median(before)), current[k : k + _RISE_POINTS]
    jump = float(peak[np.argmax(np.abs(peak - level))]) - level
    after = current[k + 1 : k + 1 + _AFTER_POINTS] - level
    if len(after) < _AFTER_POINTS or float(np.ptp(before)) > 0.3 * abs(jump):
        return False
    stays = float(after.mean()) * np.sign(jump) > _JUMP_SIGMAS / 2 * noise
    relaxes = abs(float(current[-1]) - level) < abs(jump) or abs(after[-1]) < abs(jump)
    return stays and relaxes


def _saturated(current_a: FloatArray, used: BoolArray) -> BoolArray:
    """The first used points, if they stand still at the largest magnitude."""
    lost = np.zeros(len(current_a), dtype=bool)
    places = np.flatnonzero(used)
    values = current_a[places]
    still = values == values[0]
    run = len(values) if still.all() else int(np.argmin(still))
    if _SATURATED_RUN <= run < len(values) and abs(values[0]) >= np.abs(values).max():
        lost[places[:run]] = True
    return lost
