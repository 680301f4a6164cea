"""Checks on this computer."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.agents import SESSION_ID, chi_file

from agent.database import damage
from agent.doctor.findings import Finding
from agent.doctor.here import (
    DISK_FULL_BYTES,
    DISK_LOW_BYTES,
    check_disk,
    check_folder,
    check_outbox,
    clock_is_kept,
    judge_clock,
    judge_disk,
)
from agent.outbox import FileRecord, Outbox, Taken
from agent.settling import Sighting
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings


def folder_findings(
    folder: Path | None, *, subfolders: bool = False, **source: object
) -> list[Finding]:
    settings = SessionSettings(source=SourceSettings.model_validate(source))
    return list(check_folder(folder, settings, subfolders=subfolders))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (one,) = folder_findings(tmp_path / "gone")
    assert (one.level, "is the drive" in one.sentence) == ("problem", True)
    file = tmp_path / "file"
    file.touch()
    assert "no folder" in folder_findings(file)[0].sentence
    assert folder_findings(None)[0].level == "warning"


def test_an_empty_folder_is_fine(tmp_path: Path) -> None:
    (one,) = folder_findings(tmp_path)
    assert (one.level, "empty" in one.sentence) == ("ok", True)


def test_what_does_not_fit_is_counted_with_its_reasons(tmp_path: Path) -> None:
    for name in ("SWV_15Hz_1.txt", "SWV_15Hz_9.txt", "CV_1.txt", "photo.png"):
        (tmp_path / name).write_bytes(chi_file())
    names, files = folder_findings(tmp_path, handle="SWV_", last_number=5)
    assert names.level == "ok"
    assert "1 of 4 files fit" in names.sentence
    for reason in (
        "1 do not begin with 'SWV_'",
        "1 have another number",
        "1 do not end with .txt",
    ):
        assert reason in names.sentence
    assert files.sentence == "The 1 newest files can be read."
    none = folder_findings(tmp_path, handle="DPV_")[0]
    assert none.level == "warning"
    assert "Check the session's settings" in none.sentence


def test_files_that_cannot_be_read_are_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(chi_file())
    (tmp_path / "b.txt").write_bytes(bytes(range(256)) * 4)
    names, files = folder_findings(tmp_path)
    assert "all 2 files fit" in names.sentence
    assert files.level == "warning"
    assert "1 of the 2 newest files cannot be read, for example b.txt: " in files.sentence


def test_folders_in_the_folder_count_where_they_shall(tmp_path: Path) -> None:
    (tmp_path / "day 1").mkdir()
    (tmp_path / "day 1" / "a.txt").write_bytes(chi_file())
    assert "empty" in folder_findings(tmp_path)[0].sentence
    assert "all 1 files fit" in folder_findings(tmp_path, subfolders=True)[0].sentence


def outbox_finding(home: Path) -> Finding:
    return check_outbox(home, damage(home / "outbox.sqlite"))


def test_the_outbox_is_looked_at_and_not_touched(tmp_path: Path) -> None:
    assert outbox_finding(tmp_path).level == "ok"
    assert list(tmp_path.iterdir()) == []
    outbox = Outbox.open(tmp_path / "outbox.sqlite")
    assert outbox_finding(tmp_path).sentence == "All scans are stored."
    record = FileRecord("a.txt", Sighting(1, 1), "refused", reason="not text")
    outbox.add([Taken(record, SESSION_ID)])
    outbox.close()
    found = outbox_finding(tmp_path)
    assert (found.level, "1 were refused" in found.sentence) == ("warning", True)


def test_a_damaged_outbox_is_a_problem_and_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"this is no database" * 100)
    before = path.read_bytes()
    found = outbox_finding(tmp_path)
    assert (found.level, "damaged" in found.sentence) == ("problem", True)
    assert path.read_bytes() == before


def test_a_page_that_went_bad_is_found(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    outbox.add(
        [Taken(FileRecord(f"{k}.txt", Sighting(1, 1), "other"), SESSION_ID) for k in range(2000)]
    )
    outbox.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[-4096:] = b"\xff" * 4096
    path.write_bytes(content)
    assert outbox_finding(tmp_path).level == "problem"


def test_disk(tmp_path: Path) -> None:
    assert judge_disk(tmp_path, DISK_FULL_BYTES - 1).level == "problem"
    assert judge_disk(tmp_path, DISK_LOW_BYTES - 1).level == "warning"
    assert judge_disk(tmp_path, DISK_LOW_BYTES).level == "ok"
    assert check_disk(tmp_path / "gone").level == "problem"


@pytest.mark.parametrize(
    ("year", "kept", "level"),
    [
        (1970, True, "problem"),
        (2026, False, "warning"),
        (2026, True, "ok"),
        (2026, None, "ok"),
    ],
)
def test_clock(year: int, kept: bool | None, level: str) -> None:
    assert judge_clock(datetime(year, 11, 22, tzinfo=UTC), kept).level == level


def test_the_kernel_is_asked_without_being_changed() -> None:
    assert clock_is_kept() in (True, False, None)
