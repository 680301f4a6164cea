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
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.backgrounds import Basis
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.analysis.shape_tables import PeakShape

WIDTH_MIN_V: Final = 0.03
WIDTH_MAX_V: Final = 0.30
_STEPS: Final = 4
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
class Model:
    """One shape over each of F baselines, for voltammograms on the potentials `x_v`, shape (K,).

    `columns` (F, K, q) and `sizes` (F, q) are those of each basis; shorter ones end with columns
    of zeros.
    """

    x_v: FloatArray
    shape: PeakShape
    columns: FloatArray
    sizes: FloatArray

    @classmethod
    def of(cls, x_v: FloatArray, shape: PeakShape, bases: Sequence[Basis]) -> "Model":
        """A model of one shape and these baselines."""
        longest = max(len(basis.sizes) for basis in bases)
        columns = np.zeros((len(bases), len(x_v), longest))
        sizes = np.zeros((len(bases), longest))
        for k, basis in enumerate(bases):
            columns[k, :, : len(basis.sizes)] = basis.columns
            sizes[k, : len(basis.sizes)] = basis.sizes
        return cls(x_v, shape, columns, sizes)

    def projected(self, rows: FloatArray) -> FloatArray:
        """Rows, shape (F·n, …, K), on the parts of their baselines, shape (F·n, …, q)."""
        flat = rows.reshape(len(self.sizes), -1, len(self.x_v)) @ self.columns
        return np.asarray(flat.reshape(*rows.shape[:-1], -1))

    def drawn(self, factors: FloatArray) -> FloatArray:
        """Baselines of these factors, shape (F·n, q), as curves, shape (F·n, K)."""
        by_model = factors.reshape(len(self.sizes), -1, self.sizes.shape[1])
        curves = by_model @ np.swapaxes(self.columns, 1, 2)
        return np.asarray(curves.reshape(-1, len(self.x_v)))


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    """The linear part solved at one place (Ep, ln w), s factors of the shape, all over σ².

    `peak` (n, s, K) the shape's columns, `slopes` the same of their derivatives by x, `by_basis`
    (n, s, q), `inverse` (n, s, s), `factors` (n, s), `baseline` (n, q), `model_a` (n, K).
    """

    peak: FloatArray
    slopes: FloatArray
    reduced: FloatArray
    by_basis: FloatArray
    inverse: FloatArray
    factors: FloatArray
    baseline: FloatArray
    model_a: FloatArray
    cost: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Bend:
    """How the model moves with (Ep, ln w): `columns` (n, 2, K), `cross` (n, 2, s), `schur`."""

    columns: FloatArray
    cross: FloatArray
    schur: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Weighing:
    """Ratios that hold through the fit: `gain` (n, q) of each part, `ratio` (n,) = (σ / h)².

    `sizes` (n, q) are the parts' standard deviations in units of the height.
    """

    gain: FloatArray
    ratio: FloatArray
    sigma_a: FloatArray
    sizes: FloatArray


def fit_peaks(model: Model, current_a: FloatArray, start: Start) -> Fit:
    """Fit n voltammograms of K points, currents (n, K), peaks upright, over each of F baselines.

    The answer has F · n rows: all voltammograms over the first baseline, then over the next.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a voltammogram has no noise and no points that count, which `gridding` excludes.
    """
    count = len(model.sizes)
    current_a = np.tile(current_a, (count, 1))
    start = Start(
        np.tile(start.potential_v, count),
        np.tile(start.width_v, count),
        np.tile(start.scale_a, count),
        np.tile(start.sigma_a, count),
        np.tile(start.weights, (count, 1)),
    )
    weighing = _weighing(model, start)
    potential, log_width = start.potential_v, np.log(start.width_v)
    weights, filled = start.weights, current_a
    linear = _solve(model, filled, weighing, (potential, log_width))
    for step in range(_STEPS):
        if step in _REJECTING_STEPS:
            weights = _without_outliers(current_a - linear.model_a, start)
        filled = linear.model_a + weights * (current_a - linear.model_a)
        bend = _bend(model, linear, weighing, log_width)
        move = _move(filled - linear.model_a, bend, weighing, log_width)
        potential = np.clip(potential + move[:, 0], model.x_v[0], model.x_v[-1])
        log_width = np.clip(log_width + move[:, 1], np.log(WIDTH_MIN_V), np.log(WIDTH_MAX_V))
        linear = _solve(model, filled, weighing, (potential, log_width))
    bend = _bend(model, linear, weighing, log_width)
    return _result(model, linear, bend, weighing, (potential, log_width, start.weights - weights))


def _weighing(model: Model, start: Start) -> _Weighing:
    ratio = (start.sigma_a / start.scale_a) ** 2
    sizes = np.repeat(model.sizes, len(ratio) // len(model.sizes), axis=0)
    is_free = np.isinf(sizes)
    bound = np.where(is_free, 1.0, sizes) ** 2
    gain = np.where(is_free, 1.0, bound / (bound + ratio[:, np.newaxis]))
    return _Weighing(gain, ratio, start.sigma_a, sizes)


def _prior(shape: PeakShape) -> FloatArray:
    """Precision of each of the shape's factors in units of the height; none for the height."""
    return np.concatenate([[0.0], 1 / shape.spreads**2])


def _solve(
    model: Model, filled_a: FloatArray, weighing: _Weighing, place: tuple[FloatArray, FloatArray]
) -> _Linear:
    potential, width = place[0][:, np.newaxis], np.exp(place[1])[:, np.newaxis]
    reduced = (model.x_v - potential) / width
    peak, slopes = (np.ascontiguousarray(np.swapaxes(a, 1, 2)) for a in model.shape.at(reduced))
    count = peak.shape[1]
    by_basis = model.projected(peak)
    damped = by_basis * weighing.gain[:, np.newaxis]
    normal = peak @ np.swapaxes(peak, 1, 2) - damped @ np.swapaxes(by_basis, 1, 2)
    diagonal = np.arange(count)
    normal[:, diagonal, diagonal] += _prior(model.shape) * weighing.ratio[:, np.newaxis]
    normal[:, 0, 0] *= 1 + 1e-9
    inverse = np.linalg.inv(normal)
    own = model.projected(filled_a)
    right = (peak @ filled_a[:, :, np.newaxis])[:, :, 0] - (damped @ own[:, :, np.newaxis])[:, :, 0]
    factors = (inverse @ right[:, :, np.newaxis])[:, :, 0]
    baseline = weighing.gain * (own - (factors[:, np.newaxis] @ by_basis)[:, 0])
    model_a = (factors[:, np.newaxis] @ peak)[:, 0] + model.drawn(baseline)
    left = filled_a - model.drawn(own)
    cost = np.sum(left**2, axis=1) + np.sum((1 - weighing.gain) * own**2, axis=1)
    cost -= np.sum(factors * right, axis=1)
    return _Linear(
        peak, slopes, reduced, by_basis, np.asarray(inverse), factors, baseline, model_a, cost
    )


def _bend(model: Model, linear: _Linear, weighing: _Weighing, log_width: FloatArray) -> _Bend:
    slope = (linear.factors[:, np.newaxis] @ linear.slopes)[:, 0]
    columns = np.empty((len(slope), 2, len(model.x_v)))
    columns[:, 0] = -slope / np.exp(log_width)[:, np.newaxis]
    columns[:, 1] = -slope * linear.reduced
    by_basis = model.projected(columns)
    damped = by_basis * weighing.gain[:, np.newaxis]
    cross = columns @ np.swapaxes(linear.peak, 1, 2)
    cross -= damped @ np.swapaxes(linear.by_basis, 1, 2)
    schur = columns @ np.swapaxes(columns, 1, 2) - damped @ np.swapaxes(by_basis, 1, 2)
    schur -= cross @ linear.inverse @ np.swapaxes(cross, 1, 2)
    schur /= (weighing.sigma_a**2)[:, np.newaxis, np.newaxis]
    schur += np.diag(_PLACE_PRIOR)
    return _Bend(columns, cross, schur)


def _without_outliers(residual: FloatArray, start: Start) -> FloatArray:
    sigma = np.maximum(np.median(np.abs(residual), axis=1) / 0.6745, start.sigma_a)
    near = np.abs(residual) <= _REJECT_SIGMAS * sigma[:, np.newaxis]
    return np.asarray(start.weights * near)


def _move(
    residual: FloatArray, bend: _Bend, weighing: _Weighing, log_width: FloatArray
) -> FloatArray:
    downhill = (bend.columns @ residual[:, :, np.newaxis])[:, :, 0]
    downhill /= (weighing.sigma_a**2)[:, np.newaxis]
    downhill[:, 1] -= (log_width - _WIDTH_PRIOR[0]) * _PLACE_PRIOR[1]
    move = (_inverse(bend.schur) @ downhill[:, :, np.newaxis])[:, :, 0]
    limit = np.array([_POTENTIAL_STEP_V, _WIDTH_STEP])
    return np.clip(move, -limit, limit)


def _inverse(matrices: FloatArray) -> FloatArray:
    """Inverse of symmetric 2 × 2 matrices, shape (n, 2, 2)."""
    a, b, d = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 1]
    swapped = np.stack([np.stack([d, -b], axis=1), np.stack([-b, a], axis=1)], axis=1)
    return np.asarray(swapped / (a * d - b**2)[:, np.newaxis, np.newaxis])


def _result(
    model: Model,
    linear: _Linear,
    bend: _Bend,
    weighing: _Weighing,
    found: tuple[FloatArray, FloatArray, FloatArray],
) -> Fit:
    potential, log_width, left_out = found
    width, rejected = np.exp(log_width), left_out.sum(axis=1)
    variance = (weighing.sigma_a**2)[:, np.newaxis, np.newaxis]
    covariance = _inverse(bend.schur)
    pull = linear.inverse @ np.swapaxes(bend.cross, 1, 2)
    factors = linear.inverse * variance + pull @ covariance @ np.swapaxes(pull, 1, 2)
    area = width * (linear.factors @ model.shape.areas)
    by_factor = width[:, np.newaxis] * model.shape.areas
    mixed = -(pull @ covariance)[:, :, 1]
    area_variance = (
        np.einsum("ni,nij,nj->n", by_factor, factors, by_factor)
        + area**2 * covariance[:, 1, 1]
        + 2 * area * np.sum(by_factor * mixed, axis=1)
    )
    peak = (linear.factors[:, np.newaxis] @ linear.peak)[:, 0]
    return Fit(
        height_a=linear.factors[:, 0],
        height_se_a=np.sqrt(factors[:, 0, 0]),
        potential_v=potential,
        potential_se_v=np.sqrt(covariance[:, 0, 0]),
        width_v=width,
        width_se_v=width * np.sqrt(covariance[:, 1, 1]),
        area_av=area,
        area_se_av=np.sqrt(np.maximum(area_variance, 0.0)),
        evidence=_evidence(model, linear, bend, weighing) - _REJECT_SIGMAS**2 / 2 * rejected,
        peak_a=peak,
        baseline_a=linear.model_a - peak,
        rejected=rejected,
    )


def _evidence(model: Model, linear: _Linear, bend: _Bend, weighing: _Weighing) -> FloatArray:
    """Logarithm of the marginal likelihood, but for what all models of a voltammogram share.

    Factors without a prior count as if theirs were of the height's size, so that the evidence
    does not depend on the unit of the current.
    """
    points = len(model.x_v)
    sizes = np.where(np.isinf(weighing.sizes), np.sqrt(points), weighing.sizes)
    volume = np.log1p(sizes**2 / weighing.ratio[:, np.newaxis]).sum(axis=1)
    volume -= np.linalg.slogdet(linear.inverse)[1]
    volume -= np.log(weighing.ratio) * (1 + len(model.shape.spreads))
    volume -= np.log(_prior(model.shape)[1:]).sum()
    schur = bend.schur
    volume += np.log(schur[:, 0, 0] * schur[:, 1, 1] - schur[:, 0, 1] ** 2)
    return np.asarray(-(linear.cost / weighing.sigma_a**2 + volume) / 2)
