"""Square waves at a surface-confined couple obey the textbook.

M. Lovrić, Š. Komorsky-Lovrić, J. Electroanal. Chem. 248 (1988) 239; V. Mirčeski, Š. Komorsky-
Lovrić, M. Lovrić, Square-Wave Voltammetry, Springer 2007, chapter 2.5.
"""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.special import expit, lambertw

from sacmes_core.simulate.constants import PER_THERMAL_VOLT
from sacmes_core.simulate.square_wave import (
    SquareWave,
    SurfaceCouple,
    oxidised_share,
    pulse_currents,
)

SINGLE = SurfaceCouple(charge_c=1e-8, formal_potential_v=0.0, electrons=1, spread_v=0.0)
SMALL_AMPLITUDE_MAXIMUM = 1 + float(np.real(lambertw(1 / np.e)))


def couple(electrons: int = 1, rate_hz: float = 17.0, alpha: float = 0.5) -> SurfaceCouple:
    return SurfaceCouple(1e-8, 0.0, rate_hz, electrons, alpha, 0.0)


def net_current(
    layer: SurfaceCouple, wave: SquareWave, frequency_hz: float
) -> tuple[np.ndarray, np.ndarray]:
    """Potentials ascending, and difference currents."""
    forward, reverse = pulse_currents(layer, wave, frequency_hz)
    return wave.potentials_v[::-1], (forward - reverse)[::-1]


def integrated(layer: SurfaceCouple, wave: SquareWave, frequency_hz: float) -> np.ndarray:
    """Difference currents by small time steps through every pulse (Euler, independent of exp)."""
    factor = layer.electrons * PER_THERMAL_VOLT
    direction = np.sign(wave.final_v - wave.initial_v)
    steps, differences = 4000, []
    oxidised = 1 / (1 + np.exp(-factor * (wave.initial_v - layer.formal_potential_v)))
    dt = 1 / (2 * frequency_hz) / steps
    for potential in wave.potentials_v:
        ends = []
        for pulse in (direction, -direction):
            over = factor * (potential + pulse * wave.amplitude_v - layer.formal_potential_v)
            red = layer.rate_hz * np.exp(-layer.transfer_coefficient * over)
            ox = layer.rate_hz * np.exp((1 - layer.transfer_coefficient) * over)
            for _ in range(steps):
                oxidised -= (red * oxidised - ox * (1 - oxidised)) * dt
            ends.append(layer.charge_c * (red * oxidised - ox * (1 - oxidised)))
        differences.append(ends[0] - ends[1])
    return np.array(differences)


def test_pulses_equal_a_numerical_integration() -> None:
    layer = SurfaceCouple(spread_v=0.0)
    wave = SquareWave(initial_v=-0.2, final_v=-0.36, step_v=0.01)
    forward, reverse = pulse_currents(layer, wave, 60.0)
    expected = integrated(layer, wave, 60.0)
    assert forward - reverse == pytest.approx(expected, abs=expected.max() * 2e-4)


def test_the_whole_layer_is_reduced_once() -> None:
    """The charge of all pulses is nFAΓ, whatever the rate: what they take, they leave."""
    wave = SquareWave(0.5, -0.5, 0.002, 0.025)
    for rate_hz in (5.0, 50.0, 5000.0):
        shares = oxidised_share(couple(rate_hz=rate_hz), wave, 30.0)
        assert shares[0] - shares[-1] == pytest.approx(1.0, abs=2e-5)
        assert np.all((shares >= 0) & (shares <= 1))


@pytest.mark.parametrize("alpha", [0.3, 0.5, 0.6])
def test_a_layer_at_rest_obeys_nernst(alpha: float) -> None:
    for potential_v in (-0.05, 0.0, 0.03):
        wave = SquareWave(potential_v, potential_v + 0.001, 0.001, 0.0)
        shares = oxidised_share(couple(2, 50.0, alpha), wave, 0.1)
        at_v = potential_v + np.array([0, 0.001, 0.001])
        expected = 1 / (1 + np.exp(-2 * PER_THERMAL_VOLT * at_v))
        assert shares == pytest.approx(expected, rel=1e-6)


def test_currents_pass_the_charge_that_the_layer_loses() -> None:
    """Slow pulses halved ever finer: the charge under the currents is that of the shares."""
    layer = couple(rate_hz=20.0)
    wave = SquareWave(0.02, -0.02, 0.02, 0.03)
    shares = oxidised_share(layer, wave, 10.0)
    over = PER_THERMAL_VOLT * wave.pulses_v[0]
    total = layer.rate_hz * 2 * np.cosh(over / 2)
    settled = 1 / (1 + np.exp(-over))
    times = np.linspace(0, 1 / 20, 20_001)
    currents = layer.charge_c * total * (shares[0] - settled) * np.exp(-total * times)
    passed = np.trapezoid(currents, times)
    assert passed == pytest.approx(layer.charge_c * (shares[0] - shares[1]), rel=1e-6)
    assert currents[-1] == pytest.approx(pulse_currents(layer, wave, 10.0)[0][0], rel=1e-9)


def test_either_direction_gives_the_same_peak() -> None:
    layer = SurfaceCouple()
    there = pulse_currents(layer, SquareWave(), 15.0)
    back = pulse_currents(layer, SquareWave(initial_v=-0.5, final_v=0.0), 15.0)
    assert np.ptp(there[0] - there[1]) == pytest.approx(np.ptp(back[1] - back[0]), rel=0.02)


@pytest.mark.parametrize("kappa", [0.05, 1.0, 3.0])
@pytest.mark.parametrize("electrons", [1, 2])
def test_small_square_waves_have_a_closed_form(electrons: int, kappa: float) -> None:
    """At small amplitudes the net current is 2 Q k p E_sw sech(φ/2) / (1 + exp(κ cosh(φ/2))).

    p = nF/RT, φ = p (E − E°), κ = k/f, α = ½: the linear response of the layer at equilibrium.
    """
    frequency_hz, amplitude_v = 50.0, 0.001
    wave = SquareWave(0.4, -0.4, 0.00005, amplitude_v)
    layer = couple(electrons, rate_hz=kappa * frequency_hz)
    potentials, net = net_current(layer, wave, frequency_hz)
    per_v = electrons * PER_THERMAL_VOLT
    size = 2 * layer.charge_c * layer.rate_hz * per_v * amplitude_v
    half = per_v * potentials / 2
    expected = size / np.cosh(half) * expit(-kappa * np.cosh(half))
    assert net == pytest.approx(expected, abs=0.02 * expected.max())


def test_a_symmetric_reversible_peak_stands_at_the_formal_potential() -> None:
    wave = SquareWave(0.3, -0.3, 0.001, 0.025)
    potentials, net = net_current(couple(rate_hz=100.0), wave, 100.0)
    assert potentials[net.argmax()] == pytest.approx(0.0, abs=0.001)


@pytest.mark.parametrize(("alpha", "sign"), [(0.3, -1), (0.7, 1)])
def test_a_slow_couple_peaks_beside_it_by_its_transfer_coefficient(alpha: float, sign: int) -> None:
    """Ep − E° of a slow reduction is −(RT/αnF) ln(f/k) + const: nearer for a larger α."""
    wave = SquareWave(0.3, -0.8, 0.001, 0.025)

    def peak_v(a: float) -> float:
        potentials, net = net_current(couple(rate_hz=0.05, alpha=a), wave, 100.0)
        return float(potentials[net.argmax()])

    assert np.sign(peak_v(alpha) - peak_v(0.5)) == sign


def test_a_decade_of_frequency_moves_an_irreversible_peak_by_its_slope() -> None:
    """59 mV / (α n) for each decade of f."""
    wave = SquareWave(0.2, -1.0, 0.001, 0.025)
    peaks = []
    for frequency_hz in (50.0, 500.0):
        potentials, net = net_current(couple(rate_hz=1e-3), wave, frequency_hz)
        peaks.append(potentials[net.argmax()])
    assert peaks[0] - peaks[1] == pytest.approx(np.log(10) / (0.5 * PER_THERMAL_VOLT), abs=0.002)


def quasireversible_maximum(amplitude_v: float, electrons: int = 1) -> float:
    """k/f at which the net peak over the frequency is largest."""
    wave = SquareWave(0.2, -0.1, 0.0002, amplitude_v)
    kappas = np.linspace(0.6, 1.5, 19)
    heights = [
        net_current(couple(electrons, rate_hz=kappa * 100.0), wave, 100.0)[1].max()
        for kappa in kappas
    ]
    spline = CubicSpline(kappas, heights)
    fine = np.linspace(kappas[0], kappas[-1], 20_001)
    return float(fine[spline(fine).argmax()])


@pytest.mark.parametrize(
    ("amplitude_v", "electrons"), [(0.005, 1), (0.025, 1), (0.025, 2), (0.05, 1)]
)
def test_quasireversible_maximum(amplitude_v: float, electrons: int) -> None:
    """κ · cosh(nF E_sw / 2RT) = 1 + W(1/e) = 1.278: exact at the formal potential, α = ½."""
    half = electrons * PER_THERMAL_VOLT * amplitude_v / 2
    expected = SMALL_AMPLITUDE_MAXIMUM / np.cosh(half)
    assert quasireversible_maximum(amplitude_v, electrons) == pytest.approx(expected, rel=0.01)


def count_maxima(layer: SurfaceCouple, wave: SquareWave, frequency_hz: float) -> int:
    _, net = net_current(layer, wave, frequency_hz)
    inner = net[1:-1]
    return int(np.sum((inner > net[:-2]) & (inner >= net[2:]) & (inner > 0.05 * net.max())))


@pytest.mark.parametrize(
    ("rate_hz", "amplitude_v", "maxima"), [(20, 0.05, 1), (400, 0.05, 2), (400, 0.01, 1)]
)
def test_a_fast_couple_splits_at_a_large_amplitude(
    rate_hz: float, amplitude_v: float, maxima: int
) -> None:
    wave = SquareWave(0.4, -0.4, 0.002, amplitude_v)
    assert count_maxima(couple(rate_hz=rate_hz), wave, 100.0) == maxima


def test_split_peaks_stand_symmetrically_about_the_formal_potential() -> None:
    wave = SquareWave(0.4, -0.4, 0.001, 0.05)
    potentials, net = net_current(couple(rate_hz=800.0), wave, 100.0)
    upper, lower = potentials > 0, potentials < 0
    high = potentials[upper][net[upper].argmax()]
    low = potentials[lower][net[lower].argmax()]
    assert high + low == pytest.approx(0.0, abs=0.003)
    assert high - low > 0.05


def test_a_spread_of_formal_potentials_widens_the_peak_and_keeps_its_area() -> None:
    wave = SquareWave(0.5, -0.5, 0.001, 0.025)
    potentials, sharp = net_current(couple(2, 100.0), wave, 100.0)
    _, wide = net_current(SurfaceCouple(1e-8, 0.0, 100.0, 2, 0.5, 0.03), wave, 100.0)
    assert wide.max() < 0.85 * sharp.max()
    assert np.trapezoid(wide, potentials) == pytest.approx(
        np.trapezoid(sharp, potentials), rel=1e-6
    )


@pytest.mark.parametrize("make", [lambda: SquareWave(final_v=-0.3), lambda: SquareWave()])
def test_steps_begin_behind_the_initial_potential(make: Callable[[], SquareWave]) -> None:
    wave = make()
    assert wave.potentials_v[0] == pytest.approx(wave.initial_v - wave.step_v)
    assert wave.potentials_v[-1] == pytest.approx(wave.final_v)
