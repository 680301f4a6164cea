"""What people add to a stored session and take from it: marks, and the session itself."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from analyzer.sessions import no_such_session
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import (
    MARKS_MAX,
    Mark,
    MarkRequest,
    MarksQuery,
    MarksReply,
    UnmarkRequest,
)
from sacmes_core.payloads.questions import DeleteRequest, UndeleteRequest
from sacmes_core.payloads.replies import Problem, SessionReply

Curated = MarksQuery | MarkRequest | UnmarkRequest | DeleteRequest | UndeleteRequest


class Curation:
    """Answers what is asked about the marks of a session, and about its removal."""

    def __init__(self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self._store = store
        self._now = now

    def answer(self, user_id: str, asked: Curated) -> Payload:
        """Do what is asked with a session of this user, and say how it is now."""
        run = self._store.sessions.find(user_id, asked.session_id)
        if run is None:
            return no_such_session()
        match asked:
            case MarksQuery():
                return self._marks(run)
            case MarkRequest():
                return self._mark(run, asked)
            case UnmarkRequest(mark_id=mark_id):
                return self._unmark(run, mark_id)
            case DeleteRequest():
                return self._delete(run)
            case UndeleteRequest():
                self._store.sessions.set_deleted(run.run, None)
                return SessionReply(session=run.document)

    def _marks(self, run: Run) -> Payload:
        marks = self._store.marks.list(run.run)
        return MarksReply(session_id=run.document.session_id, marks=marks)

    def _mark(self, run: Run, asked: MarkRequest) -> Payload:
        now = self._now()
        mark = Mark(
            mark_id=asked.mark_id or uuid.uuid4().hex,
            kind=asked.kind,
            label=asked.label,
            at=now if asked.at is None and asked.number is None else asked.at,
            number=asked.number,
            concentration=asked.concentration,
            concentration_unit=asked.concentration_unit,
            by=asked.by,
        )
        if self._store.marks.put(run.run, mark, now):
            return self._marks(run)
        return Problem(
            type="unavailable",
            title="No room for a mark",
            detail=f"The session has {MARKS_MAX} marks, which is the most; take one away first.",
        )

    def _unmark(self, run: Run, mark_id: str) -> Payload:
        if self._store.marks.remove(run.run, mark_id):
            return self._marks(run)
        return Problem(
            type="not_found",
            title="No such mark",
            detail="The session has no such mark; ask for its marks to see what there is.",
        )

    def _delete(self, run: Run) -> Payload:
        if self._store.sessions.set_deleted(run.run, self._now()):
            return SessionReply(session=run.document)
        return Problem(
            type="conflict",
            title="The session is running",
            detail="A session that runs is not deleted; stop it first.",
            revision=run.document.revision,
        )
