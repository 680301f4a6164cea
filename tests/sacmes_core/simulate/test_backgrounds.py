"""Backgrounds have the shapes and the frequency dependence that they name."""

import numpy as np
import pytest

from sacmes_core.simulate.backgrounds import (
    Background,
    DoubleLayer,
    background_current,
    charging_currents,
)
from sacmes_core.simulate.square_wave import SquareWave

POTENTIALS = SquareWave().potentials_v
NOTHING = Background(offset_a=0.0, slope_a_v=0.0, tail_a=0.0)


def test_background_has_its_size_at_fifteen_hertz_and_grows_with_the_root() -> None:
    flat = Background(offset_a=1e-7, slope_a_v=0.0, tail_a=0.0)
    assert background_current(flat, POTENTIALS, 15.0) == pytest.approx(1e-7)
    assert background_current(flat, POTENTIALS, 60.0) == pytest.approx(2e-7)
    linear = Background(offset_a=1e-7, slope_a_v=0.0, tail_a=0.0, exponent=1.0)
    assert background_current(linear, POTENTIALS, 60.0) == pytest.approx(4e-7)


def test_oxygen_is_at_the_negative_end_and_leaks_in() -> None:
    tail = Background(offset_a=0, slope_a_v=0, tail_a=1e-7, tail_v=0.05, tail_growth_per_scan=0.1)
    current = background_current(tail, POTENTIALS, 15.0)
    assert current[-1] == pytest.approx(1e-7)
    assert current[-51] == pytest.approx(1e-7 / np.e)
    assert background_current(tail, POTENTIALS, 15.0, number=11) == pytest.approx(2 * current)


def test_step_and_curvature() -> None:
    step = Background(offset_a=0, slope_a_v=0, tail_a=0, step_a=1e-7, step_at_v=-0.3)
    current = background_current(step, POTENTIALS, 15.0)
    assert np.interp(0.3, -POTENTIALS, current) == pytest.approx(5e-8)
    assert current[-1] > 0.99e-7
    assert current[0] < 1e-9
    bent = Background(offset_a=0, slope_a_v=0, tail_a=0, curvature_a_v2=1e-6)
    ends = background_current(bent, POTENTIALS, 15.0)[[0, -1]]
    assert ends == pytest.approx(1e-6 * 0.2495**2)
    assert not background_current(NOTHING, POTENTIALS, 15.0).any()


def test_charging_is_that_of_a_resistor_and_a_capacitor() -> None:
    """By small time steps through each half-pulse, C dU/dt = (E − U)/R."""
    layer = DoubleLayer(capacitance_f=1e-6, resistance_ohm=2_000.0)
    wave = SquareWave(0.0, -0.05, 0.01, 0.025)
    frequency_hz, fine = 100.0, 5_000
    held_v, ends = wave.initial_v, []
    for applied_v in wave.pulses_v:
        for _ in range(fine):
            current = (applied_v - held_v) / layer.resistance_ohm
            held_v += current / layer.capacitance_f / (2 * frequency_hz * fine)
        ends.append(-(applied_v - held_v) / layer.resistance_ohm)
    forward, reverse = charging_currents(layer, wave, frequency_hz)
    assert forward == pytest.approx(ends[0::2], rel=0.001)
    assert reverse == pytest.approx(ends[1::2], rel=0.001)
    assert np.all(forward > 0)
    assert np.all(reverse < 0)


def test_a_fast_cell_has_no_charging_current_left() -> None:
    forward, _ = charging_currents(DoubleLayer(1e-6, 100.0), SquareWave(), 15.0)
    assert np.abs(forward).max() < 1e-15
