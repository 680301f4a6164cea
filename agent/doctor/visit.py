"""A short connection to the broker that asks and tries, and leaves nothing behind.

Rights are tried with messages that change nothing: a marker to oneself, an empty presence that
clears nobody's, a question that only reads, and an empty upload that expires within a second, which
an analyzer that is there refuses and counts.
"""

import contextlib
import queue
import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from agent.asking import Asker
from agent.presence import Retained, age_s
from sacmes_core import questions
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
from sacmes_core.payloads.presence import AgentPresence, AnalyzerPresence
from sacmes_core.payloads.questions import SessionsQuery
from sacmes_core.protocol import (
    AGENT_PRESENCE,
    ANALYZER_PRESENCE,
    PRESENCE_EXPIRY_S,
    RAW,
    REPLY,
    VIEWER_PRESENCE,
    clearing,
    decode,
    parse_topic,
)

CONNECT_S: Final = 15.0
ANSWER_S: Final = 5.0
TRIAL_EXPIRY_S: Final = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """An analyzer's presence, how old it is, and how far this clock is ahead of its clock, in s."""

    presence: AnalyzerPresence
    age_s: float
    ahead_s: float | None

    @property
    def online(self) -> bool:
        """Whether it is there now."""
        return self.presence.state == "online" and self.age_s < PRESENCE_EXPIRY_S


@dataclass(frozen=True, slots=True)
class Visit:
    """What a visit has learned.

    Attributes
    ----------
    refused
        Why the broker did not let us in; None if it did.
    denied
        For each thing that was tried and not allowed, what the broker said.
    heard_itself
        Whether the marker came back: the own tree can be read.
    holder
        The agent's presence that the broker holds.
    answered
        Whether an analyzer answered the question.
    """

    refused: Refused | None = None
    connected: bool = False
    denied: dict[str, str] = field(default_factory=dict)
    heard_itself: bool = False
    holder: Retained | None = None
    analyzers: tuple[Seen, ...] = ()
    answered: bool = False

    @property
    def online(self) -> tuple[Seen, ...]:
        """The analyzers that are there now."""
        return tuple(seen for seen in self.analyzers if seen.online)


def visit(address: BrokerAddress, user_id: str) -> Visit:
    """Connect, look, try and ask; at most some 20 s."""
    client = f"doctor-{secrets.token_hex(8)}"
    events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
    topics = (
        AGENT_PRESENCE.topic(user_id=user_id),
        REPLY.topic(user_id=user_id, client=client),
        ANALYZER_PRESENCE.filter(),
    )
    options = LinkOptions(
        client_id=f"{user_id}.{client}",
        subscriptions=tuple(Subscription(topic) for topic in topics),
        give_up_on_login=True,
    )
    link = Link(address, options, events)
    visitor = _Visitor(link, Asker(user_id, client, link.publish))
    link.start()
    try:
        until = time.monotonic() + CONNECT_S
        while not visitor.done(time.monotonic()) and time.monotonic() < until:
            with contextlib.suppress(queue.Empty):
                visitor.perform(events.get(timeout=0.1))
        return visitor.found
    finally:
        link.stop(timeout_s=1.0)


class _Visitor:
    """Gathers what comes of the visit."""

    def __init__(self, link: Link, asker: Asker) -> None:
        self.found = Visit()
        self._link = link
        self._asker = asker
        self._asked = secrets.token_bytes(8)
        self._tried: dict[int, str] = {}
        self._until: float | None = None

    def done(self, now: float) -> bool:
        """Whether there is nothing more to wait for."""
        found = self.found
        if found.refused is not None:
            return True
        if self._until is None:
            return False
        everything = not self._tried and found.heard_itself
        return now >= self._until or (everything and (found.answered or not found.online))

    def perform(self, event: LinkEvent) -> None:
        match event:
            case Connected():
                self.found = replace(self.found, connected=True)
                self._until = time.monotonic() + ANSWER_S
                self._try()
            case Refused() as refused:
                self.found = replace(self.found, refused=refused)
            case Disconnected(reason=reason) if self._tried:
                denied = dict.fromkeys(self._tried.values(), reason)
                self.found = replace(self.found, denied=self.found.denied | denied)
                self._tried.clear()
            case Published(token=token, error=error):
                tried = self._tried.pop(token, None)
                if tried is not None and error is not None:
                    self.found = replace(self.found, denied=self.found.denied | {tried: error})
            case Received(message=message):
                with contextlib.suppress(ProtocolError):
                    self._receive(message)
            case _:
                pass

    def _try(self) -> None:
        user_id, client = self._asker.user_id, self._asker.client
        raw = RAW.topic(user_id=user_id, technique="doctor")
        presence = clearing(VIEWER_PRESENCE, user_id=user_id, viewer=client)
        query = questions.question(
            questions.SESSIONS,
            SessionsQuery(limit=1),
            user_id=user_id,
            client=client,
            correlation_data=self._asked,
        )
        for what, publication in (
            ("say who is there", replace(presence, retain=False)),
            ("send scans", Publication(raw, b"", RAW.qos, expiry_s=TRIAL_EXPIRY_S)),
            ("ask the analyzer", query),
            ("answer questions", self._marker()),
        ):
            token = self._link.publish(publication)
            if token is not None:
                self._tried[token] = what

    def _marker(self) -> Publication:
        """Comes after all that was retained, and so ends the looking."""
        return Publication(
            self._asker.topic, b"", REPLY.qos, correlation_data=self._asker.mark, expiry_s=30
        )

    def _receive(self, message: Message) -> None:
        channel = parse_topic(message.topic).channel
        now = datetime.now(UTC)
        if self._asker.is_marker(message):
            self.found = replace(self.found, heard_itself=True)
        elif channel is REPLY and message.correlation_data == self._asked:
            self.found = replace(self.found, answered=True)
        elif channel is AGENT_PRESENCE and message.payload:
            presence = decode(AgentPresence, message.payload)
            holder = Retained(presence, age_s(presence, message.expiry_s, now))
            self.found = replace(self.found, holder=holder)
        elif channel is ANALYZER_PRESENCE and message.payload:
            seen = seen_analyzer(decode(AnalyzerPresence, message.payload), message.expiry_s, now)
            self.found = replace(self.found, analyzers=(*self.found.analyzers, seen))


def seen_analyzer(presence: AnalyzerPresence, expiry_s: int | None, now: datetime) -> Seen:
    """An analyzer's presence as it came.

    The broker counts the expiry down from the moment the presence was said, without any clock in
    common. So it tells how old the message is, and with the time in it how far the two clocks are
    apart, to a second.
    """
    said_ago_s = (now - presence.heartbeat_at).total_seconds()
    if expiry_s is None or expiry_s > PRESENCE_EXPIRY_S:
        return Seen(presence, said_ago_s, None)
    old_s = float(PRESENCE_EXPIRY_S - expiry_s)
    return Seen(presence, old_s, said_ago_s - old_s)
