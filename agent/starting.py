"""Asking the analyzer for a session, as a reducer: patient, and never two sessions for one wish."""

from dataclasses import dataclass, replace
from typing import Final

from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import StartRequest
from sacmes_core.payloads.replies import Problem, SessionReply
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.session import SessionSettings

ASK_AGAIN_S: Final = 5.0
CONFLICTS_MAX: Final = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """The session that the command line asks for."""

    technique: Technique
    settings: SessionSettings
    name: str = ""

    def request(self, seen_revision: int, by: str) -> StartRequest:
        """The request for it, naming the revision that was seen and who asks."""
        return StartRequest(
            seen_revision=seen_revision,
            technique=self.technique,
            name=self.name,
            by=by[:200],
            settings=self.settings,
        )

    def is_met_by(self, document: SessionDocument | None) -> bool:
        """Whether such a session runs already; another name asks for another session."""
        return (
            document is not None
            and document.state == "running"
            and document.technique == self.technique
            and document.settings == self.settings
            and self.name in ("", document.name)
        )


@dataclass(frozen=True, slots=True)
class Granted:
    """A wish of an earlier run of this agent, and the session that came of it.

    A viewer may have changed that session's settings since; the same wish is still met by it.
    """

    wish: Wish
    session_id: str

    def meets(self, wish: Wish, document: SessionDocument | None) -> bool:
        """Whether the session that came of an equal wish still runs."""
        return (
            self.wish == wish
            and document is not None
            and document.state == "running"
            and document.session_id == self.session_id
        )


@dataclass(frozen=True, slots=True)
class Starting:
    """A wish on its way.

    Attributes
    ----------
    looked
        Whether all that the broker had retained has been seen, on the present connection.
    ask_at
        When to ask next; None while nothing is to be asked.
    conflicts
        How often somebody else had changed the session in between.
    await_revision
        Revision that the analyzer named in a conflict, until it has come; 0 for none.
    told_revision
        Revision that the analyzer named although it is below the document's.
    passed_over
        Id of a session that does not meet the wish although it is like it.
    """

    wish: Wish
    granted: Granted | None = None
    document: SessionDocument | None = None
    looked: bool = False
    asked: bool = False
    settled: bool = False
    ask_at: float | None = None
    conflicts: int = 0
    await_revision: int = 0
    told_revision: int | None = None
    passed_over: str | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """All that the broker had retained has come."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection ended."""


@dataclass(frozen=True, slots=True)
class Holds:
    """The session document is now this."""

    document: SessionDocument


@dataclass(frozen=True, slots=True)
class Answered:
    """The analyzer answered: a `SessionReply` or a `Problem`."""

    reply: Payload


@dataclass(frozen=True, slots=True)
class AnalyzerReturned:
    """An analyzer came online; a question from before may have found nobody."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by."""


Event = Looked | Closed | Holds | Answered | AnalyzerReturned | Tick


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for the session, naming the revision that was seen."""

    seen_revision: int


@dataclass(frozen=True, slots=True)
class Met:
    """The wish is met by this session; `new` says that it was asked for, and not there before."""

    document: SessionDocument
    new: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The wish cannot be met, and why."""

    sentence: str


Effect = Ask | Met | Failed


def step(state: Starting, event: Event, now: float) -> tuple[Starting, tuple[Effect, ...]]:
    """The wish after an event, and what to do."""
    if state.settled:
        return state, ()
    match event:
        case Looked():
            state = replace(state, looked=True, ask_at=now)
        case Closed():
            return replace(state, looked=False, ask_at=None), ()
        case Holds(document):
            state = replace(state, document=document)
            if state.looked and 0 < state.await_revision <= document.revision:
                state = replace(state, ask_at=now, await_revision=0)
        case AnalyzerReturned():
            state = replace(state, ask_at=now if state.looked else None)
        case Answered(SessionReply(session=document)):
            return replace(state, document=document, settled=True), (Met(document, new=True),)
        case Answered(Problem() as problem):
            state, failed = _refused(state, problem, now)
            if failed is not None:
                return state, (failed,)
        case _:
            pass
    if not state.looked:
        return state, ()
    if _is_met(state) and state.document is not None:
        return replace(state, settled=True), (Met(state.document, new=state.asked),)
    if state.ask_at is None or now < state.ask_at:
        return state, ()
    known = 0 if state.document is None else state.document.revision
    revision = known if state.told_revision is None else state.told_revision
    return replace(state, asked=True, ask_at=now + ASK_AGAIN_S), (Ask(revision),)


def _is_met(state: Starting) -> bool:
    if state.document is not None and state.document.session_id == state.passed_over:
        return False
    if state.wish.is_met_by(state.document):
        return True
    return state.granted is not None and state.granted.meets(state.wish, state.document)


def _refused(state: Starting, problem: Problem, now: float) -> tuple[Starting, Failed | None]:
    if problem.type == "unavailable":
        return replace(state, ask_at=now + ASK_AGAIN_S), None
    if problem.type != "conflict":
        sentence = f"The analyzer does not start the session: {problem.detail}"
        return replace(state, settled=True), Failed(sentence)
    if state.conflicts >= CONFLICTS_MAX:
        return replace(state, settled=True), Failed(
            "Somebody else keeps changing the session at the same time; "
            "this agent follows the session that there is."
        )
    known = 0 if state.document is None else state.document.revision
    current = problem.revision or 0
    state = replace(state, conflicts=state.conflicts + 1)
    if current > known:
        return replace(state, await_revision=current, ask_at=now + ASK_AGAIN_S), None
    return replace(state, told_revision=current, ask_at=now), None
