"""Noise has the spectrum and the size that it names, as a square wave samples it."""

import numpy as np
import pytest
from scipy.signal import welch

from sacmes_core.simulate.noise import Noise, flicker, mains_alias, noise_series

SILENT = Noise(white_a=0.0)


def pulses(
    noise: Noise, steps: int, frequency_hz: float, draws: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Noise of forward and reverse currents, as a square wave samples them."""
    series = noise_series(noise, 2 * steps, 2 * frequency_hz, draws)
    return series[0::2], series[1::2]


def random() -> np.random.Generator:
    return np.random.default_rng(5)


def test_white_noise_is_larger_by_root_two_in_the_difference() -> None:
    forward, reverse = pulses(Noise(white_a=3e-9), 20_000, 100.0, random())
    assert forward.std() == pytest.approx(3e-9, rel=0.02)
    assert (forward - reverse).std() == pytest.approx(3e-9 * np.sqrt(2), rel=0.02)


def test_flicker_has_the_density_one_over_f() -> None:
    series = flicker(1 << 17, 400.0, random())
    frequencies, density = welch(series, 400.0, nperseg=1 << 12)
    band = (frequencies > 1) & (frequencies < 100)
    slope, level = np.polyfit(np.log10(frequencies[band]), np.log10(density[band]), 1)
    assert slope == pytest.approx(-1.0, abs=0.03)
    assert 10**level == pytest.approx(1.0, rel=0.1)


def test_the_difference_cancels_slow_noise() -> None:
    noise = Noise(white_a=0.0, flicker_a=1e-9)
    forward, reverse = pulses(noise, 4_000, 50.0, random())
    assert (forward - reverse).std() < 0.8 * forward.std()


@pytest.mark.parametrize("frequency_hz", [8.0, 14.0, 40.0, 60.0, 150.0, 300.0])
@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_mains_stand_at_the_aliased_place(frequency_hz: float, mains_hz: float) -> None:
    noise = Noise(white_a=0.0, mains_a=1e-8, mains_hz=mains_hz)
    steps = 8_400
    forward, reverse = pulses(noise, steps, frequency_hz, random())
    spectrum = np.abs(np.fft.rfft(forward - reverse)) / steps
    cycles, gain = mains_alias(mains_hz, frequency_hz)
    line = spectrum.argmax()
    assert line / steps == pytest.approx(cycles, abs=1 / steps)
    height = spectrum[line] * (1 if line in (0, steps // 2) else 2)
    if 0 < line < steps // 2:
        assert height == pytest.approx(1e-8 * gain, rel=0.02)
    else:
        # At 0 and at half the rate the phase decides how much of it is seen.
        assert height <= 1e-8 * gain * 1.001


def test_mains_at_twice_the_frequency_vanish() -> None:
    noise = Noise(white_a=0.0, mains_a=1e-8, mains_hz=50.0)
    forward, reverse = pulses(noise, 200, 25.0, random())
    assert np.abs(forward - reverse).max() < 1e-20
    assert mains_alias(50.0, 25.0) == pytest.approx((0.0, 0.0), abs=1e-12)
    assert mains_alias(50.0, 50.0) == (0.0, 2.0)


def test_mains_have_another_phase_in_each_scan() -> None:
    noise = Noise(white_a=0.0, mains_a=1e-8)
    draws = random()
    first = noise_series(noise, 100, 30.0, draws)
    assert not np.allclose(first, noise_series(noise, 100, 30.0, draws))


def test_spikes_are_as_many_and_as_large_as_asked() -> None:
    noise = Noise(white_a=0.0, spike_share=0.02, spike_a=1e-7)
    spikes = noise_series(noise, 100_000, 100.0, random())
    sizes = np.abs(spikes[spikes != 0])
    assert len(sizes) / spikes.size == pytest.approx(0.02, rel=0.1)
    assert sizes.mean() == pytest.approx(1e-7, rel=0.1)


def test_silence() -> None:
    assert not noise_series(SILENT, 10, 30.0, random()).any()
