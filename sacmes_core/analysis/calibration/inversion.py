"""From signals back to concentrations, with limits that hold near the plateaus as well.

A concentration is not excluded if any curve that is compatible with the doses brings it together
with the signal (profile likelihood of doses and signal together). The limits are asymmetric; where
the signal is lost in a plateau, one of them is 0 or infinite. A signal beyond a plateau is taken to
lie on it, as far as it may be, so that noise there cannot make a limit ever closer.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sacmes_core import flags
from sacmes_core.analysis.calibration.fitting import Calibration
from sacmes_core.analysis.calibration.isotherm import FloatArray
from sacmes_core.analysis.calibration.limits import Evidence
from sacmes_core.analysis.calibration.region import LN_BEYOND
from sacmes_core.errors import AnalysisError

_LN_C_STEP: Final = 0.04
_CURVES_MAX: Final = 600
_ERROR_LEVELS: Final = 24
_OFF_SDS: Final = 4.0
_BOUNDS_MAX: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Concentrations:
    """Concentrations of signals; arrays of shape (n,), in the unit of the doses.

    Attributes
    ----------
    value
        nan where there is none: no signal, or one at or beyond a plateau.
    low, high
        Confidence limits. `low` is 0 where no target at all is not excluded, `high` infinite where
        any amount is not; both nan where no concentration explains the signal.
    flags
        Codes of `sacmes_core.flags` for each.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    flags: tuple[tuple[str, ...], ...]


def concentrations_of(
    calibration: Calibration, signals: ArrayLike, signal_se: ArrayLike | None = None
) -> Concentrations:
    """The concentrations that signals stand for.

    Parameters
    ----------
    signals
        Shape (n,), of the kind that was calibrated; nan for none.
    signal_se
        Their standard errors, shape (n,) or one for all; that of one signal of the calibration if
        not given. A signal without one has limits as if it were free of error: rather give none.
    """
    y = np.array(signals, dtype=np.float64, ndmin=1)
    se = calibration.quality.reading_sd if signal_se is None else signal_se
    errors = np.broadcast_to(np.asarray(se, dtype=np.float64), y.shape)
    if not np.all(np.isfinite(errors[np.isfinite(y)]) & (errors[np.isfinite(y)] >= 0)):
        raise AnalysisError("A signal has no standard error; leave it out, or give no errors.")
    none = np.full(y.shape, np.nan)
    if not calibration.quality.has_response:
        return Concentrations(none, none, none, ((flags.NO_DOSE_RESPONSE,),) * len(y))
    curve, evidence = calibration.curve, calibration.evidence
    value = curve.concentration(y)
    share = (y - curve.baseline) / curve.gain
    lowest, highest = _plateaus(evidence)
    off = (y < lowest - _OFF_SDS * errors) | (y > highest + _OFF_SDS * errors)
    there = np.isfinite(y) & ~off
    value = np.where(off, np.nan, value)
    low, high = none.copy(), none.copy()
    low[there], high[there] = _limits(evidence, np.clip(y[there], lowest, highest), errors[there])
    doses = evidence.doses.concentration
    known = np.isfinite(value)
    raised = {
        flags.OFF_CALIBRATION: off,
        flags.BELOW_CALIBRATION: there & (share <= 0.0),
        flags.ABOVE_CALIBRATION: there & (share >= 1.0),
        flags.OPEN_INTERVAL: known & np.isinf(high),
        flags.BEYOND_DOSES: known & ((value > doses[-1]) | (value < doses[0])),
    }
    return Concentrations(value, low, high, _codes(raised))


def _plateaus(evidence: Evidence) -> tuple[float, float]:
    """Lowest and highest signal that a compatible curve comes to."""
    signal, variance = evidence.curves.at(np.array([0.0, np.inf]))
    reach = np.sqrt(variance * evidence.room[:, None])
    return float((signal - reach).min()), float((signal + reach).max())


def _limits(
    evidence: Evidence, signals: FloatArray, errors: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Both limits of each signal, (n,): by interpolation between a few sizes of its error."""
    if len(signals) == 0:
        return signals, signals
    levels = np.unique(errors)
    if len(levels) > _ERROR_LEVELS:
        least, most = levels[0], levels[-1]
        spaced = np.geomspace(max(least, 1e-3 * most), most, _ERROR_LEVELS)
        levels = np.unique(np.concatenate([[least], spaced, [most]]))
    if len(levels) == 1:
        return _bounds(evidence, float(levels[0])).limits(signals)
    envelope = _Envelope.of(evidence)
    found = [envelope.bounds(float(level)).limits(signals) for level in levels]
    low, high = np.array([low for low, _ in found]), np.array([high for _, high in found])
    return _between(levels, low, errors, 0.0), _between(levels, high, errors, np.inf)


def _between(
    levels: FloatArray, limits: FloatArray, errors: FloatArray, open_limit: float
) -> FloatArray:
    """Limits (levels, n) at each signal's own error (n,); open where one beside it is."""
    above = np.clip(np.searchsorted(levels, errors), 0, len(levels) - 1)
    below = np.where(levels[above] > errors, np.maximum(above - 1, 0), above)
    width = levels[above] - levels[below]
    share = np.where(width > 0, (errors - levels[below]) / np.where(width > 0, width, 1.0), 0.0)
    columns = np.arange(len(errors))
    first, last = limits[below, columns], limits[above, columns]
    is_open = (first == open_limit) | (last == open_limit)
    safe_first, safe_last = np.where(is_open, 1.0, first), np.where(is_open, 1.0, last)
    between = np.exp((1 - share) * np.log(safe_first) + share * np.log(safe_last))
    return np.where(is_open, open_limit, between)


@dataclass(frozen=True, slots=True, eq=False)
class _Envelope:
    """Signals of the compatible curves over ascending concentrations, all made to rise.

    Shapes: ln_c (g,) beginning with that of no target, signal and variance (m, g), stretch (m,).
    """

    ln_c: FloatArray
    signal: FloatArray
    variance: FloatArray
    stretch: FloatArray
    sign: float

    @classmethod
    def of(cls, evidence: Evidence) -> "_Envelope":
        count = len(evidence.curves.ln_k)
        some = np.unique(np.linspace(0, count - 1, min(count, _CURVES_MAX)).astype(np.intp))
        curves = evidence.curves.only(some)
        positive = evidence.doses.concentration[evidence.doses.concentration > 0]
        ends = np.log(positive[0]) - LN_BEYOND, np.log(positive[-1]) + LN_BEYOND
        ln_c = np.arange(*ends, _LN_C_STEP)
        signal, variance = curves.at(np.concatenate([[0.0], np.exp(ln_c)]))
        sign = float(np.sign(curves.gain[0]))
        return cls(
            np.concatenate([[ln_c[0] - 1.0], ln_c]),
            sign * signal,
            variance * evidence.variance,
            evidence.stretch[some],
            sign,
        )

    def bounds(self, error: float) -> "_Bounds":
        """Highest and lowest signal of one standard error that go with each concentration."""
        reach = self.stretch[:, None] * np.sqrt(error**2 + self.variance)
        upper = np.maximum.accumulate((self.signal + reach).max(axis=0))
        lower = np.minimum.accumulate((self.signal - reach).min(axis=0)[::-1])[::-1]
        return _Bounds(self.ln_c, upper, lower, self.sign)


@dataclass(frozen=True, slots=True, eq=False)
class _Bounds:
    """Highest and lowest signals (g,) of ascending concentrations, all made to rise."""

    ln_c: FloatArray
    upper: FloatArray
    lower: FloatArray
    sign: float

    def limits(self, signals: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest concentration that go with signals (n,)."""
        y = self.sign * signals
        low = np.exp(np.interp(y, self.upper, self.ln_c))
        high = np.exp(np.interp(y, self.lower, self.ln_c))
        low = np.where(y <= self.upper[0], 0.0, low)
        high = np.where(y >= self.lower[-1], np.inf, high)
        return low, high


@lru_cache(maxsize=_BOUNDS_MAX)
def _bounds(evidence: Evidence, error: float) -> _Bounds:
    """Bounds of one error, kept: signals come one by one, and all have the same."""
    return _Envelope.of(evidence).bounds(error)


def _codes(raised: dict[str, NDArray[np.bool_]]) -> tuple[tuple[str, ...], ...]:
    rows = np.stack(list(raised.values()), axis=1)
    return tuple(tuple(compress(raised, row)) for row in rows)
