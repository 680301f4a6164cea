"""The fit: sums of exponentials by separable least squares, many decays at once.

Model: I(t) = c + Σ a_j·exp(−t/τ_j) + s/√t, the last where diffusion is allowed. Only the ln τ_j are
non-linear; all factors are solved for exactly at each step (variable projection: Golub and Pereyra,
Inverse Problems 19 (2003) R1; Kaufman's approximation) of Levenberg and Marquardt. A grid of
lifetimes, of which every combination is solved exactly, gives the start, so that no guess is needed
and no local minimum is met.
"""

from dataclasses import dataclass, fields
from itertools import combinations, pairwise, product
from typing import Final

import numpy as np

from sacmes_core.analysis.ca.binning import Binned
from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray

_STEPS: Final = 25
_STEP_MAX: Final = 0.7
"""Largest change of ln τ in one step."""
_GRID: Final = 14
_NEAR: Final = np.array([-0.1, -0.03, 0.0, 0.03, 0.1])
_CHARGING_GRID: Final = 5 + len(_NEAR)
_APART: Final = 2
"""Least distance of two lifetimes of the start, in places of the grid."""
_RIDGE: Final = 1e-12
_DAMPING: Final = 1e-3
_DAMPING_MAX: Final = 1e6
_GAIN_MIN: Final = 1e-4
_STEP_MIN: Final = 1e-6
"""A fit stands still when a step gains less χ², or changes ln τ by less, than this."""
_AT_BOUND: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Model:
    """What a current is made of, besides an offset.

    Attributes
    ----------
    lifetimes
        Exponentials of the couple, 0 to 2.
    charging
        Whether one more, faster exponential stands for the double layer.
    diffusion, drift
        Whether a term 1/√t or t is among the linear ones.
    """

    lifetimes: int
    charging: bool = False
    diffusion: bool = False
    drift: bool = False

    @property
    def linear(self) -> int:
        """Number of linear terms that are no exponentials."""
        return 1 + self.diffusion + self.drift

    @property
    def exponentials(self) -> int:
        """Number of exponentials, that of charging first."""
        return self.charging + self.lifetimes

    @property
    def plain(self) -> bool:
        """Whether drift and diffusion are not both in it."""
        return not (self.drift and self.diffusion)

    @property
    def parameters(self) -> int:
        """Number of everything that is fitted."""
        return self.linear + 2 * self.exponentials


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Decays to be fitted, and between which lifetimes; shapes (n, B) and (n,).

    `variance_a2` is that of the bins, infinite for empty ones. Lifetimes of the couple lie between
    `shortest_s` and `longest_s`, that of charging between `charging_s` and `shortest_s`.
    """

    bins: Binned
    variance_a2: FloatArray
    charging_s: FloatArray
    shortest_s: FloatArray
    longest_s: FloatArray

    @property
    def weights(self) -> FloatArray:
        """1/variance, shape (n, B); 0 for empty bins."""
        return np.asarray(1 / self.variance_a2)

    def rows(self, chosen: IntArray) -> "Problem":
        """Some of the decays."""
        if len(chosen) == len(self.variance_a2):
            return self
        return Problem(
            self.bins.rows(chosen),
            self.variance_a2[chosen],
            self.charging_s[chosen],
            self.shortest_s[chosen],
            self.longest_s[chosen],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Where a fit stands: ln τ, the terms, their best factors, χ²."""

    theta: FloatArray
    columns: FloatArray
    factors: FloatArray
    chi2: FloatArray

    def rows(self, chosen: IntArray) -> "_State":
        """Some rows, copied."""
        return _State(
            self.theta[chosen], self.columns[chosen], self.factors[chosen], self.chi2[chosen]
        )

    def put(self, rows: IntArray, other: "_State") -> None:
        """Set some rows."""
        self.theta[rows], self.columns[rows] = other.theta, other.columns
        self.factors[rows], self.chi2[rows] = other.factors, other.chi2


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What a fit found for n decays.

    Attributes
    ----------
    factors
        Offset, other linear terms, amplitudes; shape (n, linear + exponentials), in A.
    log_lifetimes
        ln(τ/s), that of charging first, shape (n, exponentials).
    covariance
        Of factors and ln τ together, with the weights as they are, shape (n, p, p).
    jacobian
        Derivatives of the bins' currents with respect to factors and ln τ, shape (n, B, p).
    residual_a
        What the fit leaves of the bins, shape (n, B).
    chi2
        Weighted sum of squared residuals, shape (n,).
    bounded
        Whether a lifetime of the couple is at its bound, shape (n,).
    """

    factors: FloatArray
    log_lifetimes: FloatArray
    covariance: FloatArray
    jacobian: FloatArray
    residual_a: FloatArray
    chi2: FloatArray
    bounded: BoolArray

    def rows(self, chosen: IntArray) -> "Fit":
        """Some of the decays."""
        return Fit(*(getattr(self, f.name)[chosen] for f in fields(self)))

    def among(self, n: int, rows: IntArray) -> "Fit":
        """The same for n decays, of which these are some; χ² of the others is infinite."""
        values = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}
        whole = {k: np.zeros((n, *v.shape[1:]), dtype=v.dtype) for k, v in values.items()}
        whole["chi2"] += np.inf
        for name, value in values.items():
            whole[name][rows] = value
        return Fit(**whole)


def fit(problem: Problem, model: Model, charging_s: FloatArray, simpler: Fit | None = None) -> Fit:
    """Fit one model to all decays; the best of a grid refined by Levenberg and Marquardt.

    Parameters
    ----------
    charging_s
        Where the lifetime of charging probably is, shape (n,); the grid is dense about it.
    simpler
        Fit of a model with the same exponentials and fewer linear terms; where it starts better
        than the grid it is the start, so that a richer model never fits worse.
    """
    low, high = _bounds(problem, model)
    state = _state(problem, model, _start(problem, model, charging_s))
    if simpler is not None and model.exponentials:
        other = _state(problem, model, simpler.log_lifetimes)
        rows = np.flatnonzero(other.chi2 < state.chi2)
        state.put(rows, other.rows(rows))
    if model.exponentials:
        _refine(problem, model, state, (low, high))
        state = _fast_first(problem, model, state)
    jacobian = _jacobian(problem, model, state)
    covariance = _inverse(_weighted(problem, jacobian) @ jacobian)
    near = (state.theta - low < _AT_BOUND) | (high - state.theta < _AT_BOUND)
    bounded = np.asarray(near[:, int(model.charging) :].any(axis=1))
    fit_a = (state.columns @ state.factors[:, :, np.newaxis])[:, :, 0]
    residual = np.asarray(problem.bins.current_a - fit_a)
    return Fit(state.factors, state.theta, covariance, jacobian, residual, state.chi2, bounded)


def fitted(
    time_s: FloatArray, factors: FloatArray, log_lifetimes: FloatArray, model: Model
) -> FloatArray:
    """The model's current at any times, shape (n, K); nan-free for times above 0."""
    safe = np.where(time_s > 0, time_s, 1.0)
    columns = _linear_columns(safe, model)
    columns += [np.exp(-safe / np.exp(log)[:, np.newaxis]) for log in log_lifetimes.T]
    return np.asarray((np.stack(columns, axis=2) @ factors[:, :, np.newaxis])[:, :, 0])


def _linear_columns(time_s: FloatArray, model: Model) -> list[FloatArray]:
    columns = [np.ones_like(time_s)]
    if model.diffusion:
        columns.append(1 / np.sqrt(time_s))
    if model.drift:
        columns.append(time_s)
    return columns


def _columns(problem: Problem, model: Model, theta: FloatArray) -> FloatArray:
    """The terms of the model averaged over the bins, shape (n, B, terms)."""
    bins = problem.bins
    safe = np.where(bins.count > 0, bins.time_s, 1.0)
    columns = _linear_columns(safe, model)
    for log in theta.T:
        rate = np.exp(-log)[:, np.newaxis]
        # To second order in a bin's width, the mean of exp(−t/τ) over its points.
        columns.append(np.exp(-safe * rate) * (1 + bins.time_variance_s2 * rate**2 / 2))
    return np.stack(columns, axis=2)


def _slopes(problem: Problem, theta: FloatArray) -> FloatArray:
    """Derivatives of the exponentials with respect to ln τ, shape (n, B, exponentials)."""
    bins = problem.bins
    safe = np.where(bins.count > 0, bins.time_s, 1.0)
    slopes = []
    for log in theta.T:
        rate = np.exp(-log)[:, np.newaxis]
        curved = bins.time_variance_s2 * rate**2
        slopes.append(np.exp(-safe * rate) * (safe * rate * (1 + curved / 2) - curved))
    return np.stack(slopes, axis=2)


def _bounds(problem: Problem, model: Model) -> tuple[FloatArray, FloatArray]:
    """Least and largest ln τ, shape (n, exponentials)."""
    charging, couple = int(model.charging), model.lifetimes
    low = [problem.charging_s] * charging + [problem.shortest_s] * couple
    high = [problem.shortest_s] * charging + [problem.longest_s] * couple
    shape = (len(problem.variance_a2), model.exponentials)
    stacked = [np.stack(b, axis=1) if b else np.ones(shape) for b in (low, high)]
    return np.log(stacked[0]), np.log(stacked[1])


def _start(problem: Problem, model: Model, charging_s: FloatArray) -> FloatArray:
    """The best combination of lifetimes on a grid, shape (n, exponentials)."""
    if not model.exponentials:
        return np.empty((len(problem.variance_a2), 0))
    wide = _spread(problem.charging_s, problem.shortest_s, _CHARGING_GRID - len(_NEAR))
    fast = np.concatenate([wide, np.log(charging_s)[:, np.newaxis] + _NEAR], axis=1)
    slow = _spread(problem.shortest_s, problem.longest_s, _GRID)
    logs = np.concatenate([fast, slow], axis=1) if model.charging else slow
    choices = _choices(model)
    columns = _columns(problem, model, logs)
    weighted = _weighted(problem, columns)
    gram = _ridged(weighted @ columns)
    right = (weighted @ problem.bins.current_a[:, :, np.newaxis])[:, :, 0]
    terms = np.concatenate(
        [np.tile(np.arange(model.linear), (len(choices), 1)), model.linear + choices], axis=1
    )
    small = gram[:, terms[:, :, np.newaxis], terms[:, np.newaxis, :]]
    sides = right[:, terms]
    solved = np.linalg.solve(small, sides[..., np.newaxis])[..., 0]
    best = (sides * solved).sum(axis=2).argmax(axis=1)
    return np.take_along_axis(logs, choices[best], axis=1)


def _spread(low: FloatArray, high: FloatArray, count: int) -> FloatArray:
    """Logarithms between two bounds, shape (n, count), the bounds themselves left out."""
    places = (np.arange(count) + 0.5) / count
    return np.asarray(np.log(low)[:, np.newaxis] + np.log(high / low)[:, np.newaxis] * places)


def _choices(model: Model) -> IntArray:
    """Which places of the grid are tried together, shape (combinations, exponentials)."""
    first = _CHARGING_GRID if model.charging else 0
    slow = [
        places
        for places in combinations(range(first, first + _GRID), model.lifetimes)
        if all(b - a >= _APART for a, b in pairwise(places))
    ]
    fast = [(k,) for k in range(_CHARGING_GRID)] if model.charging else [()]
    return np.array([a + b for a, b in product(fast, slow)], dtype=np.intp)


def _state(problem: Problem, model: Model, theta: FloatArray) -> _State:
    """The best factors for given lifetimes, and how good they are."""
    columns = _columns(problem, model, theta)
    weighted = _weighted(problem, columns)
    current = problem.bins.current_a[:, :, np.newaxis]
    factors = np.linalg.solve(_ridged(weighted @ columns), weighted @ current)
    residual = (current - columns @ factors)[:, :, 0]
    chi2 = np.asarray((residual**2 * problem.weights).sum(axis=1))
    return _State(theta, columns, np.asarray(factors[:, :, 0]), chi2)


def _refine(
    problem: Problem, model: Model, state: _State, bounds: tuple[FloatArray, FloatArray]
) -> None:
    """Improve a start in place; each row until it stands still, whatever the others do."""
    active = np.arange(len(state.theta))
    damping = np.full(len(active), _DAMPING)
    part, now = problem, state.rows(active)
    for _ in range(_STEPS):
        step = _step(part, model, now, damping)
        theta = np.clip(now.theta + step, bounds[0][active], bounds[1][active])
        trial = _state(part, model, theta)
        gain = now.chi2 - trial.chi2
        better = np.flatnonzero(gain >= 0)
        still = (gain >= 0) & ((gain < _GAIN_MIN) | (np.abs(step).max(axis=1) < _STEP_MIN))
        now.put(better, trial.rows(better))
        damping = np.where(gain >= 0, damping / 8, damping * 10)
        state.put(active, now)
        going = np.flatnonzero(~still & (damping < _DAMPING_MAX))
        if not len(going):
            return
        if len(going) < len(active):
            active, damping = active[going], damping[going]
            part, now = part.rows(going), now.rows(going)


def _fast_first(problem: Problem, model: Model, state: _State) -> _State:
    """The couple's lifetimes in ascending order."""
    couple = slice(int(model.charging), None)
    theta = state.theta.copy()
    theta[:, couple] = np.sort(theta[:, couple], axis=1)
    rows = np.flatnonzero((theta != state.theta).any(axis=1))
    if len(rows):
        state.put(rows, _state(problem.rows(rows), model, theta[rows]))
    return state


def _step(problem: Problem, model: Model, state: _State, damping: FloatArray) -> FloatArray:
    """A damped Gauss–Newton step of ln τ with the factors eliminated."""
    normal, gradient = _joint_normal(problem, model, state)
    terms = state.columns.shape[2]
    diagonal = np.arange(terms, normal.shape[1])
    normal[:, diagonal, diagonal] *= 1 + damping[:, np.newaxis]
    step = np.linalg.solve(_ridged(normal), gradient[:, :, np.newaxis])[:, terms:, 0]
    return np.clip(step, -_STEP_MAX, _STEP_MAX)


def _joint_normal(problem: Problem, model: Model, state: _State) -> tuple[FloatArray, FloatArray]:
    """Normal matrix of factors and ln τ, shape (n, p, p), and right side, shape (n, p)."""
    jacobian = _jacobian(problem, model, state)
    weighted = _weighted(problem, jacobian)
    fit_a = state.columns @ state.factors[:, :, np.newaxis]
    residual = problem.bins.current_a[:, :, np.newaxis] - fit_a
    return weighted @ jacobian, (weighted @ residual)[:, :, 0]


def _jacobian(problem: Problem, model: Model, state: _State) -> FloatArray:
    """Derivatives with respect to factors and ln τ, shape (n, B, p)."""
    if not model.exponentials:
        return state.columns
    amplitudes = state.factors[:, np.newaxis, model.linear :]
    return np.concatenate([state.columns, amplitudes * _slopes(problem, state.theta)], axis=2)


def _weighted(problem: Problem, columns: FloatArray) -> FloatArray:
    """Transposed and weighted, shape (n, p, B)."""
    return np.asarray((columns * problem.weights[:, :, np.newaxis]).swapaxes(1, 2))


def _ridged(matrix: FloatArray) -> FloatArray:
    """The matrix with a trace of its diagonal added, so that it can be solved."""
    size = matrix.shape[-1]
    diagonal = np.arange(size)
    held = matrix.copy()
    held[:, diagonal, diagonal] *= 1 + _RIDGE
    held[:, diagonal, diagonal] += np.finfo(float).tiny
    return held


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of symmetric matrices, scaled to a unit diagonal first."""
    size = matrix.shape[-1]
    scale = np.sqrt(np.maximum(matrix[:, np.arange(size), np.arange(size)], 1e-300))
    outer = scale[:, :, np.newaxis] * scale[:, np.newaxis, :]
    return np.asarray(np.linalg.inv(matrix / outer + _RIDGE * np.eye(size)) / outer)
