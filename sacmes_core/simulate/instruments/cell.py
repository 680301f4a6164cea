"""The electrochemical cell that hangs on a simulated instrument: what flows in a measurement.

Currents follow IUPAC as these instruments do: oxidation is positive.
"""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from sacmes_core.simulate.chronoamperometry import PotentialStep
from sacmes_core.simulate.currents import square_wave_currents, step_currents, sweep_currents
from sacmes_core.simulate.cyclic import TriangularSweep
from sacmes_core.simulate.electrodes import CurrentsOf, Electrodes
from sacmes_core.simulate.square_wave import FloatArray, SquareWave

_COUNTS_MAX: Final = 1_000
_SWEEP, _STEP = 1, 2


@dataclass(frozen=True, slots=True)
class SweepPath(TriangularSweep):
    """A sweep along any corners; the fields that name the vertices count for nothing."""

    path_v: tuple[float, ...] = ()

    @classmethod
    def along(cls, path_v: tuple[float, ...], step_v: float, scan_rate_v_s: float) -> "SweepPath":
        """From the first corner to the last one."""
        return cls(path_v[0], step_v=step_v, scan_rate_v_s=scan_rate_v_s, path_v=path_v)

    @property
    def corners_v(self) -> tuple[float, ...]:
        """Where the sweep starts, turns and ends."""
        first, *rest = self.path_v
        return (first, *(b for a, b in pairwise((first, *rest)) if a != b))


class Cell:
    """Electrodes whose sensors age with each scan and bind their target at the scan of an addition.

    Nothing flows where there is no electrode.

    Each kind of measurement on each electrode counts its scans by itself: those of two frequencies
    in turn are scan 1 of both, then scan 2 of both.
    """

    def __init__(self, electrodes: Electrodes) -> None:
        self._electrodes = electrodes
        self._counts: OrderedDict[tuple[int, ...], int] = OrderedDict()

    @property
    def electrodes(self) -> tuple[int, ...]:
        """Numbers of the electrodes."""
        return self._electrodes.numbers

    def square_wave(self, electrode: int, wave: SquareWave, frequency_hz: float) -> FloatArray:
        """Forward and reverse currents, A, shape (2, K)."""
        key = (round(frequency_hz * 1e6),)
        number = self._next(electrode, key)
        return -self._currents(
            electrode,
            (number, *key),
            lambda sensor, state: square_wave_currents(sensor, state, wave, frequency_hz, number),
            2 * frequency_hz,
            (2, len(wave.potentials_v)),
        )

    def sweep(self, electrode: int, path: TriangularSweep) -> FloatArray:
        """Currents of a sweep, A, shape (1, K)."""
        return self._currents(
            electrode,
            (self._next(electrode, (0, _SWEEP)),),
            lambda sensor, state: sweep_currents(sensor, state, path)[np.newaxis],
            path.scan_rate_v_s / path.step_v,
            (1, len(path.potentials_v())),
        )

    def step(self, electrode: int, step: PotentialStep) -> FloatArray:
        """Currents after a step of the potential, A, shape (1, K)."""
        return self._currents(
            electrode,
            (self._next(electrode, (0, _STEP)),),
            lambda sensor, state: step_currents(sensor, state, step)[np.newaxis],
            1 / step.interval_s,
            (1, len(step.time_s)),
        )

    def _next(self, electrode: int, key: tuple[int, ...]) -> int:
        """Number of the next scan of a kind, counted from 1."""
        kind = (electrode, *key)
        number = self._counts.pop(kind, 0) + 1
        self._counts[kind] = number
        if len(self._counts) > _COUNTS_MAX:
            self._counts.popitem(last=False)
        return number

    def _currents(
        self,
        electrode: int,
        scan: tuple[int, ...],
        currents_of: CurrentsOf,
        sample_hz: float,
        shape: tuple[int, int],
    ) -> FloatArray:
        """Currents of a scan, which is named by its number and what sets its noise apart."""
        if electrode not in self.electrodes:
            return np.zeros(shape)
        number, *key = scan
        # A script may ask for what no instrument can do: without numbers is without current.
        with np.errstate(all="ignore"):
            currents = self._electrodes.currents(
                electrode, number, currents_of, sample_hz, tuple(key)
            )
        return np.nan_to_num(currents)
