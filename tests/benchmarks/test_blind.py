"""The blind scans tell the truth about themselves, and their physics is that of the textbooks."""

import sys
from dataclasses import fields
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.interpolate import make_interp_spline
from scipy.stats import exponnorm

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import blind
import blind_backgrounds
import blind_peaks

PEAKS = [family for family in blind_peaks.FAMILIES if family != "blank"]


@pytest.fixture(scope="module")
def drawn():
    return {family: list(blind.blind_scans(family, 48, 11)) for family in blind_peaks.FAMILIES}


def fine(scan):
    """Potential and noise-free peak on a grid of 0.05 mV over the window."""
    order = np.argsort(scan.potential_v)
    curve = make_interp_spline(scan.potential_v[order], scan.peak_a[order], k=5)
    potential_v = np.arange(scan.potential_v.min(), scan.potential_v.max(), 5e-5)
    return potential_v, curve(potential_v)


@pytest.mark.parametrize("family", PEAKS)
def test_truth_is_what_the_curve_without_noise_shows(drawn, family):
    for scan in drawn[family]:
        potential_v, peak_a = fine(scan)
        height = peak_a / scan.truth.height_a
        apex = int(np.argmax(height))
        assert height[apex] == pytest.approx(1, abs=2e-3)
        assert potential_v[apex] == pytest.approx(scan.truth.apex_v, abs=1e-3)
        above = potential_v[height >= 0.5]
        if height[0] < 0.5 and height[-1] < 0.5:
            assert np.ptp(above) == pytest.approx(scan.truth.width_v, rel=5e-3)
        area_av = np.trapezoid(peak_a, potential_v)
        assert area_av == pytest.approx(scan.truth.window_area_av, rel=3e-3)
        assert 0.8 <= scan.truth.window_area_av / scan.truth.area_av <= 1 + 1e-9


@pytest.mark.parametrize(
    ("family", "kind"),
    [(family, kind) for family in PEAKS for kind in blind_peaks.FAMILIES[family]],
)
def test_each_shape_is_scaled_and_measured(family, kind, monkeypatch):
    only = {kind: blind_peaks.FAMILIES[family][kind]}
    monkeypatch.setitem(blind_peaks.FAMILIES, family, only)
    shape = blind_peaks.draw_shape(np.random.default_rng(3), family, 0.002, 0.2)
    offset_v = np.linspace(-0.55, 0.55, 220_001)
    height = shape.at(offset_v)
    assert shape.kind == kind
    assert height.max() == pytest.approx(1, abs=1e-6)
    assert offset_v[np.argmax(height)] == pytest.approx(0, abs=1e-5)
    assert np.ptp(offset_v[height >= 0.5]) == pytest.approx(shape.width_v, abs=2e-5)
    assert np.trapezoid(height, offset_v) == pytest.approx(
        shape.area_between(-0.55, 0.55), rel=1e-6
    )
    assert shape.area_v == pytest.approx(shape.area_between(-1, 1))
    assert np.sum(np.diff(np.sign(np.diff(height[height > 0.03]))) != 0) == 1


@pytest.mark.parametrize("family", PEAKS)
def test_peaks_stay_within_their_ranges(drawn, family):
    for scan in drawn[family]:
        steps_v = np.abs(np.diff(scan.potential_v))
        low_v, high_v = scan.potential_v.min(), scan.potential_v.max()
        span_v, place_v = high_v - low_v, scan.truth.apex_v - low_v
        assert steps_v == pytest.approx(np.full(steps_v.size, steps_v[0]))
        assert steps_v[0] * (1 + 1e-9) >= 0.001
        assert steps_v[0] <= 0.006 * (1 + 1e-9)
        assert 0.05 <= scan.truth.width_v <= 0.2
        assert 20e-9 <= abs(scan.truth.height_a) <= 5e-6
        assert 3 <= scan.snr <= 200
        assert scan.noise_rms_a == pytest.approx(abs(scan.truth.height_a) / scan.snr)
        shortest_v, longest_v = (0.28, 0.32) if scan.layout == "narrow" else (0.35, 0.7)
        assert shortest_v - 0.004 <= span_v <= longest_v + 0.004
        if scan.layout == "edge":
            assert 0.06 - 1e-9 <= min(place_v, span_v - place_v) <= 0.11 + 1e-9
        else:
            assert 0.3 - 1e-9 <= place_v / span_v <= 0.7 + 1e-9


@pytest.mark.parametrize("family", PEAKS)
def test_every_layout_noise_sign_and_direction_occurs(drawn, family):
    scans = drawn[family]
    assert {scan.layout for scan in scans} == set(blind.LAYOUTS)
    assert {scan.noise_kind for scan in scans} == set(blind_backgrounds.NOISES)
    assert {scan.peak_kind for scan in scans} == set(blind_peaks.FAMILIES[family])
    assert {np.sign(scan.potential_v[1] - scan.potential_v[0]) for scan in scans} == {-1, 1}
    positive = np.mean([scan.truth.height_a > 0 for scan in scans])
    assert 0.6 < positive < 0.97
    seen = {kind for scan in scans for kind in scan.background_kind.split("+")}
    assert seen == set(blind_backgrounds.BACKGROUNDS)


@pytest.mark.parametrize("family", PEAKS)
def test_the_parts_and_the_noise_make_the_measured_curve(drawn, family):
    for scan in drawn[family]:
        noise = (scan.difference_a - scan.peak_a - scan.background_a) / scan.noise_rms_a
        assert np.median(np.abs(noise)) < 3
        assert noise.std() > 0.1
        if scan.noise_kind == "white":
            assert noise.std() == pytest.approx(1, rel=0.35)


def test_a_leaning_peak_leans_with_the_sweep(monkeypatch):
    potential_v = np.arange(-0.6, 0.6, 0.002)
    tail = exponnorm.pdf(potential_v / 0.02, 2.0)
    shape = blind_peaks._normalise("tailing", potential_v, tail)
    monkeypatch.setattr(blind, "draw_shape", lambda *_: shape)
    directions = set()
    for scan in blind.blind_scans("analytic", 12, 2):
        direction = np.sign(scan.potential_v[1] - scan.potential_v[0])
        before = direction * (scan.potential_v - scan.truth.apex_v) < 0
        assert np.sum(np.abs(scan.peak_a[before])) < 0.45 * np.sum(np.abs(scan.peak_a))
        directions.add(direction)
    assert directions == {-1, 1}


def test_blanks_have_no_peak_and_no_truth(drawn):
    for scan in drawn["blank"]:
        assert scan.truth is None
        assert np.isnan(scan.snr)
        assert not scan.peak_a.any()
        assert scan.peak_kind == "none"
        assert np.all(np.isfinite(scan.difference_a))
    flat = [scan for scan in drawn["blank"] if scan.background_kind == "none"]
    assert 0 < len(flat) < len(drawn["blank"])
    assert all(np.ptp(scan.background_a) == 0 for scan in flat)


@pytest.mark.parametrize("family", list(blind_peaks.FAMILIES))
def test_a_scan_depends_on_seed_and_number_alone(family):
    few, more = list(blind.blind_scans(family, 2, 5)), list(blind.blind_scans(family, 3, 5))
    other = next(iter(blind.blind_scans(family, 1, 6)))
    for field in fields(blind.BlindScan):
        for one, two in zip(few, more, strict=False):
            np.testing.assert_equal(getattr(one, field.name), getattr(two, field.name))
    assert other.difference_a[0] != few[0].difference_a[0]
    assert few[0].difference_a[0] != few[1].difference_a[0]


def test_an_unknown_family_is_named():
    with pytest.raises(ValueError, match="choose one of surface, diffusing, analytic, blank"):
        next(iter(blind.blind_scans("cottrell", 1, 1)))


@pytest.mark.parametrize(
    ("amplitude_mv", "step_mv", "peak"),
    [(0, 10, 0.0437), (10, 5, 0.2549), (20, 10, 0.4845), (50, 10, 0.9281), (100, 10, 1.1675)],
)
def test_reversible_peaks_are_those_of_the_table(amplitude_mv, step_mv, peak):
    """Bard and Faulkner, Electrochemical Methods, 2nd ed., table 7.3.1, for n = 1."""
    drive = staircase(np.arange(-400, 400, step_mv) / 1e3, amplitude_mv / 1e3)
    flux = blind_peaks.reversible_flux(drive.ravel())
    assert np.max(flux[::2] - flux[1::2]) == pytest.approx(peak, abs=2e-4)


def test_a_fast_couple_is_the_reversible_one():
    drive = staircase(np.arange(-0.4, 0.4, 0.005), 0.025).ravel()
    reversible = blind_peaks.reversible_flux(drive)
    reversible = reversible[::2] - reversible[1::2]
    for parts, tolerance in ((6, 1e-3), (48, 2e-4)):
        fast = blind_peaks.slow_flux(drive, 1e4, 0.5, parts)
        fast = fast[::2] - fast[1::2]
        assert fast / fast.max() == pytest.approx(reversible / reversible.max(), abs=tolerance)
    assert fast.max() == pytest.approx(reversible.max(), rel=0.02)


def test_a_slow_couple_peaks_later_lower_and_wider():
    potential_v = np.arange(-0.4, 0.4, 0.005)
    drive = staircase(potential_v, 0.025).ravel()
    fast, slow = (blind_peaks.slow_flux(drive, rate, 0.5) for rate in (100.0, 0.1))
    fast, slow = fast[::2] - fast[1::2], slow[::2] - slow[1::2]
    assert potential_v[slow.argmax()] > potential_v[fast.argmax()] + 0.02
    assert slow.max() < 0.5 * fast.max()


def test_rates_of_marcus_hush_and_chidsey():
    drive = np.linspace(-30, 30, 121)
    oxidation, reduction = blind_peaks._chidsey(drive, 20.0, 0.1)
    assert np.log(oxidation / reduction) == pytest.approx(drive, abs=1e-5)
    assert oxidation[60] == pytest.approx(0.1)
    slope = np.gradient(np.log(oxidation), drive)
    assert slope[60] == pytest.approx(0.5, abs=0.01)
    assert slope[-1] < 0.1


def test_like_molecules_that_repel_widen_the_peak():
    drive = np.repeat(staircase(np.arange(-0.4, 0.4, 0.002), 0.025)[..., None], 10, axis=-1)
    widths = []
    for interaction in (-0.8, 0.0, 0.8):
        seen = drive + interaction
        rates = 0.02 * np.exp(0.5 * seen), 0.02 * np.exp(-0.5 * seen)
        peak = blind_peaks._confined(*rates, interaction)
        widths.append(np.sum(peak > 0.5 * peak.max()))
    assert widths == sorted(widths)
    assert widths[2] > 1.15 * widths[0]


@pytest.mark.parametrize("kind", list(blind_backgrounds.BACKGROUNDS))
def test_a_background_is_smooth_and_no_peak_of_its_own(kind):
    rng = np.random.default_rng(8)
    potential_v = np.linspace(-0.5, 0.1, 301)
    sweep = blind_backgrounds.Sweep(potential_v=potential_v, apex_v=-0.2, width_v=0.1)
    for _ in range(20):
        curve = blind_backgrounds.BACKGROUNDS[kind][0](rng, sweep)
        assert curve.shape == potential_v.shape
        assert np.ptp(curve) > 0
        assert np.abs(np.diff(curve)).max() < 0.12 * np.ptp(curve)
        extrema = np.sum(np.diff(np.sign(np.diff(curve))) != 0)
        assert extrema <= (4 if kind == "random" else 2)


def test_backgrounds_can_be_drawn_below_the_peak(drawn):
    for family in PEAKS:
        for scan in drawn[family]:
            background = scan.background_a / scan.truth.height_a
            assert np.ptp(background) <= 1.5 + 1e-9
            assert abs(np.median(background)) <= 1.5 + 1e-9


def test_a_hump_below_the_peak_is_shrunk_and_a_line_is_kept():
    potential_v = np.linspace(-0.5, 0.1, 301)
    sweep = blind_backgrounds.Sweep(potential_v=potential_v, apex_v=-0.2, width_v=0.1)
    hump = np.exp(-(((potential_v + 0.2) / 0.06) ** 2))
    line = 3 * potential_v
    for curve in (hump, -hump):
        assert np.ptp(blind_backgrounds.drawable(curve, sweep)) < 0.25
    assert blind_backgrounds.drawable(line, sweep) == pytest.approx(line)


def test_a_second_hump_far_from_the_peak_is_shrunk():
    potential_v = np.linspace(-0.5, 0.1, 301)
    sweep = blind_backgrounds.Sweep(potential_v=potential_v, apex_v=0.0, width_v=0.1)
    hump = np.exp(-(((potential_v + 0.37) / 0.05) ** 2))
    assert np.ptp(blind_backgrounds.drawable(hump, sweep)) < 0.25


@pytest.mark.parametrize("kind", [kind for kind in blind_backgrounds.NOISES if kind != "spikes"])
@pytest.mark.parametrize("rms", [0.01, 0.2])
def test_noise_has_its_rms(kind, rms):
    rng = np.random.default_rng(4)
    clean = np.linspace(0, 1, 200)
    power = [
        np.mean((blind_backgrounds.add_noise(rng, kind, clean, rms, 20.0) - clean) ** 2)
        for _ in range(200)
    ]
    assert np.sqrt(np.mean(power)) == pytest.approx(rms, rel=0.06)


def test_spikes_are_few_and_far():
    rng = np.random.default_rng(4)
    for _ in range(50):
        noisy = blind_backgrounds.add_noise(rng, "spikes", np.zeros(200), 0.01, 20.0)
        assert 1 <= np.sum(np.abs(noisy) > 0.1) <= 3


def test_quantised_currents_fall_on_steps_no_coarser_than_allowed():
    rng = np.random.default_rng(4)
    for rms in (0.01, 0.3):
        noisy = blind_backgrounds.add_noise(rng, "quantised", np.linspace(0, 1, 300), rms, 20.0)
        step = np.diff(np.unique(noisy)).min()
        assert step <= 0.15 + 1e-9
        assert noisy / step == pytest.approx(np.round(noisy / step), abs=1e-6)


def test_an_unknown_noise_is_named():
    with pytest.raises(ValueError, match="choose one of white"):
        blind_backgrounds.add_noise(np.random.default_rng(1), "brown", np.zeros(3), 1.0, 5.0)


def test_the_sheet_shows_each_scan(tmp_path, monkeypatch, capsys):
    target = tmp_path / "sheet.svg"
    monkeypatch.setattr(sys, "argv", ["blind.py", "--svg", str(target), "--truth"])
    blind.main()
    groups = ElementTree.parse(target).getroot().findall("{http://www.w3.org/2000/svg}g")
    assert len(groups) == 24
    assert "24 scans" in capsys.readouterr().out


def staircase(potential_v, amplitude_v):
    """Dimensionless drive of the forward and the reverse pulse, shape (n_steps, 2)."""
    pulses_v = potential_v[:, None] + [amplitude_v, -amplitude_v]
    return pulses_v / blind_backgrounds.THERMAL_VOLTAGE_V
