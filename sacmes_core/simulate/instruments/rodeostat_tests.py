"""The tests of a Rodeostat: their parameters, potentials in time, and the currents of a cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np

from sacmes_core.simulate.chronoamperometry import PotentialStep
from sacmes_core.simulate.instruments.cell import Cell, SweepPath
from sacmes_core.simulate.square_wave import FloatArray, SquareWave

SAMPLES_MAX: Final = 100_000
_PATH_MAX_V: Final = 60.0
_CYCLES_MAX: Final = 10_000
_LIMIT_V: Final = 10.0

ParameterKind = Literal["float", "uint32", "two steps", "steps"]
Parameters = dict[str, Any]

_QUIET: Final[Mapping[str, tuple[ParameterKind, Any]]] = {
    "quietValue": ("float", 0.0),
    "quietTime": ("uint32", 0),
}
PARAMETERS: Final[Mapping[str, Mapping[str, tuple[ParameterKind, Any]]]] = MappingProxyType(
    {
        "cyclic": {
            **_QUIET,
            "amplitude": ("float", 0.5),
            "offset": ("float", 0.0),
            "period": ("uint32", 1000),
            "numCycles": ("uint32", 10),
            "shift": ("float", 0.0),
        },
        "constant": {**_QUIET, "duration": ("uint32", 5000), "value": ("float", 0.5)},
        "squareWave": {
            **_QUIET,
            "startValue": ("float", -0.5),
            "finalValue": ("float", 0.5),
            "stepValue": ("float", 0.005),
            "amplitude": ("float", 0.05),
            "window": ("float", 0.2),
        },
        "linearSweep": {
            **_QUIET,
            "startValue": ("float", -0.5),
            "finalValue": ("float", 0.5),
            "duration": ("uint32", 2000),
        },
        "chronoamp": {**_QUIET, "step": ("two steps", [[1000, -0.1], [1000, 0.1]])},
        "multiStep": {**_QUIET, "step": ("steps", [[1000, -0.1], [1000, 0.0], [1000, 0.1]])},
    }
)
"""The parameters of each test with their kinds and what they are when it is switched on; times in
milliseconds."""


class TooLongError(ValueError):
    """A test has more samples than are simulated."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """What a test samples.

    Attributes
    ----------
    time_s, potential_v
        Shape (K,); the potential that is sent.
    currents
        Currents of an electrode, A, shape (K,).
    """

    time_s: FloatArray
    potential_v: FloatArray
    currents: Callable[[int], FloatArray]


def done_time_ms(test: str, parameters: Parameters, period_s: float) -> int:
    """How long a test takes."""
    quiet_ms = int(parameters["quietTime"])
    match test:
        case "cyclic":
            return quiet_ms + int(parameters["period"] * parameters["numCycles"])
        case "squareWave":
            step_v = abs(parameters["stepValue"])
            height_v = abs(parameters["finalValue"] - parameters["startValue"])
            steps = int(height_v / step_v + 1e-9) if step_v > 0 else 0
            return quiet_ms + round(steps * period_s * 1e3)
        case "chronoamp" | "multiStep":
            return quiet_ms + sum(int(duration) for duration, _ in parameters["step"])
    return quiet_ms + int(parameters["duration"])


def sample(
    test: str, parameters: Parameters, period_s: float, cell: Cell, before_v: float
) -> Sampling:
    """What a test measures, one sample a period.

    Parameters
    ----------
    before_v
        The potential until now.

    Raises
    ------
    TooLongError
        If there are too many samples.
    """
    done_s = done_time_ms(test, parameters, period_s) / 1e3
    if done_s / period_s > SAMPLES_MAX:
        raise TooLongError
    quiet = _held(before_v, parameters["quietValue"], parameters["quietTime"], period_s, cell)
    last_v = parameters["quietValue"] if len(quiet.time_s) else before_v
    parts = [quiet]
    match test:
        case "constant":
            value, duration = parameters["value"], parameters["duration"]
            parts.append(_held(last_v, value, duration, period_s, cell))
        case "chronoamp" | "multiStep":
            for duration, value in parameters["step"]:
                parts.append(_held(last_v, value, duration, period_s, cell))
                last_v = value
        case "squareWave":
            parts.append(_square_wave(parameters, period_s, cell))
        case "linearSweep":
            ends = parameters["startValue"], parameters["finalValue"]
            parts.append(_swept(ends, parameters["duration"] / 1e3, period_s, cell))
        case _:
            parts.append(_cyclic(parameters, period_s, cell))
    return _joined([part for part in parts if len(part.time_s)])


def _held(
    before_v: float, held_v: float, duration_ms: float, period_s: float, cell: Cell
) -> Sampling:
    held_v, duration_s = _limited(held_v), duration_ms / 1e3
    count = round(duration_s / period_s)
    step = PotentialStep(before_v, held_v, duration_s=count * period_s, interval_s=period_s)
    times = _times(count, period_s)
    if not count:
        return Sampling(times, times, lambda _: times)
    return Sampling(times, np.full(count, held_v), lambda electrode: cell.step(electrode, step)[0])


def _square_wave(parameters: Parameters, period_s: float, cell: Cell) -> Sampling:
    """One period of the wave a sample; its current is the difference of both pulses."""
    start_v, final_v = _limited(parameters["startValue"]), _limited(parameters["finalValue"])
    step_v = abs(parameters["stepValue"])
    count = int(abs(final_v - start_v) / step_v + 1e-9) if step_v > 0 else 0
    times = _times(count, period_s)
    if not count:
        return Sampling(times, times, lambda _: times)
    end_v = start_v + np.copysign(count * step_v, final_v - start_v)
    wave = SquareWave(start_v, float(end_v), step_v, abs(_limited(parameters["amplitude"])))

    def currents(electrode: int) -> FloatArray:
        forward, reverse = cell.square_wave(electrode, wave, 1 / period_s)
        return np.asarray(forward - reverse)

    return Sampling(times, wave.potentials_v, currents)


def _cyclic(parameters: Parameters, period_s: float, cell: Cell) -> Sampling:
    """A triangle that begins at its lowest potential, or further on by a share of its period."""
    amplitude_v, offset_v = _limited(parameters["amplitude"]), _limited(parameters["offset"])
    cycles, shift = int(parameters["numCycles"]), float(parameters["shift"]) % 1.0

    def triangle(turns: float) -> float:
        phase = turns % 1.0
        return offset_v + amplitude_v * (4 * min(phase, 1 - phase) - 1)

    if cycles > _CYCLES_MAX:
        raise TooLongError
    corners = np.arange(np.floor(2 * shift) + 1, np.ceil(2 * (shift + cycles))) / 2
    turns = [shift, *corners.tolist(), shift + cycles]
    path_v = tuple(triangle(turn) for turn in turns)
    return _swept(path_v, cycles * parameters["period"] / 1e3, period_s, cell)


def _swept(path_v: tuple[float, ...], duration_s: float, period_s: float, cell: Cell) -> Sampling:
    """A sweep along corners at one rate, sampled in time."""
    path_v = tuple(map(_limited, path_v))
    length_v = sum(abs(b - a) for a, b in pairwise(path_v))
    if length_v > _PATH_MAX_V:
        raise TooLongError
    count = round(duration_s / period_s)
    times = _times(count, period_s)
    if not count or length_v == 0:
        return Sampling(times, np.full(count, path_v[0]), lambda _: np.zeros(count))
    rate_v_s = length_v / duration_s
    path = SweepPath.along(path_v, rate_v_s * period_s, rate_v_s)
    swept_v = path.potentials_v()
    reached_s = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(swept_v)))]) / rate_v_s

    def currents(electrode: int) -> FloatArray:
        return np.asarray(np.interp(times, reached_s, cell.sweep(electrode, path)[0]))

    return Sampling(times, np.interp(times, reached_s, swept_v), currents)


def _times(count: int, period_s: float) -> FloatArray:
    return np.asarray(np.arange(1, count + 1) * period_s, dtype=np.float64)


def _joined(parts: list[Sampling]) -> Sampling:
    if not parts:
        nothing = np.zeros(0)
        return Sampling(nothing, nothing, lambda _: nothing)
    begins = np.cumsum([0.0, *(part.time_s[-1] for part in parts[:-1])])
    return Sampling(
        np.concatenate([part.time_s + begin for part, begin in zip(parts, begins, strict=True)]),
        np.concatenate([part.potential_v for part in parts]),
        lambda electrode: np.concatenate([part.currents(electrode) for part in parts]),
    )


def _limited(potential_v: float) -> float:
    return float(min(max(potential_v, -_LIMIT_V), _LIMIT_V))
