import pytest

from agent.selection import frequency_belongs, is_ignored, name_belongs
from sacmes_core.settings.source import SourceSettings


@pytest.mark.parametrize(
    "name",
    [
        ".SWV_60Hz_1.txt",
        "~$SWV_60Hz_1.txt",
        "SWV_60Hz_1.txt.tmp",
        "SWV_60Hz_1.TMP",
        "SWV_60Hz_1.part",
        "SWV_60Hz_1.bin",
        "SWV_60Hz_1.txt~",
        "SWV_60Hz_1 (PC2's conflicted copy 2026-01-02).txt",
        "SWV_60Hz_1.sync-conflict-20260102-1.txt",
        "SWV_60Hz_1 (In Konflikt stehende Kopie von PC2 2026-01-02).txt",
        "SWV_60Hz_1 (Copie en conflit de PC2 2026-01-02).txt",
        "SWV_60Hz_1_conflict-copy.txt",
        "SWV_60Hz_1.txt.filepart",
        "SWV_60Hz_1.Conflict.txt",
        "desktop.bak",
    ],
)
def test_other_programs_files_are_ignored(name: str) -> None:
    assert is_ignored(name)
    assert not name_belongs(SourceSettings(), name)


@pytest.mark.parametrize(
    "name", ["SWV_60Hz_1.txt", "SWV_60HZ_1.TXT", "swv_60hz_1.Csv", "E2_SWV_60Hz_1.txt", "SWV_.DTA"]
)
def test_case_and_electrode_prefix_do_not_matter(name: str) -> None:
    assert name_belongs(SourceSettings(handle="swv_"), name)


@pytest.mark.parametrize("name", ["CV_1.txt", "my SWV_60Hz_1.txt", "SWV_60Hz_1.xlsx", "SWV_60Hz_1"])
def test_another_handle_or_extension_does_not_belong(name: str) -> None:
    assert not name_belongs(SourceSettings(handle="SWV_"), name)


def test_a_named_extension_is_the_only_one() -> None:
    source = SourceSettings(extension=".DTA")
    assert name_belongs(source, "SWV_1.dta")
    assert not name_belongs(source, "SWV_1.txt")


@pytest.mark.parametrize(
    ("name", "belongs"),
    [
        ("SWV_60Hz_4.txt", False),
        ("SWV_60Hz_5.txt", True),
        ("SWV_60Hz__10.txt", True),
        ("SWV_60Hz_11.txt", False),
        ("SWV_60Hz.txt", False),
    ],
)
def test_numbers_are_a_range(name: str, belongs: bool) -> None:
    assert name_belongs(SourceSettings(first_number=5, last_number=10), name) is belongs


def test_without_a_range_a_name_needs_no_number() -> None:
    assert name_belongs(SourceSettings(), "map_60Hz.txt")


@pytest.mark.parametrize(
    ("frequency_hz", "belongs"),
    [(60.0, True), (60.04, True), (61.0, False), (0.5, True), (None, True)],
)
def test_frequencies_are_a_list(frequency_hz: float | None, belongs: bool) -> None:
    source = SourceSettings(frequencies_hz=(0.5, 60.0))
    assert frequency_belongs(source, frequency_hz) is belongs
    assert frequency_belongs(SourceSettings(), frequency_hz)
