"""Session documents: the rules of `analyzer.sessions` applied in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Select, exists, func, insert, select, update

from analyzer.sessions import (
    DocumentSeen,
    Effect,
    Event,
    Renamed,
    Save,
    SaveName,
    UserSessions,
    step,
)
from analyzer.store.database import Database
from analyzer.store.engines import insert_if_absent
from analyzer.store.glimpses import Glimpses
from analyzer.store.quotas import NO_QUOTA, Quota, sessions_refusal
from analyzer.store.tables import YES, documents, jobs, results, sessions, users
from analyzer.store.uploads import AGAIN, analyse_again, insert_session
from sacmes_core.payloads.questions import RenameRequest
from sacmes_core.payloads.replies import SessionSummary
from sacmes_core.payloads.session import SessionDocument

# Built once, since a worker asks at each turn.
_STALE: Final = select(sessions.c.run).where(
    sessions.c.trend_stale == YES,
    ~exists().where(jobs.c.run == sessions.c.run, jobs.c.priority == AGAIN),
)


@dataclass(frozen=True, slots=True)
class Run:
    """A session as the store knows it.

    Attributes
    ----------
    run
        The store's own number of the session.
    order
        Grows with each change of the document, and says which session is newer: its revision, but
        0 where the session comes before all others.
    shown_revision
        Settings revision of the results; an older one while the session is analysed again.
    content_version
        Grows whenever a result or the trend changes.
    calibration_revision
        Grows with each change of the calibration; 0 before the first.
    """

    run: int
    user_id: str
    document: SessionDocument
    order: int
    recovered: bool
    shown_revision: int
    trend_revision: int
    trend_stale: bool
    content_version: int
    calibration_revision: int = 0


class Sessions:
    """The sessions of a store."""

    def __init__(self, database: Database, quota: Quota = NO_QUOTA) -> None:
        self._database = database
        self._quota = quota
        self._glimpses = Glimpses()

    def no_room(self, user_id: str) -> str | None:
        """Why a user is to have no further session, in a sentence; None if he may have one."""
        with self._database.read() as connection:
            return sessions_refusal(connection, self._quota, user_id)

    def apply(self, user_id: str, event: Event, now: datetime) -> tuple[Effect, ...]:
        """Apply an event to a user's sessions and keep what it says.

        Returns
        -------
        tuple of Effect
            What is left to do now that the documents are kept: publish, answer.
        """
        with self._database.write() as connection:
            return _applied(connection, user_id, event, now)

    def rename(self, user_id: str, request: RenameRequest, now: datetime) -> tuple[Effect, ...]:
        """Give a session another name; what is left to do, as of `apply`."""
        with self._database.write() as connection:
            lock_user(connection, user_id)
            row = connection.execute(_found(user_id, request.session_id)).first()
            document = None if row is None else SessionDocument.model_validate_json(row.document)
            return _applied(connection, user_id, Renamed(request, document), now)

    def set_deleted(self, run: int, at: datetime | None) -> bool:
        """Delete a session, which hides it, or bring it back; False if it is running."""
        with self._database.write() as connection:
            query = select(sessions.c.document).where(sessions.c.run == run).with_for_update()
            document = SessionDocument.model_validate_json(connection.scalars(query).one())
            if at is not None and document.state == "running":
                return False
            connection.execute(
                update(sessions)
                .where(sessions.c.run == run)
                .values(deleted_at=None if at is None else at.isoformat())
            )
        return True

    def see(self, user_id: str, document: SessionDocument, now: datetime) -> tuple[Effect, ...]:
        """Compare a document that the broker holds with ours."""
        with self._database.write() as connection:
            lock_user(connection, user_id)
            row = connection.execute(_found(user_id, document.session_id)).first()
            stored = None if row is None else _run(row)
            seen = DocumentSeen(
                document,
                None if stored is None else stored.document,
                stored is not None and stored.recovered,
            )
            return _applied(connection, user_id, seen, now)

    def find(self, user_id: str, session_id: str | None) -> Run | None:
        """A session of this user; the newest without an id. Nobody else's is ever found."""
        with self._database.read() as connection:
            row = connection.execute(_found(user_id, session_id)).first()
        return None if row is None else _run(row)

    def by_number(self, run: int) -> Run:
        """A session by the store's own number."""
        with self._database.read() as connection:
            return _run(connection.execute(select(sessions).where(sessions.c.run == run)).one())

    def by_numbers(self, runs: Sequence[int]) -> tuple[Run, ...]:
        """Sessions by the store's own numbers, in that order."""
        query = select(sessions).where(sessions.c.run.in_(runs)).order_by(sessions.c.run)
        with self._database.read() as connection:
            return tuple(map(_run, connection.execute(query)))

    def revisions(self, run: int, limit: int) -> tuple[SessionDocument, ...]:
        """What a session's document said, newest first."""
        query = (
            select(documents.c.document)
            .where(documents.c.run == run)
            .order_by(documents.c.revision.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(map(_document, connection.scalars(query)))

    def as_shown(self, run: Run) -> Run:
        """A session with the document by which its results were made that viewers see now.

        That is the newest one, but while the session is analysed again under it.
        """
        if run.document.settings_revision == run.shown_revision:
            return run
        query = (
            select(documents.c.document)
            .where(documents.c.run == run.run, documents.c.revision >= run.shown_revision)
            .order_by(documents.c.revision)
        )
        with self._database.read() as connection:
            texts = connection.scalars(query).all()
        found = [SessionDocument.model_validate_json(text) for text in texts]
        shown = [d for d in found if d.settings_revision == run.shown_revision]
        return replace(run, document=shown[-1]) if shown else run

    def count_scans(self, run: int) -> int:
        """How many scans of a session have results."""
        with self._database.read() as connection:
            return connection.scalar(select(sessions.c.scans).where(sessions.c.run == run)) or 0

    def stale(self) -> tuple[int, ...]:
        """Sessions whose trend has to be computed again, and no scan analysed again before."""
        with self._database.read() as connection:
            return tuple(connection.scalars(_STALE))

    def newest_of_all(self) -> tuple[Run, ...]:
        """The newest session of every user."""
        newest = (
            select(sessions.c.user_id, func.max(sessions.c.revision).label("revision"))
            .group_by(sessions.c.user_id)
            .subquery()
        )
        query = select(sessions).join(
            newest,
            (sessions.c.user_id == newest.c.user_id) & (sessions.c.revision == newest.c.revision),
        )
        with self._database.read() as connection:
            return tuple(_run(row) for row in connection.execute(query))

    def list(
        self, user_id: str, limit: int, *, deleted: bool = False
    ) -> tuple[SessionSummary, ...]:
        """The sessions of a user, newest first; those that he deleted only if asked for."""
        chosen = sessions.c.user_id == user_id
        query = (
            select(sessions)
            .where(chosen if deleted else chosen & sessions.c.deleted_at.is_(None))
            .order_by(sessions.c.revision.desc(), sessions.c.run.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            return tuple(self._summary(connection, row) for row in rows)

    def _summary(self, connection: Connection, row: Any) -> SessionSummary:
        last, position = row.last_result_at, _last_position(connection, row.run)
        state = row.session_id, row.content_version
        glimpse = self._glimpses.of(connection, row.run, state, position)
        return SessionSummary(
            session=_document(row.document),
            scans=row.scans,
            last_position=position,
            last_result_at=None if last is None else datetime.fromisoformat(last),
            deleted_at=None if row.deleted_at is None else datetime.fromisoformat(row.deleted_at),
            flagged_share=glimpse.flagged_share,
            glimpse_electrode=glimpse.electrode,
            glimpse_frequency_hz=glimpse.frequency_hz,
            glimpse_currents_a=glimpse.peak_currents_a,
        )


def lock_user(connection: Connection, user_id: str) -> int:
    """Keep others from changing a user's sessions meanwhile; his highest revision."""
    query = select(users.c.highest_revision).where(users.c.user_id == user_id).with_for_update()
    found: int | None = connection.scalar(query)
    if found is None:
        insert_if_absent(connection, users, {"user_id": user_id, "highest_revision": 0})
        found = connection.scalar(query)
    return found or 0


def _found(user_id: str, session_id: str | None) -> Select[Any]:
    query = select(sessions).where(sessions.c.user_id == user_id)
    if session_id is None:
        query = query.where(sessions.c.deleted_at.is_(None))
        query = query.order_by(sessions.c.revision.desc(), sessions.c.run.desc()).limit(1)
    else:
        query = query.where(sessions.c.session_id == session_id)
    return query


def _applied(
    connection: Connection, user_id: str, event: Event, now: datetime
) -> tuple[Effect, ...]:
    """Keep what an event says; what is left to do afterwards."""
    before = _state(connection, user_id)
    after, effects = step(before, event, now)
    for effect in effects:
        if isinstance(effect, Save):
            _save(connection, user_id, effect)
        elif isinstance(effect, SaveName):
            _save_name(connection, user_id, effect.document)
    if after.highest_revision > before.highest_revision:
        _raise_highest(connection, user_id, after.highest_revision)
    return tuple(effect for effect in effects if not isinstance(effect, Save | SaveName))


def _state(connection: Connection, user_id: str) -> UserSessions:
    highest = lock_user(connection, user_id)
    row = connection.execute(
        select(sessions.c.document, sessions.c.recovered)
        .where(sessions.c.user_id == user_id)
        .order_by(sessions.c.revision.desc(), sessions.c.run.desc())
        .limit(1)
    ).first()
    if row is None:
        return UserSessions(highest_revision=highest)
    document = SessionDocument.model_validate_json(row.document)
    return UserSessions(document, bool(row.recovered), max(highest, document.revision))


def _save(connection: Connection, user_id: str, effect: Save) -> None:
    document = effect.document
    run = connection.scalar(
        select(sessions.c.run).where(
            sessions.c.user_id == user_id, sessions.c.session_id == document.session_id
        )
    )
    if run is None:
        run = insert_session(connection, user_id, document, recovered=False)
    else:
        changes: dict[str, Any] = {"trend_stale": 1} if effect.trend_again else {}
        connection.execute(
            update(sessions)
            .where(sessions.c.run == run)
            .values(
                revision=document.revision,
                settings_revision=document.settings_revision,
                recovered=0,
                document=document.model_dump_json(),
                **changes,
            )
        )
    connection.execute(
        insert(documents).values(
            run=run, revision=document.revision, document=document.model_dump_json()
        )
    )
    if effect.analyse_again:
        _analyse_again(connection, run, document)


def _analyse_again(connection: Connection, run: int, document: SessionDocument) -> None:
    """Begin an analysis beside the results; where there are none yet, the settings hold at once."""
    if _last_position(connection, run):
        analyse_again(connection, run)
        return
    shown = update(sessions).where(sessions.c.run == run)
    connection.execute(shown.values(shown_revision=document.settings_revision))


def _save_name(connection: Connection, user_id: str, document: SessionDocument) -> None:
    connection.execute(
        update(sessions)
        .where(sessions.c.user_id == user_id, sessions.c.session_id == document.session_id)
        .values(document=document.model_dump_json())
    )


def _raise_highest(connection: Connection, user_id: str, revision: int) -> None:
    connection.execute(
        update(users).where(users.c.user_id == user_id).values(highest_revision=revision)
    )


def _last_position(connection: Connection, run: int) -> int:
    query = (
        select(results.c.position)
        .where(results.c.run == run, results.c.superseded == 0)
        .order_by(results.c.position.desc())
        .limit(1)
    )
    return connection.scalar(query) or 0


@lru_cache(maxsize=2048)
def _document(text: str) -> SessionDocument:
    """A document from its text; reading one takes longer than the analysis of a scan may."""
    return SessionDocument.model_validate_json(text)


def _run(row: Any) -> Run:
    return Run(
        row.run,
        row.user_id,
        _document(row.document),
        row.revision,
        bool(row.recovered),
        row.shown_revision,
        row.trend_revision,
        bool(row.trend_stale),
        row.content_version,
        row.calibration_revision,
    )
