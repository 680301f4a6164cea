from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.agents import chi_file

from agent.examination import examine
from agent.settling import Outlook
from sacmes_core.settings.reading import ReadingSettings

AUTO = ReadingSettings()


def outlook(content: bytes, name: str = "SWV_60Hz_3.txt") -> Outlook:
    return examine(content, name, AUTO).outlook


def test_a_scan_at_its_declared_end_is_proven_and_described() -> None:
    found = examine(chi_file(15), "E2_SWV_60Hz_3.txt", AUTO)
    assert found.outlook == "proven"
    assert (found.frequency_hz, found.number, found.electrode) == (15.0, 3, 2)
    assert found.measured_at is not None
    assert found.measured_at.tzinfo is not None
    assert found.reason is None


def test_utf_16_is_proven_as_well() -> None:
    assert outlook(chi_file().decode().encode("utf-16")) == "proven"


@pytest.mark.parametrize("cut", [1, 2, 3, 10, 40])
def test_a_cut_end_is_not_proven(cut: int) -> None:
    assert outlook(chi_file()[:-cut]) != "proven"


def test_a_scan_before_its_declared_end_is_unfinished_with_a_reason() -> None:
    found = examine(chi_file(last_v=-0.3), "a.txt", AUTO)
    assert found.outlook == "unfinished"
    assert found.reason
    assert "-0.5" in found.reason


def test_plain_columns_declare_no_end() -> None:
    rows = "".join(f"{k / 100:.2f}\t{k * 1e-9:.3e}\n" for k in range(40))
    assert outlook(rows.encode()) == "complete"


def test_a_header_alone_is_unreadable_so_far() -> None:
    assert outlook(chi_file().split(b"Potential/V")[0]) == "unreadable"


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(100), b"MZ\x90\x00" + bytes(range(256))])
def test_binary_is_told_from_text(content: bytes) -> None:
    found = examine(content, "SWV_60Hz_3.txt", AUTO)
    assert found.outlook == "binary"
    assert found.reason


@pytest.mark.parametrize("content", [b"", b" \r\n \n"])
def test_blank_is_unfinished(content: bytes) -> None:
    assert outlook(content) == "unfinished"


@given(st.binary(max_size=300), st.text(max_size=30))
def test_no_bytes_and_no_name_raise(content: bytes, name: str) -> None:
    examine(content, name, AUTO)


def test_every_real_file_is_described(samples: Path) -> None:
    series = samples / "chi_txt_swv_series"
    for file in series.glob("*.txt"):
        found = examine(file.read_bytes(), file.name, AUTO)
        assert found.outlook == "proven", file.name
        assert found.frequency_hz == 300.0
