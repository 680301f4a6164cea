"""The live view of one user as a reducer: messages and time in, a new state and questions out.

Messages may come late, twice, out of order or damaged: the state that results is the same as if
each had come once and in order, as soon as the analyzer's history has filled the gaps.
"""

from dataclasses import replace
from typing import Final, Literal

from dashboard.live_history import (
    curve_came,
    fetch_due,
    history_came,
    history_failed,
    result_came,
    want_history,
)
from dashboard.live_marks import marks_came, marks_due, overheard
from dashboard.live_state import (
    NOTHING,
    Effect,
    HeardAgent,
    HeardAnalyzer,
    HeardViewer,
    LiveState,
    Tick,
    correlation,
)
from sacmes_core import protocol, questions
from sacmes_core.errors import ProtocolError
from sacmes_core.link_events import Connected, Disconnected, LinkEvent, Received, Refused
from sacmes_core.messages import Message
from sacmes_core.payloads.alerts import Alerts
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.presence import AgentPresence, AnalyzerPresence, ViewerPresence
from sacmes_core.payloads.replies import HistoryReply, Problem, ScanReply
from sacmes_core.payloads.results import Curves, Progress, Result
from sacmes_core.payloads.session import SessionDocument

MAX_PRESENCES: Final = 1000
REFRESH_AFTER_S: Final = (1.0, 4.0, 15.0)

Step = tuple[LiveState, tuple[Effect, ...]]


def step(state: LiveState, event: LinkEvent | Tick, now: float) -> Step:
    """Take in what happened.

    Parameters
    ----------
    state
        What was known before.
    event
        An event of the link, or that time has passed.
    now
        Our clock, in seconds since 1970.

    Returns
    -------
    LiveState
        What is known now; the same object if nothing changed.
    tuple of Effect
        What is to be asked.
    """
    later, effects = _step(state, event, now)
    problem = later.history_problem
    if problem is not None and problem != state.history_problem:
        later = troubled(later, "History", problem, now)
    return later, effects


def troubled(state: LiveState, where: str, sentence: str, now: float) -> LiveState:
    """Note in the journal what went wrong."""
    return replace(state, journal=state.journal.with_trouble(where, sentence, now))


def _step(state: LiveState, event: LinkEvent | Tick, now: float) -> Step:
    match event:
        case Tick():
            return _due(state, now)
        case Received():
            return _due(_message(state, event.message, now), now)
        case Connected():
            online = replace(
                state,
                link="online",
                link_reason="",
                history=None,
                curve_fetch=NOTHING,
                marks_due_at=now,
            )
            return _due(want_history(online, now), now)
        case Disconnected():
            return _away(state, "offline", event.reason, now), ()
        case Refused():
            return _away(state, "refused" if event.login else "offline", event.reason, now), ()
    return state, ()


def _due(state: LiveState, now: float) -> Step:
    """Ask what is due."""
    state, asked = fetch_due(state, now)
    state, more = marks_due(state, now)
    return state, (*asked, *more)


def _away(
    state: LiveState, link: Literal["offline", "refused"], reason: str, now: float
) -> LiveState:
    away = replace(state, link=link, link_reason=reason, history=None)
    return troubled(away, "Broker", reason, now)


def _message(state: LiveState, message: Message, now: float) -> LiveState:
    state = replace(state, journal=state.journal.with_message(message, now))
    try:
        place = protocol.parse_topic(message.topic)
        if place.channel is not protocol.ANALYZER_PRESENCE and place.user_id != state.user_id:
            return state.counting("unasked")
        if place.channel is protocol.REPLY:
            return _reply(state, message, now)
        if place.channel is protocol.REQUEST:
            return overheard(state, place, now)
        if not message.payload:
            return _cleared(state, place)
        _, payload = protocol.read(message)
    except ProtocolError as error:
        return troubled(state.counting("malformed"), "Message", str(error), now)
    return _payload(state, payload, message.retain, now)


def _payload(state: LiveState, payload: Payload, retained: bool, now: float) -> LiveState:
    match payload:
        case Result():
            placed = result_came(state, payload, retained, now)
            fresh = not retained and placed.counts is state.counts
            return _timed(placed, payload, now) if fresh else placed
        case Curves():
            return curve_came(state, payload)
        case SessionDocument():
            return session_came(state, payload, now)
        case AgentPresence():
            return _agent(state, payload, retained, now)
        case AnalyzerPresence():
            return _analyzer(state, payload, retained, now)
        case ViewerPresence():
            return _viewer(state, payload, retained, now)
        case Progress():
            return _progress(state, payload, now)
        case Alerts():
            return replace(state, alerts=payload.alerts)
    return state


def _timed(state: LiveState, result: Result, now: float) -> LiveState:
    """Note how long a result took; the clock beside the instrument is corrected where known."""
    measured_at = result.scan.measured_at
    if measured_at is None:
        return state
    lag_s = state.agent.clock_lag_s if state.agent is not None else 0.0
    delay_s = now - (measured_at.timestamp() + lag_s)
    return replace(state, journal=state.journal.with_delay(delay_s))


def session_came(state: LiveState, session: SessionDocument, now: float) -> LiveState:
    """Take a session document: older revisions are ignored, a new session starts empty."""
    known = state.session
    if known is not None and session.revision <= known.revision:
        return state
    if known is None or known.session_id != session.session_id:
        fresh = replace(
            state,
            session=session,
            marks=(),
            marks_due_at=now,
            marks_token=0,
            shown=None,
            loading=None,
            curves=NOTHING,
            curve_fetch=NOTHING,
            progress=None,
            last_result_at=None,
            intervals_s=(),
            missing_known=0,
            history=None,
            refresh_at=(),
        )
        return want_history(fresh, now)
    later = tuple(now + delay_s for delay_s in REFRESH_AFTER_S)
    return replace(state, session=session, refresh_at=later)


def _cleared(state: LiveState, place: protocol.Place) -> LiveState:
    if place.channel is protocol.AGENT_PRESENCE:
        return replace(state, agent=None)
    if place.channel is protocol.VIEWER_PRESENCE:
        viewer = place.levels["viewer"]
        return replace(state, viewers={k: v for k, v in state.viewers.items() if k != viewer})
    if place.channel is protocol.ANALYZER_PRESENCE:
        name = place.levels["analyzer"]
        return replace(state, analyzers={k: v for k, v in state.analyzers.items() if k != name})
    if place.channel is protocol.ALERTS:
        return replace(state, alerts=())
    return state


def _agent(state: LiveState, presence: AgentPresence, retained: bool, now: float) -> LiveState:
    known = state.agent.presence if state.agent is not None else None
    if known is not None:
        if presence.number < known.number:
            return state.counting("late")
        repeated = presence.number == known.number and presence.state == known.state
        if repeated and presence.heartbeat_at < known.heartbeat_at:
            return state.counting("late")
    lag_s = _clock_lag_s(presence, retained, now)
    return replace(state, agent=HeardAgent(presence, now, lag_s))


def _analyzer(
    state: LiveState, presence: AnalyzerPresence, retained: bool, now: float
) -> LiveState:
    if presence.analyzer not in state.analyzers and len(state.analyzers) >= MAX_PRESENCES:
        return state.counting("unasked")
    heard = HeardAnalyzer(presence, now, _clock_lag_s(presence, retained, now))
    return replace(state, analyzers={**state.analyzers, presence.analyzer: heard})


def _viewer(state: LiveState, presence: ViewerPresence, retained: bool, now: float) -> LiveState:
    if presence.viewer not in state.viewers and len(state.viewers) >= MAX_PRESENCES:
        return state.counting("unasked")
    heard = HeardViewer(presence, now, _clock_lag_s(presence, retained, now))
    return replace(state, viewers={**state.viewers, presence.viewer: heard})


def _clock_lag_s(
    presence: AgentPresence | AnalyzerPresence | ViewerPresence, retained: bool, now: float
) -> float:
    """How far the writer's clock is behind; a last will's heartbeat is old and says nothing."""
    if retained or getattr(presence, "state", "online") == "lost":
        return 0.0
    return now - presence.heartbeat_at.timestamp()


def _progress(state: LiveState, progress: Progress, now: float) -> LiveState:
    if state.session is None or progress.session_id != state.session.session_id:
        return state.counting("late")
    updated = replace(state, progress=progress, progress_at=now)
    return want_history(updated, now) if progress.done >= progress.of else updated


def _reply(state: LiveState, message: Message, now: float) -> LiveState:
    fetch = state.history
    if fetch and fetch.token and message.correlation_data == correlation(fetch.token):
        answer = questions.read_reply(questions.HISTORY, message)
        if isinstance(answer, HistoryReply):
            return history_came(session_came(state, answer.session, now), answer, now)
        detail = answer.detail if isinstance(answer, Problem) else "The answer is not readable."
        return history_failed(state, answer, detail, now)
    if state.marks_token and message.correlation_data == correlation(state.marks_token):
        return marks_came(state, questions.read_reply(questions.MARKS, message), now)
    if message.correlation_data in {correlation(t) for t in state.curve_fetch.values()}:
        answer = questions.read_reply(questions.SCAN, message)
        if isinstance(answer, ScanReply) and answer.curves is not None:
            return curve_came(state, answer.curves)
        return state
    return state.counting("unasked")
