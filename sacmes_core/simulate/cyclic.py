"""Simulated cyclic voltammograms: a couple on the surface or in solution, charging and noise.

Currents follow IUPAC: oxidation is positive. Both couples start with the form that is stable at
the initial potential, at equilibrium with it.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sacmes_core.formats.scan import Curve, DeclaredSweep, Scan
from sacmes_core.simulate.constants import FARADAY_C_MOL, GAS_CONSTANT_J_MOL_K
from sacmes_core.simulate.planar_diffusion import Diffusion

FloatArray = NDArray[np.float64]

_SURFACE_STEP_V: Final = 0.0005
_DIFFUSION_STEP_V: Final = 0.001
_OVERPOTENTIAL_MAX: Final = 60.0
"""In units of RT / nF; beyond it a rate constant's exponential only loses digits."""


@dataclass(frozen=True, slots=True)
class TriangularSweep:
    """The potential programme: from the initial potential to one vertex, the other, and so on.

    A cycle is the way to the first vertex and on to the second one; the first cycle starts at
    `initial_v`, the later ones at the second vertex.
    """

    initial_v: float = 0.2
    first_vertex_v: float = -0.5
    second_vertex_v: float = 0.2
    cycles: int = 1
    step_v: float = 0.001
    scan_rate_v_s: float = 0.1

    @property
    def corners_v(self) -> tuple[float, ...]:
        """The initial potential and where the sweep turns or ends, in order."""
        return (self.initial_v, *((self.first_vertex_v, self.second_vertex_v) * self.cycles))

    def potentials_v(self, parts: int = 1) -> FloatArray:
        """Potentials in order of measurement, shape (K,), each step divided into `parts`."""
        runs = [np.array([self.initial_v])]
        for start, end in zip(self.corners_v[:-1], self.corners_v[1:], strict=True):
            count = max(1, round(abs(end - start) / self.step_v)) * parts
            runs.append(start + (end - start) * np.arange(1, count + 1) / count)
        return np.concatenate(runs)

    def scan(self, current_a: FloatArray, *, electrode: int = 1) -> Scan:
        """The scan that a reader would have made of these currents, shape (K,)."""
        potentials = tuple(np.round(self.potentials_v(), 9).tolist())
        curve = Curve(electrode, "total", potentials, tuple(current_a.tolist()))
        rate = DeclaredSweep(scan_rate_v_s=self.scan_rate_v_s)
        return Scan((curve,), technique="cv", format="simulated", declared=rate)


@dataclass(frozen=True, slots=True)
class SurfaceCouple:
    """A couple that is bound to the surface (Laviron, J. Electroanal. Chem. 101 (1979) 19).

    Attributes
    ----------
    charge_c
        nFAΓ, the charge of one complete reaction.
    rate_hz
        Rate constant at the formal potential in 1/s; infinite for Nernst's equilibrium.
    spread_v
        Standard deviation of the molecules' formal potentials.
    """

    charge_c: float = 1e-6
    formal_potential_v: float = -0.2
    electrons: int = 1
    rate_hz: float = np.inf
    transfer_coefficient: float = 0.5
    spread_v: float = 0.0
    temperature_k: float = 298.15

    def current_a(self, sweep: TriangularSweep) -> FloatArray:
        """Faradaic current at each point of the sweep, shape (K,)."""
        nodes, shares = np.polynomial.hermite_e.hermegauss(9 if self.spread_v > 0 else 1)
        formal_v = self.formal_potential_v + self.spread_v * nodes
        shares = shares / shares.sum()
        if np.isinf(self.rate_hz):
            return self._at_equilibrium(sweep, formal_v, shares)
        return self._kinetic(sweep, formal_v, shares)

    def _thermal_per_v(self) -> float:
        return self.electrons * FARADAY_C_MOL / (GAS_CONSTANT_J_MOL_K * self.temperature_k)

    def _at_equilibrium(
        self, sweep: TriangularSweep, formal_v: FloatArray, shares: FloatArray
    ) -> FloatArray:
        potential_v = sweep.potentials_v()
        per_v = self._thermal_per_v()
        half = per_v * (potential_v[:, np.newaxis] - formal_v) / 2
        direction = sweep_directions(potential_v)
        density = (per_v / 4 / np.cosh(np.clip(half, -300, 300)) ** 2) @ shares
        return np.asarray(self.charge_c * sweep.scan_rate_v_s * direction * density)

    def _kinetic(
        self, sweep: TriangularSweep, formal_v: FloatArray, shares: FloatArray
    ) -> FloatArray:
        """Exact where the rate is constant and the equilibrium moves linearly within a part."""
        parts = max(1, round(sweep.step_v / _SURFACE_STEP_V))
        duration_s = sweep.step_v / sweep.scan_rate_v_s / parts
        potential_v = sweep.potentials_v(parts)
        over = self._thermal_per_v() * (potential_v[:, np.newaxis] - formal_v)
        over = np.clip(over, -_OVERPOTENTIAL_MAX, _OVERPOTENTIAL_MAX)
        settled = 1 / (1 + np.exp(-over))
        moved = np.diff(settled, axis=0)
        middle = (over[1:] + over[:-1]) / 2
        alpha = self.transfer_coefficient
        total = self.rate_hz * (np.exp((1 - alpha) * middle) + np.exp(-alpha * middle))
        left = np.exp(-total * duration_s)
        lag = moved * -np.expm1(-total * duration_s) / (total * duration_s)
        behind = np.zeros(len(shares))
        change = np.empty(len(moved))
        for k in range(len(moved)):
            after = behind * left[k] - lag[k]
            change[k] = (moved[k] + after - behind) @ shares
            behind = after
        # A point has the mean of the changes before and after it; where the sweep turns or ends
        # only the one before, as the current that was measured on the way there.
        before = np.concatenate([change[:1], change])
        after = np.concatenate([change, change[-1:]])
        turns = np.flatnonzero(np.diff(sweep_directions(potential_v)))
        after[turns] = before[turns]
        return np.asarray(self.charge_c / duration_s * ((before + after) / 2)[::parts])


@dataclass(frozen=True, slots=True)
class DiffusingCouple:
    """A couple in solution at a planar electrode, one form of it in the bulk.

    Attributes
    ----------
    concentration_mol_m3
        In the bulk; 1 mol/m³ is 1 mmol/l.
    rate_m_s
        Rate constant at the formal potential; infinite for a reversible couple.
    oxidised_diffusion_m2_s, reduced_diffusion_m2_s
        Diffusion coefficients of the two forms.
    """

    concentration_mol_m3: float = 1.0
    area_m2: float = 7e-6
    oxidised_diffusion_m2_s: float = 7e-10
    reduced_diffusion_m2_s: float = 7e-10
    formal_potential_v: float = -0.15
    electrons: int = 1
    rate_m_s: float = np.inf
    transfer_coefficient: float = 0.5
    temperature_k: float = 298.15

    def current_a(self, sweep: TriangularSweep) -> FloatArray:
        """Faradaic current at each point of the sweep, shape (K,)."""
        per_v = self.electrons * FARADAY_C_MOL / (GAS_CONSTANT_J_MOL_K * self.temperature_k)
        parts = max(1, round(sweep.step_v * self.electrons / _DIFFUSION_STEP_V))
        over = per_v * (sweep.potentials_v(parts) - self.formal_potential_v)
        diffusion = Diffusion(
            oxidised_m2_s=self.oxidised_diffusion_m2_s,
            reduced_m2_s=self.reduced_diffusion_m2_s,
            rate_m_s=self.rate_m_s,
            transfer_coefficient=self.transfer_coefficient,
        )
        step_s = sweep.step_v / sweep.scan_rate_v_s / parts
        flux = diffusion.flux(np.clip(over, -_OVERPOTENTIAL_MAX, _OVERPOTENTIAL_MAX), step_s)
        scale = self.electrons * FARADAY_C_MOL * self.area_m2 * self.concentration_mol_m3
        return np.asarray(scale * flux[::parts])


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a cell and a potentiostat add to the faradaic current.

    Attributes
    ----------
    capacitance_f, charging_s
        Of the double layer, and the time constant of its charging after each turn.
    offset_a, slope_a_v
        A line over potential: leakage and the resistance of the layer.
    noise_a, pink_a
        Standard deviations of white noise and of 1/f noise.
    digit_a
        Step of the converter; 0 for none.
    """

    capacitance_f: float = 0.0
    charging_s: float = 0.0
    offset_a: float = 0.0
    slope_a_v: float = 0.0
    noise_a: float = 0.0
    pink_a: float = 0.0
    digit_a: float = 0.0

    def measure(
        self, sweep: TriangularSweep, faradaic_a: FloatArray, random: np.random.Generator
    ) -> FloatArray:
        """The current that is written, shape (K,)."""
        potential_v = sweep.potentials_v()
        current = faradaic_a + self.offset_a + self.slope_a_v * potential_v
        current = current + self._charging_a(sweep, potential_v)
        current = current + random.normal(scale=self.noise_a, size=len(current))
        current = current + self.pink_a * _pink(len(current), random)
        if self.digit_a > 0:
            current = np.round(current / self.digit_a) * self.digit_a
        return np.asarray(current)

    def _charging_a(self, sweep: TriangularSweep, potential_v: FloatArray) -> FloatArray:
        settled = self.capacitance_f * sweep.scan_rate_v_s * sweep_directions(potential_v)
        if self.charging_s <= 0:
            return np.asarray(settled)
        left = np.exp(-sweep.step_v / sweep.scan_rate_v_s / self.charging_s)
        charging = np.empty(len(settled))
        value = 0.0
        for k, target in enumerate(settled):
            value = target + (value - target) * left
            charging[k] = value
        return charging


@dataclass(frozen=True, slots=True)
class CyclicCell:
    """A sweep, a couple or none, and the instrument."""

    sweep: TriangularSweep = field(default_factory=TriangularSweep)
    couple: SurfaceCouple | DiffusingCouple | None = field(default_factory=SurfaceCouple)
    instrument: Instrument = field(default_factory=Instrument)

    def faradaic_a(self) -> FloatArray:
        """The couple's own current, shape (K,)."""
        if self.couple is None:
            return np.zeros(len(self.sweep.potentials_v()))
        return self.couple.current_a(self.sweep)

    def scan(self, seed: int = 0, *, electrode: int = 1) -> Scan:
        """One measurement; the same seed gives the same noise."""
        random = np.random.default_rng(seed)
        current = self.instrument.measure(self.sweep, self.faradaic_a(), random)
        return self.sweep.scan(current, electrode=electrode)


def sweep_directions(potential_v: FloatArray) -> FloatArray:
    """Direction in which each point was reached, 1 or −1, shape (K,); the first as the second."""
    direction = np.sign(np.diff(potential_v))
    return np.concatenate([direction[:1], direction])


def _pink(count: int, random: np.random.Generator) -> FloatArray:
    """Noise of unit standard deviation whose power falls as 1/f."""
    spectrum = np.fft.rfft(random.normal(size=count))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, n=count)
    return np.asarray(noise / noise.std())
