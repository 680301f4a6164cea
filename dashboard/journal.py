"""What a connection remembers of its own running: last messages, delays and troubles, bounded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from sacmes_core.messages import Message

MESSAGES: Final = 60
DELAYS: Final = 200
TROUBLES: Final = 40
HEAD_BYTES: Final = 2_000
"""How much of a payload is kept to be looked at."""
ARRIVALS: Final = 600
RATE_OVER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that came; of a long payload only the head is kept.

    Attributes
    ----------
    number
        Counts the messages of the connection from 1.
    at
        Our clock, in seconds since 1970.
    """

    number: int
    at: float
    topic: str
    size_bytes: int
    retained: bool
    head: bytes


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong, in a sentence; the same again moves the time on.

    Attributes
    ----------
    at
        Our clock, in seconds since 1970.
    where
        Who or what had it, as the health page calls it.
    """

    at: float
    where: str
    sentence: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class Journal:
    """The newest of what came and went wrong; every part is bounded.

    Attributes
    ----------
    delays_s
        Of the last live results: from the measurement to their arrival here.
    arrived_at
        When the last messages came, for the rate.
    """

    received: int = 0
    received_bytes: int = 0
    messages: tuple[Arrival, ...] = ()
    arrived_at: tuple[float, ...] = ()
    delays_s: tuple[float, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    def with_message(self, message: Message, now: float) -> Self:
        """Note a message, whatever is in it."""
        size_bytes = len(message.payload)
        head = message.payload[:HEAD_BYTES]
        number = self.received + 1
        arrival = Arrival(number, now, message.topic, size_bytes, message.retain, head)
        return replace(
            self,
            received=number,
            received_bytes=self.received_bytes + size_bytes,
            messages=(*self.messages, arrival)[-MESSAGES:],
            arrived_at=(*self.arrived_at, now)[-ARRIVALS:],
        )

    def with_delay(self, delay_s: float) -> Self:
        """Note how long a result took from the instrument to here."""
        return replace(self, delays_s=(*self.delays_s, max(0.0, delay_s))[-DELAYS:])

    def with_trouble(self, where: str, sentence: str, now: float) -> Self:
        """Note what went wrong; the same as the last one is counted, not repeated."""
        if self.troubles:
            last = self.troubles[-1]
            if (last.where, last.sentence) == (where, sentence):
                again = replace(last, at=now, times=last.times + 1)
                return replace(self, troubles=(*self.troubles[:-1], again))
        trouble = Trouble(now, where, sentence)
        return replace(self, troubles=(*self.troubles, trouble)[-TROUBLES:])

    def rate_hz(self, now: float) -> float:
        """Messages a second over the last minute, or over what is known of it."""
        lately = [at for at in self.arrived_at if now - at <= RATE_OVER_S]
        if len(lately) == ARRIVALS and now > lately[0]:
            return len(lately) / (now - lately[0])
        return len(lately) / RATE_OVER_S


def quantile(values: Sequence[float], fraction: float) -> float | None:
    """The value below which this fraction lies, by nearest rank; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]
