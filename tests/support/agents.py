"""What the tests of the agent share: session documents, scans, an analyzer that only stores."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any

from support.tools import wait_until

from sacmes_core import protocol, questions
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ProtocolError
from sacmes_core.link import Link
from sacmes_core.link_events import LinkEvent, LinkOptions, Received, Subscription
from sacmes_core.messages import Message
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.presence import AgentPresence
from sacmes_core.payloads.questions import StartRequest, StopRequest
from sacmes_core.payloads.replies import Problem, SessionReply
from sacmes_core.payloads.results import Receipt, Receipts
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings
from sacmes_core.upload import UploadHeader, unpack

SESSION_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def session_document(revision: int = 1, **changes: Any) -> SessionDocument:
    """A running session; `source` may be a dict of source settings."""
    source = changes.pop("source", {})
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "session_id": SESSION_ID,
        "technique": "swv",
        "state": "running",
        "revision": revision,
        "settings_revision": 1,
        "started_at": now,
        "changed_at": now,
        "changed_by": "test",
        "settings": SessionSettings(source=SourceSettings(**source)),
    }
    return SessionDocument(**(fields | changes))


def chi_file(frequency_hz: float = 15, last_v: float = -0.5, shift: int = 0) -> bytes:
    """A square-wave file that declares to go from 0 to -0.5 V and goes to `last_v`."""
    lines = [
        "Nov. 22, 2026   10:17:13",
        "Square Wave Voltammetry",
        "File: c:\\chi\\scan.bin",
        "Data Source:  Experiment",
        "Instrument Model:  CHI760B",
        "Header: ",
        "Note: ",
        "",
        "Init E (V) = 0",
        "Final E (V) = -0.5",
        "Incr E (V) = 0.01",
        "Amplitude (V) = 0.025",
        f"Frequency (Hz) = {frequency_hz:g}",
        "",
        "Potential/V, i1/A",
        "",
    ]
    steps = round(-last_v / 0.01)
    lines += [f"{-0.01 * k:.3f}, {1e-7 * (k + shift + 1):.7e}" for k in range(1, steps + 1)]
    return ("\r\n".join(lines) + "\r\n").encode()


class StoringAnalyzer:
    """Stores uploads in a list, sends receipts, and publishes the session document it is given.

    Attributes
    ----------
    deaf
        Stores nothing and says nothing while it is set.
    refusal
        The receipt for every upload instead of `stored`.
    """

    def __init__(self, url: str, user_id: str) -> None:
        self.user_id = user_id
        self.document: SessionDocument | None = None
        self.deaf = False
        self.answers = True
        self.refusal: Receipt | None = None
        self.uploads: list[tuple[UploadHeader, bytes]] = []
        self.started: list[StartRequest] = []
        self.presences: list[AgentPresence] = []
        self.reply: Message | None = None
        self.events: SimpleQueue[LinkEvent] = SimpleQueue()
        self.link = Link(
            BrokerAddress.parse(url),
            LinkOptions(
                client_id=f"storing-{uuid.uuid4().hex[:12]}",
                subscriptions=tuple(
                    Subscription(filter_)
                    for filter_ in (
                        protocol.RAW.filter(user_id=user_id),
                        protocol.REQUEST.filter(user_id=user_id),
                        protocol.AGENT_PRESENCE.filter(user_id=user_id),
                        protocol.REPLY.topic(user_id=user_id, client="storing"),
                    )
                ),
                session_expiry_s=600,
            ),
            self.events,
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def stored(self) -> dict[str, tuple[UploadHeader, bytes]]:
        """The uploads by their id, repeats taken once."""
        return {header.upload_id: (header, content) for header, content in self.uploads}

    @property
    def files(self) -> list[str]:
        """The names of what is stored, in the order of their first coming."""
        return [header.file for header, _ in self.stored.values()]

    @property
    def presence(self) -> AgentPresence | None:
        """What the agent said last."""
        return self.presences[-1] if self.presences else None

    def publish(self, document: SessionDocument) -> None:
        """Make a session document hold."""
        self.document = document
        self.link.publish(protocol.publication(protocol.SESSION, document, user_id=self.user_id))

    def ask(self, asked: questions.Question, payload: Payload) -> Payload | bytes:
        """Ask the agent something."""
        self.reply = None
        self.link.publish(
            questions.question(
                asked, payload, user_id=self.user_id, client="storing", correlation_data=b"1"
            )
        )
        return questions.read_reply(asked, wait_until(lambda: self.reply, what="an answer"))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                event = self.events.get(timeout=0.1)
            except Empty:
                continue
            if isinstance(event, Received):
                self._receive(event.message)

    def _receive(self, message: Message) -> None:
        channel = protocol.parse_topic(message.topic).channel
        if channel is protocol.RAW and not self.deaf and message.payload:
            self._store(message)
        elif channel is protocol.AGENT_PRESENCE and message.payload:
            with suppress(ProtocolError):
                self.presences.append(protocol.decode(AgentPresence, message.payload))
        elif channel is protocol.REPLY:
            self.reply = message
        elif channel is protocol.REQUEST and self.answers:
            asked = questions.read_question(message)
            answer = questions.reply(asked, self._answer(asked.payload))
            if answer is not None:
                self.link.publish(answer)

    def _store(self, message: Message) -> None:
        try:
            _, header, content = unpack(message)
        except ProtocolError as error:
            raise AssertionError(message) from error
        if self.refusal is None:
            self.uploads.append((header, content))
            receipt = Receipt(upload_id=header.upload_id, status="stored")
        else:
            receipt = self.refusal.model_copy(update={"upload_id": header.upload_id})
        receipts = Receipts(receipts=(receipt,))
        self.link.publish(protocol.publication(protocol.RECEIPTS, receipts, user_id=self.user_id))

    def _answer(self, payload: Payload) -> Payload:
        assert isinstance(payload, StartRequest | StopRequest)
        revision = 0 if self.document is None else self.document.revision
        if payload.seen_revision != revision:
            detail = "The session was changed meanwhile."
            return Problem(type="conflict", title="Conflict", detail=detail, revision=revision)
        if isinstance(payload, StopRequest):
            assert self.document is not None
            changes = {"state": "stopped", "revision": revision + 1}
            self.publish(self.document.model_copy(update=changes))
        else:
            self.started.append(payload)
            document = session_document(
                revision + 1,
                session_id=str(uuid.uuid4()),
                technique=payload.technique,
                settings=payload.settings,
            )
            self.publish(document)
        assert self.document is not None
        return SessionReply(session=self.document)

    def start(self) -> None:
        self.link.start()
        self._thread.start()
        wait_until(lambda: self.link.connected, what="the storing analyzer's connection")

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5)
        self.link.stop()


@contextmanager
def storing_analyzer(url: str, user_id: str) -> Iterator[StoringAnalyzer]:
    """A storing analyzer that is connected."""
    analyzer = StoringAnalyzer(url, user_id)
    analyzer.start()
    try:
        yield analyzer
    finally:
        analyzer.stop()
