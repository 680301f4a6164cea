"""Tells viewers of results: each one until the broker has taken it, in order, a few at a time."""

import logging
import queue
from collections.abc import Callable, Iterable
from dataclasses import replace
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
        self._taken: list[Announcement] = []
        self._connections = 0
        self._connected = False
        self._retain_due = False

    @property
    def waits(self) -> bool:
        """Whether the broker's answers are waited for."""
        return bool(self._passing)

    def note(self, event: Connected | Disconnected | Published) -> None:
        """Pass on what the link reports."""
        self._notes.put(event)

    def work(self) -> bool:
        """Note what the broker has taken and publish what waits; whether there was anything."""
        self._take_notes()
        noted = self._note_taken()
        if not self._connected:
            return False
        # After what was taken is noted: the broker may have lost that very result since.
        self._retain_newest_again()
        room = WINDOW - len(self._passing)
        if room <= 0:
            return noted
        passing = frozenset(item.key for item in self._passing.values())
        waiting = self._store.announcements.waiting(room, passing=passing)
        return self._publish(waiting) > 0 or noted

    def _publish(self, waiting: Iterable[Announcement]) -> int:
        sent = 0
        for item in waiting:
            try:
                message = publication(RESULTS, item.result, user_id=item.user_id)
                token = self._link.publish(replace(message, retain=item.is_of_newest))
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

    def _note_taken(self) -> bool:
        """Note in the store what the broker has taken; whether there was anything.

        What the store does not note is neither forgotten nor told again meanwhile.
        """
        taken = tuple(self._taken)
        self._store.announcements.done(taken)
        self._taken.clear()
        return bool(taken)

    def _take_notes(self) -> None:
        while True:
            try:
                event = self._notes.get_nowait()
            except queue.Empty:
                return
            if isinstance(event, Published):
                item = self._passing.pop(event.token, None)
                if item is None:
                    continue
                self._taken.append(item)
                if event.error is not None:
                    self._status.refuse("results", f"the broker does not take them: {event.error}")
                continue
            self._passing.clear()
            self._connected = isinstance(event, Connected)
            if self._connected:
                self._connections += 1
                self._retain_due = self._connections > 1

    def _retain_newest_again(self) -> None:
        """After a lost connection the broker may have been killed and hold an older result."""
        if self._retain_due:
            runs = [run.run for run in self._store.sessions.newest_of_all()]
            self._store.announcements.newest_again(runs)
            self._retain_due = False
