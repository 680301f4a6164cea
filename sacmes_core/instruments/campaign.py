"""A run on an instrument, as a reducer: which scan comes next, when, and what ends it.

A scan that has begun is counted at once, and on the disk before it is begun: whatever becomes of
the program, its number is not given away twice.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from sacmes_core.instruments.driver import NEVER, Driver, Finished
from sacmes_core.instruments.limits import Limits, refusal
from sacmes_core.instruments.orders import Order, Position, orders_of_round
from sacmes_core.payloads.session import SessionDocument

OFFLINE: Final = (
    "The broker has been out of reach for too long; the cell is kept off until it is back."
)


@dataclass(frozen=True, slots=True)
class Follow:
    """The session is now this.

    Attributes
    ----------
    allowed
        Whether its method may be run: it was started here, or starts from elsewhere are allowed.
    position
        The scan to go on with; None if it is the session that is followed already.
    """

    document: SessionDocument
    allowed: bool
    position: Position | None


@dataclass(frozen=True, slots=True)
class Present:
    """The instrument is ready for a scan; the driver knows what it can do."""

    driver: Driver


@dataclass(frozen=True, slots=True)
class Absent:
    """The instrument is not there, or not ready for a scan."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The scan under way is over."""

    finished: Finished


@dataclass(frozen=True, slots=True)
class Connected:
    """Whether the broker is reached."""

    connected: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """Begin a round now, without waiting for the interval."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by."""


Event = Follow | Present | Absent | Ended | Connected | Measure | Tick


@dataclass(frozen=True, slots=True)
class Start:
    """Measure this scan; `after` is to be on the disk before."""

    order: Order
    after: Position


@dataclass(frozen=True, slots=True)
class Stop:
    """End the scan under way, for this reason."""

    reason: str


Effect = Start | Stop


@dataclass(frozen=True, slots=True)
class Campaign:
    """A run.

    Attributes
    ----------
    limits
        The agent's own bounds, beside those of the instrument.
    stop_after_offline_s
        How long the broker may be out of reach.
    driver
        The instrument while it is ready; None while it is absent or measures.
    scanning
        The scan under way.
    stopping
        Whether it was told to end.
    round_began
        When the last round began.
    extra
        Number of the last round that was asked for by itself.
    hurried
        Whether the next round does not wait for the interval.
    offline_since
        Since when the broker is out of reach; None while it is reached.
    offline_too_long
        Whether that is longer than it may be.
    halted
        Why the method is not gone on with, until it is changed.
    warning
        What is to be said of the last scan.
    """

    limits: Limits
    stop_after_offline_s: float = NEVER
    document: SessionDocument | None = None
    allowed: bool = False
    position: Position = field(default_factory=lambda: Position(1))
    driver: Driver | None = None
    scanning: Order | None = None
    stopping: bool = False
    round_began: float = -NEVER
    extra: int = 0
    hurried: bool = False
    offline_since: float | None = None
    offline_too_long: bool = False
    halted: str | None = None
    warning: str | None = None

    @property
    def running(self) -> bool:
        """Whether there is a session that was not stopped."""
        return self.document is not None and self.document.state == "running"

    @property
    def orders(self) -> tuple[Order, ...]:
        """The scans of the round that is next or under way."""
        document = self.document
        if document is None:
            return ()
        return orders_of_round(document.technique, document.settings, self.position.number)

    @property
    def last_number(self) -> int:
        """Number of the last round."""
        method = None if self.document is None else self.document.settings.source.method
        if self.document is None or method is None:
            return 0
        return first_number(self.document) + method.repeats - 1

    @property
    def problem(self) -> str | None:
        """Why nothing is measured, or what was wrong with the last scan; None if all is well."""
        return self.why_not() or self.warning or self._why_idle()

    @property
    def done(self) -> bool:
        """Whether every round of the run has been begun."""
        return self.position.number > max(self.last_number, self.extra)

    @property
    def scan_at(self) -> float:
        """When the next scan begins, if nothing is in its way."""
        method = None if self.document is None else self.document.settings.source.method
        if method is None or self.done:
            return NEVER
        if self.position.scan > 0 or self.hurried:
            return -NEVER
        return self.round_began + method.interval_s

    @property
    def due_at(self) -> float:
        """When a `Tick` is needed at the latest."""
        waits = self.running and self.driver is not None and self.scanning is None
        offline_at = NEVER
        if self.offline_since is not None and not self.offline_too_long:
            offline_at = self.offline_since + self.stop_after_offline_s
        return min(self.scan_at if waits and self.why_not() is None else NEVER, offline_at)

    def refusal(self) -> str | None:
        """Why the method of the session cannot be run here."""
        document = self.document
        if document is None or document.state != "running":
            return "No session is running, so there is nothing to be measured."
        if document.settings.source.method is None:
            return (
                "The session has no method. The agent waits for one: start a session with a "
                "method, or start the agent with --start."
            )
        if not self.orders:
            return "The method names no frequency. Name at least one for a square wave."
        if not self.allowed:
            return (
                "The method was set from elsewhere, and this agent may not be started remotely. "
                "Start it with --allow-remote to allow that, or with --start to measure by itself."
            )
        refused = refusal(self.orders, self.limits)
        if refused is None and self.driver is not None:
            driver = self.driver
            refused = driver.refusal(self.orders) or refusal(self.orders, driver.limits)
        return refused

    def _why_idle(self) -> str | None:
        if not self.running or self.scanning is not None or not self.done:
            return None
        return (
            f"All {self.position.number - 1} rounds are measured; start a new session for more, on "
            "the command line with --start and another --name, or ask for a single round."
        )

    def why_not(self) -> str | None:
        """Why the running session is not measured; None if nothing is in its way."""
        if not self.running:
            return None
        offline = OFFLINE if self.offline_too_long else None
        return self.refusal() or self.halted or offline


def first_number(document: SessionDocument) -> int:
    """Number of the first round of a session."""
    return max(1, document.settings.source.first_number)


def step(state: Campaign, event: Event, now: float) -> tuple[Campaign, tuple[Effect, ...]]:
    """The run after an event, and what to do."""
    match event:
        case Follow():
            return _follow(state, event, now)
        case Present(driver):
            state = replace(state, driver=driver)
        case Absent():
            state = replace(state, driver=None)
        case Ended(finished):
            halted = finished.reason if finished.hopeless else state.halted
            warning = None if state.stopping else finished.reason
            state = replace(state, scanning=None, stopping=False, halted=halted, warning=warning)
        case Connected(connected):
            since = (
                None if connected else now if state.offline_since is None else state.offline_since
            )
            state = replace(state, offline_since=since)
        case Measure():
            state = replace(state, hurried=True, extra=max(state.extra, state.position.number))
        case Tick():
            pass
    return _decide(state, now)


def _follow(state: Campaign, event: Follow, now: float) -> tuple[Campaign, tuple[Effect, ...]]:
    before, document = state.document, event.document
    followed = replace(state, document=document, allowed=event.allowed)
    if before is None or before.session_id != document.session_id:
        place = event.position or Position(first_number(document))
        followed = replace(followed, position=place, round_began=-NEVER, extra=0, hurried=False)
        followed = replace(followed, halted=None, warning=None)
        if state.scanning is not None and not state.stopping:
            stopped = replace(followed, stopping=True)
            return stopped, (Stop("Another session was started."),)
    elif before.settings.source != document.settings.source:
        followed = replace(followed, halted=None, warning=None)
        if state.position.scan > 0 and len(followed.orders) != len(state.orders):
            followed = replace(followed, position=Position(state.position.number + 1))
    return _decide(followed, now)


def _decide(state: Campaign, now: float) -> tuple[Campaign, tuple[Effect, ...]]:
    """End the scan under way where it is not wanted any more; begin the next one that is due."""
    since = state.offline_since
    too_long = since is not None and now >= since + state.stop_after_offline_s
    state = replace(state, offline_too_long=too_long)
    if state.scanning is not None:
        reason = state.why_not() if state.running else "The session was stopped."
        if reason is None or state.stopping:
            return state, ()
        return replace(state, stopping=True), (Stop(reason),)
    waits = state.running and state.driver is not None
    if not waits or state.why_not() is not None or now < state.scan_at:
        return state, ()
    return _begin(state, now)


def _begin(state: Campaign, now: float) -> tuple[Campaign, tuple[Effect, ...]]:
    orders, place = state.orders, state.position
    if place.scan >= len(orders):
        place = Position(place.number + 1)
        return _decide(replace(state, position=place), now)
    order = orders[place.scan]
    last = place.scan + 1 >= len(orders)
    after = Position(place.number + 1) if last else Position(place.number, place.scan + 1)
    if place.scan == 0:
        state = replace(state, round_began=now, hurried=False)
    begun = replace(state, position=after, scanning=order, driver=None)
    return begun, (Start(order, after),)
