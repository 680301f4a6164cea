"""The marks of sessions."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from analyzer.store.database import Database
from analyzer.store.tables import marks, sessions
from sacmes_core.payloads.marks import MARKS_MAX, Mark


class Marks:
    """The marks of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, run: int) -> tuple[Mark, ...]:
        """The marks of a session in the order in which they were made."""
        query = (
            select(marks.c.document)
            .where(marks.c.run == run)
            .order_by(marks.c.made_at, marks.c.mark_id)
        )
        with self._database.read() as connection:
            found = connection.scalars(query).all()
        return tuple(Mark.model_validate_json(document) for document in found)

    def put(self, run: int, mark: Mark, now: datetime) -> bool:
        """Keep a mark, in the place of one with its id; False if the session has too many."""
        this = (marks.c.run == run) & (marks.c.mark_id == mark.mark_id)
        document = mark.model_dump_json()
        with self._database.write() as connection:
            _changed(connection, run)
            if connection.scalar(select(marks.c.mark_id).where(this)) is not None:
                connection.execute(update(marks).where(this).values(document=document))
                return True
            count = select(func.count()).select_from(marks).where(marks.c.run == run)
            if (connection.scalar(count) or 0) >= MARKS_MAX:
                return False
            row = {"run": run, "mark_id": mark.mark_id, "made_at": now.isoformat()}
            connection.execute(insert(marks).values(document=document, **row))
        return True

    def remove(self, run: int, mark_id: str) -> bool:
        """Take a mark away; False if there is none of this id."""
        with self._database.write() as connection:
            _changed(connection, run)
            gone = connection.execute(
                delete(marks).where(marks.c.run == run, marks.c.mark_id == mark_id)
            )
        return bool(gone.rowcount)


def _changed(connection: Connection, run: int) -> None:
    """Say that there is something new to export; nobody else changes the session meanwhile."""
    connection.execute(
        update(sessions)
        .where(sessions.c.run == run)
        .values(content_version=sessions.c.content_version + 1)
    )
