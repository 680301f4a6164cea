"""Backups: one file from either database, and back into either, with nothing lost on the way."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.postgres import Postgres

from analyzer.sessions import Started
from analyzer.store.backups import back_up, tables_of
from analyzer.store.claims import Claims
from analyzer.store.database import Database
from analyzer.store.engines import sqlite_url
from analyzer.store.restoring import restore
from analyzer.store.store import Store, open_store
from analyzer.store.uploads import Arrival
from sacmes_core.errors import ConfigError
from sacmes_core.payloads.questions import StartRequest
from sacmes_core.upload import UploadHeader, upload_id

SESSION = "9b2f4c1e-0000-4000-8000-00000000000{}"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
DUMP = Path(__file__).with_name("layout2.sql")


def silent(_done: int, _of: int) -> None:
    """Nobody watches."""


def upload(store: Store, session: int, *files: str) -> None:
    session_id = SESSION.format(session)
    arrivals = []
    for file in files:
        content = file.encode() * 100
        header = UploadHeader(
            session_id=session_id,
            upload_id=upload_id(session_id, file, content),
            file=file,
            sha256=hashlib.sha256(content).hexdigest(),
        )
        arrivals.append(Arrival("alice", header, content))
    store.uploads.commit(arrivals, NOW)


def content(url: str) -> dict[str, list[Any]]:
    """Every row of a store, but for who works with it."""
    database = Database(url)
    with database.read() as connection:
        found = {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for table in tables_of(connection)
            if table.name not in ("claims", "leases")
        }
    database.close()
    return found


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    store.sessions.apply("alice", Started(StartRequest(), SESSION.format(1)), NOW)
    upload(store, 1, "a", "µ b")
    upload(store, 2, "c")
    assert Claims(store.database, "one").next(0) is not None
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "target.sqlite")
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop(url)


def test_a_backup_restores_into_either_database(
    store: Store, store_url: str, target_url: str, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.sqlite"
    back_up(store.database, backup, silent)
    target = Database(target_url)
    assert restore(backup, target, tmp_path, silent) is None
    target.close()
    assert content(target_url) == content(store_url)
    assert not list(tmp_path.glob("restore-*"))
    again = open_store(target_url)
    upload(again, 2, "c", "d")
    upload(again, 3, "e")
    sessions = again.sessions.list("alice", 10)
    assert {s.session.session_id: s.session.name for s in sessions} == {
        SESSION.format(1): "",
        SESSION.format(2): "recovered",
        SESSION.format(3): "recovered",
    }
    found = Claims(again.database, "two").next(0)
    assert found is not None
    assert found.run == 1, "the claim of a worker of before the backup is no obstacle"
    again.close()


def test_a_store_that_holds_sessions_is_not_replaced_unasked(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.sqlite"
    back_up(store.database, backup, silent)
    upload(store, 4, "later")
    later = content(store_url)
    with pytest.raises(ConfigError, match=r"holds 3 sessions.*--force"):
        restore(backup, store.database, tmp_path, silent)
    assert content(store_url) == later
    before = restore(backup, store.database, tmp_path, silent, force=True)
    assert before is not None
    assert content(store_url) == content(sqlite_url(backup))
    assert content(sqlite_url(before)) == later


def test_a_store_in_use_is_not_replaced(store: Store, store_url: str, tmp_path: Path) -> None:
    backup = tmp_path / "backup.sqlite"
    back_up(store.database, backup, silent)
    target = Database(store_url)
    with store.database.shared(), pytest.raises(ConfigError, match="is at work"):
        restore(backup, target, tmp_path, silent, force=True)
    target.close()


def test_a_backup_of_an_older_layout_is_brought_up_to_date(target_url: str, tmp_path: Path) -> None:
    backup = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(backup)) as connection:
        connection.executescript(DUMP.read_text("utf-8"))
    before = backup.read_bytes()
    target = Database(target_url)
    restore(backup, target, tmp_path, silent)
    target.close()
    assert len(content(target_url)["results"]) == 3
    assert backup.read_bytes() == before


def test_what_is_no_whole_backup_is_refused(store_url: str, tmp_path: Path) -> None:
    database = Database(store_url)
    text = tmp_path / "text.sqlite"
    text.write_text("no database", "utf-8")
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE things (a)")
    for file, sentence in ((text, "no backup"), (other, "no backup"), (tmp_path / "x", "no file")):
        with pytest.raises(ConfigError, match=sentence):
            restore(file, database, tmp_path, silent)
    database.close()


def test_there_is_no_backup_of_nothing(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "none.sqlite"))
    with pytest.raises(ConfigError, match="There is no store"):
        back_up(database, tmp_path / "backup.sqlite", silent)
    assert list(tmp_path.iterdir()) == []
