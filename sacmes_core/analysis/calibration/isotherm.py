"""The Hill–Langmuir isotherm: how much of a receptor is occupied, and the signal it makes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HillCurve:
    """signal = baseline + gain · cʰ / (Kʰ + cʰ), after Hill (1910) and Langmuir (1918).

    Attributes
    ----------
    baseline
        Signal without target.
    gain
        Signal at full occupancy less the baseline; negative where the signal falls.
    half_concentration
        K, the concentration of half occupancy.
    hill
        h, 1 for one independent site.
    """

    baseline: float
    gain: float
    half_concentration: float
    hill: float = 1.0

    def signal(self, concentration: ArrayLike) -> FloatArray:
        """The signal at concentrations of any shape, in the unit of K, 0 among them."""
        c = np.asarray(concentration, dtype=np.float64)
        share = occupancy(c, np.log(self.half_concentration), np.log(self.hill))
        return np.asarray(self.baseline + self.gain * share)

    def concentration(self, signal: ArrayLike) -> FloatArray:
        """The concentration of signals; nan at the plateaus and beyond them."""
        share = (np.asarray(signal, dtype=np.float64) - self.baseline) / self.gain
        inside = (share > 0.0) & (share < 1.0)
        share = np.where(inside, share, 0.5)
        found = self.half_concentration * (share / (1.0 - share)) ** (1.0 / self.hill)
        return np.where(inside, found, np.nan)


def occupancy(concentration: ArrayLike, ln_k: ArrayLike, ln_h: ArrayLike) -> FloatArray:
    """The occupied share, 0 to 1, of arguments that broadcast; 0 at concentration 0."""
    with np.errstate(divide="ignore"):
        ln_c = np.log(np.asarray(concentration, dtype=np.float64))
    steepness = np.exp(np.asarray(ln_h, dtype=np.float64))
    return np.asarray(expit(steepness * (ln_c - np.asarray(ln_k))), dtype=np.float64)
