"""Square waves at a dissolved couple obey the theory of Osteryoung."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from sacmes_core.simulate.constants import FARADAY_C_MOL, PER_THERMAL_VOLT
from sacmes_core.simulate.dissolved import DissolvedCouple, dissolved_pulse_currents
from sacmes_core.simulate.square_wave import SquareWave

FREQUENCY_HZ = 25.0


def dimensionless(
    step_v: float, amplitude_v: float, electrons: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Potentials against E° ascending, forward and reverse currents over the Cottrell current."""
    couple = DissolvedCouple(formal_potential_v=0.0, electrons=electrons)
    wave = SquareWave(0.4, -0.4, step_v, amplitude_v)
    forward, reverse = dissolved_pulse_currents(couple, wave, FREQUENCY_HZ)
    scale = couple.cottrell_a(1 / (2 * FREQUENCY_HZ))
    return wave.potentials_v[::-1], forward[::-1] / scale, reverse[::-1] / scale


def width_v(potentials: np.ndarray, net: np.ndarray) -> float:
    spline = CubicSpline(potentials, net)
    apex, half = potentials[net.argmax()], net.max() / 2
    high = brentq(lambda e: spline(e) - half, apex, 0.3)
    return float(high - brentq(lambda e: spline(e) - half, -0.3, apex))


@pytest.mark.parametrize(
    ("step_mv", "amplitude_mv", "published"),
    [(1, 10, 0.2376), (1, 50, 0.9098), (5, 20, 0.4686), (10, 50, 0.9281), (10, 100, 1.1675)],
)
def test_peak_currents_are_the_published_ones(
    step_mv: float, amplitude_mv: float, published: float
) -> None:
    """Table of ΔΨp in Bard, Faulkner, Electrochemical Methods, 2nd ed., 2001, chapter 7.3.5."""
    _, forward, reverse = dimensionless(step_mv / 1000, amplitude_mv / 1000)
    # The staircase need not stand on the very top of the peak.
    assert np.max(forward - reverse) == pytest.approx(published, rel=0.005)


@pytest.mark.parametrize("electrons", [1, 2])
def test_width_of_a_small_square_wave_is_that_of_the_derivative(electrons: int) -> None:
    """3.53 RT/nF = 90.6/n mV at half height, as step and amplitude tend to 0."""
    potentials, forward, reverse = dimensionless(0.0002, 0.001, electrons)
    exact = 2 * np.log(3 + 2 * np.sqrt(2)) / (electrons * PER_THERMAL_VOLT)
    assert exact * electrons == pytest.approx(0.0906, abs=5e-5)
    assert width_v(potentials, forward - reverse) == pytest.approx(exact, rel=0.02)


def test_width_at_fifty_millivolts() -> None:
    """About 125 mV for one electron at E_sw = 50 mV."""
    potentials, forward, reverse = dimensionless(0.005, 0.05)
    assert width_v(potentials, forward - reverse) == pytest.approx(0.125, abs=0.003)


def test_the_net_peak_stands_at_the_half_wave_potential() -> None:
    potentials, forward, reverse = dimensionless(0.001, 0.025)
    assert potentials[np.argmax(forward - reverse)] == pytest.approx(0.0, abs=0.0015)


def test_far_behind_the_peak_the_current_is_cottrell_s() -> None:
    """With pulses that change nothing any more, n F A c √(D / π t) since the wave."""
    couple = DissolvedCouple(formal_potential_v=0.0)
    wave = SquareWave(0.3, -3.0, 0.01, 0.01)
    forward, reverse = dissolved_pulse_currents(couple, wave, FREQUENCY_HZ)
    seconds = (0.3 + 3.0) / 0.01 / FREQUENCY_HZ - 0.3 / 0.01 / FREQUENCY_HZ
    assert forward[-1] == pytest.approx(couple.cottrell_a(seconds), rel=0.01)
    assert reverse[-1] == pytest.approx(forward[-1], rel=0.01)


def test_current_is_proportional_to_the_root_of_the_frequency_and_to_the_amount() -> None:
    wave = SquareWave()
    couple = DissolvedCouple()
    slow = dissolved_pulse_currents(couple, wave, 10.0)[0]
    assert dissolved_pulse_currents(couple, wave, 40.0)[0] == pytest.approx(2 * slow)
    double = DissolvedCouple(concentration_mol_m3=2 * couple.concentration_mol_m3)
    assert dissolved_pulse_currents(double, wave, 10.0)[0] == pytest.approx(2 * slow)


def test_a_step_over_everything_is_a_cottrell_experiment() -> None:
    couple = DissolvedCouple(formal_potential_v=0.0, electrons=2)
    wave = SquareWave(1.0, -1.0, 2.0, 0.0)
    forward, reverse = dissolved_pulse_currents(couple, wave, FREQUENCY_HZ)
    charge = 2 * FARADAY_C_MOL * couple.area_m2 * couple.concentration_mol_m3
    for current, seconds in ((forward[0], 0.02), (reverse[0], 0.04)):
        expected = charge * np.sqrt(couple.diffusion_m2_s / np.pi / seconds)
        assert current == pytest.approx(expected)
