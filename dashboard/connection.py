"""One connection to the broker on behalf of one user with his own credentials.

A single thread reads the link's events, runs the reducer and swaps an immutable state; pages read
that state and ask questions, and never wait for anything but an answer of their own.
"""

import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from dashboard.live import step
from dashboard.live_state import Effect, LiveState, Tick, correlation
from sacmes_core import __version__, protocol, questions
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ProtocolError, SacmesError
from sacmes_core.link import Link
from sacmes_core.link_events import (
    Connected,
    LinkEvent,
    LinkOptions,
    Published,
    Received,
    Refused,
    Subscription,
)
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.presence import ViewerPresence
from sacmes_core.payloads.questions import ExportQuery
from sacmes_core.payloads.replies import Problem
from sacmes_core.questions import Question

logger = logging.getLogger(__name__)

TICK_S: Final = 0.25
BACKOFF_S: Final = 1.0
ANSWER_S: Final = 10.0
MAX_PARTS: Final = 2_000
PARTS_PROPERTY: Final = "parts"


class AskError(SacmesError):
    """A question has no answer; the text is for the page."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose data, and who asks; the key is kept out of every text."""

    user_id: str
    username: str
    key: str = field(repr=False)


@dataclass(slots=True)
class _Waiting:
    """A page that waits for an answer in its own thread."""

    answered: threading.Event = field(default_factory=threading.Event)
    message: Message | None = None


class Connection:
    """A user's live state and the way to ask for more; shared by pages of equal credentials.

    Parameters
    ----------
    broker
        Where the broker is; its own credentials are replaced.
    credentials
        What the broker decides by.
    """

    def __init__(self, broker: BrokerAddress, credentials: Credentials) -> None:
        self.credentials = credentials
        self._viewer = secrets.token_hex(8)
        self._reply_topic = protocol.REPLY.topic(user_id=credentials.user_id, client=self._viewer)
        self._since = datetime.now(UTC)
        self._events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        self._link = Link(
            broker.as_user(credentials.username, credentials.key), self._options(), self._events
        )
        self._state = LiveState(credentials.user_id)
        self._waiting: dict[bytes, _Waiting] = {}
        self._waiting_lock = threading.Lock()
        self._decided = threading.Event()
        self._stopping = threading.Event()
        self._presence_token: int | None = None
        self._presence_due_at = 0.0
        self._pages = 0
        self._thread = threading.Thread(
            target=self._run, name=f"live[{credentials.user_id}]", daemon=True
        )

    @property
    def state(self) -> LiveState:
        """What is known now; immutable."""
        return self._state

    @property
    def healthy(self) -> bool:
        """Whether the thread that reads events is there."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to connect, in the background."""
        self._link.start()
        self._thread.start()

    def wait_decided(self, timeout_s: float) -> bool:
        """Wait until the broker has let these credentials in or not; False if it says neither."""
        return self._decided.wait(timeout_s)

    def show_pages(self, pages: int) -> None:
        """Tell the other viewers how many pages are open here."""
        self._pages = pages
        self._presence_due_at = 0.0

    def stop(self) -> None:
        """Take the viewer presence away, disconnect and end the thread."""
        self._stopping.set()
        self._thread.join(2.0)
        farewell = [self._clearing()] if self._state.link == "online" else []
        self._link.stop(farewell, timeout_s=2.0)
        logger.info("Connection for %s closed.", self.credentials.user_id)

    def ask(self, question: Question, payload: Payload, *, timeout_s: float = ANSWER_S) -> Payload:
        """Ask and wait for the answer.

        Raises
        ------
        AskError
            With the sentence of a problem document, or that nobody answers.
        """
        answer = self._answer(question, payload, timeout_s)
        try:
            read = questions.read_reply(question, answer)
        except ProtocolError as error:
            raise AskError(f"The answer cannot be read. {error}") from None
        if isinstance(read, Problem):
            raise AskError(read.detail or read.title)
        if isinstance(read, bytes):
            raise AskError("The answer is a file where none was asked for.")
        return read

    def export(self, query: ExportQuery, *, timeout_s: float = 2 * ANSWER_S) -> bytes:
        """Ask for an export and put its parts together.

        Raises
        ------
        AskError
            With the sentence of a problem document, or that nobody answers.
        """
        content, part, parts = [], 1, 1
        while part <= parts:
            asked = query.model_copy(update={"part": part})
            message = self._answer(questions.EXPORT, asked, timeout_s)
            try:
                read = questions.read_reply(questions.EXPORT, message)
            except ProtocolError as error:
                raise AskError(f"The answer cannot be read. {error}") from None
            if not isinstance(read, bytes):
                raise AskError(read.detail if isinstance(read, Problem) else "No file came.")
            content.append(read)
            parts = _parts(message)
            part += 1
        return b"".join(content)

    def _answer(self, question: Question, payload: Payload, timeout_s: float) -> Message:
        token = secrets.token_bytes(12)
        waiting = _Waiting()
        with self._waiting_lock:
            self._waiting[token] = waiting
        try:
            if self._publish(self._question(question, payload, token)) is None:
                raise AskError("The broker is away at the moment; try again when it is back.")
            waiting.answered.wait(timeout_s)
        finally:
            with self._waiting_lock:
                del self._waiting[token]
        if waiting.message is None:
            raise AskError(_nobody(question, self.credentials))
        return waiting.message

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except Exception:
                logger.exception("The live view of %s stumbled.", self.credentials.user_id)
                self._stopping.wait(BACKOFF_S)

    def _turn(self) -> None:
        """Take in everything that waits on the queue, then publish one new state."""
        state, effects = self._state, list[Effect]()
        event: LinkEvent | Tick = self._next()
        while not isinstance(event, Tick):
            self._notice(event)
            if not (isinstance(event, Received) and self._handed_over(event.message)):
                state, asked = self._step(state, event)
                effects += asked
            event = Tick() if self._events.empty() else self._events.get()
        state, asked = self._step(state, event)
        self._state = state
        for effect in (*effects, *asked):
            self._publish(
                self._question(effect.question, effect.payload, correlation(effect.token))
            )
        if state.link in ("offline", "refused"):
            self._decided.set()
        if state.link == "online" and time.time() >= self._presence_due_at:
            self._presence_due_at = time.time() + protocol.HEARTBEAT_S
            self._presence_token = self._publish(self._presence())

    def _next(self) -> LinkEvent | Tick:
        try:
            return self._events.get(timeout=TICK_S)
        except queue.Empty:
            return Tick()

    def _step(
        self, state: LiveState, event: LinkEvent | Tick
    ) -> tuple[LiveState, tuple[Effect, ...]]:
        if isinstance(event, Published):
            # A broker lets a colleague in and then delivers nothing to who may not look; only the
            # answer to the viewer presence, which all who may look may write, tells the two apart.
            if event.token != self._presence_token:
                return state, ()
            if event.error is None:
                self._decided.set()
                return state, ()
            event = Refused(event.error, login=True)
        return step(state, event, time.time())

    def _notice(self, event: LinkEvent) -> None:
        if isinstance(event, Connected):
            self._presence_due_at = 0.0
            logger.info("Connected for %s.", self.credentials.user_id)
        elif isinstance(event, Refused):
            logger.info("Refused for %s: %s.", self.credentials.user_id, event.reason)

    def _handed_over(self, message: Message) -> bool:
        """Give an answer to the page that waits for it; its own request is overheard as well."""
        if message.correlation_data is None or message.topic != self._reply_topic:
            return False
        with self._waiting_lock:
            waiting = self._waiting.get(message.correlation_data)
        if waiting is None:
            return False
        waiting.message = message
        waiting.answered.set()
        return True

    def _publish(self, publication: Publication) -> int | None:
        try:
            return self._link.publish(publication)
        except ProtocolError as error:
            raise AskError(str(error)) from None

    def _question(self, question: Question, payload: Payload, token: bytes) -> Publication:
        return questions.question(
            question,
            payload,
            user_id=self.credentials.user_id,
            client=self._viewer,
            correlation_data=token,
        )

    def _presence(self) -> Publication:
        presence = ViewerPresence(
            viewer=self._viewer,
            pages=self._pages,
            since=self._since,
            heartbeat_at=datetime.now(UTC),
            version=__version__,
        )
        user_id = self.credentials.user_id
        return protocol.publication(
            protocol.VIEWER_PRESENCE, presence, user_id=user_id, viewer=self._viewer
        )

    def _clearing(self) -> Publication:
        user_id = self.credentials.user_id
        return protocol.clearing(protocol.VIEWER_PRESENCE, user_id=user_id, viewer=self._viewer)

    def _options(self) -> LinkOptions:
        user_id = self.credentials.user_id
        return LinkOptions(
            client_id=f"{user_id}.viewer.{secrets.token_hex(8)}",
            subscriptions=_subscriptions(user_id, self._viewer),
            will=self._clearing(),
            give_up_on_login=True,
        )


def _subscriptions(user_id: str, viewer: str) -> tuple[Subscription, ...]:
    """What a page shows, and nothing else; presences repeat themselves and need no guarantee."""
    at_most_once: tuple[Callable[..., str], ...] = (
        protocol.AGENT_PRESENCE.filter,
        protocol.VIEWER_PRESENCE.filter,
        protocol.CURVES.filter,
        protocol.PROGRESS.filter,
        # What others ask for is overheard, so that a mark of theirs is on the screen at once.
        protocol.REQUEST.filter,
    )
    at_least_once: tuple[Callable[..., str], ...] = (
        protocol.SESSION.filter,
        protocol.RESULTS.filter,
        protocol.ALERTS.filter,
    )
    return (
        *(Subscription(f(user_id=user_id), qos=0) for f in at_most_once),
        Subscription(protocol.ANALYZER_PRESENCE.filter(), qos=0),
        *(Subscription(f(user_id=user_id)) for f in at_least_once),
        Subscription(protocol.REPLY.topic(user_id=user_id, client=viewer)),
    )


def _parts(message: Message) -> int:
    text = dict(message.user_properties).get(PARTS_PROPERTY, "1")
    return min(int(text), MAX_PARTS) if text.isdecimal() and len(text) < 8 else 1


def _nobody(question: Question, credentials: Credentials) -> str:
    if question.channel is protocol.AGENT_QUERY:
        return "The agent does not answer. Is it running beside the instrument?"
    if question.channel is protocol.REQUEST and credentials.username != credentials.user_id:
        return (
            f"Nobody answered. {credentials.username} may look at {credentials.user_id}; "
            f"starting, stopping and changing takes the key of {credentials.user_id} itself."
        )
    return "No analyzer answers. Try again when its chip says online."
