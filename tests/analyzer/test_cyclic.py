"""The numbers of a cycle in results, on the wire and in tables."""

import csv
import io

from analyzer.cyclic import CV_COLUMNS, cv_cells, cv_result
from analyzer.exports import lines
from analyzer.pipeline import Source, analyse
from analyzer.tables import print_analysis
from sacmes_core.analysis.cv.numbers import CyclicNumbers, Probe, Quantity, SweepPeak
from sacmes_core.payloads.cv import CvResult
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference
from sacmes_core.settings.session import SessionSettings

FORWARD = SweepPeak(
    segment=3,
    current_a=Quantity(-1.23456789012e-6, 1e-9),
    potential_v=Quantity(-0.21, 0.0005),
    half_potential_v=Quantity(-0.16, 0.0006),
    width_v=Quantity(0.091, 0.001),
    area_av=Quantity(-1e-7, 1e-9),
)
REVERSE = SweepPeak(segment=4, current_a=Quantity(1.1e-6, 1e-9), potential_v=Quantity(-0.2, 0.0005))


def numbers(rate_v_s: float | None = 0.1) -> CyclicNumbers:
    probes = (Probe(-0.3, Quantity(1e-7, 1e-9)),) * 8
    return CyclicNumbers(
        model="surface",
        model_log_odds=123.4,
        segments=4,
        scan_rate_v_s=rate_v_s,
        forward=FORWARD,
        reverse=REVERSE,
        separation_v=Quantity(0.01, 0.0007),
        half_wave_v=Quantity(-0.205, 0.0004),
        probes=probes,
    )


def result(cv: CvResult | None) -> Result:
    electrodes = (ElectrodeResult(electrode=1, peak_current_a=-1.2e-6, cv=cv),)
    return Result(
        session_id="9b2f4c1e-0000-4000-8000-000000000001",
        position=1,
        upload_id="0" * 64,
        scan=ScanReference(file="CV_1.txt"),
        settings_revision=1,
        trend_revision=1,
        version="1",
        electrodes=electrodes,
    )


def test_charge_is_the_area_over_the_scan_rate() -> None:
    found = cv_result(numbers())
    assert found.forward is not None
    assert found.forward.charge_c == -1e-6
    assert found.forward.charge_se_c == 1e-8
    unknown = cv_result(numbers(rate_v_s=None))
    assert unknown.forward is not None
    assert unknown.forward.charge_c is None


def test_numbers_have_eight_digits_and_missing_ones_stay_missing() -> None:
    found = cv_result(numbers())
    assert found.forward is not None
    assert found.reverse is not None
    assert found.forward.peak_current_a == -1.2345679e-6
    assert found.reverse.fwhm_v is None
    assert found.probes[0].reverse_current_a is None


def test_a_result_without_probes_stays_about_a_kilobyte() -> None:
    found = cv_result(numbers()).model_copy(update={"probes": ()})
    assert len(found.model_dump_json()) < 1100


def test_the_table_has_the_potentials_of_both_peaks() -> None:
    table = "".join(lines([result(cv_result(numbers())), result(None)]))
    cycle, other = csv.DictReader(io.StringIO(table))
    assert float(cycle["cv_forward_peak_potential_v"]) == -0.21
    assert float(cycle["cv_reverse_peak_potential_v"]) == -0.2
    assert float(cycle["cv_peak_separation_v"]) == 0.01
    assert cycle["cv_model"] == "surface"
    assert cycle["cv_forward_segment"] == "3"
    assert cycle["cv_probes"].split()[0] == "-0.3:1e-07:"
    assert all(other[name] == "" for name in CV_COLUMNS)
    assert cv_cells(None) == [None] * len(CV_COLUMNS)


def test_a_file_becomes_a_result_with_its_cycle(capsys) -> None:  # type: ignore[no-untyped-def]
    rows = [f"{0.2 - 0.002 * k:.4f}, {1e-7 + 1e-9 * (k % 3):.4e}" for k in range(251)]
    rows += [f"{-0.3 + 0.002 * k:.4f}, {-1e-7 + 1e-9 * (k % 3):.4e}" for k in range(1, 251)]
    content = "\n".join(["Potential/V, Current/A", *rows]).encode()
    ((found,),) = analyse([Source("CV_1.txt", content)], SessionSettings())
    (electrode,) = found.electrodes
    assert electrode.cv is not None
    assert electrode.cv.segments == 2
    assert electrode.peak_current_a is None
    assert "no_peak" in electrode.flags
    line = {"file": "CV_1.txt", "electrode": 1, "flags": ["no_peak"]}
    assert print_analysis([line | {"cv": electrode.cv.model_dump(mode="json")}]) == 0
    assert "forward" in capsys.readouterr().out
