"""The response of a bound couple against closed forms and against the simulated instrument."""

import numpy as np
import pytest

from sacmes_core.analysis.kinetics.response import (
    CLOSED_FORM_MAXIMUM,
    SquareWaveCouple,
    mixture_peaks,
    response,
)
from sacmes_core.simulate.square_wave import SquareWave, SurfaceCouple, pulse_currents

THERMAL_PER_V = 38.92174


def test_the_closed_form_maximum() -> None:
    u = CLOSED_FORM_MAXIMUM
    assert (u - 1) * np.exp(u) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("electrons", "amplitude_v", "step_v"),
    [(1, 0.025, 0.0005), (2, 0.025, 0.0005), (1, 0.05, 0.0005), (1, 0.01, 0.0002)],
)
def test_the_quasi_reversible_maximum(electrons: int, amplitude_v: float, step_v: float) -> None:
    table = response(SquareWaveCouple(electrons, 0.5, amplitude_v, step_v))
    half = electrons * THERMAL_PER_V * amplitude_v / 2
    u = CLOSED_FORM_MAXIMUM
    assert table.maximum_ratio == pytest.approx(u / np.cosh(half), rel=0.01)
    height = float(table.peaks(np.log(table.maximum_ratio)))
    assert height == pytest.approx(4 * u * np.tanh(half) / (1 + np.exp(u)), rel=0.02)


def test_the_maximum_depends_little_on_the_transfer_coefficient() -> None:
    ratios = [
        response(SquareWaveCouple(1, alpha, 0.025, 0.002)).maximum_ratio
        for alpha in (0.3, 0.5, 0.7)
    ]
    assert max(ratios) / min(ratios) < 1.15


@pytest.mark.parametrize("frequency_hz", [5.0, 40.0, 400.0])
@pytest.mark.parametrize("spread_v", [0.0, 0.015])
def test_it_is_what_the_simulated_instrument_shows(frequency_hz: float, spread_v: float) -> None:
    couple = SurfaceCouple(charge_c=3e-8, rate_hz=17.0, spread_v=spread_v)
    wave = SquareWave(0.1, -0.8, 0.002)
    forward, reverse = pulse_currents(couple, wave, frequency_hz)
    table = response(SquareWaveCouple(2, 0.5, 0.025, 0.002, spread_v))
    found = mixture_peaks(table, np.log([17.0]), np.array([3e-8]), np.log(np.array([frequency_hz])))
    assert found[0] == pytest.approx((forward - reverse).max(), rel=2e-3)


def test_a_mixture_peaks_lower_than_its_parts_together() -> None:
    table = response(SquareWaveCouple(step_v=0.002))
    log_frequency = np.log(np.array([10.0, 100.0, 1000.0]))
    rates, charges = np.log([3.0, 300.0]), np.array([2e-8, 1e-8])
    parts = sum(
        mixture_peaks(table, rates[k : k + 1], charges[k : k + 1], log_frequency) for k in (0, 1)
    )
    together = mixture_peaks(table, rates, charges, log_frequency)
    assert (together < parts).all()
    same = mixture_peaks(table, np.log([30.0, 30.0]), charges, log_frequency)
    alone = mixture_peaks(table, np.log([30.0]), np.array([3e-8]), log_frequency)
    np.testing.assert_allclose(same, alone, rtol=2e-3)
