"""Rate constants from a frequency map: right, with intervals that hold, or none at all."""

import numpy as np
import pytest

from sacmes_core import flags
from sacmes_core.analysis.kinetics.rates import RateFit, fit_rates
from sacmes_core.analysis.kinetics.response import SquareWaveCouple
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.simulate.square_wave import SquareWave, SurfaceCouple, pulse_currents

FREQUENCIES = np.array([5.0, 10, 20, 40, 70, 120, 200, 350, 600, 1000])
COUPLE = SquareWaveCouple(step_v=0.002)


def peaks(*layers: tuple[float, float], frequencies: FloatArray = FREQUENCIES) -> FloatArray:
    """Net peaks of layers (rate, charge) as the simulated instrument shows them."""
    wave = SquareWave(0.05, -0.75, 0.002)
    found = []
    for frequency in frequencies:
        net = np.zeros(len(wave.potentials_v))
        for rate, charge in layers:
            couple = SurfaceCouple(charge_c=charge, rate_hz=rate, spread_v=0.0)
            forward, reverse = pulse_currents(couple, wave, float(frequency))
            net += forward - reverse
        found.append(net.max())
    return np.array(found)


def fitted(peak_a: FloatArray, share: float = 0.01, *, two: bool | None = None) -> RateFit:
    return fit_rates(FREQUENCIES[: len(peak_a)], peak_a, share * np.abs(peak_a), COUPLE, two=two)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_population_without_noise(sign: float) -> None:
    found = fitted(sign * peaks((30.0, 4e-8)))
    assert found.populations == 1
    assert found.rate_hz[0] == pytest.approx(30, rel=2e-3)
    assert found.charge_c[0] == pytest.approx(4e-8, rel=2e-3)
    assert np.isnan(found.rate_hz[1])
    assert found.maximum_hz == pytest.approx(30 / 0.8425, rel=0.02)
    assert found.flags == ()
    assert (sign * found.peak_current_a > 0).all()


def test_two_populations_without_noise_slow_first() -> None:
    found = fitted(peaks((15.0, 2e-8), (150.0, 1e-8)))
    assert found.populations == 2
    np.testing.assert_allclose(found.rate_hz, [15, 150], rtol=0.02)
    np.testing.assert_allclose(found.charge_c, [2e-8, 1e-8], rtol=0.02)
    assert fitted(peaks((15.0, 2e-8), (150.0, 1e-8)), two=False).populations == 1


def test_intervals_hold_and_noise_makes_no_second_population() -> None:
    random = np.random.default_rng(2)
    truth = peaks((30.0, 4e-8))
    found = [fitted(truth * (1 + 0.03 * random.normal(size=len(truth))), 0.03) for _ in range(60)]
    assert np.mean([fit.populations == 1 for fit in found]) > 0.95
    held = [fit.rate_low_hz[0] < 30 < fit.rate_high_hz[0] for fit in found]
    assert np.mean(held) > 0.9
    spread = np.std([fit.rate_hz[0] for fit in found])
    assert np.median([fit.rate_se_hz[0] for fit in found]) < 2 * spread


def test_errors_that_were_too_small_are_widened() -> None:
    random = np.random.default_rng(3)
    truth = peaks((30.0, 4e-8))
    noisy = truth * (1 + 0.1 * random.normal(size=len(truth)))
    trusting, knowing = fitted(noisy, 0.01, two=False), fitted(noisy, 0.1, two=False)
    assert flags.MAP_MISFIT in trusting.flags
    assert trusting.rate_se_hz[0] > 0.5 * knowing.rate_se_hz[0]


def test_a_maximum_outside_the_frequencies_is_said() -> None:
    found = fitted(peaks((3000.0, 4e-8)))
    assert found.rate_hz[0] == pytest.approx(3000, rel=0.01)
    assert flags.MAP_MAXIMUM_OUTSIDE in found.flags


def test_missing_peaks_are_left_out() -> None:
    peak = peaks((30.0, 4e-8))
    peak[[2, 5]] = np.nan
    found = fit_rates(FREQUENCIES, peak, np.full(len(peak), np.nan), COUPLE)
    assert found.rate_hz[0] == pytest.approx(30, rel=2e-3)


@pytest.mark.parametrize(
    "peak",
    [np.full(10, np.nan), np.array([1e-6, 2e-6, 3e-6]), np.zeros(10)],
    ids=["none", "three", "zero"],
)
def test_too_little_gives_no_rate(peak: FloatArray) -> None:
    found = fitted(peak)
    assert found.populations == 0
    assert np.isnan(found.rate_hz).all()
    assert found.flags == (flags.RATE_UNDETERMINED,)


def test_noise_gives_no_rate_or_says_that_it_does_not_fit() -> None:
    random = np.random.default_rng(4)
    for _ in range(20):
        found = fitted(1e-8 * random.normal(size=10), 0.05)
        assert found.populations == 0 or flags.MAP_MISFIT in found.flags
