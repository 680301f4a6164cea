"""A backup put into the place of a store, in one transaction; what was there is kept in a file."""

import shutil
import sqlite3
import tempfile
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from analyzer.store.backups import Progress, back_up, copy_rows, stamp
from analyzer.store.database import Database, StoreError
from analyzer.store.engines import POSTGRESQL, SQLITE, fault_of, is_damaged, read_only, sqlite_url
from analyzer.store.tables import claims, jobs, leases, sessions
from analyzer.store.upgrades import prepare
from sacmes_core.errors import ConfigError


def restore(
    backup: Path, database: Database, folder: Path, progress: Progress, *, force: bool = False
) -> Path | None:
    """Put what a backup holds in the place of what a store holds.

    Parameters
    ----------
    folder
        Where what was in the store is kept.
    force
        Whether a store with sessions in it may be replaced.

    Returns
    -------
    Path or None
        The file with what was in the store before; None if there was nothing.

    Raises
    ------
    ConfigError
        If the file is no backup, the store is in use, or it holds sessions and `force` is not set.
    StoreError
        If anything cannot be read or written; then the store is as it was.
    """
    check_file(backup)
    with database.alone():
        before = _put_damaged_aside(database, force=force)
        prepare(database, folder)
        before = before or _keep(database, folder, force=force)
        with tempfile.TemporaryDirectory(prefix="restore-", dir=folder) as scratch:
            source = _newest_layout(backup, Path(scratch))
            try:
                with source.read() as old, database.write() as new:
                    copy_rows(old, new, progress)
                    _settle(new)
            finally:
                source.close()
    return before


def check_file(file: Path) -> None:
    """See whether a file is a whole store.

    Raises
    ------
    ConfigError
        If it is none, or is damaged.
    """
    if not file.is_file():
        raise ConfigError(f"There is no file {file}.")
    try:
        with read_only(file) as opened:
            fault = fault_of(opened)
            opened.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
    except sqlite3.Error as error:
        raise ConfigError(f"{file} is no backup of a store: {error}.") from None
    if fault is not None:
        raise ConfigError(f"{file} is damaged ({fault}); take another backup.")


def _put_damaged_aside(database: Database, *, force: bool) -> Path | None:
    file = Path(database.place)
    if database.engine.dialect.name != SQLITE or not is_damaged(file):
        return None
    if not force:
        raise ConfigError(
            f"The store {file} is damaged. Give --force: it is then put aside, and the backup "
            "takes its place."
        )
    database.close()
    aside = file.with_name(f"store.damaged.{stamp()}.sqlite")
    for ending in ("", "-wal", "-shm"):
        part = file.with_name(file.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside


def _keep(database: Database, folder: Path, *, force: bool) -> Path | None:
    with database.read() as connection:
        there = connection.scalar(select(func.count()).select_from(sessions)) or 0
    if not there:
        return None
    if not force:
        raise ConfigError(
            f"The store {database.place} holds {there} sessions. Name an empty one with --store, "
            "or give --force: what is there is then kept in a file beside."
        )
    before = folder / f"store.before-restore.{stamp()}.sqlite"
    back_up(database, before, lambda _done, _of: None)
    return before


def _newest_layout(backup: Path, scratch: Path) -> Database:
    """A copy of the backup, brought up to date; the backup itself stays as it is."""
    copy = scratch / "store.sqlite"
    try:
        shutil.copyfile(backup, copy)
    except OSError as error:
        raise StoreError(f"The backup cannot be copied to {scratch}: {error.strerror}.") from error
    source = Database(sqlite_url(copy))
    prepare(source)
    return source


def _settle(connection: Connection) -> None:
    """Nobody works with a store that was just restored; the next session has the next number."""
    for table in (claims, leases, jobs):
        connection.execute(update(table).values(holder=None, expires_at=None))
    if connection.dialect.name == POSTGRESQL:
        last = connection.scalar(select(func.max(sessions.c.run))) or 0
        serial = func.pg_get_serial_sequence(sessions.name, sessions.c.run.name)
        connection.execute(select(func.setval(serial, last + 1, False)))
