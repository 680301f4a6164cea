"""Separable least squares with priors: few non-linear parameters, all else solved for exactly.

Variable projection (Golub and Pereyra, Inverse Problems 19 (2003) R1) with damped Gauss–Newton
steps. Points far off the fit are left out twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg.lapack import dgesv

from sacmes_core.analysis.peaks import BoolArray, FloatArray

Columns = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""From parameters, shape (p,), to columns (K, q) and the derivatives (p, K, m) of the first m; the
others do not depend on the parameters."""

_STEPS: Final = 14
_ROUNDS: Final = 3
_REJECT_SIGMAS: Final = 4.5
_DAMPING: Final = 1e-3
_SMALL_GAIN: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What is fitted.

    Attributes
    ----------
    columns
        The linear model at given parameters.
    means, spreads
        Shape (p,); Gaussian priors of the parameters.
    low, high
        Shape (p,); their bounds.
    factor_spreads
        Shape (q,); standard deviations of the factors' priors about 0, infinite for none.
    """

    columns: Columns
    means: FloatArray
    spreads: FloatArray
    low: FloatArray
    high: FloatArray
    factor_spreads: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Currents, shape (K,), and the standard deviation of each."""

    current_a: FloatArray
    sigma_a: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The best parameters and factors and what they leave.

    Attributes
    ----------
    parameters, factors
        Shapes (p,) and (q,).
    covariance
        Shape (p + q, p + q), parameters first.
    fitted_a, residual_a
        Shape (K,).
    used
        Shape (K,); False for points that were left out.
    evidence
        Logarithm of the marginal likelihood (Laplace), for factors of size `scale_a`.
    """

    parameters: FloatArray
    factors: FloatArray
    covariance: FloatArray
    fitted_a: FloatArray
    residual_a: FloatArray
    used: BoolArray
    evidence: float


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """The model at some parameters with the factors that suit them best."""

    parameters: FloatArray
    factors: FloatArray
    residual_a: FloatArray
    jacobian: FloatArray
    cost: float


def fit(model: Model, data: Data, start: FloatArray, scale_a: float) -> Fit:
    """Fit one voltammogram from a start, shape (p,)."""
    used = np.isfinite(data.current_a)
    point = _at(model, data, used, np.clip(start, model.low, model.high))
    for attempt in range(_ROUNDS):
        point = _descend(model, data, used, point)
        if attempt == _ROUNDS - 1:
            break
        near = _near(point.residual_a, data.sigma_a)
        if (near == used).all():
            break
        used = near
        point = _at(model, data, used, point.parameters)
    return _result(model, data, used, point, scale_a)


def _at(model: Model, data: Data, used: BoolArray, parameters: FloatArray) -> _Point:
    columns, bends = model.columns(parameters)
    precision = used / data.sigma_a**2
    weighted = columns.T * precision
    penalty = 1 / model.factor_spreads**2
    factors = _solve(_with_diagonal(weighted @ columns, penalty), weighted @ data.current_a)
    residual = data.current_a - columns @ factors
    moved = bends @ factors[: bends.shape[2]]
    jacobian = np.concatenate([moved.T, columns], axis=1)
    off = (parameters - model.means) / model.spreads
    cost = float(precision @ residual**2 + penalty @ factors**2 + off @ off)
    return _Point(parameters, factors, residual, jacobian, cost)


def _descend(model: Model, data: Data, used: BoolArray, point: _Point) -> _Point:
    damping = _DAMPING
    count = len(model.means)
    if count == 0:
        return point
    normal, downhill = _normal(model, data, used, point)
    for _ in range(_STEPS):
        damped = normal.copy()
        damped[np.arange(count), np.arange(count)] *= 1 + damping
        step = _solve(damped, downhill)
        if step @ downhill < _SMALL_GAIN * (1 + point.cost):
            break
        target = np.clip(point.parameters + step[:count], model.low, model.high)
        moved = _at(model, data, used, target)
        if moved.cost > point.cost:
            damping *= 10
            if damping > 1e6:
                break
            continue
        gained = point.cost - moved.cost
        point, damping = moved, damping / 5
        if gained < _SMALL_GAIN * (1 + point.cost):
            break
        normal, downhill = _normal(model, data, used, point)
    return point


def _normal(
    model: Model, data: Data, used: BoolArray, point: _Point
) -> tuple[FloatArray, FloatArray]:
    """Normal matrix and gradient of parameters and factors together."""
    weighted = point.jacobian.T * (used / data.sigma_a**2)
    penalty = np.concatenate([1 / model.spreads**2, 1 / model.factor_spreads**2])
    off = np.concatenate([point.parameters - model.means, point.factors])
    normal = _with_diagonal(weighted @ point.jacobian, penalty)
    return normal, weighted @ point.residual_a - penalty * off


def _near(residual_a: FloatArray, sigma_a: FloatArray) -> BoolArray:
    reduced = np.abs(residual_a) / sigma_a
    return np.asarray(reduced <= _REJECT_SIGMAS * max(1.0, float(np.median(reduced)) / 0.6745))


def _result(model: Model, data: Data, used: BoolArray, point: _Point, scale_a: float) -> Fit:
    normal, _ = _normal(model, data, used, point)
    unit = np.concatenate([model.spreads, np.full(len(point.factors), scale_a)])
    sign, volume = np.linalg.slogdet(normal * np.outer(unit, unit))
    bound = model.factor_spreads[np.isfinite(model.factor_spreads)]
    prior = float(np.sum(np.log(scale_a / bound)))
    rejected = int(np.count_nonzero(~used))
    cost = point.cost + _REJECT_SIGMAS**2 * rejected
    evidence = -cost / 2 - (volume if sign > 0 else np.inf) / 2 + prior
    return Fit(
        parameters=point.parameters,
        factors=point.factors,
        covariance=_inverse(normal),
        fitted_a=data.current_a - point.residual_a,
        residual_a=point.residual_a,
        used=used,
        evidence=evidence,
    )


def _with_diagonal(matrix: FloatArray, more: FloatArray | float) -> FloatArray:
    """The same matrix with something added to its diagonal, in place."""
    diagonal = np.einsum("ii->i", matrix)
    diagonal += more
    return matrix


def _scaled(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A matrix of unit diagonal, so that amperes and volts keep their digits, and its scale."""
    size = np.sqrt(np.maximum(matrix.diagonal(), np.finfo(float).tiny))
    return _with_diagonal(matrix / (size[:, np.newaxis] * size), 1e-12), size


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    scaled, size = _scaled(matrix)
    _, _, solution, singular = dgesv(scaled, right / size)
    if singular:
        raise np.linalg.LinAlgError("The normal equations of the fit are singular.")
    return np.asarray(solution / size)


def _inverse(matrix: FloatArray) -> FloatArray:
    scaled, size = _scaled(matrix)
    return np.asarray(np.linalg.inv(scaled) / (size[:, np.newaxis] * size))
