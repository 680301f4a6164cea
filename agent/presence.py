"""Holding a user_id: who may start, who gives way, and when presence is published, as reducers.

Two agents with one user_id are told apart by their instance and ordered by their number: the one
that started later has the higher number and stays. The order is total, so of two agents exactly
one gives way, whatever each sees first.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sacmes_core.payloads.presence import AgentPresence, MeasurementLimits, UploadCounters
from sacmes_core.protocol import HEARTBEAT_S, PRESENCE_EXPIRY_S

COUNTERS_EVERY_S: Final = 2.0
REPAIR_EVERY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """The user_id is free: hold it under this number."""

    number: int


@dataclass(frozen=True, slots=True)
class GiveWay:
    """Another agent holds the user_id; the sentence says which."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Retained:
    """The presence that the broker holds, and how many seconds ago it was said."""

    presence: AgentPresence
    age_s: float


def age_s(presence: AgentPresence, expiry_s: int | None, now: datetime) -> float:
    """How long ago a presence was said.

    The broker counts its expiry down, which needs no clock in common with the other computer; the
    heartbeat's own time is used only where there is no expiry.
    """
    if expiry_s is not None and expiry_s <= PRESENCE_EXPIRY_S:
        return float(PRESENCE_EXPIRY_S - expiry_s)
    return (now - presence.heartbeat_at).total_seconds()


def decide(
    seen: Retained | None, instance: str, last_number: int, *, take_over: bool
) -> Claim | GiveWay:
    """Whether an agent may start.

    Parameters
    ----------
    seen
        The retained presence of the user_id; None if there is none.
    last_number
        The number of this agent's last start.
    """
    if seen is None:
        return Claim(last_number + 1)
    other = seen.presence
    fresh = other.state == "online" and seen.age_s < PRESENCE_EXPIRY_S
    if other.instance != instance and fresh and not take_over:
        return GiveWay(
            f"An agent on {other.host} has held this user_id since "
            f"{other.since:%Y-%m-%d %H:%M %Z}; it was last heard {max(0, seen.age_s):.0f} s ago. "
            "Stop it there, or start this one with --take-over (in the window: a setting)."
        )
    return Claim(max(last_number, other.number) + 1)


@dataclass(frozen=True, slots=True)
class Facts:
    """What presence says and changes while an agent runs."""

    session_id: str | None = None
    revision: int = 0
    counters: UploadCounters = field(default_factory=UploadCounters)
    problem: str | None = None
    instrument: str = ""
    limits: MeasurementLimits | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """An agent that holds its user_id.

    Attributes
    ----------
    due_at
        When presence is published next.
    """

    instance: str
    number: int
    facts: Facts = Facts()
    said: Facts | None = None
    said_at: float = float("-inf")
    due_at: float = float("inf")
    connected: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """The broker accepted a connection."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The connection ended."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The facts are now these."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class Seen:
    """The presence topic carries this; None if it was cleared or holds nothing readable."""

    presence: AgentPresence | None


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by."""


Event = Opened | Closed | Changed | Seen | Tick


@dataclass(frozen=True, slots=True)
class Say:
    """Publish the presence with these facts."""

    facts: Facts


def step(state: Holding, event: Event, now: float) -> tuple[Holding, tuple[Say | GiveWay, ...]]:
    """The agent's hold after an event, and what to do."""
    match event:
        case Opened():
            state = replace(state, connected=True, due_at=now)
        case Closed():
            state = replace(state, connected=False)
        case Changed(facts):
            state = _changed(replace(state, facts=facts), now)
        case Seen(presence):
            if presence is not None and _outranks(presence, state):
                return state, (GiveWay(_taken_over_by(presence, state)),)
            if not _is_mine(presence, state):
                repair_at = max(now, state.said_at + REPAIR_EVERY_S)
                state = replace(state, due_at=min(state.due_at, repair_at))
        case Tick():
            pass
    if not state.connected or now < state.due_at:
        return state, ()
    said = replace(state, said=state.facts, said_at=now, due_at=now + HEARTBEAT_S)
    return said, (Say(state.facts),)


def _changed(state: Holding, now: float) -> Holding:
    if state.said is None or state.facts == state.said:
        return state
    counted_only = replace(state.facts, counters=state.said.counters) == state.said
    due_at = max(now, state.said_at + COUNTERS_EVERY_S) if counted_only else now
    return replace(state, due_at=min(state.due_at, due_at))


def _outranks(presence: AgentPresence, state: Holding) -> bool:
    """Whether the other started later; of two equal numbers the larger instance stays."""
    return (presence.number, presence.instance) > (state.number, state.instance)


def _is_mine(presence: AgentPresence | None, state: Holding) -> bool:
    return (
        presence is not None
        and presence.state == "online"
        and (presence.number, presence.instance) == (state.number, state.instance)
    )


def _taken_over_by(presence: AgentPresence, state: Holding) -> str:
    if presence.instance == state.instance:
        return (
            f"A copy of this agent's home folder runs on {presence.host}; this one stops. "
            "Give each computer a home folder of its own."
        )
    return (
        f"The agent on {presence.host} has taken this user_id over at "
        f"{presence.since:%Y-%m-%d %H:%M %Z}; this one stops. What it has not sent yet is kept."
    )
