"""A driver spoken with by hand: what is received goes in, what is sent comes out, no clock runs."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from sacmes_core.instruments.conversation import Conversation, Received
from sacmes_core.instruments.driver import (
    Driver,
    Effect,
    Event,
    Failed,
    Finished,
    Ready,
    Record,
    Write,
)

E = TypeVar("E")


class Dialogue:
    """A conversation with its effects, and a clock that only the test moves."""

    def __init__(self, driver: Driver, *, chunk: int = 4096) -> None:
        self.conversation = Conversation(driver)
        self.chunk = chunk
        self.now = 100.0
        self.effects: list[Effect] = []
        self.recorded = b""

    def tell(self, event: Event) -> None:
        self.conversation, effects = self.conversation.step(event, self.now)
        self._add(effects)

    def hear(self, content: bytes | str) -> None:
        """Receive bytes in chunks."""
        data = content.encode("latin-1") if isinstance(content, str) else content
        for start in range(0, len(data), self.chunk):
            received = Received(data[start : start + self.chunk])
            self.conversation, effects = self.conversation.step(received, self.now)
            self._add(effects)

    def wait(self, seconds: float | None = None) -> None:
        """Let time go by: to what is due next, or so many seconds."""
        self.now = self.conversation.due_at if seconds is None else self.now + seconds
        self.conversation, effects = self.conversation.tick(self.now)
        self._add(effects)

    def written(self) -> bytes:
        """What was sent since the last look."""
        return b"".join(effect.content for effect in self.take(Write))

    def finished(self) -> Finished:
        """The one scan that was finished since the last look."""
        (one,) = self.take(Finished)
        return one

    def is_ready(self) -> bool:
        """Whether it said so since the last look."""
        return bool(self.take(Ready))

    def failure(self) -> str:
        """Why it failed."""
        (one,) = self.take(Failed)
        return one.sentence

    def take(self, kind: type[E]) -> list[E]:
        """The effects of a kind since the last look."""
        found = [effect for effect in self.effects if isinstance(effect, kind)]
        self.effects = [effect for effect in self.effects if not isinstance(effect, kind)]
        return found

    def _add(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Record):
                self.recorded += effect.content
            else:
                self.effects.append(effect)


def answered(dialogue: Dialogue, answers: Callable[[bytes], bytes | None]) -> None:
    """Answer what is sent until nothing more is sent."""
    while sent := dialogue.written():
        for line in sent.splitlines(keepends=True):
            reply = answers(line)
            if reply:
                dialogue.hear(reply)
