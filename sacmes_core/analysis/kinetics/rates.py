"""The apparent rate constant of a bound couple from its peak currents over frequency.

The peaks are held against Q·f·ψ(k/f) of `sacmes_core.analysis.kinetics.response`; k and Q = n·F·A·Γ
are fitted, for one population and, where there are frequencies enough, for two (with and without
target, say), as Dauphin-Ducharme et al. did with simulated voltammograms (Langmuir 33 (2017) 4407,
doi:10.1021/acs.langmuir.7b00359). The number of electrons, the transfer coefficient, amplitude and
step are taken as known: what is wrong in them is not in the intervals.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import t as student

from sacmes_core import flags
from sacmes_core.analysis.kinetics.response import (
    Response,
    SquareWaveCouple,
    mixture_peaks,
    response,
)
from sacmes_core.analysis.peaks import FloatArray

POINTS_MIN: Final = 4
SECOND_POINTS_MIN: Final = 7
SECOND_EVIDENCE: Final = 6.0
"""By how much BIC must fall for a second population."""
_GRID: Final = 41
_SE_MAX: Final = 0.5
_MISFIT: Final = 4.0
_MODEL_ERROR: Final = 0.005
"""Least standard error of a peak current, as a share of it."""
_APART: Final = 5
_STARTS: Final = 2
_SHARE_MIN: Final = 0.03
_DRAWN: Final = 121
_EVALUATIONS: Final = 80
_LOG_CHARGE_MAX: Final = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class RateFit:
    """Rate constants and charges of one or two populations; nan where there is no number.

    Attributes
    ----------
    populations
        0, 1 or 2.
    rate_hz, rate_se_hz, rate_low_hz, rate_high_hz
        Standard rate constants in 1/s, slow first, standard errors, 95 % intervals, shape (2,).
    charge_c, charge_se_c
        Charge of each population, nFAΓ, shape (2,).
    maximum_hz
        Frequency of the quasi-reversible maximum of the charge, of all populations together.
    frequency_hz, peak_current_a
        The fitted curve, shape (G,); empty without a fit.
    flags
        Codes of `sacmes_core.flags`.
    """

    populations: int
    rate_hz: FloatArray
    rate_se_hz: FloatArray
    rate_low_hz: FloatArray
    rate_high_hz: FloatArray
    charge_c: FloatArray
    charge_se_c: FloatArray
    maximum_hz: float
    frequency_hz: FloatArray
    peak_current_a: FloatArray
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """Peaks of one sign over frequency with weights."""

    log_frequency: FloatArray
    peak_a: FloatArray
    error_a: FloatArray
    table: Response

    def residuals(self, parameters: FloatArray) -> FloatArray:
        """Reduced residuals; parameters are ln k of all populations, then ln Q."""
        half = len(parameters) // 2
        charges = np.exp(np.clip(parameters[half:], -1e3, _LOG_CHARGE_MAX))
        fitted = mixture_peaks(self.table, parameters[:half], charges, self.log_frequency)
        return np.asarray((self.peak_a - fitted) / self.error_a)


@dataclass(frozen=True, slots=True, eq=False)
class _Solution:
    parameters: FloatArray
    covariance: FloatArray
    chi2: float

    @property
    def populations(self) -> int:
        return len(self.parameters) // 2


def fit_rates(
    frequency_hz: FloatArray,
    peak_current_a: FloatArray,
    peak_current_se_a: FloatArray,
    couple: SquareWaveCouple,
    *,
    two: bool | None = None,
) -> RateFit:
    """Fit the rate constant and the charge of a bound couple to its peak currents.

    Parameters
    ----------
    frequency_hz, peak_current_a, peak_current_se_a
        One electrode's row of a frequency map, shape (F,); nan for what is missing. Peaks without
        any standard error count as equally certain in relation to their height.
    couple
        Square wave and couple.
    two
        Whether there are two populations; None to let the evidence decide.

    Returns
    -------
    RateFit
        Without numbers, and with a flag, where the frequencies do not determine a rate.
    """
    points = _points(frequency_hz, peak_current_a, peak_current_se_a, response(couple))
    count = len(points.peak_a)
    if count < POINTS_MIN or np.isclose(points.peak_a, 0).all():
        return _nothing()
    one = _one(points)
    best = one
    least = 0.0 if two else SECOND_EVIDENCE
    # A second population can take away no more than the whole χ².
    can = one.chi2 - 2 * np.log(count) > least
    if two is not False and count >= SECOND_POINTS_MIN and can:
        double = _two(points, one)
        if double is not None and _bic(one, double, count) > least:
            best = double
    return _result(points, best, np.sign(np.nansum(peak_current_a)))


def _points(
    frequency_hz: FloatArray, peak_a: FloatArray, error_a: FloatArray, table: Response
) -> _Points:
    known = np.isfinite(peak_a) & np.isfinite(frequency_hz)
    sign = np.sign(np.nansum(peak_a)) or 1.0
    peak, error = sign * peak_a[known], error_a[known]
    least = _MODEL_ERROR * np.abs(peak).max(initial=np.finfo(float).tiny) / 10
    own = np.where(np.isfinite(error), error, 0.0)
    if not own.any():
        # Without errors the scatter about the fit decides; heights count in relation.
        own = np.abs(peak) * _MODEL_ERROR
    held = np.sqrt(own**2 + (_MODEL_ERROR * peak) ** 2 + least**2)
    return _Points(np.log(frequency_hz[known]), peak, held, table)


def _one(points: _Points) -> _Solution:
    """One population: the best k of a grid, refined."""
    low, high = _log_rates(points)
    logs = np.linspace(low, high, _GRID)
    unit = np.stack([_unit(points, log) for log in logs])
    reduced = points.peak_a / points.error_a
    charge = np.maximum((unit @ reduced) / np.maximum((unit**2).sum(axis=1), 1e-300), 1e-300)
    chi2 = ((reduced - charge[:, np.newaxis] * unit) ** 2).sum(axis=1)
    k = int(np.argmin(chi2))
    return _refined(points, np.array([logs[k], np.log(charge[k])]))


def _two(points: _Points, one: _Solution) -> _Solution | None:
    """Two populations from the best pairs of a grid, or None if they contradict themselves."""
    low, high = _log_rates(points)
    logs = np.linspace(low, high, _GRID)
    unit = np.stack([_unit(points, log) for log in logs])
    starts = _pairs(unit, points.peak_a / points.error_a)
    solutions = [
        _refined(points, np.array([logs[a], logs[b], *np.log(charges)])) for a, b, charges in starts
    ]
    if not solutions:
        return None
    best = min(solutions, key=lambda solution: solution.chi2)
    shares = np.exp(best.parameters[2:])
    errors = np.sqrt(np.diagonal(best.covariance))[:2]
    apart = abs(best.parameters[1] - best.parameters[0]) > np.log(1.5)
    inside = ((best.parameters[:2] > low) & (best.parameters[:2] < high)).all()
    sound = apart and inside and shares.min() > _SHARE_MIN * shares.sum()
    return best if sound and (errors < _SE_MAX).all() and best.chi2 < one.chi2 else None


def _pairs(unit: FloatArray, reduced: FloatArray) -> list[tuple[int, int, FloatArray]]:
    """The best pairs of rates of a grid with charges above 0: places and charges."""
    first, second = np.array(
        [pair for pair in combinations(range(len(unit)), 2) if pair[1] - pair[0] >= _APART]
    ).T
    gram, side = unit @ unit.T, unit @ reduced
    a, b, c = gram[first, first], gram[first, second], gram[second, second]
    determinant = np.maximum(a * c - b**2, 1e-12 * a * c)
    charges = np.stack(
        [
            (c * side[first] - b * side[second]) / determinant,
            (a * side[second] - b * side[first]) / determinant,
        ]
    )
    gain = charges[0] * side[first] + charges[1] * side[second]
    gain = np.where((charges > 0).all(axis=0), gain, -np.inf)
    order = [k for k in np.argsort(-gain, kind="stable")[:_STARTS] if np.isfinite(gain[k])]
    return [(int(first[k]), int(second[k]), charges[:, k]) for k in order]


def _unit(points: _Points, log_rate: float) -> FloatArray:
    """Reduced peaks of a layer of 1 C."""
    ratio = log_rate - points.log_frequency
    held = np.clip(ratio, points.table.log_ratio[0], points.table.log_ratio[-1])
    return np.asarray(points.table.peaks(held) * np.exp(points.log_frequency) / points.error_a)


def _log_rates(points: _Points) -> tuple[float, float]:
    """Rates that are looked for: the maximum up to a factor of 30 beyond the frequencies."""
    middle = np.log(points.table.maximum_ratio)
    reach = np.log(30)
    return (
        float(points.log_frequency.min() + middle - reach),
        float(points.log_frequency.max() + middle + reach),
    )


def _refined(points: _Points, start: FloatArray) -> _Solution:
    found = least_squares(points.residuals, start, method="lm", max_nfev=_EVALUATIONS)
    jacobian = np.asarray(found.jac, dtype=np.float64)
    normal = jacobian.T @ jacobian
    # A direction that the peaks do not determine gets a large variance, not none.
    ridge = np.eye(len(start)) * max(1e-10 * float(np.trace(normal)), 1e-30)
    return _Solution(found.x, np.asarray(np.linalg.inv(normal + ridge)), float(2 * found.cost))


def _bic(one: _Solution, two: _Solution, count: int) -> float:
    """By how much BIC falls from one population to two, with χ² in units of what two leave."""
    scale = max(two.chi2 / max(count - 4, 1), 1.0)
    return (one.chi2 - two.chi2) / scale - 2 * float(np.log(count))


def _result(points: _Points, best: _Solution, sign: float) -> RateFit:
    count, m = len(points.peak_a), best.populations
    freedom = max(count - 2 * m, 1)
    scale = max(best.chi2 / freedom, 1.0)
    order = np.argsort(best.parameters[:m])
    errors = np.sqrt(np.diagonal(best.covariance) * scale)
    low, high = _log_rates(points)
    inside = bool(((best.parameters[:m] > low) & (best.parameters[:m] < high)).all())
    if not inside or not (errors[:m] < _SE_MAX).all():
        return _nothing()
    wide = float(student.ppf(0.975, freedom))
    logs, log_se = best.parameters[:m][order], errors[:m][order]
    charges, charge_se = np.exp(best.parameters[m:][order]), errors[m:][order]
    span = points.log_frequency.min(), points.log_frequency.max()
    drawn = np.linspace(*span, _DRAWN)
    curve = mixture_peaks(points.table, logs, charges, drawn)
    maxima = np.exp(logs) / points.table.maximum_ratio
    outside = (maxima < np.exp(span[0])) | (maxima > np.exp(span[1]))
    return RateFit(
        m,
        _padded(np.exp(logs)),
        _padded(np.exp(logs) * log_se),
        _padded(np.exp(logs - wide * log_se)),
        _padded(np.exp(logs + wide * log_se)),
        _padded(charges),
        _padded(charges * charge_se),
        _maximum_hz(points, logs, charges),
        np.exp(drawn),
        sign * curve,
        tuple(
            code
            for code, true in (
                (flags.MAP_MAXIMUM_OUTSIDE, outside.any()),
                (flags.MAP_MISFIT, scale > _MISFIT),
            )
            if true
        ),
    )


def _maximum_hz(points: _Points, logs: FloatArray, charges: FloatArray) -> float:
    """Frequency at which the fitted charge is largest, looked for around the populations' own."""
    own = logs - np.log(points.table.maximum_ratio)
    fine = np.linspace(own.min() - 0.1, own.max() + 0.1, 401)
    charge = mixture_peaks(points.table, logs, charges, fine) / np.exp(fine)
    return float(np.exp(fine[np.argmax(charge)]))


def _nothing() -> RateFit:
    none = np.full(2, np.nan)
    empty = np.empty(0)
    return RateFit(
        0, none, none, none, none, none, none, np.nan, empty, empty, (flags.RATE_UNDETERMINED,)
    )


def _padded(values: FloatArray) -> FloatArray:
    return np.concatenate([values, np.full(2 - len(values), np.nan)])
