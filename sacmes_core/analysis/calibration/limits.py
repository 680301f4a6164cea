"""Confidence limits: the extremes of a quantity over all curves that the doses do not exclude."""

from dataclasses import dataclass

import numpy as np

from sacmes_core.analysis.calibration.family import Doses, Family
from sacmes_core.analysis.calibration.isotherm import FloatArray
from sacmes_core.analysis.calibration.region import Box

_AT_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Limits:
    """A number with its confidence limits; None where there is no number, or a limit is open."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What limits are made of.

    Attributes
    ----------
    curves
        Those that the doses do not exclude, the best one first.
    variance
        Of a signal of weight 1.
    quantile
        Standard errors on either side that hold the confidence.
    box
        Where K and h were looked for.
    """

    doses: Doses
    curves: Family
    variance: float
    quantile: float
    box: Box

    @property
    def room(self) -> FloatArray:
        """Squares that each curve may still gain before it is excluded; shape (m,)."""
        squares = self.curves.squares
        allowed = float(squares[0]) + self.variance * self.quantile**2
        return np.asarray(np.maximum(allowed - squares, 0.0), dtype=np.float64)

    @property
    def stretch(self) -> FloatArray:
        """Standard errors that each curve's signals may still be off; shape (m,)."""
        return np.sqrt(self.room / self.variance)

    @property
    def reaches_low_k(self) -> bool:
        """Whether even the lowest K is not excluded: the doses may all be far above it."""
        return bool(self.curves.ln_k.min() <= self.box.ln_k[0] + _AT_EDGE)

    @property
    def is_k_above_doses(self) -> bool:
        """Whether half saturation is above the highest dose, or may be anywhere above."""
        highest = np.log(self.doses.concentration[-1])
        return self.reaches_high_k or bool(self.curves.ln_k[0] > highest)

    @property
    def reaches_high_k(self) -> bool:
        """Whether even the highest K is not excluded: the doses may all be far below it."""
        return bool(self.curves.ln_k.max() >= self.box.ln_k[1] - _AT_EDGE)

    @property
    def reaches_h(self) -> tuple[bool, bool]:
        """Whether the lowest and the highest h are not excluded."""
        if self.box.is_flat:
            return False, False
        low, high = self.box.ln_h
        reached = (
            self.curves.ln_h.min() <= low + _AT_EDGE,
            self.curves.ln_h.max() >= high - _AT_EDGE,
        )
        return bool(reached[0]), bool(reached[1])

    @property
    def has_zero(self) -> bool:
        """Whether a dose without target is among the doses."""
        return bool(self.doses.concentration[0] == 0.0)


@dataclass(frozen=True, slots=True)
class ParameterLimits:
    """The parameters of the curve with their limits; no value where the doses tell none."""

    baseline: Limits
    gain: Limits
    half_concentration: Limits
    hill: Limits


def parameter_limits(evidence: Evidence) -> ParameterLimits:
    """Limits of all parameters.

    Where K has no upper limit the gain has none away from 0, for then only gain / K is known; where
    K has no lower limit and no dose is 0, neither baseline nor gain has one.
    """
    curves = evidence.curves
    gain = _linear(curves.gain, 1.0 / curves.spread, evidence)
    baseline = _linear(curves.baseline, curves.baseline_variance, evidence)
    if evidence.reaches_low_k and not evidence.has_zero:
        baseline = Limits(baseline.value)
        gain = Limits(gain.value)
    elif evidence.reaches_high_k:
        rises = bool(curves.gain[0] > 0)
        gain = Limits(gain.value, gain.low, None) if rises else Limits(gain.value, None, gain.high)
    k = _logarithmic(curves.ln_k, (evidence.reaches_low_k, evidence.reaches_high_k))
    if k.value is None:
        gain = Limits(None, gain.low, gain.high)
    hill = Limits(1.0, 1.0, 1.0)
    if not evidence.box.is_flat:
        hill = _logarithmic(curves.ln_h, evidence.reaches_h)
    return ParameterLimits(baseline, gain, k, hill)


def _linear(values: FloatArray, variances: FloatArray, evidence: Evidence) -> Limits:
    reach = np.sqrt(variances * evidence.room)
    low, high = float((values - reach).min()), float((values + reach).max())
    return Limits(float(values[0]), low, high)


def _logarithmic(values: FloatArray, is_open: tuple[bool, bool]) -> Limits:
    """Limits of exp(values); no value where the best one lies at the end of the search."""
    low, high = float(np.exp(values.min())), float(np.exp(values.max()))
    best = float(np.exp(values[0]))
    at_end = (is_open[0] and values[0] <= values.min() + _AT_EDGE) or (
        is_open[1] and values[0] >= values.max() - _AT_EDGE
    )
    return Limits(
        None if at_end else best, None if is_open[0] else low, None if is_open[1] else high
    )
