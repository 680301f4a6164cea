"""The agent as a whole: one loop that reads one queue, and hands everything on.

The connection and the folder have threads of their own and only put events on the queue; what
they lead to is decided by the reducers of this package.
"""

import logging
import queue
import secrets
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent import presence, session, starting
from agent.claim import look, marker, refusal_sentence
from agent.home import Home
from agent.outbox import OutboxError
from agent.postman import Postman
from agent.problems import Problems
from agent.settling import Patience
from agent.watching import FolderReport, FolderWatch, Listing, WatchEvent, WatchOptions
from sacmes_core import __version__, questions
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ProtocolError, SacmesError
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
from sacmes_core.payloads import (
    AgentPresence,
    AnalyzerPresence,
    Problem,
    Receipts,
    SessionDocument,
)
from sacmes_core.protocol import (
    AGENT_PRESENCE,
    AGENT_QUERY,
    AGENT_REQUEST,
    ANALYZER_PRESENCE,
    RECEIPTS,
    REPLY,
    SESSION,
    WILL_DELAY_S,
    decode,
    parse_topic,
    publication,
)

logger = logging.getLogger(__name__)

SESSION_EXPIRY_S: Final = 60
TURN_S: Final = 0.5
"""Longest wait for an event: on Windows, Ctrl-C is seen only between two waits."""
_OWN_ERRORS_S: Final = 5.0


class AgentStopped(SacmesError):  # noqa: N818 - an end, with the sentence that says why
    """The agent may not go on; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """What an agent is told on its command line."""

    root: Path
    address: BrokerAddress
    patience: Patience = field(default_factory=Patience)
    subfolders: bool = False
    take_over: bool = False
    wish: starting.Wish | None = None


class Agent:
    """An agent with an open home; `run` returns when it is stopped.

    Parameters
    ----------
    home
        Identity, outbox and session of this agent, locked by the caller.
    stop
        Set from outside to end it.
    """

    def __init__(self, options: AgentOptions, home: Home, stop: threading.Event) -> None:
        self._options = options
        self._home = home
        self._stop = stop
        self._user_id = home.identity.user_id
        self._client = f"agent-{secrets.token_hex(8)}"
        self._mark = secrets.token_bytes(8)
        self._asking = secrets.token_bytes(8)
        self._since = datetime.now(UTC)
        self._events: queue.SimpleQueue[LinkEvent | WatchEvent] = queue.SimpleQueue()
        self._link: Link | None = None
        self._problems = Problems()
        self._postman = Postman(home.outbox, self._user_id, self._publish, self._problems)
        self._obedience = session.Obedience(home.kept_session())
        self._holding = presence.Holding(home.identity.instance, 0)
        self._starting = self._wish_to_start(options.wish)
        self._analyzers: dict[str, AnalyzerPresence] = {}
        self._ignored: Counter[str] = Counter()
        self._watch = FolderWatch(
            WatchOptions(
                options.root,
                self._user_id,
                home.outbox_path,
                options.patience,
                options.subfolders,
            ),
            self._events.put,
        )

    def run(self) -> None:
        """Watch the folder and send what belongs to the session, until stopped.

        Raises
        ------
        AgentStopped
            If another agent holds the user_id or takes it over, or the session is refused.
        """
        logger.info("Watching %s for the user_id %s", self._options.root, self._user_id)
        self._watch.start()
        if self._obedience.document is not None:
            self._watch.work_on(self._obedience.document)
        try:
            self._claim()
            while not self._stop.is_set():
                self._turn()
        except AgentStopped:
            self._end(farewell=False)
            raise
        self._end(farewell=True)

    def _claim(self) -> None:
        """Take the user_id, or say who holds it."""
        identity = self._home.identity
        seen = look(self._options.address, self._user_id, self._stop, self._problems)
        if self._stop.is_set():
            return
        match presence.decide(
            seen, identity.instance, identity.number, take_over=self._options.take_over
        ):
            case presence.GiveWay(sentence):
                raise AgentStopped(sentence)
            case presence.Claim(number):
                self._home.keep_number(number)
                self._holding = presence.Holding(identity.instance, number, self._facts())
        self._link = Link(self._options.address, self._link_options(), self._events)
        self._link.start()

    def _link_options(self) -> LinkOptions:
        user_id = self._user_id
        filters = (
            AGENT_PRESENCE.topic(user_id=user_id),
            SESSION.topic(user_id=user_id),
            RECEIPTS.topic(user_id=user_id),
            AGENT_QUERY.filter(user_id=user_id),
            AGENT_REQUEST.filter(user_id=user_id),
            REPLY.topic(user_id=user_id, client=self._client),
            ANALYZER_PRESENCE.filter(),
        )
        return LinkOptions(
            client_id=self._home.identity.client_id,
            subscriptions=tuple(Subscription(topic) for topic in filters),
            session_expiry_s=SESSION_EXPIRY_S,
            will=self._presence("lost", presence.Facts()),
            will_delay_s=WILL_DELAY_S,
        )

    def _turn(self) -> None:
        """Wait for an event, perform it and all that are there with it, then what is due."""
        try:
            self._perform(self._events.get(timeout=self._wait_s()))
            for _ in range(256):
                self._perform(self._events.get_nowait())
        except queue.Empty:
            pass
        except OutboxError as error:
            self._problems.put("outbox", str(error))
        now = time.monotonic()
        try:
            self._postman.tick(now)
            self._hold(presence.Changed(self._facts()), now)
        except OutboxError as error:
            self._problems.put("outbox", str(error))
            self._stop.wait(_OWN_ERRORS_S)
        self._hold(presence.Tick(), now)
        self._start(starting.Tick(), now)

    def _wait_s(self) -> float:
        due = [self._holding.due_at]
        if self._postman.next_due is not None:
            due.append(self._postman.next_due)
        return max(0.01, min(TURN_S, min(due) - time.monotonic()))

    def _perform(self, event: LinkEvent | WatchEvent) -> None:
        now = time.monotonic()
        match event:
            case Connected():
                logger.info("Connected to %s", self._options.address)
                self._problems.put("broker", None)
                self._publish(marker(self._user_id, self._client, self._mark))
                self._hold(presence.Opened(), now)
                self._postman.opened(now)
            case Disconnected() as gone:
                self._disconnected(gone, now)
            case Refused() as refused:
                self._problems.put("broker", refusal_sentence(refused, self._user_id))
            case Received(message=message):
                self._receive(message, now)
            case Published() as answer:
                if not self._postman.published(answer) and answer.error is not None:
                    self._problems.put("presence", _not_allowed(self._user_id, answer.error))
            case FolderReport(folder_problem=folder, outbox_problem=outbox):
                self._problems.put("folder", folder)
                self._problems.put("outbox", outbox)
            case Listing() as listing:
                self._answer(listing)

    def _disconnected(self, gone: Disconnected, now: float) -> None:
        if gone.taken_over:
            raise AgentStopped(
                "Another program connected with this agent's own name: a copy of its home folder "
                "runs elsewhere. Give each computer a home folder of its own."
            )
        self._problems.put(
            "broker", f"The connection to {self._options.address} is lost ({gone.reason})."
        )
        self._hold(presence.Closed(), now)
        self._start(starting.Closed(), now)
        self._postman.closed(now)

    def _receive(self, message: Message, now: float) -> None:
        """Hand a message on; one that is not of the protocol is counted and said once."""
        try:
            self._handle(message, now)
        except ProtocolError as error:
            kind = f"{message.topic[:80]}: {error}"
            self._ignored[kind[:300] if len(self._ignored) < 100 else "more"] += 1
            if self._ignored[kind[:300]] == 1:
                logger.warning("Ignored a message on %s", kind)

    def _handle(self, message: Message, now: float) -> None:
        channel = parse_topic(message.topic).channel
        if channel is RECEIPTS:
            self._postman.receive(decode(Receipts, message.payload), now)
        elif channel is SESSION and message.payload:
            state, effects = session.step(self._obedience, decode(SessionDocument, message.payload))
            self._obey(state, effects, now)
        elif channel is AGENT_PRESENCE:
            self._hold(presence.Seen(_readable(message)), now)
        elif channel is REPLY:
            self._reply(message, now)
        elif channel in (AGENT_QUERY, AGENT_REQUEST):
            self._asked(message)
        elif channel is ANALYZER_PRESENCE and message.payload:
            self._analyzer(decode(AnalyzerPresence, message.payload), now)

    def _reply(self, message: Message, now: float) -> None:
        if message.correlation_data == self._mark:
            self._start(starting.Looked(), now)
        elif message.correlation_data == self._asking:
            reply = questions.read_reply(questions.START, message)
            if not isinstance(reply, bytes):
                self._start(starting.Answered(reply), now)

    def _asked(self, message: Message) -> None:
        try:
            asked = questions.read_question(message)
        except ProtocolError as error:
            problem = Problem(type="invalid", title="Not answered", detail=str(error))
            refusal = questions.problem_reply(message, problem)
            if refusal is not None:
                self._publish(refusal)
            raise
        self._watch.ask(asked)

    def _answer(self, listing: Listing) -> None:
        reply = listing.reply or Problem(
            type="unavailable", title="The folder cannot be listed", detail=listing.problem or ""
        )
        answer = questions.reply(listing.asked, reply)
        if answer is not None:
            self._publish(answer)

    def _analyzer(self, seen: AnalyzerPresence, now: float) -> None:
        before = self._analyzers.get(seen.analyzer)
        if len(self._analyzers) < 1000:
            self._analyzers[seen.analyzer] = seen
        if seen.state == "online" and (
            before is None or before.state != "online" or before.since != seen.since
        ):
            self._postman.analyzer_returned(now)

    def _obey(
        self,
        state: session.Obedience,
        effects: tuple[session.Follow | session.Ignore, ...],
        now: float,
    ) -> None:
        self._obedience = state
        for effect in effects:
            match effect:
                case session.Ignore(reason):
                    logger.info("%s", reason)
                case session.Follow(document):
                    logger.info(
                        "Session %s, revision %d: %s",
                        document.session_id,
                        document.revision,
                        document.state,
                    )
                    self._problems.put("home", self._home.keep_session(document))
                    self._watch.work_on(document)
                    self._start(starting.Holds(document), now)

    def _hold(self, event: presence.Event, now: float) -> None:
        self._holding, effects = presence.step(self._holding, event, now)
        for effect in effects:
            match effect:
                case presence.Say(facts):
                    self._publish(self._presence("online", facts))
                case presence.GiveWay(sentence):
                    raise AgentStopped(sentence)

    def _wish_to_start(self, wish: starting.Wish | None) -> starting.Starting | None:
        if wish is None:
            return None
        return starting.Starting(wish, self._home.granted(), self._obedience.document)

    def _start(self, event: starting.Event, now: float) -> None:
        if self._starting is None:
            return
        self._starting, effects = starting.step(self._starting, event, now)
        for effect in effects:
            match effect:
                case starting.Ask(seen_revision):
                    self._ask_for_session(self._starting.wish, seen_revision)
                case starting.Met(document, new):
                    self._problems.put("start", None)
                    self._home.keep_granted(
                        starting.Granted(self._starting.wish, document.session_id)
                    )
                    logger.info("The session %s runs", document.session_id)
                    if new and document != self._obedience.document:
                        self._obey(*session.told(document), now)
                case starting.Failed(sentence):
                    self._problems.put("start", sentence)

    def _ask_for_session(self, wish: starting.Wish, seen_revision: int) -> None:
        if not any(a.state == "online" for a in self._analyzers.values()):
            self._problems.put("start", "Waiting for an analyzer to start the session.")
        request = wish.request(seen_revision, f"agent on {socket.gethostname()}")
        self._publish(
            questions.question(
                questions.START,
                request,
                user_id=self._user_id,
                client=self._client,
                correlation_data=self._asking,
            )
        )

    def _facts(self) -> presence.Facts:
        document = self._obedience.document
        session_id = None if document is None else document.session_id
        return presence.Facts(
            session_id,
            self._obedience.revision,
            self._home.outbox.counters(session_id, self._postman.in_flight),
            self._problems.text,
        )

    def _presence(self, state: str, facts: presence.Facts) -> Publication:
        said = AgentPresence.model_validate(
            {
                "state": state,
                "instance": self._holding.instance,
                "number": self._holding.number,
                "heartbeat_at": datetime.now(UTC),
                "since": self._since,
                "version": __version__,
                "host": socket.gethostname()[:200],
                "source": "folder",
                "source_name": str(self._options.root)[:1024],
                "session_id": facts.session_id,
                "revision": facts.revision,
                "counters": facts.counters,
                "problem": facts.problem,
            }
        )
        return publication(AGENT_PRESENCE, said, user_id=self._user_id)

    def _publish(self, message: Publication) -> int | None:
        return None if self._link is None else self._link.publish(message)

    def _end(self, *, farewell: bool) -> None:
        self._watch.stop()
        if self._link is not None:
            last = [self._presence("stopped", self._facts())] if farewell else []
            self._link.stop(last)
        waiting = self._home.outbox.waiting_count()
        logger.info("Stopped; %d scans wait in the outbox", waiting)


def _readable(message: Message) -> AgentPresence | None:
    try:
        return decode(AgentPresence, message.payload)
    except ProtocolError:
        return None


def _not_allowed(user_id: str, error: str) -> str:
    return (
        f"The broker does not take all that this agent says ({error}); ask the administrator "
        f"whether {user_id} may write below its own name."
    )
