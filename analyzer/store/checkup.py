"""How a store is: whether it can be read and written, what it holds, and who works with it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from analyzer.store.database import Database
from analyzer.store.engines import SQLITE, epoch_s
from analyzer.store.layouts import OLDEST, layout_of
from analyzer.store.leases import holder_of
from analyzer.store.tables import LAYOUT, jobs, meta, sessions, uploads, users

CLOCK_OFF_MAX_S: Final = 2.0
SLOW_COMMIT_S: Final = 0.5
_NOTE: Final = "doctor"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    fine: bool
    text: str


def look_at(database: Database) -> Iterator[Finding]:
    """Look at a store, and write into it once; nothing in it is changed.

    Raises
    ------
    StoreError
        If it cannot be read or written.
    """
    if database.engine.dialect.name == SQLITE and not Path(database.place).exists():
        yield Finding("store", True, f"{database.place} is not there yet; the first start makes it")
        return
    with database.read() as connection:
        layout = layout_of(connection)
        yield Finding("store", True, f"{database.place}, {_server(connection)}")
        yield _whole(connection)
    yield _layout(layout)
    if layout != LAYOUT:
        return
    yield _commit(database)
    with database.read() as connection:
        yield _clock(connection)
        yield _content(connection)
    holder = holder_of(database)
    yield Finding(
        "ingest", True, f"{holder} takes in" if holder else "no process takes in at the moment"
    )


def trial_write_s(database: Database) -> float:
    """Write into a store and take it out again; how long that took, in s.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    began = time.monotonic()
    with database.write() as connection:
        connection.execute(insert(meta).values(name=_NOTE, value=""))
        connection.execute(delete(meta).where(meta.c.name == _NOTE))
    return time.monotonic() - began


def store_bytes(database: Database) -> int:
    """How much room a store takes up on its disk."""
    if database.engine.dialect.name == SQLITE:
        files = (Path(f"{database.place}{end}") for end in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())
    with database.read() as connection:
        return int(connection.scalar(select(func.pg_database_size(func.current_database()))) or 0)


def _server(connection: Connection) -> str:
    version = ".".join(map(str, connection.dialect.server_version_info or ()))
    return f"{connection.dialect.name} {version}"


def _whole(connection: Connection) -> Finding:
    if connection.dialect.name == SQLITE:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        text = "no damage found" if found == "ok" else f"damaged: {found}; restore a backup"
        return Finding("integrity", found == "ok", text)
    off = [
        name
        for name in ("fsync", "full_page_writes", "synchronous_commit")
        if connection.exec_driver_sql(f"SHOW {name}").scalar_one() == "off"
    ]
    text = "the server waits for its disk"
    if off:
        text = f"{' and '.join(off)} of the server must be on, or a crash loses what has a receipt"
    return Finding("integrity", not off, text)


def _layout(layout: int | None) -> Finding:
    if layout == LAYOUT:
        return Finding("layout", True, f"{layout}, the newest")
    if layout is None:
        return Finding("layout", True, "nothing in it yet; the first start makes its tables")
    if OLDEST <= layout < LAYOUT:
        text = f"{layout}; the next start brings it to {LAYOUT}, with a backup first"
        return Finding("layout", True, text)
    return Finding("layout", False, f"{layout}; this version reads {OLDEST} to {LAYOUT}")


def _commit(database: Database) -> Finding:
    took_s = trial_write_s(database)
    fine = took_s < SLOW_COMMIT_S
    hint = "" if fine else "; the disk is slow or busy"
    return Finding("commit", fine, f"{1e3 * took_s:.1f} ms{hint}")


def _clock(connection: Connection) -> Finding:
    ahead_s = time.time() - (connection.scalar(select(epoch_s())) or 0.0)
    fine = abs(ahead_s) < CLOCK_OFF_MAX_S
    hint = "" if fine else "; let both set their clocks by NTP"
    where = "behind" if ahead_s < 0 else "ahead of"
    return Finding("clock", fine, f"{abs(ahead_s):.2f} s {where} the database's{hint}")


def _content(connection: Connection) -> Finding:
    counts = [
        (connection.scalar(select(func.count()).select_from(table)) or 0, name)
        for table, name in (
            (users, "users"),
            (sessions, "sessions"),
            (uploads, "uploads"),
            (jobs, "wait for analysis"),
        )
    ]
    return Finding("content", True, ", ".join(f"{count:,} {name}" for count, name in counts))
