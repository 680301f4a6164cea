"""The measurement loops of MethodSCRIPT: potentials, currents and the time between points."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from sacmes_core.simulate.chronoamperometry import PotentialStep
from sacmes_core.simulate.instruments.cell import Cell, SweepPath
from sacmes_core.simulate.instruments.script import ScriptError
from sacmes_core.simulate.square_wave import FloatArray, SquareWave

BAD_VALUE: Final = 0x0007
POINTS_MAX: Final = 20_000
_PATH_MAX_V: Final = 60.0
_FREQUENCY_MAX_HZ: Final = 2_000.0
_SCAN_RATE_MAX_V_S: Final = 100.0
_INTERVAL_MIN_S: Final = 1e-4
_SMALLEST_V: Final = 1e-6
_CORNERS_PER_CYCLE: Final = 3


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What a loop measures.

    Attributes
    ----------
    technique
        Number that the instrument sends at the start of the loop.
    potential_v, current_a
        Shape (K,), and (2, K) with forward and reverse currents or (1, K).
    interval_s
        From one point to the next.
    scans
        Index of the first point of each scan.
    """

    technique: int
    potential_v: FloatArray
    current_a: FloatArray
    interval_s: float
    scans: tuple[int, ...] = (0,)


def swept_window(command: str, values: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest potential that a loop applies."""
    match command:
        case "meas_loop_swv":
            applied, height = values[:2], abs(values[3])
        case "meas_loop_cv":
            applied, height = values[:3], 0.0
        case "meas_loop_lsv":
            applied, height = values[:2], 0.0
        case _:
            applied, height = values[:1], 0.0
    return min(applied) - height, max(applied) + height


def acquire(
    command: str, values: Sequence[float], cycles: int, site: tuple[Cell, int], before_v: float
) -> Acquisition:
    """Measure on an electrode of a cell.

    Parameters
    ----------
    values
        Of the command, without its variables.
    site
        The cell, and the number of the electrode.
    before_v
        The potential until now.

    Raises
    ------
    ScriptError
        If a value cannot be.
    """
    match command:
        case "meas_loop_swv":
            return _square_wave(values, site)
        case "meas_loop_ca":
            return _held(values, site, before_v)
        case "meas_loop_cv":
            begin_v, first_v, second_v, step_v, rate_v_s = values
            path_v = (begin_v, *((first_v, second_v, begin_v) * cycles))
            return _swept(SweepPath.along(path_v, step_v, rate_v_s), site)
        case _:
            begin_v, end_v, step_v, rate_v_s = values
            path = SweepPath.along((begin_v, end_v), step_v, rate_v_s)
            return replace(_swept(path, site), technique=0x0, scans=(0,))


def _square_wave(values: Sequence[float], site: tuple[Cell, int]) -> Acquisition:
    begin_v, end_v, step_v, amplitude_v, frequency_hz = values
    _expect(step_v >= _SMALLEST_V and amplitude_v >= 0)
    _expect(0 < frequency_hz <= _FREQUENCY_MAX_HZ)
    steps = round(abs(end_v - begin_v) / step_v)
    _expect(steps < POINTS_MAX)
    signed_v = step_v if end_v >= begin_v else -step_v
    wave = SquareWave(begin_v - signed_v, begin_v + steps * signed_v, step_v, amplitude_v)
    cell, electrode = site
    currents = cell.square_wave(electrode, wave, frequency_hz)
    return Acquisition(0x2, wave.potentials_v, currents, 1 / frequency_hz)


def _held(values: Sequence[float], site: tuple[Cell, int], before_v: float) -> Acquisition:
    held_v, interval_s, run_s = values
    _expect(interval_s >= _INTERVAL_MIN_S and run_s >= interval_s)
    _expect(run_s / interval_s <= POINTS_MAX)
    step = PotentialStep(before_v, held_v, duration_s=run_s, interval_s=interval_s)
    cell, electrode = site
    currents = cell.step(electrode, step)
    return Acquisition(0x7, np.full(currents.shape[1], held_v), currents, interval_s)


def _swept(path: SweepPath, site: tuple[Cell, int]) -> Acquisition:
    """A sweep and, after the first point, the same way as often as it comes back to its start."""
    _expect(_SMALLEST_V <= path.step_v <= 1 and 0 < path.scan_rate_v_s <= _SCAN_RATE_MAX_V_S)
    legs = [abs(b - a) for a, b in pairwise(path.corners_v)]
    _expect(0 < sum(legs) <= _PATH_MAX_V)
    points = sum(max(1, round(leg / path.step_v)) for leg in legs)
    _expect(points < POINTS_MAX)
    cycles = max(1, (len(path.path_v) - 1) // _CORNERS_PER_CYCLE)
    cell, electrode = site
    return Acquisition(
        0x5,
        path.potentials_v(),
        cell.sweep(electrode, path),
        path.step_v / path.scan_rate_v_s,
        scans=(0, *(1 + k * points // cycles for k in range(1, cycles))),
    )


def _expect(possible: bool) -> None:
    if not possible:
        raise ScriptError(BAD_VALUE)
