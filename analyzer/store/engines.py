"""The two databases that can hold a store: how each is opened, and what its errors mean."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Float,
    Table,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from sacmes_core.errors import ConfigError

BUSY_TIMEOUT_MS: Final = 30_000
SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
_PSYCOPG: Final = "postgresql+psycopg"
DURABLE: Final = "durable"
PASSING: Final = "passing"
_DAMAGED: Final = ("malformed", "not a database", "corrupt")
_REPEATABLE_READ: Final = 3
_LAYOUT_LOCK: Final = 0x5AC3E5
_HOLD_LOCK: Final = 0x5AC3E6
"""Any numbers, as long as all versions take the same."""

_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={BUSY_TIMEOUT_MS}",
)
_POSTGRESQL_SETTINGS: Final = (
    "synchronous_commit=on",
    f"lock_timeout={BUSY_TIMEOUT_MS}",
    f"idle_in_transaction_session_timeout={4 * BUSY_TIMEOUT_MS}",
)
# A server that vanished from the network is noticed within half a minute.
_POSTGRESQL_OPTIONS: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "sacmes-analyzer",
}


def checked_url(url: str) -> URL:
    """The address of a store.

    Raises
    ------
    ConfigError
        If it is none, or names a database that no store is kept in.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(
            "The store is named by a URL: sqlite:////var/lib/sacmes/store.sqlite or "
            "postgresql+psycopg://user@host/database."
        ) from None
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername=_PSYCOPG)
    if parsed.drivername not in (SQLITE, _PSYCOPG):
        raise ConfigError(
            f"A store is kept in SQLite or PostgreSQL; {parsed.drivername} is neither. Give "
            "--store sqlite:////path/to/store.sqlite or --store postgresql+psycopg://user@host/database."
        )
    return parsed


def with_password(url: str, password: str) -> str:
    """The address of a store with a password that stands elsewhere; a file needs none."""
    parsed = checked_url(url)
    if parsed.get_backend_name() == SQLITE:
        return url
    return parsed.set(password=password).render_as_string(hide_password=False)


def open_engine(url: URL) -> Engine:
    """Connections that are durable at the end of each transaction.

    A connection with the execution option ``sacmes_write`` begins as a writer, and waits at its
    end for the disk if that is `DURABLE`; any other one sees the store as it was at its first
    statement.

    Raises
    ------
    ConfigError
        If the driver is not installed.
    """
    return _sqlite(url) if url.get_backend_name() == SQLITE else _postgresql(url)


def sqlite_url(file: Path) -> str:
    """The address of a store in a file."""
    return f"sqlite:///{file}"


def home_url(folder: Path) -> str:
    """The address of the store in a home folder."""
    return sqlite_url(folder / "store.sqlite")


def read_only(file: Path) -> "closing[sqlite3.Connection]":
    """A store's file, opened below SQLAlchemy as it is; nothing is made or changed."""
    return closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True))


def fault_of(opened: sqlite3.Connection) -> str | None:
    """The first fault of an open file; None if it is whole."""
    (found,) = opened.execute("PRAGMA quick_check(1)").fetchone()
    return None if found == "ok" else str(found)


def is_damaged(file: Path) -> bool:
    """Whether a store's file is there and is no whole database."""
    if not file.exists():
        return False
    try:
        with read_only(file) as opened:
            return fault_of(opened) is not None
    except sqlite3.DatabaseError as error:
        return any(word in str(error) for word in _DAMAGED)


class epoch_s(FunctionElement[float]):  # noqa: N801
    """Seconds since 1970 by the database's clock, at the moment of the statement."""

    type = Float()
    inherit_cache = True


@compiles(epoch_s, SQLITE)
def _sqlite_epoch(_element: epoch_s, _compiler: Any, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(epoch_s, POSTGRESQL)
def _postgresql_epoch(_element: epoch_s, _compiler: Any, **_: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS double precision)"


def has_ended(expires_at: Column[float], lasts_s: float) -> ColumnElement[bool]:
    """Whether what lasts so long and no longer, unless it is renewed, holds no more.

    So has what would end much later than that: the clock was set back since, as on a machine that
    has no clock of its own and lost its power.
    """
    left_s = expires_at - epoch_s()
    return expires_at.is_(None) | (left_s < 0) | (left_s > 2 * lasts_s)


class each_item(FunctionElement[str]):  # noqa: N801
    """A table of the items of a JSON list, one a row, in its column `value`."""

    inherit_cache = True


@compiles(each_item, SQLITE)
def _sqlite_items(element: each_item, compiler: Any, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(each_item, POSTGRESQL)
def _postgresql_items(element: each_item, compiler: Any, **kw: Any) -> str:
    return f"jsonb_array_elements(CAST({compiler.process(element.clauses, **kw)} AS jsonb))"


def place_of(url: URL) -> str:
    """Where a store is, as people know it: a file, or an address without its password."""
    if url.get_backend_name() == SQLITE and url.database:
        return url.database
    return url.render_as_string()


@contextmanager
def hold(url: URL, *, shared: bool) -> Iterator[bool]:
    """Hold a store for this process, alone or with others; False if that cannot be.

    The hold ends with the process, however it ends.
    """
    if url.get_backend_name() == SQLITE:
        with closing(_lock_file(url)) as lock:
            yield _locked(lock, shared=shared)
        return
    engine = open_engine(url)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            name = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
            yield bool(connection.exec_driver_sql(f"SELECT {name}({_HOLD_LOCK})").scalar_one())
    finally:
        engine.dispose()


def insert_if_absent(connection: Connection, table: Table, *rows: Mapping[str, Any]) -> None:
    """Add rows unless there are some with their keys; writers at the same time do not collide."""
    known = postgresql.insert if connection.dialect.name == POSTGRESQL else sqlite.insert
    connection.execute(known(table).on_conflict_do_nothing(), list(rows))


def lock_layout(connection: Connection) -> None:
    """Let one process at a time look at the layout and change it, until its transaction ends."""
    if connection.dialect.name == POSTGRESQL:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LAYOUT_LOCK})")


def sentence(error: DBAPIError, url: URL) -> str:
    """What an error of the database means, and what to do about it."""
    reason = " ".join(str(error.orig).split())
    if url.get_backend_name() == SQLITE:
        return _sqlite_sentence(reason, url)
    return _postgresql_sentence(error, reason, url)


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transactions begin late; ours begin where `begin` says.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # Below SQLAlchemy, whose way takes longer than these statements do.
    session: Any = connection.connection.dbapi_connection
    try:
        if not _writes(connection):
            session.execute("BEGIN")
            return
        session.execute(f"PRAGMA synchronous={'FULL' if _lasts(connection) else 'NORMAL'}")
        # A writer that begins as a reader fails with "locked" instead of waiting for its turn.
        session.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        raise OperationalError("BEGIN", None, error) from error


def _postgresql(url: URL) -> Engine:
    if find_spec("psycopg") is None:
        raise ConfigError(
            f"The store {place_of(url)} needs psycopg, which is not installed. Install it "
            'with: pip install "sacmes[analyzer,postgres]"'
        )
    given = {name: value for name, value in _POSTGRESQL_OPTIONS.items() if name not in url.query}
    engine = create_engine(url, connect_args=given, pool_pre_ping=True)
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: object) -> None:
    # With SET instead of start-up options: those a connection pooler in between would refuse.
    for setting in _POSTGRESQL_SETTINGS:
        connection.execute(f"SET {setting}")
    connection.commit()


def _begin_postgresql(connection: Connection) -> None:
    # Both travel with the driver's BEGIN, so they cost no round trip.
    writes = _writes(connection)
    session: Any = connection.connection.dbapi_connection
    session.isolation_level = None if writes else _REPEATABLE_READ
    session.read_only = not writes
    if writes and not _lasts(connection):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _lock_file(url: URL) -> sqlite3.Connection:
    try:
        return sqlite3.connect(f"{url.database}.lock", timeout=2.0, isolation_level=None)
    except sqlite3.Error as error:
        raise OperationalError("LOCK", None, error) from error


def _locked(connection: sqlite3.Connection, *, shared: bool) -> bool:
    try:
        connection.execute("BEGIN" if shared else "BEGIN EXCLUSIVE")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        if _is_busy(str(error)):
            return False
        raise OperationalError("LOCK", None, error) from error
    return True


def _is_busy(reason: str) -> bool:
    return "locked" in reason or "busy" in reason


def _writes(connection: Connection) -> bool:
    return "sacmes_write" in connection.get_execution_options()


def _lasts(connection: Connection) -> bool:
    return bool(connection.get_execution_options()["sacmes_write"] == DURABLE)


def _sqlite_sentence(reason: str, url: URL) -> str:
    place = place_of(url)
    if any(word in reason for word in _DAMAGED):
        return (
            f"The store {place} is damaged ({reason}). It is left as it is. End the analyzer and "
            "put the last backup in its place: sacmes-analyzer restore FILE --force."
        )
    if "full" in reason:
        return f"The disk of the store {place} is full; free some space. Nothing is lost meanwhile."
    if _is_busy(reason):
        return f"Another program holds the store {place}; close it. Nothing is lost meanwhile."
    if "readonly" in reason or "unable to open" in reason:
        return f"The store {place} may not be written; give its folder to the analyzer's user."
    if "disk I/O error" in reason:
        return f"The disk of the store {place} fails, or is full. Nothing is lost meanwhile."
    return f"The store {place} cannot be used: {reason}."


_SERVER_MEANS: Final[dict[str, Callable[[str], str]]] = {
    "53100": lambda place: f"The disk of the store {place} is full; free some space.",
    "55P03": lambda place: f"Another program holds the store {place}; close it.",
    "3D000": lambda place: f"The store {place} does not exist; make it with createdb.",
    "28P01": lambda place: f"The password for the store {place} is wrong; set PGPASSWORD.",
    "28000": lambda place: f"The server does not let this user into the store {place}.",
    "42501": lambda place: (
        f"The user of the store {place} may not write there; make him the owner of the database."
    ),
    "25006": lambda place: (
        f"The store {place} is read only: is this a copy of the server? Name the one that writes."
    ),
    "53300": lambda place: (
        f"The server of the store {place} has no connection left; raise its max_connections."
    ),
    "40P01": lambda place: f"Two writers of the store {place} waited for each other; tried again.",
}
"""Sentences by the SQLSTATE that PostgreSQL gives."""


def is_away(error: DBAPIError, url: URL) -> bool:
    """Whether the server of the store does not answer, as while it is started anew."""
    state = _state_of(error)
    is_server = url.get_backend_name() != SQLITE
    return is_server and state not in _SERVER_MEANS and (error.connection_invalidated or not state)


def _postgresql_sentence(error: DBAPIError, reason: str, url: URL) -> str:
    place = place_of(url)
    state = _state_of(error)
    if state in _SERVER_MEANS:
        return f"{_SERVER_MEANS[state](place)} Nothing is lost meanwhile."
    if is_away(error, url):
        return (
            f"The server of the store {place} does not answer ({reason}); is PostgreSQL running? "
            "Nothing is lost meanwhile."
        )
    return f"The store {place} cannot be used: {reason}."


def _state_of(error: DBAPIError) -> str | None:
    """The SQLSTATE of an error; of a refused login the driver tells it in words alone."""
    if (state := getattr(error.orig, "sqlstate", None)) is not None:
        return str(state)
    reason = str(error.orig)
    words = {
        "password authentication failed": "28P01",
        "no password supplied": "28P01",
        "no pg_hba.conf entry": "28000",
        "too many clients": "53300",
    }
    for word, state in words.items():
        if word in reason:
            return state
    return "3D000" if 'database "' in reason and "does not exist" in reason else None
