"""What a calibrated sensor can tell at all: limit of detection, of quantification, and range."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from sacmes_core.analysis.calibration.fitting import Calibration
from sacmes_core.analysis.calibration.inversion import concentrations_of
from sacmes_core.analysis.calibration.limits import Limits
from sacmes_core.errors import AnalysisError

DETECTION_SDS: Final = 3.0
QUANTIFICATION_SDS: Final = 10.0
_RANGE_POINTS: Final = 400


@dataclass(frozen=True, slots=True)
class DetectionLimits:
    """The smallest concentrations that can be detected and be measured, in the unit of the doses.

    Attributes
    ----------
    detection, quantification
        Where the curve passes the blank's mean by 3 and by 10 of its standard deviations; without a
        value where it never does.
    blank_mean, blank_sd
        Of the blanks, else the curve's baseline and the standard deviation of one signal.
    """

    detection: Limits
    quantification: Limits
    blank_mean: float
    blank_sd: float


@dataclass(frozen=True, slots=True)
class UsableRange:
    """Concentrations between which one signal tells the concentration well enough."""

    low: float
    high: float


def detection_limits(calibration: Calibration, blanks: ArrayLike | None = None) -> DetectionLimits:
    """Limits of detection and quantification.

    Parameters
    ----------
    blanks
        Signals without target, two or more; a few tens make the limits sure. Not given, the
        baseline of the curve and the scatter of the calibration stand for them.

    Returns
    -------
    DetectionLimits
        The limits of both take in the curve and the blanks: their mean, and their standard
        deviation, which is itself uncertain by 1 / √(2 (n − 1)).

    References
    ----------
    Currie, Pure Appl. Chem. 67 (1995) 1699, doi:10.1351/pac199567101699; the factors 3 and 10 are
    those in common use (Long and Winefordner, Anal. Chem. 55 (1983) 712A).
    """
    mean, sd = calibration.curve.baseline, calibration.quality.reading_sd
    freedom, mean_variance = calibration.quality.degrees, 0.0
    if blanks is not None:
        found = np.asarray(blanks, dtype=np.float64).ravel()
        found = found[np.isfinite(found)]
        if len(found) < 2:
            raise AnalysisError("Give two or more blanks: one alone has no standard deviation.")
        mean, sd = float(found.mean()), float(found.std(ddof=1))
        freedom, mean_variance = len(found) - 1, sd**2 / len(found)
    if not calibration.quality.has_response:
        return DetectionLimits(Limits(), Limits(), mean, sd)
    sds = np.array([DETECTION_SDS, QUANTIFICATION_SDS])
    signals = mean + np.sign(calibration.curve.gain) * sds * sd
    errors = np.sqrt(mean_variance + (sds * sd) ** 2 / (2 * max(freedom, 1)))
    there = concentrations_of(calibration, signals, errors)
    limits = [
        Limits(None if np.isnan(value) else value, low, None if np.isinf(high) else high)
        if not np.isnan(low)
        else Limits()
        for value, low, high in zip(
            there.value.tolist(), there.low.tolist(), there.high.tolist(), strict=True
        )
    ]
    return DetectionLimits(limits[0], limits[1], mean, sd)


def usable_range(
    calibration: Calibration, relative_error: float = 0.3, signal_se: float | None = None
) -> UsableRange | None:
    """Where one signal tells the concentration to a relative standard error, within the doses.

    Parameters
    ----------
    relative_error
        The largest standard error allowed: half the logarithm of the ratio of the limits, over the
        quantile of the confidence.
    signal_se
        Standard error of a signal; that of one signal of the calibration if not given.

    Returns
    -------
    UsableRange or None
        The widest unbroken stretch; None if there is none.
    """
    doses = calibration.evidence.doses.concentration
    if not calibration.quality.has_response:
        return None
    c = np.geomspace(doses[doses > 0][0], doses[-1], _RANGE_POINTS)
    found = concentrations_of(calibration, calibration.curve.signal(c), signal_se)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = 0.5 * np.log(found.high / found.low) / calibration.evidence.quantile
    good = np.isfinite(width) & (width <= relative_error)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(int)))
    if len(edges) == 0:
        return None
    starts, ends = edges[::2], edges[1::2] - 1
    widest = int(np.argmax(ends - starts))
    return UsableRange(float(c[starts[widest]]), float(c[ends[widest]]))
