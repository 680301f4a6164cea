"""Shapes of square-wave peaks: a mean and the few ways in which real peaks differ from it.

A shape has unit height at x = 0 and unit full width at half maximum; x = (E − Ep) / width. The
physical one comes from simulated peaks of surface-confined couples, whose shift and width are
taken out first; what is left varies so little that a mean and four principal components hold it.
"""

from functools import cache
from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline

from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.analysis.shape_tables import PeakShape, at_unit_size, family, grid

MODES: Final = 4
_SPACING: Final = 0.005
_SEED: Final = 1
_PEAKS: Final = 240
_STEP_V: Final = 0.004
_HALF_SPAN_V: Final = 0.56
_THERMAL_PER_V: Final = 38.92
"""F / RT at 25 °C."""


@cache
def physical_shape() -> PeakShape:
    """Mean and modes of peaks simulated pulse by pulse, always from the same seed."""
    x = grid(4 * _SPACING)
    coarse, spreads = family(physical_peaks(x, _SEED), MODES)
    return _shape(CubicSpline(x, coarse)(grid(_SPACING)), spreads)


def physical_peaks(x: FloatArray, seed: int) -> FloatArray:
    """Simulated peaks of unit height and width with their apex at x = 0, shape (peaks, len(x))."""
    return _normalised(*_simulated_peaks(seed), x)


def _shape(values: FloatArray, spreads: FloatArray) -> PeakShape:
    return PeakShape.of(values, np.gradient(values, _SPACING, axis=0), spreads)


def _simulated_peaks(seed: int) -> tuple[FloatArray, FloatArray]:
    """Potentials, shape (K,), and difference currents of many couples, shape (peaks, K).

    Within a half-pulse the kinetics is of first order and has an exact solution; see
    `sacmes_core.simulate.square_wave` for the equations and their source. Rate constant over
    frequency 0.03 to 8, amplitude 15 to 60 mV, transfer coefficient 0.35 to 0.65, one or two
    electrons, standard deviation of the formal potentials 0 to 40 mV.
    """
    random = np.random.default_rng(seed)
    draw = random.uniform(size=(5, _PEAKS, 1))
    rate = np.exp(np.log(0.03) + draw[0] * np.log(8 / 0.03))
    amplitude_v, alpha = 0.015 + 0.045 * draw[1], 0.35 + 0.3 * draw[2]
    factor = _THERMAL_PER_V * np.where(draw[3] < 0.5, 1.0, 2.0)
    nodes, shares = np.polynomial.hermite_e.hermegauss(7)
    formal_v = 0.04 * draw[4] * nodes
    shares = shares / shares.sum()
    staircase_v = np.arange(_HALF_SPAN_V, -_HALF_SPAN_V - _STEP_V / 2, -_STEP_V)
    currents = np.empty((_PEAKS, len(staircase_v)))
    oxidised = np.ones(formal_v.shape)
    for k, potential_v in enumerate(staircase_v):
        difference = np.zeros(_PEAKS)
        for direction in (-1.0, 1.0):
            over = factor * (potential_v + direction * amplitude_v - formal_v)
            reducing = rate * np.exp(np.minimum(-alpha * over, 28.0))
            total = reducing + rate * np.exp(np.minimum((1 - alpha) * over, 28.0))
            settled = 1 - reducing / total
            distance = (oxidised - settled) * np.exp(-total / 2)
            difference -= direction * ((total * distance) @ shares)
            oxidised = settled + distance
        currents[:, k] = difference
    return staircase_v[::-1], currents[:, ::-1]


def _normalised(potential_v: FloatArray, currents: FloatArray, x: FloatArray) -> FloatArray:
    """Single peaks at unit height and width with the apex at 0, on x; split ones are left out."""
    turns = (currents[:, 1:-1] > currents[:, :-2]) & (currents[:, 1:-1] >= currents[:, 2:])
    single = currents[turns.sum(axis=1) == 1]
    fine_v = np.arange(potential_v[0], potential_v[-1], _STEP_V / 8)
    curves = CubicSpline(potential_v, single, axis=1)(fine_v)
    return np.stack([at_unit_size(fine_v, curve, x) for curve in curves])
