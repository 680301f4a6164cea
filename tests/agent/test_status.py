"""What a home folder says about its agent, for people and for programs."""

from pathlib import Path

from support.agents import SESSION_ID, session_document

from agent.home import Home
from agent.outbox import FileRecord, Outbox, Taken
from agent.recordings import keep_position
from agent.settling import Sighting
from agent.status import status_lines, status_of
from sacmes_core.instruments.orders import Position
from sacmes_core.settings.method import MethodSettings
from sacmes_core.upload import UploadHeader, upload_id


def add(outbox: Outbox, name: str, *, refused: str | None = None) -> None:
    header = UploadHeader(
        session_id=SESSION_ID, upload_id=upload_id(SESSION_ID, name, b"scan"), file=name,
        sha256="0" * 64,
    )  # fmt: skip
    outcome = "refused" if refused else "sent"
    record = FileRecord(name, Sighting(4, 0), outcome, reason=refused)
    outbox.add([Taken(record, SESSION_ID, None if refused else header, b"scan", 4)])


def test_what_was_taken_and_refused_is_told_with_its_reasons(tmp_path: Path) -> None:
    with Home.opened(tmp_path) as home:
        home.keep_session(session_document())
        add(home.outbox, "SWV_1.txt")
        add(home.outbox, "SWV_2.txt")
        add(home.outbox, "SWV_3.txt", refused="It is no text.")
    status = status_of(tmp_path)
    assert status["last_file"] == "SWV_2.txt"
    assert status["refusals"] == [{"file": "SWV_3.txt", "reason": "It is no text."}]
    lines = status_lines(status)
    assert "scans     3 seen, 0 stored; the last is SWV_2.txt" in lines
    assert "refused   SWV_3.txt: It is no text." in lines


def test_before_anything_happened(tmp_path: Path) -> None:
    lines = status_lines(status_of(tmp_path))
    assert "session   none yet" in lines
    assert "scans     0 seen, 0 stored" in lines


def test_a_run_on_an_instrument_says_its_round(tmp_path: Path) -> None:
    source = {"frequencies_hz": (15.0, 200.0), "method": MethodSettings(repeats=40)}
    with Home.opened(tmp_path) as home:
        home.keep_session(session_document(source=source))
        assert "run       round 0 of 40 at 15 Hz, 200 Hz" in status_lines(status_of(tmp_path))
        for after, begun in ((Position(3, 1), 3), (Position(4), 3)):
            keep_position(home.outbox, SESSION_ID, after)
            run = status_of(tmp_path)["run"]
            assert (run["round"], run["rounds"]) == (begun, 40)
