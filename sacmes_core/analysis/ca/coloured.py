"""What slow noise does to the errors of a fit that took the noise for white.

Noise of equal power in each octave (1/f, "flicker") has the covariance −h·ln|t − t'|. Its strength
h is what makes the residuals' χ² as large as it is, given that a fit takes a part of the noise away
with it; then the covariance of the parameters is G·(V + h·K)·Gᵀ with G = (JᵀWJ)⁻¹·JᵀW, V the white
noise's variances and K = −ln|t − t'| (least squares under another noise than assumed: White,
Econometrica 48 (1980) 817).
"""

from dataclasses import replace
from typing import Final

import numpy as np

from sacmes_core.analysis.ca.exponentials import Fit, Model, Problem
from sacmes_core.analysis.peaks import FloatArray, IntArray

_WHITE: Final = 1.5
"""s² up to which the noise is taken for white."""
_TINY: Final = 1e-300
_OWN: Final = 1.5
"""Mean of −ln|t − t'| over a bin of unit width."""


def with_all_noise(
    problem: Problem, groups: list[dict[Model, Fit]], scale2: FloatArray
) -> tuple[list[dict[Model, Fit]], FloatArray]:
    """The fits with covariances that hold under the noise that the residuals show.

    Parameters
    ----------
    groups
        Fits with none, one and two lifetimes, with the covariance of white noise.
    scale2
        What the best of them leaves, over what white noise would, shape (n,).

    Returns
    -------
    groups, scale2
        Covariances multiplied by s², plus that of slow noise where s² is well above 1; and s² for
        the evidence, the geometric mean of itself and of how much the variance of a single
        lifetime grows: hum, which is slow but not 1/f, would be judged too hard by the latter.
    """
    rows = np.flatnonzero(scale2 > _WHITE)
    strength = np.zeros(len(scale2))
    if len(rows):
        strength[rows] = _strength(problem.rows(rows), [g[m].rows(rows) for g in groups for m in g])
    single, *_ = groups[1].values()
    grown = [
        {m: _widened(problem, found, scale2, strength, rows) for m, found in fits.items()}
        for fits in groups
    ]
    wide, *_ = grown[1].values()
    ratio = wide.covariance[:, -1, -1] / np.maximum(single.covariance[:, -1, -1], _TINY)
    return grown, np.sqrt(scale2 * np.maximum(scale2, ratio))


def _widened(
    problem: Problem, found: Fit, scale2: FloatArray, strength_a2: FloatArray, rows: IntArray
) -> Fit:
    covariance = found.covariance * scale2[:, np.newaxis, np.newaxis]
    if len(rows):
        part, some = problem.rows(rows), found.rows(rows)
        gain = _gain(part, some)
        slow = gain @ _kernel(part) @ gain.swapaxes(1, 2)
        covariance[rows] += strength_a2[rows][:, np.newaxis, np.newaxis] * slow
    return replace(found, covariance=covariance)


def _strength(problem: Problem, fits: list[Fit]) -> FloatArray:
    """Strength h by the fit with the smallest χ² for its parameters, in A², shape (n,)."""
    weights, kernel = problem.weights, _kernel(problem)
    count = (weights > 0).sum(axis=1)
    found = [_of_fit(problem, f, kernel) for f in fits]
    reduced = [f.chi2 / np.maximum(count - f.jacobian.shape[2], 1) for f in fits]
    best = np.argmin(reduced, axis=0)
    return np.asarray(np.take_along_axis(np.stack(found), best[np.newaxis], axis=0)[0])


def _of_fit(problem: Problem, found: Fit, kernel: FloatArray) -> FloatArray:
    """Strength h that makes χ² what it is: χ² = N − p + h·tr(W·(1 − JG)·K·(1 − JG)ᵀ)."""
    weights = problem.weights
    left = np.eye(weights.shape[1]) - found.jacobian @ _gain(problem, found)
    expected = (weights * ((left @ kernel) * left).sum(axis=2)).sum(axis=1)
    excess = found.chi2 - ((weights > 0).sum(axis=1) - found.jacobian.shape[2])
    return np.asarray(np.maximum(excess, 0.0) / np.maximum(expected, _TINY))


def _gain(problem: Problem, found: Fit) -> FloatArray:
    """How parameters follow the bins' currents, shape (n, p, B)."""
    weighted = found.jacobian * problem.weights[:, :, np.newaxis]
    return np.asarray(found.covariance @ weighted.swapaxes(1, 2))


def _kernel(problem: Problem) -> FloatArray:
    """−ln|t − t'| between the bins, times in units of the last one, shape (n, B, B)."""
    bins = problem.bins
    occupied = bins.count > 0
    last = bins.time_s.max(axis=1)[:, np.newaxis]
    first = np.where(occupied, bins.time_s, np.inf).min(axis=1)[:, np.newaxis]
    width = (np.sqrt(12 * bins.time_variance_s2) + first) / last
    time = bins.time_s / last
    apart = np.abs(time[:, :, np.newaxis] - time[:, np.newaxis, :])
    near = np.maximum((width[:, :, np.newaxis] + width[:, np.newaxis, :]) / 2, 1e-12)
    kernel = -np.log(np.maximum(apart, near))
    diagonal = np.arange(kernel.shape[1])
    kernel[:, diagonal, diagonal] = _OWN - np.log(np.maximum(width, 1e-12))
    both = occupied[:, :, np.newaxis] & occupied[:, np.newaxis, :]
    return np.asarray(np.where(both, kernel, 0.0))
