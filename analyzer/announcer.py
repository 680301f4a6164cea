"""Tells viewers of results: each one until the broker has taken it, in order, a few at a time."""

import logging
import queue
from collections.abc import Callable, Iterable
from typing import Final

from analyzer.ingest import Outward
from analyzer.status import Status
from analyzer.store.announcements import Announcement
from analyzer.store.store import Store
from sacmes_core.errors import ProtocolError
from sacmes_core.link_events import Connected, Disconnected, Published
from sacmes_core.logs import concerning
from sacmes_core.payloads.results import Result
from sacmes_core.protocol import RESULTS, publication

logger = logging.getLogger(__name__)

WINDOW: Final = 200
"""Results handed to the broker and not yet taken by it."""


class Announcer:
    """Publishes the results that the store holds as not announced.

    A process that dies between commit and publish leaves them for the next one, so viewers are
    told at least once. `note` may be called from any thread, `work` from one alone.

    Parameters
    ----------
    told
        Called with the user and each result that was handed to the broker.
    """

    def __init__(
        self,
        store: Store,
        link: Outward,
        status: Status,
        told: Callable[[str, Result], None] = lambda _user_id, _result: None,
    ) -> None:
        self._store = store
        self._link = link
        self._status = status
        self._told = told
        self._notes: queue.SimpleQueue[Connected | Disconnected | Published] = queue.SimpleQueue()
        self._passing: dict[int, Announcement] = {}
        self._connections = 0
        self._connected = False

    @property
    def waits(self) -> bool:
        """Whether the broker's answers are waited for."""
        return bool(self._passing)

    def note(self, event: Connected | Disconnected | Published) -> None:
        """Pass on what the link reports."""
        self._notes.put(event)

    def work(self) -> bool:
        """Note what the broker has taken and publish what waits; whether there was anything."""
        taken = self._take_notes()
        self._store.announcements.done(taken)
        if not self._connected:
            return False
        room = WINDOW - len(self._passing)
        if room <= 0:
            return bool(taken)
        passing = frozenset(item.key for item in self._passing.values())
        waiting = self._store.announcements.waiting(room, passing=passing)
        return self._publish(waiting) > 0 or bool(taken)

    def _publish(self, waiting: Iterable[Announcement]) -> int:
        sent = 0
        for item in waiting:
            try:
                message = publication(RESULTS, item.result, user_id=item.user_id)
                token = self._link.publish(message)
            except ProtocolError as error:
                with concerning(item.user_id):
                    self._status.refuse("results", str(error))
                self._store.announcements.done([item])
                continue
            if token is None:
                break
            self._passing[token] = item
            self._told(item.user_id, item.result)
            sent += 1
        return sent

    def _take_notes(self) -> list[Announcement]:
        taken: list[Announcement] = []
        while True:
            try:
                event = self._notes.get_nowait()
            except queue.Empty:
                return taken
            if isinstance(event, Published):
                item = self._passing.pop(event.token, None)
                if item is None:
                    continue
                taken.append(item)
                if event.error is not None:
                    self._status.refuse("results", f"the broker does not take them: {event.error}")
                continue
            self._passing.clear()
            self._connected = isinstance(event, Connected)
            if self._connected:
                self._connections += 1
                self._retain_newest_again()

    def _retain_newest_again(self) -> None:
        """After a lost connection the broker may have been killed and hold an older result."""
        if self._connections > 1:
            runs = [run.run for run in self._store.sessions.newest_of_all()]
            self._store.announcements.newest_again(runs)
