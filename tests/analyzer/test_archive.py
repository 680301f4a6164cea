"""A session as one file: another server holds the same afterwards, or nothing of it."""

import json
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from support.agent import packed, voltammogram

from analyzer.alerting import Changed, Open, Raised, Watch
from analyzer.archive import CLEARED_BECAUSE, export_session, import_session
from analyzer.ingest import Arrival, check
from analyzer.sessions import SettingsChanged, Started
from analyzer.status import Status
from analyzer.store.alerts import Judgement
from analyzer.store.engines import home_url
from analyzer.store.store import Store, open_store
from analyzer.worker import Worker
from sacmes_core.errors import ConfigError
from sacmes_core.link_events import Received
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.alerts import Alert
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.questions import SettingsRequest, StartRequest

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
OTHER = "9b2f4c1e-0000-4000-8000-000000000002"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


MARK = Mark(mark_id="m1", kind="injection", label="10 µM", number=2, concentration=10.0)
ALERTS = tuple(
    Alert(alert_id=kind, kind=kind, since=NOW, sentence="Look.", session_id=SESSION)
    for kind in ("no_scans", "agent_offline")
)


def cleared(alert: Alert, why: str) -> Alert:
    return alert.model_copy(update={"state": "cleared", "cleared_because": why})


class Nowhere:
    def publish(self, _publication: Publication) -> None:
        return None

    def acknowledge(self, _received: Received) -> None:
        return None


def upload(store: Store, session: str, file: str, content: bytes, **known: object) -> None:
    sent = packed(session, file, content, **known)
    arrival = check(Message(sent.topic, sent.payload, user_properties=sent.user_properties))
    assert isinstance(arrival, Arrival)
    store.uploads.commit([arrival], NOW)


def work(store: Store) -> None:
    worker = Worker(store, Nowhere(), Status(), holder="one")
    while worker.turn() or store.sessions.stale():
        pass


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Store]:
    """A session with other settings, a file that came twice, a broken one, and one that waits."""
    (tmp_path / "origin").mkdir()
    store = open_store(home_url(tmp_path / "origin"))
    started = StartRequest(name="µ run")
    store.sessions.apply("alice", Started(started, SESSION), NOW)
    for k in (1, 2, 3):
        content = voltammogram(height_a=k * 1e-6, frequency_hz=10, electrodes=1)
        upload(store, SESSION, f"day 1/SWV_10Hz_{min(k, 2)}.txt", content)
    upload(store, SESSION, "broken.txt", b"no numbers")
    work(store)
    run = store.sessions.find("alice", SESSION)
    assert run is not None
    settings = run.document.settings.changed({"trend.reference_number": 2})
    request = SettingsRequest(seen_revision=run.document.revision, settings=settings)
    store.sessions.apply("alice", SettingsChanged(request), NOW)
    work(store)
    store.marks.put(run.run, MARK, NOW)
    raised = [Raised(Open(alert.kind, alert)) for alert in ALERTS]
    over = Changed(Open(ALERTS[1].kind, cleared(ALERTS[1], "The agent is back.")))
    book = store.alerts
    before = book.watch("alice", 0.0)
    book.keep([Judgement("alice", before, Watch(), [*raised, over])], post=True)
    upload(store, SESSION, "SWV_10Hz_4.txt", voltammogram(frequency_hz=10, electrodes=1))
    yield store
    store.close()


@pytest.fixture
def target(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


@pytest.fixture
def file(origin: Store, tmp_path: Path) -> Path:
    file = tmp_path / "session.zip"
    assert export_session(origin.database, "alice", SESSION, file) == 5
    return file


def test_bytes_that_came_back_under_their_name_are_taken_along(
    origin: Store, target: Store, tmp_path: Path
) -> None:
    upload(origin, SESSION, "broken.txt", b"other bytes")
    upload(origin, SESSION, "broken.txt", b"no numbers", returned=1)
    file = tmp_path / "returned.zip"
    assert export_session(origin.database, "alice", SESSION, file) == 7
    import_session(target.database, file)
    run = target.sessions.find("alice", SESSION)
    assert run is not None
    last = target.uploads.at(run.run, 7)
    assert last is not None
    assert (last.header.returned, last.content) == (1, b"no numbers")


def test_another_server_holds_the_same(origin: Store, target: Store, file: Path) -> None:
    assert import_session(target.database, file) == ("alice", 1)
    before, after = (s.sessions.find("alice", SESSION) for s in (origin, target))
    assert before is not None
    assert after is not None
    assert after.document.settings == before.document.settings
    assert (after.document.name, after.document.state) == ("µ run", "stopped")
    assert target.marks.list(after.run) == (MARK,)
    kept = list(origin.results.every(before.run))
    assert list(target.results.every(after.run)) == kept
    assert len(kept) == 3
    for position in range(1, 6):
        there, here = (
            s.uploads.at(r.run, position) for s, r in ((origin, before), (target, after))
        )
        assert there is not None
        assert here is not None
        assert (here.header, here.content, here.revision) == (
            there.header,
            there.content,
            there.revision,
        )
    assert set(target.alerts.list("alice", 9)) == {
        cleared(ALERTS[0], CLEARED_BECAUSE),
        cleared(ALERTS[1], "The agent is back."),
    }
    assert target.alerts.open_of("alice") == target.alerts.posts(1e12, 9) == ()
    work(origin)
    work(target)
    assert list(target.results.every(after.run)) == list(origin.results.every(before.run))


def test_scans_come_in_while_a_session_is_being_read(
    target: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unpacking takes long, and a file holds one writer at a time."""
    compress = zlib.compress
    came: list[int] = []

    def slow(content: bytes, *level: int) -> bytes:
        monkeypatch.undo()
        upload(target, OTHER, "SWV_10Hz_9.txt", b"meanwhile")
        came.append(target.uploads.count_waiting())
        return compress(content, *level)

    target.database.engine.dispose()
    if target.database.engine.dialect.name == "sqlite":
        impatient = "PRAGMA busy_timeout=50"
        event.listen(target.database.engine, "connect", lambda c, _: c.execute(impatient))
    monkeypatch.setattr(zlib, "compress", slow)
    assert import_session(target.database, file) == ("alice", 1)
    assert came == [1]
    assert target.uploads.count_waiting() == 2


def test_a_file_of_the_version_before_is_read(target: Store, file: Path, tmp_path: Path) -> None:
    older = tmp_path / "older.zip"
    with zipfile.ZipFile(file) as new, zipfile.ZipFile(older, "w") as old:
        for name in new.namelist():
            content = new.read(name).replace(b'"version": 2', b'"version": 1')
            if name != "alerts.jsonl":
                old.writestr(name, content)
    assert import_session(target.database, older) == ("alice", 1)
    assert target.alerts.list("alice", 9) == ()


def test_people_find_their_files_in_it(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        assert "raw/000001_SWV_10Hz_1.txt" in names
        assert archive.read("raw/000004_broken.txt") == b"no numbers"
        manifest = json.loads(archive.read("manifest.json"))
        assert (manifest["format"], manifest["user_id"]) == ("sacmes-session", "alice")
        assert manifest["session"]["document"]["settings"]["trend"]["reference_number"] == 2


def test_a_session_is_imported_once_for_each_user(target: Store, file: Path) -> None:
    import_session(target.database, file)
    with pytest.raises(ConfigError, match="has the session"):
        import_session(target.database, file)
    assert import_session(target.database, file, "bob") == ("bob", 1)
    assert target.sessions.find("bob", SESSION) is not None


def test_what_runs_is_not_displaced(target: Store, file: Path) -> None:
    target.sessions.apply("alice", Started(StartRequest(), OTHER), NOW)
    import_session(target.database, file)
    newest = target.sessions.find("alice", None)
    assert newest is not None
    assert (newest.document.session_id, newest.document.state) == (OTHER, "running")
    listed = [s.session for s in target.sessions.list("alice", 10)]
    assert [s.session_id for s in listed] == [OTHER, SESSION]
    assert listed[1].state == "stopped"


def changed(file: Path, target: Path, member: str, change: Any) -> Path:
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == member and change is None:
                continue
            new.writestr(name, change(content) if name == member else content)
    return target


@pytest.mark.parametrize(
    ("member", "change", "sentence"),
    [
        ("raw/000002_SWV_10Hz_2.txt", lambda c: c + b" ", "are not those that came"),
        ("raw/000002_SWV_10Hz_2.txt", None, "is missing"),
        ("results.jsonl", lambda c: c[: len(c) // 2], "no whole file"),
        ("results.jsonl", lambda c: c.replace(b'"electrode": 1', b'"electrode": 0'), "electrode"),
        ("manifest.json", lambda c: c.replace(b'"version": 2', b'"version": 9'), "reads 2"),
        ("manifest.json", lambda c: c.replace(b"sacmes-session", b"else"), "no session of sacmes"),
        ("manifest.json", lambda c: c.replace(b'"alice"', b'"A/B"'), "user_id has"),
    ],
)
def test_a_damaged_file_adds_nothing(
    target: Store, file: Path, tmp_path: Path, member: str, change: Any, sentence: str
) -> None:
    damaged = changed(file, tmp_path / "damaged.zip", member, change)
    with pytest.raises(ConfigError, match=sentence):
        import_session(target.database, damaged)
    assert target.sessions.find("alice", SESSION) is None
    assert target.uploads.count_waiting() == 0


def test_what_is_no_file_of_a_session_is_refused(target: Store, tmp_path: Path) -> None:
    text = tmp_path / "text.zip"
    text.write_text("no archive", "utf-8")
    for file, sentence in ((text, "no whole file"), (tmp_path / "none.zip", "cannot be read")):
        with pytest.raises(ConfigError, match=sentence):
            import_session(target.database, file)


def test_nobody_exports_what_is_not_his(origin: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="bob has no session"):
        export_session(origin.database, "bob", SESSION, tmp_path / "x.zip")
    assert not list(tmp_path.glob("x.zip*"))
