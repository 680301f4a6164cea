"""Peaks of cyclic voltammograms against the truth of simulated ones."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from sacmes_core import flags
from sacmes_core.analysis.analyzing import analyze, analyze_scan
from sacmes_core.formats.scan import Curve, DeclaredSweep
from sacmes_core.settings.cv import CvSettings
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.simulate.cyclic import (
    CyclicCell,
    DiffusingCouple,
    Instrument,
    SurfaceCouple,
    TriangularSweep,
)

SWEEP = TriangularSweep(initial_v=0.25, first_vertex_v=-0.55, second_vertex_v=0.25, step_v=0.002)
SURFACE = SurfaceCouple(charge_c=1e-6, formal_potential_v=-0.2)
DIFFUSING = DiffusingCouple(formal_potential_v=-0.15)


@cache
def scan_of(couple, *, snr=50, sweep=SWEEP, seed=1):
    height = 1e-6 if couple is None else float(np.abs(couple.current_a(sweep)).max())
    instrument = Instrument(
        capacitance_f=0.4 * height / sweep.scan_rate_v_s,
        slope_a_v=0.3 * height,
        noise_a=height / snr,
    )
    return CyclicCell(sweep, couple, instrument).scan(seed)


def peak_of(scan, **settings):
    return analyze_scan(scan, PeakSettings(cv=CvSettings(**settings))).peaks[0]


@pytest.fixture(scope="module")
def surface():
    return peak_of(scan_of(SURFACE))


@pytest.fixture(scope="module")
def diffusing():
    return peak_of(scan_of(DIFFUSING))


def test_surface_couple(surface):
    cv = surface.cv
    height = float(SURFACE.current_a(SWEEP).max())
    assert cv.model == "surface"
    assert cv.model_log_odds > 100
    assert cv.forward.current_a.value == pytest.approx(-height, rel=0.03)
    assert cv.reverse.current_a.value == pytest.approx(height, rel=0.03)
    assert cv.separation_v.value == pytest.approx(0.0, abs=0.003)
    assert cv.half_wave_v.value == pytest.approx(-0.2, abs=0.002)
    assert cv.forward.width_v.value == pytest.approx(0.0906, abs=0.004)
    # The charge carries the sign of the current, in either direction.
    assert cv.forward.charge_c(cv.scan_rate_v_s).value == pytest.approx(-1e-6, rel=0.04)
    assert cv.reverse.charge_c(cv.scan_rate_v_s).value == pytest.approx(1e-6, rel=0.04)
    assert surface.flags == ()


def test_the_forward_peak_is_the_electrodes(surface):
    forward = surface.cv.forward
    assert surface.peak_current_a == forward.current_a.value
    assert surface.peak_potential_v == forward.potential_v.value
    assert surface.peak_current_se_a == forward.current_a.error


def test_diffusing_couple(diffusing):
    cv = diffusing.cv
    height = -float(DIFFUSING.current_a(SWEEP).min())
    assert cv.model == "diffusing"
    assert cv.model_log_odds < -20
    assert cv.forward.current_a.value == pytest.approx(-height, rel=0.02)
    # Over the forward sweep's decaying current both peaks of a reversible couple are alike.
    assert cv.reverse.current_a.value == pytest.approx(height, rel=0.03)
    assert cv.separation_v.value == pytest.approx(0.0575, abs=0.003)
    assert cv.half_wave_v.value == pytest.approx(-0.15, abs=0.002)
    half = abs(cv.forward.potential_v.value - cv.forward.half_potential_v.value)
    assert half == pytest.approx(0.0565, abs=0.003)
    assert flags.QUASI_REVERSIBLE not in diffusing.flags


@pytest.mark.parametrize("sweep", [SWEEP, replace(SWEEP, cycles=3)])
def test_slow_diffusing_couple_is_flagged(sweep):
    couple = replace(DIFFUSING, rate_m_s=1e-5)
    peak = peak_of(scan_of(couple, sweep=sweep))
    assert flags.QUASI_REVERSIBLE in peak.flags
    assert peak.cv.model == "diffusing"
    assert peak.cv.segments == 2 * sweep.cycles
    assert peak.cv.forward.segment == 2 * sweep.cycles - 1
    assert peak.cv.half_wave_v.value == pytest.approx(-0.15, abs=0.005)


def test_two_electrons_are_found():
    peak = peak_of(scan_of(replace(DIFFUSING, electrons=2)))
    assert peak.cv.separation_v.value == pytest.approx(0.029, abs=0.003)


@pytest.mark.parametrize(("couple", "wrong"), [(SURFACE, "diffusing"), (DIFFUSING, "surface")])
def test_the_wrong_model_is_noticed(couple, wrong):
    peak = peak_of(scan_of(couple, snr=20), model=wrong)
    assert peak.cv.model == wrong
    assert flags.MODEL_MISMATCH in peak.flags


@pytest.mark.parametrize("snr", [200, 20, 5])
def test_a_blank_has_no_number(snr):
    peak = peak_of(scan_of(None, snr=snr))
    assert peak.peak_current_a is None
    assert peak.cv.forward is None
    assert peak.cv.reverse is None
    assert flags.NO_PEAK in peak.flags


def test_a_steady_state_has_no_peak():
    potential_v = SWEEP.potentials_v()
    wave = -1e-6 / (1 + np.exp((potential_v + 0.15) * 38.9))
    current = Instrument(noise_a=2e-8, capacitance_f=1e-6).measure(
        SWEEP, wave, np.random.default_rng(0)
    )
    peak = peak_of(SWEEP.scan(current))
    assert peak.peak_current_a is None
    assert flags.STEADY_STATE in peak.flags


def test_reduction_may_be_positive(surface):
    scan = scan_of(SURFACE)
    curve = scan.curves[0]
    flipped = replace(scan, curves=(replace(curve, current_a=tuple(-a for a in curve.current_a)),))
    peak = peak_of(flipped)
    assert peak.peak_current_a == pytest.approx(-surface.peak_current_a, rel=1e-9)
    assert peak.cv.model == "surface"


def test_segments_can_be_chosen():
    sweep = replace(SWEEP, cycles=2)
    peak = peak_of(scan_of(SURFACE, sweep=sweep), forward_segment=1, reverse_segment=4)
    assert (peak.cv.forward.segment, peak.cv.reverse.segment) == (1, 4)
    gone = peak_of(scan_of(SURFACE, sweep=sweep), reverse_segment=7)
    assert flags.MISSING_SEGMENT in gone.flags
    assert gone.cv.forward is not None
    assert gone.cv.reverse is None


def test_windows_belong_to_each_direction():
    peak = peak_of(scan_of(SURFACE), reverse_max_v=-0.35)
    assert peak.cv.forward is not None
    assert peak.cv.reverse is None
    assert flags.NO_REVERSE_PEAK in peak.flags
    drawn = analyze_scan(scan_of(SURFACE), PeakSettings(cv=CvSettings(reverse_max_v=-0.35))).curves[
        0
    ]
    turn = int(np.argmin(drawn.potential_v))
    assert drawn.potential_v[turn + 1 :].max() <= -0.35
    assert drawn.potential_v[:turn].max() == pytest.approx(0.25)


def test_linear_sweep_has_a_forward_peak_only():
    scan = scan_of(DIFFUSING)
    curve = scan.curves[0]
    half = len(curve.potential_v) // 2
    sweep = Curve(1, "total", curve.potential_v[:half], curve.current_a[:half])
    peak = peak_of(replace(scan, curves=(sweep,), technique="lsv"))
    assert peak.cv.reverse is None
    assert peak.cv.forward.current_a.value < 0
    assert flags.INCOMPLETE_CYCLE not in peak.flags
    assert flags.INCOMPLETE_CYCLE in peak_of(replace(scan, curves=(sweep,))).flags


def test_scan_rate_from_header_settings_or_times():
    scan = scan_of(SURFACE)
    silent = replace(scan, declared=DeclaredSweep())
    assert peak_of(scan, scan_rate_v_s=7.0).cv.scan_rate_v_s == 0.1
    assert peak_of(silent, scan_rate_v_s=7.0).cv.scan_rate_v_s == 7.0
    unknown = peak_of(silent)
    assert unknown.cv.scan_rate_v_s is None
    assert unknown.cv.forward.charge_c(None).value is None
    assert flags.SCAN_RATE_UNKNOWN in unknown.flags
    curve = scan.curves[0]
    times = tuple(0.02 * k for k in range(len(curve.potential_v)))
    timed = replace(silent, curves=(replace(curve, time_s=times),))
    assert peak_of(timed).cv.scan_rate_v_s == pytest.approx(0.1, rel=1e-6)


def test_probes_are_read_on_both_sweeps():
    scan = scan_of(SURFACE, snr=1e6)
    curve = scan.curves[0]
    peak = peak_of(scan, probe_potentials_v=(-0.2005, 0.9))
    inside, outside = peak.cv.probes
    half = len(curve.potential_v) // 2
    down = np.interp(0.2005, -np.array(curve.potential_v[: half + 1]), curve.current_a[: half + 1])
    up = np.interp(-0.2005, curve.potential_v[half + 1 :], curve.current_a[half + 1 :])
    assert inside.forward_a.value == pytest.approx(down, rel=1e-9)
    assert inside.reverse_a.value == pytest.approx(up, rel=1e-9)
    assert outside.forward_a.value is None
    assert outside.reverse_a.value is None


def test_line_ahead_of_the_wave():
    peak = peak_of(scan_of(SURFACE, snr=200), model="line")
    assert peak.cv.model == "line"
    height = float(SURFACE.current_a(SWEEP).max())
    assert peak.cv.forward.current_a.value == pytest.approx(-height, rel=0.05)
    assert peak.cv.reverse.current_a.value == pytest.approx(height, rel=0.08)


def test_spikes_and_saturation_are_said():
    scan = scan_of(SURFACE)
    curve = scan.curves[0]
    currents = list(curve.current_a)
    currents[100] += 2e-5
    spiked = peak_of(replace(scan, curves=(replace(curve, current_a=tuple(currents)),)))
    assert flags.SPIKES_REMOVED in spiked.flags
    assert spiked.peak_current_a == pytest.approx(peak_of(scan).peak_current_a, rel=0.02)
    limit = 0.8 * max(curve.current_a)
    clipped = tuple(min(a, limit) for a in curve.current_a)
    assert (
        flags.SATURATED in peak_of(replace(scan, curves=(replace(curve, current_a=clipped),))).flags
    )


def test_electrodes_are_those_that_are_asked_for():
    first, second = scan_of(SURFACE).curves[0], scan_of(SURFACE, seed=2).curves[0]
    halved = tuple(0.4 * a for a in second.current_a)
    scan = replace(scan_of(SURFACE), curves=(first, replace(second, electrode=2, current_a=halved)))
    one, two = analyze_scan(scan, PeakSettings()).peaks
    assert two.peak_current_a / one.peak_current_a == pytest.approx(0.4, rel=0.03)
    asked, missing = analyze_scan(scan, PeakSettings(), (2, 5)).peaks
    assert asked.peak_current_a == two.peak_current_a
    assert flags.MISSING_ELECTRODE in missing.flags


def test_curves_are_in_scan_order_with_a_baseline():
    (drawn,) = analyze_scan(scan_of(DIFFUSING), PeakSettings()).curves
    steps = np.sign(np.diff(drawn.potential_v))
    assert np.count_nonzero(np.diff(steps)) == 1
    assert drawn.baseline_a.shape == drawn.current_a.shape == drawn.potential_v.shape
    assert np.isfinite(drawn.baseline_a).all()


def test_a_scan_alone_and_in_a_batch_gives_the_same_digits(surface, diffusing):
    batch = analyze([scan_of(SURFACE), scan_of(DIFFUSING)], PeakSettings())
    assert batch[0].peaks[0] == surface
    assert batch[1].peaks[0] == diffusing


def test_too_short_a_scan_has_no_number():
    curve = Curve(1, "total", tuple(np.linspace(0, -0.3, 9)), tuple(np.linspace(0, 1e-6, 9)))
    peak = peak_of(replace(scan_of(SURFACE), curves=(curve,)))
    assert peak.cv is None
    assert flags.TOO_FEW_POINTS in peak.flags
    assert flags.NO_PEAK in peak.flags
