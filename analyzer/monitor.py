"""Looks at a running analyzer for those who watch over it; what they ask never waits for it."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analyzer import metrics
from analyzer.health import Condition, Taking
from analyzer.metrics import Sample
from analyzer.status import Role, Status
from analyzer.store.checkup import store_bytes, trial_write_s
from analyzer.store.store import Store
from sacmes_core import __version__


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at one look at store and disk; `at` is on the monotonic clock."""

    at: float
    write_s: float
    waiting: int
    store_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Connections:
    """How to ask an analyzer for its connections."""

    links: Callable[[], dict[str, bool]]
    taking: Callable[[], Taking]
    ending: Callable[[], bool]


class Monitor:
    """Keeps the last look at the store; its answers are put together from what is known.

    Parameters
    ----------
    home
        Folder on the disk whose room matters.
    """

    def __init__(
        self, store: Store, status: Status, role: Role, home: Path, connections: Connections
    ) -> None:
        self._store = store
        self._status = status
        self._role: Role = role
        self._home = home
        self._connections = connections
        self._look: Look | None = None
        self._began_at = datetime.now(UTC).timestamp()

    def look(self) -> None:
        """Write into the store and read it, as a part of the analyzer that may fail.

        Raises
        ------
        StoreError
            If that cannot be done.
        """
        write_s = trial_write_s(self._store.database)
        self._look = Look(
            time.monotonic(),
            write_s,
            self._store.uploads.count_waiting(),
            store_bytes(self._store.database),
            shutil.disk_usage(self._home).free,
        )

    def condition(self) -> Condition:
        """What is known of the analyzer now."""
        now, look = time.monotonic(), self._look
        return Condition(
            role=self._role,
            taking=self._connections.taking(),
            links=self._connections.links(),
            problems=self._status.problems(),
            loop_ages_s={name: now - at for name, at in self._status.turns().items()},
            look_age_s=None if look is None else now - look.at,
            ending=self._connections.ending(),
        )

    def metrics_text(self) -> str:
        """Everything that is counted and measured, for Prometheus."""
        return self._status.metrics.text(self._moment(self.condition()))

    def _moment(self, condition: Condition) -> Iterator[Sample]:
        yield Sample(metrics.INFO, 1, (__version__, self._role))
        yield Sample(metrics.STARTED, self._began_at)
        yield Sample(metrics.CPU_S, time.process_time())
        yield Sample(metrics.LEASE, condition.taking == "held")
        for name, up in condition.links.items():
            yield Sample(metrics.CONNECTED, up, (name,))
        for part in condition.problems:
            yield Sample(metrics.PROBLEM, 1, (part,))
        for loop, age_s in condition.loop_ages_s.items():
            yield Sample(metrics.LOOP_AGE_S, age_s, (loop,))
        if (look := self._look) is not None:
            yield Sample(metrics.STORE_WRITE_S, look.write_s)
            yield Sample(metrics.WAITING, look.waiting)
            yield Sample(metrics.STORE_BYTES, look.store_bytes)
            yield Sample(metrics.FREE_BYTES, look.free_bytes)
