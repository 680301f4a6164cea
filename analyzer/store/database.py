"""The connection to the store: durable settings, whole transactions, errors as sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from analyzer.store import tables
from analyzer.store.engines import (
    checked_url,
    hold,
    insert_if_absent,
    open_engine,
    place_of,
    sentence,
)
from sacmes_core.errors import ConfigError, SacmesError


class StoreError(SacmesError):
    """The store cannot be read or written at the moment; nothing was changed."""


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

    @property
    def place(self) -> str:
        """Where the store is, as people know it; without a password."""
        return place_of(self.url)

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

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the store for this process; the lock ends with the process, however it ends.

        Raises
        ------
        ConfigError
            If another process holds it.
        """
        with hold(self.url) as held:
            if not held:
                raise ConfigError(
                    f"Another analyzer is at work with the store {self.place}. End it first, or "
                    "name another store with --store."
                )
            yield

    def remember(self, name: str, value: str) -> str:
        """Return what is kept under a name; the given value is kept if there is nothing yet."""
        with self.write() as connection:
            insert_if_absent(connection, tables.meta, name=name, value=value)
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
            raise StoreError(sentence(error, self.url)) from error
