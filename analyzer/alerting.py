"""When an alert is raised and when it is over: one user's watch as a pure reducer.

An alert is active until somebody acknowledges it, and open until its reason is over. Its cause
names rule, electrode and frequency: of one cause there is at most one open alert, and a cause that
comes back later is another alert. The name of an alert follows from its session, its cause and
the scan or the moment that raised it, so that two processes that judge the same give it the same.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Literal

from analyzer import alert_words as words
from analyzer.alert_rules import (
    AGENT_OFFLINE,
    NO_SCANS,
    Streak,
    Verdict,
    rule_of,
    rules_of,
    verdicts,
)
from sacmes_core.payloads.alerts import Alert
from sacmes_core.payloads.results import Result
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import PRESENCE_EXPIRY_S

ROUNDS_SILENT: Final = 2.5
"""A run with an interval is silent after so many of them at the earliest."""
Place = tuple[int, int]
"""Position of a scan and its index in the file."""


@dataclass(frozen=True, slots=True)
class Open:
    """An alert that is not over, with its cause."""

    cause: str
    alert: Alert


@dataclass(frozen=True, slots=True)
class Agent:
    """What was last heard of the agent, and when by our clock."""

    state: Literal["online", "stopped", "lost"]
    host: str
    at: float


def _no_streaks() -> Mapping[str, Streak]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of one user.

    Attributes
    ----------
    session_id
        The session that `judged` and `streaks` are about.
    judged
        The newest scan that was judged.
    silent_since
        When the last scan came, or could have come for the first time; by our clock.
    number
        Highest number of a scan that was seen.
    """

    session: SessionDocument | None = None
    session_id: str | None = None
    open: tuple[Open, ...] = ()
    judged: Place = (0, -1)
    streaks: Mapping[str, Streak] = field(default_factory=_no_streaks)
    silent_since: float = 0.0
    number: int | None = None
    agent: Agent | None = None

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The alerts that are not over."""
        return tuple(item.alert for item in self.open)


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """The document that holds, as it was or changed; scans up to `judged` are of no interest."""

    document: SessionDocument
    judged: Place = (0, -1)


@dataclass(frozen=True, slots=True)
class AgentHeard:
    """The agent's presence came."""

    state: Literal["online", "stopped", "lost"]
    host: str


@dataclass(frozen=True, slots=True)
class ScansStored:
    """Uploads of the user came."""


@dataclass(frozen=True, slots=True)
class ResultCame:
    """A scan was analysed for the first time."""

    result: Result


@dataclass(frozen=True, slots=True)
class Passed:
    """Time has passed; since `listening_since` the broker could bring us everything."""

    listening_since: float


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Somebody has seen an alert."""

    alert_id: str
    by: str


Event = SessionSeen | AgentHeard | ScansStored | ResultCame | Passed | Acknowledged


@dataclass(frozen=True, slots=True)
class Raised:
    """Keep a new alert, and tell everybody."""

    item: Open


@dataclass(frozen=True, slots=True)
class Changed:
    """Keep an alert that somebody acknowledged, or that is over."""

    item: Open


Effect = Raised | Changed


def step(watch: Watch, event: Event, now: float) -> tuple[Watch, tuple[Effect, ...]]:
    """Apply an event; `now` in seconds since 1970 by our clock."""
    match event:
        case SessionSeen():
            return _session(watch, event, now)
        case AgentHeard(state, host):
            return _agent(watch, Agent(state, host, now), now)
        case ScansStored():
            heard = replace(watch, silent_since=now)
            return _cleared(heard, [NO_SCANS], "Scans come again.", now)
        case ResultCame(result):
            return _result(watch, result, now)
        case Passed(listening_since):
            return _passed(watch, listening_since, now)
        case Acknowledged(alert_id, by):
            return _acknowledged(watch, alert_id, by, now)


def with_clock_set(watch: Watch, by_s: float) -> Watch:
    """The watch after our clock was set, so that what has lasted has lasted as long as before."""
    agent = watch.agent and replace(watch.agent, at=watch.agent.at + by_s)
    return replace(watch, silent_since=watch.silent_since + by_s, agent=agent)


def _session(watch: Watch, seen: SessionSeen, now: float) -> tuple[Watch, tuple[Effect, ...]]:
    old, new = watch.session, seen.document
    same = watch.session_id == new.session_id
    if old is not None and same and new.revision < old.revision:
        return watch, ()
    if not same:
        watch = replace(watch, judged=seen.judged, streaks=MappingProxyType({}), number=None)
    elif old is not None and not old.settings.alerts.needs_results:
        watch = replace(watch, judged=max(watch.judged, seen.judged))
    if old is None or not same or old.state != new.state:
        watch = replace(watch, silent_since=now)
    watch = replace(watch, session=new, session_id=new.session_id)
    gone = [i.cause for i in watch.open if i.alert.session_id != new.session_id]
    if gone:
        watch, effects = _cleared(watch, gone, "Another session was started.", now)
    else:
        effects = ()
    if new.state == "stopped":
        watch, more = _cleared(watch, _causes(watch), "The session was stopped.", now)
    else:
        kept = set(rules_of(new.settings.alerts))
        streaks = {cause: s for cause, s in watch.streaks.items() if rule_of(cause) in kept}
        watch = replace(watch, streaks=MappingProxyType(streaks))
        gone = [cause for cause in _causes(watch) if rule_of(cause) not in kept]
        watch, more = _cleared(watch, gone, "Its rule was taken away or changed.", now)
    return watch, (*effects, *more)


def _agent(watch: Watch, agent: Agent, now: float) -> tuple[Watch, tuple[Effect, ...]]:
    if watch.agent is not None and watch.agent.state == agent.state == "lost":
        # A will that is retained comes again with every connection; it was lost before.
        agent = watch.agent
    watch = replace(watch, agent=agent)
    if agent.state == "lost":
        return watch, ()
    said = "The agent is back." if agent.state == "online" else "Its operator stopped the agent."
    return _cleared(watch, [AGENT_OFFLINE], said, now)


def _passed(watch: Watch, listening_since: float, now: float) -> tuple[Watch, tuple[Effect, ...]]:
    session = watch.session
    if session is None or session.state != "running":
        return watch, ()
    rules, effects = session.settings.alerts, list[Effect]()
    silent_s = now - max(watch.silent_since, listening_since)
    limit_s = _silence_s(session)
    if limit_s is not None and silent_s >= limit_s and not _is_complete(watch):
        alert = _timed(session, NO_SCANS, words.no_scans(silent_s), (silent_s, limit_s), now)
        watch, more = _raised(watch, NO_SCANS, alert)
        effects += more
    away_s = _away_s(watch.agent, listening_since, now)
    if rules.agent_offline_s is not None and away_s is not None and watch.agent is not None:
        allowed_s = rules.agent_offline_s
        if away_s >= allowed_s:
            said = words.agent_offline(watch.agent.host, away_s)
            alert = _timed(session, AGENT_OFFLINE, said, (away_s, allowed_s), now)
            watch, more = _raised(watch, AGENT_OFFLINE, alert)
            effects += more
    return watch, tuple(effects)


def _silence_s(session: SessionDocument) -> float | None:
    """How long no scan may come; None for any time."""
    limit_s = session.settings.alerts.no_scans_s
    method = session.settings.source.method
    if limit_s is None or method is None:
        return limit_s
    return max(limit_s, ROUNDS_SILENT * method.interval_s)


def _away_s(agent: Agent | None, listening_since: float, now: float) -> float | None:
    """For how long the agent is away; None where it is not, or was never there."""
    if agent is None or agent.state == "stopped":
        return None
    if agent.state == "lost":
        return now - max(agent.at, listening_since)
    # Two heartbeats and more did not come, although we have listened all the time.
    silent_s = now - max(agent.at, listening_since)
    return silent_s if silent_s >= PRESENCE_EXPIRY_S else None


def _is_complete(watch: Watch) -> bool:
    """Whether the last scan of the run has come: nothing is missing then."""
    assert watch.session is not None
    source = watch.session.settings.source
    last = source.last_number
    if last is None and source.method is not None:
        last = max(source.first_number, 1) + source.method.repeats - 1
    return last is not None and watch.number is not None and watch.number >= last


def _timed(
    session: SessionDocument, kind: str, sentence: str, numbers: tuple[float, float], now: float
) -> Alert:
    value, threshold = numbers
    return Alert(
        alert_id=_name(session.session_id, kind, f"{now:.0f}"),
        kind=kind,
        since=datetime.fromtimestamp(now, UTC),
        sentence=sentence,
        session_id=session.session_id,
        value=round(value, 1),
        threshold=threshold,
    )


def _result(watch: Watch, result: Result, now: float) -> tuple[Watch, tuple[Effect, ...]]:
    session = watch.session
    if session is None or result.session_id != session.session_id:
        return watch, ()
    if result.scan.number is not None:
        watch = replace(watch, number=max(result.scan.number, watch.number or 0))
    here = result.position, result.scan.index
    rules = session.settings.alerts
    if here <= watch.judged or not rules.needs_results or session.state != "running":
        return watch, ()
    streaks, effects = dict(watch.streaks), list[Effect]()
    watch = replace(watch, judged=here)
    for verdict in verdicts(rules, result, watch.streaks):
        streak = streaks[verdict.cause] = verdict.after(streaks.get(verdict.cause, Streak()))
        if streak.wrong >= verdict.scans:
            alert = _of_scan(session, result, verdict, now)
            watch, more = _raised(watch, verdict.cause, alert)
        elif streak.right >= verdict.scans_to_end:
            watch, more = _cleared(watch, [verdict.cause], verdict.over, now)
        else:
            more = ()
        effects += more
    return replace(watch, streaks=MappingProxyType(streaks)), tuple(effects)


def _of_scan(session: SessionDocument, result: Result, verdict: Verdict, now: float) -> Alert:
    here = f"{result.position}.{result.scan.index}"
    return Alert(
        alert_id=_name(session.session_id, verdict.cause, here),
        kind=verdict.kind,
        since=datetime.fromtimestamp(now, UTC),
        sentence=verdict.sentence,
        session_id=session.session_id,
        position=result.position,
        number=result.scan.number,
        measured_at=result.scan.measured_at,
        **verdict.about,
    )


def _acknowledged(
    watch: Watch, alert_id: str, by: str, now: float
) -> tuple[Watch, tuple[Effect, ...]]:
    for item in watch.open:
        if item.alert.alert_id == alert_id and item.alert.state == "active":
            at = datetime.fromtimestamp(now, UTC)
            changes = {"state": "acknowledged", "acknowledged_at": at, "acknowledged_by": by}
            seen = replace(item, alert=item.alert.model_copy(update=changes))
            kept = tuple(seen if other is item else other for other in watch.open)
            return replace(watch, open=kept), (Changed(seen),)
    return watch, ()


def _raised(watch: Watch, cause: str, alert: Alert) -> tuple[Watch, tuple[Effect, ...]]:
    if cause in _causes(watch):
        return watch, ()
    item = Open(cause, alert)
    return replace(watch, open=(*watch.open, item)), (Raised(item),)


def _cleared(
    watch: Watch, causes: Iterable[str], because: str, now: float
) -> tuple[Watch, tuple[Effect, ...]]:
    over = frozenset(causes)
    if not over.intersection(_causes(watch)):
        return watch, ()
    changes = {
        "state": "cleared",
        "cleared_at": datetime.fromtimestamp(now, UTC),
        "cleared_because": because,
    }
    ended = [
        replace(item, alert=item.alert.model_copy(update=changes))
        for item in watch.open
        if item.cause in over
    ]
    kept = tuple(item for item in watch.open if item.cause not in over)
    return replace(watch, open=kept), tuple(Changed(item) for item in ended)


def _causes(watch: Watch) -> list[str]:
    return [item.cause for item in watch.open]


def _name(session_id: str, cause: str, moment: str) -> str:
    return hashlib.sha256(f"{session_id}\n{cause}\n{moment}".encode()).hexdigest()[:32]
