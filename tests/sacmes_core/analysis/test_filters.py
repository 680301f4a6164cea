"""Smoothing filters as matrices against what they are defined by."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from sacmes_core.analysis.filters import (
    filter_matrix,
    fitting_windows,
    noise_weights,
    smooth_by,
    stiffness,
)

NAMES = ("savitzky-golay", "whittaker", "loess")
NOISE = np.random.default_rng(1).normal(size=(4, 60))


def test_savitzky_golay_is_that_of_scipy() -> None:
    smoothed = smooth_by("savitzky-golay", NOISE, np.array([9, 9, 15, 0]), 2)
    assert smoothed[:2] == pytest.approx(savgol_filter(NOISE[:2], 9, 2, axis=1))
    assert smoothed[2] == pytest.approx(savgol_filter(NOISE[2], 15, 2))
    assert smoothed[3].tolist() == NOISE[3].tolist()


def test_whittaker_minimises_closeness_plus_roughness() -> None:
    (smoothed,) = smooth_by("whittaker", NOISE[:1], np.array([11]), 2)
    differences = np.diff(np.eye(60), n=2, axis=0)
    system = np.eye(60) + stiffness(11) * differences.T @ differences
    assert smoothed == pytest.approx(np.linalg.solve(system, NOISE[0]), rel=1e-8)


@pytest.mark.parametrize("period", [10, 24, 60])
def test_whittaker_leaves_half_of_a_wave_of_its_window(period: int) -> None:
    wave = np.sin(2 * np.pi * np.arange(600) / period)
    (smoothed,) = smooth_by("whittaker", wave[np.newaxis], np.array([period]), 2)
    assert np.abs(smoothed[200:400]).max() == pytest.approx(0.5 * np.abs(wave).max(), rel=0.02)


def test_loess_is_a_weighted_polynomial_at_each_point() -> None:
    (smoothed,) = smooth_by("loess", NOISE[:1], np.array([13]), 2)
    x = np.arange(60.0)
    for at in (0, 3, 30, 59):
        middle = min(max(at, 6), 53)
        weights = np.clip(1 - (np.abs(x - at) / (7 + abs(at - middle))) ** 3, 0, None) ** 1.5
        fitted = np.polynomial.Polynomial.fit(x, NOISE[0], 2, w=weights)
        assert smoothed[at] == pytest.approx(float(fitted(at)), rel=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_a_straight_line_stays(name: str) -> None:
    line = np.linspace(-1.0, 3.0, 60)[np.newaxis]
    assert smooth_by(name, line, np.array([13]), 2) == pytest.approx(line, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_noise_weights_are_those_of_the_smoothed_number(name: str) -> None:
    windows, weights = np.array([7, 7, 11, 0]), np.random.default_rng(2).normal(size=(4, 60))
    smoothed = np.sum(weights * smooth_by(name, NOISE, windows, 2), axis=1)
    raw = np.sum(noise_weights(name, weights, windows, 2) * NOISE, axis=1)
    assert raw == pytest.approx(smoothed, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_has_the_same_digits_alone_and_among_others(name: str) -> None:
    windows = np.array([7, 7, 11, 7])
    together = smooth_by(name, NOISE, windows, 2)
    for k in range(4):
        alone = smooth_by(name, NOISE[k : k + 1], windows[k : k + 1], 2)
        assert alone[0].tolist() == together[k].tolist()


def test_windows_are_odd_and_fit_the_degree_and_the_points() -> None:
    step = np.array([0.001, 0.002, 0.05])
    windows = fitting_windows("savitzky-golay", np.array([0.02, 0.02, 0.02]), step, 40, 3)
    assert windows.tolist() == [21, 11, 5]
    assert fitting_windows("loess", np.array([1.0]), step[:1], 40, 2).tolist() == [39]


def test_matrices_cannot_be_changed_by_who_uses_them() -> None:
    with pytest.raises(ValueError, match="read-only"):
        filter_matrix("loess", 20, 5, 1)[0, 0] = 1.0
