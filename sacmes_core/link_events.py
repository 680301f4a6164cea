"""What a link is told and what it reports, as values."""

from dataclasses import dataclass
from typing import Protocol

from sacmes_core.messages import Message, Publication


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted the connection; subscriptions are on their way."""

    session_present: bool
    maximum_packet_bytes: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker, or the way to it, refused; `login` says that the credentials were the reason."""

    reason: str
    login: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """An open connection ended; `taken_over` says that the same client id connected elsewhere."""

    reason: str
    taken_over: bool


@dataclass(frozen=True, slots=True)
class Received:
    """A message came; `receipt` goes back to `Link.acknowledge` where that is manual."""

    message: Message
    receipt: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Published:
    """The broker answered a publication; `error` says why it did not take it."""

    token: int
    error: str | None
    no_subscribers: bool


LinkEvent = Connected | Refused | Disconnected | Received | Published


class EventSink(Protocol):
    """Where a link puts its events: a queue of these, or of more than these."""

    def put(self, item: LinkEvent, /) -> None:
        """Take an event, without waiting."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A filter to subscribe to at each connection."""

    topic_filter: str
    qos: int = 1


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """How a link behaves at the broker.

    Attributes
    ----------
    client_id
        `<user_id>.<role>.<random kept on disk>`: unguessable, since whoever knows it can take
        the session over.
    session_expiry_s
        How long the broker keeps the session after a loss; 0 for none.
    will
        What the broker publishes when the connection is lost.
    manual_acknowledge
        Whether QoS 1 messages stay unacknowledged until `Link.acknowledge`.
    give_up_on_login
        Whether wrong credentials end the link instead of being tried again.
    """

    client_id: str
    subscriptions: tuple[Subscription, ...] = ()
    session_expiry_s: int = 0
    will: Publication | None = None
    will_delay_s: int = 0
    manual_acknowledge: bool = False
    give_up_on_login: bool = False
