"""Layouts: an older store becomes what a new one is, keeps what it holds, and a backup before."""

import logging
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect
from support.stored import Outbox

from analyzer.status import Status
from analyzer.store import upgrades
from analyzer.store.backups import back_up, copy_rows
from analyzer.store.database import Database, StoreError
from analyzer.store.engines import home_url, sqlite_url
from analyzer.store.layouts import OLDEST, layout_of, make
from analyzer.store.store import open_store
from analyzer.store.tables import LAYOUT
from analyzer.worker import Worker
from sacmes_core.errors import ConfigError
from sacmes_core.payloads.results import Result

DUMPS = Path(__file__).parent
"""What versions of these layouts wrote. In all of them alice has a file that came twice, one that
cannot be read, and one that waits; from 4 on also marks and a deleted session; 5 was interrupted
while it analysed hers again."""
SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
DELETED = "9b2f4c1e-0000-4000-8000-000000000002"


def older(file: Path, layout: int = OLDEST) -> Path:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript((DUMPS / f"layout{layout}.sql").read_text("utf-8"))
        connection.execute("PRAGMA journal_mode=WAL")
    return file


def put_older(store_url: str, tmp_path: Path, layout: int = OLDEST) -> str:
    """Make a store of an older layout in either database."""
    if store_url.startswith("sqlite"):
        older(tmp_path / "store.sqlite", layout)
        return store_url
    dump = older(tmp_path / "dump.sqlite", layout)
    source, target = Database(sqlite_url(dump)), Database(store_url)
    make(target, layout)
    with source.read() as old, target.write() as new:
        if layout == OLDEST:
            new.exec_driver_sql("DROP TABLE alembic_version")
        copy_rows(old, new, lambda *_: None)
    source.close()
    target.close()
    return store_url


@pytest.fixture
def old_url(store_url: str, tmp_path: Path) -> str:
    """A store of the oldest layout in either database."""
    return put_older(store_url, tmp_path)


def shape(url: str) -> dict[str, Any]:
    """Everything that makes a layout, in words that two databases of one kind share."""
    database = Database(url)
    with database.read() as connection:
        seen = inspect(connection)
        found = {
            name: {
                "columns": [
                    (c["name"], str(c["type"]), c["nullable"], c["default"])
                    for c in seen.get_columns(name)
                ],
                "key": seen.get_pk_constraint(name),
                "references": sorted(map(str, seen.get_foreign_keys(name))),
                "unique": sorted(map(str, seen.get_unique_constraints(name))),
                "indexes": sorted(map(_index, seen.get_indexes(name))),
            }
            for name in seen.get_table_names()
        }
    database.close()
    return found


def _index(found: Any) -> str:
    options = {name: str(value) for name, value in found.get("dialect_options", {}).items()}
    return f"{found['name']} {found['column_names']} {found['unique']} {options}"


def test_steps_lead_to_what_a_new_store_has(old_url: str, tmp_path: Path) -> None:
    open_store(old_url, tmp_path).close()
    led = shape(old_url)
    database = Database(old_url)
    with database.write() as connection:
        for name in reversed([*led]):
            cascade = " CASCADE" if database.engine.dialect.name == "postgresql" else ""
            if not cascade:
                connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            connection.exec_driver_sql(f"DROP TABLE {name}{cascade}")
    database.close()
    open_store(old_url).close()
    assert shape(old_url) == led
    assert {"alembic_version", "claims", "leases", "marks", "meta", "uploads"} <= led.keys()


def test_an_old_store_keeps_what_it_holds(
    old_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store = open_store(old_url, tmp_path)
    run = store.sessions.find("alice", SESSION)
    assert run is not None
    assert [r.scan.revision for r in store.results.every(run.run)] == [2]
    (waiting,) = store.uploads.waiting(run.run, limit=9, limit_bytes=10**9)
    assert (waiting.position, waiting.content) == (3, b"waits to be analysed")
    assert store.database.remember("client_id", "x") == "analyzer.ingest.0123456789abcdef01234567"
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT run, turn FROM claims ORDER BY run").all() == [
            (1, 0),
            (2, 0),
        ]
        assert layout_of(connection) == LAYOUT
        query = "SELECT user_id, stored_bytes > 0 FROM users ORDER BY user_id"
        assert connection.exec_driver_sql(query).all() == [("alice", 1), ("bob", 1)]
    store.close()
    told = " ".join(caplog.messages)
    assert f"layout 2; this version needs {LAYOUT}. First a backup" in told
    assert "Backup: 100 %" in told
    assert (
        "Layout 3: Workers claim sessions, one ingest holds a lease, and users have quotas" in told
    )


@pytest.mark.parametrize("layout", [4, 5])
def test_work_goes_on_where_an_older_version_ended(
    store_url: str, tmp_path: Path, layout: int
) -> None:
    store = open_store(put_older(store_url, tmp_path, layout), tmp_path)
    run = store.sessions.find("alice", SESSION)
    assert run is not None
    assert peaks_ua(store.results.every(run.run)) == {1: 1.0, 3: 3.0, 4: None}
    assert [mark.label for mark in store.marks.list(run.run)] == ["ATP"]
    assert [s.session.session_id for s in store.sessions.list("alice", 9)] == [SESSION]
    deleted = store.sessions.list("alice", 9, deleted=True)
    assert {s.session.session_id for s in deleted} == {SESSION, DELETED}
    worker = Worker(store, Outbox(), Status(), holder="two")
    while worker.turn() or store.sessions.stale():
        pass
    after = list(store.results.every(run.run))
    assert peaks_ua(after) == {1: 1.0, 3: 3.0, 4: None, 5: 4.0}
    assert {r.settings_revision for r in after} == {run.document.settings_revision}
    assert store.alerts.list("alice", 9) == ()
    store.close()


def peaks_ua(results: Iterable[Result]) -> dict[int, float | None]:
    """The current of the one electrode by position; None for a file without numbers."""
    found = ((r.position, [e.peak_current_a for e in r.electrodes]) for r in results)
    return {position: round(1e6 * i[0], 1) if i and i[0] else None for position, i in found}


def test_the_backup_holds_the_old_store(old_url: str, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    open_store(old_url, backups).close()
    (backup,) = backups.glob("*")
    assert backup.name.startswith("store.layout-2.")
    with (
        closing(sqlite3.connect(backup)) as kept,
        closing(sqlite3.connect(older(tmp_path / "truth.sqlite"))) as truth,
    ):
        for name in ("meta", "users", "sessions", "documents", "uploads", "jobs", "results"):
            query = f"SELECT * FROM {name} ORDER BY 1, 2"
            assert kept.execute(query).fetchall() == truth.execute(query).fetchall(), name
    assert (len(shape(sqlite_url(backup))["uploads"]["columns"])) == 9


def test_no_step_without_a_backup(
    old_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match=r"(cannot|may not) be written"):
        open_store(old_url, tmp_path / "nowhere")
    database = Database(old_url)
    with database.read() as connection:
        assert layout_of(connection) == OLDEST

    def fault(*_: object) -> None:
        raise KeyError("a fault in a step")

    monkeypatch.setattr(upgrades, "upgrade", fault)
    with pytest.raises(KeyError, match="a fault"):
        open_store(old_url, tmp_path)
    with database.read() as connection:
        assert layout_of(connection) == OLDEST
        assert not inspect(connection).has_table("claims")
    database.close()


def test_an_old_store_in_use_is_left_alone(old_url: str, tmp_path: Path) -> None:
    database = Database(old_url)
    with (
        database.alone(),
        pytest.raises(ConfigError, match="An analyzer is at work"),
    ):
        open_store(old_url, tmp_path)
    database.close()


@pytest.mark.parametrize(("layout", "which"), [(99, "newer"), (1, "older")])
def test_a_layout_that_is_not_read_is_refused(store_url: str, layout: int, which: str) -> None:
    store = open_store(store_url)
    with store.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE meta SET value = '{layout}' WHERE name = 'schema'")
    store.close()
    with pytest.raises(ConfigError, match=f"layout {layout}.*Install a {which} version"):
        open_store(store_url)


def test_a_backup_of_a_store_in_use_is_one_moment_of_it(tmp_path: Path) -> None:
    store = open_store(home_url(tmp_path))
    for k in range(40):
        store.database.remember(f"early {k}", "x" * 100_000)
    late = iter(range(10_000))

    def write_on(_done: int, _of: int) -> None:
        store.database.remember(f"late {next(late)}", "x" * 100_000)

    back_up(store.database, tmp_path / "copy.sqlite", write_on)
    store.close()
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        names = [name for (name,) in copy.execute("SELECT name FROM meta")]
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert len([name for name in names if name.startswith("early")]) == 40
    assert not [name for name in names if name.startswith("late")]
    assert next(late) > 0
