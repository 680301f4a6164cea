"""What the analyzer counts and what troubles it, told in its presence."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from sacmes_core import __version__
from sacmes_core.messages import Publication
from sacmes_core.payloads.presence import AnalyzerPresence
from sacmes_core.protocol import ANALYZER_PRESENCE, publication

logger = logging.getLogger(__name__)

_CAUSES_MAX: Final = 200

Role = Literal["run", "ingest", "work"]
State = Literal["online", "stopped", "lost"]
Counter = Literal["stored", "analysed", "refused"]


class Status:
    """Counters and problems, shared by the threads of one analyzer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[Counter, int] = {"stored": 0, "analysed": 0, "refused": 0}
        self._problems: dict[str, str] = {}
        self._causes: set[str] = set()
        self.since = datetime.now(UTC)
        self.changed = threading.Event()
        """Set when a problem came or went, so that the presence is told at once."""

    def begin(self) -> None:
        """Count the time anew: agents send again what has no receipt to one who begins."""
        self.since = datetime.now(UTC)
        self.changed.set()

    def count(self, counter: Counter, number: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self._counters[counter] += number

    def refuse(self, where: str, reason: str) -> None:
        """Count what was refused, and log each cause once."""
        cause = f"{where}: {reason}"[:120]
        with self._lock:
            self._counters["refused"] += 1
            known = cause in self._causes or len(self._causes) >= _CAUSES_MAX
            self._causes.add(cause) if not known else None
        if not known:
            logger.warning("Refused on %s: %s", where, reason)

    def trouble(self, part: str, sentence: str | None) -> None:
        """Say what troubles a part of the analyzer; None when it is over."""
        with self._lock:
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
            logger.error("%s", sentence)

    def snapshot(self) -> tuple[Mapping[Counter, int], str | None]:
        """The counters and the problem, if there is one."""
        with self._lock:
            return dict(self._counters.items()), next(iter(self._problems.values()), None)


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
