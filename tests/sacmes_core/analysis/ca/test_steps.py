"""From files of potential steps to lifetimes: the way of every scan."""

import numpy as np
import pytest

from sacmes_core import flags
from sacmes_core.analysis.analyzing import analyze, analyze_scan
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.ca import CaSettings
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.simulate.chronoamperometry import (
    BoundCouple,
    Cell,
    PotentialStep,
    chronoamperogram,
)

STEP = PotentialStep(before_s=0.01)


def curve(lifetime_s: float, electrode: int = 1, *, potentials: bool = True) -> Curve:
    couples = (BoundCouple(-1e-6 * lifetime_s, lifetime_s),)
    random = np.random.default_rng(electrode)
    scan = chronoamperogram(STEP, couples, Cell(noise_a=5e-9), random)
    applied = scan.potential_v if potentials else np.full(len(scan.time_s), np.nan)
    return Curve(
        electrode,
        "total",
        tuple(applied.tolist()),
        tuple(scan.current_a.tolist()),
        tuple((scan.time_s - scan.time_s[0]).tolist()),
    )


def scan_of(*curves: Curve) -> Scan:
    return Scan(curves=curves, technique="ca", format="chi")


@pytest.mark.parametrize("potentials", [True, False])
def test_a_recording_becomes_lifetimes(potentials: bool) -> None:
    scan = scan_of(curve(0.01, potentials=potentials), curve(0.005, 2, potentials=potentials))
    analysis = analyze_scan(scan, PeakSettings())
    assert (analysis.method, analysis.error) == ("ca-auto", None)
    for peak, lifetime in zip(analysis.peaks, (0.01, 0.005), strict=True):
        assert peak.peak_current_a is None
        assert peak.ca is not None
        (only,) = peak.ca.exponentials
        assert only.lifetime.lifetime_s == pytest.approx(lifetime, rel=0.02)
        assert only.lifetime.low_s < lifetime < only.lifetime.high_s
        assert only.amplitude_a == pytest.approx(-1e-6, rel=0.03)
        assert peak.ca.step_s == pytest.approx(0.01 - STEP.interval_s, abs=1e-9)
        assert peak.flags == ()


def test_the_drawn_curve_is_over_time_since_the_step() -> None:
    (drawn,) = analyze_scan(scan_of(curve(0.01)), PeakSettings()).curves
    assert drawn.time_s is not None
    assert drawn.smoothed_a is not None
    assert len(drawn.potential_v) == 0
    assert drawn.time_s[0] == pytest.approx(STEP.interval_s)
    assert drawn.time_s[-1] == pytest.approx(STEP.duration_s)
    assert np.std(drawn.current_a - drawn.smoothed_a) == pytest.approx(5e-9, rel=0.1)


def test_settings_of_the_session_reach_the_fit() -> None:
    settings = PeakSettings(ca=CaSettings(exponentials="bi", fit_to_s=0.05))
    (peak,) = analyze_scan(scan_of(curve(0.01)), settings).peaks
    assert flags.SECOND_LIFETIME_UNSUPPORTED in peak.flags
    assert peak.ca is not None
    assert peak.ca.to_s == pytest.approx(0.05)


def test_a_missing_electrode_is_said() -> None:
    (peak,) = analyze_scan(scan_of(curve(0.01)), PeakSettings(), (3,)).peaks
    assert peak.flags == (flags.MISSING_ELECTRODE,)
    assert peak.ca is None


def test_overloaded_points_are_left_out_and_said() -> None:
    whole = curve(0.01)
    holed = tuple(float("nan") if 200 < k < 230 else v for k, v in enumerate(whole.current_a))
    scan = scan_of(Curve(1, "total", whole.potential_v, holed, whole.time_s))
    (peak,) = analyze_scan(scan, PeakSettings()).peaks
    assert flags.NOT_FINITE in peak.flags
    assert peak.ca is not None
    assert peak.ca.exponentials[0].lifetime.lifetime_s == pytest.approx(0.01, rel=0.02)


def test_a_couple_as_fast_as_the_charging_is_said() -> None:
    cell = Cell(noise_a=1e-9, capacitance_f=3e-7, resistance_ohm=400.0)
    random = np.random.default_rng(0)
    made = chronoamperogram(PotentialStep(), (BoundCouple(6e-9, 6e-4),), cell, random)
    recorded = Curve(
        1,
        "total",
        tuple(made.potential_v.tolist()),
        tuple(made.current_a.tolist()),
        tuple(made.time_s.tolist()),
    )
    (peak,) = analyze_scan(scan_of(recorded), PeakSettings()).peaks
    assert flags.CHARGING_AMBIGUOUS in peak.flags


def test_steps_are_analysed_beside_other_techniques() -> None:
    unknown = Scan(curves=(), technique="ocp", format="chi")
    first, second = analyze([unknown, scan_of(curve(0.01))], PeakSettings())
    assert first.error is not None
    assert second.peaks[0].ca is not None
