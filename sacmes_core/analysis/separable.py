"""The fit: a peak shape on a baseline by separable least squares, many voltammograms at once.

Model: I(E) = h·φ(x) + Σ c_j·m_j(x) + Σ b_k·B_k(E), x = (E − Ep) / w. Only Ep and ln w are
non-linear; all other factors are solved for exactly at each step of Gauss–Newton (variable
projection: Golub and Pereyra, Inverse Problems 19 (2003) R1; Kaufman's approximation). The
factors have Gaussian priors in units of the height, so that the fit is a maximum a posteriori
estimate where noise is large and least squares where it is small.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.backgrounds import Background
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.analysis.shapes import PeakShape

WIDTH_MIN_V: Final = 0.03
WIDTH_MAX_V: Final = 0.30
_STEPS: Final = 6
_REJECTING_STEPS: Final = (2, 4)
_REJECT_SIGMAS: Final = 4.5
_POTENTIAL_STEP_V: Final = 0.015
_WIDTH_STEP: Final = 0.25
_WIDTH_PRIOR: Final = (np.log(0.1), 0.6)
"""Mean and standard deviation of ln w, w in V."""
_POTENTIAL_SPREAD_V: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where a fit starts and how it weighs the points, shapes (n,); weights (n, K).

    `sigma_a` is the noise of a point with what stands for the model's own error, `scale_a` the
    height that the priors are relative to.
    """

    potential_v: FloatArray
    width_v: FloatArray
    scale_a: FloatArray
    sigma_a: FloatArray
    weights: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What a fit found: shapes (n,), curves (n, K).

    Standard errors are those of the posterior, through Ep and w too (delta method). `evidence` is
    the logarithm of the marginal likelihood (Laplace), to compare baselines under one shape.
    """

    height_a: FloatArray
    height_se_a: FloatArray
    potential_v: FloatArray
    potential_se_v: FloatArray
    width_v: FloatArray
    width_se_v: FloatArray
    area_av: FloatArray
    area_se_av: FloatArray
    evidence: FloatArray
    peak_a: FloatArray
    baseline_a: FloatArray
    rejected: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """n voltammograms of K points, shape (n, K) on potentials (K,), and what to fit to them."""

    x_v: FloatArray
    current_a: FloatArray
    shape: PeakShape
    background: Background


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    """The linear factors at given Ep and w, and what the next step needs.

    `columns` (n, K, p), `factors` (n, p), `inverse` of their normal matrix (n, p, p), `bends`
    (n, K, 2) the derivatives by Ep and ln w, `cross` (n, p, 2), `schur` (n, 2, 2) the normal
    matrix of Ep and ln w with all factors projected out.
    """

    columns: FloatArray
    factors: FloatArray
    inverse: FloatArray
    residual: FloatArray
    bends: FloatArray
    cross: FloatArray
    schur: FloatArray


def fit_peaks(problem: Problem, start: Start) -> Fit:
    """Fit all voltammograms; Ep moves by at most 15 mV and ln w by 0.25 in each of six steps."""
    x_v = problem.x_v
    potential, log_width = start.potential_v, np.log(start.width_v)
    weights = start.weights
    for step in range(_STEPS):
        linear = _solve(problem, start, weights, (potential, log_width))
        if step in _REJECTING_STEPS:
            weights = _without_outliers(linear.residual, start)
        move = _move(linear, weights / start.sigma_a[:, np.newaxis] ** 2, log_width)
        potential = np.clip(potential + move[:, 0], x_v[0], x_v[-1])
        log_width = np.clip(log_width + move[:, 1], np.log(WIDTH_MIN_V), np.log(WIDTH_MAX_V))
    linear = _solve(problem, start, weights, (potential, log_width))
    return _result(problem, start, weights, (potential, log_width), linear)


def _penalty(problem: Problem, start: Start) -> FloatArray:
    """Inverse variances of the factors' priors, shape (n, p); the height has none."""
    spreads = np.concatenate([[np.inf], problem.shape.spreads, problem.background.spreads])
    return np.asarray(1 / (spreads * start.scale_a[:, np.newaxis]) ** 2)


def _solve(
    problem: Problem, start: Start, weights: FloatArray, place: tuple[FloatArray, FloatArray]
) -> _Linear:
    potential, width = place[0][:, np.newaxis], np.exp(place[1])[:, np.newaxis]
    reduced = (problem.x_v - potential) / width
    values, slopes = problem.shape.at(reduced)
    count = values.shape[2]
    columns = np.empty((*values.shape[:2], count + problem.background.columns.shape[1]))
    columns[:, :, :count] = values
    columns[:, :, count:] = problem.background.columns
    precision = (weights / start.sigma_a[:, np.newaxis] ** 2)[:, :, np.newaxis]
    weighted = np.swapaxes(columns * precision, 1, 2)
    normal = weighted @ columns
    diagonal = np.arange(normal.shape[1])
    normal[:, diagonal, diagonal] += _penalty(problem, start)
    inverse = np.linalg.inv(normal)
    factors = (inverse @ (weighted @ problem.current_a[:, :, np.newaxis]))[:, :, 0]
    residual = problem.current_a - (columns @ factors[:, :, np.newaxis])[:, :, 0]
    slope = (slopes @ factors[:, :count, np.newaxis])[:, :, 0]
    bends = np.stack([-slope / width, -slope * reduced], axis=2)
    cross = weighted @ bends
    schur = np.swapaxes(bends * precision, 1, 2) @ bends
    schur -= np.swapaxes(cross, 1, 2) @ inverse @ cross
    schur += np.diag([1 / _POTENTIAL_SPREAD_V**2, 1 / _WIDTH_PRIOR[1] ** 2])
    return _Linear(columns, factors, np.asarray(inverse, np.float64), residual, bends, cross, schur)


def _without_outliers(residual: FloatArray, start: Start) -> FloatArray:
    sigma = np.maximum(np.median(np.abs(residual), axis=1) / 0.6745, start.sigma_a)
    near = np.abs(residual) <= _REJECT_SIGMAS * sigma[:, np.newaxis]
    return np.asarray(start.weights * near)


def _move(linear: _Linear, precision: FloatArray, log_width: FloatArray) -> FloatArray:
    downhill = np.sum(linear.bends * (linear.residual * precision)[:, :, np.newaxis], axis=1)
    downhill[:, 1] -= (log_width - _WIDTH_PRIOR[0]) / _WIDTH_PRIOR[1] ** 2
    move = np.linalg.solve(linear.schur, downhill[:, :, np.newaxis])[:, :, 0]
    limit = np.array([_POTENTIAL_STEP_V, _WIDTH_STEP])
    return np.clip(move, -limit, limit)


def _result(
    problem: Problem,
    start: Start,
    weights: FloatArray,
    place: tuple[FloatArray, FloatArray],
    linear: _Linear,
) -> Fit:
    potential, width = place[0], np.exp(place[1])
    count = len(problem.shape.areas)
    shape_factors = linear.factors[:, :count]
    area = width * (shape_factors @ problem.shape.areas)
    covariance = np.linalg.inv(linear.schur)
    pull = linear.inverse @ linear.cross
    factors = (linear.inverse + pull @ covariance @ np.swapaxes(pull, 1, 2))[:, :count, :count]
    by_factor = width[:, np.newaxis] * problem.shape.areas
    mixed = -(pull @ covariance)[:, :count, 1]
    area_variance = (
        np.einsum("ni,nij,nj->n", by_factor, factors, by_factor)
        + area**2 * covariance[:, 1, 1]
        + 2 * area * np.sum(by_factor * mixed, axis=1)
    )
    peak = (linear.columns[:, :, :count] @ shape_factors[:, :, np.newaxis])[:, :, 0]
    rejected = np.sum(start.weights - weights, axis=1)
    return Fit(
        height_a=shape_factors[:, 0],
        height_se_a=np.sqrt(factors[:, 0, 0]),
        potential_v=potential,
        potential_se_v=np.sqrt(covariance[:, 0, 0]),
        width_v=width,
        width_se_v=width * np.sqrt(covariance[:, 1, 1]),
        area_av=area,
        area_se_av=np.sqrt(np.maximum(area_variance, 0.0)),
        evidence=_evidence(problem, start, weights, linear) - _REJECT_SIGMAS**2 / 2 * rejected,
        peak_a=peak,
        baseline_a=problem.current_a - linear.residual - peak,
        rejected=rejected,
    )


def _evidence(problem: Problem, start: Start, weights: FloatArray, linear: _Linear) -> FloatArray:
    penalty = _penalty(problem, start)
    squares = np.sum(weights * linear.residual**2, axis=1) / start.sigma_a**2
    squares += np.sum(penalty * linear.factors**2, axis=1)
    # Factors without a prior count as if theirs were of the height's size, so that the evidence
    # does not depend on the unit of the current.
    unit = (1 / start.scale_a**2)[:, np.newaxis]
    bound = np.log(np.where(penalty > 0, penalty, unit)).sum(axis=1)
    volume = np.linalg.slogdet(linear.schur)[1] - np.linalg.slogdet(linear.inverse)[1]
    return np.asarray((bound - squares - volume) / 2)
