"""A running analyzer process: the ingest's duty, workers, or both, and its presence."""

import gc
import logging
import queue
import secrets
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from analyzer import metrics
from analyzer.duty import Duty
from analyzer.health import LOOK_S, Taking, illnesses
from analyzer.monitor import Connections, Monitor
from analyzer.status import Presence, Role, State, Status
from analyzer.store.claims import CLAIM_S
from analyzer.store.database import StoreError
from analyzer.store.holders import new_holder
from analyzer.store.store import Store
from analyzer.webhook import Webhook
from analyzer.worker import Worker
from sacmes_core.address import BrokerAddress
from sacmes_core.link import Link
from sacmes_core.link_events import Connected, LinkEvent, LinkOptions
from sacmes_core.messages import Publication
from sacmes_core.notify import notifier
from sacmes_core.protocol import HEARTBEAT_S, WILL_DELAY_S

logger = logging.getLogger(__name__)

BACKOFF_S: Final = 2.0
END_S: Final = 10.0
"""What is held at the end has this time in all; leaving a broker that does not answer takes up to
15 s more. Docker and systemd wait for longer."""
SWITCH_S: Final = 0.0005
"""How long a thread that computes keeps the interpreter from others; of the usual 5 ms, several of
which each message costs, the connection would take in no more than some fifty messages a second."""
TURN_S: Final = 1.0
"""Time between two looks of the main thread at the others."""


class Analyzer:
    """One process of an analyzer.

    Parameters
    ----------
    address
        Broker with the analyzer's credentials.
    store
        Where everything is kept, shared with other processes; its owner closes it.
    role
        What it does: take in (``ingest``), analyse (``work``), or both (``run``).
    home
        Folder on the disk whose room matters.
    watched
        Whether somebody asks its monitor, so that it looks at the store all the time.
    webhook
        Who is told of alerts beside the broker; None for nobody.
    """

    def __init__(
        self,
        address: BrokerAddress,
        store: Store,
        role: Role,
        home: Path,
        *,
        watched: bool,
        webhook: Webhook | None = None,
    ) -> None:
        self._store = store
        self._watched = watched
        self._status = Status()
        self._stop = threading.Event()
        self._begun = False
        holder = new_holder()
        now = datetime.now(UTC)
        self._presence = Presence(secrets.token_hex(4), role, self._status)
        self._events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        self._link = Link(
            address,
            LinkOptions(
                client_id=f"{address.username or 'analyzer'}.{role}.{secrets.token_hex(12)}",
                will_delay_s=WILL_DELAY_S,
                will=self._presence.message("lost", now),
            ),
            self._events,
        )
        self.monitor = Monitor(
            store,
            self._status,
            role,
            home,
            Connections(self._connections, self._taking, self._stop.is_set),
        )
        self._duty = None
        if role != "work":
            self._duty = Duty(
                address, store, self._status, holder=holder, stop=self._stop, webhook=webhook
            )
        self._worker = None
        if role != "ingest":
            announcer = None if self._duty is None else self._duty.announcer
            self._worker = Worker(
                store, self._link, self._status, holder=holder, announcer=announcer
            )
            if self._duty is not None:
                self._duty.on_change(self._worker.wake)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`, then finish what is held and say goodbye."""
        logger.info("Analyzer %s starts (%s)", self._presence.analyzer, self._presence.role)
        sys.setswitchinterval(SWITCH_S)
        # What is loaded by now stays: each search of it all for garbage stops every thread.
        gc.freeze()
        threads = [self._thread(name, work) for name, work in self._works().items()]
        self._link.start()
        self._watch(stop)
        logger.info("Analyzer %s ends", self._presence.analyzer)
        self._stop.set()
        self._wake()
        deadline = time.monotonic() + END_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if busy := [thread.name for thread in threads if thread.is_alive()]:
            logger.warning("Not ended in time, and begun anew by the next: %s", ", ".join(busy))
        self._leave(deadline)
        self._link.stop([self._message("stopped")])

    def _watch(self, stop: threading.Event) -> None:
        """Tell the service manager that this process works, until it is to stop."""
        manager = notifier()
        manager.ready(f"{self._presence.role} {self._presence.analyzer}")
        while not stop.wait(TURN_S):
            if not illnesses(self.monitor.condition()):
                manager.turned(time.monotonic())
        manager.stopping()

    def _works(self) -> dict[str, Callable[[], None]]:
        works: dict[str, Callable[[], None]] = {"presence": self._tell, "link": self._listen}
        if self._watched:
            works["look"] = self._look
        if self._duty is not None:
            works |= self._duty.works
            if self._worker is None:
                works["announcer"] = self._duty.announce
        if self._worker is not None:
            works |= {"worker": self._work, "claims": self._renew}
        return works

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(
            target=self._kept_alive, args=(name, work), name=name, daemon=True
        )
        thread.start()
        return thread

    def _kept_alive(self, name: str, work: Callable[[], None]) -> None:
        """Top of every thread: a fault is logged and told, and the thread goes on."""
        while not self._stop.is_set():
            self._status.turned()
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

    def _listen(self) -> None:
        """Take what this process's own link reports."""
        try:
            event = self._events.get(timeout=0.5)
        except queue.Empty:
            return
        if isinstance(event, Connected):
            self._status.metrics.add(metrics.CONNECTIONS, labels=("presence",))
            self._status.changed.set()

    def _work(self) -> None:
        assert self._worker is not None
        if not self._begun:
            self._worker.begin()
            self._begun = True
        self._stop.wait(self._worker.recess_s)
        if not self._worker.turn():
            self._worker.rest()

    def _renew(self) -> None:
        assert self._worker is not None
        if not self._stop.wait(CLAIM_S / 3):
            self._worker.renew()

    def _tell(self) -> None:
        """Publish the presence every half minute, and at once when a problem comes or goes."""
        self._status.changed.clear()
        if self._link.connected:
            self._link.publish(self._message("online"))
        # Whoever ends the process sets `stop` first and wakes this then; the bell may be gone.
        if not self._stop.is_set():
            self._status.changed.wait(HEARTBEAT_S)

    def _look(self) -> None:
        self.monitor.look()
        self._stop.wait(LOOK_S)

    def _connections(self) -> dict[str, bool]:
        """The connections that this process needs now, and whether each is open."""
        found = {"presence": self._link.connected}
        if self._duty is not None and self._duty.held:
            found["ingest"] = self._duty.connected
        return found

    def _taking(self) -> Taking:
        if self._duty is None:
            return "elsewhere"
        return "held" if self._duty.held else "standby"

    def _wake(self) -> None:
        if self._worker is not None:
            self._worker.wake()
        if self._duty is not None:
            self._duty.stop_waiting()
        self._status.changed.set()

    def _leave(self, deadline: float) -> None:
        if self._duty is not None:
            try:
                self._duty.finish(deadline)
            except StoreError as error:
                logger.warning("Some questions stay without an answer: %s", error)
            self._duty.end()
        if self._worker is not None:
            try:
                self._worker.leave()
            except StoreError as error:
                logger.warning("The claims end by themselves: %s", error)

    def _message(self, state: State) -> Publication:
        try:
            waiting = self._store.uploads.count_waiting()
        except StoreError:
            # The presence is what tells of a store in trouble.
            waiting = 0
        return self._presence.message(state, datetime.now(UTC), waiting=waiting)
