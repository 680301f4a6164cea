"""What an agent says and hears, without its folder: uploads until each has its receipt."""

import hashlib
import math
import queue
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.broker import Broker
from support.tools import wait_until

from sacmes_core import questions, upload
from sacmes_core.address import BrokerAddress
from sacmes_core.link import Link
from sacmes_core.link_events import Connected, LinkEvent, LinkOptions, Received, Subscription
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.alerts import Alert, Alerts
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import StartRequest
from sacmes_core.payloads.replies import Problem, SessionReply
from sacmes_core.payloads.results import Receipts, Result
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import (
    ALERTS,
    CURVES,
    PROGRESS,
    RECEIPTS,
    REPLY,
    RESULTS,
    SESSION,
    decode,
    parse_topic,
    read,
)
from sacmes_core.questions import Question
from sacmes_core.settings.session import SessionSettings
from sacmes_core.upload import UploadHeader


def voltammogram(
    *,
    height_a: float = 1e-6,
    frequency_hz: float = 60,
    electrodes: int = 2,
    points: int = 80,
    peak_v: float = -0.3,
) -> bytes:
    """A CHI text file of a square-wave voltammogram; electrode k is 1/k as high as the first."""
    heads = "".join(f", i{k}/A" for k in range(1, electrodes + 1))
    lines = [
        "Nov. 22, 2026   10:00:00",
        "Square Wave Voltammetry",
        "Instrument Model:  CHI1030C",
        "",
        "Init E (V) = -0.1",
        "Final E (V) = -0.5",
        f"Incr E (V) = {0.4 / points:g}",
        "Amplitude (V) = 0.025",
        f"Frequency (Hz) = {frequency_hz:g}",
        "",
        f"Potential/V{heads}",
        "",
    ]
    for k in range(1, points + 1):
        potential = -0.1 - 0.4 / points * k
        bell = (
            math.exp(-(((potential - peak_v) / 0.04) ** 2)) + 0.05 * math.sin(9e3 * potential) / 9
        )
        currents = "".join(f", {height_a / e * bell + 2e-7:.6e}" for e in range(1, electrodes + 1))
        lines.append(f"{potential:.4f}{currents}")
    return ("\r\n".join(lines) + "\r\n").encode()


def packed(
    session_id: str, file: str, content: bytes, *, user_id: str = "alice", **known: Any
) -> Publication:
    """The message that carries a file, with what is `known` of it beside its bytes."""
    header = UploadHeader(
        session_id=session_id,
        upload_id=upload.upload_id(session_id, file, content, returned=known.get("returned")),
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
    ).model_copy(update=known)
    return upload.pack(header, content, user_id=user_id)


class Speaker:
    """One connection as a user that asks, uploads, and keeps all that it hears of a user."""

    def __init__(self, broker: Broker, user: str = "alice", *, of: str | None = None) -> None:
        self.user = user
        self.of = of or user
        self.client = f"test-{uuid.uuid4().hex[:12]}"
        self.heard: list[Message] = []
        self.receipts: dict[str, str] = {}
        self.uploads: dict[str, Publication] = {}
        self._replies: dict[bytes, Message] = {}
        self._events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        self._stop = threading.Event()
        topics = (SESSION, RECEIPTS, RESULTS, CURVES, PROGRESS, ALERTS)
        filters = [channel.filter(user_id=self.of) for channel in topics]
        filters.append(REPLY.filter(user_id=self.of, client=self.client))
        self.link = Link(
            BrokerAddress.parse(broker.url(user)),
            LinkOptions(
                f"{user}.test.{uuid.uuid4().hex}",
                tuple(Subscription(f) for f in filters),
                session_expiry_s=60,
            ),
            self._events,
        )
        self._thread = threading.Thread(target=self._listen, name="speaker", daemon=True)

    def upload(self, session_id: str, file: str, content: bytes) -> str:
        """Publish a file, again every second until it has a receipt; its upload id."""
        message = packed(session_id, file, content, user_id=self.of)
        identity = dict(message.user_properties)["upload_id"]
        self.uploads[identity] = message
        self.link.publish(message)
        return identity

    def ask(
        self, question: Question, payload: Payload | None = None, *, timeout: float = 60
    ) -> Payload | bytes:
        """Ask and wait for the answer."""
        message = self.ask_raw(question, payload, timeout=timeout)
        return questions.read_reply(question, message)

    def ask_raw(
        self, question: Question, payload: Payload | None = None, *, timeout: float = 60
    ) -> Message:
        """Ask and wait for the answer as it came; asked again each second."""
        correlation = uuid.uuid4().bytes
        message = questions.question(
            question,
            payload if payload is not None else question.payload(),
            user_id=self.of,
            client=self.client,
            correlation_data=correlation,
        )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.link.publish(message)
            again = time.monotonic() + 3
            while time.monotonic() < again:
                if correlation in self._replies:
                    return self._replies[correlation]
                time.sleep(0.005)
        raise AssertionError(f"no answer to {question.verb} within {timeout:g} s")

    def start(self, settings: SessionSettings | None = None) -> SessionDocument:
        """Start a session on top of whatever there is."""
        reply = self.ask(questions.START, StartRequest(settings=settings or SessionSettings()))
        if isinstance(reply, Problem):
            assert reply.type == "conflict", reply
            request = StartRequest(
                seen_revision=reply.revision or 0, settings=settings or SessionSettings()
            )
            reply = self.ask(questions.START, request)
        assert isinstance(reply, SessionReply), reply
        return reply.session

    @property
    def results(self) -> list[Result]:
        """The results heard so far, in order."""
        topic = RESULTS.topic(user_id=self.of)
        return [decode(Result, m.payload) for m in list(self.heard) if m.topic == topic]

    def alerts(self) -> tuple[Alert, ...]:
        """The alerts that were heard last."""
        topic = ALERTS.topic(user_id=self.of)
        heard = [decode(Alerts, m.payload) for m in list(self.heard) if m.topic == topic]
        return heard[-1].alerts if heard else ()

    def documents(self) -> list[SessionDocument]:
        """The session documents heard so far, in order."""
        topic = SESSION.topic(user_id=self.of)
        return [decode(SessionDocument, m.payload) for m in list(self.heard) if m.topic == topic]

    def wait_for_receipts(self, timeout: float = 30) -> None:
        """Wait until every upload has its receipt."""
        wait_until(
            lambda: self.uploads.keys() <= self.receipts.keys(),
            timeout=timeout,
            what="a receipt for every upload",
        )

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self.link.stop()

    def open(self) -> None:
        self.link.start()
        self._thread.start()
        wait_until(lambda: self.link.connected, what="the connection")

    def _listen(self) -> None:
        due = time.monotonic() + 1
        while not self._stop.is_set():
            if time.monotonic() > due:
                due = time.monotonic() + 1
                self._resend()
            try:
                event = self._events.get(timeout=0.1)
            except queue.Empty:
                continue
            if isinstance(event, Connected):
                self._resend()
            if isinstance(event, Received):
                self._take(event.message)

    def _take(self, message: Message) -> None:
        if parse_topic(message.topic).channel is REPLY:
            assert message.correlation_data is not None
            self._replies[message.correlation_data] = message
            return
        self.heard.append(message)
        if parse_topic(message.topic).channel is RECEIPTS:
            _, payload = read(message)
            assert isinstance(payload, Receipts)
            for receipt in payload.receipts:
                self.receipts[receipt.upload_id] = receipt.status

    def _resend(self) -> None:
        waiting = [m for k, m in list(self.uploads.items()) if k not in self.receipts]
        for message in waiting[:100]:
            self.link.publish(message)


@contextmanager
def speaking(broker: Broker, user: str = "alice", *, of: str | None = None) -> Iterator[Speaker]:
    """A connection that is open."""
    speaker = Speaker(broker, user, of=of)
    speaker.open()
    try:
        yield speaker
    finally:
        speaker.close()
