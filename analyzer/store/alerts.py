"""The alerts of a store, what their judgement remembers, and which still wait for a webhook."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from analyzer.alert_rules import Streak
from analyzer.alerting import Agent, Changed, Effect, Open, Raised, Watch
from analyzer.store.database import Database
from analyzer.store.engines import insert_if_absent
from analyzer.store.tables import YES, alerts, sessions, watches
from sacmes_core.payloads.alerts import Alert

_REMEMBER: Final = (
    update(watches)
    .where(watches.c.user_id == bindparam("this_user"))
    .values(turn=bindparam("new_turn"), document=bindparam("memory"))
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store knows of one user's watch; `turn` is 0 where it knew nothing."""

    watch: Watch
    turn: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one user's watch, from `before` to `watch`, and what has to be told."""

    user_id: str
    before: Kept
    watch: Watch
    effects: Sequence[Effect] = ()

    @property
    def says_something(self) -> bool:
        """Whether there is anything to be kept."""
        if self.effects:
            return True
        before = self.before.watch
        return self.watch is not before and memory_of(self.watch) != memory_of(before)


@dataclass(frozen=True, slots=True)
class Post:
    """An alert that a webhook has not been told yet, or not surely."""

    run: int
    user_id: str
    alert: Alert
    attempts: int


class AlertBook:
    """The alerts of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def watch(self, user_id: str, now: float) -> Kept:
        """What was kept of a user; his agent counts as heard just now."""
        return self.watches([user_id], now)[user_id]

    def watches(self, user_ids: Sequence[str], now: float) -> dict[str, Kept]:
        """As `watch`, of several users."""
        query = select(watches).where(watches.c.user_id.in_(user_ids))
        with self._database.read() as connection:
            rows = {row.user_id: row for row in connection.execute(query)}
            found = _open_items(connection, user_ids)
        return {user_id: _kept(rows.get(user_id), found[user_id], now) for user_id in user_ids}

    def keep(self, judgements: Sequence[Judgement], *, post: bool) -> dict[str, Kept]:
        """Keep what judgements of several users say, in one transaction.

        Parameters
        ----------
        post
            Whether a webhook is to be told of new alerts.

        Returns
        -------
        dict of Kept
            What is kept now, by user_id. Of one whom another process has judged meanwhile nothing
            is kept.
        """
        # What is remembered may be found out again if the machine loses its power; alerts may not.
        durable = any(judgement.effects for judgement in judgements)
        with self._database.write(durable=durable) as connection:
            absent = [
                {"user_id": judgement.user_id, "turn": 0, "document": "{}"}
                for judgement in judgements
                if not judgement.before.turn
            ]
            if absent:
                insert_if_absent(connection, watches, *absent)
            turns = _lock_turns(connection, [judgement.user_id for judgement in judgements])
            mine = [one for one in judgements if turns[one.user_id] == one.before.turn]
            if mine:
                connection.execute(_REMEMBER, [_remembered(one) for one in mine])
            for one in mine:
                for effect in one.effects:
                    match effect:
                        case Raised(item):
                            _insert(connection, one.user_id, item, post=post)
                        case Changed(item):
                            _replace(connection, one.user_id, item)
        return {one.user_id: Kept(one.watch, one.before.turn + 1) for one in mine}

    def list(self, user_id: str, limit: int) -> tuple[Alert, ...]:
        """The alerts of a user, newest first; those that are open before all others."""
        query = (
            select(alerts.c.document)
            .where(alerts.c.user_id == user_id)
            .order_by(alerts.c.is_open.desc(), alerts.c.since.desc(), alerts.c.alert_id)
            .limit(limit)
        )
        with self._database.read() as connection:
            found = connection.scalars(query).all()
        return tuple(Alert.model_validate_json(document) for document in found)

    def users(self) -> tuple[str, ...]:
        """Whoever has or had an alert."""
        query = select(alerts.c.user_id).distinct().order_by(alerts.c.user_id)
        with self._database.read() as connection:
            return tuple(connection.scalars(query))

    def open_of(self, user_id: str) -> tuple[Alert, ...]:
        """The alerts of a user that are not over."""
        with self._database.read() as connection:
            return tuple(item.alert for item in _open_items(connection, [user_id])[user_id])

    def posts(self, now: float, limit: int) -> tuple[Post, ...]:
        """Alerts that a webhook is to be told now, oldest first."""
        query = (
            select(alerts)
            .where(alerts.c.to_post == YES, alerts.c.due_at <= now)
            .order_by(alerts.c.due_at, alerts.c.since)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(
                Post(
                    row.run, row.user_id, Alert.model_validate_json(row.document), row.attempts + 1
                )
                for row in connection.execute(query)
            )

    def posted(self, post: Post, again_at: float | None) -> None:
        """Note that a webhook was told; or when to try again."""
        changes: dict[str, Any] = {"attempts": post.attempts, "to_post": 0}
        if again_at is not None:
            changes |= {"to_post": 1, "due_at": again_at}
        with self._database.write() as connection:
            connection.execute(
                update(alerts)
                .where(alerts.c.run == post.run, alerts.c.alert_id == post.alert.alert_id)
                .values(changes)
            )


def _lock_turns(connection: Connection, user_ids: Sequence[str]) -> dict[str, int]:
    """The turns of watches, which nobody else changes before this transaction ends."""
    query = (
        select(watches.c.user_id, watches.c.turn)
        .where(watches.c.user_id.in_(user_ids))
        # Always in this order, so that two judges never wait for each other.
        .order_by(watches.c.user_id)
        .with_for_update()
    )
    return {row.user_id: row.turn for row in connection.execute(query)}


def _remembered(judgement: Judgement) -> dict[str, Any]:
    return {
        "this_user": judgement.user_id,
        "new_turn": judgement.before.turn + 1,
        "memory": json.dumps(memory_of(judgement.watch)),
    }


def _open_items(
    connection: Connection, user_ids: Sequence[str]
) -> defaultdict[str, tuple[Open, ...]]:
    """The alerts of users that are not over, oldest first."""
    query = (
        select(alerts.c.user_id, alerts.c.cause, alerts.c.document)
        .where(alerts.c.user_id.in_(user_ids), alerts.c.is_open == YES)
        .order_by(alerts.c.since, alerts.c.alert_id)
    )
    found: defaultdict[str, tuple[Open, ...]] = defaultdict(tuple)
    for row in connection.execute(query):
        found[row.user_id] += (Open(row.cause, Alert.model_validate_json(row.document)),)
    return found


def _insert(connection: Connection, user_id: str, item: Open, *, post: bool) -> None:
    alert = item.alert
    run = connection.scalar(_run(user_id, alert))
    if run is None:
        return
    values = {
        "run": run,
        "alert_id": alert.alert_id,
        "user_id": user_id,
        "cause": item.cause,
        "is_open": 1,
        "since": alert.since.timestamp(),
        "document": alert.model_dump_json(exclude_none=True),
        "to_post": int(post),
    }
    connection.execute(insert(alerts).values(values))


def _replace(connection: Connection, user_id: str, item: Open) -> None:
    alert = item.alert
    connection.execute(
        update(alerts)
        .where(alerts.c.user_id == user_id, alerts.c.alert_id == alert.alert_id)
        .values(
            is_open=int(alert.state != "cleared"),
            document=alert.model_dump_json(exclude_none=True),
        )
    )


def _run(user_id: str, alert: Alert) -> Select[Any]:
    return select(sessions.c.run).where(
        sessions.c.user_id == user_id, sessions.c.session_id == alert.session_id
    )


def memory_of(watch: Watch) -> dict[str, Any]:
    """What has to be remembered of a watch beside its alerts."""
    agent = watch.agent
    return {
        "session_id": watch.session_id,
        "judged": watch.judged,
        "streaks": {cause: asdict(streak) for cause, streak in watch.streaks.items()},
        "agent": None if agent is None else {"state": agent.state, "host": agent.host},
    }


def _kept(row: Any, found: tuple[Open, ...], now: float) -> Kept:
    if row is None:
        return Kept(Watch(open=found, silent_since=now), 0)
    return Kept(_watch(json.loads(row.document), found, now), row.turn)


def _watch(memory: dict[str, Any], found: tuple[Open, ...], now: float) -> Watch:
    agent = memory.get("agent")
    position, index = memory.get("judged", (0, -1))
    return Watch(
        session_id=memory.get("session_id"),
        open=found,
        judged=(position, index),
        streaks={cause: Streak(**kept) for cause, kept in memory.get("streaks", {}).items()},
        silent_since=now,
        agent=None if agent is None else Agent(agent["state"], agent["host"], now),
    )
