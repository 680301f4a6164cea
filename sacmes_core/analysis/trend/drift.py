"""Drift of a series: a fast exponential and a slow line, fitted where no target was, and removed.

In whole blood or serum the signal of an electrochemical sensor falls in two phases: fouling makes
an exponential one, loss of the layer a nearly linear one (Leung et al., ACS Sens. 6 (2021) 3340,
doi:10.1021/acssensors.1c01183). With x from the first scan that is used,

    f(x) = a · exp(−x/τ) + b + c · x.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sacmes_core import flags
from sacmes_core.analysis.trend.uncertainty import Estimate
from sacmes_core.errors import AnalysisError

DriftModel = Literal["line", "exponential_line"]
FloatArray = NDArray[np.float64]

SUPPORT_MIN: Final = 6.0
"""By how much the BIC must be lower than that of the next simpler model: strong evidence."""
_POINTS_MIN: Final = {"line": 4, "exponential_line": 8}
_GRID: Final = 121
_ZOOMS: Final = 16
_ZOOM: Final = 0.4


@dataclass(frozen=True, slots=True)
class Evidence:
    """BIC of the three models on the scans that were used; the lower, the better supported."""

    constant: float
    line: float
    exponential_line: float

    @property
    def best(self) -> Literal["constant", "line", "exponential_line"]:
        """The simplest model that none of the richer ones beats by `SUPPORT_MIN`."""
        if self.exponential_line < min(self.line, self.constant) - SUPPORT_MIN:
            return "exponential_line"
        return "line" if self.line < self.constant - SUPPORT_MIN else "constant"


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """A fitted drift.

    Attributes
    ----------
    origin
        x = 0: the first scan that was used.
    exponential, time_constant
        a and τ; None for the line. τ has the unit of the numbers.
    level, slope
        b and c.
    covariance
        Of a, ln τ, b, c; of b, c for the line.
    residual_sd
        Standard deviation of the residuals.
    autocorrelation
        Of neighbouring residuals, 0 or more: the standard errors have grown by it.
    flags
        ``drift_term_unsupported`` where the evidence does not ask for this model, or τ lies at the
        end of where it is looked for: one step of the series, or its whole length.
    """

    model: DriftModel
    origin: float
    exponential: Estimate | None
    time_constant: Estimate | None
    level: Estimate
    slope: Estimate
    covariance: FloatArray
    residual_sd: float
    autocorrelation: float
    evidence: Evidence
    flags: tuple[str, ...]

    def at(self, numbers: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """The drift and its standard error at scan numbers or times, shapes (n,)."""
        value, gradient = self._gradient(numbers)
        return value, np.sqrt(np.einsum("ni,ij,nj->n", gradient, self.covariance, gradient))

    def corrected(
        self, numbers: ArrayLike, values: ArrayLike, errors: ArrayLike | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """The series as if nothing had drifted since the origin.

        Each value is divided by f(x)/f(0): drift takes a share of the signal, of that of the target
        as well.

        Parameters
        ----------
        numbers, values
            Shape (n,), nan for none.
        errors
            Standard errors of the values; only the drift's own are carried if not given.

        Returns
        -------
        corrected, errors
            Shape (n,); nan where the drift leaves no signal to divide by. The values are taken as
            independent of the drift, which for the scans that made it is a little too careful.
        """
        y = np.array(values, dtype=np.float64, ndmin=1)
        se = np.zeros_like(y) if errors is None else np.broadcast_to(np.asarray(errors), y.shape)
        (start,), first = self._gradient([self.origin])
        drift, gradient = self._gradient(numbers)
        share = drift / start
        share_gradient = (gradient - share[:, None] * first) / start
        variance = np.einsum("ni,ij,nj->n", share_gradient, self.covariance, share_gradient)
        left = share > 0.0
        share = np.where(left, share, np.nan)
        found = y / share
        return found, np.sqrt((se / share) ** 2 + (found / share) ** 2 * variance)

    def _gradient(self, numbers: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Values (n,) and derivatives by the parameters (n, p)."""
        x = np.array(numbers, dtype=np.float64, ndmin=1) - self.origin
        ones = np.ones_like(x)
        value = self.level.value + self.slope.value * x
        if self.exponential is None or self.time_constant is None:
            return value, np.stack([ones, x], axis=1)
        tau = self.time_constant.value
        falling = np.exp(-x / tau)
        by_ln_tau = self.exponential.value * falling * x / tau
        value = value + self.exponential.value * falling
        return value, np.stack([falling, by_ln_tau, ones, x], axis=1)


def fit_drift(
    numbers: ArrayLike,
    values: ArrayLike,
    errors: ArrayLike | None = None,
    *,
    model: DriftModel = "exponential_line",
    stretches: Sequence[tuple[float, float]] = (),
) -> Drift:
    """Fit the drift of one series.

    Parameters
    ----------
    numbers
        Scan numbers, or times in any unit; shape (n,), in any order.
    values
        Peak or normalised currents, shape (n,); nan for none.
    errors
        Standard errors of the values, shape (n,), which weigh them; how large the errors of the
        drift are is told by the residuals.
    model
        ``line`` leaves out the exponential.
    stretches
        First and last number of the stretches without target, from which the drift is taken; the
        whole series if empty. A step within them would be taken for drift.

    Raises
    ------
    AnalysisError
        If too few scans have a value there.
    """
    x, y, weight = _used(numbers, values, errors, stretches)
    if len(np.unique(x)) < _POINTS_MIN[model]:
        raise AnalysisError(
            f"The drift needs {_POINTS_MIN[model]} or more scans with a peak; mark a longer "
            "stretch of the series, or take the straight line."
        )
    origin = float(x.min())
    x = x - origin
    tau = _best_time_constant(x, y, weight) if len(x) >= _POINTS_MIN["exponential_line"] else None
    line, curved = _Fit.of(x, y, weight, None), _Fit.of(x, y, weight, tau)
    chosen = line if model == "line" else curved
    scale = chosen.effective / len(x)
    mean = np.average(y, weights=weight)
    evidence = Evidence(
        _bic(float(weight @ (y - mean) ** 2), len(x), 1, scale),
        _bic(line.squares, len(x), 2, scale),
        _bic(curved.squares, len(x), 4, scale) if tau is not None else np.inf,
    )
    at_end = chosen.tau is not None and bool(np.isclose(chosen.tau, _ends(x), rtol=1e-3).any())
    return _drift(chosen, model, origin, evidence, at_end=at_end)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Least squares at one time constant, None for a line."""

    tau: float | None
    coefficients: FloatArray
    covariance: FloatArray
    squares: float
    residual_sd: float
    autocorrelation: float
    effective: float

    @classmethod
    def of(cls, x: FloatArray, y: FloatArray, weight: FloatArray, tau: float | None) -> "_Fit":
        columns = np.stack([np.ones_like(x), x], axis=1)
        if tau is not None:
            columns = np.column_stack([np.exp(-x / tau), columns])
        root = np.sqrt(weight)
        found = np.linalg.lstsq(root[:, None] * columns, root * y, rcond=None)[0]
        left = y - columns @ found
        gradient = columns
        if tau is not None:
            by_ln_tau = found[0] * columns[:, 0] * x / tau
            gradient = np.column_stack([columns[:, 0], by_ln_tau, columns[:, 1:]])
        squares = float(weight @ left**2)
        rho = _autocorrelation(x, root * left)
        growth = (1.0 + rho) / (1.0 - rho)
        degrees = max(len(x) - gradient.shape[1], 1)
        normal = np.linalg.pinv((gradient.T * weight) @ gradient, rcond=1e-14, hermitian=True)
        sd = float(np.sqrt(np.sum(left**2) / degrees))
        covariance = normal * squares / degrees * growth
        return cls(tau, found, covariance, squares, sd, rho, len(x) / growth)


def _used(
    numbers: ArrayLike,
    values: ArrayLike,
    errors: ArrayLike | None,
    stretches: Sequence[tuple[float, float]],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Numbers in order, values and weights of mean 1 of the scans that have a value and count."""
    x, y = np.asarray(numbers, dtype=np.float64), np.asarray(values, dtype=np.float64)
    se = np.ones_like(y) if errors is None else np.asarray(errors, dtype=np.float64)
    if not x.shape == y.shape == se.shape:
        raise AnalysisError("Give one number, and if any one standard error, for each value.")
    chosen = np.isfinite(x) & np.isfinite(y) & np.isfinite(se) & (se > 0)
    if stretches:
        chosen &= np.any([(first <= x) & (x <= last) for first, last in stretches], axis=0)
    order = np.argsort(x[chosen], kind="stable")
    weight = se[chosen][order] ** -2
    return x[chosen][order], y[chosen][order], weight / weight.mean() if len(weight) else weight


def _best_time_constant(x: FloatArray, y: FloatArray, weight: FloatArray) -> float:
    """τ of the least squares, from the step of the series to its length."""
    least, most = _ends(x)
    ends = log(least), log(most)
    nodes = np.linspace(*ends, _GRID)
    reach = 1.5 * (nodes[1] - nodes[0])
    for _ in range(_ZOOMS):
        best = float(nodes[np.argmin(_squares(x, y, weight, np.exp(nodes)))])
        nodes = np.clip(best + reach * np.linspace(-1.0, 1.0, 7), *ends)
        reach *= _ZOOM
    return float(np.exp(best))


def _ends(x: FloatArray) -> tuple[float, float]:
    """Where a time constant is looked for."""
    least = float(np.median(np.diff(np.unique(x))))
    return least, max(float(x[-1]), 2 * least)


def _squares(x: FloatArray, y: FloatArray, weight: FloatArray, taus: FloatArray) -> FloatArray:
    """Squares left at each time constant, (m,): the line is projected out, then the exponential."""
    root = np.sqrt(weight)
    line = np.linalg.qr(root[:, None] * np.stack([np.ones_like(x), x], axis=1))[0]
    falling = root * np.exp(-x / taus[:, None])
    falling = falling - falling @ line @ line.T
    left = root * y
    left = left - line @ (line.T @ left)
    size = np.sum(falling**2, axis=1)
    gain = (falling @ left) ** 2 / np.maximum(size, np.finfo(float).tiny)
    return np.asarray(left @ left - np.where(size > 1e-20 * len(x), gain, 0.0))


def _autocorrelation(x: FloatArray, residuals: FloatArray) -> float:
    """Correlation of residuals of neighbouring scans, 0 to 0.95."""
    gap = np.diff(x)
    near = gap <= 1.5 * np.median(gap)
    total = float(np.mean(residuals**2))
    if total <= 0.0 or not near.any():
        return 0.0
    rho = float(np.mean((residuals[1:] * residuals[:-1])[near])) / total
    return min(max(rho, 0.0), 0.95)


def _bic(squares: float, count: int, parameters: int, scale: float) -> float:
    """BIC of normal residuals, as many of them as `scale` says are independent."""
    independent = count * scale
    likelihood = independent * np.log(max(squares, np.finfo(float).tiny) / count)
    return float(likelihood + parameters * np.log(count))


def _drift(
    fit: _Fit, model: DriftModel, origin: float, evidence: Evidence, *, at_end: bool
) -> Drift:
    errors = np.sqrt(np.diag(fit.covariance))
    exponential = time_constant = None
    if fit.tau is not None:
        exponential = Estimate(float(fit.coefficients[0]), float(errors[0]))
        time_constant = Estimate(fit.tau, float(fit.tau * errors[1]))
    ranks = ("constant", "line", "exponential_line")
    is_supported = ranks.index(evidence.best) >= ranks.index(model) and not at_end
    return Drift(
        model=model,
        origin=origin,
        exponential=exponential,
        time_constant=time_constant,
        level=Estimate(float(fit.coefficients[-2]), float(errors[-2])),
        slope=Estimate(float(fit.coefficients[-1]), float(errors[-1])),
        covariance=fit.covariance,
        residual_sd=fit.residual_sd,
        autocorrelation=fit.autocorrelation,
        evidence=evidence,
        flags=() if is_supported else (flags.DRIFT_TERM_UNSUPPORTED,),
    )
