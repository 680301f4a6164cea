"""The layouts of SACMES, line by line as its users' scripts read them."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from analyzer.exporting.material import ExportError, Material
from analyzer.exporting.sacmes_cv import cv_all_electrodes
from analyzer.exporting.sacmes_desktop import desktop_text
from analyzer.exporting.sacmes_swv import frequency_map, swv_all_electrodes
from sacmes_core.payloads.cv import CvPeak, CvProbe, CvResult
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.session import SessionSettings

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def material(results: Sequence[Result], technique: str = "swv", **assignments: object) -> Material:
    document = SessionDocument.model_validate(
        {
            "session_id": SESSION,
            "technique": technique,
            "state": "stopped",
            "revision": 1,
            "settings_revision": 1,
            "started_at": NOW,
            "changed_at": NOW,
            "changed_by": "",
            "settings": SessionSettings().changed(dict(assignments)),
        }
    )
    return Material(document, results, ())


def scan(
    position: int,
    electrodes: Sequence[ElectrodeResult],
    *,
    frequency_hz: float | None = None,
    number: int | None = None,
    measured_at: datetime | None = None,
) -> Result:
    return Result(
        session_id=SESSION,
        position=position,
        upload_id="0" * 64,
        scan=ScanReference(
            file=f"{position}.txt",
            frequency_hz=frequency_hz,
            number=number,
            measured_at=measured_at,
        ),
        settings_revision=1,
        trend_revision=1,
        version="1",
        electrodes=tuple(electrodes),
    )


def one(electrode: int, current_a: float | None, **fields: object) -> ElectrodeResult:
    fields = {"electrode": electrode, "peak_current_a": current_a} | fields
    return ElectrodeResult.model_validate(fields)


RUN = [
    scan(
        1,
        [
            one(1, 1e-6, peak_potential_v=-0.3, normalised=1.0),
            one(2, 2e-6, peak_potential_v=-0.31, normalised=1.0),
        ],
        frequency_hz=10.0,
        number=1,
    ),
    scan(
        2,
        [
            one(1, 3e-6, peak_potential_v=-0.3, normalised=1.0, kdm=1.0, ratio=1.0),
            one(2, None, flags=("no_peak",)),
        ],
        frequency_hz=100.0,
        number=1,
    ),
    scan(
        3,
        [
            one(1, 1.5e-6, peak_potential_v=-0.29, normalised=1.5),
            one(2, 3e-6, peak_potential_v=-0.3, normalised=1.5),
        ],
        frequency_hz=10.0,
        number=3,
    ),
]

SWV = """\
# SACMES Continuous Monitor Analysis Report - All Electrodes
# Export Date:,2026-11-22 09:30:00
# Electrodes:,"E1, E2"
# Number of Files:,3

# Peak Current 10Hz (A) and Peak Potential (V)
File_Number,E1_Peak_A,E1_Peak_V,E2_Peak_A,E2_Peak_V,Mean_Peak_A,Std_Peak_A
1,1.000000e-06,-0.3000,2.000000e-06,-0.3100,1.500000e-06,7.071068e-07
2,N/A,N/A,N/A,N/A,N/A,N/A
3,1.500000e-06,-0.2900,3.000000e-06,-0.3000,2.250000e-06,1.060660e-06

# Peak Current 100Hz (A) and Peak Potential (V)
File_Number,E1_Peak_A,E1_Peak_V,E2_Peak_A,E2_Peak_V,Mean_Peak_A,Std_Peak_A
1,3.000000e-06,-0.3000,N/A,N/A,3.000000e-06,0.000000e+00
2,N/A,N/A,N/A,N/A,N/A,N/A
3,N/A,N/A,N/A,N/A,N/A,N/A

# Normalized Peak 10Hz
File_Number,E1_Normalized,E2_Normalized,Mean_Normalized,Std_Normalized
1,1.000000,1.000000,1.000000,0.000000
2,N/A,N/A,N/A,N/A
3,1.500000,1.500000,1.500000,0.000000

# Normalized Peak 100Hz
File_Number,E1_Normalized,E2_Normalized,Mean_Normalized,Std_Normalized
1,1.000000,N/A,1.000000,0.000000
2,N/A,N/A,N/A,N/A
3,N/A,N/A,N/A,N/A

# KDM (%) - Formula: ((High_Freq_Normalized - Low_Freq_Normalized) + 1) * 100
File_Number,E1_KDM_%,E2_KDM_%,Mean_KDM_%,Std_KDM_%
1,100.000000,N/A,100.000000,0.000000
2,N/A,N/A,N/A,N/A
3,N/A,N/A,N/A,N/A

# Summary Statistics per Electrode
Electrode,Avg_Peak_10Hz_A,Std_Peak_10Hz_A,Avg_Peak_100Hz_A,Std_Peak_100Hz_A,Avg_KDM_%,Std_KDM_%
E1,1.250000e-06,3.535534e-07,3.000000e-06,0.000000e+00,100.000000,0.000000
E2,2.500000e-06,7.071068e-07,N/A,N/A,N/A,N/A

# Quality Control Warnings
# Only files/electrodes/frequencies with QC flags are listed below

Electrode,Frequency_Hz,File_Number,QC_Status,SNR_Improvement,Peak_Retention,Residual_Metric
E2,100,1,no_peak,N/A,N/A,N/A
"""

MAP = """\
# SACMES Frequency Map Analysis Report
# Export Date:,2026-11-22 09:30:00
# Electrodes:,"Electrode 1, Electrode 2"
# Number of Frequencies:,2

# Charge (C)
Frequency (Hz),Averaged,Electrode 1,Electrode 2,Std
12.5,1.500000e-07,1.000000e-07,2.000000e-07,7.071068e-08
100,3.000000e-08,3.000000e-08,N/A,0.000000e+00

# Peak Current (A)
Frequency (Hz),Averaged,Electrode 1,Electrode 2,Std
12.5,1.500000e-06,1.000000e-06,2.000000e-06,7.071068e-07
100,3.000000e-06,3.000000e-06,N/A,0.000000e+00

# Peak Potential (V)
Frequency (Hz),Averaged,Electrode 1,Electrode 2,Std
12.5,-0.3050,-0.3000,-0.3100,0.0071
100,-0.3000,-0.3000,N/A,0.0000
"""

CV = """\
# SACMES CV Analysis Report - All Electrodes
# Export Date:,2026-11-22 09:30:00
# Electrodes:,"E1, E2"

# Analysis Parameters
Scan Rate (V/s):,0.1
Mass Transport:,surface
Analysis Type:,N/A
SG Filter Mode:,N/A
SG Window:,N/A
SG Degree:,N/A
Probe Voltages:,-0.2 V

# Forward Peak Current (A)
File_Number,E1_Forward_Peak_A,E2_Forward_Peak_A,Mean_Forward_Peak_A,Std_Forward_Peak_A
1,2.000000e-06,N/A,2.000000e-06,0.000000e+00
2,2.000000e-06,4.000000e-06,3.000000e-06,1.414214e-06

# Forward AUC Charge (C)
File_Number,E1_Forward_Charge_C,E2_Forward_Charge_C,Mean_Forward_Charge_C,Std_Forward_Charge_C
1,3.000000e-06,N/A,3.000000e-06,0.000000e+00
2,3.000000e-06,3.000000e-06,3.000000e-06,0.000000e+00

# Reverse Peak Current (A)
File_Number,E1_Reverse_Peak_A,E2_Reverse_Peak_A,Mean_Reverse_Peak_A,Std_Reverse_Peak_A
1,N/A,N/A,N/A,N/A
2,N/A,N/A,N/A,N/A

# Reverse AUC Charge (C)
File_Number,E1_Reverse_Charge_C,E2_Reverse_Charge_C,Mean_Reverse_Charge_C,Std_Reverse_Charge_C
1,N/A,N/A,N/A,N/A
2,N/A,N/A,N/A,N/A

# Peak Separation (V)
File_Number,E1_Peak_Sep_V,E2_Peak_Sep_V,Mean_Peak_Sep_V,Std_Peak_Sep_V
1,0.060000,N/A,0.060000,0.000000
2,0.060000,0.060000,0.060000,0.000000

# Probe 1 Forward Current at -0.2V (A)
File_Number,E1_Probe1_Fwd_A,E2_Probe1_Fwd_A,Mean_Probe_Fwd_A,Std_Probe_Fwd_A
1,1.000000e-06,N/A,1.000000e-06,0.000000e+00
2,1.000000e-06,1.000000e-06,1.000000e-06,0.000000e+00

# Probe 1 Reverse Current at -0.2V (A)
File_Number,E1_Probe1_Rev_A,E2_Probe1_Rev_A,Mean_Probe_Rev_A,Std_Probe_Rev_A
1,N/A,N/A,N/A,N/A
2,N/A,N/A,N/A,N/A

# Summary Statistics per Electrode
Electrode,Avg_Forward_Peak_A,Std_Forward_Peak_A,Avg_Forward_Charge_C,Std_Forward_Charge_C,\
Avg_Reverse_Peak_A,Std_Reverse_Peak_A,Avg_Reverse_Charge_C,Std_Reverse_Charge_C,Avg_Peak_Sep_V,\
Std_Peak_Sep_V
E1,2.000000e-06,0.000000e+00,3.000000e-06,0.000000e+00,N/A,N/A,N/A,N/A,0.060000,0.000000
E2,4.000000e-06,0.000000e+00,3.000000e-06,0.000000e+00,N/A,N/A,N/A,N/A,0.060000,0.000000
"""


def text(content: bytes) -> str:
    assert content.count(b"\r\n") == content.count(b"\n")
    return content.decode().replace("\r\n", "\n")


def test_continuous_monitor() -> None:
    assert text(swv_all_electrodes(material(RUN))) == SWV


def test_rows_run_over_all_numbers_that_were_asked_for() -> None:
    table = text(swv_all_electrodes(material(RUN, **{"source.last_number": 5})))
    assert "# Number of Files:,5\n" in table
    assert table.count("\n5,N/A") == 5
    with pytest.raises(ExportError, match="Choose csv"):
        swv_all_electrodes(material(RUN, **{"source.last_number": 1_000_000}))


def test_a_clean_run_has_no_warnings() -> None:
    last = text(swv_all_electrodes(material(RUN[:1]))).splitlines()[-1]
    assert last == "No QC warnings detected. All data passed quality control."


def test_frequency_map_takes_the_first_scan_of_a_frequency() -> None:
    electrodes = [
        one(1, 1e-6, charge_c=1e-7, peak_potential_v=-0.3),
        one(2, 2e-6, charge_c=2e-7, peak_potential_v=-0.31),
    ]
    later = [one(1, 9e-6, charge_c=9e-7, peak_potential_v=-0.9)]
    high = [one(1, 3e-6, charge_c=3e-8, peak_potential_v=-0.3)]
    results = [
        scan(1, electrodes, frequency_hz=12.5),
        scan(2, later, frequency_hz=12.5),
        scan(3, high, frequency_hz=100.0),
    ]
    assert text(frequency_map(material(results))) == MAP


def cycle(electrode: int, current_a: float) -> ElectrodeResult:
    cv = CvResult(
        model="surface",
        segments=2,
        scan_rate_v_s=0.1,
        forward=CvPeak(segment=1, peak_current_a=current_a, charge_c=3e-6),
        peak_separation_v=0.06,
        probes=(CvProbe(potential_v=-0.2, forward_current_a=1e-6),),
    )
    return ElectrodeResult(electrode=electrode, cv=cv)


def test_cyclic_voltammetry() -> None:
    results = [
        scan(1, [cycle(1, 2e-6)], number=1),
        scan(2, [cycle(1, 2e-6), cycle(2, 4e-6)], number=2),
    ]
    settings = {"peak.cv.probe_potentials_v": [-0.2]}
    assert text(cv_all_electrodes(material(results, "cv", **settings))) == CV


def test_desktop_text() -> None:
    table = text(desktop_text(material(RUN, **{"trend.low_offset": 0.25})))
    head, *rows = [line.split(" ") for line in table.splitlines()]
    assert " ".join(head) == (
        "File Time(Hrs) PeakHeight_E1_10Hz PeakHeight_E2_10Hz PeakHeight_E1_100Hz "
        "PeakHeight_E2_100Hz Avg_PeakHeight_10Hz Avg_PeakHeight_100Hz Norm_E1_10Hz Norm_E2_10Hz "
        "Norm_E1_100Hz Norm_E2_100Hz Average_Norm_10Hz Average_Norm_100Hz SD_Norm_10Hz "
        "SD_Norm_100Hz NormalizedRatio_E1 NormalizedRatio_E2 NormalizedRatioAvg "
        "NormalizedRatioSTD KDM_E1 KDM_E2 AvgKDM KDM_STD"
    )
    assert [len(row) for row in rows] == [len(head)] * 2
    values = [dict(zip(head, map(float, row), strict=True)) for row in rows]
    assert [row["File"] for row in values] == [1, 3]
    first, last = values
    assert first["PeakHeight_E2_10Hz"] == pytest.approx(2.0)
    assert first["Avg_PeakHeight_10Hz"] == pytest.approx(1.5)
    assert (first["Norm_E1_10Hz"], first["Norm_E1_100Hz"]) == (1.25, 1.0)
    assert (first["KDM_E1"], first["NormalizedRatio_E1"], first["AvgKDM"]) == (1.0, 1.0, 1.0)
    assert math.isnan(first["PeakHeight_E2_100Hz"])
    assert math.isnan(last["KDM_E1"])


def test_desktop_text_of_one_electrode_and_frequency_has_no_means() -> None:
    times = [NOW, NOW.replace(hour=11)]
    results = [
        scan(k, [one(1, 1e-6)], frequency_hz=30.0, number=k, measured_at=at)
        for k, at in enumerate(times, start=1)
    ]
    lines = text(desktop_text(material(results))).splitlines()
    assert lines[0] == "File Time(Hrs) PeakHeight_E1_30Hz Norm_E1_30Hz"
    assert lines[2].split(" ")[:2] == ["2", "2.0"]


def test_desktop_text_of_a_frequency_map() -> None:
    results = [
        scan(1, [one(1, 1e-6, charge_c=1e-7), one(2, 3e-6, charge_c=3e-7)], frequency_hz=10.0),
    ]
    head, row = text(desktop_text(material(results, "frequency_map"))).splitlines()
    assert head == (
        "Frequency(Hz) PeakHeight_E1(uA) Charge_E1(uC) PeakHeight_E2(uA) Charge_E2(uC) "
        "Avg.PeakHeight(uA) Standard_Deviation(uA) Avg.Charge(uC) Standard_Deviation(uC)"
    )
    expected = [10, 1, 0.1, 3, 0.3, 2, math.sqrt(2), 0.2, math.sqrt(0.02)]
    assert [float(cell) for cell in row.split(" ")] == pytest.approx(expected)


@pytest.mark.parametrize(
    "layout", [swv_all_electrodes, frequency_map, cv_all_electrodes, desktop_text]
)
def test_a_session_without_such_scans_says_what_to_choose(layout: object) -> None:
    assert callable(layout)
    with pytest.raises(ExportError, match="choose csv") as refused:
        layout(material([scan(1, [])]))
    assert refused.value.kind == "not_found"
