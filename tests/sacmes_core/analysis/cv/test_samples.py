"""Files of real instruments: what an electrochemist would read off them, and what is no peak."""

import pytest

from sacmes_core import flags
from sacmes_core.analysis.analyzing import analyze_scan
from sacmes_core.formats.reading import read
from sacmes_core.settings.peak import PeakSettings


@pytest.fixture
def peaks_of(samples):
    def analysed(file, index=0):
        path = samples / file
        scan = read(path.read_bytes(), name=path.name)[index]
        return analyze_scan(scan, PeakSettings()).peaks

    return analysed


@pytest.mark.parametrize(
    ("file", "forward", "reverse"),
    [
        # Peak potentials as they are read off the curves: cathodic, anodic.
        ("pstrace_csv/ECSA_0005mV_scan1-SWV.csv", 0.165, 0.265),
        ("pstrace_csv/ECSA_0020mV_scan2-SWV.csv", 0.148, 0.280),
        ("gamry_dta_cv/HONQ_tagCV1.txt", -0.756, -0.674),
        ("generic_text/cv_U_I_tab_header.txt", 0.234, 0.157),
    ],
)
def test_couples_in_solution(peaks_of, file, forward, reverse):
    (peak,) = peaks_of(file)
    assert peak.cv.model == "diffusing"
    assert peak.cv.forward.potential_v.value == pytest.approx(forward, abs=0.005)
    assert peak.cv.reverse.potential_v.value == pytest.approx(reverse, abs=0.005)
    ratio = peak.cv.reverse.current_a.value / peak.cv.forward.current_a.value
    assert ratio == pytest.approx(-1.0, abs=0.06)
    assert flags.QUASI_REVERSIBLE in peak.flags
    assert flags.POOR_FIT not in peak.flags


def test_generator_and_collector_are_in_a_steady_state(peaks_of):
    for peak in peaks_of("chi_txt_cv/CHI760B_gc_100uM_soak.txt"):
        assert peak.peak_current_a is None
        assert flags.STEADY_STATE in peak.flags


@pytest.mark.parametrize(
    "file",
    ["rodeostat_txt/cyclic_test_data.txt", "rodeostat_txt/cyclic_shift_00.txt"],
)
def test_a_resistor_has_no_peak(peaks_of, file):
    for peak in peaks_of(file):
        assert peak.cv.forward is None
        assert peak.cv.reverse is None


def test_background_alone_has_no_peak(peaks_of):
    (peak,) = peaks_of("chi_txt_cv/CHI760E_cv_6seg.txt")
    assert flags.NO_PEAK in peak.flags
    assert peak.cv.scan_rate_v_s == pytest.approx(0.04)


def test_a_peak_of_the_reverse_sweep_alone(peaks_of):
    (peak,) = peaks_of("chi_txt_cv/CHI760B_cv_10uM_PCN_noDNA.txt")
    assert peak.cv.segments == 4
    assert peak.cv.reverse.segment == 4
    assert peak.cv.reverse.potential_v.value == pytest.approx(-0.239, abs=0.005)
    assert peak.cv.reverse.current_a.value == pytest.approx(-34e-9, rel=0.15)
