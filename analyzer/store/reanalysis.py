"""A session under other settings: analysed beside its results by any number of workers.

What they find is staged, and takes the place of the results in one transaction when all is there:
until then everybody sees the results as they were, new scans included.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from analyzer.store.claims import CLAIM_S, Claim
from analyzer.store.database import Database
from analyzer.store.engines import epoch_s, has_ended
from analyzer.store.lists import LISTED, NUMBERS, listed, number_at, numbers, text_at
from analyzer.store.rows import (
    Analysed,
    ResultKey,
    Trend,
    TrendRow,
    TrendState,
    key_of,
    next_trend_revision,
    points_of,
    row_of,
    show_trend,
    trend_to,
)
from analyzer.store.sessions import Run
from analyzer.store.tables import jobs, results, sessions, staged, uploads
from analyzer.store.uploads import AGAIN, head

_PAGE_ROWS: Final = 2000
_COPIED: Final = ("run", "position", "scan_index", "file", "frequency_hz", "number", "document")
_COPY: Final = insert(results).from_select(
    [*_COPIED, "trend", "superseded", "announced"],
    select(*(staged.c[name] for name in _COPIED), text_at(3), literal(0), literal(1)).join_from(
        LISTED,
        staged,
        # The whole key is in the list, so that SQLite looks each up and does not search the list.
        (staged.c.run == number_at(0))
        & (staged.c.position == number_at(1))
        & (staged.c.scan_index == number_at(2)),
    ),
)
"""Staged results as shown ones, with the trends of a list of keys and trends."""
_UNHELD: Final = has_ended(jobs.c.expires_at, CLAIM_S)

# Built once, since a worker asks at each turn.
_NEXT: Final = (
    select(jobs.c.run)
    .where(jobs.c.priority == AGAIN, _UNHELD, jobs.c.run > bindparam("after", type_=BigInteger))
    .order_by(jobs.c.run, jobs.c.position)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Uploads of one session that a worker analyses again, and nobody else meanwhile."""

    run: int
    holder: str
    positions: tuple[int, ...]


class Reanalysis:
    """The re-analyses of a store as one worker sees them."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    def take(self, after_run: int, *, limit: int, limit_bytes: int) -> Piece | None:
        """Take the next uploads that wait, sessions in turns; None if there are none."""
        run = self._next(after_run)
        if run is None:
            return None
        free = (
            select(jobs.c.position, uploads.c.unpacked_bytes)
            .join(uploads, (uploads.c.run == jobs.c.run) & (uploads.c.position == jobs.c.position))
            .where(jobs.c.run == run, jobs.c.priority == AGAIN, _UNHELD)
            .order_by(jobs.c.position)
            .limit(limit)
            .with_for_update(of=jobs, skip_locked=True)
        )
        with self._database.write(durable=False) as connection:
            positions = head(connection.execute(free), limit_bytes)
            if not positions:
                return None
            piece = Piece(run, self._holder, positions)
            connection.execute(
                update(jobs)
                .where(jobs.c.run == run, jobs.c.position.in_(NUMBERS))
                .values(holder=self._holder, expires_at=epoch_s() + CLAIM_S),
                numbers(positions),
            )
        return piece

    def renew(self, piece: Piece) -> bool:
        """Keep a piece for longer; False if it was lost."""
        return self._set(piece, epoch_s() + CLAIM_S) == len(piece.positions)

    def release(self, piece: Piece) -> None:
        """Give a piece back without a result."""
        self._set(piece, None)

    def stage(self, piece: Piece, analysed: Sequence[Analysed], settings_revision: int) -> int:
        """Keep what was found for when all is there, and end the jobs.

        Returns
        -------
        int
            How many results these are; what others took over meanwhile, or what belongs to
            settings that hold no longer, is not kept.
        """
        of_run = select(sessions.c.settings_revision).where(sessions.c.run == piece.run)
        ended = (
            delete(jobs).where(*_held(piece), jobs.c.priority == AGAIN).returning(jobs.c.position)
        )
        # Power that fails takes the results and the end of the jobs together.
        with self._database.write(durable=False) as connection:
            if connection.scalar(of_run.with_for_update(read=True)) != settings_revision:
                return 0
            mine = frozenset(connection.scalars(ended, numbers(piece.positions)))
            rows = [
                row_of(item.upload, result)
                for item in analysed
                if item.upload.position in mine
                for result in item.results
            ]
            if rows:
                connection.execute(insert(staged), rows)
        return len(rows)

    def progress(self, run: int) -> tuple[int, int]:
        """How many uploads of a session are done, and of how many."""
        waiting = select(func.count()).select_from(jobs)
        waiting = waiting.where(jobs.c.priority == AGAIN, jobs.c.run == run)
        done = select(func.count(staged.c.position.distinct())).where(staged.c.run == run)
        with self._database.read() as connection:
            there = connection.scalar(done) or 0
            return there, there + (connection.scalar(waiting) or 0)

    def trend_rows(self, run: int) -> Iterator[TrendRow]:
        """What the trend of the staged results needs, in order."""
        query = (
            select(staged)
            .where(staged.c.run == run)
            .order_by(staged.c.position, staged.c.scan_index)
            .execution_options(yield_per=_PAGE_ROWS)
        )
        with self._database.read() as connection:
            for row in connection.execute(query):
                yield TrendRow(key_of(row), points_of(row), ())

    def show(
        self,
        claim: Claim,
        trends: Sequence[tuple[ResultKey, Trend]],
        session: Run,
        state: TrendState | None,
        now: datetime,
    ) -> int | None:
        """Let what is staged take the place of the results, all at once.

        Parameters
        ----------
        claim
            On the session; it ends with this.
        trends
            Of every staged result.
        session
            With the document and the calibration that all of it was computed with.
        state
            The running trend after it.

        Returns
        -------
        int or None
            The trend revision that now holds; None if document or calibration have changed, another
            worker has taken the session over, or some uploads wait still.
        """
        run = claim.run
        with self._database.write() as connection:
            trend_revision = next_trend_revision(
                connection, claim, session.order, session.calibration_revision
            )
            waiting = exists().where(jobs.c.run == run, jobs.c.priority == AGAIN)
            if trend_revision is None or connection.scalar(select(waiting)):
                return None
            _put_in_place(connection, run, trends)
            count = select(func.count()).where(results.c.run == run, results.c.superseded == 0)
            show_trend(
                connection,
                run,
                trend_revision,
                state,
                shown_revision=session.document.settings_revision,
                scans=connection.scalar(count),
                last_result_at=now.isoformat(),
            )
        return trend_revision

    def _next(self, after_run: int) -> int | None:
        with self._database.read() as connection:
            found = connection.scalar(_NEXT, {"after": after_run})
            return connection.scalar(_NEXT, {"after": 0}) if found is None else found

    def _set(self, piece: Piece, expires_at: Any) -> int:
        holder = None if expires_at is None else piece.holder
        with self._database.write(durable=False) as connection:
            changed = connection.execute(
                update(jobs).where(*_held(piece)).values(holder=holder, expires_at=expires_at),
                numbers(piece.positions),
            )
        return changed.rowcount


def _held(piece: Piece) -> tuple[Any, ...]:
    """What holds of the jobs of a piece; their positions are a parameter, see `numbers`."""
    return (
        jobs.c.run == piece.run,
        jobs.c.position.in_(NUMBERS),
        jobs.c.holder == piece.holder,
    )


def _put_in_place(
    connection: Connection, run: int, trends: Sequence[tuple[ResultKey, Trend]]
) -> None:
    done = select(staged.c.position).where(staged.c.run == run)
    connection.execute(delete(results).where(results.c.run == run, results.c.position.in_(done)))
    rows = [(k.run, k.position, k.scan_index, trend_to(trend)) for k, trend in trends]
    for start in range(0, len(rows), _PAGE_ROWS):
        connection.execute(_COPY, listed(rows[start : start + _PAGE_ROWS]))
    connection.execute(delete(staged).where(staged.c.run == run))
