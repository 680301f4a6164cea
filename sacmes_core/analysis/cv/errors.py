"""Standard errors: from the noise of the points, from what a fit leaves, through any function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.cv.preparing import Sweep
from sacmes_core.analysis.peaks import BoolArray, FloatArray

MODEL_SHARE: Final = 0.01
"""Of the height: what no model gets right; the noise that a noiseless fit is given."""
SHAPE_SHARE: Final = 0.003
"""Of the height: what the shapes of the models are wrong by; a part of each standard error."""
PLACE_V: Final = 0.0004
"""What the models' potentials are wrong by; a part of each standard error."""
_SLOW_V: Final = 0.024
_DIGIT_SHARE: Final = 1e-5
_EXCESS_SURE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Residual:
    """What a fit leaves.

    Attributes
    ----------
    slow_a
        Root mean square of the residual averaged over 24 mV.
    excess_a
        The part of it beyond twice what noise makes.
    inflation
        Factor on variances: how much larger the slow part is than white noise would make it, at
        least 1.
    """

    slow_a: float
    excess_a: float
    inflation: float


def sigma_of(sweep: Sweep, scale_a: float) -> FloatArray:
    """Standard deviation of each bin, shape (K,): noise and model error."""
    noise = sweep.noise_a**2 / sweep.counts
    floor = (MODEL_SHARE * scale_a) ** 2 + (_DIGIT_SHARE * float(np.ptp(sweep.bin_a))) ** 2
    return np.asarray(np.sqrt(noise + floor))


def residual_of(
    residual_a: FloatArray, used: BoolArray, sigma_a: FloatArray, way_v: FloatArray
) -> Residual:
    """Judge the residual of one sweep, shape (K,) each."""
    size = max(1, min(round(_SLOW_V / float(np.median(np.diff(way_v)))), len(way_v) // 6))
    groups = np.arange(len(way_v)) // size
    counts = np.bincount(groups, used)
    filled = counts > size / 2
    mean = np.bincount(groups, residual_a * used)[filled] / counts[filled]
    expected = np.bincount(groups, sigma_a**2 * used)[filled] / counts[filled] ** 2
    if not filled.any():
        return Residual(0.0, 0.0, 1.0)
    slow = float(np.mean(mean**2))
    excess = max(0.0, slow - _EXCESS_SURE * float(np.mean(expected)))
    inflation = max(1.0, float(np.mean(mean**2 / expected)))
    return Residual(float(np.sqrt(slow)), float(np.sqrt(excess)), inflation)


def propagated(
    numbers: Callable[[FloatArray], FloatArray], theta: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Values of a function of fitted parameters and their standard errors (delta method)."""
    values, full = jacobian_of(numbers, theta, covariance)
    return values, np.asarray(
        np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", full, covariance, full), 0.0))
    )


def jacobian_of(
    numbers: Callable[[FloatArray], FloatArray], theta: FloatArray, covariance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Values, shape (v,), and derivatives, shape (v, p), over a third of each standard error."""
    values = numbers(theta)
    steps = np.sqrt(np.maximum(np.diag(covariance), np.finfo(float).tiny)) / 3
    full = np.empty((len(values), len(theta)))
    for k, step in enumerate(steps):
        moved = theta.copy()
        moved[k] += step
        above = numbers(moved)
        moved[k] -= 2 * step
        full[:, k] = (above - numbers(moved)) / (2 * step)
    return values, full
