"""A simulated potential step: the current of surface-bound couples, of the cell and of noise.

After a step to E the oxidised share θ of a bound couple relaxes exponentially (Butler–Volmer),

    I(t) = Q · (θ(0) − θ(∞)) · λ · exp(−λ·t),   λ = k·[exp(−α·n·F·η/RT) + exp((1 − α)·n·F·η/RT)],

Q = n·F·A·Γ and η = E − E°. The lifetime 1/λ depends on neither the amount nor the area of the
couple, which is why it needs no calibration (Arroyo-Currás et al., ACS Sens. 3 (2018) 360). To it
add the charging of the double layer, ΔE/R·exp(−t/RC), and the Cottrell current of a species that
diffuses to the electrode, n·F·A·c·√(D/π·t) (Bard and Faulkner, Electrochemical Methods, ch. 5).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sacmes_core.simulate.constants import PER_THERMAL_VOLT

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PotentialStep:
    """One step of the potential and when the current is read; the step is at time 0."""

    initial_v: float = 0.0
    final_v: float = -0.4
    before_s: float = 0.0
    duration_s: float = 0.1
    interval_s: float = 1e-4

    @property
    def time_s(self) -> FloatArray:
        """Times of the samples, shape (K,); the first after the step is one interval after it."""
        before = round(self.before_s / self.interval_s)
        after = round(self.duration_s / self.interval_s)
        return np.asarray(np.arange(1 - before, after + 1) * self.interval_s)


@dataclass(frozen=True, slots=True)
class BoundCouple:
    """Redox labels on the surface that all transfer their charge with one lifetime."""

    charge_c: float
    lifetime_s: float


@dataclass(frozen=True, slots=True)
class Cell:
    """What else is in the current.

    Attributes
    ----------
    resistance_ohm, capacitance_f
        Of the solution and of the double layer; a capacitance of 0 leaves charging out.
    cottrell_a_sqrt_s
        n·F·A·c·√(D/π) of an interferent.
    noise_a, flicker_a, mains_a
        Standard deviation of white noise, of 1/f noise, amplitude of hum at `mains_hz`.
    resolution_a
        Least count of the converter; 0 for none.
    limit_a
        Largest current that the amplifier shows.
    """

    resistance_ohm: float = 500.0
    capacitance_f: float = 0.0
    cottrell_a_sqrt_s: float = 0.0
    offset_a: float = 0.0
    noise_a: float = 0.0
    flicker_a: float = 0.0
    mains_a: float = 0.0
    mains_hz: float = 50.0
    resolution_a: float = 0.0
    limit_a: float = np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Chronoamperogram:
    """Time since the step, applied potential and current, shape (K,) each."""

    time_s: FloatArray
    potential_v: FloatArray
    current_a: FloatArray


def lifetime_s(
    rate_hz: float, overpotential_v: float, *, electrons: int = 2, transfer_coefficient: float = 0.5
) -> float:
    """Lifetime of a bound couple at an overpotential, 1/λ.

    Parameters
    ----------
    rate_hz
        Standard rate constant k in 1/s.
    overpotential_v
        η = E − E°, negative for a reduction.
    """
    over = electrons * PER_THERMAL_VOLT * overpotential_v
    reducing = np.exp(-transfer_coefficient * over)
    oxidising = np.exp((1 - transfer_coefficient) * over)
    return float(1 / (rate_hz * (reducing + oxidising)))


def chronoamperogram(
    step: PotentialStep, couples: tuple[BoundCouple, ...], cell: Cell, random: np.random.Generator
) -> Chronoamperogram:
    """The current that an instrument would show for a potential step.

    Parameters
    ----------
    couples
        Populations on the surface, for example with and without target; all of their charge is
        transferred.

    Returns
    -------
    Chronoamperogram
        The sign of the couples' current is that of their charge, of the charging current that of
        the step.
    """
    time = step.time_s
    after = time > 0
    since = time[after]
    current = np.full(len(time), cell.offset_a)
    for couple in couples:
        decay = np.exp(-since / couple.lifetime_s)
        current[after] += couple.charge_c / couple.lifetime_s * decay
    if cell.capacitance_f > 0:
        jump = (step.final_v - step.initial_v) / cell.resistance_ohm
        current[after] += jump * np.exp(-since / (cell.resistance_ohm * cell.capacitance_f))
    current[after] += cell.cottrell_a_sqrt_s / np.sqrt(since)
    current += _noise(cell, time, random)
    current = np.clip(current, -cell.limit_a, cell.limit_a)
    if cell.resolution_a > 0:
        current = np.round(current / cell.resolution_a) * cell.resolution_a
    return Chronoamperogram(time, np.where(after, step.final_v, step.initial_v), current)


def _noise(cell: Cell, time_s: FloatArray, random: np.random.Generator) -> FloatArray:
    """White noise, hum of any phase, and 1/f noise made from its spectrum."""
    count = len(time_s)
    white = random.normal(size=count) * cell.noise_a
    hum = np.sin(2 * np.pi * (cell.mains_hz * time_s + random.uniform())) * cell.mains_a
    spectrum = random.normal(size=(count // 2 + 1, 2)) @ np.array([1, 1j])
    spectrum[0] = 0
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    flicker = np.fft.irfft(spectrum, count)
    flicker *= cell.flicker_a / max(float(flicker.std()), np.finfo(float).tiny)
    return np.asarray(white + hum + flicker)
