"""The connections of this process: one for each exact set of credentials, shared by its pages."""

import logging
import threading
import time
from dataclasses import dataclass
from typing import Final

from dashboard.connection import Connection, Credentials
from sacmes_core.address import BrokerAddress

logger = logging.getLogger(__name__)

LINGER_S: Final = 60.0
"""How long a connection stays after its last page, for who reloads or comes back at once."""
SWEEP_S: Final = 1.0


@dataclass(slots=True)
class _Shared:
    """A connection with the number of pages that hold it."""

    connection: Connection
    pages: int = 0
    empty_since: float | None = None


class Lease:
    """One page's hold on a connection; close it when the page goes."""

    def __init__(self, pool: "Pool", connection: Connection) -> None:
        self.connection = connection
        self._pool = pool
        self._lock = threading.Lock()
        self._open = True

    @property
    def held(self) -> bool:
        """Whether the page is still there and the broker lets it in."""
        return self._open and self.connection.state.link != "refused"

    def close(self) -> None:
        """Let go; the last one's leaving ends the connection after a while. Twice is once."""
        with self._lock:
            was_open, self._open = self._open, False
        if was_open:
            self._pool.release(self.connection)


class Pool:
    """Connections by credentials: the first lease connects, the last release disconnects.

    A page joins a connection only with exactly the credentials that opened it, so that the broker
    has decided about every page.
    """

    def __init__(self, broker: BrokerAddress, *, linger_s: float = LINGER_S) -> None:
        self.broker = broker
        self._linger_s = linger_s
        self._lock = threading.Lock()
        self._shared: dict[Credentials, _Shared] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._sweep, name="pool", daemon=True)
        self._thread.start()

    @property
    def healthy(self) -> bool:
        """Whether every thread of the pool and of its connections is there."""
        with self._lock:
            connections = [shared.connection for shared in self._shared.values()]
        return self._thread.is_alive() and all(c.healthy for c in connections)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._shared)

    def lease(self, credentials: Credentials) -> Lease:
        """Hold the connection of these credentials; a new one if none is there or it is refused."""
        with self._lock:
            shared = self._shared.get(credentials)
            if shared is not None and shared.connection.state.link == "refused":
                del self._shared[credentials]
                threading.Thread(target=shared.connection.stop, daemon=True).start()
                shared = None
            if shared is None:
                shared = _Shared(Connection(self.broker, credentials))
                self._shared[credentials] = shared
                shared.connection.start()
            shared.pages += 1
            shared.empty_since = None
            shared.connection.show_pages(shared.pages)
        return Lease(self, shared.connection)

    def release(self, connection: Connection) -> None:
        """Give back one hold of a connection."""
        with self._lock:
            shared = self._shared.get(connection.credentials)
            if shared is None or shared.connection is not connection:
                return
            shared.pages -= 1
            connection.show_pages(shared.pages)
            if shared.pages == 0:
                shared.empty_since = time.monotonic()

    def close(self) -> None:
        """Disconnect everybody cleanly."""
        self._stopping.set()
        self._thread.join(5.0)
        with self._lock:
            connections = [shared.connection for shared in self._shared.values()]
            self._shared.clear()
        for connection in connections:
            connection.stop()

    def _sweep(self) -> None:
        while not self._stopping.wait(min(SWEEP_S, self._linger_s / 4)):
            for connection in self._take_unused():
                connection.stop()

    def _take_unused(self) -> list[Connection]:
        """Take out the connections that no page has held for a while."""
        with self._lock:
            oldest = time.monotonic() - self._linger_s
            unused = [
                credentials
                for credentials, shared in self._shared.items()
                if shared.empty_since is not None
                and (shared.empty_since <= oldest or shared.connection.state.link == "refused")
            ]
            return [self._shared.pop(credentials).connection for credentials in unused]
