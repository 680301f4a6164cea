"""Old sessions taken out of a store, each whole and for ever."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, func, select, update

from analyzer.store.database import Database
from analyzer.store.sessions import lock_user
from analyzer.store.tables import (
    alerts,
    calibrations,
    claims,
    documents,
    jobs,
    marks,
    results,
    sessions,
    staged,
    trend_states,
    uploads,
    users,
)
from sacmes_core.payloads.session import SessionDocument

_OF_A_SESSION: Final = (
    *(results, staged, jobs, uploads, documents, marks, alerts, calibrations, claims),
    *(trend_states, sessions),
)
"""Tables with rows of a session, those first that refer to others."""


@dataclass(frozen=True, slots=True)
class OldSession:
    """A session that nothing has come for since `last_at`."""

    run: int
    user_id: str
    session_id: str
    name: str
    last_at: datetime
    uploads: int
    stored_bytes: int


def old_sessions(
    database: Database, before: datetime, user_id: str | None = None
) -> tuple[OldSession, ...]:
    """Sessions that may be taken out: they have ended, are analysed, and are not a user's newest.

    The newest stays because the broker holds its document, and would bring it back.
    """
    newer = sessions.alias()
    query = (
        select(sessions)
        .where(
            exists().where(
                newer.c.user_id == sessions.c.user_id, newer.c.revision > sessions.c.revision
            ),
            ~exists().where(jobs.c.run == sessions.c.run),
        )
        .order_by(sessions.c.user_id, sessions.c.run)
    )
    if user_id is not None:
        query = query.where(sessions.c.user_id == user_id)
    with database.read() as connection:
        return tuple(
            old for row in connection.execute(query) if (old := _old(connection, row, before))
        )


def prune(database: Database, olds: tuple[OldSession, ...]) -> Iterator[OldSession]:
    """Take sessions out, each in a transaction of its own; the room is used for what comes next.

    Those for which something has come since they were found stay.
    """
    for old in olds:
        with database.write() as connection:
            # The user first, as every writer does.
            lock_user(connection, old.user_id)
            held = select(sessions).where(sessions.c.run == old.run).with_for_update()
            row = connection.execute(held).first()
            if row is None or _old(connection, row) != old:
                continue
            connection.execute(
                update(users)
                .where(users.c.user_id == old.user_id)
                .values(stored_bytes=users.c.stored_bytes - old.stored_bytes)
            )
            for table in _OF_A_SESSION:
                connection.execute(delete(table).where(table.c.run == old.run))
        yield old


def _old(connection: Connection, row: Any, before: datetime | None = None) -> OldSession | None:
    document = SessionDocument.model_validate_json(row.document)
    newest = select(uploads.c.received_at).where(
        uploads.c.run == row.run, uploads.c.position == row.last_position
    )
    times = [row.last_result_at, connection.scalar(newest)]
    last_at = max([document.changed_at, *(datetime.fromisoformat(t) for t in times if t)])
    if (before is not None and last_at >= before) or document.state == "running":
        return None
    size = connection.execute(
        select(func.count(), func.coalesce(func.sum(func.length(uploads.c.packed)), 0)).where(
            uploads.c.run == row.run
        )
    ).one()
    return OldSession(
        row.run, row.user_id, row.session_id, document.name, last_at, size[0], int(size[1])
    )
