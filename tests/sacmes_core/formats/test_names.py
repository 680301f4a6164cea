"""File names of SACMES on the web and on the desktop, and of everyone else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sacmes_core.formats.names import ScanName, natural_key, parse_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("H_60Hz_12.txt", ScanName("H_", 60, 12)),
        ("H_60Hz__12.txt", ScanName("H_", 60, 12)),
        ("H_60Hz12.txt", ScanName("H_", 60, 12)),
        ("H_60Hz_#12.DTA", ScanName("H_", 60, 12)),
        ("H_60Hz__#12.csv", ScanName("H_", 60, 12)),
        ("H_100Hz.txt", ScanName("H_", 100, None)),
        ("H_100Hz_.txt", ScanName("H_", 100, None)),
        ("E4_sample_40Hz_3.csv", ScanName("sample_", 40, 3, 4)),
        ("H_0.5Hz_7.txt", ScanName("H_", 0.5, 7)),
        ("H_0.5Hz", ScanName("H_", 0.5, None)),
        ("H_1kHz_2.txt", ScanName("H_", 1000, 2)),
        ("h_60hz_1.TXT", ScanName("h_", 60, 1)),
        ("CV_60Hz_1.txt", ScanName("CV_", 60, 1)),
        ("CV_1.txt", ScanName("CV", None, 1)),
        ("CV__1.txt", ScanName("CV", None, 1)),
        ("x_60Hz_3.DTA.txt", ScanName("x_", 60, 3)),
        ("folder\\run 2\\H_60Hz_12.txt", ScanName("H_", 60, 12)),
        ("a_60Hz/b_15Hz_2.txt", ScanName("b_", 15, 2)),
        ("F5Hz_M2.txt", ScanName("F", 5, None)),
        ("100uM_PYO_transfer_SWV_10.txt", ScanName("100uM_PYO_transfer_SWV", None, 10)),
        ("run_20240507.txt", ScanName("run", None, None)),
        ("H60Hz_2.txt", ScanName("H", 60, 2)),
        ("H_12.5Hz__#3.DTA", ScanName("H_", 12.5, 3)),
        ("E12_map_100Hz_.txt", ScanName("map_", 100, None, 12)),
        ("E2_H_60Hz__#12.DTA", ScanName("H_", 60, 12, 2)),
        ("E2_CV__3.txt", ScanName("CV", None, 3, 2)),
        ("CA_#4.txt", ScanName("CA", None, 4)),
        ("CA__#4.DTA", ScanName("CA", None, 4)),
        ("CA_.txt", ScanName("CA_", None, None)),
        ("MHz.txt", ScanName("MHz")),
        ("", ScanName("")),
    ],
)
def test_names(name: str, expected: ScanName) -> None:
    assert parse_name(name) == expected


def test_ten_follows_nine() -> None:
    names = ["s_10.txt", "s_9.txt", "S_1.txt", "s_2.txt"]
    assert sorted(names, key=natural_key) == ["S_1.txt", "s_2.txt", "s_9.txt", "s_10.txt"]


@given(st.lists(st.text()))
def test_any_names_parse_and_sort(names: list[str]) -> None:
    sorted(names, key=natural_key)
    for name in names:
        parsed = parse_name(name)
        assert parsed.frequency_hz is None or parsed.frequency_hz > 0
