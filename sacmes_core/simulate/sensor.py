"""A sensor: a layer of labelled aptamers, or a couple in solution, on one electrode.

A target that binds makes the electron transfer of its aptamer faster or slower. Above the frequency
at which free and bound aptamers give the same current the signal rises with the target, below it
falls: the difference is what KDM uses (B. S. Ferguson and others, Sci. Transl. Med. 5 (2013)
213ra165, doi:10.1126/scitranslmed.3007095).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sacmes_core.simulate.acquisition import Faults
from sacmes_core.simulate.backgrounds import Background, DoubleLayer
from sacmes_core.simulate.dissolved import DissolvedCouple
from sacmes_core.simulate.drift import Drift, potential_shift_v, remaining_signal
from sacmes_core.simulate.isotherm import Addition, Isotherm, bound_share
from sacmes_core.simulate.noise import Noise
from sacmes_core.simulate.square_wave import SurfaceCouple

Couple = SurfaceCouple | DissolvedCouple


@dataclass(frozen=True, slots=True)
class Sensor:
    """One electrode and what it measures.

    Attributes
    ----------
    couple
        The labels of free aptamers; a dissolved couple binds nothing.
    bound_rate_hz
        Rate constant of the electron transfer with target, 1/s.
    background
        Of square waves, as measured; a double layer is charged on top of it.
    double_layer
        None for none under a square wave.
    """

    couple: Couple = field(default_factory=SurfaceCouple)
    bound_rate_hz: float = 30.0
    isotherm: Isotherm = field(default_factory=Isotherm)
    drift: Drift = field(default_factory=Drift)
    background: Background = field(default_factory=Background)
    double_layer: DoubleLayer | None = None
    noise: Noise = field(default_factory=Noise)
    faults: Faults = field(default_factory=Faults)


@dataclass(frozen=True, slots=True)
class SensorState:
    """What has become of a sensor at a scan.

    Attributes
    ----------
    couple
        At its formal potential of now.
    bound, remaining
        Shares: of the layer with target, and of the signal that drift has left.
    """

    couple: Couple
    bound: float
    remaining: float


def individual(sensor: Sensor, random: np.random.Generator) -> Sensor:
    """The sensor with an electrode's own size, potential and rates."""
    size, shift, speed = (float(draw) for draw in random.normal(size=3))
    scale, rate = float(np.exp(0.15 * size)), float(np.exp(0.08 * speed))
    formal_v = sensor.couple.formal_potential_v + 0.003 * shift
    couple = sensor.couple
    if isinstance(couple, SurfaceCouple):
        couple = replace(
            couple,
            charge_c=couple.charge_c * scale,
            formal_potential_v=formal_v,
            rate_hz=couple.rate_hz * rate,
        )
    else:
        couple = replace(couple, area_m2=couple.area_m2 * scale, formal_potential_v=formal_v)
    below = sensor.background
    return replace(
        sensor,
        couple=couple,
        bound_rate_hz=sensor.bound_rate_hz * rate,
        background=replace(
            below,
            offset_a=below.offset_a * scale,
            slope_a_v=below.slope_a_v * scale,
            curvature_a_v2=below.curvature_a_v2 * scale,
            tail_a=below.tail_a * scale,
            step_a=below.step_a * scale,
        ),
    )


def state_at(sensor: Sensor, additions: Sequence[Addition], number: int) -> SensorState:
    """The state of a sensor at a scan.

    Parameters
    ----------
    number
        Of the scan, counted from 1.
    """
    shift_v = potential_shift_v(sensor.drift, number)
    formal_v = sensor.couple.formal_potential_v + shift_v
    return SensorState(
        couple=replace(sensor.couple, formal_potential_v=formal_v),
        bound=bound_share(sensor.isotherm, additions, number),
        remaining=remaining_signal(sensor.drift, number),
    )
