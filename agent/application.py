"""The agent as a whole: one loop that reads one queue, and hands everything on.

The connection and the source of scans have threads of their own and only put events on the queue;
what they lead to is decided by the reducers of this package.
"""

import contextlib
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent import presence, starting
from agent.announcing import AgentStopped, Announcer
from agent.asking import Asker
from agent.claim import look, refusal_sentence
from agent.clock import clock_sentence
from agent.database import OutboxError
from agent.following import Follower
from agent.home import Home
from agent.postman import Postman
from agent.presence import Facts
from agent.problems import Problems
from agent.source import SourceAnswer, SourceEvent, SourceMaker, SourceReport
from agent.view import AgentView, Onlooker
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
from sacmes_core.notify import notifier
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.presence import AgentPresence, AnalyzerPresence
from sacmes_core.payloads.replies import Problem
from sacmes_core.payloads.results import Receipts, Result
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import (
    AGENT_PRESENCE,
    AGENT_QUERY,
    AGENT_REQUEST,
    ANALYZER_PRESENCE,
    RECEIPTS,
    REPLY,
    RESULTS,
    SESSION,
    WILL_DELAY_S,
    decode,
    parse_topic,
)

logger = logging.getLogger(__name__)

SESSION_EXPIRY_S: Final = 60
TURN_S: Final = 0.5
"""Longest wait for an event: on Windows, Ctrl-C is seen only between two waits."""
EVENTS_PER_TURN: Final = 256
RETRY_S: Final = 2.0
IGNORED_KINDS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """What an agent is told on its command line; the source is made once its home is open."""

    address: BrokerAddress
    source: SourceMaker
    take_over: bool = False
    wish: starting.Wish | None = None


@dataclass(frozen=True, slots=True)
class RetryRefused:
    """Let what the analyzer refused be sent again."""


class Agent:
    """An agent with an open home; `run` returns when it is stopped.

    Parameters
    ----------
    home
        Identity, outbox and session of this agent, locked by the caller.
    stop
        Set from outside to end it.
    show
        Called in the agent's thread with its view, each time that changes.
    """

    def __init__(
        self,
        options: AgentOptions,
        home: Home,
        stop: threading.Event,
        show: Callable[[AgentView], None] | None = None,
    ) -> None:
        self._options = options
        self._home = home
        self._stop = stop
        self._user_id = home.identity.user_id
        self._events: queue.SimpleQueue[LinkEvent | SourceEvent | RetryRefused] = (
            queue.SimpleQueue()
        )
        self._link: Link | None = None
        self._problems = Problems()
        self._postman = Postman(home.outbox, self._user_id, self._publish, self._problems)
        self._notifier = notifier()
        self._asker = Asker(self._user_id, f"agent-{secrets.token_hex(8)}", self._publish)
        self._source = options.source(home, self._events.put)
        self._standing = SourceReport(0)
        self._announcer = Announcer(home, self._source.facts, self._publish)
        self._onlooker = Onlooker(show, self._user_id, self._source.facts.name)
        self._analyzers: dict[str, AnalyzerPresence] = {}
        self._ignored: set[str] = set()
        self._follower = Follower(
            home, options.wish, self._asker, self._problems, self._source.work_on
        )

    def run(self) -> None:
        """Take scans from the source and send what belongs to the session, until stopped.

        Raises
        ------
        AgentStopped
            If another agent holds the user_id or takes it over.
        """
        logger.info("Watching %s for the user_id %s", self._source.facts.name, self._user_id)
        self._source.start()
        self._follower.resume()
        self._notifier.ready(f"Watching {self._source.facts.name} for {self._user_id}")
        try:
            self._claim()
            while not self._stop.is_set():
                self._guarded_turn()
        except BaseException:
            self._end(farewell=False)
            raise
        self._end(farewell=True)

    def retry_refused(self) -> None:
        """Let what the analyzer refused be sent again; may be called from any thread."""
        self._events.put(RetryRefused())

    def _claim(self) -> None:
        """Take the user_id, or say who holds it."""
        identity = self._home.identity
        seen = look(
            self._options.address,
            self._user_id,
            self._stop,
            self._problems,
            meanwhile=self._perform_meanwhile,
        )
        if self._stop.is_set():
            return
        match presence.decide(
            seen, identity.instance, identity.number, take_over=self._options.take_over
        ):
            case presence.GiveWay(sentence):
                raise AgentStopped(sentence)
            case presence.Claim(number):
                self._announcer.claim(number)
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
            self._asker.topic,
            ANALYZER_PRESENCE.filter(),
            *([RESULTS.topic(user_id=user_id)] if self._onlooker.wanted else []),
        )
        return LinkOptions(
            client_id=self._home.identity.client_id,
            subscriptions=tuple(Subscription(topic) for topic in filters),
            session_expiry_s=SESSION_EXPIRY_S,
            will=self._announcer.message("lost", Facts()),
            will_delay_s=WILL_DELAY_S,
        )

    def _guarded_turn(self) -> None:
        """One turn; whatever fails in it is said, and tried again after a while."""
        try:
            self._turn()
            self._notifier.turned(time.monotonic())
        except AgentStopped:
            raise
        except OutboxError as error:
            self._notifier.turned(time.monotonic())
            self._problems.put("outbox", str(error))
            self._stop.wait(RETRY_S)
        except Exception:
            logger.exception("The agent failed; it goes on in %g s", RETRY_S)
            self._stop.wait(RETRY_S)

    def _turn(self) -> None:
        """Wait for an event, perform it and all that are there with it, then what is due."""
        try:
            self._perform(self._events.get(timeout=self._wait_s()))
            self._perform_waiting()
            self._perform_due()
        except queue.Empty:
            self._perform_due()

    def _perform_waiting(self) -> None:
        """Perform the events that are there by now, but not so many that nothing else is done."""
        with contextlib.suppress(queue.Empty):
            for _ in range(EVENTS_PER_TURN):
                self._perform(self._events.get_nowait())

    def _perform_meanwhile(self) -> None:
        """What goes on while the broker is not reached yet."""
        self._perform_waiting()
        now = time.monotonic()
        self._notifier.turned(now)
        if self._announcer.is_due(now):
            with contextlib.suppress(OutboxError):
                self._onlooker.count(self._facts().counters, self._home.outbox)
        self._look()

    def _perform_due(self) -> None:
        now = time.monotonic()
        self._postman.tick(now)
        if self._announcer.is_due(now):
            self._problems.put("clock", clock_sentence())
            facts = self._facts()
            self._announcer.hold(presence.Changed(facts), now)
            self._onlooker.count(facts.counters, self._home.outbox)
        self._announcer.hold(presence.Tick(), now)
        self._follower.start(starting.Tick(), now)
        self._look()

    def _look(self) -> None:
        self._onlooker.look(
            connected=self._link is not None and self._link.connected,
            session=self._follower.document,
            problems=self._problems,
            analyzers=self._analyzers.values(),
        )

    def _wait_s(self) -> float:
        due = [self._announcer.due_at]
        if self._postman.next_due is not None:
            due.append(self._postman.next_due)
        return max(0.01, min(TURN_S, min(due) - time.monotonic()))

    def _perform(self, event: LinkEvent | SourceEvent | RetryRefused) -> None:
        now = time.monotonic()
        match event:
            case Connected():
                logger.info("Connected to %s", self._options.address)
                self._problems.put("broker", None)
                self._problems.put("presence", None)
                self._asker.send_marker()
                self._announcer.hold(presence.Opened(), now)
                self._source.tell_connected(connected=True)
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
            case SourceReport() as report:
                self._standing = report
                self._problems.put("source", report.source_problem)
                self._problems.put("outbox", report.outbox_problem)
            case SourceAnswer(asked, reply):
                self._answer(asked, reply)
            case RetryRefused():
                logger.info("%d refused scans are sent again", self._home.outbox.retry_refused())

    def _disconnected(self, gone: Disconnected, now: float) -> None:
        if gone.taken_over:
            raise AgentStopped(
                "Another program connected with this agent's own name: a copy of its home folder "
                "runs elsewhere. Give each computer a home folder of its own."
            )
        self._problems.put(
            "broker", f"The connection to {self._options.address} is lost ({gone.reason})."
        )
        self._announcer.hold(presence.Closed(), now)
        self._source.tell_connected(connected=False)
        self._follower.start(starting.Closed(), now)
        self._postman.closed(now)

    def _receive(self, message: Message, now: float) -> None:
        """Hand a message on; of those that are not of the protocol each kind is said once."""
        try:
            self._handle(message, now)
        except ProtocolError as error:
            kind = f"{message.topic[:80]}: {error}"
            if kind[:300] not in self._ignored and len(self._ignored) < IGNORED_KINDS_MAX:
                self._ignored.add(kind[:300])
                logger.warning("Ignored a message on %s", kind)

    def _handle(self, message: Message, now: float) -> None:
        channel = parse_topic(message.topic).channel
        if channel is RECEIPTS:
            self._postman.receive(decode(Receipts, message.payload), now)
        elif channel is SESSION and message.payload:
            self._follower.see(decode(SessionDocument, message.payload), now)
        elif channel is AGENT_PRESENCE:
            self._announcer.hold(presence.Seen(_readable(message)), now)
        elif channel is REPLY:
            self._follower.reply(message, now)
        elif channel is RESULTS and message.payload:
            self._onlooker.hear(decode(Result, message.payload))
        elif channel in (AGENT_QUERY, AGENT_REQUEST):
            self._asked(message)
        elif channel is ANALYZER_PRESENCE and message.payload:
            self._analyzer(decode(AnalyzerPresence, message.payload), now)

    def _asked(self, message: Message) -> None:
        try:
            asked = questions.read_question(message)
        except ProtocolError as error:
            problem = Problem(type="invalid", title="Not answered", detail=str(error))
            refusal = questions.problem_reply(message, problem)
            if refusal is not None:
                self._publish(refusal)
            raise
        self._source.ask(asked)

    def _answer(self, asked: questions.Asked, reply: Payload) -> None:
        answer = questions.reply(asked, reply)
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
            self._follower.start(starting.AnalyzerReturned(), now)

    def _facts(self) -> Facts:
        document = self._follower.document
        session_id, revision = (
            (None, 0) if document is None else (document.session_id, document.revision)
        )
        counters = self._home.outbox.counters(session_id, self._postman.in_flight)
        standing = self._standing
        return Facts(
            session_id,
            revision,
            counters,
            self._problems.text,
            standing.instrument,
            standing.limits,
        )

    def _publish(self, message: Publication) -> int | None:
        return None if self._link is None else self._link.publish(message)

    def _end(self, *, farewell: bool) -> None:
        self._notifier.stopping()
        self._source.stop()
        # What the source did last counts, whoever holds the user_id by now.
        with contextlib.suppress(AgentStopped):
            self._perform_waiting()
        if self._link is not None:
            last = [self._announcer.message("stopped", self._facts())] if farewell else []
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
