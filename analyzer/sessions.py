"""The rules of the session document: who may change it, and which revision comes next.

`step` is the whole of it: pure, one user at a time. The store applies it in one transaction and
commits what it says before anything is published.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, get_args

from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import (
    RenameRequest,
    SettingsRequest,
    StartRequest,
    StopRequest,
)
from sacmes_core.payloads.replies import Problem, SessionReply
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import Technique
from sacmes_core.upload import UploadHeader

PLAUSIBLE_REVISION_MAX: Final = 2**40
"""No honest agent has seen more changes; a larger claim must not use the numbers up."""


@dataclass(frozen=True, slots=True)
class UserSessions:
    """What is known of one user's sessions.

    Attributes
    ----------
    newest
        The document that holds; None if the user never had a session.
    recovered
        Whether it was made from uploads, and therefore never published.
    highest_revision
        Highest revision that the user's agents may remember.
    """

    newest: SessionDocument | None = None
    recovered: bool = False
    highest_revision: int = 0


@dataclass(frozen=True, slots=True)
class Started:
    """Somebody asks for a new session, which would have this id."""

    request: StartRequest
    session_id: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody asks for the end of the running session."""

    request: StopRequest


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """Somebody asks for other settings of the newest session."""

    request: SettingsRequest


@dataclass(frozen=True, slots=True)
class Renamed:
    """Somebody gives a session another name; `document` is how it is stored, None if it is not."""

    request: RenameRequest
    document: SessionDocument | None


@dataclass(frozen=True, slots=True)
class DocumentSeen:
    """The broker holds this document; `stored` is ours of the same session, if it is known."""

    document: SessionDocument
    stored: SessionDocument | None
    stored_is_recovered: bool = False


@dataclass(frozen=True, slots=True)
class RevisionSeen:
    """An agent says that it runs a document of this revision."""

    revision: int


Event = Started | Stopped | SettingsChanged | Renamed | DocumentSeen | RevisionSeen


@dataclass(frozen=True, slots=True)
class Save:
    """Keep a document; then analyse the session again, or compute its trend again."""

    document: SessionDocument
    analyse_again: bool = False
    trend_again: bool = False


@dataclass(frozen=True, slots=True)
class SaveName:
    """Keep a document of which nothing but the name is new."""

    document: SessionDocument


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish a document, retained, once everything is kept."""

    document: SessionDocument


@dataclass(frozen=True, slots=True)
class Answer:
    """Tell the asker."""

    payload: Payload


Effect = Save | SaveName | Publish | Answer


def step(
    state: UserSessions, event: Event, now: datetime
) -> tuple[UserSessions, tuple[Effect, ...]]:
    """Apply an event to a user's sessions; the effects come in the order of their execution."""
    match event:
        case Started(request, session_id):
            refusal = _conflict(state, request.seen_revision)
            return (state, refusal) if refusal else _start(state, request, session_id, now)
        case Stopped(request):
            refusal = _conflict(state, request.seen_revision)
            return (state, refusal) if refusal else _stop(state, request, now)
        case SettingsChanged(request):
            refusal = _conflict(state, request.seen_revision)
            return (state, refusal) if refusal else _change(state, request, now)
        case Renamed(request, document):
            return _rename(state, request, document, now)
        case DocumentSeen():
            return _see(state, event)
        case RevisionSeen(revision):
            if not state.highest_revision < revision <= PLAUSIBLE_REVISION_MAX:
                return state, ()
            return replace(state, highest_revision=revision), ()


def recovered(header: UploadHeader, now: datetime) -> SessionDocument:
    """Document of a session that only its uploads tell of: nothing that arrives is dropped."""
    return SessionDocument(
        session_id=header.session_id,
        name="recovered",
        technique=header.technique if header.technique in get_args(Technique) else "swv",  # type: ignore[arg-type]
        state="stopped",
        revision=1,
        settings_revision=1,
        started_at=now,
        changed_at=now,
        changed_by="analyzer",
        settings=StartRequest().settings,
    )


def _start(
    state: UserSessions, request: StartRequest, session_id: str, now: datetime
) -> tuple[UserSessions, tuple[Effect, ...]]:
    effects: list[Effect] = []
    revision = state.highest_revision
    if state.newest is not None and state.newest.state == "running":
        revision += 1
        ended = _revised(state.newest, revision, request.by, now, state="stopped")
        effects.append(Save(ended))
    revision += 1
    document = SessionDocument(
        session_id=session_id,
        name=request.name,
        technique=request.technique,
        state="running",
        revision=revision,
        settings_revision=revision,
        started_at=now,
        changed_at=now,
        changed_by=request.by,
        settings=request.settings,
    )
    effects += [Save(document), Publish(document), Answer(SessionReply(session=document))]
    return UserSessions(document, False, revision), tuple(effects)


def _stop(
    state: UserSessions, request: StopRequest, now: datetime
) -> tuple[UserSessions, tuple[Effect, ...]]:
    if state.newest is None:
        return state, (_no_session(),)
    if state.newest.state == "stopped" and not state.recovered:
        return state, (Answer(SessionReply(session=state.newest)),)
    # A recovered session may still run at its agent, so its end is published all the same.
    revision = state.highest_revision + 1
    document = _revised(state.newest, revision, request.by, now, state="stopped")
    effects = Save(document), Publish(document), Answer(SessionReply(session=document))
    return UserSessions(document, False, revision), effects


def _change(
    state: UserSessions, request: SettingsRequest, now: datetime
) -> tuple[UserSessions, tuple[Effect, ...]]:
    old = state.newest
    if old is None:
        return state, (_no_session(),)
    if request.settings == old.settings:
        return state, (Answer(SessionReply(session=old)),)
    settings = request.settings
    again = (settings.reading, settings.peak) != (old.settings.reading, old.settings.peak)
    revision = state.highest_revision + 1
    document = _revised(
        old,
        revision,
        request.by,
        now,
        settings=settings,
        settings_revision=revision if again else old.settings_revision,
    )
    save = Save(document, analyse_again=again, trend_again=settings.trend != old.settings.trend)
    effects = save, Publish(document), Answer(SessionReply(session=document))
    return UserSessions(document, False, revision), effects


def _rename(
    state: UserSessions, request: RenameRequest, document: SessionDocument | None, now: datetime
) -> tuple[UserSessions, tuple[Effect, ...]]:
    if document is None:
        return state, (Answer(no_such_session()),)
    if request.name == document.name:
        return state, (Answer(SessionReply(session=document)),)
    if state.recovered or document != state.newest:
        # Nobody obeys this one, and the newest has the highest revision: it keeps its own.
        renamed = document.model_copy(update={"name": request.name})
        return state, (SaveName(renamed), Answer(SessionReply(session=renamed)))
    revision = state.highest_revision + 1
    renamed = _revised(document, revision, request.by, now, name=request.name)
    effects = Save(renamed), Publish(renamed), Answer(SessionReply(session=renamed))
    return UserSessions(renamed, False, revision), effects


def _see(state: UserSessions, seen: DocumentSeen) -> tuple[UserSessions, tuple[Effect, ...]]:
    document = seen.document
    if document.revision > PLAUSIBLE_REVISION_MAX:
        return state, ()
    effects: tuple[Effect, ...] = ()
    stored = seen.stored
    newest = state.newest
    if stored is None or seen.stored_is_recovered or document.revision > stored.revision:
        # Only an analyzer may write there: it is ours, from before the store was lost or
        # replaced by an older copy.
        again = stored is not None and (
            document.settings != stored.settings
            or document.settings_revision != stored.settings_revision
        )
        effects = (Save(document, analyse_again=again, trend_again=again),)
    if newest is not None and not state.recovered and document.revision < newest.revision:
        return state, (*effects, Publish(newest))
    if effects:
        # A store replaced by an older copy may have put its own in the place of this one already.
        effects = (*effects, Publish(document))
    highest = max(state.highest_revision, document.revision)
    if newest is None or state.recovered or document.revision >= newest.revision:
        return UserSessions(document, False, highest), effects
    return replace(state, highest_revision=highest), effects


def _revised(
    document: SessionDocument, revision: int, by: str, now: datetime, **changes: object
) -> SessionDocument:
    return document.model_copy(
        update={"revision": revision, "changed_by": by, "changed_at": now, **changes}
    )


def _conflict(state: UserSessions, seen_revision: int) -> tuple[Effect, ...]:
    holds = 0 if state.newest is None else state.newest.revision
    if seen_revision == holds or (state.recovered and seen_revision == 0):
        return ()
    return (
        Answer(
            Problem(
                type="conflict",
                title="The session was changed meanwhile",
                detail="Somebody else has changed the session, or you have not seen it yet. "
                "Look at it as it is now, and ask again.",
                revision=holds,
            )
        ),
    )


def no_such_session() -> Problem:
    """One answer for a session that does not exist and for one of somebody else."""
    return Problem(
        type="not_found",
        title="No such session",
        detail="You have no such session; ask for your sessions to see what there is.",
    )


def _no_session() -> Answer:
    return Answer(
        Problem(
            type="not_found",
            title="No session",
            detail="There is no session yet; start one first.",
        )
    )
