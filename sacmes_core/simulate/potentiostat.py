"""A simulated potentiostat: the scans of an experiment with an electrochemical aptamer sensor."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from sacmes_core.flags import OVERLOAD
from sacmes_core.formats.scan import Curve, DeclaredSweep, Role, Scan
from sacmes_core.simulate.acquisition import CurrentRange, digitised, rounded, with_faults
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.noise import noise_currents
from sacmes_core.simulate.sensor import Sensor, currents_without_noise, individual
from sacmes_core.simulate.square_wave import FloatArray, SquareWave
from sacmes_core.simulate.writers.chi import chi_text

_DIGITS: Final = 4
_POTENTIAL_DECIMALS: Final = 4
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
        """One scan of all electrodes, its currents rounded to the instrument's four digits.

        Parameters
        ----------
        number
            Counts from 1.
        frequency_hz
            Of the square wave; each step takes one period.
        """
        run = self._run
        labels = tuple(np.round(run.wave.potentials_v, _POTENTIAL_DECIMALS).tolist())
        curves: list[Curve] = []
        overloaded = False
        for electrode in run.electrodes:
            (forward, reverse), beyond = self._measured(electrode, number, frequency_hz)
            overloaded |= beyond
            roles: tuple[tuple[Role, FloatArray], ...] = (
                ("difference", forward - reverse),
                ("forward", forward),
                ("reverse", reverse),
            )
            curves += [
                Curve(electrode, role, labels, rounded(values, _DIGITS)) for role, values in roles
            ]
        return Scan(
            curves=tuple(curves),
            technique="swv",
            format="chi",
            frequency_hz=float(frequency_hz),
            number=number,
            measured_at=run.start + timedelta(seconds=int((number - 1) * run.seconds_per_scan)),
            declared=DeclaredSweep(
                run.wave.initial_v,
                run.wave.final_v,
                run.wave.step_v,
                amplitude_v=run.wave.amplitude_v,
            ),
            flags=(OVERLOAD,) if overloaded else (),
        )

    def file(self, number: int, frequency_hz: float) -> bytes:
        """The scan as the text file that a CH Instruments would export."""
        return chi_text(self.scan(number, frequency_hz))

    def _measured(
        self, electrode: int, number: int, frequency_hz: float
    ) -> tuple[FloatArray, bool]:
        """Forward and reverse currents, shape (2, K), and whether one is overloaded."""
        run, sensor = self._run, self._sensors[electrode]
        currents = currents_without_noise(sensor, run.wave, frequency_hz, number, run.additions)
        key = (run.seed, electrode, number, round(frequency_hz * 1e6))
        currents = currents + noise_currents(
            sensor.noise, currents.shape[-1], 2 * frequency_hz, np.random.default_rng(key)
        )
        currents = with_faults(currents, sensor.faults, np.random.default_rng((*key, _FAULTS)))
        if run.current_range is None:
            return currents, False
        return digitised(currents, run.current_range)


def file_name(number: int, frequency_hz: float, *, handle: str = "SWV_") -> str:
    """The name of a scan's file, as SACMES expects it: ``SWV_15Hz_3.txt``."""
    return f"{handle}{frequency_hz:g}Hz_{number}.txt"
