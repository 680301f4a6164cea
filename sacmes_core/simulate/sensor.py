"""A sensor: a layer of labelled aptamers, or a couple in solution, on one electrode.

A target that binds makes the electron transfer of its aptamer faster or slower. Free and bound
aptamers are two layers whose currents add up. Above the frequency at which both give the same
current the signal rises with the target, below it falls: the difference is what KDM uses
(N. Arroyo-Currás and others, Proc. Natl. Acad. Sci. 114 (2017) 645, doi:10.1073/pnas.1613458114).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from sacmes_core.simulate.acquisition import Faults
from sacmes_core.simulate.backgrounds import (
    Background,
    DoubleLayer,
    background_current,
    charging_currents,
)
from sacmes_core.simulate.dissolved import DissolvedCouple, dissolved_pulse_currents
from sacmes_core.simulate.drift import Drift, potential_shift_v, remaining_signal
from sacmes_core.simulate.isotherm import Addition, Isotherm, bound_share
from sacmes_core.simulate.noise import Noise
from sacmes_core.simulate.square_wave import (
    FloatArray,
    SquareWave,
    SurfaceCouple,
    pulse_currents,
)

_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Sensor:
    """One electrode and what it measures.

    Attributes
    ----------
    couple
        The labels of free aptamers; a dissolved couple binds nothing.
    bound_rate_hz
        Rate constant of the electron transfer with target, 1/s.
    double_layer
        An exact charging current on top of the background; None for none.
    """

    couple: SurfaceCouple | DissolvedCouple = field(default_factory=SurfaceCouple)
    bound_rate_hz: float = 30.0
    isotherm: Isotherm = field(default_factory=Isotherm)
    drift: Drift = field(default_factory=Drift)
    background: Background = field(default_factory=Background)
    double_layer: DoubleLayer | None = None
    noise: Noise = field(default_factory=Noise)
    faults: Faults = field(default_factory=Faults)


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


def currents_without_noise(
    sensor: Sensor,
    wave: SquareWave,
    frequency_hz: float,
    number: int,
    additions: Sequence[Addition] = (),
) -> FloatArray:
    """Forward and reverse currents of a scan, A, cathodic positive, shape (2, K).

    Parameters
    ----------
    number
        Of the scan, counted from 1; drift and binding follow from it.
    additions
        Of target.
    """
    shift_v = potential_shift_v(sensor.drift, number)
    couple = replace(sensor.couple, formal_potential_v=sensor.couple.formal_potential_v + shift_v)
    currents = couple_currents(couple, wave, frequency_hz)
    if isinstance(couple, SurfaceCouple):
        share = bound_share(sensor.isotherm, additions, number)
        bound = couple_currents(replace(couple, rate_hz=sensor.bound_rate_hz), wave, frequency_hz)
        currents = (1 - share) * currents + share * bound
    half = background_current(sensor.background, wave.potentials_v, frequency_hz, number) / 2
    total = currents * remaining_signal(sensor.drift, number) + np.stack([half, -half])
    if sensor.double_layer is not None:
        total = total + np.stack(charging_currents(sensor.double_layer, wave, frequency_hz))
    return np.asarray(total)


@lru_cache(maxsize=_REMEMBERED)
def couple_currents(
    couple: SurfaceCouple | DissolvedCouple, wave: SquareWave, frequency_hz: float
) -> FloatArray:
    """Forward and reverse currents of either couple, shape (2, K), read-only."""
    if isinstance(couple, SurfaceCouple):
        currents = np.stack(pulse_currents(couple, wave, frequency_hz))
    else:
        currents = np.stack(dissolved_pulse_currents(couple, wave, frequency_hz))
    currents.setflags(write=False)
    return currents
