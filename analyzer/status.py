"""What the analyzer counts and what troubles it, told in its presence and to its monitoring."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from analyzer import metrics
from analyzer.metrics import Family, Metrics
from sacmes_core import __version__
from sacmes_core.messages import Publication
from sacmes_core.payloads.presence import AnalyzerPresence
from sacmes_core.protocol import ANALYZER_PRESENCE, publication

logger = logging.getLogger(__name__)

_CAUSES_MAX: Final = 200

Role = Literal["run", "ingest", "work"]
State = Literal["online", "stopped", "lost"]
Counter = Literal["received", "stored", "repeated", "early", "analysed", "claims", "refused"]
_FAMILIES: Final[Mapping[Counter, Family]] = {
    "received": metrics.RECEIVED,
    "stored": metrics.STORED,
    "repeated": metrics.REPEATED,
    "early": metrics.EARLY,
    "analysed": metrics.ANALYSED,
    "claims": metrics.CLAIMS,
    "refused": metrics.REFUSED,
}
_TOLD: Final[tuple[Counter, ...]] = ("stored", "analysed", "refused")


class Status:
    """Counters, problems and signs of life, shared by the threads of one analyzer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._problems: dict[str, str] = {}
        self._causes: set[str] = set()
        self._turns: dict[str, float] = {}
        self.metrics = Metrics()
        self.since = datetime.now(UTC)
        self.changed = threading.Event()
        """Set when a problem came or went, so that the presence is told at once."""

    def begin(self) -> None:
        """Count the time anew: agents send again what has no receipt to one who begins."""
        self.since = datetime.now(UTC)
        self.changed.set()

    def count(self, counter: Counter, number: int = 1) -> None:
        """Add to a counter that needs no label."""
        self.metrics.add(_FAMILIES[counter], number)

    def refuse(self, where: str, reason: str, kind: str = "other") -> None:
        """Count what was refused, and log each cause once.

        Parameters
        ----------
        kind
            The reason in one word, for the monitoring.
        """
        self.metrics.add(metrics.REFUSED, labels=(where, kind))
        cause = f"{where}: {reason}"[:120]
        with self._lock:
            known = cause in self._causes or len(self._causes) >= _CAUSES_MAX
            self._causes.add(cause) if not known else None
        if not known:
            logger.warning("Refused on %s: %s", where, reason)

    def trouble(self, part: str, sentence: str | None) -> None:
        """Say what troubles a part of the analyzer; None when it is over.

        A loop that tells of trouble again and again has gone round.
        """
        with self._lock:
            if threading.current_thread().name in self._turns:
                self._turns[threading.current_thread().name] = time.monotonic()
            before = self._problems.get(part)
            if sentence is None:
                self._problems.pop(part, None)
            else:
                self._problems[part] = sentence
        if sentence == before:
            return
        self.changed.set()
        if sentence is None:
            logger.info("The trouble of the %s is over", part)
        else:
            self.metrics.add(metrics.PROBLEMS, labels=(part,))
            logger.error("%s", sentence)

    def turned(self) -> None:
        """Note that the loop of this thread has gone round."""
        with self._lock:
            self._turns[threading.current_thread().name] = time.monotonic()

    def snapshot(self) -> tuple[Mapping[Counter, int], str | None]:
        """The counters that the presence tells, and the problem, if there is one."""
        counters = {name: self.metrics.total(_FAMILIES[name]) for name in _TOLD}
        return counters, next(iter(self.problems().values()), None)

    def problems(self) -> Mapping[str, str]:
        """What troubles which part."""
        with self._lock:
            return dict(self._problems)

    def turns(self) -> Mapping[str, float]:
        """When each loop last went round, on the monotonic clock."""
        with self._lock:
            return dict(self._turns)


@dataclass(frozen=True, slots=True)
class Presence:
    """Makes the presence messages of one analyzer."""

    analyzer: str
    role: Role
    status: Status = field(repr=False)

    def message(self, state: State, now: datetime, *, waiting: int = 0) -> Publication:
        """The presence as it is now."""
        counters, problem = self.status.snapshot()
        payload = AnalyzerPresence(
            state=state,
            analyzer=self.analyzer,
            role=self.role,
            heartbeat_at=now,
            since=self.status.since,
            version=__version__,
            waiting=waiting,
            stored=counters["stored"],
            analysed=counters["analysed"],
            refused=counters["refused"],
            problem=problem,
        )
        return publication(ANALYZER_PRESENCE, payload, analyzer=self.analyzer)
