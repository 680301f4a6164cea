"""The currents of a sensor without noise: square wave, cyclic sweep, potential step.

Free and bound aptamers are two layers whose currents add up.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from sacmes_core.errors import AnalysisError
from sacmes_core.simulate import cyclic
from sacmes_core.simulate.backgrounds import DoubleLayer, background_current, charging_currents
from sacmes_core.simulate.chronoamperometry import (
    BoundCouple,
    Cell,
    PotentialStep,
    chronoamperogram,
    lifetime_s,
)
from sacmes_core.simulate.dissolved import dissolved_pulse_currents
from sacmes_core.simulate.sensor import Couple, Sensor, SensorState
from sacmes_core.simulate.square_wave import (
    FloatArray,
    SquareWave,
    SurfaceCouple,
    populations,
    pulse_currents,
)

_REMEMBERED = 256
_SWEPT_LAYER = DoubleLayer(capacitance_f=5e-7)
"""A sweep without a charging current would look like nothing that was ever measured."""


def square_wave_currents(
    sensor: Sensor, state: SensorState, wave: SquareWave, frequency_hz: float, number: int = 1
) -> FloatArray:
    """Forward and reverse currents at the ends of the half-pulses, A, shape (2, K).

    Cathodic currents are positive, as CH Instruments show them.

    Parameters
    ----------
    number
        Of the scan, for backgrounds that grow.
    """
    couple = _both_layers(sensor, state, lambda c: _pulses(c, wave, frequency_hz))
    background = background_current(sensor.background, wave.potentials_v, frequency_hz, number)
    # What a pulse down adds to the reduction, a pulse up takes from it.
    half = -wave.direction * background / 2
    currents = couple * state.remaining + np.stack([half, -half])
    if sensor.double_layer is not None:
        currents = currents + np.stack(charging_currents(sensor.double_layer, wave, frequency_hz))
    return np.asarray(currents)


def sweep_currents(sensor: Sensor, state: SensorState, sweep: cyclic.TriangularSweep) -> FloatArray:
    """Currents of a cyclic sweep, A, shape (K,); oxidation is positive, as IUPAC has it."""
    couple = _both_layers(sensor, state, lambda c: _swept(c, sweep))
    layer = sensor.double_layer or _SWEPT_LAYER
    cell = cyclic.Instrument(
        capacitance_f=layer.capacitance_f,
        charging_s=layer.capacitance_f * layer.resistance_ohm,
    )
    nothing = np.random.default_rng(0)
    return cell.measure(sweep, couple * state.remaining, nothing)


def step_currents(sensor: Sensor, state: SensorState, step: PotentialStep) -> FloatArray:
    """Currents after a potential step, A, shape (K,); oxidation is positive, as IUPAC has it.

    The layer is at equilibrium before, and so far from it after that all of it reacts.

    Raises
    ------
    AnalysisError
        If the couple is dissolved: it has no lifetime.
    """
    if not isinstance(state.couple, SurfaceCouple):
        raise AnalysisError("A dissolved couple has no lifetime; simulate a bound one.")
    layer = sensor.double_layer or _SWEPT_LAYER
    way = np.sign(step.final_v - step.initial_v)
    couples = []
    for rate_hz, layer_share in (
        (state.couple.rate_hz, 1 - state.bound),
        (sensor.bound_rate_hz, state.bound),
    ):
        for formal_v, share in zip(*populations(state.couple), strict=True):
            charge_c = way * state.couple.charge_c * state.remaining * layer_share * float(share)
            lifetime = lifetime_s(
                rate_hz,
                step.final_v - float(formal_v),
                electrons=state.couple.electrons,
                transfer_coefficient=state.couple.transfer_coefficient,
            )
            couples.append(BoundCouple(float(charge_c), lifetime))
    cell = Cell(resistance_ohm=layer.resistance_ohm, capacitance_f=layer.capacitance_f)
    return chronoamperogram(step, tuple(couples), cell, np.random.default_rng(0)).current_a


def _both_layers(
    sensor: Sensor, state: SensorState, currents: Callable[[Couple], FloatArray]
) -> FloatArray:
    """Currents of free and bound labels by their shares; a dissolved couple has no such layers."""
    free = currents(state.couple)
    if not isinstance(state.couple, SurfaceCouple) or state.bound == 0:
        return free
    bound = currents(replace(state.couple, rate_hz=sensor.bound_rate_hz))
    return np.asarray((1 - state.bound) * free + state.bound * bound)


@lru_cache(maxsize=_REMEMBERED)
def _pulses(couple: Couple, wave: SquareWave, frequency_hz: float) -> FloatArray:
    """Forward and reverse currents of either couple, shape (2, K), read-only."""
    if isinstance(couple, SurfaceCouple):
        currents = np.stack(pulse_currents(couple, wave, frequency_hz))
    else:
        currents = np.stack(dissolved_pulse_currents(couple, wave, frequency_hz))
    currents.setflags(write=False)
    return currents


@lru_cache(maxsize=_REMEMBERED)
def _swept(couple: Couple, sweep: cyclic.TriangularSweep) -> FloatArray:
    """Current of either couple in a sweep, shape (K,), read-only."""
    if isinstance(couple, SurfaceCouple):
        swept: cyclic.SurfaceCouple | cyclic.DiffusingCouple = cyclic.SurfaceCouple(
            charge_c=couple.charge_c,
            formal_potential_v=couple.formal_potential_v,
            electrons=couple.electrons,
            rate_hz=couple.rate_hz,
            transfer_coefficient=couple.transfer_coefficient,
            spread_v=couple.spread_v,
        )
    else:
        swept = cyclic.DiffusingCouple(
            concentration_mol_m3=couple.concentration_mol_m3,
            area_m2=couple.area_m2,
            oxidised_diffusion_m2_s=couple.diffusion_m2_s,
            reduced_diffusion_m2_s=couple.diffusion_m2_s,
            formal_potential_v=couple.formal_potential_v,
            electrons=couple.electrons,
        )
    current = swept.current_a(sweep)
    current.setflags(write=False)
    return current
