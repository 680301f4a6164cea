"""The database below an outbox: opened, put aside where it is damaged, its errors as sentences."""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sacmes_core.errors import SacmesError

logger = logging.getLogger(__name__)


class OutboxError(SacmesError):
    """The outbox cannot be written at the moment; nothing in it is lost."""


class Database:
    """A connection to SQLite, for the thread that opened it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    def opened(cls, path: Path | None, schema: str) -> Self:
        """Open or make a database with these tables; None keeps it in memory.

        A file that is no database any more is put aside, and a new one begun.

        Raises
        ------
        OutboxError
            If it cannot be opened.
        """
        try:
            return cls(_connect(path, schema))
        except sqlite3.OperationalError as error:
            raise OutboxError(f"The outbox {path} cannot be opened: {error}.") from None
        except sqlite3.DatabaseError as error:
            if path is None:
                raise OutboxError(f"The outbox cannot be opened: {error}.") from None
            aside = _put_aside(path)
            logger.warning("The outbox was damaged (%s); it is kept as %s", error, aside)
            return cls(_connect(path, schema))

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    def rows(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        """All rows of a query.

        Raises
        ------
        OutboxError
            If they cannot be read.
        """
        try:
            return self.connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise OutboxError(_sentence(error)) from None

    def each(self, query: str, values: tuple[object, ...]) -> Iterator[Any]:
        """The rows of a query one by one, where there may be very many.

        Raises
        ------
        OutboxError
            If they cannot be read.
        """
        try:
            yield from self.connection.execute(query, values)
        except sqlite3.Error as error:
            raise OutboxError(_sentence(error)) from None

    def first(self, query: str, values: tuple[object, ...]) -> Any:
        """The first row of a query; None if there is none.

        Raises
        ------
        OutboxError
            If it cannot be read.
        """
        return next(iter(self.rows(query, values)), None)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write all that is done within, or none of it.

        Raises
        ------
        OutboxError
            If the disk is full or fails.
        """
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise OutboxError(_sentence(error)) from None


def damage(path: Path) -> str | None:
    """What is wrong with the file of an outbox, which is only read; None if it is sound."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)
        with contextlib.closing(connection):
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    return None if found == "ok" else str(found)


def _connect(path: Path | None, schema: str) -> sqlite3.Connection:
    if path is not None:
        path.touch(mode=0o600)
    connection = sqlite3.connect(path or ":memory:", timeout=10.0, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(schema)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _put_aside(path: Path) -> Path:
    """Rename a damaged database, with what belongs to it; returns where it is now."""
    aside = next(
        candidate
        for k in range(1, 10_000)
        if not (candidate := path.with_name(f"{path.stem}.damaged-{k}{path.suffix}")).exists()
    )
    path.replace(aside)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return aside


def _sentence(error: sqlite3.Error) -> str:
    if "full" in str(error):
        return (
            "The agent's disk is full: scans cannot be kept for sending. Make room; "
            "the agent goes on by itself."
        )
    return f"The agent's outbox cannot be written ({error}); the agent tries again."
