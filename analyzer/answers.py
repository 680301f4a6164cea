"""Answers to what viewers and agents ask, and the keeping of the session documents."""

import logging
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Final, Literal

from analyzer import metrics
from analyzer.alerting import AgentHeard, SessionSeen
from analyzer.aside import Aside, takes_long
from analyzer.calibration import Calibrator
from analyzer.curation import Curation
from analyzer.exporting.desk import ExportDesk
from analyzer.exports import PART_BYTES
from analyzer.history import page_of_history
from analyzer.ingest import Outward
from analyzer.messages import curves_again, tried
from analyzer.rates import rates_of
from analyzer.sessions import (
    Answer,
    Effect,
    Event,
    Publish,
    RevisionSeen,
    SettingsChanged,
    Started,
    Stopped,
    no_such_session,
)
from analyzer.status import Status
from analyzer.store.database import StoreError
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from analyzer.watchman import Watchman
from sacmes_core import questions
from sacmes_core.errors import AnalysisError, ProtocolError
from sacmes_core.logs import add_concern
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.alerts import AcknowledgeRequest, AlertsQuery
from sacmes_core.payloads.calibration import CalibrateRequest, CalibrationQuery
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import MarkRequest, MarksQuery, UnmarkRequest
from sacmes_core.payloads.presence import AgentPresence
from sacmes_core.payloads.questions import (
    DeleteRequest,
    ExportQuery,
    HistoryQuery,
    RenameRequest,
    RevisionsQuery,
    ScanQuery,
    SessionsQuery,
    SettingsRequest,
    StartRequest,
    StopRequest,
    TrialQuery,
    UndeleteRequest,
)
from sacmes_core.payloads.rates import RatesQuery
from sacmes_core.payloads.replies import Problem, RevisionsReply, ScanReply, SessionsReply
from sacmes_core.payloads.results import Curves, Result
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import AGENT_PRESENCE, SESSION, publication, read
from sacmes_core.questions import Asked

logger = logging.getLogger(__name__)

RATES_RESULTS_MAX: Final = 20_000
"""Results that a frequency map is made of at the most."""


class Answers:
    """Answers questions and keeps the session documents; used by one thread.

    What takes long is done in two more threads: `exports` makes exports, and `aside` answers what
    has to be computed first.

    Parameters
    ----------
    changed
        Called when a change of settings gave the worker something to do.
    """

    def __init__(
        self,
        store: Store,
        link: Outward,
        status: Status,
        changed: Callable[[], None],
        watchman: Watchman | None = None,
    ) -> None:
        self._store = store
        self._link = link
        self._status = status
        self._changed = changed
        self._watchman = watchman or Watchman(store, link, status)
        self.exports = ExportDesk(store, status, self._send)
        self.aside = Aside(lambda asked: self._answer_or_tell(asked, "calculations"))
        self._curation = Curation(store)
        self._calibrator = Calibrator(store, changed)
        self._seen_revisions: dict[str, int] = {}

    def question(self, message: Message) -> None:
        """Answer a question; one that cannot be read is refused, counted, and told its asker."""
        try:
            asked = questions.read_question(message)
        except ProtocolError as error:
            self._status.refuse("questions", str(error))
            problem = Problem(type=_kind(error), title="Not understood", detail=str(error)[:2000])
            self._count(questions.known_verb(message), problem.type)
            self._send(questions.problem_reply(message, problem))
            return
        add_concern(session_id=getattr(asked.payload, "session_id", None))
        if not takes_long(asked.payload):
            self._answer_or_tell(asked, "answers")
        elif (refusal := self.aside.ask(asked)) is not None:
            self._reply(asked, refusal)

    def retained(self, message: Message) -> None:
        """Look at a session document or a presence that the broker holds."""
        if not message.payload:
            return
        try:
            place, payload = read(message)
        except ProtocolError as error:
            self._status.refuse("presence and session", str(error))
            return
        if place.channel is AGENT_PRESENCE and isinstance(payload, AgentPresence):
            self._watchman.note(place.user_id, AgentHeard(payload.state, payload.host))
            if payload.revision > self._seen_revisions.get(place.user_id, 0):
                self._apply(place.user_id, RevisionSeen(payload.revision))
                self._seen_revisions[place.user_id] = payload.revision
        elif place.channel is SESSION and isinstance(payload, SessionDocument):
            effects = self._store.sessions.see(place.user_id, payload, datetime.now(UTC))
            self._perform(place.user_id, effects, None)

    def connected(self) -> None:
        """Retain the newest document of every user again: a killed broker restores an older one."""
        for run in self._store.sessions.newest_of_all():
            if not run.recovered:
                self._publish_document(run.user_id, run.document)

    def _answer_or_tell(self, asked: Asked, where: str) -> None:
        """Answer; a store in trouble is told the asker, and where it was met."""
        try:
            self._answer(asked)
        except StoreError as error:
            self._status.trouble(where, str(error))
            problem = Problem(
                type="unavailable", title="The store does not answer", detail=str(error)[:2000]
            )
            self._count(asked.question.verb, problem.type)
            self._send(questions.reply(asked, problem))
        else:
            self._status.trouble(where, None)

    def _answer(self, asked: Asked) -> None:
        match asked.payload:
            case SessionsQuery():
                self._reply(asked, self._sessions(asked.user_id, asked.payload))
            case HistoryQuery():
                self._reply(asked, page_of_history(self._store, asked.user_id, asked.payload))
            case RevisionsQuery():
                self._reply(asked, self._revisions(asked.user_id, asked.payload))
            case ScanQuery():
                self._reply(asked, self._scan(asked.user_id, asked.payload))
            case TrialQuery():
                self._reply(asked, self._trial(asked.user_id, asked.payload))
            case RatesQuery():
                self._reply(asked, self._rates(asked.user_id, asked.payload))
            case ExportQuery():
                self._export(asked, asked.payload)
            case StartRequest() if reason := self._store.sessions.no_room(asked.user_id):
                problem = Problem(type="unavailable", title="No room for a session", detail=reason)
                self._reply(asked, problem)
            case StartRequest():
                self._apply(asked.user_id, Started(asked.payload, str(uuid.uuid4())), asked)
            case RenameRequest():
                now = datetime.now(UTC)
                effects = self._store.sessions.rename(asked.user_id, asked.payload, now)
                self._perform(asked.user_id, effects, asked)
            case (
                MarksQuery() | MarkRequest() | UnmarkRequest() | DeleteRequest() | UndeleteRequest()
            ) as curated:
                self._reply(asked, self._curation.answer(asked.user_id, curated))
            case (CalibrationQuery() | CalibrateRequest()) as about_calibration:
                self._reply(asked, self._calibrator.answer(asked.user_id, about_calibration))
            case (AlertsQuery() | AcknowledgeRequest()) as about_alerts:
                self._reply(asked, self._watchman.answer(asked.user_id, about_alerts))
            case StopRequest():
                self._apply(asked.user_id, Stopped(asked.payload), asked)
            case SettingsRequest():
                self._apply(asked.user_id, SettingsChanged(asked.payload), asked)

    def _apply(self, user_id: str, event: Event, asked: Asked | None = None) -> None:
        effects = self._store.sessions.apply(user_id, event, datetime.now(UTC))
        self._perform(user_id, effects, asked)

    def _perform(self, user_id: str, effects: Iterable[Effect], asked: Asked | None) -> None:
        for effect in effects:
            match effect:
                case Publish(document):
                    add_concern(session_id=document.session_id)
                    logger.info(
                        "Session %s of %s: %s, revision %d",
                        document.session_id,
                        user_id,
                        document.state,
                        document.revision,
                    )
                    self._publish_document(user_id, document)
                    self._watchman.note(user_id, SessionSeen(document))
                    self._changed()
                case Answer(payload) if asked is not None:
                    self._reply(asked, payload)

    def _sessions(self, user_id: str, query: SessionsQuery) -> Payload:
        found = self._store.sessions.list(user_id, query.limit, deleted=query.deleted)
        while sum(len(s.model_dump_json()) for s in found) > PART_BYTES:
            found = found[: len(found) // 2]
        return SessionsReply(sessions=found)

    def _revisions(self, user_id: str, query: RevisionsQuery) -> Payload:
        run = self._store.sessions.find(user_id, query.session_id)
        if run is None:
            return no_such_session()
        return RevisionsReply(revisions=self._store.sessions.revisions(run.run, query.limit))

    def _scan(self, user_id: str, query: ScanQuery) -> Payload:
        # At one moment, so that result and curves are of the same settings.
        with self._store.database.snapshot():
            run = self._store.sessions.find(user_id, query.session_id)
            if run is None:
                return no_such_session()
            result = self._store.results.at(run.run, query.position, query.index)
            if result is None:
                return _no_such_scan()
            return ScanReply(result=result, curves=self._curves(run, result))

    def _trial(self, user_id: str, query: TrialQuery) -> Payload:
        run = self._store.sessions.find(user_id, query.session_id)
        if run is None:
            return no_such_session()
        position, index = query.position, query.index
        if position is None and (newest := self._store.results.at(run.run, None, 0)) is not None:
            position, index = newest.position, newest.scan.index
        upload = None if position is None else self._store.uploads.at(run.run, position)
        chosen = {"reading": query.reading, "peak": query.peak}
        settings = run.document.settings.model_copy(
            update={part: value for part, value in chosen.items() if value is not None}
        )
        found = None if upload is None else tried(run, upload, index, settings)
        return _no_such_scan() if found is None else found

    def _rates(self, user_id: str, query: RatesQuery) -> Payload:
        run = self._store.sessions.find(user_id, query.session_id)
        if run is None:
            return no_such_session()
        results = islice(self._store.results.every(run.run), RATES_RESULTS_MAX)
        try:
            return rates_of(run.document, results, query)
        except AnalysisError as error:
            return Problem(type="invalid", title="No map", detail=str(error)[:2000])

    def _curves(self, run: Run, result: Result) -> Curves | None:
        upload = self._store.uploads.at(run.run, result.position)
        if upload is None or result.error is not None:
            return None
        return curves_again(self._store.sessions.as_shown(run), upload, result)

    def _export(self, asked: Asked, query: ExportQuery) -> None:
        run = self._store.sessions.find(asked.user_id, query.session_id)
        if run is None:
            self._reply(asked, no_such_session())
            return
        problem = self.exports.ask(asked, query, run)
        if problem is not None:
            self._reply(asked, problem)

    def _reply(self, asked: Asked, payload: Payload) -> None:
        try:
            message = questions.reply(asked, payload)
        except ProtocolError as error:
            too_large = Problem(type="too_large", title="Too large", detail=str(error))
            message = questions.reply(asked, too_large)
            payload = too_large
        self._count(
            asked.question.verb, payload.type if isinstance(payload, Problem) else "answered"
        )
        self._send(message)

    def _count(self, verb: str, outcome: str) -> None:
        self._status.metrics.add(metrics.QUESTIONS, labels=(verb, outcome))

    def _publish_document(self, user_id: str, document: SessionDocument) -> None:
        self._send(publication(SESSION, document, user_id=user_id))

    def _send(self, message: Publication | None) -> None:
        if message is None:
            return
        try:
            self._link.publish(message)
        except ProtocolError as error:
            self._status.refuse("answers", str(error))


def _kind(error: ProtocolError) -> Literal["unknown_verb", "invalid"]:
    return "unknown_verb" if "is not asked here" in str(error) else "invalid"


def _no_such_scan() -> Problem:
    return Problem(
        type="not_found",
        title="No such scan",
        detail="The session has no scan there; ask for its history first.",
    )
