"""What square-wave peak a bound couple gives at each ratio of rate constant to frequency.

Within a half-pulse the kinetics is of first order and has an exact solution, so that the net
current of a layer with the charge Q = n·F·A·Γ is Δi = Q·f·Ψ(E − E°; κ), and its peak Q·f·ψ(κ), with
κ = k/f. ψ, which is the charge Δi/f in units of Q, has a maximum: the *quasi-reversible maximum*
(Lovrić and Komorsky-Lovrić, J. Electroanal. Chem. 248 (1988) 239,
doi:10.1016/0022-0728(88)85089-7; O'Dea and Osteryoung, Anal. Chem. 65 (1993) 3090,
doi:10.1021/ac00069a024). At E° with α = 1/2 and small steps the periodic solution is

    ψ = 4·u·tanh(φ/2)/(1 + e^u),   u = κ·cosh(φ/2),   φ = n·F·E_sw/RT,

so the maximum is where (u − 1)·e^u = 1, u = 1.2785: at κ = 1.2785/cosh(φ/2).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline

from sacmes_core.analysis.peaks import FloatArray

RATIO_MIN: Final = 3e-4
RATIO_MAX: Final = 30.0
CLOSED_FORM_MAXIMUM: Final = 1.27846
"""Where u/(1 + e^u) is largest."""
_RATIOS: Final = 101
_THERMAL_PER_V: Final = 38.921740
"""F / RT at 25 °C."""
_REACH: Final = 14.0
"""Half of the potential range, in units of RT/nF, about E° and the shift of slow couples."""
_EXPONENT_MAX: Final = 28.0
_SPACING: Final = 0.006
"""Distance of the potentials of the curves that are added up, in V over n."""


@dataclass(frozen=True, slots=True)
class SquareWaveCouple:
    """The square wave and the couple; what, besides k, decides the height of the peak.

    Attributes
    ----------
    amplitude_v
        Half of the height from peak to peak.
    spread_v
        Standard deviation of the formal potentials within the layer.
    """

    electrons: int = 2
    transfer_coefficient: float = 0.5
    amplitude_v: float = 0.025
    step_v: float = 0.001
    spread_v: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Net currents in units of Q·f.

    Attributes
    ----------
    log_ratio
        ln κ, ascending, shape (G,).
    net
        Net voltammograms, one for each κ, on one grid of potentials, shape (G, P).
    curves, peaks
        The same and the largest value of each, as splines over ln κ.
    maximum_ratio
        κ of the quasi-reversible maximum.
    """

    log_ratio: FloatArray
    net: FloatArray
    curves: CubicSpline
    peaks: CubicSpline
    maximum_ratio: float


@lru_cache(maxsize=16)
def response(couple: SquareWaveCouple) -> Response:
    """The table for one square wave and couple; made once."""
    log_ratio = np.linspace(np.log(RATIO_MIN), np.log(RATIO_MAX), _RATIOS)
    net = _net_currents(couple, np.exp(log_ratio))
    peaks = CubicSpline(log_ratio, _apex(net))
    # Sums of curves need no more points than a parabola through the apex does.
    net = net[:, :: max(1, round(_SPACING / (couple.electrons * couple.step_v)))]
    fine = np.linspace(log_ratio[0], log_ratio[-1], 20 * _RATIOS)
    at = float(fine[np.argmax(peaks(fine))])
    return Response(log_ratio, net, CubicSpline(log_ratio, net, axis=0), peaks, float(np.exp(at)))


def mixture_peaks(
    table: Response, log_rates: FloatArray, shares_c: FloatArray, log_frequency: FloatArray
) -> FloatArray:
    """Peak currents of populations that add up, in A, shape (F,).

    The largest value of the sum, which is less than the sum of the peaks where slow couples have
    theirs at other potentials than fast ones.

    Parameters
    ----------
    log_rates, shares_c
        ln(k/s⁻¹) and charge of each population, shape (m,).
    log_frequency
        ln(f/Hz), shape (F,).
    """
    if len(log_rates) == 1:
        held = np.clip(log_rates - log_frequency, table.log_ratio[0], table.log_ratio[-1])
        return np.asarray(shares_c[0] * table.peaks(held) * np.exp(log_frequency))
    ratios = log_rates[:, np.newaxis] - log_frequency
    held = np.clip(ratios, table.log_ratio[0], table.log_ratio[-1])
    summed = np.tensordot(shares_c, table.curves(held), axes=1)
    return np.asarray(_apex(summed) * np.exp(log_frequency))


def _apex(net: FloatArray) -> FloatArray:
    """Largest value of each curve, between the points by a parabola, shape (…,)."""
    k = np.clip(net.argmax(axis=-1), 1, net.shape[-1] - 2)[..., np.newaxis]
    left, top, right = (np.take_along_axis(net, k + d, axis=-1)[..., 0] for d in (-1, 0, 1))
    bend = left - 2 * top + right
    lift = np.divide((left - right) ** 2, 8 * bend, out=np.zeros_like(top), where=bend < 0)
    return np.asarray(np.where(bend < 0, top - lift, top))


def _net_currents(couple: SquareWaveCouple, ratio: FloatArray) -> FloatArray:
    """Net voltammograms of a reduction in units of Q·f, shape (G, P)."""
    alpha = couple.transfer_coefficient
    factor = couple.electrons * _THERMAL_PER_V
    nodes, shares = np.polynomial.hermite_e.hermegauss(7 if couple.spread_v > 0 else 1)
    formal_v = couple.spread_v * nodes
    # A slow couple is reduced later, by ln κ / α in units of RT/nF.
    late = max(0.0, -np.log(RATIO_MIN)) / max(alpha, 0.1)
    first_v = _REACH / factor + 4 * couple.spread_v
    last_v = -(_REACH + late) / factor - 4 * couple.spread_v
    staircase_v = np.arange(first_v, last_v, -couple.step_v)
    rate = ratio[:, np.newaxis]
    net = np.zeros((len(ratio), len(staircase_v)))
    oxidised = np.ones((len(ratio), len(nodes)))
    for k, potential_v in enumerate(staircase_v):
        for direction in (-1.0, 1.0):
            over = factor * (potential_v + direction * couple.amplitude_v - formal_v)
            reducing = rate * np.exp(np.minimum(-alpha * over, _EXPONENT_MAX))
            total = reducing + rate * np.exp(np.minimum((1 - alpha) * over, _EXPONENT_MAX))
            settled = 1 - reducing / total
            distance = (oxidised - settled) * np.exp(-total / 2)
            net[:, k] -= direction * ((total * distance) @ shares) / shares.sum()
            oxidised = settled + distance
    return net
