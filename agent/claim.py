"""Looking who holds a user_id before claiming it, on a connection that leaves no trace.

The claim's number stands in the last will, and a will is fixed when a connection begins: so the
looking has a connection of its own.
"""

import contextlib
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from agent.asking import Asker
from agent.presence import Retained, age_s
from agent.problems import Problems
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ProtocolError
from sacmes_core.link import Link
from sacmes_core.link_events import (
    Connected,
    Disconnected,
    LinkEvent,
    LinkOptions,
    Published,
    Received,
    Refused,
    Subscription,
)
from sacmes_core.messages import Message
from sacmes_core.payloads.presence import AgentPresence
from sacmes_core.protocol import AGENT_PRESENCE, REPLY, decode

LOOK_TIMEOUT_S: Final = 3.0
"""How long to look where the marker does not come back, for want of the right to write it."""

logger = logging.getLogger(__name__)


def refusal_sentence(refused: Refused, user_id: str) -> str:
    """Why the broker cannot be used at the moment."""
    if refused.login:
        return (
            f"The broker refuses the user_id {user_id} or its key ({refused.reason}); check "
            "both, or ask the administrator. The agent tries on."
        )
    return f"{refused.reason} The agent tries on, and keeps the scans meanwhile."


def look(
    address: BrokerAddress,
    user_id: str,
    stop: threading.Event,
    problems: Problems,
    *,
    meanwhile: Callable[[], None],
) -> Retained | None:
    """The presence that the broker holds for a user_id; None if there is none, or at `stop`.

    Waits as long as it takes until the broker answers, and calls `meanwhile` again and again.
    """
    events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
    client = f"look-{secrets.token_hex(8)}"
    topics = AGENT_PRESENCE.topic(user_id=user_id), REPLY.topic(user_id=user_id, client=client)
    subscriptions = tuple(Subscription(topic) for topic in topics)
    link = Link(
        address, LinkOptions(client_id=f"{user_id}.{client}", subscriptions=subscriptions), events
    )
    link.start()
    search = _Search(Asker(user_id, client, link.publish), problems)
    try:
        while not stop.is_set() and not search.is_over(time.monotonic()):
            meanwhile()
            with contextlib.suppress(queue.Empty):
                search.perform(events.get(timeout=0.2), time.monotonic())
        return search.seen
    finally:
        link.stop(timeout_s=1.0)


class _Search:
    """Listens until its own marker is back."""

    def __init__(self, asker: Asker, problems: Problems) -> None:
        self._asker = asker
        self._problems = problems
        self._until = float("inf")
        self._over = False
        self.seen: Retained | None = None

    def is_over(self, now: float) -> bool:
        return self._over or now >= self._until

    def perform(self, event: LinkEvent, now: float) -> None:
        match event:
            case Connected():
                self._problems.put("broker", None)
                self._until = now + LOOK_TIMEOUT_S
                self._asker.send_marker()
            case Disconnected():
                self._until = float("inf")
            case Refused() as refused:
                self._problems.put("broker", refusal_sentence(refused, self._asker.user_id))
            case Received(message=message) if message.topic == self._asker.topic:
                self._over = self._asker.is_marker(message)
            case Received(message=message):
                self.seen = _retained(message)
            case Published():
                pass


def _retained(message: Message) -> Retained | None:
    try:
        presence = decode(AgentPresence, message.payload)
    except ProtocolError:
        return None
    return Retained(presence, age_s(presence, message.expiry_s, datetime.now(UTC)))
