"""Concentrations by a curve whose parameters come from elsewhere, with standard errors.

The doses behind the parameters are not known, so their errors are taken for independent and
carried on linearly; the limits of a concentration are where the curve, with its own error and that
of the signal, can still explain the signal. Near the plateaus they are open, as in `inversion`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from sacmes_core import flags
from sacmes_core.analysis.calibration.inversion import Concentrations
from sacmes_core.analysis.calibration.isotherm import FloatArray, HillCurve
from sacmes_core.analysis.calibration.prediction import Signals

QUANTILE: Final = 1.959964
"""Standard errors on either side of a limit of 95 %."""
_LN_BEYOND: Final = float(np.log(1e5))
_NODES: Final = 3000
_OFF_SDS: Final = 4.0
_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class CurveErrors:
    """Standard errors of the parameters of a `HillCurve`; 0 where a parameter is exact."""

    baseline: float = 0.0
    gain: float = 0.0
    half_concentration: float = 0.0
    hill: float = 0.0


def variance_of(curve: HillCurve, errors: CurveErrors, concentration: ArrayLike) -> FloatArray:
    """Variance of the curve's signal at concentrations of any shape."""
    c = np.asarray(concentration, dtype=np.float64)
    share = (curve.signal(c) - curve.baseline) / curve.gain
    slope = share * (1.0 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        ln_ratio = np.where(c > 0, np.log(c / curve.half_concentration), 0.0)
    terms = (
        np.full_like(share, errors.baseline),
        share * errors.gain,
        curve.gain * slope * curve.hill * errors.half_concentration / curve.half_concentration,
        curve.gain * slope * ln_ratio * errors.hill,
    )
    return np.asarray(sum(term**2 for term in terms), dtype=np.float64)


def band_of(curve: HillCurve, errors: CurveErrors, concentration: ArrayLike) -> Signals:
    """The curve with its confidence band."""
    signal = curve.signal(concentration)
    reach = QUANTILE * np.sqrt(variance_of(curve, errors, concentration))
    return Signals(signal, signal - reach, signal + reach)


def concentrations_by(
    curve: HillCurve, errors: CurveErrors, signals: ArrayLike, signal_se: ArrayLike
) -> Concentrations:
    """The concentrations that signals stand for.

    Parameters
    ----------
    signals
        Shape (n,); nan for none.
    signal_se
        Their standard errors, shape (n,) or one for all; nan for an unknown one, whose signal
        then has no limits.
    """
    y = np.array(signals, dtype=np.float64, ndmin=1)
    se = np.broadcast_to(np.asarray(signal_se, dtype=np.float64), y.shape)
    share = (y - curve.baseline) / curve.gain
    known = np.isfinite(y)
    plateau_sd = np.sqrt(np.nan_to_num(se) ** 2 + errors.baseline**2 + errors.gain**2)
    outside = np.maximum(-share, share - 1.0) * abs(curve.gain)
    off = known & (outside > 0) & (outside > _OFF_SDS * plateau_sd)
    value = np.where(off, np.nan, curve.concentration(y))
    low, high = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    limited = np.flatnonzero(known & ~off & np.isfinite(se))
    for start in range(0, len(limited), _ROWS):
        rows = limited[start : start + _ROWS]
        low[rows], high[rows] = _limits(curve, errors, y[rows], se[rows])
    raised = (
        (flags.OFF_CALIBRATION, off),
        (flags.BELOW_CALIBRATION, known & ~off & (share <= 0)),
        (flags.ABOVE_CALIBRATION, known & ~off & (share >= 1)),
        (flags.OPEN_INTERVAL, np.isfinite(value) & np.isinf(high)),
    )
    codes = tuple(tuple(code for code, where in raised if where[k]) for k in range(len(y)))
    return Concentrations(value, low, high, codes)


def _limits(
    curve: HillCurve, errors: CurveErrors, signals: FloatArray, signal_se: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest concentration that explain signals (n,)."""
    middle = np.log(curve.half_concentration)
    ln_c = np.linspace(middle - _LN_BEYOND, middle + _LN_BEYOND, _NODES)
    c = np.concatenate([[0.0], np.exp(ln_c)])
    sign = np.sign(curve.gain)
    reach = QUANTILE * np.sqrt(signal_se[:, None] ** 2 + variance_of(curve, errors, c))
    curve_signal = sign * curve.signal(c)
    y = np.clip(sign * signals, curve_signal[0], sign * (curve.baseline + curve.gain))[:, None]
    explained = np.abs(y - curve_signal) <= reach
    first = np.argmax(explained, axis=1)
    last = len(c) - 1 - np.argmax(explained[:, ::-1], axis=1)
    # Between two nodes lies the signal itself where it has no error.
    none = ~explained.any(axis=1)
    beside = np.searchsorted(curve_signal, y[:, 0])
    first = np.where(none, np.maximum(beside - 1, 0), first)
    last = np.where(none, np.minimum(beside, len(c) - 1), last)
    return c[first], np.where(last == len(c) - 1, np.inf, c[last])
