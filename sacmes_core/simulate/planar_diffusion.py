"""Diffusion to a planar electrode: implicit differences on a grid that widens from the surface.

The distance is x(y) = h (e^{gy} − 1) / g with equal steps in y, so that a few dozen points hold
both the steep layer at the surface and the bulk (Feldberg; Rudolph, J. Electroanal. Chem. 314
(1991) 13; Britz and Strutwolf, Digital Simulation in Electrochemistry, 4th ed. 2016, chapter 7).
Time goes by the second-order backward formula. Concentrations are in units of the bulk's.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_FIRST_STEP: Final = 0.2
"""First distance from the surface, in units of √(D · time step)."""
_GROWTH: Final = 0.04
_REACH: Final = 6.0
"""Depth of the grid in units of √(D · duration); beyond it nothing arrives."""


@dataclass(frozen=True, slots=True, eq=False)
class _Species:
    """One form on its grid: the surface value decides the rest of the next step linearly.

    `response` (N, N) makes the next concentrations of the right-hand side, `surface` (N,) their
    dependence on the concentration at the surface; `bulk` is the concentration far away.
    """

    response: FloatArray
    surface: FloatArray
    edge: FloatArray
    bulk: float
    flux_weights: FloatArray


@dataclass(frozen=True, slots=True)
class Diffusion:
    """Two forms of a couple, their diffusion and the kinetics of Butler and Volmer."""

    oxidised_m2_s: float
    reduced_m2_s: float
    rate_m_s: float
    transfer_coefficient: float

    def flux(self, over: FloatArray, step_s: float) -> FloatArray:
        """Oxidation per area and bulk concentration over time, in m/s; shape (K,).

        Parameters
        ----------
        over
            Overpotential (E − E⁰′) nF / RT at each time, shape (K,). The form that is stable at
            the first one fills the bulk.
        step_s
            Time between two points.
        """
        starts_oxidised = over[0] > 0
        oxidised = _species(self.oxidised_m2_s, step_s, len(over), float(starts_oxidised))
        reduced = _species(self.reduced_m2_s, step_s, len(over), float(not starts_oxidised))
        now = [np.full(len(s.surface), s.bulk) for s in (oxidised, reduced)]
        before = [values.copy() for values in now]
        fluxes = np.zeros(len(over))
        for k in range(1, len(over)):
            free = [
                s.response @ ((4 * c - b) / 2 / step_s) + s.edge
                for s, c, b in zip((oxidised, reduced), now, before, strict=True)
            ]
            surface_o, surface_r = self._surface(float(over[k]), (oxidised, reduced), free)
            before = now
            now = [free[0] + oxidised.surface * surface_o, free[1] + reduced.surface * surface_r]
            weights = reduced.flux_weights
            fluxes[k] = weights[0] * surface_r + weights[1:] @ now[1][:2]
        return fluxes

    def _surface(
        self, over: float, species: tuple[_Species, _Species], free: list[FloatArray]
    ) -> tuple[float, float]:
        """Concentrations at the surface: what arrives reacts, and what reacts leaves.

        Each form's flux to the surface is a + b · c with c at the surface. Reduced arriving is
        oxidised: a_R + b_R c_R = k (e^{(1−α)p} c_R − e^{−αp} c_O) = −(a_O + b_O c_O).
        """
        (a_o, b_o), (a_r, b_r) = (
            (
                float(s.flux_weights[1:] @ f[:2]),
                float(s.flux_weights[0] + s.flux_weights[1:] @ s.surface[:2]),
            )
            for s, f in zip(species, free, strict=True)
        )
        alpha = self.transfer_coefficient
        # Divided by the larger of the two rates, so that an infinite one is Nernst's law.
        larger = max(-alpha * over, (1 - alpha) * over)
        slowness = math.exp(-larger) / self.rate_m_s
        oxidising = math.exp((1 - alpha) * over - larger)
        reducing = math.exp(-alpha * over - larger)
        # reducing · c_O + kinetic · c_R = −slowness · a_R and b_O c_O + b_R c_R = −a_O − a_R.
        kinetic = slowness * b_r - oxidising
        determinant = reducing * b_r - kinetic * b_o
        surface_o = (-slowness * a_r * b_r + kinetic * (a_o + a_r)) / determinant
        surface_r = (-reducing * (a_o + a_r) + slowness * a_r * b_o) / determinant
        return surface_o, surface_r


def _species(diffusion_m2_s: float, step_s: float, count: int, bulk: float) -> _Species:
    first = _FIRST_STEP * np.sqrt(diffusion_m2_s * step_s)
    depth = _REACH * np.sqrt(diffusion_m2_s * step_s * count)
    points = int(np.ceil(np.log1p(depth * _GROWTH / first) / _GROWTH))
    y = np.arange(points + 2)

    def stretch(at: FloatArray) -> FloatArray:
        return np.asarray(first * np.exp(_GROWTH * at))

    inner = y[1:-1].astype(np.float64)
    to_left = diffusion_m2_s / stretch(inner) / stretch(inner - 0.5)
    to_right = diffusion_m2_s / stretch(inner) / stretch(inner + 0.5)
    matrix = np.diag(1.5 / step_s + to_left + to_right)
    matrix -= np.diag(to_left[1:], -1) + np.diag(to_right[:-1], 1)
    response = np.linalg.inv(matrix)
    # Second-order one-sided slope in y at the surface.
    slope = np.array([-1.5, 2.0, -0.5]) / first
    return _Species(
        response=np.asarray(response),
        surface=np.asarray(response[:, 0] * to_left[0]),
        edge=np.asarray(response[:, -1] * to_right[-1] * bulk),
        bulk=bulk,
        flux_weights=np.asarray(diffusion_m2_s * slope),
    )
