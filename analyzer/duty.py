"""The ingest's duty: one process at a time subscribes, and the next takes over when it dies.

Holding the lease, it takes in uploads, answers, and tells viewers of results. The session at the
broker belongs to the store and not to the process, so nothing is missed between two holders.
"""

import logging
import queue
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from analyzer import metrics
from analyzer.alerting import ResultCame, ScansStored
from analyzer.announcer import Announcer
from analyzer.answers import Answers
from analyzer.inbox import Inbox
from analyzer.ingest import GROUP_MAX, Ingest
from analyzer.status import Status
from analyzer.store.database import StoreError
from analyzer.store.leases import LEASE_S, Lease
from analyzer.store.store import Store
from analyzer.watchman import Watchman
from analyzer.webhook import Poster, Webhook
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
from sacmes_core.logs import concerning
from sacmes_core.messages import Publication
from sacmes_core.payloads.results import Result
from sacmes_core.protocol import (
    AGENT_PRESENCE,
    QUERY,
    RAW,
    REQUEST,
    SESSION,
    parse_topic,
)

logger = logging.getLogger(__name__)

SESSION_EXPIRY_S: Final = 7 * 24 * 3600
"""How long the broker keeps uploads for an analyzer that is away."""
STANDBY_S: Final = 1.0
GATHER_S: Final = 0.05
"""Uploads that come so soon after others wait for company: a group costs little more than one."""
POLL_S: Final = 0.1
"""How soon results of workers in other processes are told."""

# What tells of revisions comes first, so that a fresh store knows them before it is asked.
# Questions are not worth keeping for an analyzer that is away: their askers have gone.
SUBSCRIPTIONS: Final = (
    Subscription(SESSION.filter(), 0),
    Subscription(AGENT_PRESENCE.filter(), 0),
    Subscription(RAW.filter()),
    Subscription(REQUEST.filter()),
    Subscription(QUERY.filter(), 0),
)


class DutyLink:
    """The holder's connection; without the lease there is none, and nothing is sent."""

    def __init__(self, address: BrokerAddress, client_id: str) -> None:
        self.events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        self._address = address
        self._options = LinkOptions(
            client_id=client_id,
            subscriptions=SUBSCRIPTIONS,
            session_expiry_s=SESSION_EXPIRY_S,
            manual_acknowledge=True,
        )
        self._link: Link | None = None

    @property
    def is_open(self) -> bool:
        """Whether the duty is this process's."""
        return self._link is not None

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted the holder's connection."""
        link = self._link
        return link is not None and link.connected

    def open(self) -> None:
        """Connect, again and again until `close`."""
        self._link = Link(self._address, self._options, self.events)
        self._link.start()

    def close(self) -> None:
        """Leave the broker; it keeps the session for the next holder."""
        link, self._link = self._link, None
        if link is not None:
            link.stop()
            # What it may still report, however late, would be taken for the next one's.
            self.events = queue.SimpleQueue()
            self.events.put(Disconnected("the duty was left", taken_over=False))

    def publish(self, publication: Publication) -> int | None:
        """Hand a message to the connection; None if there is none."""
        link = self._link
        return None if link is None else link.publish(publication)

    def acknowledge(self, received: Received) -> None:
        """Tell the broker that a message is done."""
        link = self._link
        if link is not None:
            link.acknowledge(received)


class Duty:
    """What the holder of the lease does; each of `works` belongs into a thread of its own.

    Parameters
    ----------
    holder
        Name of this process, which no other has.
    stop
        Ends every waiting.
    webhook
        Who is told of alerts beside the broker; None for nobody.
    """

    def __init__(
        self,
        address: BrokerAddress,
        store: Store,
        status: Status,
        *,
        holder: str,
        stop: threading.Event,
        webhook: Webhook | None = None,
    ) -> None:
        user = address.username or "analyzer"
        client_id = store.database.remember("client_id", f"{user}.ingest.{secrets.token_hex(12)}")
        self._store = store
        self._status = status
        self._stop = stop
        self._lease = Lease(store.database, holder)
        self._link = DutyLink(address, client_id)
        self._inbox = Inbox()
        self._uploads: deque[Received] = deque()
        self._uploaded = threading.Event()
        self._reconnected = threading.Event()
        self._doubt = threading.Event()
        self._wakers: list[Callable[[], None]] = []
        self._gather_until = 0.0
        self._watchman = Watchman(store, self._link, status, post=webhook is not None)
        self._poster = None
        if webhook is not None:
            self._poster = Poster(store.alerts, webhook, lambda: self._link.is_open, stop)
        self.announcer = Announcer(store, self._link, status, self._told)
        self._answers = Answers(store, self._link, status, self._wake, self._watchman)
        self._ingest = Ingest(store.uploads, self._link, status, self._wake, stop)

    @property
    def works(self) -> dict[str, Callable[[], None]]:
        """What is to be done over and over, by name."""
        works = {
            "lease": self.watch,
            "inward": self._receive,
            "ingest": self._take_in,
            "answers": self._answer,
            "exports": self._export,
            "calculations": self._compute,
            "alerts": self._watchman.work,
        }
        return works if self._poster is None else works | {"webhook": self._poster.work}

    @property
    def held(self) -> bool:
        """Whether this process takes in, and does not stand by."""
        return self._link.is_open

    @property
    def connected(self) -> bool:
        """Whether what is taken in comes through at the moment."""
        return self._link.connected

    def on_change(self, wake: Callable[[], None]) -> None:
        """Let somebody be told when there may be something to do."""
        self._wakers.append(wake)

    def announce(self) -> None:
        """Tell viewers of what workers anywhere have committed."""
        if not self.announcer.work():
            self._stop.wait(POLL_S)

    def watch(self) -> None:
        """Take the lease or keep it; come on duty and leave it with the lease."""
        doubted = self._doubt.is_set()
        self._doubt.clear()
        try:
            held = self._lease.take()
        except StoreError:
            # Nobody else can take the lease meanwhile either, unless he took the connection too.
            if doubted:
                self._leave("the store cannot be asked whose it is")
            raise
        if held and not self._link.is_open:
            logger.info("This process takes in the uploads")
            self._status.begin()
            self._link.open()
        elif not held:
            self._leave("another process has taken over")
        elif doubted and not self._stop.is_set():
            logger.error("Another store has this store's identity: is it a copy? End one of them.")
        if not self._stop.is_set():
            self._doubt.wait(LEASE_S / 3 if held else STANDBY_S)

    def finish(self, deadline: float) -> None:
        """Answer what was asked before the end, until a time of the monotonic clock."""
        while not self._inbox.is_empty and time.monotonic() < deadline:
            self._answer()
        self._answers.exports.turn_away()
        while time.monotonic() < deadline and self._answers.aside.work(timeout_s=0):
            pass

    def end(self) -> None:
        """Leave the duty to the next, at once."""
        if self._link.is_open:
            self._link.close()
            try:
                self._lease.give_back()
            except StoreError as error:
                logger.warning("The lease ends by itself: %s", error)

    def stop_waiting(self) -> None:
        """Let `watch` return at once."""
        self._doubt.set()

    def _leave(self, why: str) -> None:
        if self._link.is_open:
            logger.warning("This process stands by: %s", why)
            self._watchman.disconnected()
            self._link.close()
            self._status.trouble("broker", None)

    def _told(self, user_id: str, result: Result) -> None:
        self._watchman.note(user_id, ResultCame(result))

    def _wake(self) -> None:
        for wake in self._wakers:
            wake()

    def _export(self) -> None:
        self._answers.exports.work()

    def _compute(self) -> None:
        self._answers.aside.work()

    def _receive(self) -> None:
        """Send what the link reports on its way; nothing here waits for the store."""
        try:
            events = [self._link.events.get(timeout=0.5)]
        except queue.Empty:
            return
        if self._link.events.qsize() < GROUP_MAX:
            self._stop.wait(max(0.0, self._gather_until - time.monotonic()))
        while len(events) < GROUP_MAX:
            try:
                events.append(self._link.events.get_nowait())
            except queue.Empty:
                break
        for event in events:
            self._route(event)
        if self._uploads:
            self._uploaded.set()
            self._gather_until = time.monotonic() + GATHER_S

    def _take_in(self) -> None:
        """Store uploads in groups as large as have come meanwhile."""
        self._uploaded.wait(0.5)
        self._uploaded.clear()
        group: list[Received] = []
        with suppress(IndexError):
            while len(group) < GROUP_MAX:
                group.append(self._uploads.popleft())
        if self._uploads:
            self._uploaded.set()
        if group:
            self._ingest.take(group)
            for user_id in {parse_topic(item.message.topic).user_id for item in group}:
                self._watchman.note(user_id, ScansStored())

    def _route(self, event: LinkEvent) -> None:
        """Send an event on its way."""
        match event:
            case Received(message):
                try:
                    channel = parse_topic(message.topic).channel
                except ProtocolError as error:
                    self._status.refuse("a topic", str(error))
                    self._link.acknowledge(event)
                    return
                if channel is RAW:
                    self._uploads.append(event)
                elif channel is not SESSION or message.retain:
                    # A document that is not retained is our own, told back.
                    self._hand_over(event)
            case Connected():
                logger.info("Connected to the broker")
                self._status.metrics.add(metrics.CONNECTIONS, labels=("ingest",))
                self.announcer.note(event)
                self._watchman.connected()
                self._reconnected.set()
                self._status.changed.set()
                self._wake()
            case Disconnected(reason, taken_over):
                # They come again, to whoever is connected next.
                self._uploads.clear()
                self._watchman.disconnected()
                self._lost(reason, taken_over=taken_over)
                self.announcer.note(event)
            case Published():
                self.announcer.note(event)
                if self.announcer.waits:
                    self._wake()
            case Refused(reason):
                self._status.trouble("broker", f"The broker is not reached: {reason}")

    def _lost(self, reason: str, *, taken_over: bool) -> None:
        if not self._link.is_open:
            return
        logger.warning("Connection lost: %s", reason)
        if taken_over:
            logger.warning("Another process uses this identity; looking who holds the lease")
            self._doubt.set()

    def _hand_over(self, item: Received) -> None:
        if not self._inbox.put(item):
            self._status.refuse("questions", "More questions wait than can be answered.")
            self._link.acknowledge(item)

    def _answer(self) -> None:
        """Keep and answer one question; first of all, after a loss, retain what holds.

        Without the lease nothing is answered: what was asked comes to the next holder again, and
        would be done twice.
        """
        if self._reconnected.is_set():
            self._reconnected.clear()
            try:
                self._answers.connected()
            except StoreError:
                self._reconnected.set()
                raise
            self._status.trouble("broker", None)
        item = self._inbox.take(0.5)
        if item is None or not self._link.is_open:
            return
        place = parse_topic(item.message.topic)
        with concerning(place.user_id):
            if place.channel in (QUERY, REQUEST):
                self._answer_question(item)
            else:
                self._compare(item)

    def _answer_question(self, item: Received) -> None:
        try:
            self._answers.question(item.message)
        finally:
            # A fault of ours in one question must not stay in the broker's window.
            self._link.acknowledge(item)

    def _compare(self, item: Received) -> None:
        """Compare what the broker holds with the store; again later if that is in trouble."""
        try:
            self._answers.retained(item.message)
        except StoreError:
            self._inbox.put_back(item)
            raise
