"""The Hill–Langmuir curve of a set of doses.

Confidence limits come from the profile likelihood: of all curves on a grid of ln K and ln h those
are kept that the doses do not exclude, and a limit is the extreme of a quantity over them. Unlike
limits from a covariance matrix this holds where the doses determine a parameter badly: the limit
is then far off, or open.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, t

from sacmes_core.analysis.calibration.family import Doses
from sacmes_core.analysis.calibration.isotherm import FloatArray, HillCurve
from sacmes_core.analysis.calibration.judging import (
    Counts,
    Quality,
    information_criterion,
    judge,
    misfit_p,
    response_p,
)
from sacmes_core.analysis.calibration.limits import (
    Evidence,
    Limits,
    ParameterLimits,
    parameter_limits,
)
from sacmes_core.analysis.calibration.region import Box, Hill, best_fit, compatible_curves
from sacmes_core.errors import AnalysisError


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What doses say of a Hill–Langmuir curve.

    Attributes
    ----------
    curve
        The best one; look at the flags before using it.
    parameters
        Its parameters with limits, none of those that the doses do not determine.
    confidence
        What limits are meant to hold, 0.95 for 95 %.
    flags
        Codes of `sacmes_core.flags`.
    evidence
        What limits of further quantities are made of.
    """

    curve: HillCurve
    parameters: ParameterLimits
    confidence: float
    quality: Quality
    flags: tuple[str, ...]
    evidence: Evidence


def calibrate(
    concentrations: ArrayLike,
    signals: ArrayLike,
    signal_se: ArrayLike | None = None,
    *,
    hill: Hill = "one",
    confidence: float = 0.95,
) -> Calibration:
    """Fit signal = baseline + gain · cʰ / (Kʰ + cʰ) to doses.

    Parameters
    ----------
    concentrations
        Shape (n,), 0 or more, in any order and with any number of repeats.
    signals
        Shape (n,); what is nan is left out.
    signal_se
        Standard errors of the signals, shape (n,), independent of one another. They weigh the
        doses, and limits come from them; where the residuals are larger than they allow, limits
        grow with the residuals. Without them every signal weighs the same and the residuals tell
        the variance.
    hill
        Whether h is "one" or "free".
    confidence
        Of the limits, between 0 and 1.

    Raises
    ------
    AnalysisError
        If there are fewer distinct doses than parameters, or numbers that cannot be.

    References
    ----------
    Limits by profile likelihood: Venzon and Moolgavkar, Appl. Stat. 37 (1988) 87,
    doi:10.2307/2347496.
    """
    c, y, weight = _checked(concentrations, signals, signal_se)
    there = np.isfinite(y)
    counts = Counts(int(there.sum()), 3 if hill == "one" else 4, signal_se is not None)
    _require_enough(c[there], counts)
    doses = Doses.of(c[there], y[there], weight[there])
    box = Box.of(doses, hill)
    best = best_fit(doses, box)
    squares = max(float(best.squares[0]), doses.rounding_squares)
    variance, quantile = _scale(squares, counts, confidence)
    curves = compatible_curves(doses, box, best, squares + variance * quantile**2)
    evidence = Evidence(doses, curves, variance, quantile, box)
    quality = Quality(
        r_squared=1.0 - squares / doses.total_squares if doses.total_squares > 0 else 0.0,
        residuals=y - curves.curve(0).signal(c),
        reading_sd=sqrt(variance / float(np.mean(weight[there]))),
        degrees=counts.degrees,
        bic=information_criterion(squares, counts),
        misfit_p=misfit_p(doses, squares, counts),
        response_p=response_p(doses, squares, variance, counts),
    )
    none = Limits()
    parameters = ParameterLimits(none, none, none, none)
    if quality.has_response:
        parameters = parameter_limits(evidence)
    flags = judge(evidence, quality)
    return Calibration(curves.curve(0), parameters, confidence, quality, flags, evidence)


def _checked(
    concentrations: ArrayLike, signals: ArrayLike, signal_se: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Concentrations, signals and weights, 1-D and of one length."""
    c = np.array(concentrations, dtype=np.float64, ndmin=1)
    y = np.array(signals, dtype=np.float64, ndmin=1)
    se = np.ones_like(y) if signal_se is None else np.array(signal_se, dtype=np.float64, ndmin=1)
    if not c.shape == y.shape == se.shape or c.ndim != 1:
        raise AnalysisError("Give one concentration, and if any one standard error, per signal.")
    there = np.isfinite(y)
    if not np.all(np.isfinite(c[there]) & (c[there] >= 0)):
        raise AnalysisError("A concentration is missing or below 0; correct the list of doses.")
    if not np.all(np.isfinite(se[there]) & (se[there] > 0)):
        raise AnalysisError(
            "A signal has no standard error above 0; leave that signal out, or all errors."
        )
    return c, y, np.where(there, se, 1.0) ** -2


def _require_enough(concentrations: FloatArray, counts: Counts) -> None:
    distinct = np.unique(concentrations)
    if np.sum(distinct > 0) < 2 or len(distinct) < counts.parameters:
        raise AnalysisError(
            f"A curve of {counts.parameters} parameters needs signals at {counts.parameters} or "
            f"more different concentrations, two of them above 0; there are {len(distinct)}."
        )
    if counts.degrees < 1 and not counts.has_errors:
        raise AnalysisError(
            "There are as many parameters as signals, so nothing tells how sure they are; measure "
            "one more dose or repeat one, or give standard errors."
        )


def _scale(squares: float, counts: Counts, confidence: float) -> tuple[float, float]:
    """The variance of a signal of weight 1, and the quantile of the confidence."""
    if not 0.0 < confidence < 1.0:
        raise AnalysisError("A confidence lies between 0 and 1, for example 0.95.")
    share = 0.5 * (1.0 + confidence)
    if not counts.has_errors:
        return squares / counts.degrees, float(t.ppf(share, counts.degrees))
    excess = squares / counts.degrees if counts.degrees > 0 else 1.0
    return max(1.0, excess), float(norm.ppf(share))
