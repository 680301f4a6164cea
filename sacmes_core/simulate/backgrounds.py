"""Currents without the couple: charging of the double layer, oxygen, and what bends a baseline."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from sacmes_core.simulate.square_wave import FloatArray, SquareWave

REFERENCE_HZ = 15.0
"""Frequency at which a background has the sizes that it names."""


@dataclass(frozen=True, slots=True)
class Background:
    """Difference current of an electrode without the couple.

    All of it grows with frequency as f^`exponent`: ½ for what diffuses and for the charging of a
    rough electrode, 1 for that of an ideal capacitor behind no resistance.

    Attributes
    ----------
    offset_a, slope_a_v, curvature_a_v2
        Charging current: c₀ + c₁ E + c₂ (E − middle of the window)².
    tail_a, tail_v
        Oxygen: height at the most negative potential, and the distance in which it falls to 1/e.
    tail_growth_per_scan
        Relative growth of the tail with each scan, as oxygen leaks in.
    step_a, step_at_v, step_width_v
        A sigmoid towards negative potentials: the wave of an impurity or of oxygen's first step.
    """

    offset_a: float = 1.2e-7
    slope_a_v: float = -8e-8
    curvature_a_v2: float = 0.0
    tail_a: float = 1.5e-7
    tail_v: float = 0.045
    tail_growth_per_scan: float = 0.0
    step_a: float = 0.0
    step_at_v: float = -0.4
    step_width_v: float = 0.02
    exponent: float = 0.5


@dataclass(frozen=True, slots=True)
class DoubleLayer:
    """An ideal capacitor in series with the resistance of the solution."""

    capacitance_f: float = 1e-6
    resistance_ohm: float = 300.0


def background_current(
    background: Background, potential_v: FloatArray, frequency_hz: float, number: int = 1
) -> FloatArray:
    """Difference current of the background, A, shape (K,).

    Parameters
    ----------
    potential_v
        Shape (K,).
    number
        Of the scan, counted from 1.
    """
    lowest, middle = potential_v.min(), (potential_v.min() + potential_v.max()) / 2
    tail_a = background.tail_a * (1 + background.tail_growth_per_scan * (number - 1))
    current = (
        background.offset_a
        + background.slope_a_v * potential_v
        + background.curvature_a_v2 * (potential_v - middle) ** 2
        + tail_a * np.exp(-(potential_v - lowest) / background.tail_v)
        + background.step_a * expit((background.step_at_v - potential_v) / background.step_width_v)
    )
    return np.asarray(current * (frequency_hz / REFERENCE_HZ) ** background.exponent)


def charging_currents(
    layer: DoubleLayer, wave: SquareWave, frequency_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Charging currents of an ideal double layer at the ends of the half-pulses, exact.

    The capacitor's potential relaxes in each half-pulse towards the one applied, with the time
    constant R · C; what is left of the difference at the pulse's end drives the current.

    Returns
    -------
    forward, reverse
        A, cathodic positive, shape (K,) each.
    """
    left = np.exp(-1 / (2 * frequency_hz * layer.resistance_ohm * layer.capacitance_f))
    applied = wave.pulses_v - wave.initial_v
    before = np.zeros(len(applied))
    for k in range(1, len(applied)):
        before[k] = applied[k - 1] + (before[k - 1] - applied[k - 1]) * left
    currents = -(applied - before) / layer.resistance_ohm * left
    return currents[0::2], currents[1::2]
