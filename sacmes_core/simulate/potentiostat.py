"""A simulated potentiostat: the scans of an experiment with an electrochemical aptamer sensor."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from sacmes_core.flags import OVERLOAD
from sacmes_core.formats.scan import Curve, DeclaredSweep, Role, Scan
from sacmes_core.simulate.acquisition import CurrentRange, digitised, rounded, with_faults
from sacmes_core.simulate.chronoamperometry import PotentialStep
from sacmes_core.simulate.currents import square_wave_currents, step_currents, sweep_currents
from sacmes_core.simulate.cyclic import TriangularSweep
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.noise import noise_series
from sacmes_core.simulate.sensor import Sensor, SensorState, individual, state_at
from sacmes_core.simulate.square_wave import FloatArray, SquareWave
from sacmes_core.simulate.writers.chi import chi_text

_DIGITS: Final = 4
_POTENTIAL_DECIMALS: Final = 4
_TIME_DECIMALS: Final = 9
_START: Final = datetime(2026, 1, 5, 9, 0, 0)
_FAULTS: Final = 1
"""Sets the random numbers of faults apart from those of noise."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the simulated experiment does.

    Attributes
    ----------
    electrodes
        Numbers of the working electrodes; each differs a little from the others.
    additions
        Of target, each with the number of its first scan.
    seconds_per_scan
        Between two scans, for the times in the headers.
    current_range
        Of the instrument; None for one that resolves everything and is never overloaded.
    """

    electrodes: tuple[int, ...] = (1, 2)
    additions: tuple[Addition, ...] = ()
    seconds_per_scan: float = 10.0
    start: datetime = _START
    seed: int = 0
    sensor: Sensor = field(default_factory=Sensor)
    wave: SquareWave = field(default_factory=SquareWave)
    sweep: TriangularSweep = field(default_factory=TriangularSweep)
    step: PotentialStep = field(default_factory=PotentialStep)
    current_range: CurrentRange | None = None


class Potentiostat:
    """Answers like an instrument: the same number and frequency give the same scan again."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sensors = {
            electrode: individual(run.sensor, np.random.default_rng((run.seed, electrode)))
            for electrode in run.electrodes
        }

    def scan(self, number: int, frequency_hz: float) -> Scan:
        """A square wave on all electrodes, currents of four digits, cathodic ones positive.

        Parameters
        ----------
        number
            Counts from 1.
        frequency_hz
            Of the square wave; each step takes one period.
        """
        wave = self._run.wave
        potentials = _written(wave.potentials_v)
        curves: list[Curve] = []
        overloaded = False
        for electrode, sensor in self._sensors.items():
            state = state_at(sensor, self._run.additions, number)
            currents = square_wave_currents(sensor, state, wave, frequency_hz, number)
            key = (electrode, number, round(frequency_hz * 1e6))
            (forward, reverse), beyond = self._measured(sensor, currents, 2 * frequency_hz, key)
            overloaded |= beyond
            roles: tuple[tuple[Role, FloatArray], ...] = (
                ("difference", forward - reverse),
                ("forward", forward),
                ("reverse", reverse),
            )
            curves += [
                Curve(electrode, role, potentials, rounded(values, _DIGITS))
                for role, values in roles
            ]
        return Scan(
            curves=tuple(curves),
            technique="swv",
            format="chi",
            frequency_hz=float(frequency_hz),
            number=number,
            measured_at=self._moment(number),
            declared=DeclaredSweep(
                wave.initial_v, wave.final_v, wave.step_v, amplitude_v=wave.amplitude_v
            ),
            flags=(OVERLOAD,) if overloaded else (),
        )

    def cycle(self, number: int) -> Scan:
        """A cyclic voltammogram on all electrodes, currents of four digits, oxidation positive."""
        sweep = self._run.sweep
        potentials = _written(sweep.potentials_v())
        scan = self._unpulsed(
            number,
            lambda sensor, state: sweep_currents(sensor, state, sweep),
            sweep.scan_rate_v_s / sweep.step_v,
            (potentials, None),
        )
        declared = DeclaredSweep(
            potentials[0],
            potentials[-1],
            sweep.step_v,
            2 * sweep.cycles,
            scan_rate_v_s=sweep.scan_rate_v_s,
        )
        return replace(scan, technique="cv", declared=declared)

    def step(self, number: int) -> Scan:
        """The current after a potential step on all electrodes, oxidation positive."""
        step = self._run.step
        times = np.round(step.time_s, _TIME_DECIMALS)
        applied = np.where(times > 0, step.final_v, step.initial_v)
        scan = self._unpulsed(
            number,
            lambda sensor, state: step_currents(sensor, state, step),
            1 / step.interval_s,
            (_written(applied), tuple(times.tolist())),
        )
        return replace(scan, technique="ca")

    def file(self, number: int, frequency_hz: float) -> bytes:
        """A square wave as the text file that a CH Instruments would export."""
        return chi_text(self.scan(number, frequency_hz))

    def _unpulsed(
        self,
        number: int,
        currents_of: Callable[[Sensor, SensorState], FloatArray],
        sample_hz: float,
        axes: tuple[tuple[float, ...], tuple[float, ...] | None],
    ) -> Scan:
        """A scan of one current an electrode, at the potentials and times of `axes`."""
        potentials, times = axes
        curves: list[Curve] = []
        overloaded = False
        for electrode, sensor in self._sensors.items():
            currents = currents_of(sensor, state_at(sensor, self._run.additions, number))
            key = (electrode, number)
            (current,), beyond = self._measured(sensor, currents[np.newaxis], sample_hz, key)
            overloaded |= beyond
            curves.append(Curve(electrode, "total", potentials, rounded(current, _DIGITS), times))
        return Scan(
            curves=tuple(curves),
            technique=None,
            format="chi",
            number=number,
            measured_at=self._moment(number),
            flags=(OVERLOAD,) if overloaded else (),
        )

    def _measured(
        self, sensor: Sensor, currents: FloatArray, sample_hz: float, key: tuple[int, ...]
    ) -> tuple[FloatArray, bool]:
        """Currents as the instrument gives them, and whether one is overloaded.

        The samples are taken in turn: those of a column of `currents`, then those of the next.
        """
        rows, points = currents.shape
        seed = (self._run.seed, *key)
        series = noise_series(sensor.noise, rows * points, sample_hz, np.random.default_rng(seed))
        noisy = currents + series.reshape(points, rows).T
        noisy = with_faults(noisy, sensor.faults, np.random.default_rng((*seed, _FAULTS)))
        if self._run.current_range is None:
            return noisy, False
        return digitised(noisy, self._run.current_range)

    def _moment(self, number: int) -> datetime:
        return self._run.start + timedelta(seconds=int((number - 1) * self._run.seconds_per_scan))


def file_name(number: int, frequency_hz: float, *, handle: str = "SWV_") -> str:
    """The name of a scan's file, as SACMES expects it: ``SWV_15Hz_3.txt``."""
    return f"{handle}{frequency_hz:g}Hz_{number}.txt"


def _written(potentials_v: FloatArray) -> tuple[float, ...]:
    return tuple(np.round(potentials_v, _POTENTIAL_DECIMALS).tolist())
