"""Shapes of the peak that a couple on the surface gives in one sweep.

A shape has unit height at x = 0 and unit full width at half maximum; x = (s − sp) / width, s the
way of the sweep. The family is that of Laviron's couple with any rate constant and a spread of
formal potentials: a mean and the few ways in which peaks differ from it.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline

from sacmes_core.analysis.peaks import FloatArray

MODES: Final = 3
_REACH: Final = 5.0
_SPACING: Final = 0.002
_COARSE: Final = 0.02
_SEED: Final = 1
_COUPLES: Final = 200
_STEP: Final = 0.1
"""Of the sweep, in units of RT / nF."""
_HALF_SPAN: Final = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class SweepShape:
    """value(x) = h · column 0 + Σ c_j · column j.

    Attributes
    ----------
    values, slopes
        Shape (G, 1 + m), on x = −5 … 5; the mean and m modes, and their derivatives. A mode is 0
        at the apex.
    spreads
        Shape (m,); standard deviation of each mode's factor for peaks of unit height.
    """

    values: FloatArray
    slopes: FloatArray
    spreads: FloatArray

    def at(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values and slopes at any x, shapes (…, 1 + m); beyond five widths as at their end."""
        place = (np.clip(x, -_REACH, _REACH) + _REACH) / _SPACING
        index = place.astype(np.intp)
        slopes = self.slopes[index]
        return self.values[index] + slopes * ((place - index) * _SPACING)[..., np.newaxis], slopes

    def mean_at(self, x: FloatArray) -> FloatArray:
        """The mean alone, of the shape of x."""
        place = (np.clip(x, -_REACH, _REACH) + _REACH) / _SPACING
        return np.asarray(self.values[place.astype(np.intp), 0])


@cache
def surface_shape() -> SweepShape:
    """Mean and modes of simulated peaks, always from the same seed."""
    x = _grid(_COARSE)
    peaks = np.stack([_normalised(*peak, x) for peak in _simulated()])
    mean = peaks.mean(axis=0)
    _, singular, modes = np.linalg.svd(peaks - mean, full_matrices=False)
    spreads = singular[:MODES] / np.sqrt(len(peaks))
    spline = CubicSpline(x, np.stack([mean, *modes[:MODES]], axis=1))
    fine = _grid(_SPACING)
    slopes = spline(fine, 1)
    slopes[[0, -1]] = 0.0
    return SweepShape(spline(fine), slopes, spreads)


def _grid(spacing: float) -> FloatArray:
    return np.linspace(-_REACH, _REACH, round(2 * _REACH / spacing) + 1)


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
    apex = int(curve.argmax())
    height = curve[apex]
    rising = np.interp(height / 2, curve[:apex], fine[:apex])
    falling = np.interp(-height / 2, -curve[apex:], fine[apex:])
    at = fine[apex] + x * (falling - rising)
    return np.asarray(np.interp(at, fine, curve / height, left=0.0, right=0.0))
