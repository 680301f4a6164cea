"""Who sits at a page, kept for the reload of its tab under a ticket that only the tab knows.

The keys stay in the server's memory; the browser's tab holds the ticket alone. A ticket is good
while its page is open and for a short time after that.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from dashboard.connection import Credentials

RELOAD_S: Final = 600.0
"""How long a tab may be away: a reload, a sleeping laptop's short nap; not until tomorrow."""
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Seat:
    """The credentials of one page: whose data is in front, and whom else it watches.

    Attributes
    ----------
    desk
        What the page has laid aside, by user_id and name.
    """

    front: Credentials
    beside: tuple[Credentials, ...] = ()
    desk: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False)

    @property
    def everyone(self) -> tuple[Credentials, ...]:
        """All credentials in the order of their user_ids."""
        return tuple(sorted((self.front, *self.beside), key=lambda c: c.user_id))

    def held(self, user_id: str) -> Credentials | None:
        """The credentials for a user_id, None if the page has none."""
        return next((c for c in self.everyone if c.user_id == user_id), None)

    def with_front(self, credentials: Credentials) -> Self:
        """The seat with these in front; others of the same user_id are given up."""
        beside = tuple(c for c in self.everyone if c.user_id != credentials.user_id)
        return replace(self, front=credentials, beside=beside)

    def with_beside(self, credentials: Credentials) -> Self:
        """The seat with these as well, in the place of others of the same user_id."""
        if credentials.user_id == self.front.user_id:
            return replace(self, front=credentials)
        beside = tuple(c for c in self.beside if c.user_id != credentials.user_id)
        return replace(self, beside=(*beside, credentials))

    def without(self, user_id: str) -> Self | None:
        """The seat without a user_id; None if nobody is left."""
        left = tuple(c for c in self.everyone if c.user_id != user_id)
        if not left:
            return None
        front = self.front if self.front in left else left[0]
        return replace(self, front=front, beside=tuple(c for c in left if c != front))


@dataclass(slots=True)
class _Kept:
    seat: Seat
    pages: int = 1
    left_at: float = 0.0


class Seats:
    """The seats of all pages by their tickets, in memory alone.

    Parameters
    ----------
    reload_s
        How long a ticket outlives its page.
    clock
        Monotonic, in seconds.
    """

    def __init__(
        self, *, reload_s: float = RELOAD_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reload_s = reload_s
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def keep(self, seat: Seat) -> str:
        """Keep a page's seat; return its ticket."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._drop_old()
            self._kept[ticket] = _Kept(seat)
        return ticket

    def change(self, ticket: str, seat: Seat) -> None:
        """Keep another seat under the same ticket."""
        with self._lock:
            if ticket in self._kept:
                self._kept[ticket].seat = seat

    def leave(self, ticket: str) -> None:
        """Say that the page has gone; its ticket is good for a while."""
        with self._lock:
            kept = self._kept.get(ticket)
            if kept is not None:
                kept.pages, kept.left_at = 0, self._clock()

    def take(self, ticket: str, user_id: str = "") -> Seat | None:
        """Give the seat back to a tab that came again, once, with this user_id in front.

        None if the ticket is not good, or not for this user_id. A ticket whose page is still open
        stays: the tab was duplicated.
        """
        with self._lock:
            self._drop_old()
            kept = self._kept.get(ticket)
            if kept is None:
                return None
            front = kept.seat.held(user_id) if user_id else kept.seat.front
            if front is None:
                return None
            if kept.pages == 0:
                del self._kept[ticket]
            # A duplicated tab has a desk of its own from here on.
            desk = {user: dict(things) for user, things in kept.seat.desk.items()}
            return replace(kept.seat.with_front(front), desk=desk)

    def forget(self, ticket: str) -> None:
        """Make a ticket worthless at once."""
        with self._lock:
            self._kept.pop(ticket, None)

    def _drop_old(self) -> None:
        oldest = self._clock() - self._reload_s
        for ticket, kept in list(self._kept.items()):
            if kept.pages == 0 and (kept.left_at < oldest or len(self._kept) > MOST):
                del self._kept[ticket]
