"""Asking over a connection of one's own, and knowing when all that was retained has come."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.common import Payload
from sacmes_core.protocol import REPLY
from sacmes_core.questions import Question, question


def _random_mark() -> bytes:
    return secrets.token_bytes(8)


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever asks, with a reply topic of its own.

    Attributes
    ----------
    client
        Last level of the reply topic; not the random part of a client id, since colleagues may
        read the topic.
    publish
        Hands a message to the connection; None for no connection.
    """

    user_id: str
    client: str
    publish: Callable[[Publication], int | None]
    mark: bytes = field(default_factory=_random_mark)

    @property
    def topic(self) -> str:
        """Where the answers come."""
        return REPLY.topic(user_id=self.user_id, client=self.client)

    def send_marker(self) -> None:
        """Send a message to oneself: what the broker had retained comes before it."""
        marker = Publication(self.topic, b"", REPLY.qos, correlation_data=self.mark, expiry_s=30)
        self.publish(marker)

    def is_marker(self, message: Message) -> bool:
        """Whether a message is the marker of this asker."""
        return message.topic == self.topic and message.correlation_data == self.mark

    def ask(self, asked: Question, payload: Payload, correlation_data: bytes) -> None:
        """Put a question; the answer carries the same correlation data."""
        self.publish(
            question(
                asked,
                payload,
                user_id=self.user_id,
                client=self.client,
                correlation_data=correlation_data,
            )
        )
