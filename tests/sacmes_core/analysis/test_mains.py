"""Mains in a voltammogram: found where they are, taken off whole, and nothing else with them."""

import numpy as np
import pytest

from sacmes_core.analysis.gridding import binned
from sacmes_core.analysis.mains import mains_a
from sacmes_core.analysis.peaks import FloatArray

X = np.arange(0.0, 0.5001, 0.002)
PEAK = np.exp(-4 * np.log(2) * ((X - 0.25) / 0.06) ** 2)
SMOOTH = PEAK + 0.3 + 0.8 * np.exp(-X / 0.03)
NOISE = 0.02


def noise(seed: int, count: int = 1) -> FloatArray:
    return NOISE * np.random.default_rng(seed).normal(size=(count, len(X)))


def line(cycles_per_point: float, size: float = 0.1, phase: float = 1.0) -> FloatArray:
    return np.asarray(size * np.sin(2 * np.pi * cycles_per_point * np.arange(len(X)) + phase))


@pytest.mark.parametrize("cycles", [0.09, 0.1234, 0.2, 1 / 3, 0.45, 0.4987])
def test_a_line_is_taken_off_to_the_noise_limit(cycles: float) -> None:
    found = mains_a(X, SMOOTH + line(cycles) + noise(1, 40))
    wrong = (found - line(cycles)).std(axis=1)
    # Three unknowns of each scan: amplitude, phase and frequency.
    assert np.sqrt(np.mean(wrong**2)) < 1.3 * NOISE * np.sqrt(3 / len(X))


def test_half_a_cycle_a_point_is_a_line_too() -> None:
    found = mains_a(X, SMOOTH + line(0.5) + noise(2))
    assert np.abs(found - line(0.5)).max() < NOISE


def test_harmonics_are_taken_off_as_well() -> None:
    both = line(0.11) + line(0.33, size=0.05)
    found = mains_a(X, SMOOTH + both + noise(3))
    assert (found - both).std() < 1.5 * NOISE * np.sqrt(6 / len(X))


@pytest.mark.parametrize("colour", ["white", "1/f"])
def test_noise_is_left_alone(colour: str) -> None:
    some = noise(4, 2000)
    if colour == "1/f":
        frequency = np.fft.rfftfreq(len(X))
        frequency[0] = np.inf
        some = np.fft.irfft(np.fft.rfft(some) / np.sqrt(frequency), len(X))
    assert mains_a(X, SMOOTH + some).any(axis=1).mean() < 0.004


def test_smooth_currents_without_noise_are_left_alone() -> None:
    assert not mains_a(X, np.stack([SMOOTH, 0 * X, 1 + X, PEAK])).any()


def test_a_step_is_no_line() -> None:
    assert not mains_a(X, SMOOTH + 0.8 * (X > 0.331) + noise(5, 50)).any()


def test_few_points_are_left_alone() -> None:
    assert not mains_a(X[:30], line(0.3)[np.newaxis, :30]).any()


def test_either_direction_of_sweep_and_current_has_the_same_mains() -> None:
    current = SMOOTH + line(0.2) + noise(6)
    found = mains_a(X, current)
    assert mains_a(X, current[:, ::-1].copy())[:, ::-1] == pytest.approx(found, abs=1e-9)
    assert mains_a(X, -current) == pytest.approx(-found, abs=1e-12)


def test_clean_scans_in_a_batch_keep_their_digits() -> None:
    clean = SMOOTH + noise(7, 5)
    mixed = binned(X, np.concatenate([clean, SMOOTH + line(0.2) + noise(8)]))
    assert (mixed.repaired_a[:5] == clean).all()
    assert mixed.noise_a[5] == pytest.approx(mixed.noise_a[:5].mean(), rel=0.4)


def test_spikes_are_found_among_mains() -> None:
    current = SMOOTH + line(0.31, size=0.2) + noise(9)
    current[0, 40] += 0.3
    scan = binned(X, current)
    assert scan.spikes[0] == 1
    assert scan.repaired_a[0, 40] == pytest.approx(SMOOTH[40], abs=4 * NOISE)
