"""The connection to the store: durable settings, whole transactions, errors as sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from analyzer.store import tables
from analyzer.store.engines import (
    DURABLE,
    PASSING,
    checked_url,
    hold,
    insert_if_absent,
    is_away,
    open_engine,
    place_of,
    sentence,
)
from sacmes_core.errors import ConfigError, SacmesError


class StoreError(SacmesError):
    """The store cannot be read or written at the moment; nothing was changed."""


class StoreAwayError(StoreError):
    """The server of the store does not answer; it may come back by itself."""


class Database:
    """The store's connections.

    Parameters
    ----------
    url
        SQLAlchemy URL: ``sqlite:////var/lib/sacmes/store.sqlite`` or
        ``postgresql+psycopg://user@host/database``.
    """

    def __init__(self, url: str) -> None:
        self.url = checked_url(url)
        self.engine = open_engine(self.url)
        self._moment: ContextVar[Connection | None] = ContextVar("moment", default=None)

    @property
    def place(self) -> str:
        """Where the store is, as people know it; without a password."""
        return place_of(self.url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the store."""
        with self._sentences():
            if (held := self._moment.get()) is not None:
                yield held
                return
            with self.engine.connect() as connection:
                yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all that this thread reads in the block be the store as it was at one moment."""
        with self.read() as connection:
            outer = self._moment.set(connection)
            try:
                yield
            finally:
                self._moment.reset(outer)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """One transaction: durable at the end of the block, or without any effect.

        Parameters
        ----------
        durable
            False for what may be forgotten if the machine loses its power: it waits for no disk.
        """
        kind = DURABLE if durable else PASSING
        with (
            self._sentences(),
            self.engine.connect().execution_options(sacmes_write=kind) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the store for this process alone; that ends with the process, however it ends.

        Raises
        ------
        ConfigError
            If another process is at work with it.
        StoreError
            If it cannot be reached.
        """
        with self._sentences(), hold(self.url, shared=False) as held:
            if not held:
                raise ConfigError(
                    f"An analyzer is at work with the store {self.place}. End all of them first, "
                    "or name another store with --store."
                )
            yield

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Work with the store beside other processes, but beside none that has it alone.

        Raises
        ------
        ConfigError
            If one has.
        StoreError
            If it cannot be reached.
        """
        with self._sentences(), hold(self.url, shared=True) as held:
            if not held:
                raise ConfigError(
                    f"The store {self.place} is being restored or brought up to date, or an older "
                    "version is at work with it. Wait for that, or name another store with --store."
                )
            yield

    def remember(self, name: str, value: str) -> str:
        """Return what is kept under a name; the given value is kept if there is nothing yet."""
        with self.write() as connection:
            insert_if_absent(connection, tables.meta, {"name": name, "value": value})
            query = select(tables.meta.c.value).where(tables.meta.c.name == name)
            return str(connection.scalar(query))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            kind = StoreAwayError if is_away(error, self.url) else StoreError
            raise kind(sentence(error, self.url)) from error
