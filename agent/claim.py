"""Looking who holds a user_id before claiming it, on a connection that leaves no trace.

The claim's number stands in the last will, and a will is fixed when a connection begins: so the
looking has a connection of its own.
"""

import logging
import queue
import secrets
import threading
import time
from datetime import UTC, datetime
from typing import Final

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
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads import AgentPresence
from sacmes_core.protocol import AGENT_PRESENCE, REPLY, decode, parse_topic

LOOK_TIMEOUT_S: Final = 3.0
"""How long to look where the marker does not come back, for want of the right to write it."""

logger = logging.getLogger(__name__)


def marker(user_id: str, client: str, mark: bytes) -> Publication:
    """A message to oneself: when it is back, all that was retained has come before it."""
    topic = REPLY.topic(user_id=user_id, client=client)
    return Publication(topic, b"", REPLY.qos, correlation_data=mark, expiry_s=30)


def refusal_sentence(refused: Refused, user_id: str) -> str:
    """Why the broker cannot be used at the moment."""
    if refused.login:
        return (
            f"The broker refuses the user_id {user_id} or its key ({refused.reason}); check "
            "SACMES_KEY and --broker, or ask the administrator. The agent tries on."
        )
    return f"{refused.reason} The agent tries on, and keeps the scans meanwhile."


def look(
    address: BrokerAddress, user_id: str, stop: threading.Event, problems: Problems
) -> Retained | None:
    """The presence that the broker holds for a user_id; None if there is none, or at `stop`.

    Waits as long as it takes until the broker answers.
    """
    events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
    client = f"look-{secrets.token_hex(8)}"
    mark = secrets.token_bytes(8)
    topics = (
        AGENT_PRESENCE.topic(user_id=user_id),
        REPLY.topic(user_id=user_id, client=client),
    )
    link = Link(
        address,
        LinkOptions(
            client_id=f"{user_id}.{client}",
            subscriptions=tuple(Subscription(topic) for topic in topics),
        ),
        events,
    )
    link.start()
    try:
        return _looked(link, events, marker(user_id, client, mark), stop, problems)
    finally:
        link.stop(timeout_s=1.0)


def _looked(
    link: Link,
    events: "queue.SimpleQueue[LinkEvent]",
    mark: Publication,
    stop: threading.Event,
    problems: Problems,
) -> Retained | None:
    seen: Retained | None = None
    until = float("inf")
    while not stop.is_set() and time.monotonic() < until:
        try:
            event = events.get(timeout=0.2)
        except queue.Empty:
            continue
        match event:
            case Connected():
                problems.put("broker", None)
                until = time.monotonic() + LOOK_TIMEOUT_S
                link.publish(mark)
            case Disconnected():
                until = float("inf")
            case Refused() as refused:
                user_id = parse_topic(mark.topic).user_id
                problems.put("broker", refusal_sentence(refused, user_id))
            case Received(message=message) if message.topic == mark.topic:
                if message.correlation_data == mark.correlation_data:
                    break
            case Received(message=message):
                seen = _retained(message)
            case Published():
                pass
    return seen


def _retained(message: Message) -> Retained | None:
    try:
        presence = decode(AgentPresence, message.payload)
    except ProtocolError:
        return None
    return Retained(presence, age_s(presence, message.expiry_s, datetime.now(UTC)))
