"""The electrodes of an experiment: individual sensors, and what is measured on each."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from sacmes_core.simulate.acquisition import with_faults
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.noise import noise_series
from sacmes_core.simulate.sensor import Sensor, SensorState, individual, state_at
from sacmes_core.simulate.square_wave import FloatArray

CurrentsOf = Callable[[Sensor, SensorState], FloatArray]
"""The currents of a sensor without noise, A, shape (rows, K)."""

_FAULTS: Final = 1
"""Sets the random numbers of faults apart from those of noise."""


class Electrodes:
    """Sensors that each differ a little; the same measurement gives the same currents again."""

    def __init__(
        self,
        sensor: Sensor,
        numbers: Sequence[int],
        additions: Sequence[Addition],
        seed: int,
    ) -> None:
        self._additions = additions
        self._seed = seed
        self._sensors = {
            electrode: individual(sensor, np.random.default_rng((seed, electrode)))
            for electrode in numbers
        }

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the electrodes."""
        return tuple(self._sensors)

    def currents(
        self,
        electrode: int,
        number: int,
        currents_of: CurrentsOf,
        sample_hz: float,
        key: tuple[int, ...] = (),
    ) -> FloatArray:
        """Currents of an electrode with noise and faults, A, shape (rows, K).

        The samples are taken in turn: those of a column, then those of the next.

        Parameters
        ----------
        number
            Of the scan, counted from 1: how far the sensor has drifted and bound its target.
        key
            Sets the noise of a scan apart from that of others of its number.
        """
        sensor = self._sensors[electrode]
        currents = currents_of(sensor, state_at(sensor, self._additions, number))
        rows, points = currents.shape
        seed = (self._seed, electrode, number, *key)
        series = noise_series(sensor.noise, rows * points, sample_hz, np.random.default_rng(seed))
        currents = currents + series.reshape(points, rows).T
        return with_faults(currents, sensor.faults, np.random.default_rng((*seed, _FAULTS)))
