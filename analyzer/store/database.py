"""The connection to the store: durable settings, whole transactions, errors as sentences."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from analyzer.store import tables
from sacmes_core.errors import ConfigError, SacmesError

BUSY_TIMEOUT_MS: Final = 30_000
_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={BUSY_TIMEOUT_MS}",
)


class StoreError(SacmesError):
    """The store cannot be read or written at the moment; nothing was changed."""


class Database:
    """The store's connections.

    Parameters
    ----------
    url
        SQLAlchemy URL, for example ``sqlite:////var/lib/sacmes/store.sqlite``.
    """

    def __init__(self, url: str) -> None:
        self.url = _checked(url)
        self.engine = _engine(self.url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the store."""
        with self._sentences(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: durable at the end of the block, or without any effect."""
        with (
            self._sentences(),
            self.engine.connect().execution_options(sacmes_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    def prepare(self) -> None:
        """Make the tables where there are none.

        Raises
        ------
        ConfigError
            If the store was written with another layout.
        """
        with self.write() as connection:
            tables.metadata.create_all(connection)
            found = connection.scalar(
                select(tables.meta.c.value).where(tables.meta.c.name == "schema")
            )
            if found is None:
                connection.execute(
                    insert(tables.meta).values(name="schema", value=str(tables.SCHEMA))
                )
            elif found != str(tables.SCHEMA):
                raise ConfigError(
                    f"The store {self.url.render_as_string()} has layout {found}; this version "
                    f"reads layout {tables.SCHEMA}. Install the version of sacmes that wrote it, "
                    "or name another store with --store."
                )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the store for this process; the lock ends with the process, however it ends.

        Raises
        ------
        ConfigError
            If another process holds it.
        """
        lock = sqlite3.connect(f"{self.url.database}.lock", timeout=2.0, isolation_level=None)
        try:
            _lock(lock, self.url)
            yield
        finally:
            lock.close()

    def remember(self, name: str, value: str) -> str:
        """Return what is kept under a name; the given value is kept if there is nothing yet."""
        with self.write() as connection:
            query = select(tables.meta.c.value).where(tables.meta.c.name == name)
            found: str | None = connection.scalar(query)
            if found is None:
                connection.execute(insert(tables.meta).values(name=name, value=value))
                return value
            return found

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(_sentence(str(error.orig), self.url)) from error


def _lock(connection: sqlite3.Connection, url: URL) -> None:
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        raise ConfigError(
            f"Another analyzer is at work with the store {url.database}. End it first, or name "
            "another folder with --home."
        ) from None


def _checked(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        raise ConfigError(
            "The store is named by a URL, for example sqlite:////var/lib/sacmes/store.sqlite."
        ) from None


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        raise ConfigError(
            f"The store is kept in SQLite; {url.get_backend_name()} is not known to this version. "
            "Give --store sqlite:////path/to/store.sqlite."
        )
    try:
        engine = create_engine(url)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigError(f"The store {url.render_as_string()} cannot be opened: {error}") from None
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    # The driver's own transactions begin late; ours begin where `begin` says.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    # A writer that begins as a reader fails with "locked" instead of waiting for its turn.
    writes = connection.get_execution_options().get("sacmes_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _sentence(reason: str, url: URL) -> str:
    place = url.database or url.render_as_string()
    if "full" in reason:
        return f"The disk of the store {place} is full; free some space. Nothing is lost meanwhile."
    if "locked" in reason or "busy" in reason:
        return f"Another program holds the store {place}; close it. Nothing is lost meanwhile."
    if "readonly" in reason or "unable to open" in reason:
        return f"The store {place} may not be written; give its folder to the analyzer's user."
    return f"The store {place} cannot be used: {reason}."
