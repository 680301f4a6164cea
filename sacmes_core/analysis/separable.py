"""The fit: a peak shape on a baseline by separable least squares, many voltammograms at once.

Model: I(E) = h·φ(x) + Σ c_j·m_j(x) + Σ b_k·B_k(E), x = (E − Ep) / w. Only Ep and ln w are
non-linear; all other factors are solved for exactly at each step of Gauss–Newton (variable
projection: Golub and Pereyra, Inverse Problems 19 (2003) R1; Kaufman's approximation). The
factors have Gaussian priors in units of the height, so that the fit is a maximum a posteriori
estimate where noise is large and least squares where it is small.

The baseline's parts are orthonormal (`backgrounds.basis`) and the same for all voltammograms of a
grid, so taking them out is one product: what is left to solve has the size of the peak's shape.
Points that do not count are filled with what the model says of them, step by step (expectation–
maximisation), which keeps that product the same for all.

Arrays have the axes (…, F, n, K): what there are several of, baselines, voltammograms, points.
F is 1 where all baselines still share a value. Small matrices come first, (s, s, F, n), so that
one instruction serves all voltammograms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from sacmes_core.analysis.backgrounds import Basis
from sacmes_core.analysis.noise import row_medians
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.analysis.shape_tables import Gaussian, PeakShape

WIDTH_MIN_V: Final = 0.03
WIDTH_MAX_V: Final = 0.30
_AT_ONCE: Final = 512
"""Fits made at once: their arrays should stay within a processor's cache."""
STEPS: Final = 4
_REJECTING_STEPS: Final = (1, 3)
_REJECT_SIGMAS: Final = 4.5
_POTENTIAL_STEP_V: Final = 0.015
_WIDTH_STEP: Final = 0.25
_WIDTH_PRIOR: Final = (np.log(0.1), 0.6)
"""Mean and standard deviation of ln w, w in V."""
_POTENTIAL_SPREAD_V: Final = 1.0
_PLACE_PRIOR: Final = np.array([1 / _POTENTIAL_SPREAD_V**2, 1 / _WIDTH_PRIOR[1] ** 2])


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where a fit starts and how it weighs the points, shapes (n,); weights (n, K), 0 to 1.

    `sigma_a` is the noise of a point with what stands for the model's own error, `scale_a` the
    height that the priors are relative to.
    """

    potential_v: FloatArray
    width_v: FloatArray
    scale_a: FloatArray
    sigma_a: FloatArray
    weights: FloatArray

    def taken(self, rows: slice) -> "Start":
        """Some of the voltammograms."""
        return Start(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What a fit found over each of F baselines: shapes (F, n), curves (F, n, K).

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
class Model:
    """One shape over each of F baselines, for voltammograms on the potentials `x_v`, shape (K,).

    `columns` (F, K, q) and `sizes` (F, q) are those of each basis; shorter ones end with columns
    of zeros.
    """

    x_v: FloatArray
    shape: PeakShape | Gaussian
    columns: FloatArray
    sizes: FloatArray

    @classmethod
    def of(cls, x_v: FloatArray, shape: PeakShape | Gaussian, bases: Sequence[Basis]) -> "Model":
        """A model of one shape and these baselines."""
        longest = max(len(basis.sizes) for basis in bases)
        columns = np.zeros((len(bases), len(x_v), longest))
        sizes = np.zeros((len(bases), longest))
        for k, basis in enumerate(bases):
            columns[k, :, : len(basis.sizes)] = basis.columns
            sizes[k, : len(basis.sizes)] = basis.sizes
        return cls(x_v, shape, columns, sizes)

    def drawn(self, factors: FloatArray) -> FloatArray:
        """Baselines of these factors, shape (F, n, q), as curves, shape (F, n, K)."""
        return np.asarray(factors @ np.swapaxes(self.columns, 1, 2))


@dataclass(frozen=True, slots=True, eq=False)
class _Weighing:
    """Ratios that hold through the fit: `gain` (F, n, q) of each part, `ratio` (n,) = (σ / h)²."""

    gain: FloatArray
    ratio: FloatArray
    sigma_a: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where the peaks are: shapes (F, n), or (1, n) while all baselines share a place."""

    potential_v: FloatArray
    log_width: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    """The linear part solved at one place, s factors of the shape, all over σ².

    `peak` and `slopes` (s, 1 or F, n, K) are the shape's columns and their derivatives by
    `reduced`, `by_basis` (s, F, n, q) the former on the parts of the baselines. `right` and
    `factors` (s, F, n) are the right side and the answer of the normal equations, `inverse`
    (s, s, F, n) and `log_volume` (F, n) those of their matrix; `residual` (F, n, K).
    """

    reduced: FloatArray
    peak: FloatArray
    slopes: FloatArray
    by_basis: FloatArray
    right: FloatArray
    factors: FloatArray
    inverse: FloatArray
    log_volume: FloatArray
    residual: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Bend:
    """How the misfit changes with (Ep, ln w).

    `downhill` (2, F, n) is half its gradient, `schur` (2, 2, F, n) the normal matrix of the
    place, and `pull` (s, 2, F, n) says how the factors follow.
    """

    downhill: FloatArray
    pull: FloatArray
    schur: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Where the steps ended: the points as filled and the weights left out, (F, n, K)."""

    place: _Place
    filled_a: FloatArray
    left_out: FloatArray


def fit_peaks(model: Model, current_a: FloatArray, start: Start, steps: int = STEPS) -> Fit:
    """Fit n voltammograms of K points, currents (n, K), peaks upright, over each of F baselines."""
    size = max(1, _AT_ONCE // len(model.sizes))
    some = [slice(k, k + size) for k in range(0, len(current_a), size)]
    parts = [_fitted(model, current_a[rows], start.taken(rows), steps) for rows in some]
    names = [field.name for field in fields(Fit)]
    return Fit(*(np.concatenate([getattr(part, n) for part in parts], axis=1) for n in names))


def _fitted(model: Model, current_a: FloatArray, start: Start, steps: int) -> Fit:
    weighing = _weighing(model, start)
    place = _Place(start.potential_v[np.newaxis], np.log(start.width_v)[np.newaxis])
    weights, filled = start.weights, current_a[np.newaxis]
    linear = _solve(model, filled, weighing, place)
    for step in range(steps):
        residual = current_a - filled + linear.residual
        if step in _REJECTING_STEPS:
            weights = _without_outliers(residual, start)
        counted = weights * residual
        place = _moved(model, place, _bend(model, linear, weighing, place, counted))
        filled = current_a - residual + counted
        linear = _solve(model, filled, weighing, place)
    bend = _bend(model, linear, weighing, place, linear.residual)
    found = _Found(place, filled, start.weights - weights)
    return _result(model, linear, bend, weighing, found)


def _weighing(model: Model, start: Start) -> _Weighing:
    ratio = (start.sigma_a / start.scale_a) ** 2
    sizes = model.sizes[:, np.newaxis]
    is_free = np.isinf(sizes)
    bound = np.where(is_free, 1.0, sizes) ** 2
    gain = np.where(is_free, 1.0, bound / (bound + ratio[:, np.newaxis]))
    return _Weighing(gain, ratio, start.sigma_a)


def _prior(shape: PeakShape | Gaussian) -> FloatArray:
    """Precision of each of the shape's factors in units of the height; none for the height."""
    return np.concatenate([[0.0], 1 / shape.spreads**2])


def _solve(model: Model, filled_a: FloatArray, weighing: _Weighing, place: _Place) -> _Linear:
    reduced = model.x_v - place.potential_v[..., np.newaxis]
    reduced *= np.exp(-place.log_width)[..., np.newaxis]
    curves = model.shape.columns_at(reduced)
    peak, slopes = curves[: len(curves) // 2], curves[len(curves) // 2 :]
    by_basis, own = peak @ model.columns, filled_a @ model.columns
    damped = weighing.gain * by_basis
    right = _products(peak, filled_a[np.newaxis]) - _products(damped, own[np.newaxis])
    # Products with the slopes come for nothing: numpy is slower where both factors are the same.
    normal = _products(peak, curves)[:, : len(peak)] - _products(damped, by_basis)
    diagonal = np.arange(len(peak))
    normal[diagonal, diagonal] += np.multiply.outer(_prior(model.shape), weighing.ratio)[:, None]
    normal[0, 0] *= 1 + 1e-9
    inverse, factors, log_volume = _swept(np.concatenate([normal, right], axis=1))
    baseline = weighing.gain * (own - _combined(factors, by_basis))
    residual = filled_a - model.drawn(baseline) - _combined(factors, peak)
    return _Linear(
        reduced, peak, slopes, by_basis, right[:, 0], factors, inverse, log_volume, residual
    )


def _products(curves: FloatArray, others: FloatArray) -> FloatArray:
    """Of curves (s, F, n, K) and others (t, F, n, K), summed over the points: (s, t, F, n)."""
    products = curves.transpose(1, 2, 0, 3) @ others.transpose(1, 2, 3, 0)
    return np.ascontiguousarray(products.transpose(2, 3, 0, 1))


def _combined(factors: FloatArray, curves: FloatArray) -> FloatArray:
    """Curves (s, F, n, K) added up, each times its factor (s, F, n); (F, n, K)."""
    if len(curves) == 1:
        return np.asarray(factors[0][..., np.newaxis] * curves[0])
    by_row = np.ascontiguousarray(factors.transpose(1, 2, 0))[:, :, np.newaxis]
    return np.asarray((by_row @ curves.transpose(1, 2, 0, 3))[:, :, 0])


def _swept(system: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Solve positive definite systems, (s, s + 1, …) with the right side as the last column.

    Gauss and Jordan's sweeps turn each matrix into its inverse and the last column into the
    answer, which needs no pivoting here. The third value is the logarithm of the determinant.
    """
    log_volume = np.zeros(system.shape[2:])
    for k in range(len(system)):
        pivot, column = system[k, k].copy(), system[:, k].copy()
        log_volume += np.log(pivot)
        system[:, k] = 0.0
        system[k, k] = 1.0
        row = system[k] / pivot
        column[k] = 0.0
        system -= column[:, np.newaxis] * row
        system[k] = row
    return system[:, :-1], system[:, -1], log_volume


def _bend(
    model: Model, linear: _Linear, weighing: _Weighing, place: _Place, residual: FloatArray
) -> _Bend:
    slope = -_combined(linear.factors, linear.slopes)
    curves = np.empty((3, *slope.shape))
    np.multiply(slope, np.exp(-place.log_width)[..., np.newaxis], out=curves[0])
    np.multiply(slope, linear.reduced, out=curves[1])
    curves[2] = residual
    columns = curves[:2]
    by_basis = columns @ model.columns
    damped = weighing.gain * by_basis
    cross = _products(linear.peak, columns) - _products(linear.by_basis, damped)
    pull = np.einsum("ijfn,jafn->iafn", linear.inverse, cross)
    products = _products(columns, curves) / weighing.sigma_a**2
    schur, downhill = products[:, :2], products[:, 2]
    inner = _products(by_basis, damped) + np.einsum("iafn,ibfn->abfn", cross, pull)
    schur -= inner / weighing.sigma_a**2
    schur[[0, 1], [0, 1]] += _PLACE_PRIOR[:, np.newaxis, np.newaxis]
    downhill[1] -= (place.log_width - _WIDTH_PRIOR[0]) * _PLACE_PRIOR[1]
    return _Bend(downhill, pull, schur)


def _without_outliers(residual: FloatArray, start: Start) -> FloatArray:
    """Weights, shape (F, n, K), without points far off by the larger of two measures of noise."""
    size = np.abs(residual)
    weights = np.broadcast_to(start.weights, size.shape).copy()
    sigma = np.broadcast_to(start.sigma_a, size.shape[:-1])
    suspect = size.max(axis=-1) > _REJECT_SIGMAS * sigma
    some = size[suspect]
    usual = np.maximum(row_medians(some) / 0.6745, sigma[suspect])
    weights[suspect] *= some <= _REJECT_SIGMAS * usual[:, np.newaxis]
    return weights


def _moved(model: Model, place: _Place, bend: _Bend) -> _Place:
    """A step of Gauss and Newton, no longer than the model may be trusted."""
    move = np.einsum("abfn,bfn->afn", _inverse(bend.schur), bend.downhill)
    potential = place.potential_v + np.clip(move[0], -_POTENTIAL_STEP_V, _POTENTIAL_STEP_V)
    log_width = place.log_width + np.clip(move[1], -_WIDTH_STEP, _WIDTH_STEP)
    return _Place(
        np.clip(potential, model.x_v[0], model.x_v[-1]),
        np.clip(log_width, np.log(WIDTH_MIN_V), np.log(WIDTH_MAX_V)),
    )


def _inverse(matrices: FloatArray) -> FloatArray:
    """Inverse of symmetric 2 × 2 matrices, shape (2, 2, …)."""
    (a, b), (_, d) = matrices
    return np.asarray(np.array([[d, -b], [-b, a]]) / (a * d - b**2))


def _result(model: Model, linear: _Linear, bend: _Bend, weighing: _Weighing, found: _Found) -> Fit:
    width, variance = np.exp(found.place.log_width), weighing.sigma_a**2
    covariance, areas = _inverse(bend.schur), model.shape.areas
    height_pull, area_pull = bend.pull[0], np.tensordot(areas, bend.pull, 1)
    area = width * np.tensordot(areas, linear.factors, 1)
    area_variance = width**2 * (
        variance * np.einsum("i,ijfn,j->fn", areas, linear.inverse, areas)
        + _quadratic(covariance, area_pull)
    )
    area_variance += area**2 * covariance[1, 1]
    area_variance -= 2 * area * width * np.sum(area_pull * covariance[:, 1], axis=0)
    height_variance = variance * linear.inverse[0, 0] + _quadratic(covariance, height_pull)
    peak = _combined(linear.factors, linear.peak)
    rejected = np.sum(found.left_out, axis=-1)
    cost = _cost(model, linear, weighing, found.filled_a)
    evidence = -(cost / variance + _log_volume(model, linear, bend, weighing)) / 2
    return Fit(
        height_a=linear.factors[0],
        height_se_a=np.sqrt(height_variance),
        potential_v=found.place.potential_v,
        potential_se_v=np.sqrt(covariance[0, 0]),
        width_v=width,
        width_se_v=width * np.sqrt(covariance[1, 1]),
        area_av=area,
        area_se_av=np.sqrt(np.maximum(area_variance, 0.0)),
        evidence=evidence - _REJECT_SIGMAS**2 / 2 * rejected,
        peak_a=peak,
        baseline_a=found.filled_a - linear.residual - peak,
        rejected=rejected,
    )


def _quadratic(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """Σ v_a M_ab v_b of matrices (2, 2, F, n) and vectors (2, F, n)."""
    return np.asarray(np.einsum("afn,abfn,bfn->fn", vectors, matrices, vectors))


def _cost(model: Model, linear: _Linear, weighing: _Weighing, filled_a: FloatArray) -> FloatArray:
    """Squares of what is left and of the factors in units of their priors, shape (F, n)."""
    own = filled_a @ model.columns
    left = filled_a - model.drawn(own)
    cost = np.sum(left**2, axis=-1) + np.sum((1 - weighing.gain) * own**2, axis=-1)
    return np.asarray(cost - np.sum(linear.factors * linear.right, axis=0))


def _log_volume(model: Model, linear: _Linear, bend: _Bend, weighing: _Weighing) -> FloatArray:
    """Twice the logarithm by which priors are wider than what the voltammogram leaves of them.

    Factors without a prior count as if theirs were of the height's size, so that the evidence
    does not depend on the unit of the current. What all models of a voltammogram share is left
    out.
    """
    sizes = np.where(np.isinf(model.sizes), np.sqrt(len(model.x_v)), model.sizes)[:, np.newaxis]
    volume = np.log1p(sizes**2 / weighing.ratio[:, np.newaxis]).sum(axis=-1) + linear.log_volume
    volume -= np.log(weighing.ratio) * (1 + len(model.shape.spreads))
    volume -= np.log(_prior(model.shape)[1:]).sum()
    schur = bend.schur
    return np.asarray(volume + np.log(schur[0, 0] * schur[1, 1] - schur[0, 1] ** 2))
