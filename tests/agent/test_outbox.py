import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.agents import SESSION_ID
from support.tools import ROOT, wait_until

from agent.database import OutboxError
from agent.outbox import FileRecord, Outbox, Outcome, Taken
from agent.settling import Sighting
from sacmes_core.payloads.results import Receipt
from sacmes_core.upload import UploadHeader, upload_id

OTHER_SESSION = "1f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox.open(tmp_path / "outbox.sqlite")
    yield box
    box.close()


def taken(
    name: str, content: bytes = b"scan", session_id: str = SESSION_ID, outcome: Outcome = "sent"
) -> Taken:
    digest = hashlib.sha256(content).hexdigest()
    record = FileRecord(name, Sighting(len(content), 5), outcome, digest)
    if outcome != "sent":
        return Taken(record, session_id)
    header = UploadHeader(
        session_id=session_id,
        upload_id=upload_id(session_id, name, content),
        file=name,
        sha256=digest,
    )
    return Taken(record, session_id, header, content, len(content))


def identity(one: Taken) -> str:
    assert one.header is not None
    return one.header.upload_id


def receipt(one: Taken, status: str = "stored", **changes: object) -> Receipt:
    return Receipt.model_validate({"upload_id": identity(one), "status": status} | changes)


def test_what_is_added_waits_in_order_with_its_bytes(outbox: Outbox) -> None:
    several = [taken(f"{k}.txt", b"%d" % k) for k in range(5)]
    outbox.add(several)
    waiting = outbox.waiting(0, 3)
    assert [w.upload_id for w in waiting] == [identity(one) for one in several[:3]]
    assert len(outbox.waiting(waiting[-1].sequence, 100)) == 2
    assert outbox.load(waiting[1].upload_id) == (several[1].header, b"1")


def test_it_survives_closing(tmp_path: Path, outbox: Outbox) -> None:
    outbox.add([taken("a.txt")])
    outbox.close()
    again = Outbox.open(tmp_path / "outbox.sqlite")
    assert again.waiting_count() == 1
    again.close()


def test_a_stored_upload_gives_its_bytes_up(outbox: Outbox) -> None:
    one = taken("a.txt")
    assert not outbox.holds(identity(one))
    outbox.add([one])
    assert outbox.holds(identity(one))
    outbox.settle([receipt(one)])
    assert outbox.waiting_count() == 0
    assert outbox.load(identity(one)) is None
    assert not outbox.holds(identity(one))
    assert outbox.counters(SESSION_ID, 0).confirmed == 1


def test_a_refused_upload_stays_with_its_reason_and_can_be_sent_again(outbox: Outbox) -> None:
    one = taken("a.txt")
    outbox.add([one])
    outbox.settle([receipt(one, "refused", reason="Too many columns.")])
    assert outbox.holds(identity(one))
    assert outbox.waiting_count() == 0
    assert [(r.file, r.reason) for r in outbox.refused()] == [("a.txt", "Too many columns.")]
    assert outbox.retry_refused() == 1
    assert outbox.load(identity(one)) == (one.header, b"scan")
    assert outbox.waiting_count() == 1


def test_what_is_tried_again_stands_behind_all_others_in_its_order(outbox: Outbox) -> None:
    assert outbox.retry_refused() == 0
    several = [taken(f"{k}.txt") for k in range(4)]
    outbox.add(several)
    outbox.settle([receipt(one, "refused", reason="No.") for one in (several[0], several[2])])
    assert outbox.last_file() == "3.txt"
    newest = outbox.waiting(0, 10)[-1].sequence
    for _ in range(3):
        assert outbox.retry_refused() in (0, 2)
    again = outbox.waiting(newest, 10)
    assert [one.upload_id for one in again] == [identity(several[0]), identity(several[2])]
    outbox.add([taken("4.txt")])
    assert outbox.waiting(again[-1].sequence, 10)[0].upload_id == identity(taken("4.txt"))


def test_what_is_tried_again_stands_behind_what_is_forgotten_by_now(outbox: Outbox) -> None:
    several = [taken(f"{k}.txt") for k in range(5)]
    outbox.add(several)
    cursor = outbox.waiting(0, 10)[-1].sequence
    outbox.settle([receipt(several[0], "refused", reason="No."), *map(receipt, several[1:])])
    outbox.forget_sessions(OTHER_SESSION)
    assert outbox.retry_refused() == 1
    assert [one.upload_id for one in outbox.waiting(cursor, 10)] == [identity(several[0])]
    assert outbox.load(identity(several[0])) == (several[0].header, b"scan")


def test_a_refusal_for_now_keeps_it_waiting(outbox: Outbox) -> None:
    one = taken("a.txt")
    outbox.add([one])
    outbox.settle([receipt(one, "refused", reason="Disk full.", retry=True)])
    assert outbox.waiting_count() == 1
    assert outbox.counters(SESSION_ID, 1).refused == 0


def test_a_late_refusal_does_not_undo_a_receipt(outbox: Outbox) -> None:
    one = taken("a.txt")
    outbox.add([one])
    outbox.settle([receipt(one), receipt(one, "refused", retry=True)])
    assert outbox.waiting_count() == 0


def test_receipts_of_another_sender_are_ignored(outbox: Outbox) -> None:
    outbox.settle([receipt(taken("unknown.txt"))])
    assert outbox.counters(SESSION_ID, 0).confirmed == 0


def test_the_same_upload_is_kept_once(outbox: Outbox) -> None:
    one = taken("a.txt")
    outbox.add([one])
    outbox.settle([receipt(one)])
    outbox.add([one])
    assert outbox.waiting_count() == 0


def test_files_are_remembered_and_counted(outbox: Outbox) -> None:
    outbox.add(
        [
            taken("a.txt"),
            taken("b.txt", outcome="refused"),
            taken("c.txt", outcome="other"),
            taken("d.txt", outcome="backlog"),
        ]
    )
    counters = outbox.counters(SESSION_ID, 1)
    assert (counters.seen, counters.sent, counters.waiting, counters.refused) == (2, 1, 1, 1)
    assert dict(outbox.sightings(SESSION_ID)).keys() == {"a.txt", "b.txt", "c.txt", "d.txt"}
    record = outbox.record(SESSION_ID, "a.txt")
    assert record is not None
    assert record.sighting == Sighting(4, 5)
    outbox.forget_files(SESSION_ID, ["other"])
    assert outbox.record(SESSION_ID, "c.txt") is None
    assert outbox.record(SESSION_ID, "d.txt") is not None


def test_a_new_session_forgets_the_old_but_not_what_waits(outbox: Outbox) -> None:
    waits, stored = taken("a.txt", b"1", OTHER_SESSION), taken("b.txt", b"2", OTHER_SESSION)
    outbox.add([waits, stored])
    outbox.settle([receipt(stored)])
    outbox.forget_sessions(SESSION_ID)
    assert [w.upload_id for w in outbox.waiting(0, 10)] == [identity(waits)]
    assert list(outbox.sightings(OTHER_SESSION)) == []


def test_two_connections_see_each_other(tmp_path: Path, outbox: Outbox) -> None:
    second = Outbox.open(tmp_path / "outbox.sqlite")
    second.add([taken("a.txt")])
    assert outbox.waiting_count() == 1
    second.close()


def test_a_full_disk_is_a_sentence_and_nothing_half_written(outbox: Outbox) -> None:
    outbox.add([taken("before.txt")])
    pages = outbox._database.connection.execute("PRAGMA page_count").fetchone()[0]
    outbox._database.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(OutboxError, match="disk is full"):
        outbox.add([taken("small.txt", b"1"), taken("large.txt", bytes(1_000_000))])
    assert outbox.waiting_count() == 1
    assert outbox.record(SESSION_ID, "small.txt") is None
    outbox._database.connection.execute("PRAGMA max_page_count = 1000000")
    outbox.add([taken("large.txt", bytes(1_000_000))])
    assert outbox.waiting_count() == 2


def test_a_damaged_outbox_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    box = Outbox.open(path)
    assert box.waiting_count() == 0
    box.close()
    assert (tmp_path / "outbox.damaged-1.sqlite").exists()


def test_an_outbox_in_no_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises((OutboxError, FileNotFoundError)):
        Outbox.open(tmp_path / "nowhere" / "outbox.sqlite")


ADD_FOR_EVER = """
import sys
from pathlib import Path
from test_outbox import taken
from agent.outbox import Outbox
box = Outbox.open(Path(sys.argv[1]))
k = 0
while True:
    k += 1
    box.add([taken(f"{k}.txt", b"scan %d" % k)])
    print(k, flush=True)
"""


def test_what_was_added_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)])
    }
    said = tmp_path / "said"
    for _ in range(3):
        path.unlink(missing_ok=True)
        with said.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", ADD_FOR_EVER, str(path)], env=environment, stdout=out
            )
            wait_until(lambda: said.read_bytes().count(b"\n") > 20, timeout=20, what="20 uploads")
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        lines = said.read_bytes().splitlines(keepends=True)
        acknowledged = [int(line) for line in lines if line.endswith(b"\n")]
        box = Outbox.open(path)
        contents = {box.load(w.upload_id)[1] for w in box.waiting(0, 1_000_000)}  # type: ignore[index]
        assert contents >= {b"scan %d" % k for k in acknowledged}
        assert len(contents) <= len(acknowledged) + 1
        box.close()
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)


def test_it_is_readable_by_its_owner_alone(tmp_path: Path, outbox: Outbox) -> None:
    outbox.add([taken("a.txt")])
    assert (tmp_path / "outbox.sqlite").stat().st_mode & 0o077 == 0


def test_it_writes_through_to_the_disk(outbox: Outbox) -> None:
    connection: sqlite3.Connection = outbox._database.connection
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
