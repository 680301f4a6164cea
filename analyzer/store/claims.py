"""Who works at which session: claims that end by themselves, so that a dead worker holds up none.

A session is claimed as a whole, because the trend of new scans needs them in order; when it is
analysed again, workers share it (`reanalysis`). A claim is short, and
renewed while the work lasts; without a clock in common, all times are the database's. Whoever had a
session last keeps a right of way for its next scans, since he knows its trend already.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    bindparam,
    case,
    func,
    select,
    tuple_,
    update,
)

from analyzer.store.database import Database
from analyzer.store.engines import epoch_s, has_ended
from analyzer.store.holders import is_dead
from analyzer.store.tables import claims, jobs
from analyzer.store.uploads import NEW

CLAIM_S: Final = 6.0
"""A worker that says nothing for so long is taken for dead."""
_RUN_MAX: Final = 2**62
WINDOW: Final = 500
"""New scans among which sessions to be analysed together are looked for."""
PATIENCE_S: Final = 2.0
"""How long a scan waits for the worker that knows its session before another one takes it."""


# Built once, since they are asked for each batch.
_ME: Final = bindparam("me", type_=String)
_UNHELD: Final = has_ended(claims.c.expires_at, CLAIM_S)
_MINE: Final = (claims.c.holder == _ME) | claims.c.holder.is_(None)


def _long_ago(since: ColumnElement[float]) -> ColumnElement[bool]:
    """Whether a scan has waited for long; one that comes from the future saw another clock."""
    return func.abs(epoch_s() - since) > PATIENCE_S


_FIRST: Final = (
    select(
        jobs.c.run, case((_UNHELD & (_MINE | _long_ago(jobs.c.since)), 1), else_=0).label("free")
    )
    .join(claims, claims.c.run == jobs.c.run)
    .where(
        jobs.c.priority == NEW,
        jobs.c.run > bindparam("after"),
        jobs.c.run <= bindparam("last"),
    )
    .order_by(jobs.c.run, jobs.c.position)
    .limit(1)
)
_TAKE: Final = (
    update(claims)
    .where(
        claims.c.run.in_(
            select(claims.c.run)
            .where(claims.c.run.in_(bindparam("runs", expanding=True)), _UNHELD)
            # Rather the next session than waiting for whoever claims this one just now.
            .with_for_update(skip_locked=True)
        )
    )
    .values(holder=_ME, expires_at=epoch_s() + CLAIM_S, turn=claims.c.turn + 1)
    .returning(claims.c.run, claims.c.turn)
)
_NEXT_JOBS: Final = (
    select(jobs.c.run, jobs.c.since)
    .where(jobs.c.priority == NEW, jobs.c.run > bindparam("after"))
    .order_by(jobs.c.run, jobs.c.position)
    .limit(WINDOW)
    .subquery()
)
_WINDOW: Final = (
    select(
        _NEXT_JOBS.c.run,
        func.count().label("scans"),
        case(
            (
                _UNHELD & (_MINE | _long_ago(func.min(_NEXT_JOBS.c.since))),
                1,
            ),
            else_=0,
        ).label("free"),
    )
    .join(claims, claims.c.run == _NEXT_JOBS.c.run)
    .group_by(_NEXT_JOBS.c.run, claims.c.holder, claims.c.expires_at)
    .order_by(_NEXT_JOBS.c.run)
)

_LONGER: Final = case((claims.c.expires_at.is_not(None), epoch_s() + CLAIM_S))
"""Of a claim that has not ended."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A session that a worker has for himself.

    Attributes
    ----------
    turn
        One more than at the claim before, whoever made it.
    """

    run: int
    holder: str
    turn: int


class Claims:
    """The claims of one worker on the sessions of a store."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    def next(self, after_run: int) -> Claim | None:
        """Claim the session with new scans whose turn it is after another; None if there is none.

        Sessions take turns.
        """
        for run in self._free(after_run):
            if (claim := self.take(run)) is not None:
                return claim
        return None

    def next_together(self, after_run: int, scans: int) -> tuple[Claim, ...]:
        """Claim as many sessions, from one on and around, as have so many new scans together.

        A session with more has its turn alone.
        """
        found = self._window(after_run)
        if sum(row.scans for row in found) < scans:
            found += [row for row in self._window(0) if row.run <= after_run]
        runs: list[int] = []
        for row in found:
            scans -= row.scans
            if runs and scans < 0:
                break
            if row.free:
                runs.append(row.run)
        if taken := self._take_all(runs):
            return taken
        alone = self.next(after_run)
        return () if alone is None else (alone,)

    def take(self, run: int) -> Claim | None:
        """Claim a session; None if another worker is at it."""
        return next(iter(self._take_all([run])), None)

    def _take_all(self, runs: Sequence[int]) -> tuple[Claim, ...]:
        if not runs:
            return ()
        with self._database.write(durable=False) as connection:
            rows = connection.execute(_TAKE, {"runs": runs, "me": self._holder}).all()
        return tuple(sorted((Claim(row.run, self._holder, row.turn) for row in rows), key=_run_of))

    def renew(self, these: Sequence[Claim]) -> frozenset[int]:
        """Keep claims for longer; the sessions of those that were not lost.

        One that has ended meanwhile stays so: this is called beside the work that ends it.
        """
        if not these:
            return frozenset()
        with self._database.write(durable=False) as connection:
            return _set_all(connection, these, _LONGER)

    def release(self, claim: Claim) -> None:
        """Give a claim back without a result."""
        with self._database.write(durable=False) as connection:
            _set(connection, claim, None)

    def leave(self) -> None:
        """Give up every right of way, at the end of a worker."""
        with self._database.write(durable=False) as connection:
            _clear(connection, [self._holder])

    def bury(self) -> None:
        """Free what dead workers of this machine have left, which others wait for in vain."""
        with self._database.write(durable=False) as connection:
            found: set[str] = set()
            for table in (claims, jobs):
                query = select(table.c.holder).where(table.c.holder.is_not(None)).distinct()
                found.update(connection.scalars(query))
            _clear(connection, [name for name in found if is_dead(name)])

    def _free(self, after_run: int) -> Iterator[int]:
        """Sessions that wait for this worker, from one on and around."""
        for low, high in ((after_run, _RUN_MAX), (0, after_run)):
            run = low
            while (row := self._first(run, high)) is not None:
                run = row.run
                if row.free:
                    yield run

    def _window(self, after_run: int) -> list[Any]:
        """The next sessions with new scans, and how many each has."""
        where = {"me": self._holder, "after": after_run}
        with self._database.read() as connection:
            return list(connection.execute(_WINDOW, where))

    def _first(self, after: int, last: int) -> Any:
        """The session of the next job; a step for each session, however many jobs it has."""
        where = {"me": self._holder, "after": after, "last": last}
        with self._database.read() as connection:
            return connection.execute(_FIRST, where).first()


def spend_all(connection: Connection, these: Sequence[Claim]) -> frozenset[int]:
    """As `spend`, for claims of one holder; the sessions of those that were not lost."""
    return _set_all(connection, these, None)


def spend(connection: Connection, claim: Claim) -> bool:
    """End a claim together with what was done under it; False if it was lost meanwhile."""
    return _set(connection, claim, None)


def _run_of(claim: Claim) -> int:
    return claim.run


def _clear(connection: Connection, holders: list[str]) -> None:
    for table in (claims, jobs):
        connection.execute(
            update(table).where(table.c.holder.in_(holders)).values(holder=None, expires_at=None)
        )


def _set(connection: Connection, claim: Claim, expires_at: Any) -> bool:
    changed = connection.execute(
        update(claims)
        .where(
            claims.c.run == claim.run,
            claims.c.holder == claim.holder,
            claims.c.turn == claim.turn,
        )
        .values(expires_at=expires_at)
    )
    return changed.rowcount == 1


def _set_all(connection: Connection, these: Sequence[Claim], expires_at: Any) -> frozenset[int]:
    pairs = [(claim.run, claim.turn) for claim in these]
    changed = (
        update(claims)
        .where(
            claims.c.run.in_([run for run, _ in pairs]),
            claims.c.holder == these[0].holder,
            tuple_(claims.c.run, claims.c.turn).in_(pairs),
        )
        .values(expires_at=expires_at)
        .returning(claims.c.run)
    )
    return frozenset(connection.scalars(changed))
