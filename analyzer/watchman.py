"""Watches over the runs of all users: judges, keeps, and only then tells of alerts.

Whoever holds the ingest's lease judges. What it remembers lies in the store with the alerts
themselves, so that the next holder goes on where it ended and raises nothing twice.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from analyzer.alerting import (
    Acknowledged,
    Effect,
    Event,
    Passed,
    Place,
    Raised,
    ResultCame,
    SessionSeen,
    Watch,
    step,
    with_clock_set,
)
from analyzer.ingest import Outward
from analyzer.status import Status
from analyzer.store.alerts import Judgement, Kept
from analyzer.store.database import StoreError
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from sacmes_core.errors import ProtocolError
from sacmes_core.logs import concerning
from sacmes_core.payloads.alerts import (
    ALERTS_MAX,
    AcknowledgeRequest,
    Alert,
    Alerts,
    AlertsQuery,
    AlertsReply,
)
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.replies import Problem
from sacmes_core.payloads.results import Result
from sacmes_core.protocol import ALERTS, publication

logger = logging.getLogger(__name__)

TICK_S: Final = 1.0
ANSWERED_MAX: Final = 100
_TAKEN_MAX: Final = 5000
_GROUP_MAX: Final = 200
"""Users whose judgements are kept in one transaction, for which other writers wait."""
_CLOCK_SET_S: Final = 5.0
"""No clock goes wrong by so much between two turns; it was set, as where a machine finds the time
only after its start."""


class Watchman:
    """The watches of all users; `note`, `connected` and `disconnected` may come from any thread.

    Parameters
    ----------
    post
        Whether a webhook is to be told of new alerts.
    now, ticks
        The time in seconds since 1970, which may be set, and a clock that may not.
    """

    def __init__(
        self,
        store: Store,
        link: Outward,
        status: Status,
        *,
        post: bool = False,
        now: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._link = link
        self._status = status
        self._post = post
        self._now = now
        self._ticks = ticks
        self._clocks = now(), ticks()
        self._noted: queue.SimpleQueue[tuple[str, Event]] = queue.SimpleQueue()
        self._unjudged: dict[str, list[Event]] = {}
        self._kept: dict[str, Kept] = {}
        self._lock = threading.Lock()
        self._listening_since: float | None = None
        """On the clock that ticks."""
        self._load_due = False
        self._tell_due = False
        self._tick_due = 0.0

    def note(self, user_id: str, event: Event) -> None:
        """Pass on what happened."""
        if self._listening_since is not None:
            self._noted.put((user_id, event))

    def connected(self) -> None:
        """Say that the broker brings everything from now on; it may hold older alerts."""
        self._load_due = self._tell_due = True
        self._listening_since = self._ticks()

    def disconnected(self) -> None:
        """Say that nothing can come: silence means nothing until the next connection."""
        self._listening_since = None

    def work(self, wait_s: float = TICK_S) -> None:
        """Judge what was noted and, once a second, what time has brought."""
        self._take(wait_s)
        listening_since = self._listening_since
        if listening_since is None:
            self._unjudged.clear()
            return
        with self._judging():
            self._follow_clock()
            if self._load_due:
                self._load()
            self._judge(self._unjudged)
            self._unjudged.clear()
            now, ticks = self._clocks
            if ticks >= self._tick_due:
                self._tick_due = ticks + TICK_S
                self._tick(now - (ticks - listening_since))
            if self._tell_due:
                self._tell_due = False
                for user_id in self._store.alerts.users():
                    self._publish(user_id, self._store.alerts.open_of(user_id))

    def answer(self, user_id: str, asked: AlertsQuery | AcknowledgeRequest) -> Payload:
        """Answer what is asked about the alerts of a user."""
        if isinstance(asked, AlertsQuery):
            return AlertsReply(alerts=self._store.alerts.list(user_id, asked.limit))
        with self._judging():
            self._judge({user_id: [Acknowledged(asked.alert_id, asked.by)]})
        found = self._store.alerts.list(user_id, ALERTS_MAX)
        if any(alert.alert_id == asked.alert_id for alert in found):
            return AlertsReply(alerts=found[:ANSWERED_MAX])
        return Problem(
            type="not_found",
            title="No such alert",
            detail="You have no such alert; ask for your alerts to see what there is.",
        )

    def _take(self, wait_s: float) -> None:
        """Put what was noted of each user to what is to be judged; waits a little for anything.

        That stays there while the store is in trouble, each repeat once.
        """
        try:
            noted = self._noted.get(timeout=wait_s)
            for _ in range(_TAKEN_MAX):
                self._add(*noted)
                noted = self._noted.get_nowait()
            self._add(*noted)
        except queue.Empty:
            pass

    def _add(self, user_id: str, event: Event) -> None:
        events = self._unjudged.setdefault(user_id, [])
        if events[-1:] != [event]:
            events.append(event)

    def _follow_clock(self) -> None:
        """Let nothing have lasted for longer or shorter because the clock was set."""
        before, self._clocks = self._clocks, (self._now(), self._ticks())
        set_by_s = (self._clocks[0] - before[0]) - (self._clocks[1] - before[1])
        if abs(set_by_s) >= _CLOCK_SET_S:
            logger.warning("The clock was set by %.0f s", set_by_s)
            for user_id, kept in self._kept.items():
                self._kept[user_id] = replace(kept, watch=with_clock_set(kept.watch, set_by_s))

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """One judge at a time; after trouble with the store everything is looked at again."""
        with self._lock:
            try:
                yield
            except StoreError:
                self._load_due = self._tell_due = True
                raise

    def _load(self) -> None:
        """Look at the newest session of everybody, and at the scans that nobody has judged."""
        agents = {user_id: kept.watch.agent for user_id, kept in self._kept.items()}
        self._kept.clear()
        self._load_due = False
        runs = {run.user_id: run for run in self._store.sessions.newest_of_all()}
        users = list(runs)
        for start in range(0, len(users), _GROUP_MAX):
            some = users[start : start + _GROUP_MAX]
            self._kept |= self._store.alerts.watches(some, self._now())
            self._judge({user_id: [SessionSeen(runs[user_id].document)] for user_id in some}, runs)
        for user_id in runs:
            kept, agent = self._kept.get(user_id), agents.get(user_id)
            if kept is not None and agent is not None:
                self._kept[user_id] = replace(kept, watch=replace(kept.watch, agent=agent))

    def _tick(self, listening_since: float) -> None:
        passed, now = Passed(listening_since), self._now()
        # Time brings nothing to nearly all of them, nearly always.
        self._judge(
            {
                user_id: [passed]
                for user_id, kept in self._kept.items()
                if step(kept.watch, passed, now)[0] is not kept.watch
            }
        )

    def _judge(
        self, noted: Mapping[str, Sequence[Event]], runs: Mapping[str, Run] = MappingProxyType({})
    ) -> None:
        """Judge what happened to users, keep it in groups, and tell of it.

        `runs` are sessions that are known already.
        """
        users = list(noted)
        for start in range(0, len(users), _GROUP_MAX):
            some = users[start : start + _GROUP_MAX]
            judged = [self._judged(u, noted[u], runs.get(u)) for u in some]
            telling = [judgement for judgement in judged if judgement.says_something]
            saved = self._store.alerts.keep(telling, post=self._post) if telling else {}
            for one in judged:
                self._kept[one.user_id] = replace(one.before, watch=one.watch)
            self._kept |= saved
            for one in telling:
                if one.user_id not in saved:
                    with concerning(one.user_id):
                        logger.info("Another process has judged %s; looking again", one.user_id)
                    del self._kept[one.user_id]
                    self._load_due = True
                elif one.effects:
                    self._tell(one.user_id, one.watch.alerts, one.effects)

    def _judged(self, user_id: str, events: Sequence[Event], run: Run | None) -> Judgement:
        now = self._now()
        kept = self._kept.get(user_id) or self._store.alerts.watch(user_id, now)
        watch, effects = kept.watch, list[Effect]()
        for event in events:
            if isinstance(event, SessionSeen):
                its = run or self._store.sessions.find(user_id, event.document.session_id)
                watch, seen = self._see(its, watch, event, now)
                effects += seen
            else:
                watch, more = step(watch, event, now)
                effects += more
        return Judgement(user_id, kept, watch, effects)

    def _see(
        self, run: Run | None, watch: Watch, seen: SessionSeen, now: float
    ) -> tuple[Watch, list[Effect]]:
        """Take in a session document, and the scans that came while nobody judged."""
        newest = None if run is None else self._store.results.at(run.run, None, 0)
        judged = (0, -1) if newest is None else _place(newest)
        watch, effects = step(watch, replace(seen, judged=judged), now)
        found = list(effects)
        while run is not None and newest is not None and watch.judged < judged:
            page = self._store.results.page(run.run, after=watch.judged, limit=500)
            before = watch.judged
            for result in page:
                watch, more = step(watch, ResultCame(result), now)
                found += more
            if watch.judged == before:
                break
        if newest is not None:
            watch, last = step(watch, ResultCame(newest), now)
            found += last
        return watch, found

    def _tell(
        self, user_id: str, open_alerts: tuple[Alert, ...], effects: Sequence[Effect]
    ) -> None:
        for effect in effects:
            alert = effect.item.alert
            what = "Alert" if isinstance(effect, Raised) else f"Alert {alert.state}"
            with concerning(user_id):
                logger.info("%s for %s: %s", what, user_id, alert.sentence)
        self._publish(user_id, open_alerts)

    def _publish(self, user_id: str, open_alerts: tuple[Alert, ...]) -> None:
        try:
            payload = Alerts(alerts=open_alerts[:ALERTS_MAX])
            self._link.publish(publication(ALERTS, payload, user_id=user_id))
        except ProtocolError as error:
            self._status.refuse("alerts", str(error))


def _place(result: Result) -> Place:
    return result.position, result.scan.index
