"""A store's whole content in one SQLite file, whichever database holds the store."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, MetaData, Table, func, select

from analyzer.store.database import Database, StoreError
from analyzer.store.engines import SQLITE, read_only, sqlite_url
from analyzer.store.layouts import layout_of, make
from sacmes_core.errors import ConfigError

Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much."""

_PAGES: Final = 5_000
_ROWS: Final = 50
"""Few, since the bytes of an upload may be many."""


def stamp() -> str:
    """The time, as files are named after it."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def back_up(database: Database, target: Path, progress: Progress) -> None:
    """Write everything that a store holds at this moment into a new file; it may be in use.

    The file is there when it is whole, and is a store itself.

    Raises
    ------
    ConfigError
        If there is no store.
    StoreError
        If the store cannot be read, or the file cannot be written.
    """
    if database.engine.dialect.name == SQLITE and not Path(database.place).exists():
        raise ConfigError(f"There is no store {database.place}; name it with --home or --store.")
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        if database.engine.dialect.name == SQLITE:
            _copy_pages(Path(database.place), part, progress)
        else:
            _copy_out(database, part, progress)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"The backup {target} cannot be written: {error}.") from error
    finally:
        part.unlink(missing_ok=True)


def copy_rows(source: Connection, target: Connection, progress: Progress) -> None:
    """Put every row in the place of those that tables of the same layout hold elsewhere."""
    found = tables_of(source)
    total = sum(source.scalar(select(func.count()).select_from(table)) or 0 for table in found)
    there = {table.name: table for table in tables_of(target)}
    for table in reversed(found):
        target.execute(there[table.name].delete())
    done = 0
    for table in found:
        query = select(table).execution_options(yield_per=_ROWS)
        for rows in source.execute(query).mappings().partitions():
            target.execute(there[table.name].insert(), [dict(row) for row in rows])
            done += len(rows)
            progress(done, total)


def tables_of(connection: Connection) -> list[Table]:
    """The tables that are there, each after those that it refers to."""
    there = MetaData()
    there.reflect(connection)
    return there.sorted_tables


def _copy_pages(source: Path, target: Path, progress: Progress) -> None:
    with (
        read_only(source) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        # One moment of a store in use: without it each change starts the copy anew.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        old.backup(new, pages=_PAGES, progress=lambda _, left, of: progress(of - left, of))


def _copy_out(database: Database, target: Path, progress: Progress) -> None:
    copy = Database(sqlite_url(target))
    try:
        with database.read() as source:
            make(copy, layout_of(source) or 0)
            with copy.write() as connection:
                copy_rows(source, connection, progress)
    finally:
        copy.close()
