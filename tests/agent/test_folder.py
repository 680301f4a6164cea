import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.agents import chi_file, session_document

from agent.database import OutboxError
from agent.folder import Folder, read_unchanged
from agent.listing import list_folder
from agent.outbox import Outbox
from sacmes_core.messages import Message
from sacmes_core.payloads.results import Receipt
from sacmes_core.protocol import MAX_UPLOAD_BYTES
from sacmes_core.upload import UploadHeader, pack, unpack


class Clocked:
    """A folder with a clock that the test sets forward."""

    def __init__(self, root: Path, outbox: Outbox) -> None:
        self.root = root
        self.outbox = outbox
        self.now = 1000.0
        self.folder = self.new_folder()
        self._cursor = 0

    def new_folder(self) -> Folder:
        return Folder(self.root, self.outbox, "alice")

    def restart(self) -> None:
        self.folder = self.new_folder()

    def write(self, name: str, content: bytes | None = None) -> Path:
        path = self.root / name
        path.write_bytes(chi_file() if content is None else content)
        return path

    def follow(self, **changes: object) -> None:
        self.folder.work_on(session_document(**changes), self.now)  # type: ignore[arg-type]

    def poll(self, wait_s: float = 0.0) -> list[str]:
        """Set the clock forward and poll until nothing more is taken; names newly in the outbox."""
        self.now += wait_s
        while self.folder.poll(self.now):
            pass
        return [header.file for header, _ in self.new_uploads()]

    def settled(self, wait_s: float = 3.0) -> list[str]:
        """See what is there, then wait."""
        return self.poll() + self.poll(wait_s)

    def new_uploads(self) -> list[tuple[UploadHeader, bytes]]:
        waiting = self.outbox.waiting(self._cursor, 10_000)
        self._cursor = waiting[-1].sequence if waiting else self._cursor
        loaded = [self.outbox.load(one.upload_id) for one in waiting]
        return [one for one in loaded if one is not None]


@pytest.fixture
def clocked(tmp_path: Path) -> Iterator[Clocked]:
    root = tmp_path / "data"
    root.mkdir()
    outbox = Outbox.open(tmp_path / "outbox.sqlite")
    yield Clocked(root, outbox)
    outbox.close()


def refusals(clocked: Clocked) -> list[str]:
    return [one.reason for one in clocked.outbox.refused()]


# When a file is taken -------------------------------------------------------------------------


def test_a_proven_scan_is_taken_almost_at_once(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt")
    assert clocked.poll() == []
    assert clocked.poll(0.2) == []
    assert clocked.poll(0.1) == ["SWV_15Hz_1.txt"]
    assert clocked.poll(100) == []


def test_a_growing_file_is_not_taken_before_its_end(clocked: Clocked) -> None:
    clocked.follow()
    content = chi_file()
    for length in range(200, len(content), 150):
        clocked.write("SWV_15Hz_1.txt", content[:length])
        assert clocked.poll() == []
        assert clocked.poll(1.0) == []
    clocked.write("SWV_15Hz_1.txt", content)
    assert clocked.settled(0.3) == ["SWV_15Hz_1.txt"]


def test_a_file_of_a_format_that_declares_nothing_waits_for_quiet(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("a_1.txt", b"".join(b"%.2f\t%.3e\n" % (k / 100, k * 1e-9) for k in range(40)))
    assert clocked.poll() == []
    assert clocked.poll(1.9) == []
    assert clocked.poll(0.2) == ["a_1.txt"]


def test_a_scan_that_stays_unfinished_is_sent_as_it_is_after_a_minute(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt", chi_file(last_v=-0.3))
    clocked.poll()
    assert clocked.poll(59) == []
    clocked.now += 2
    assert clocked.folder.poll(clocked.now) == 1
    ((header, content),) = clocked.new_uploads()
    assert not header.complete
    assert content == chi_file(last_v=-0.3)


def test_a_text_that_no_reader_knows_is_sent_all_the_same(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt", b"Dear diary,\nthe electrode looked fine today.\n")
    clocked.poll()
    clocked.now += 11
    assert clocked.folder.poll(clocked.now) == 1
    ((header, _),) = clocked.new_uploads()
    assert header.complete
    assert header.frequency_hz == 15.0


def test_an_empty_file_waits_for_its_content(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt", b"")
    assert clocked.settled(1000) == []
    clocked.write("SWV_15Hz_1.txt")
    assert clocked.settled() == ["SWV_15Hz_1.txt"]


def test_the_backlog_is_taken_in_the_order_of_measurement(clocked: Clocked) -> None:
    for number in (10, 9, 1, 2):
        for frequency in (200, 15):
            clocked.write(f"SWV_{frequency}Hz_{number}.txt", chi_file(frequency))
    clocked.follow()
    assert clocked.settled() == [
        f"SWV_{frequency}Hz_{number}.txt" for number in (1, 2, 9, 10) for frequency in (15, 200)
    ]


def test_a_file_that_the_listing_showed_too_late_keeps_its_place(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_200Hz_1.txt")
    assert clocked.poll() == []
    clocked.write("SWV_15Hz_1.txt")
    assert clocked.poll(0.1) == []
    assert clocked.poll(0.2) == []
    assert clocked.poll(0.1) == ["SWV_15Hz_1.txt", "SWV_200Hz_1.txt"]


def test_a_file_that_is_not_finished_keeps_others_waiting_for_a_moment(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt", chi_file()[:300])
    clocked.write("SWV_15Hz_2.txt")
    assert clocked.settled(1.9) == []
    assert clocked.poll(0.2) == ["SWV_15Hz_2.txt"]
    clocked.write("SWV_15Hz_3.txt")
    assert clocked.settled(0.3) == ["SWV_15Hz_3.txt"]


def test_a_large_backlog_is_taken_in_batches(clocked: Clocked) -> None:
    for number in range(1, 101):
        clocked.write(f"SWV_15Hz_{number}.txt")
    clocked.follow()
    clocked.poll()
    clocked.now += 1
    assert clocked.folder.poll(clocked.now) == 32
    assert len(clocked.poll()) == 100


def test_a_further_batch_does_not_read_all_names_again(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 101):
        clocked.write(f"SWV_15Hz_{number}.txt")
    clocked.follow()
    clocked.poll()
    monkeypatch.setattr("agent.listing.parse_name", lambda _: pytest.fail("was read again"))
    clocked.now += 1
    assert [clocked.folder.take(clocked.now) for _ in range(4)] == [32, 32, 32, 4]


def test_what_is_known_of_a_file_stands_in_its_header(clocked: Clocked) -> None:
    clocked.follow(technique="cv")
    path = clocked.write("E3_SWV_15Hz_7.txt", chi_file(200))
    os.utime(path, (1e9, 1e9))
    clocked.poll()
    clocked.now += 3
    clocked.folder.poll(clocked.now)
    ((header, content),) = clocked.new_uploads()
    assert content == chi_file(200)
    assert (header.frequency_hz, header.number, header.electrode) == (200.0, 7, 3)
    assert (header.technique, header.measured_at_source) == ("cv", "header")


def test_a_clock_that_is_not_set_is_told_with_the_upload(clocked: Clocked) -> None:
    clocked.folder.clock_synced = lambda: False
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt")
    clocked.poll()
    clocked.now += 1
    clocked.folder.poll(clocked.now)
    ((header, _),) = clocked.new_uploads()
    assert header.clock_synced is False


def test_without_a_time_in_the_header_the_files_own_is_told(clocked: Clocked) -> None:
    clocked.follow()
    rows = b"".join(b"%.2f\t%.3e\n" % (k / 100, k * 1e-9) for k in range(40))
    os.utime(clocked.write("a_1.txt", rows), (1e9, 1e9))
    clocked.poll()
    clocked.now += 3
    clocked.folder.poll(clocked.now)
    ((header, _),) = clocked.new_uploads()
    assert header.measured_at == datetime.fromtimestamp(1e9, UTC)
    assert header.measured_at_source == "mtime"
    assert header.modified_at == header.measured_at


# Changes and restarts -------------------------------------------------------------------------


def test_a_file_written_again_is_a_new_upload_of_the_same_name(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt", chi_file(shift=0))
    assert clocked.settled() == ["SWV_15Hz_1.txt"]
    clocked.write("SWV_15Hz_1.txt", chi_file(shift=5))
    assert clocked.settled() == ["SWV_15Hz_1.txt"]
    assert clocked.outbox.waiting_count() == 2


def test_the_same_content_saved_again_is_no_upload(clocked: Clocked) -> None:
    clocked.follow()
    path = clocked.write("SWV_15Hz_1.txt")
    assert clocked.settled() == ["SWV_15Hz_1.txt"]
    os.utime(path, ns=(1, 1))
    assert clocked.settled() == []


def test_a_content_that_comes_back_is_sent_again_as_the_newest(clocked: Clocked) -> None:
    clocked.follow()
    sent = []
    for shift in (1, 2, 1, 2, 2):
        clocked.write("SWV_15Hz_1.txt", chi_file(shift=shift))
        clocked.poll()
        clocked.now += 3
        clocked.folder.poll(clocked.now)
        sent += clocked.new_uploads()
    assert [content for _, content in sent] == [chi_file(shift=k) for k in (1, 2, 1, 2)]
    assert [header.returned for header, _ in sent] == [None, None, 1, 1]
    assert len({header.upload_id for header, _ in sent}) == 4
    for header, content in sent:
        publication = pack(header, content, user_id="alice")
        message = Message(
            publication.topic, publication.payload, user_properties=publication.user_properties
        )
        assert unpack(message) == ("alice", header, content)


def test_a_change_that_the_files_time_does_not_show_is_found(clocked: Clocked) -> None:
    clocked.follow()
    path = clocked.write("SWV_15Hz_1.txt", chi_file(shift=1))
    os.utime(path, (1e9, 1e9))
    assert clocked.poll() + clocked.poll(0.3) == ["SWV_15Hz_1.txt"]
    path.write_bytes(chi_file(shift=2))
    os.utime(path, (1e9, 1e9))
    assert clocked.poll(1) == []
    assert clocked.poll(2) == ["SWV_15Hz_1.txt"]


def test_files_that_a_share_lost_and_found_are_not_read_again(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocked.follow()
    path = clocked.write("SWV_15Hz_1.txt")
    assert clocked.settled() == ["SWV_15Hz_1.txt"]
    away = path.rename(clocked.root.with_name("away"))
    assert clocked.settled() == []
    away.rename(path)
    monkeypatch.setattr("agent.folder.read_unchanged", lambda _: pytest.fail("was read again"))
    assert clocked.settled() == []


def test_a_file_renamed_into_place_is_taken_and_its_first_name_never(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt", chi_file(shift=1))
    assert clocked.settled() == ["SWV_15Hz_1.txt"]
    part = clocked.write("SWV_15Hz_1.txt.tmp", chi_file(shift=2))
    assert clocked.settled() == []
    part.replace(clocked.root / "SWV_15Hz_1.txt")
    assert clocked.settled() == ["SWV_15Hz_1.txt"]


def test_a_restart_reads_nothing_again_and_misses_no_change(clocked: Clocked) -> None:
    clocked.follow()
    changed = clocked.write("SWV_15Hz_1.txt")
    kept = clocked.write("SWV_15Hz_2.txt")
    clocked.settled()
    clocked.restart()
    clocked.write(changed.name, chi_file(shift=3))
    clocked.write("SWV_15Hz_3.txt")
    if sys.platform != "win32":
        kept.chmod(0o000)
    clocked.follow()
    assert clocked.settled() == ["SWV_15Hz_1.txt", "SWV_15Hz_3.txt"]


def test_a_new_session_takes_the_folder_anew(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt")
    assert clocked.settled() == ["SWV_15Hz_1.txt"]
    clocked.follow(revision=2, session_id="1f8fad5b-d9cb-469f-a165-70867728950e")
    assert clocked.settled() == ["SWV_15Hz_1.txt"]


def test_stop_stops(clocked: Clocked) -> None:
    clocked.follow()
    clocked.follow(revision=2, state="stopped")
    clocked.write("SWV_15Hz_1.txt")
    assert clocked.settled(100) == []


# What belongs ---------------------------------------------------------------------------------


def test_the_header_beats_the_name_for_the_frequency(clocked: Clocked) -> None:
    clocked.follow(source={"frequencies_hz": (15.0,)})
    clocked.write("SWV_200Hz_1.txt", chi_file(15))
    clocked.write("SWV_15Hz_2.txt", chi_file(200))
    assert clocked.settled() == ["SWV_200Hz_1.txt"]


def test_a_frequency_added_later_brings_its_files_in(clocked: Clocked) -> None:
    clocked.follow(source={"frequencies_hz": (15.0,)})
    clocked.write("SWV_15Hz_1.txt", chi_file(15))
    clocked.write("SWV_200Hz_1.txt", chi_file(200))
    assert clocked.settled() == ["SWV_15Hz_1.txt"]
    clocked.follow(revision=2, source={"frequencies_hz": (15.0, 200.0)})
    assert clocked.settled() == ["SWV_200Hz_1.txt"]


def test_a_file_that_no_longer_belongs_is_not_followed_further(clocked: Clocked) -> None:
    clocked.follow(source={"handle": "SWV_"})
    clocked.write("SWV_15Hz_1.txt")
    clocked.settled()
    clocked.follow(revision=2, source={"handle": "other"})
    clocked.write("SWV_15Hz_1.txt", chi_file(shift=4))
    assert clocked.settled() == []


@pytest.mark.parametrize("backlog", ["all", "since", "none"])
def test_the_backlog_is_chosen_and_remembered(clocked: Clocked, backlog: str) -> None:
    started_at = datetime.now(UTC) - timedelta(minutes=10)
    old = clocked.write("SWV_15Hz_1.txt")
    os.utime(old, (1e9, 1e9))
    clocked.write("SWV_15Hz_2.txt")
    document = {"source": {"backlog": backlog}, "started_at": started_at}
    expected = {"all": 2, "since": 1, "none": 0}[backlog]
    clocked.follow(**document)
    assert len(clocked.settled()) == expected
    copied = clocked.write("SWV_15Hz_3.txt")
    os.utime(copied, (1e9, 1e9))
    assert clocked.settled() == ["SWV_15Hz_3.txt"]
    clocked.restart()
    clocked.follow(**document)
    clocked.write("SWV_15Hz_4.txt")
    assert clocked.settled() == ["SWV_15Hz_4.txt"]
    clocked.write("SWV_15Hz_1.txt", chi_file(shift=7))
    assert clocked.settled() == ["SWV_15Hz_1.txt"]


def test_folders_in_the_folder_count_only_when_asked(clocked: Clocked) -> None:
    (clocked.root / "old").mkdir()
    clocked.write("old/SWV_15Hz_1.txt")
    clocked.follow()
    assert clocked.settled() == []
    clocked.folder.subfolders = True
    assert clocked.settled() == ["old/SWV_15Hz_1.txt"]


# What goes wrong ------------------------------------------------------------------------------


def test_binary_rubbish_is_refused_with_its_reason_once(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt", b"PK\x03\x04" + bytes(500))
    assert clocked.settled() == []
    assert clocked.settled() == []
    (reason,) = refusals(clocked)
    assert "Excel" in reason
    assert clocked.outbox.counters(session_document().session_id, 0).refused == 1


def test_a_file_too_large_is_refused_without_reading_it(clocked: Clocked) -> None:
    clocked.follow()
    with (clocked.root / "SWV_15Hz_1.txt").open("wb") as file:
        file.truncate(MAX_UPLOAD_BYTES + 1)
    assert clocked.settled() == []
    (reason,) = refusals(clocked)
    assert "16,777,217 bytes" in reason


def test_a_refused_file_that_is_mended_is_taken(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt", b"PK\x03\x04" + bytes(500))
    clocked.settled()
    clocked.write("SWV_15Hz_1.txt")
    assert clocked.settled() == ["SWV_15Hz_1.txt"]
    assert refusals(clocked) == []


@pytest.mark.skipif(sys.platform == "win32", reason="rights are another matter on Windows")
def test_a_locked_file_is_tried_again_and_then_said(tmp_path: Path) -> None:
    outbox = Outbox.open(tmp_path / "outbox.sqlite")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        clocked = Clocked(Path(folder), outbox)
        clocked.follow()
        path = clocked.write("SWV_15Hz_1.txt")
        path.chmod(0o000)
        with without_roots_rights():
            for _ in range(12):
                assert clocked.poll(10) == []
        assert clocked.folder.problem is not None
        assert "SWV_15Hz_1.txt" in clocked.folder.problem
        path.chmod(0o600)
        assert clocked.poll(60) == ["SWV_15Hz_1.txt"]
    outbox.close()


@contextmanager
def without_roots_rights() -> Iterator[None]:
    """Root may read every file; so look as nobody where the tests run as root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("running", [True, False])
def test_a_folder_that_vanishes_is_said_and_watched_again(clocked: Clocked, running: bool) -> None:
    if running:
        clocked.follow()
        clocked.write("SWV_15Hz_1.txt")
        assert clocked.settled() == ["SWV_15Hz_1.txt"]
    away = clocked.root.with_name("away")
    clocked.root.rename(away)
    assert clocked.poll(1) == []
    assert clocked.folder.problem is not None
    assert "is gone" in clocked.folder.problem
    assert not clocked.folder.there
    away.rename(clocked.root)
    assert clocked.settled() == []
    assert clocked.folder.problem is None
    assert clocked.folder.there


def test_a_full_disk_postpones_and_loses_nothing(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt")
    connection = clocked.outbox._database.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    clocked.folder.poll(clocked.now)
    for k in range(20):
        clocked.write(f"SWV_15Hz_{k + 1}.txt", chi_file(shift=k))
    clocked.poll()
    with pytest.raises(OutboxError):
        clocked.poll(1)
    connection.execute("PRAGMA max_page_count = 1000000")
    clocked.poll(1)
    clocked.poll(3)
    names = {path.name for path in clocked.root.iterdir()}
    held = {file for file, _ in clocked.outbox.sightings(session_document().session_id)}
    assert held == names


def test_a_full_outbox_leaves_files_where_they_are_and_says_so(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.folder.OUTBOX_MAX_BYTES", 200_000)
    clocked.follow()
    for number in range(1, 101):
        clocked.write(f"SWV_15Hz_{number}.txt", chi_file(shift=number) + b"\r\n" * 4000)
    taken = clocked.settled()
    assert 0 < len(taken) < 100
    assert clocked.folder.problem is not None
    assert "stay in the folder" in clocked.folder.problem
    for waiting in clocked.outbox.waiting(0, 1000):
        clocked.outbox.settle([Receipt(upload_id=waiting.upload_id, status="stored")])
    taken += clocked.settled()
    assert len(set(taken)) == len(taken) > 60
    assert clocked.outbox.held_bytes() > 0


def test_where_nothing_can_be_taken_it_is_not_asked_at_once_again(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocked.follow()
    for number in (1, 2, 3):
        clocked.write(f"SWV_15Hz_{number}.txt", chi_file(last_v=-0.3))
    clocked.poll()
    assert clocked.folder.next_due(clocked.now) == clocked.now + 0.25
    with monkeypatch.context() as full:
        full.setattr("agent.folder.OUTBOX_MAX_BYTES", 0)
        assert clocked.poll(1) == []
        assert clocked.folder.next_due(clocked.now) == clocked.now + 1
    monkeypatch.setattr("agent.folder.FOLLOWED_MAX", 3)
    clocked.write("SWV_15Hz_4.txt")
    assert clocked.poll() == []
    assert clocked.folder.next_due(clocked.now) == clocked.now + 1


@pytest.mark.skipif(sys.platform != "linux", reason="only here may names be no text")
def test_a_name_that_is_no_text_is_sent_under_a_readable_one(clocked: Clocked) -> None:
    clocked.follow()
    with open(os.fsencode(clocked.root) + b"/SWV_\xb5_15Hz_1.txt", "wb") as file:  # noqa: PTH123
        file.write(chi_file())
    assert clocked.settled() == ["SWV_\ufffd_15Hz_1.txt"]


def test_control_characters_in_a_name_do_not_stop_the_others(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt")
    (clocked.root / "SWV_\n\x07_15Hz_2.txt").write_bytes(chi_file())
    assert clocked.settled() == ["SWV_15Hz_1.txt", "SWV_\n\x07_15Hz_2.txt"]


def test_a_file_that_changes_between_the_look_and_the_reading_is_not_taken(
    clocked: Clocked,
) -> None:
    path = clocked.write("SWV_15Hz_1.txt")
    listed = dict(list_folder(clocked.root, subfolders=False))["SWV_15Hz_1.txt"]
    assert read_unchanged(listed) == chi_file()
    path.write_bytes(chi_file(shift=1))
    os.utime(path, ns=(listed.sighting.mtime_ns, listed.sighting.mtime_ns + 1))
    assert read_unchanged(listed) is None
    path.write_bytes(chi_file() + b"more")
    os.utime(path, ns=(listed.sighting.mtime_ns, listed.sighting.mtime_ns))
    assert read_unchanged(listed) is None


def test_a_receipt_and_a_change_at_once_do_not_cross(clocked: Clocked) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt")
    clocked.poll()
    clocked.poll(1)
    first = clocked.outbox.waiting(0, 1)[0].upload_id
    clocked.write("SWV_15Hz_1.txt", chi_file(shift=2))
    clocked.settled()
    clocked.outbox.settle([Receipt(upload_id=first, status="stored")])
    assert clocked.outbox.waiting_count() == 1


def test_what_is_only_in_the_cloud_is_not_fetched_but_said(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocked.follow()
    clocked.write("SWV_15Hz_1.txt")
    monkeypatch.setattr("agent.listing.is_only_in_the_cloud", lambda _: True)
    assert clocked.settled(100) == []
    assert clocked.folder.problem is not None
    assert "1 files, SWV_15Hz_1.txt for one, are only in the cloud" in clocked.folder.problem
    monkeypatch.undo()
    assert clocked.settled() == ["SWV_15Hz_1.txt"]
    assert clocked.folder.problem is None


def test_of_very_many_files_a_few_are_followed_at_a_time_in_their_order(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.folder.FOLLOWED_MAX", 3)
    for number in range(10, 0, -1):
        clocked.write(f"SWV_15Hz_{number}.txt")
    clocked.follow()
    taken = []
    for _ in range(12):
        taken += clocked.settled()
        assert len(clocked.folder._files) <= 3
    assert taken == [f"SWV_15Hz_{number}.txt" for number in range(1, 11)]


def test_a_folder_with_too_many_files_is_said(
    clocked: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.listing.FILES_MAX", 2)
    monkeypatch.setattr("agent.folder.FILES_MAX", 2)
    for number in range(3):
        clocked.write(f"SWV_15Hz_{number}.txt")
    clocked.follow()
    assert len(clocked.settled()) == 2
    assert clocked.folder.problem is not None
    assert "2 files or more" in clocked.folder.problem


def test_files_that_are_done_cost_little(clocked: Clocked) -> None:
    for number in range(3000):
        clocked.write(f"SWV_15Hz_{number}.txt", b"x")
    clocked.follow(source={"backlog": "none"})
    clocked.poll()
    began = time.process_time()
    clocked.poll(1)
    assert time.process_time() - began < 0.5
