"""Real files of several laboratories against values that an independent reader found."""

import json
import math
from datetime import datetime
from pathlib import Path

import pytest
from support.tools import SAMPLES

from sacmes_core.errors import FormatError
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import Curve, Scan

READ = (
    "chi_txt_cv",
    "chi_txt_swv_bipot",
    "chi_txt_swv_multielectrode",
    "chi_txt_swv_series",
    "chi_bare_columns",
    "generic_text",
    "autolab_nova_txt",
)
REFUSED = ("biologic_mpr", "line_csv_stream")
NOT_READ = {
    "biologic_mpr/lsv.mpr": "export it as text in EC-Lab",
    "biologic_mpt/negative_OCV.mpt": "Open Circuit Voltage",
    "gamry_dta_cv/cv_data_incompleteheader.dta": "wait until the scan is finished",
    "gamry_dta_cv/negative_ocp_data.dta": "CORPOT",
    "line_csv_stream/F5Hz_M5_E4_acestat_style.txt": "set the unit",
    "line_csv_stream/F5Hz_M5_E4_kickstat_style.txt": "set the unit",
    "methodscript/doc_eis_10k.txt": "impedance",
    "methodscript/error_lines.txt": "correct the script",
    "methodscript/firmware_replies.txt": "no data",
    "pstrace_csv/negative_eis.csv": "Impedance Spectroscopy",
}
"""Samples that hold no voltammogram, or name no unit, and words of what is said of each."""

FILES = sorted(
    str(path.relative_to(SAMPLES))
    for path in SAMPLES.glob("*/*")
    if path.suffix not in (".md", ".json")
)
ROLES = {"d": "difference", "f": "forward", "r": "reverse"}


def read_file(path: Path) -> tuple[Scan, ...]:
    return read(path.read_bytes(), name=path.name)


def assert_curve(curve: Curve, expected: dict[str, float]) -> None:
    assert len(curve.potential_v) == len(curve.current_a) == expected["n"]
    got = {
        "E_first_V": curve.potential_v[0],
        "E_last_V": curve.potential_v[-1],
        "E_min_V": min(curve.potential_v),
        "E_max_V": max(curve.potential_v),
        "I_first_A": curve.current_a[0],
        "I_last_A": curve.current_a[-1],
        "I_min_A": min(curve.current_a),
        "I_max_A": max(curve.current_a),
    }
    for name, value in got.items():
        assert value == pytest.approx(expected[name], rel=1e-12, abs=1e-20), name


@pytest.mark.parametrize("file", FILES)
def test_every_sample_is_read_or_refused_with_a_sentence(file: str) -> None:
    if file in NOT_READ:
        with pytest.raises(FormatError, match=NOT_READ[file]) as refusal:
            read_file(SAMPLES / file)
        assert refusal.value.reason.endswith(".")
        return
    for scan in read_file(SAMPLES / file):
        assert scan.technique is not None
        for curve in scan.curves:
            assert len(curve.potential_v) == len(curve.current_a) == scan.points
            assert all(map(math.isfinite, curve.potential_v))
            assert curve.time_s is None or len(curve.time_s) == scan.points


@pytest.mark.parametrize("folder", READ)
def test_every_value_is_as_expected(samples: Path, folder: str) -> None:
    table = json.loads((samples / folder / "expected.json").read_text())
    assert table
    for name, expected in table.items():
        (scan,) = read_file(samples / folder / name)
        assert len(scan.curves) == len(expected["curves"])
        for curve, curve_expected in zip(scan.curves, expected["curves"], strict=True):
            assert_curve(curve, curve_expected)
        assert scan.complete
        if expected["format"] in ("chi", "generic"):
            assert scan.format == expected["format"]


@pytest.mark.parametrize(
    "folder", ["chi_txt_cv", "chi_txt_swv_bipot", "chi_txt_swv_multielectrode"]
)
def test_chi_header_is_lifted(samples: Path, folder: str) -> None:
    for name, expected in json.loads((samples / folder / "expected.json").read_text()).items():
        (scan,) = read_file(samples / folder / name)
        assert scan.technique == {"S": "swv", "C": "cv"}[expected["technique"][0]]
        assert scan.parameters["Instrument Model"] == expected["instrument"]
        assert {k: scan.parameters[k] for k in expected["params"]} == expected["params"]
        frequency = expected["params"].get("Frequency (Hz)")
        assert scan.frequency_hz == (float(frequency) if frequency else None)


def test_electrodes_keep_the_numbers_of_the_file(samples: Path) -> None:
    (scan,) = read_file(samples / "chi_txt_swv_multielectrode" / "F5Hz_M2.txt")
    assert scan.electrodes == (4, 5)
    assert [(c.electrode, c.role) for c in scan.curves] == [
        (electrode, ROLES[letter]) for electrode in (4, 5) for letter in "dfr"
    ]
    assert scan.measured_at == datetime(2024, 5, 7, 16, 5, 57)


def test_bare_columns_are_known_by_their_numbers(samples: Path) -> None:
    (scan,) = read_file(samples / "chi_bare_columns" / "F5Hz_M2_bare_space.txt")
    assert [(c.electrode, c.role) for c in scan.curves] == [
        (electrode, ROLES[letter]) for electrode in (1, 2) for letter in "dfr"
    ]
    assert scan.flags == ("units_assumed",)
    assert scan.frequency_hz == 5


def test_series_counts_by_the_names(samples: Path) -> None:
    scans = [read_file(path)[0] for path in (samples / "chi_txt_swv_series").glob("*.txt")]
    assert sorted(scan.number or 0 for scan in scans) == list(range(1, 13))


def test_half_written_line_is_left_out(samples: Path) -> None:
    (scan,) = read_file(samples / "partial_files" / "F80Hz_M1_E4_cut_mid_line.txt")
    assert len(scan.curves[0].current_a) == 359
    assert scan.flags == ("truncated_scan",)
    assert not scan.complete


SEVERAL = (
    "biologic_mpt",
    "gamry_dta_cv",
    "gamry_dta_swv",
    "palmsens_pssession",
    "pstrace_csv",
    "rodeostat_txt",
)


@pytest.mark.parametrize("folder", SEVERAL)
def test_every_curve_of_every_file_is_as_expected(samples: Path, folder: str) -> None:
    table = json.loads((samples / folder / "expected.json").read_text())
    for name, expected in table.items():
        wanted = [
            curve
            for part in expected.get("measurements", [expected])
            for curve in part.get("curves", [])
            if "E_first_V" in curve
        ]
        if not wanted:
            with pytest.raises(FormatError):
                read_file(samples / folder / name)
            continue
        curves = [curve for scan in read_file(samples / folder / name) for curve in scan.curves]
        assert len(curves) == len(wanted)
        for curve, curve_expected in zip(curves, wanted, strict=True):
            assert_curve(curve, curve_expected)


@pytest.mark.parametrize("folder", REFUSED)
def test_other_formats_are_refused_with_a_sentence(samples: Path, folder: str) -> None:
    paths = [p for p in (samples / folder).iterdir() if p.suffix not in (".md", ".json")]
    assert paths
    for path in paths:
        with pytest.raises(FormatError) as refusal:
            read_file(path)
        assert refusal.value.reason.endswith(".")
        assert len(refusal.value.reason) > 40
