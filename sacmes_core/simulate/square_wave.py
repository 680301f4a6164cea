"""The square wave, and the currents of a couple bound to the surface, exact pulse by pulse.

The potential is constant within each half-pulse, so Butler–Volmer kinetics has an exact solution,

    θ(t) = θ∞ + (θ(0) − θ∞) · exp(−(k_red + k_ox) · t),
    k_red = k · exp(−α n F (E − E°)/RT),   k_ox = k · exp((1 − α) n F (E − E°)/RT),

θ the oxidised share of the surface and θ∞ = k_ox / (k_red + k_ox). The current at the pulse's end
is nFAΓ · (k_red + k_ox) · (θ − θ∞): cathodic currents are positive.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sacmes_core.simulate.constants import PER_THERMAL_VOLT

FloatArray = NDArray[np.float64]

_SPREAD_NODES = 7
_EXPONENT_MAX = 28.0
"""Beyond e^28 times the rate constant every pulse ends at equilibrium."""


@dataclass(frozen=True, slots=True)
class SquareWave:
    """The potential programme; the staircase goes from `initial_v` to `final_v`.

    Attributes
    ----------
    amplitude_v
        Half of the height from peak to peak.
    """

    initial_v: float = 0.0
    final_v: float = -0.5
    step_v: float = 0.001
    amplitude_v: float = 0.025

    @property
    def direction(self) -> float:
        """1 for a sweep to higher potentials, −1 for one to lower."""
        return float(np.copysign(1.0, self.final_v - self.initial_v))

    @property
    def potentials_v(self) -> FloatArray:
        """Potential of each step, shape (K,), the initial one left out as the instrument does."""
        count = round(abs(self.final_v - self.initial_v) / self.step_v)
        steps = np.arange(1, count + 1) * np.copysign(self.step_v, self.final_v - self.initial_v)
        return np.asarray(np.round(self.initial_v + steps, 9))

    @property
    def pulses_v(self) -> FloatArray:
        """Potential of each half-pulse, shape (2 K,): forward and reverse in turn."""
        height = self.direction * self.amplitude_v
        steps = self.potentials_v
        return np.stack([steps + height, steps - height], axis=1).reshape(-1)


@dataclass(frozen=True, slots=True)
class SurfaceCouple:
    """A couple bound to the electrode, such as the methylene blue of an aptamer.

    Attributes
    ----------
    charge_c
        Charge of the whole layer, nFAΓ.
    rate_hz
        Standard rate constant of the electron transfer, 1/s.
    spread_v
        Standard deviation of the formal potentials within the layer (normal).
    """

    charge_c: float = 4e-8
    formal_potential_v: float = -0.28
    rate_hz: float = 17.0
    electrons: int = 2
    transfer_coefficient: float = 0.5
    spread_v: float = 0.015


def pulse_currents(
    couple: SurfaceCouple, wave: SquareWave, frequency_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Currents of a surface-confined couple at the ends of the half-pulses, cathodic positive.

    The layer starts at equilibrium at the initial potential. A spread of formal potentials is a
    sum over the nodes of Gauss and Hermite.

    Parameters
    ----------
    frequency_hz
        Of the square wave; each step takes one period, each half-pulse half of one.

    Returns
    -------
    forward, reverse
        A, shape (K,) each.

    References
    ----------
    M. Lovrić, Š. Komorsky-Lovrić, J. Electroanal. Chem. 248 (1988) 239,
    doi:10.1016/0022-0728(88)85089-7. J. J. O'Dea, J. G. Osteryoung, Anal. Chem. 65 (1993) 3090,
    doi:10.1021/ac00069a024.
    """
    oxidised, settled, total = _layer(couple, wave, frequency_hz)
    _, shares = populations(couple)
    currents = couple.charge_c * ((total * (oxidised[1:] - settled)) @ shares)
    return currents[0::2], currents[1::2]


def oxidised_share(couple: SurfaceCouple, wave: SquareWave, frequency_hz: float) -> FloatArray:
    """Oxidised share of the layer at the start and after each half-pulse, shape (2 K + 1,)."""
    oxidised, _, _ = _layer(couple, wave, frequency_hz)
    _, shares = populations(couple)
    return np.asarray(oxidised @ shares)


def populations(couple: SurfaceCouple) -> tuple[FloatArray, FloatArray]:
    """Formal potentials of a layer and their shares, V and 1, shape (P,) each."""
    if couple.spread_v == 0:
        return np.array([couple.formal_potential_v]), np.ones(1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_SPREAD_NODES)
    return couple.formal_potential_v + couple.spread_v * nodes, weights / weights.sum()


def _layer(
    couple: SurfaceCouple, wave: SquareWave, frequency_hz: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Oxidised share (2 K + 1, P), and the share it tends to and k_red + k_ox (2 K, P)."""
    formal_v, _ = populations(couple)
    applied = np.concatenate([[wave.initial_v], wave.pulses_v])
    over = couple.electrons * PER_THERMAL_VOLT * (applied[:, np.newaxis] - formal_v)
    alpha = couple.transfer_coefficient
    reducing = couple.rate_hz * np.exp(np.minimum(-alpha * over, _EXPONENT_MAX))
    oxidising = couple.rate_hz * np.exp(np.minimum((1 - alpha) * over, _EXPONENT_MAX))
    total = reducing + oxidising
    settled = oxidising / total
    decay = np.exp(-total / (2 * frequency_hz))
    oxidised = settled.copy()
    for k in range(1, len(applied)):
        oxidised[k] = settled[k] + (oxidised[k - 1] - settled[k]) * decay[k]
    return oxidised, settled[1:], total[1:]
