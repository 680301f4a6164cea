"""The checks one after the other: what costs much is done once, and a missing home is no fault."""

from pathlib import Path

import pytest
from support.agents import session_document

from agent import session
from agent.database import damage
from agent.doctor import examination
from agent.doctor.examination import Patient, examined
from agent.doctor.findings import Finding
from agent.identity import load_identity
from agent.outbox import FILE_NAME, Outbox
from sacmes_core.address import BrokerAddress

NOWHERE = BrokerAddress("mqtt", "127.0.0.1", 9, "lab-7", "the-key")


def by_check(home: Path, folder: Path | None = None) -> dict[str, Finding]:
    return {one.check: one for one in examined(Patient(home, NOWHERE, folder))}


def test_the_outbox_is_read_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def counted(path: Path) -> str | None:
        read.append(path)
        return damage(path)

    monkeypatch.setattr(examination, "damage", counted)
    Outbox.open(tmp_path / FILE_NAME).close()
    found = by_check(tmp_path)
    assert found["outbox"].sentence == "All scans are stored."
    assert "user_id" not in found
    assert read == [tmp_path / FILE_NAME]


def test_an_outbox_that_is_not_there_is_sound_and_not_made(tmp_path: Path) -> None:
    found = by_check(tmp_path)
    assert found["outbox"].level == "ok"
    assert "user_id" not in found
    assert not (tmp_path / FILE_NAME).exists()


def test_a_damaged_outbox_hides_neither_the_folder_nor_the_way(tmp_path: Path) -> None:
    home, folder = tmp_path / "agent", tmp_path / "scans"
    home.mkdir()
    folder.mkdir()
    load_identity(home)
    (home / FILE_NAME).write_bytes(b"this is no database" * 100)
    (home / session.FILE_NAME).write_bytes(session.to_bytes(session_document()))
    found = by_check(home, folder)
    assert found["folder"].level == "ok"
    assert found["outbox"].level == "problem"
    assert "tcp" in found
