"""The running analyzer: one link, and the threads that take in, answer and analyse."""

import logging
import queue
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from analyzer.announcer import Announcer
from analyzer.answers import Answers
from analyzer.ingest import GROUP_MAX, Ingest
from analyzer.status import Presence, State, Status
from analyzer.store.database import StoreError
from analyzer.store.store import Store
from analyzer.worker import Worker
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
from sacmes_core.messages import Publication
from sacmes_core.protocol import (
    AGENT_PRESENCE,
    HEARTBEAT_S,
    QUERY,
    RAW,
    REQUEST,
    SESSION,
    WILL_DELAY_S,
    parse_topic,
)

logger = logging.getLogger(__name__)

SESSION_EXPIRY_S: Final = 7 * 24 * 3600
"""How long the broker keeps uploads for an analyzer that is away."""
QUESTIONS_MAX: Final = 1000
BACKOFF_S: Final = 2.0
JOIN_S: Final = 30.0

# What tells of revisions comes first, so that a fresh store knows them before it is asked.
# Questions are not worth keeping for an analyzer that is away: their askers have gone.
SUBSCRIPTIONS: Final = (
    Subscription(SESSION.filter(), 0),
    Subscription(AGENT_PRESENCE.filter(), 0),
    Subscription(RAW.filter()),
    Subscription(REQUEST.filter()),
    Subscription(QUERY.filter(), 0),
)


class Analyzer:
    """Ingest, answers and workers in one process.

    Parameters
    ----------
    address
        Broker with the analyzer's credentials.
    store
        Where everything is kept; its owner closes it.
    """

    def __init__(self, address: BrokerAddress, store: Store) -> None:
        self._store = store
        self._status = Status()
        self._stop = threading.Event()
        self._events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        self._questions: queue.Queue[Received] = queue.Queue(QUESTIONS_MAX)
        self._reconnected = threading.Event()
        user = address.username or "analyzer"
        client_id = store.database.remember("client_id", f"{user}.ingest.{secrets.token_hex(12)}")
        name = store.database.remember("analyzer", secrets.token_hex(4))
        now = datetime.now(UTC)
        self._presence = Presence(name, now, self._status)
        self._link = Link(
            address,
            LinkOptions(
                client_id=client_id,
                subscriptions=SUBSCRIPTIONS,
                session_expiry_s=SESSION_EXPIRY_S,
                will_delay_s=WILL_DELAY_S,
                will=self._presence.message("lost", now),
                manual_acknowledge=True,
            ),
            self._events,
        )
        announcer = Announcer(store, self._link, self._status)
        self._announcer = announcer
        self._worker = Worker(store, self._link, self._status, announcer)
        self._answers = Answers(store, self._link, self._status, self._worker.wake)
        self._ingest = Ingest(
            store.uploads, self._link, self._status, self._worker.wake, self._stop
        )

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`, then finish what is held and say goodbye."""
        threads = [
            self._thread("ingest", self._receive),
            self._thread("answers", self._answer),
            self._thread("worker", self._work),
            self._thread("presence", self._tell),
        ]
        logger.info("Analyzer %s starts", self._presence.analyzer)
        for thread in threads:
            thread.start()
        self._link.start()
        stop.wait()
        logger.info("Analyzer %s ends", self._presence.analyzer)
        self._stop.set()
        self._worker.wake()
        self._status.changed.set()
        for thread in threads:
            thread.join(JOIN_S)
        self._link.stop([self._message("stopped")])

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=self._kept_alive, args=(name, work), name=name, daemon=True)

    def _kept_alive(self, name: str, work: Callable[[], None]) -> None:
        """Top of every thread: a fault is logged and told, and the thread goes on."""
        while not self._stop.is_set():
            try:
                work()
                self._status.trouble(name, None)
            except StoreError as error:
                self._status.trouble(name, str(error))
                self._stop.wait(BACKOFF_S)
            except Exception:
                logger.exception("A fault in the thread %s", name)
                self._status.trouble(name, f"A fault in the {name}; its log says more.")
                self._stop.wait(BACKOFF_S)

    def _receive(self) -> None:
        """Take what the link reports, uploads in groups as large as have come meanwhile."""
        try:
            events = [self._events.get(timeout=0.5)]
        except queue.Empty:
            return
        while len(events) < GROUP_MAX:
            try:
                events.append(self._events.get_nowait())
            except queue.Empty:
                break
        uploads = [event for event in events if self._route(event)]
        if uploads:
            self._ingest.take([event for event in uploads if isinstance(event, Received)])

    def _route(self, event: LinkEvent) -> bool:
        """Send an event on its way; True for an upload, which stays with the ingest."""
        match event:
            case Received(message):
                try:
                    channel = parse_topic(message.topic).channel
                except ProtocolError as error:
                    self._status.refuse("a topic", str(error))
                    self._link.acknowledge(event)
                    return False
                if channel is RAW:
                    return True
                self._hand_over(event)
            case Connected():
                logger.info("Connected to the broker")
                self._announcer.note(event)
                self._reconnected.set()
                self._status.changed.set()
                self._worker.wake()
            case Disconnected(reason, taken_over):
                logger.warning("Connection lost: %s", reason)
                if taken_over:
                    logger.error("Another analyzer uses this store's identity; end one of them")
                self._announcer.note(event)
            case Published():
                self._announcer.note(event)
                if self._announcer.waits:
                    self._worker.wake()
            case Refused(reason):
                self._status.trouble("link", f"The broker is not reached: {reason}")
        return False

    def _hand_over(self, item: Received) -> None:
        try:
            self._questions.put_nowait(item)
        except queue.Full:
            self._status.refuse("questions", "More questions wait than can be answered.")
            self._link.acknowledge(item)

    def _answer(self) -> None:
        """Keep and answer one question; first of all, after a loss, retain what holds."""
        if self._reconnected.is_set():
            self._reconnected.clear()
            try:
                self._answers.connected()
            except StoreError:
                self._reconnected.set()
                raise
            self._status.trouble("link", None)
        try:
            item = self._questions.get(timeout=0.5)
        except queue.Empty:
            return
        if parse_topic(item.message.topic).channel in (QUERY, REQUEST):
            self._answers.question(item.message)
        else:
            self._answers.retained(item.message)
        self._link.acknowledge(item)

    def _work(self) -> None:
        if not self._worker.turn():
            self._worker.rest()

    def _tell(self) -> None:
        """Publish the presence every half minute, and at once when a problem comes or goes."""
        self._status.changed.clear()
        if self._link.connected:
            self._link.publish(self._message("online"))
        self._status.changed.wait(HEARTBEAT_S)

    def _message(self, state: State) -> Publication:
        try:
            waiting = self._store.uploads.count_waiting()
        except StoreError:
            # The presence is what tells of a store in trouble.
            waiting = 0
        return self._presence.message(state, datetime.now(UTC), waiting=waiting)
