"""The span method of the desktop program against a slow twin, step by step from the file."""

import math

import numpy as np
import pytest
from scipy.signal import savgol_filter

from sacmes_core import flags
from sacmes_core.analysis.analyzing import analyze, analyze_scan
from sacmes_core.analysis.peaks import FloatArray, Peak
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.peak import FrequencyWindow, PeakSettings

pytestmark = pytest.mark.filterwarnings("ignore:Polyfit may be poorly conditioned")

DESKTOP = PeakSettings(method="sacmes-desktop")
CUTOFF = PeakSettings(
    method="sacmes-desktop",
    windows=(
        FrequencyWindow(up_to_hz=50, potential_min_v=-0.42, potential_max_v=-0.1),
        FrequencyWindow(above_hz=50, potential_min_v=-0.45, potential_max_v=-0.15),
    ),
)
"""The program's two windows, below and above a cutoff of 50 Hz."""


def twin(
    potentials: list[float],
    currents: list[float],
    limits: tuple[float, float],
    sg: tuple[float, int] = (5.0, 1),
) -> tuple[float, float]:
    """Height and area as the program has them; `sg` are the window in mV and the degree."""
    micro = [1e6 * current for current in currents]
    zeros = sum(1 for e in potentials if e == 0)
    if zeros:
        potentials, micro = potentials[:-zeros], micro[:-zeros]
    xend, xstart = limits
    window_mv, degree = sg
    window = len([e for e in potentials if e - min(potentials) <= window_mv / 1000])
    if window <= degree:
        window = degree + 1
    if window % 2 == 0:
        window += 1
    try:
        smoothed = savgol_filter(micro, window, degree)
    except ValueError:
        smoothed = savgol_filter(micro, 15, degree)
    by_potential = dict(zip(potentials, smoothed, strict=True))
    kept = [e for e in potentials if xend <= e <= xstart]
    values = [float(by_potential[e]) for e in kept]
    fitted = [float(v) for v in np.polyval(np.polyfit(kept, values, 15), kept)]
    over = [v - min(values) for v in values]
    area = 0.0
    for k in range(1, len(kept)):
        area += (over[k] + over[k - 1]) / 2 * (kept[k] - kept[k - 1])
    return (max(fitted) - min(fitted)) * 1e-6, area * 1e-6


def voltammogram(seed: int) -> tuple[FloatArray, FloatArray]:
    """A scan with all that the program treats in a way of its own, by chance."""
    random = np.random.default_rng(seed)
    count = int(random.integers(40, 300))
    start, end = random.uniform(-0.6, -0.5), random.choice([0.0, 0.05, -0.02])
    potential = np.round(np.linspace(start, end, count), int(random.integers(3, 6)))
    if random.random() < 0.3:
        again = random.integers(0, count, size=4)
        potential[again] = potential[(again + 1) % count]
    if random.random() < 0.3:
        potential[-int(random.integers(1, 6)) :] = 0.0
    if random.random() < 0.5:
        potential = potential[::-1].copy()
    peak = 1e-6 * np.exp(-(((potential + 0.28) / 0.05) ** 2))
    noise = random.uniform(0.0, 1e-7) * random.normal(size=count)
    return potential, peak * random.choice([1, -1]) - 3e-7 * potential + noise


def scan(potential: FloatArray, current: FloatArray, frequency_hz: float | None = 100.0) -> Scan:
    points = tuple(map(float, potential)), tuple(map(float, current))
    return Scan((Curve(1, "difference", *points),), "swv", "chi", frequency_hz=frequency_hz)


def check(peak: Peak, expected: tuple[float, float]) -> None:
    height, area = expected
    assert peak.peak_current_a == pytest.approx(height, rel=1e-9)
    assert peak.area_av == pytest.approx(area, rel=1e-9)


def test_equals_the_slow_twin_on_the_whole_scan() -> None:
    scans = [voltammogram(seed) for seed in range(60)]
    analyses = analyze([scan(*each) for each in scans], DESKTOP)
    for analysis, (potential, current) in zip(analyses, scans, strict=True):
        everything = (-math.inf, math.inf)
        check(analysis.peaks[0], twin(potential.tolist(), current.tolist(), everything))


@pytest.mark.parametrize(
    ("frequency_hz", "limits"), [(50.0, (-0.42, -0.1)), (50.5, (-0.45, -0.15))]
)
def test_equals_the_slow_twin_in_the_window_of_its_frequency(
    frequency_hz: float, limits: tuple[float, float]
) -> None:
    scans = [voltammogram(seed) for seed in range(60, 100)]
    analyses = analyze([scan(*each, frequency_hz=frequency_hz) for each in scans], CUTOFF)
    for analysis, (potential, current) in zip(analyses, scans, strict=True):
        check(analysis.peaks[0], twin(potential.tolist(), current.tolist(), limits))


@pytest.mark.parametrize(("window_mv", "degree"), [(1.0, 1), (10.0, 2), (20.0, 3), (2000.0, 1)])
def test_equals_the_slow_twin_with_a_window_by_hand(window_mv: float, degree: int) -> None:
    settings = DESKTOP.model_copy(
        update={
            "smoothing": "manual",
            "smoothing_window_v": window_mv / 1000,
            "smoothing_degree": degree,
        }
    )
    for seed in range(100, 120):
        potential, current = voltammogram(seed)
        (peak,) = analyze_scan(scan(potential, current), settings).peaks
        limits = (-math.inf, math.inf)
        check(peak, twin(potential.tolist(), current.tolist(), limits, (window_mv, degree)))


def test_points_outside_of_the_window_are_smoothed_with_but_not_shown() -> None:
    potential, current = voltammogram(3)
    (curves,) = analyze_scan(scan(potential, current), CUTOFF).curves
    assert curves.smoothed_a is not None
    assert curves.baseline_a is not None
    assert (np.diff(curves.potential_v) >= 0).all()
    assert curves.potential_v[0] >= -0.45
    assert curves.potential_v[-1] <= -0.15
    assert np.isfinite(curves.smoothed_a).all()


def test_a_slope_counts_as_a_peak_and_a_constant_does_not() -> None:
    potential = np.linspace(-0.5, -0.1, 101)
    (slope,) = analyze_scan(scan(potential, 1e-6 * potential), DESKTOP).peaks
    assert slope.peak_current_a == pytest.approx(4e-7, rel=1e-6)
    (constant,) = analyze_scan(scan(potential, np.full(101, 2e-7)), DESKTOP).peaks
    assert constant.peak_current_a is None
    assert flags.CONSTANT in constant.flags


@pytest.mark.parametrize("count", [0, 1, 3, 8, 14])
def test_few_points_give_a_flag_or_what_the_program_gives(count: int) -> None:
    potential = np.linspace(-0.5, -0.4995, count)
    current = np.random.default_rng(count).normal(size=count)
    (peak,) = analyze_scan(scan(potential, current), DESKTOP).peaks
    assert peak.peak_current_a is None
    assert peak.flags
