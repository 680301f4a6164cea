"""A driver behind a line of bytes: chunks of any size become whole lines first."""

from dataclasses import dataclass, replace
from typing import Final

from sacmes_core.instruments.driver import (
    Closed,
    Driver,
    Effect,
    Event,
    Line,
    Opened,
    Pending,
    Swallow,
    Tick,
)

LINE_MAX: Final = 4096
"""Longest line that is understood, in bytes."""


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes as they came, in pieces that mean nothing."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Conversation:
    """A driver with what has come of the next line."""

    driver: Driver
    buffer: bytes = b""
    overlong: bool = False

    def step(
        self, event: Event | Received, now: float
    ) -> tuple["Conversation", tuple[Effect, ...]]:
        """The conversation after an event, and what to do."""
        match event:
            case Received(content):
                return self._receive(content, now)
            case Opened():
                return _tell(replace(self, buffer=b"", overlong=False), event, now)
            case Closed() if self.buffer:
                # What was cut off belongs to the recording, but it is no line.
                after, effects = _tell(self, Line(self.buffer, overlong=True), now)
                closed, more = _tell(replace(after, buffer=b"", overlong=False), event, now)
                return closed, effects + more
            case _:
                return _tell(self, event, now)

    def _receive(self, content: bytes, now: float) -> tuple["Conversation", tuple[Effect, ...]]:
        after, effects = self, list[Effect]()
        eol = self.driver.eol
        *ended, rest = (self.buffer + content).split(eol)
        for text in ended:
            line = Line(text + eol, overlong=after.overlong or len(text) >= LINE_MAX)
            after, more = _tell(replace(after, overlong=False), line, now)
            effects += more
        if len(rest) > LINE_MAX:
            after, more = _tell(replace(after, overlong=True), Line(rest, overlong=True), now)
            effects += more
            rest = b""
        after = replace(after, buffer=rest)
        if rest and not after.overlong:
            after, more = _tell(after, Pending(rest), now)
            effects += more
        return after, tuple(effects)

    @property
    def due_at(self) -> float:
        """When `tick` is needed at the latest."""
        return self.driver.due_at

    def tick(self, now: float) -> tuple["Conversation", tuple[Effect, ...]]:
        """Let time go by."""
        return self.step(Tick(), now) if now >= self.due_at else (self, ())


def _tell(
    conversation: Conversation, event: Event, now: float
) -> tuple[Conversation, tuple[Effect, ...]]:
    driver, effects = conversation.driver.step(event, now)
    after = replace(conversation, driver=driver)
    if Swallow() in effects:
        after = replace(after, buffer=b"")
        effects = tuple(effect for effect in effects if effect != Swallow())
    return after, effects
