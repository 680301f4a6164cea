"""The hull method against a slow twin that follows the description step by step."""

import math
from dataclasses import fields
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from sacmes_core import flags
from sacmes_core.analysis.analyzing import analyze, analyze_scan
from sacmes_core.analysis.peaks import FloatArray, Peak
from sacmes_core.analysis.sacmes_web import sacmes_web
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.peak import PeakSettings

NUMBERS = [f.name for f in fields(Peak) if f.name not in ("electrode", "flags")]


def twin_hampel(currents: list[float], window: int, threshold: float) -> list[float]:
    half = window // 2
    cleaned = []
    for i, value in enumerate(currents):
        near = currents[max(0, i - half) : i + half + 1]
        middle = float(np.median(near))
        sigma = float(np.median([abs(v - middle) for v in near])) / 0.6745 or 1e-10
        cleaned.append(middle if abs(value - middle) > threshold * sigma else value)
    return cleaned


def twin_width(potentials: list[float], currents: list[float]) -> float | None:
    peak = currents.index(max(currents))
    half = currents[peak] / 2
    left = next((k for k in range(peak - 1, -1, -1) if currents[k] <= half), None)
    right = next((k for k in range(peak + 1, len(currents)) if currents[k] <= half), None)
    return None if left is None or right is None else abs(potentials[right] - potentials[left])


def twin_window(width: float | None, step: float, count: int, parts: int, share: float) -> int:
    n = max(3, int(share * count)) if width is None else max(3, math.floor(width / (parts * step)))
    return n + 1 if n % 2 == 0 else n


def twin_lower_hull(points: list[tuple[float, float]]) -> list[int]:
    hull: list[int] = []
    for k, (x, y) in enumerate(points):
        while len(hull) >= 2:
            (x1, y1), (x2, y2) = points[hull[-2]], points[hull[-1]]
            if (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) > 0:
                break
            hull.pop()
        hull.append(k)
    return hull


def repaired(window: int, degree: int, count: int) -> int:
    window += window % 2 == 0
    if window <= degree:
        window = degree + 2 + (degree % 2 != 1)
    window = max(window, 3, degree + 1)
    return window if window <= count else count - (count % 2 == 0)


def twin(
    potentials: list[float],
    currents: list[float],
    options: PeakSettings,
    limits: tuple[float, float] = (-math.inf, math.inf),
) -> dict[str, float]:
    """Height, potential and area as the description of the web port has them, point by point."""
    order = sorted(range(len(potentials)), key=lambda k: potentials[k])
    kept = [k for k in order if limits[0] <= potentials[k] <= limits[1]]
    potentials, currents = [potentials[k] for k in kept], [currents[k] for k in kept]
    count = len(potentials)
    width = twin_width(potentials, currents)
    step = (potentials[-1] - potentials[0]) / count
    if options.spike_filter == "auto":
        window = min(twin_window(width, step, count, 10, 0.1), count // 3)
        currents = twin_hampel(currents, window + (window % 2 == 0), 3.0)
    elif options.spike_filter == "manual":
        window = options.spike_window_points
        currents = twin_hampel(currents, window + (window % 2 == 0), options.spike_threshold_sigmas)
    smoothed = list(currents)
    if options.smoothing != "off":
        if options.smoothing == "auto":
            window, degree = min(twin_window(width, step, count, 3, 0.2), count // 2), 2
        else:
            window, degree = options.smoothing_window_points, options.smoothing_degree
        window = repaired(window, degree, count)
        if window <= degree:
            return {}
        smoothed = [float(v) for v in savgol_filter(currents, window, degree)]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.gradient(smoothed, potentials)
    maxima = [i for i in range(1, count) if slope[i - 1] > 0 and slope[i] <= 0]
    minima = [i for i in range(1, count) if slope[i - 1] < 0 and slope[i] >= 0]
    if not maxima and not minima:
        return {}
    top = max((smoothed[i] for i in maxima), default=None)
    bottom = min((smoothed[i] for i in minima), default=None)
    up = bottom is None or (top is not None and abs(top) >= abs(bottom))
    peak = (
        next(i for i in maxima if smoothed[i] == top)
        if up
        else next(i for i in minima if smoothed[i] == bottom)
    )
    sign = 1 if up else -1
    points = [(e, sign * i) for e, i in zip(potentials, smoothed, strict=True)]
    hull = twin_lower_hull(points)
    edges = [(a, b) for a, b in pairwise(hull) if a <= peak < b]
    left, right = edges[0] if edges else (hull[0], hull[-1])
    slope_line = (smoothed[right] - smoothed[left]) / (potentials[right] - potentials[left])
    line = smoothed[left] + slope_line * (potentials[peak] - potentials[left])
    degree = 15 if count > 15 else max(1, count - 1)
    fitted = np.polyval(np.polyfit(potentials, smoothed, degree), potentials)
    gaps = [abs(s - b) for s, b in zip(smoothed, fitted, strict=True)]
    area = sum(
        (gaps[k] + gaps[k + 1]) / 2 * (potentials[k + 1] - potentials[k]) for k in range(count - 1)
    )
    height = smoothed[peak] - line
    if abs(height) <= 1e-12 * (max(smoothed) - min(smoothed)):
        return {}
    return {"height": height, "potential": potentials[peak], "area": area}


def voltammogram(
    seed: int = 0,
    *,
    height: float = 1e-6,
    noise: float = 0.02,
    offset: float = 2e-7,
    count: int = 101,
    at: float = -0.28,
) -> tuple[FloatArray, FloatArray]:
    random = np.random.default_rng(seed)
    potential = np.linspace(-0.5, 0.0, count)
    current = (
        height * np.exp(-(((potential - at) / 0.04) ** 2))
        + offset
        - 3e-7 * potential
        + noise * abs(height) * random.normal(size=count)
    )
    return potential, current


SETTINGS = [
    PeakSettings(),
    PeakSettings(smoothing="off"),
    PeakSettings(smoothing="manual", smoothing_window_points=9, smoothing_degree=3),
    PeakSettings(smoothing="manual", smoothing_window_points=4, smoothing_degree=4),
    PeakSettings(smoothing="manual", smoothing_window_points=25, smoothing_degree=9),
    PeakSettings(spike_filter="auto"),
    PeakSettings(spike_filter="manual", spike_window_points=7, spike_threshold_sigmas=2.5),
]


def any_scan(seed: int) -> tuple[FloatArray, FloatArray]:
    """A scan with all that the web port treats in a way of its own, by chance."""
    random = np.random.default_rng(seed)
    count = int(random.choice([random.integers(6, 16), random.integers(20, 60), 101, 250]))
    height = random.choice([1e-6, -1e-6, 1e-8])
    potential, current = voltammogram(
        seed,
        height=float(height),
        noise=float(random.choice([0.0, 0.02, 0.3])),
        offset=float(random.uniform(-1e-6, 1e-6)),
        count=count,
        at=float(random.uniform(-0.45, -0.05)),
    )
    if random.random() < 0.3:
        again = random.integers(0, count, size=2)
        potential[again] = potential[(again + 1) % count]
    if random.random() < 0.3:
        current[random.integers(0, count)] *= 4
    backwards = slice(None, None, -1 if random.random() < 0.5 else 1)
    return potential[backwards].copy(), current[backwards].copy()


@pytest.mark.filterwarnings("ignore:Polyfit may be poorly conditioned")
@pytest.mark.parametrize("options", SETTINGS)
@pytest.mark.parametrize("limits", [(-math.inf, math.inf), (-0.41, -0.11)])
def test_equals_the_slow_twin(options: PeakSettings, limits: tuple[float, float]) -> None:
    scans = [any_scan(seed) for seed in range(60)]
    window = {
        "potential_min_v": None if math.isinf(limits[0]) else limits[0],
        "potential_max_v": None if math.isinf(limits[1]) else limits[1],
        "method": "sacmes-web",
    }
    analyses = analyze([scan(*each) for each in scans], options.model_copy(update=window))
    found = 0
    for analysis, (potential, current) in zip(analyses, scans, strict=True):
        peak = analysis.peaks[0]
        if flags.TOO_FEW_POINTS in peak.flags:
            assert peak.peak_current_a is None
            continue
        expected = twin(potential.tolist(), current.tolist(), options, limits)
        if not expected:
            assert peak.peak_current_a is None
            continue
        found += 1
        assert peak.peak_current_a == pytest.approx(expected["height"], rel=1e-9)
        assert peak.peak_potential_v == expected["potential"]
        assert peak.area_av == pytest.approx(expected["area"], rel=1e-9, abs=1e-20)
    assert found >= 35


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1, 1), min_size=20, max_size=40),
    st.sampled_from([PeakSettings(), PeakSettings(smoothing="off")]),
)
@pytest.mark.filterwarnings("ignore:Polyfit may be poorly conditioned")
def test_height_equals_the_twin_on_any_curve(values: list[float], options: PeakSettings) -> None:
    potential = np.linspace(-0.5, 0.0, len(values))
    current = np.round(np.array(values), 6) * 1e-6
    if np.ptp(current) == 0:
        return
    arrays = sacmes_web(potential[None], current[None], options)
    expected = twin(potential.tolist(), current.tolist(), options)
    if math.isnan(arrays.height_a[0]):
        assert abs(expected.get("height", 0.0)) < 1e-15
    else:
        assert arrays.height_a[0] == pytest.approx(expected["height"], rel=1e-6, abs=1e-15)


def test_known_peak_has_its_height_width_and_potential() -> None:
    potential, current = voltammogram(noise=0.0, count=501)
    arrays = sacmes_web(potential[None], current[None], PeakSettings(smoothing="off"))
    assert arrays.height_a[0] == pytest.approx(1e-6, rel=0.02)
    assert arrays.potential_v[0] == pytest.approx(-0.28, abs=0.002)
    assert arrays.fwhm_v[0] == pytest.approx(2 * 0.04 * math.sqrt(math.log(2)), rel=0.02)


def test_standard_error_is_the_scatter_of_repeats() -> None:
    scans = [voltammogram(seed, noise=0.01, count=201) for seed in range(300)]
    arrays = sacmes_web(
        np.stack([e for e, _ in scans]),
        np.stack([i for _, i in scans]),
        PeakSettings(smoothing="manual", smoothing_window_points=11),
    )
    scatter = np.std(arrays.height_a)
    assert 0.5 < np.median(arrays.height_se_a) / scatter < 1.5


def scan(
    potential: FloatArray,
    current: FloatArray,
    *,
    electrode: int = 1,
    technique: str | None = "swv",
    flags: tuple[str, ...] = (),
) -> Scan:
    points = tuple(map(float, potential)), tuple(map(float, current))
    return Scan((Curve(electrode, "difference", *points),), technique, "generic", flags=flags)


@pytest.mark.parametrize("method", ["median", "sacmes-web", "sacmes-desktop"])
def test_batch_equals_one_by_one(method: Literal["median", "sacmes-web", "sacmes-desktop"]) -> None:
    scans = [scan(*voltammogram(k, count=80 + 20 * (k % 3))) for k in range(9)]
    settings = PeakSettings(method=method)
    for one, all_in_one in zip(scans, analyze(scans, settings), strict=True):
        (alone,), (among_others,) = analyze_scan(one, settings).peaks, all_in_one.peaks
        for name in NUMBERS:
            value, other = getattr(alone, name), getattr(among_others, name)
            assert other == value or other == pytest.approx(value, rel=1e-12), name
        assert among_others.flags == alone.flags


def test_direction_of_the_sweep_does_not_matter() -> None:
    potential, current = voltammogram()
    up = analyze_scan(scan(potential, current), PeakSettings())
    down = analyze_scan(scan(potential[::-1], current[::-1]), PeakSettings())
    assert up.peaks == down.peaks


def test_difference_is_rebuilt_from_forward_and_reverse() -> None:
    potential, current = voltammogram(noise=0)
    e = tuple(map(float, potential))
    forward = Curve(1, "forward", e, tuple(map(float, 0.75 * current)))
    reverse = Curve(1, "reverse", e, tuple(map(float, -0.25 * current)))
    rebuilt = analyze_scan(Scan((forward, reverse), "swv", "generic"), PeakSettings())
    direct = analyze_scan(scan(potential, current), PeakSettings())
    assert rebuilt.peaks[0].peak_current_a == pytest.approx(direct.peaks[0].peak_current_a)


def test_window_limits_what_is_seen() -> None:
    potential, current = voltammogram(noise=0)
    current = current + 3e-6 * np.exp(-(((potential + 0.05) / 0.02) ** 2))
    options = PeakSettings(potential_min_v=-0.45, potential_max_v=-0.12)
    (peak,) = analyze_scan(scan(potential, current), options).peaks
    assert peak.peak_potential_v == pytest.approx(-0.28, abs=0.01)


def test_curves_share_one_grid() -> None:
    (curves,) = analyze_scan(scan(*voltammogram()), PeakSettings()).curves
    assert curves.smoothed_a is not None
    assert curves.baseline_a is not None
    assert len({len(curves.potential_v), len(curves.current_a), len(curves.baseline_a)}) == 1
    assert (np.diff(curves.potential_v) > 0).all()


@pytest.mark.parametrize("technique", ["dpv", None, "acv"])
def test_other_techniques_get_a_sentence_and_no_number(technique: str | None) -> None:
    analysis = analyze_scan(scan(*voltammogram(), technique=technique), PeakSettings())
    assert analysis.error is not None
    assert analysis.error.endswith(".")
    assert analysis.peaks == ()


def test_a_window_in_volts_is_that_in_points_of_the_same_length() -> None:
    potential, current = voltammogram()
    manual = PeakSettings(smoothing="manual", smoothing_window_points=11)
    volts = PeakSettings(smoothing="manual", smoothing_window_v=0.055)
    by_points, by_volts = (
        sacmes_web(potential[None], current[None], each).height_a[0] for each in (manual, volts)
    )
    assert by_volts == by_points
