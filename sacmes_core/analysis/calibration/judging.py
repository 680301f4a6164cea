"""What is wrong with a calibration, and what its doses do not determine."""

from dataclasses import dataclass
from math import log
from typing import Final

from scipy.stats import chi2
from scipy.stats import f as fisher

from sacmes_core import flags
from sacmes_core.analysis.calibration.family import Doses
from sacmes_core.analysis.calibration.isotherm import FloatArray
from sacmes_core.analysis.calibration.limits import Evidence

_RESPONSE_P: Final = 0.01
_MISFIT_P: Final = 0.01


@dataclass(frozen=True, slots=True)
class Counts:
    """Signals, fitted parameters, and whether the signals have standard errors."""

    signals: int
    parameters: int
    has_errors: bool

    @property
    def degrees(self) -> int:
        """Degrees of freedom."""
        return self.signals - self.parameters


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """How well the curve goes through the doses.

    Attributes
    ----------
    r_squared
        1 − weighted squares left / squares about the mean.
    residuals
        Signal less curve, shape (n,) as the arguments; nan where there was no signal.
    reading_sd
        Standard deviation of one signal, from its standard errors or from the residuals.
    degrees
        Signals less fitted parameters.
    bic
        Bayesian information criterion; of hill "one" and "free" the lower is the better supported,
        by 6 or more if it shall mean something.
    misfit_p
        Probability of residuals as large as these if the curve were right: judged by the standard
        errors, else by the scatter of repeats; None without either.
    response_p
        Probability of so much dependence on the dose if there were none.
    """

    r_squared: float
    residuals: FloatArray
    reading_sd: float
    degrees: int
    bic: float
    misfit_p: float | None
    response_p: float

    @property
    def has_response(self) -> bool:
        """Whether the signal depends on the dose at all."""
        return self.response_p < _RESPONSE_P


def misfit_p(doses: Doses, squares: float, counts: Counts) -> float | None:
    """Probability of residuals as large as these by chance; None where nothing tells."""
    if counts.has_errors:
        return float(chi2.sf(squares, counts.degrees)) if counts.degrees > 0 else None
    distinct = len(doses.concentration)
    pure, lack = counts.signals - distinct, distinct - counts.parameters
    if pure < 1 or lack < 1 or doses.within <= 0.0:
        return None
    ratio = max(squares - doses.within, 0.0) / lack / (doses.within / pure)
    return float(fisher.sf(ratio, lack, pure))


def response_p(doses: Doses, squares: float, variance: float, counts: Counts) -> float:
    """Probability of so much less than the squares about the mean, if no dose mattered."""
    explained = max(doses.total_squares - squares, 0.0)
    parameters = counts.parameters - 1
    if counts.has_errors:
        return float(chi2.sf(explained / variance, parameters))
    if variance <= 0.0:
        return 0.0 if explained > 0.0 else 1.0
    return float(fisher.sf(explained / parameters / variance, parameters, counts.degrees))


def information_criterion(squares: float, counts: Counts) -> float:
    """BIC of independent normal errors, up to a constant of the data."""
    likelihood = squares
    if not counts.has_errors:
        likelihood = counts.signals * log(max(squares, 1e-300) / counts.signals)
    return likelihood + counts.parameters * log(counts.signals)


def judge(evidence: Evidence, quality: Quality) -> tuple[str, ...]:
    """The flags of a calibration."""
    if not quality.has_response:
        return (flags.NO_DOSE_RESPONSE,)
    raised = {
        flags.SATURATION_NOT_REACHED: evidence.is_k_above_doses,
        flags.ONSET_NOT_REACHED: evidence.reaches_low_k,
        flags.HILL_UNDETERMINED: any(evidence.reaches_h),
        flags.CALIBRATION_MISFIT: quality.misfit_p is not None and quality.misfit_p < _MISFIT_P,
    }
    return tuple(code for code, is_raised in raised.items() if is_raised)
