"""A whole session as rows, out of one store and into another."""

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Final

from sqlalchemy import Connection, Table, exists, func, insert, select, update

from analyzer.store.database import Database
from analyzer.store.engines import epoch_s
from analyzer.store.sessions import lock_user
from analyzer.store.tables import (
    alerts,
    calibrations,
    documents,
    jobs,
    marks,
    results,
    sessions,
    uploads,
    users,
)
from analyzer.store.uploads import NEW, analyse_again, insert_session_row
from sacmes_core.errors import ConfigError
from sacmes_core.payloads.session import SessionDocument

Row = dict[str, Any]

_ROWS: Final = 50
_IN_MEMORY_BYTES: Final = 16 * 1024 * 1024
_OWN: Final = ("run", "user_id", "session_id")
_OF_ALERTS: Final = ("alert_id", "cause", "since", "document")
"""Whether an alert is open, and who is still to be told, ends with the server that it is of."""


@dataclass(frozen=True, slots=True)
class WholeSession:
    """Everything that a store knows of a session; each row as its table has it, without `run`.

    Attributes
    ----------
    session
        The session's own row.
    documents, marks, calibrations, uploads, results
        Rows in order; to be read once.
    alerts
        Rows without what only their own server has to know.
    """

    user_id: str
    session_id: str
    session: Row
    documents: Iterable[Row]
    marks: Iterable[Row]
    calibrations: Iterable[Row]
    uploads: Iterable[Row]
    results: Iterable[Row]
    alerts: Iterable[Row]


def take_out(connection: Connection, user_id: str, session_id: str) -> WholeSession:
    """Read a session, as long as the connection is open.

    Raises
    ------
    ConfigError
        If this user has no such session.
    """
    query = select(sessions).where(
        sessions.c.user_id == user_id, sessions.c.session_id == session_id
    )
    found = connection.execute(query).mappings().first()
    if found is None:
        raise ConfigError(f"{user_id} has no session {session_id} in this store.")
    run = int(found["run"])
    return WholeSession(
        user_id,
        session_id,
        {name: value for name, value in found.items() if name not in _OWN},
        _rows(connection, documents, run),
        _rows(connection, marks, run),
        _rows(connection, calibrations, run),
        _rows(connection, uploads, run),
        _rows(connection, results, run),
        ({name: row[name] for name in _OF_ALERTS} for row in _rows(connection, alerts, run)),
    )


def put_in(database: Database, whole: WholeSession) -> int:
    """Add a session in one transaction; it has ended, and never takes the place of a newer one.

    Returns
    -------
    int
        How many of its uploads wait to be analysed.

    Raises
    ------
    ConfigError
        If the user has the session already.
    """
    with (
        _prepared(whole.documents) as document_rows,
        _prepared(whole.marks) as mark_rows,
        _prepared(whole.calibrations) as calibration_rows,
        _prepared(whole.uploads) as upload_rows,
        _prepared(whole.results) as result_rows,
        _prepared(whole.alerts) as alert_rows,
        database.write() as connection,
    ):
        highest = lock_user(connection, whole.user_id)
        document, revision = _ended(connection, whole)
        run = _insert_session(connection, whole, document, revision)
        _insert(connection, documents, document_rows, run)
        _insert(connection, marks, mark_rows, run)
        _insert(connection, calibrations, calibration_rows, run)
        _insert(connection, uploads, upload_rows, run)
        _insert(connection, results, result_rows, run)
        over = {"user_id": whole.user_id, "is_open": 0}
        _insert(connection, alerts, (row | over for row in alert_rows), run)
        waiting = _let_wait(connection, run)
        _count(connection, run)
        connection.execute(
            update(users)
            .where(users.c.user_id == whole.user_id)
            .values(
                highest_revision=max(highest, revision),
                stored_bytes=users.c.stored_bytes + _stored_bytes(connection, run),
            )
        )
    return waiting


@contextmanager
def _prepared(rows: Iterable[Row]) -> Iterator[Iterator[Row]]:
    """Rows made to the last one, so that no transaction is open for so long; many lie on the disk.

    A file of a session can have more of them than go into memory.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
        count = 0
        for row in rows:
            pickle.dump(row, file)
            count += 1
        file.seek(0)
        yield (pickle.load(file) for _ in range(count))


def _insert(connection: Connection, table: Table, rows: Iterator[Row], run: int) -> None:
    while chunk := list(islice(rows, _ROWS)):
        # A statement for several rows takes the columns of the first.
        for _, alike in groupby(chunk, key=frozenset):
            connection.execute(insert(table), [row | {"run": run} for row in alike])


def _let_wait(connection: Connection, run: int) -> int:
    """Let the uploads without a result wait to be analysed; how many these are."""
    done = exists().where(results.c.run == run, results.c.position == uploads.c.position)
    query = select(uploads.c.position).where(uploads.c.run == run, ~done)
    positions = connection.scalars(query.order_by(uploads.c.position)).all()
    waiting = [{"run": run, "position": position, "priority": NEW} for position in positions]
    if waiting:
        connection.execute(insert(jobs).values(since=epoch_s()), waiting)
    return len(waiting)


def _count(connection: Connection, run: int) -> None:
    """Count the scans; analyse them again where that was under way as the file was written."""
    count = select(func.count()).where(results.c.run == run, results.c.superseded == 0)
    connection.execute(
        update(sessions).where(sessions.c.run == run).values(scans=count.scalar_subquery())
    )
    half_done = (sessions.c.run == run) & (
        sessions.c.shown_revision != sessions.c.settings_revision
    )
    if connection.scalar(select(sessions.c.run).where(half_done)) is not None:
        analyse_again(connection, run)


def _stored_bytes(connection: Connection, run: int) -> int:
    query = select(func.coalesce(func.sum(func.length(uploads.c.packed)), 0))
    return int(connection.scalar(query.where(uploads.c.run == run)) or 0)


def _rows(connection: Connection, table: Table, run: int) -> Iterator[Row]:
    query = (
        select(table)
        .where(table.c.run == run)
        .order_by(*table.primary_key.columns)
        .execution_options(yield_per=_ROWS)
    )
    for row in connection.execute(query).mappings():
        yield {name: value for name, value in row.items() if name != "run"}


def _ended(connection: Connection, whole: WholeSession) -> tuple[SessionDocument, int]:
    """The session's document as it holds here, and the revision by which sessions are ordered.

    Agents obey the newest one, which this is not: where it would be, it is ordered before all.
    """
    rows = connection.execute(
        select(sessions.c.session_id, sessions.c.revision).where(
            sessions.c.user_id == whole.user_id
        )
    ).all()
    if any(row.session_id == whole.session_id for row in rows):
        raise ConfigError(f"{whole.user_id} has the session {whole.session_id} in this store.")
    document = SessionDocument.model_validate_json(whole.session["document"])
    newest = max((row.revision for row in rows), default=-1)
    changes: dict[str, Any] = {"state": "stopped"}
    if newest < 0 and document.state == "running":
        changes["revision"] = document.revision + 1
    ended = document.model_copy(update=changes)
    return ended, 0 if newest >= 0 and ended.revision >= newest else ended.revision


def _insert_session(
    connection: Connection, whole: WholeSession, document: SessionDocument, revision: int
) -> int:
    shown = {"shown_revision": whole.session["settings_revision"]}
    values = (
        shown
        | whole.session
        | {
            "user_id": whole.user_id,
            "session_id": whole.session_id,
            "revision": revision,
            "document": document.model_dump_json(),
        }
    )
    return insert_session_row(connection, values)
