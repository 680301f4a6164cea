"""A simulated potentiostat: the scans of an experiment with an electrochemical aptamer sensor."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from sacmes_core.flags import OVERLOAD
from sacmes_core.formats.scan import Curve, DeclaredSweep, Role, Scan
from sacmes_core.simulate.acquisition import CurrentRange, digitised, rounded
from sacmes_core.simulate.chronoamperometry import PotentialStep
from sacmes_core.simulate.currents import square_wave_currents, step_currents, sweep_currents
from sacmes_core.simulate.cyclic import TriangularSweep
from sacmes_core.simulate.electrodes import CurrentsOf, Electrodes
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.sensor import Sensor
from sacmes_core.simulate.square_wave import FloatArray, SquareWave
from sacmes_core.simulate.writers.chi import chi_text

_DIGITS: Final = 4
_POTENTIAL_DECIMALS: Final = 4
_TIME_DECIMALS: Final = 9
_START: Final = datetime(2026, 1, 5, 9, 0, 0)
_ROLES: Final[tuple[Role, ...]] = ("difference", "forward", "reverse")


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
        self._electrodes = Electrodes(run.sensor, run.electrodes, run.additions, run.seed)

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
        readings, flags = self._readings(
            number,
            lambda sensor, state: square_wave_currents(sensor, state, wave, frequency_hz, number),
            2 * frequency_hz,
            (round(frequency_hz * 1e6),),
        )
        curves = [
            Curve(electrode, role, potentials, rounded(current, _DIGITS))
            for electrode, (forward, reverse) in readings.items()
            for role, current in zip(_ROLES, (forward - reverse, forward, reverse), strict=True)
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
            flags=flags,
        )

    def cycle(self, number: int) -> Scan:
        """A cyclic voltammogram on all electrodes, currents of four digits, oxidation positive."""
        sweep = self._run.sweep
        potentials = _written(sweep.potentials_v())
        readings, flags = self._readings(
            number,
            lambda sensor, state: sweep_currents(sensor, state, sweep)[np.newaxis],
            sweep.scan_rate_v_s / sweep.step_v,
        )
        return Scan(
            curves=tuple(
                Curve(electrode, "total", potentials, rounded(current, _DIGITS))
                for electrode, (current,) in readings.items()
            ),
            technique="cv",
            format="chi",
            number=number,
            measured_at=self._moment(number),
            declared=DeclaredSweep(
                potentials[0],
                potentials[-1],
                sweep.step_v,
                2 * sweep.cycles,
                scan_rate_v_s=sweep.scan_rate_v_s,
            ),
            flags=flags,
        )

    def step(self, number: int) -> Scan:
        """The current after a potential step on all electrodes, oxidation positive."""
        step = self._run.step
        times = np.round(step.time_s, _TIME_DECIMALS)
        applied = _written(np.where(times > 0, step.final_v, step.initial_v))
        readings, flags = self._readings(
            number,
            lambda sensor, state: step_currents(sensor, state, step)[np.newaxis],
            1 / step.interval_s,
        )
        return Scan(
            curves=tuple(
                Curve(electrode, "total", applied, rounded(current, _DIGITS), tuple(times.tolist()))
                for electrode, (current,) in readings.items()
            ),
            technique="ca",
            format="chi",
            number=number,
            measured_at=self._moment(number),
            flags=flags,
        )

    def file(self, number: int, frequency_hz: float) -> bytes:
        """A square wave as the text file that a CH Instruments would export."""
        return chi_text(self.scan(number, frequency_hz))

    def _readings(
        self,
        number: int,
        currents_of: CurrentsOf,
        sample_hz: float,
        key: tuple[int, ...] = (),
    ) -> tuple[dict[int, FloatArray], tuple[str, ...]]:
        """Currents of each electrode as the instrument gives them, and the flags of the scan."""
        readings: dict[int, FloatArray] = {}
        overloaded = False
        for electrode in self._run.electrodes:
            currents = self._electrodes.currents(electrode, number, currents_of, sample_hz, key)
            if self._run.current_range is not None:
                currents, beyond = digitised(currents, self._run.current_range)
                overloaded |= beyond
            readings[electrode] = currents
        return readings, (OVERLOAD,) if overloaded else ()

    def _moment(self, number: int) -> datetime:
        return self._run.start + timedelta(seconds=int((number - 1) * self._run.seconds_per_scan))


def file_name(number: int, frequency_hz: float, *, handle: str = "SWV_") -> str:
    """The name of a scan's file, as SACMES expects it: ``SWV_15Hz_3.txt``."""
    return f"{handle}{frequency_hz:g}Hz_{number}.txt"


def _written(potentials_v: FloatArray) -> tuple[float, ...]:
    return tuple(np.round(potentials_v, _POTENTIAL_DECIMALS).tolist())
