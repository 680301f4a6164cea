"""What is known of a file beside its bytes counts where the file is silent, and only there."""

from datetime import UTC, datetime

import pytest
from support.agent import voltammogram

from analyzer.reading import Circumstances, read_scans
from sacmes_core.settings.reading import ReadingSettings

READING = ReadingSettings()
BARE = "".join(f"{-0.01 * k:.3f} {1e-7 / k:.4e}\n" for k in range(1, 31)).encode()


@pytest.mark.parametrize(
    ("technique", "read", "role"),
    [
        (None, "swv", "difference"),
        ("swv", "swv", "difference"),
        ("cv", "cv", "total"),
        ("ca", "ca", "total"),
    ],
)
def test_session_names_the_technique_of_bare_columns(
    technique: str | None, read: str, role: str
) -> None:
    (scan,) = read_scans("a_1.txt", BARE, READING, Circumstances(technique))
    assert (scan.technique, scan.curves[0].role) == (read, role)
    assert ("technique_assumed" in scan.flags) == (read == "swv")


@pytest.mark.parametrize("technique", ["cv", "ca"])
def test_file_that_names_its_technique_wins(technique: str) -> None:
    (scan,) = read_scans("a_1.txt", voltammogram(), READING, Circumstances(technique))
    assert scan.technique == "swv"


def test_mapping_wins_over_the_session() -> None:
    reading = ReadingSettings(time_column=1, current_column=2)
    (scan,) = read_scans("a_1.txt", BARE, reading, Circumstances("cv"))
    assert scan.technique == "ca"


def test_frequency_comes_from_header_then_name_then_what_was_sent() -> None:
    sent = Circumstances(frequency_hz=40.0)
    content = voltammogram(frequency_hz=60)
    (scan,) = read_scans("a_1.txt", content, READING, sent)
    assert (scan.frequency_hz, scan.flags) == (60.0, ("name_header_mismatch",))
    (scan,) = read_scans("a_25Hz_1.txt", BARE, READING, sent)
    assert (scan.frequency_hz, "name_header_mismatch" in scan.flags) == (25.0, False)
    (scan,) = read_scans("a_1.txt", BARE, READING, sent)
    assert scan.frequency_hz == 40.0


def test_frequency_of_one_scan_is_not_given_to_several() -> None:
    content = voltammogram(frequency_hz=60) + voltammogram(frequency_hz=90)
    scans = read_scans("a.txt", content, READING, Circumstances(frequency_hz=60.0))
    assert [scan.frequency_hz for scan in scans] == [60.0, 90.0]
    assert not any("name_header_mismatch" in scan.flags for scan in scans)


def test_clock_is_doubted_by_what_is_known_of_the_file() -> None:
    seen = Circumstances(seen_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert "clock_wrong" in read_scans("a.txt", voltammogram(), READING, seen)[0].flags
    assert "clock_wrong" not in read_scans("a.txt", voltammogram(), READING)[0].flags
