"""What fits leave: steps, dropouts and second peaks are seen, good scans of any shape are not."""

from typing import Any

import numpy as np
import pytest

from sacmes_core.analysis.gridding import Binned, binned
from sacmes_core.analysis.misfits import Misfits, UprightPeaks, find_misfits
from sacmes_core.analysis.peaks import FloatArray

GRIDS = [0.001, 0.002, 0.004]
SCANS = 40
HEIGHT_A = 3e-7
WIDTH_V = 0.09
PEAK_V = 0.24


def grid(step_v: float) -> FloatArray:
    return np.round(np.arange(0, 0.5 + step_v / 2, step_v), 6)


def gauss(x_v: FloatArray, at_v: float = PEAK_V, width_v: float = WIDTH_V) -> FloatArray:
    return np.asarray(np.exp(-4 * np.log(2) * ((x_v - at_v) / width_v) ** 2))


def good(x_v: FloatArray, snr: float, seed: int = 1) -> FloatArray:
    """Scans in units of the height, shape (SCANS, K), over lines and tails of either end."""
    random = np.random.default_rng(seed)
    size, decay_v = random.uniform(0, 1, (2, SCANS, 1)), random.uniform(0.03, 0.08, (SCANS, 1))
    tails = size[0] * np.exp(-x_v / decay_v) + 0.2 * size[1] * np.exp((x_v - x_v[-1]) / 0.05)
    line = 1 + 0.5 * size[1] * x_v
    return np.asarray(gauss(x_v) + line + tails + random.normal(size=tails.shape) / snr)


def judged(
    x_v: FloatArray, current: FloatArray, sign: float = 1.0, **place: float
) -> tuple[Misfits, Binned]:
    """Misfits of scans whose peak is said to be at a place, by default where it is."""
    scans = binned(x_v, sign * HEIGHT_A * current)
    each = np.ones(len(current))
    peaks = UprightPeaks(
        place.get("potential_v", PEAK_V) * each,
        place.get("width_v", WIDTH_V) * each,
        HEIGHT_A * place.get("height", 1.0) * each,
        sign * each,
    )
    fit = sign * scans.current_a
    return find_misfits(x_v, scans, peaks, fit, scans.noise_a), scans


def share(of: Any) -> float:
    return float(np.mean(of))


@pytest.mark.parametrize("step_v", GRIDS)
@pytest.mark.parametrize("snr", [5, 20, 50, 200])
def test_good_scans_have_no_misfit(step_v: float, snr: float) -> None:
    x_v = grid(step_v)
    found, _ = judged(x_v, good(x_v, snr))
    for raised in (found.is_step, found.is_second, found.is_dropout, found.is_box, found.is_slow):
        assert share(raised) <= 1 / SCANS


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("step_v", GRIDS)
@pytest.mark.parametrize("jump", [0.5, -0.5])
@pytest.mark.parametrize("at_v", [0.07, 0.15, 0.24, 0.36])
def test_step_is_seen_under_the_peak_too(
    step_v: float, jump: float, at_v: float, sign: float
) -> None:
    x_v = grid(step_v)
    found, _ = judged(x_v, good(x_v, 30) + jump * (x_v > at_v), sign)
    assert share(found.is_step) > 0.8
    assert share(found.is_step | found.is_second | found.is_dropout) > 0.97


@pytest.mark.parametrize("step_v", GRIDS)
@pytest.mark.parametrize(("at_v", "width_v"), [(0.09, 0.07), (0.12, 0.08), (0.38, 0.12)])
def test_second_peak_is_seen_on_a_slope(step_v: float, at_v: float, width_v: float) -> None:
    x_v = grid(step_v)
    found, _ = judged(x_v, good(x_v, 30) + 0.5 * gauss(x_v, at_v, width_v))
    assert share(found.is_second) > 0.9


@pytest.mark.parametrize("at_v", [0.05, 0.065, 0.08])
def test_wave_near_the_lower_end_is_no_second_peak(at_v: float) -> None:
    x_v = grid(0.002)
    wave = 0.6 / (1 + np.exp((x_v - at_v) / 0.02))
    found, _ = judged(x_v, good(x_v, 50) + wave)
    assert share(found.is_second) <= 1 / SCANS


@pytest.mark.parametrize("step_v", GRIDS)
@pytest.mark.parametrize("points", [4, 8, 12])
@pytest.mark.parametrize("snr", [20, 200])
def test_points_that_drop_are_seen(step_v: float, points: int, snr: float) -> None:
    x_v = grid(step_v)
    current = good(x_v, snr)
    starts = np.linspace(3, len(x_v) - points - 3, SCANS).astype(int)
    for row, start in enumerate(starts):
        current[row, start : start + points] = 0.0
    found, _ = judged(x_v, current)
    assert share(found.is_dropout) > (0.7 if points * step_v < 0.03 else 0.2)
    assert share(found.is_step | found.is_dropout) > 0.97


@pytest.mark.parametrize("points", [7, 11])
def test_dip_with_vertical_sides_is_no_peak(points: int) -> None:
    x_v = grid(0.004)
    start = 80
    current = good(x_v, 50)
    current[:, start : start + points] = 0.0
    middle_v, width_v = float(x_v[start : start + points].mean()), points * 0.004
    found, _ = judged(x_v, -current, potential_v=middle_v, width_v=width_v, height=1.3)
    assert found.is_box.all()


@pytest.mark.parametrize("step_v", GRIDS)
def test_narrow_peak_is_no_box(step_v: float) -> None:
    x_v = grid(step_v)
    random = np.random.default_rng(5)
    for snr in (5, 50):
        current = gauss(x_v, width_v=0.045) + random.normal(size=(SCANS, len(x_v))) / snr
        found, _ = judged(x_v, current, width_v=0.045)
        assert not found.is_box.any()


def shapes(x_v: FloatArray) -> dict[str, FloatArray]:
    away = (x_v - PEAK_V) / WIDTH_V
    skewed = away * np.where(away > 0, 0.85, 1.18)
    return {
        "skewed": np.exp(-4 * np.log(2) * skewed**2),
        "pointed": 1 / np.cosh(2.634 * away),
        "flat": np.exp(-np.log(2) * np.abs(2 * away) ** 2.6),
        "two populations": 0.6 * gauss(x_v, PEAK_V, 0.075) + 0.4 * gauss(x_v, 0.275, 0.075),
    }


@pytest.mark.parametrize("kind", ["skewed", "pointed", "flat", "two populations"])
@pytest.mark.parametrize("step_v", GRIDS)
@pytest.mark.parametrize("snr", [20, 200])
def test_peak_of_another_shape_is_not_two(kind: str, step_v: float, snr: float) -> None:
    x_v = grid(step_v)
    current = good(x_v, snr) - gauss(x_v) + shapes(x_v)[kind]
    place = {"potential_v": 0.25, "width_v": 0.1} if kind == "two populations" else {}
    found, _ = judged(x_v, current, **place)
    assert share(found.is_second | found.is_step | found.is_dropout) <= 1 / SCANS


def test_noise_that_is_not_white_is_no_dropout() -> None:
    x_v = grid(0.002)
    random = np.random.default_rng(8)
    white = random.normal(size=(400, len(x_v)))
    slow = np.apply_along_axis(np.convolve, 1, white, np.ones(6) / np.sqrt(6), "same")
    found, _ = judged(x_v, gauss(x_v) + 1 + (0.3 * white + slow) / 20)
    assert share(found.is_step | found.is_second | found.is_dropout) < 0.05
    assert np.all(found.slow_noise_a > 2 * 0.3 / 20 / np.sqrt(12) * HEIGHT_A)


def test_coloured_noise_is_that_of_a_point() -> None:
    x_v = grid(0.002)
    white = np.random.default_rng(9).normal(size=(400, len(x_v)))
    slow = np.apply_along_axis(np.convolve, 1, white, np.ones(6) / np.sqrt(6), "same")
    found, scans = judged(x_v, gauss(x_v) + 1 + slow / 20)
    point_a = (scans.current_a - HEIGHT_A * (gauss(scans.x_v) + 1)).std()
    assert share(found.coloured_a > 0) > 0.9
    assert np.median(found.coloured_a) == pytest.approx(point_a, rel=0.2)


def test_noise_that_averages_out_is_not_coloured() -> None:
    x_v = grid(0.002)
    random = np.random.default_rng(9)
    white = random.normal(size=(400, len(x_v)))
    turns = 0.1 * np.arange(len(x_v)) + random.random((400, 1))
    for noise in (white, 0.3 * white + np.sqrt(2) * np.sin(2 * np.pi * turns)):
        found, _ = judged(x_v, gauss(x_v) + 1 + noise / 20)
        assert share(found.coloured_a > 0) < 0.02


def test_single_point_at_the_end_is_no_dropout() -> None:
    x_v = grid(0.001)
    current = good(x_v, 100)
    current[:, -1] += 0.3
    found, _ = judged(x_v, current)
    assert not found.is_dropout.any()


def test_wide_misfit_of_the_fit_is_slow() -> None:
    x_v = grid(0.002)
    scans = binned(x_v, HEIGHT_A * good(x_v, 50))
    each = np.ones(SCANS)
    peaks = UprightPeaks(PEAK_V * each, WIDTH_V * each, HEIGHT_A * each, each)
    fit = scans.current_a - 0.4 * HEIGHT_A * gauss(scans.x_v, 0.4, 0.06)
    assert find_misfits(x_v, scans, peaks, fit, scans.noise_a).is_slow.all()
    assert not find_misfits(x_v, scans, peaks, scans.current_a, scans.noise_a).is_slow.any()


def test_scan_alone_is_judged_as_in_a_batch() -> None:
    x_v = grid(0.002)
    current = good(x_v, 20) + 0.4 * (x_v > 0.3)
    together, _ = judged(x_v, current)
    for row in range(5):
        alone, _ = judged(x_v, current[row : row + 1])
        assert alone.is_step[0] == together.is_step[row]
        assert alone.slow_a[0] == together.slow_a[row]


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_constant_current_is_judged_without_a_word(level: float) -> None:
    x_v = grid(0.004)
    found, _ = judged(x_v, np.full((2, len(x_v)), level), height=0.0)
    assert not (found.is_step | found.is_second | found.is_dropout | found.is_box).any()


@pytest.mark.parametrize("points", [20, 26])
@pytest.mark.parametrize("step_v", [0.004, 0.03])
def test_few_points_are_judged_without_a_word(points: int, step_v: float) -> None:
    x_v = np.linspace(0, (points - 1) * step_v, points)
    middle_v = float(x_v.mean())
    current = gauss(x_v, middle_v, 5 * step_v)[np.newaxis] + 0.5
    for height in (1.0, 0.0, -1.0):
        judged(x_v, current, potential_v=middle_v, width_v=5 * step_v, height=height)
