"""All curves of a grid fitted to the doses at once.

Baseline and gain are linear and solved for exactly at each K and h (variable projection, Golub and
Pereyra 2003, doi:10.1088/0266-5611/19/2/201), so that only ln K and ln h need a grid: no start
value, no iteration that could stop in the wrong place.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from sacmes_core.analysis.calibration.isotherm import FloatArray, HillCurve, occupancy

_SPREAD_MIN: Final = 1e-24
_ROUNDING: Final = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Doses:
    """Doses with their signals, repeats taken together; arrays of shape (D,).

    Attributes
    ----------
    concentration
        Distinct and ascending.
    signal
        Weighted mean of the repeats.
    weight
        Sum of their weights.
    within
        Weighted sum of squares of the repeats about their means, all doses together.
    repeats
        How many signals each dose has.
    """

    concentration: FloatArray
    signal: FloatArray
    weight: FloatArray
    within: float
    repeats: NDArray[np.intp]

    @classmethod
    def of(cls, concentration: FloatArray, signal: FloatArray, weight: FloatArray) -> Self:
        """Take repeats together; arguments of shape (n,)."""
        distinct, which = np.unique(concentration, return_inverse=True)
        total = np.asarray(np.bincount(which, weight), dtype=np.float64)
        mean = np.bincount(which, weight * signal) / total
        within = float(np.sum(weight * (signal - mean[which]) ** 2))
        return cls(distinct, mean, total, within, np.bincount(which))

    @property
    def mean_signal(self) -> float:
        """Weighted mean of all signals."""
        return float(np.average(self.signal, weights=self.weight))

    @property
    def rounding_squares(self) -> float:
        """Squares that signals without any noise leave, by the digits of a computer."""
        return float(self.weight @ (_ROUNDING * self.signal) ** 2)

    @property
    def total_squares(self) -> float:
        """Weighted sum of squares of all signals about their mean."""
        between = np.sum(self.weight * (self.signal - self.mean_signal) ** 2)
        return float(between) + self.within


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Curves of many K and h, each with its best baseline and gain; arrays of shape (m,).

    Attributes
    ----------
    squares
        Weighted sum of squares that the curve leaves.
    mean_signal, weight
        Weighted mean of the signals and sum of the weights, numbers.
    mean_occupancy, spread
        Weighted mean and sum of squares of the doses' occupancies.
    """

    ln_k: FloatArray
    ln_h: FloatArray
    gain: FloatArray
    squares: FloatArray
    mean_signal: float
    weight: float
    mean_occupancy: FloatArray
    spread: FloatArray

    @property
    def baseline(self) -> FloatArray:
        """Signal without target, shape (m,)."""
        return self.mean_signal - self.gain * self.mean_occupancy

    @property
    def baseline_variance(self) -> FloatArray:
        """Of the baseline at given K and h, for weights that are inverse variances; shape (m,)."""
        return 1.0 / self.weight + self.mean_occupancy**2 / self.spread

    def at(self, concentration: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Signals and their variances at concentrations (g,); shapes (m, g)."""
        share = occupancy(concentration, self.ln_k[:, None], self.ln_h[:, None])
        off = share - self.mean_occupancy[:, None]
        signal = self.mean_signal + self.gain[:, None] * off
        return signal, 1.0 / self.weight + off**2 / self.spread[:, None]

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Some of the curves."""
        arrays = ("ln_k", "ln_h", "gain", "squares", "mean_occupancy", "spread")
        some = {name: getattr(self, name)[chosen] for name in arrays}
        return type(self)(**some, mean_signal=self.mean_signal, weight=self.weight)

    def curve(self, place: int) -> HillCurve:
        """One of them."""
        return HillCurve(
            float(self.baseline[place]),
            float(self.gain[place]),
            float(np.exp(self.ln_k[place])),
            float(np.exp(self.ln_h[place])),
        )


def fit_family(doses: Doses, ln_k: FloatArray, ln_h: FloatArray) -> Family:
    """Fit baseline and gain at each K and h; arguments of shape (m,).

    A curve that is flat over all doses has no gain: its squares are infinite.
    """
    share = occupancy(doses.concentration, ln_k[:, None], ln_h[:, None])
    weight, mean_signal = float(doses.weight.sum()), doses.mean_signal
    mean = share @ doses.weight / weight
    off = share - mean[:, None]
    spread = off**2 @ doses.weight
    flat = spread <= _SPREAD_MIN * weight
    spread = np.where(flat, 1.0, spread)
    gain = off @ (doses.weight * (doses.signal - mean_signal)) / spread
    left = doses.signal - mean_signal - gain[:, None] * off
    squares = left**2 @ doses.weight + doses.within
    squares = np.where(flat, np.inf, squares)
    return Family(ln_k, ln_h, gain, squares, mean_signal, weight, mean, spread)
