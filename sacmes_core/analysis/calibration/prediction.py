"""The signal that a calibration expects at a concentration, with confidence limits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sacmes_core.analysis.calibration.fitting import Calibration
from sacmes_core.analysis.calibration.isotherm import FloatArray
from sacmes_core.errors import AnalysisError


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Signals at concentrations, with the limits of each; arrays of shape (n,)."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


def signals_of(
    calibration: Calibration, concentrations: ArrayLike, signal_se: float = 0.0
) -> Signals:
    """The signals that concentrations make: the way back from `inversion.concentrations_of`.

    Parameters
    ----------
    concentrations
        Shape (n,), 0 or more, in the unit of the doses; nan for none.
    signal_se
        Standard error of a signal to come, for the limits of which the curve's are widened; 0 for
        those of the curve itself, a band to be drawn.

    Returns
    -------
    Signals
        Profile-likelihood limits, the extremes over all curves that the doses do not exclude.
    """
    c = np.array(concentrations, dtype=np.float64, ndmin=1)
    if np.any(c < 0):
        raise AnalysisError("A concentration is below 0; correct the list.")
    evidence = calibration.evidence
    signal, variance = evidence.curves.at(c)
    reach = evidence.stretch[:, None] * np.sqrt(signal_se**2 + evidence.variance * variance)
    return Signals(
        calibration.curve.signal(c), (signal - reach).min(axis=0), (signal + reach).max(axis=0)
    )
