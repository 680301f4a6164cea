"""Shapes of the peak that a couple on the surface gives in one sweep.

A shape has unit height at x = 0 and unit full width at half maximum; x = (s − sp) / width, s the
way of the sweep. The family is that of Laviron's couple with any rate constant and a spread of
formal potentials: a mean and the few ways in which peaks differ from it.
"""

from functools import cache
from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline

from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.analysis.shape_tables import PeakShape, at_unit_size, family, grid

MODES: Final = 3
_SPACING: Final = 0.002
_COARSE: Final = 0.02
_SEED: Final = 1
_COUPLES: Final = 200
_STEP: Final = 0.1
"""Of the sweep, in units of RT / nF."""
_HALF_SPAN: Final = 30.0


@cache
def surface_shape() -> PeakShape:
    """Mean and modes of simulated peaks, always from the same seed."""
    x = grid(_COARSE)
    columns, spreads = family(np.stack([_normalised(*peak, x) for peak in _simulated()]), MODES)
    spline = CubicSpline(x, columns)
    fine = grid(_SPACING)
    return PeakShape.of(spline(fine), spline(fine, 1), spreads)


def _simulated() -> list[tuple[FloatArray, FloatArray]]:
    """Ways of the sweep in units of RT / nF and currents, shape (K,) each.

    dθ/ds = Λ (e^{(1−α)p}(1 − θ) − e^{−αp}θ), Λ = k₀RT / nFν from 0.01 to 30, transfer coefficient
    0.35 to 0.65, standard deviation of the formal potentials up to 1.6 RT / nF.
    """
    random = np.random.default_rng(_SEED)
    draw = random.uniform(size=(3, _COUPLES, 1))
    rate, alpha = np.exp(np.log(0.01) + draw[0] * np.log(30 / 0.01)), 0.35 + 0.3 * draw[1]
    nodes, shares = np.polynomial.hermite_e.hermegauss(9)
    way = np.arange(-_HALF_SPAN, _HALF_SPAN, _STEP)
    formal = 1.6 * draw[2] * nodes
    behind = np.zeros(formal.shape)
    currents = np.empty((_COUPLES, len(way) - 1))
    for k in range(len(way) - 1):
        middle = (way[k] + way[k + 1]) / 2 - formal
        total = rate * (np.exp((1 - alpha) * middle) + np.exp(-alpha * middle)) * _STEP
        moved = np.diff(1 / (1 + np.exp(formal - way[[k, k + 1], np.newaxis, np.newaxis])), axis=0)
        after = behind * np.exp(-total) + moved[0] * np.expm1(-total) / total
        currents[:, k] = (moved[0] + after - behind) @ (shares / shares.sum())
        behind = after
    middles = (way[1:] + way[:-1]) / 2
    return [(middles, current) for current in currents]


def _normalised(way: FloatArray, current: FloatArray, x: FloatArray) -> FloatArray:
    """A peak at unit height and width with the apex at 0, on x."""
    fine = np.linspace(way[0], way[-1], 8 * len(way))
    curve = CubicSpline(way, current)(fine)
    return at_unit_size(fine, curve, x)
