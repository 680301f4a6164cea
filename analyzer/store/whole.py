"""A whole session as rows, out of one store and into another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, func, insert, select, update

from analyzer.store.database import Database
from analyzer.store.engines import epoch_s, insert_if_absent
from analyzer.store.tables import claims, documents, jobs, marks, results, sessions, uploads, users
from analyzer.store.uploads import NEW
from sacmes_core.errors import ConfigError
from sacmes_core.payloads.session import SessionDocument

Row = dict[str, Any]

_ROWS: Final = 50
_OWN: Final = ("run", "user_id", "session_id")


@dataclass(frozen=True, slots=True)
class WholeSession:
    """Everything that a store knows of a session; each row as its table has it, without `run`.

    Attributes
    ----------
    session
        The session's own row.
    documents, marks, uploads, results
        Rows in order; to be read once.
    """

    user_id: str
    session_id: str
    session: Row
    documents: Iterable[Row]
    marks: Iterable[Row]
    uploads: Iterable[Row]
    results: Iterable[Row]


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
        _rows(connection, uploads, run),
        _rows(connection, results, run),
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
    with database.write() as connection:
        insert_if_absent(connection, users, user_id=whole.user_id, highest_revision=0)
        query = select(users.c.highest_revision).where(users.c.user_id == whole.user_id)
        highest = connection.execute(query.with_for_update()).scalar_one()
        document, revision = _ended(connection, whole)
        run = _insert_session(connection, whole, document, revision)
        for row in whole.documents:
            connection.execute(insert(documents).values(row | {"run": run}))
        for row in whole.marks:
            connection.execute(insert(marks).values(row | {"run": run}))
        there = {row["position"] for row in _inserted(connection, uploads, whole.uploads, run)}
        done = {row["position"] for row in _inserted(connection, results, whole.results, run)}
        waiting = [{"run": run, "position": p, "priority": NEW} for p in sorted(there - done)]
        if waiting:
            connection.execute(insert(jobs).values(since=epoch_s()), waiting)
        connection.execute(
            update(users)
            .where(users.c.user_id == whole.user_id)
            .values(
                highest_revision=max(highest, revision),
                stored_bytes=users.c.stored_bytes + _stored_bytes(connection, run),
            )
        )
    return len(waiting)


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
    values = whole.session | {
        "user_id": whole.user_id,
        "session_id": whole.session_id,
        "revision": revision,
        "document": document.model_dump_json(),
    }
    added = connection.execute(insert(sessions).values(values))
    assert added.inserted_primary_key is not None
    run = int(added.inserted_primary_key[0])
    connection.execute(insert(claims).values(run=run))
    return run


def _inserted(connection: Connection, table: Table, rows: Iterable[Row], run: int) -> Iterator[Row]:
    for row in rows:
        connection.execute(insert(table).values(row | {"run": run}))
        yield row
