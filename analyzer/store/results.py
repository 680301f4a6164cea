"""Results: committed with the end of their jobs, read in order, announced once."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Update,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from analyzer.store.claims import Claim, spend_all
from analyzer.store.database import Database
from analyzer.store.engines import epoch_s
from analyzer.store.lists import LISTED, listed, number_at
from analyzer.store.rows import (
    Analysed,
    ResultKey,
    Trend,
    TrendRow,
    TrendState,
    keep_state,
    key_of,
    next_trend_revision,
    points_of,
    result_of,
    row_of,
    select_results,
    show_trend,
    trend_from,
    trend_to,
)
from analyzer.store.tables import jobs, results, sessions, staged, trend_states, uploads
from analyzer.store.uploads import AGAIN
from sacmes_core.payloads.results import Result

_PAGE_ROWS: Final = 2000
_FOLLOWING_ROWS: Final = 200

# Built once, since they are asked for each batch.
_HELD: Final = (
    select(sessions.c.run, sessions.c.settings_revision, sessions.c.shown_revision)
    .where(sessions.c.run.in_(bindparam("runs", expanding=True)))
    # Always in this order, so that two writers never wait for each other.
    .order_by(sessions.c.run)
    .with_for_update()
)
_OF_RUN: Final = select_results().where(results.c.run == bindparam("this_run"))
_AT: Final = _OF_RUN.where(
    results.c.position == bindparam("this_position"),
    results.c.scan_index == bindparam("this_index"),
)
_NEWEST: Final = (
    _OF_RUN.where(results.c.superseded == 0)
    .order_by(results.c.position.desc(), results.c.scan_index.desc())
    .limit(1)
)
_ADD: Final = insert(results)
_THESE: Final = tuple_(jobs.c.run, jobs.c.position).in_(
    select(number_at(0), number_at(1)).select_from(LISTED)
)
_ENDED: Final[Mapping[bool, Update | Delete]] = {
    True: update(jobs).where(_THESE).values(priority=AGAIN, since=epoch_s()),
    False: delete(jobs).where(_THESE),
}
_GROWN: Final = (
    update(sessions)
    .where(sessions.c.run == number_at(0))
    .values(
        content_version=sessions.c.content_version + 1,
        scans=sessions.c.scans + number_at(1),
        last_result_at=bindparam("now"),
    )
)
_CHANGED: Final = {True: _GROWN.values(trend_stale=1), False: _GROWN}


@dataclass(frozen=True, slots=True)
class Batch:
    """What a worker made of waiting uploads of one session.

    Attributes
    ----------
    claim
        On the session; it ends with the commit.
    settings_revision
        The one that the results were computed with, and that viewers are shown.
    trend_stale
        Whether the trend of the session has to be computed again.
    state
        The running trend after the batch; None leaves the one that is kept.
    """

    claim: Claim
    analysed: Sequence[Analysed]
    settings_revision: int
    trend_stale: bool = False
    state: TrendState | None = None


class Results:
    """The results of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def commit(self, batches: Sequence[Batch], now: datetime) -> frozenset[int]:
        """Store the results of uploads and end their jobs, for several sessions at once.

        Returns
        -------
        frozenset of int
            The sessions for which it was done. Of one whose settings have changed meanwhile, or
            that another worker has taken over, nothing is stored, and the jobs stay.
        """
        runs = [batch.claim.run for batch in batches]
        # Before the transaction, for the end of which other writers wait.
        rows = {batch.claim.run: _new_rows(batch.analysed) for batch in batches}
        with self._database.write() as connection:
            held = {row.run: row for row in connection.execute(_HELD, {"runs": runs})}
            mine = spend_all(connection, [batch.claim for batch in batches])
            good = [
                batch
                for batch in batches
                if batch.claim.run in mine
                and held[batch.claim.run].shown_revision == batch.settings_revision
            ]
            if good:
                again = {
                    r for r, row in held.items() if row.settings_revision != row.shown_revision
                }
                connection.execute(_ADD, [r for batch in good for r in rows[batch.claim.run]])
                _keep(connection, good, again, now)
        return frozenset(batch.claim.run for batch in good)

    def following(
        self, run: int, *, after: tuple[int, int] = (0, -1), limit: int = _PAGE_ROWS
    ) -> Generator[Result, None, None]:
        """The results after a position and index, in order; superseded ones left out."""
        position, index = after
        query = (
            select_results()
            .where(results.c.run == run, results.c.superseded == 0)
            .where(_later(position, index))
            .order_by(results.c.position, results.c.scan_index)
            .limit(limit)
            .execution_options(yield_per=_FOLLOWING_ROWS)
        )
        with self._database.read() as connection, connection.execute(query) as rows:
            for row in rows:
                yield result_of(row)

    def page(
        self, run: int, *, after: tuple[int, int] = (0, -1), limit: int = _PAGE_ROWS
    ) -> tuple[Result, ...]:
        """As `following`, all of them."""
        return tuple(self.following(run, after=after, limit=limit))

    def every(self, run: int) -> Iterator[Result]:
        """All results of a session in order, as they were at one moment."""
        query = (
            select_results()
            .where(results.c.run == run, results.c.superseded == 0)
            .order_by(results.c.position, results.c.scan_index)
            .execution_options(yield_per=_PAGE_ROWS)
        )
        with self._database.read() as connection, connection.execute(query) as rows:
            for row in rows:
                yield result_of(row)

    def at(self, run: int, position: int | None, scan_index: int) -> Result | None:
        """One result; the newest without a position."""
        place = {"this_run": run, "this_position": position, "this_index": scan_index}
        with self._database.read() as connection:
            row = connection.execute(_NEWEST if position is None else _AT, place).first()
        return None if row is None else result_of(row)

    def last_position(self, run: int) -> int:
        """Highest position that is analysed; 0 if none is."""
        query = select(func.max(results.c.position)).where(results.c.run == run)
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def trend_state(self, run: int) -> TrendState | None:
        """The running trend of a session as it was kept last; None if there is none."""
        query = select(trend_states).where(trend_states.c.run == run)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return TrendState(ResultKey(run, row.position, row.scan_index), row.settings, row.state)

    def trend_rows(self, run: int, after: ResultKey | None = None) -> Iterator[TrendRow]:
        """What the trend needs of a session, in order after a result; superseded ones left out."""
        query = (
            select(
                results.c.run,
                results.c.position,
                results.c.scan_index,
                results.c.frequency_hz,
                results.c.number,
                results.c.document,
                results.c.trend,
            )
            .where(results.c.run == run, results.c.superseded == 0)
            .order_by(results.c.position, results.c.scan_index)
            .execution_options(yield_per=_PAGE_ROWS)
        )
        if after is not None:
            query = query.where(_later(after.position, after.scan_index))
        with self._database.read() as connection:
            for row in connection.execute(query):
                yield TrendRow(key_of(row), points_of(row), trend_from(row.trend))

    def replace_trend(
        self,
        claim: Claim,
        changed: Sequence[tuple[ResultKey, Trend]],
        *,
        order: int,
        calibration_revision: int = 0,
        state: TrendState | None = None,
    ) -> int | None:
        """Store another trend of a whole session under the next trend revision.

        Parameters
        ----------
        claim
            On the session; it ends with this.
        order
            That of the session, with whose document it was computed.
        calibration_revision
            That of the calibration.
        state
            The running trend after it.

        Returns
        -------
        int or None
            The trend revision that now holds; None if document or calibration have changed
            meanwhile, or another worker has taken the session over.
        """
        with self._database.write() as connection:
            trend_revision = next_trend_revision(connection, claim, order, calibration_revision)
            if trend_revision is not None:
                _write_trends(connection, changed)
                show_trend(connection, claim.run, trend_revision, state)
        return trend_revision


def _later(position: int, index: int) -> ColumnElement[bool]:
    """Whether a result comes after a position and index; the first half serves the key."""
    same_file = (results.c.position == position) & (results.c.scan_index > index)
    return (results.c.position >= position) & ((results.c.position > position) | same_file)


def _new_rows(analysed: Sequence[Analysed]) -> list[dict[str, Any]]:
    return [
        row_of(item.upload, result) | {"trend": trend_to(trend), "superseded": 0, "announced": 0}
        for item in analysed
        for result, trend in zip(item.results, item.trends, strict=True)
    ]


def _keep(connection: Connection, batches: Sequence[Batch], again: set[int], now: datetime) -> None:
    """Keep what follows from results; sessions that are analysed `again` have theirs once more."""
    changes: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for batch in batches:
        run = batch.claim.run
        if batch.state is not None:
            keep_state(connection, run, batch.state)
        count = sum(len(item.results) for item in batch.analysed)
        more = count - _supersede(connection, batch.analysed)
        changes[batch.trend_stale].append((run, more))
    _end_jobs(connection, batches, again)
    for is_stale, these in changes.items():
        if these:
            connection.execute(_CHANGED[is_stale], listed(these) | {"now": now.isoformat()})


def _end_jobs(connection: Connection, batches: Sequence[Batch], again: set[int]) -> None:
    """End the jobs of new uploads, or let these wait for the settings that are not shown yet."""
    for is_again, statement in _ENDED.items():
        done = [
            (item.upload.run, item.upload.position)
            for batch in batches
            if (batch.claim.run in again) is is_again
            for item in batch.analysed
        ]
        if done:
            connection.execute(statement, listed(done))


def _supersede(connection: Connection, analysed: Sequence[Analysed]) -> int:
    """Put aside the results of files that were written again under the same name; how many."""
    newest = {item.upload.header.file: item.upload for item in analysed if item.upload.revision > 1}
    count = 0
    for file, upload in newest.items():
        older = [
            (table.c.run == upload.run)
            & (table.c.file == file)
            & (table.c.position < upload.position)
            for table in (results, staged, uploads)
        ]
        shown = update(results).where(older[0], results.c.superseded == 0)
        count += connection.execute(shown.values(superseded=1, announced=1)).rowcount
        connection.execute(delete(staged).where(older[1]))
        connection.execute(
            delete(jobs).where(
                jobs.c.run == upload.run,
                jobs.c.priority == AGAIN,
                jobs.c.position.in_(select(uploads.c.position).where(older[2])),
            )
        )
        keep_state(connection, upload.run, None)
    return count


def _write_trends(connection: Connection, changed: Sequence[tuple[ResultKey, Trend]]) -> None:
    if not changed:
        return
    statement = (
        update(results)
        .where(
            results.c.run == bindparam("this_run"),
            results.c.position == bindparam("this_position"),
            results.c.scan_index == bindparam("this_index"),
        )
        .values(trend=bindparam("new_trend"))
    )
    rows = [
        {
            "this_run": key.run,
            "this_position": key.position,
            "this_index": key.scan_index,
            "new_trend": trend_to(trend),
        }
        for key, trend in changed
    ]
    connection.execute(statement, rows)
