"""A simulated potentiostat: square-wave voltammograms of an electrochemical aptamer sensor.

The couple (methylene blue) is bound to the electrode's surface. Within each half-pulse the
potential is constant, so Butler–Volmer kinetics has an exact solution,

    θ(t) = θ∞ + (θ(0) − θ∞) · exp(−(k_red + k_ox) · t),

θ the oxidised share of the surface; the current at the pulse's end follows from it (Komorsky-
Lovrić and Lovrić, Anal. Chim. Acta 305 (1995) 248). A target that binds makes the transfer of
electrons faster: above the critical frequency the signal rises, below it falls.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sacmes_core.formats.chi_text import chi_text
from sacmes_core.formats.scan import Curve, DeclaredSweep, Role, Scan

FloatArray = NDArray[np.float64]

FARADAY_C_MOL: Final = 96485.33212
GAS_CONSTANT_J_MOL_K: Final = 8.314462618
_DIGITS: Final = 4
_START: Final = datetime(2026, 1, 5, 9, 0, 0)


@dataclass(frozen=True, slots=True)
class SquareWave:
    """The potential programme; the staircase goes from `initial_v` to `final_v`."""

    initial_v: float = 0.0
    final_v: float = -0.5
    step_v: float = 0.001
    amplitude_v: float = 0.025

    @property
    def potentials_v(self) -> FloatArray:
        """Potential of each step, shape (K,), the initial one left out as the instrument does."""
        count = round(abs(self.final_v - self.initial_v) / self.step_v)
        steps = np.arange(1, count + 1) * np.copysign(self.step_v, self.final_v - self.initial_v)
        return np.asarray(np.round(self.initial_v + steps, 9))


@dataclass(frozen=True, slots=True)
class Sensor:
    """An electrode with its layer of labelled aptamers.

    Attributes
    ----------
    charge_c
        Charge of all labels, nFAΓ.
    rate_free_hz, rate_bound_hz
        Rate constants of the electron transfer, without and with target, in 1/s.
    dissociation_m
        Concentration at which half of the aptamers are bound (Langmuir), in mol/l.
    loss_per_scan
        Share of the labels that is lost with each scan.
    spread_v
        Standard deviation of the labels' formal potentials.
    noise_a
        Standard deviation of a current's white noise.
    """

    charge_c: float = 4e-8
    formal_potential_v: float = -0.28
    rate_free_hz: float = 17.0
    rate_bound_hz: float = 30.0
    electrons: int = 2
    transfer_coefficient: float = 0.5
    dissociation_m: float = 30e-6
    loss_per_scan: float = 2e-4
    spread_v: float = 0.015
    offset_a: float = 1.2e-7
    slope_a_v: float = -8e-8
    tail_a: float = 1.5e-7
    tail_v: float = 0.045
    noise_a: float = 2e-9


@dataclass(frozen=True, slots=True)
class Run:
    """What the simulated experiment does.

    Attributes
    ----------
    electrodes
        Numbers of the working electrodes; each differs a little from the others.
    binding_number
        Scan number at which the target is added; None for never.
    target_m
        Concentration of the target from then on, in mol/l.
    rise_scans
        Scans after which 63 % of the binding has happened.
    seconds_per_scan
        Between two scans, for the times in the headers.
    """

    electrodes: tuple[int, ...] = (1, 2)
    binding_number: int | None = None
    target_m: float = 100e-6
    rise_scans: float = 3.0
    seconds_per_scan: float = 10.0
    start: datetime = _START
    seed: int = 0
    sensor: Sensor = field(default_factory=Sensor)
    wave: SquareWave = field(default_factory=SquareWave)


class Potentiostat:
    """Answers like an instrument: the same number and frequency give the same scan again."""

    def __init__(self, run: Run) -> None:
        self._run = run

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
        potentials = run.wave.potentials_v
        labels = tuple(_four_digits(potential) for potential in potentials)
        curves = []
        for electrode in run.electrodes:
            own = _individual(run.sensor, np.random.default_rng((run.seed, electrode)))
            noise = np.random.default_rng(
                (run.seed, electrode, number, round(frequency_hz * 1e6))
            ).normal(scale=own.noise_a, size=(2, len(potentials)))
            bound = bound_share(run, number)
            forward, reverse = pulse_currents(own, run.wave, frequency_hz, bound)
            scale = (1 - own.loss_per_scan) ** (number - 1)
            background = _background(own, potentials, frequency_hz) / 2
            forward = forward * scale + background + noise[0]
            reverse = reverse * scale - background + noise[1]
            roles: tuple[tuple[Role, FloatArray], ...] = (
                ("difference", forward - reverse),
                ("forward", forward),
                ("reverse", reverse),
            )
            curves += [Curve(electrode, role, labels, _rounded(values)) for role, values in roles]
        return Scan(
            curves=tuple(curves),
            technique="swv",
            format="chi",
            frequency_hz=float(frequency_hz),
            number=number,
            measured_at=run.start + timedelta(seconds=int((number - 1) * run.seconds_per_scan)),
            parameters=_parameters(run, frequency_hz),
            declared=DeclaredSweep(run.wave.initial_v, run.wave.final_v, run.wave.step_v),
        )

    def file(self, number: int, frequency_hz: float, *, handle: str = "SWV_") -> bytes:
        """The scan as the text file that the instrument would export."""
        name = file_name(number, frequency_hz, handle=handle)
        return chi_text(self.scan(number, frequency_hz), file_name=name)


def file_name(number: int, frequency_hz: float, *, handle: str = "SWV_") -> str:
    """The name of a scan's file, as SACMES expects it: ``SWV_15Hz_3.txt``."""
    return f"{handle}{frequency_hz:g}Hz_{number}.txt"


def pulse_currents(
    sensor: Sensor, wave: SquareWave, frequency_hz: float, bound: float
) -> tuple[FloatArray, FloatArray]:
    """Currents at the ends of the forward and reverse half-pulses, cathodic positive, in A.

    Exact for first-order kinetics on a surface; bound and free labels, and the spread of formal
    potentials (Gauss–Hermite), add up.

    Parameters
    ----------
    bound
        Share of labels with target, 0 to 1.

    Returns
    -------
    forward, reverse
        Shape (K,) each.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(7)
    formal = sensor.formal_potential_v + sensor.spread_v * nodes
    rates = np.array([sensor.rate_free_hz, sensor.rate_bound_hz])
    shares = np.outer([1 - bound, bound], weights / weights.sum())
    direction = np.sign(wave.final_v - wave.initial_v)
    staircase = wave.potentials_v
    applied = np.stack(
        [staircase + direction * wave.amplitude_v, staircase - direction * wave.amplitude_v], axis=1
    ).reshape(-1)
    factor = sensor.electrons * FARADAY_C_MOL / (GAS_CONSTANT_J_MOL_K * 298.15)
    over = factor * (applied[:, None] - formal)
    alpha = sensor.transfer_coefficient
    # Shapes: pulse, rate constant, formal potential. Beyond 1e12/s every pulse is at equilibrium.
    reducing = rates[:, None] * np.exp(np.clip(-alpha * over, None, 28))[:, None, :]
    oxidising = rates[:, None] * np.exp(np.clip((1 - alpha) * over, None, 28))[:, None, :]
    total = reducing + oxidising
    settled = oxidising / total
    decay = np.exp(-total / (2 * frequency_hz))
    oxidised = np.full(shares.shape, 1.0 if direction < 0 else 0.0)
    currents = np.empty(len(applied))
    for k in range(len(applied)):
        distance = (oxidised - settled[k]) * decay[k]
        currents[k] = np.sum(shares * total[k] * distance)
        oxidised = settled[k] + distance
    currents *= sensor.charge_c
    return currents[0::2], currents[1::2]


def bound_share(run: Run, number: int) -> float:
    """Share of aptamers with target at a scan: Langmuir's isotherm, reached exponentially."""
    if run.binding_number is None or number < run.binding_number:
        return 0.0
    equilibrium = run.target_m / (run.target_m + run.sensor.dissociation_m)
    elapsed = number - run.binding_number + 1
    return float(equilibrium * (1 - np.exp(-elapsed / run.rise_scans)))


def _individual(sensor: Sensor, random: np.random.Generator) -> Sensor:
    """The sensor with an electrode's own size, potential and rates."""
    size, shift, speed = random.normal(size=3)
    scale = float(np.exp(0.15 * size))
    rate = float(np.exp(0.08 * speed))
    return replace(
        sensor,
        charge_c=sensor.charge_c * scale,
        formal_potential_v=sensor.formal_potential_v + 0.003 * float(shift),
        rate_free_hz=sensor.rate_free_hz * rate,
        rate_bound_hz=sensor.rate_bound_hz * rate,
        offset_a=sensor.offset_a * scale,
        slope_a_v=sensor.slope_a_v * scale,
        tail_a=sensor.tail_a * scale,
    )


def _background(sensor: Sensor, potentials: FloatArray, frequency_hz: float) -> FloatArray:
    """Difference current without the couple: charging, a slope, and oxygen at the negative end."""
    charging = np.sqrt(frequency_hz / 15.0)
    end = potentials.min()
    tail = sensor.tail_a * np.exp(-(potentials - end) / sensor.tail_v)
    return np.asarray((sensor.offset_a + sensor.slope_a_v * potentials + tail) * charging)


def _parameters(run: Run, frequency_hz: float) -> dict[str, str]:
    wave = run.wave
    return {
        "Instrument Model": "CHI1040C",
        "Init E (V)": f"{wave.initial_v:g}",
        "Final E (V)": f"{wave.final_v:g}",
        "Incr E (V)": f"{wave.step_v:g}",
        "Amplitude (V)": f"{wave.amplitude_v:g}",
        "Frequency (Hz)": f"{frequency_hz:g}",
        "Quiet Time (sec)": "2",
        "Sensitivity (A/V)": "1e-6",
    }


def _four_digits(value: float) -> float:
    return float(f"{value:.{_DIGITS}f}")


def _rounded(currents: Sequence[float] | FloatArray) -> tuple[float, ...]:
    return tuple(float(f"{value:.{_DIGITS - 1}e}") for value in currents)
