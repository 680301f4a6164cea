"""Results: committed with the end of their jobs, read in order, announced once."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from analyzer.store.claims import Claim, spend
from analyzer.store.database import Database
from analyzer.store.rows import (
    NO_TREND,
    ResultKey,
    Trend,
    announce_newest,
    key_of,
    result_of,
    select_results,
    trend_from,
    trend_of,
    trend_to,
    with_trend,
)
from analyzer.store.tables import jobs, results, sessions
from analyzer.store.uploads import StoredUpload
from sacmes_core.analysis.trend.running import TrendPoint
from sacmes_core.analysis.trend.uncertainty import common_error_of
from sacmes_core.payloads.results import Result

_PAGE_ROWS: Final = 2000


@dataclass(frozen=True, slots=True)
class Analysed:
    """What became of one upload: a result for each of its scans, at least one."""

    upload: StoredUpload
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What a worker made of waiting uploads of one session.

    Attributes
    ----------
    claim
        On the session; it ends with the commit.
    settings_revision
        The one that the results were computed with.
    again
        Whether they replace results; viewers are then told once, at the end of it all.
    trend_stale
        Whether the trend of the session has to be computed again.
    """

    claim: Claim
    analysed: Sequence[Analysed]
    settings_revision: int
    again: bool = False
    trend_stale: bool = False


@dataclass(frozen=True, slots=True)
class TrendRow:
    """What the trend needs of a result, a point for each electrode, and the trend that it has."""

    key: ResultKey
    points: tuple[TrendPoint, ...]
    trend: Trend


class Results:
    """The results of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def commit(self, batch: Batch, now: datetime) -> bool:
        """Store the results of uploads of one session and end their jobs.

        Returns
        -------
        bool
            False if the settings have changed meanwhile, or another worker has taken the session
            over: nothing is stored, the jobs stay.
        """
        run = batch.claim.run
        positions = [item.upload.position for item in batch.analysed]
        with self._database.write() as connection:
            query = select(sessions.c.settings_revision).where(sessions.c.run == run)
            query = query.with_for_update()
            same_settings = connection.scalar(query) == batch.settings_revision
            if not (spend(connection, batch.claim) and same_settings):
                return False
            put_aside = _take_out(connection, run, positions) if batch.again else frozenset()
            rows = [row for item in batch.analysed for row in _rows(item)]
            for row in rows:
                row["superseded"] = int(row["position"] in put_aside)
                row["announced"] = int(batch.again)
            connection.execute(insert(results), rows)
            _supersede(connection, batch.analysed)
            connection.execute(
                delete(jobs).where(jobs.c.run == run, jobs.c.position.in_(positions))
            )
            changes: dict[str, Any] = {"last_result_at": now.isoformat()}
            if batch.trend_stale:
                changes["trend_stale"] = 1
            _touch(connection, run, changes)
        return True

    def page(
        self, run: int, *, after: tuple[int, int] = (0, -1), limit: int = _PAGE_ROWS
    ) -> tuple[Result, ...]:
        """The results after a position and index, in order; superseded ones left out."""
        position, index = after
        query = (
            select_results()
            .where(results.c.run == run, results.c.superseded == 0)
            .where(
                (results.c.position > position)
                | ((results.c.position == position) & (results.c.scan_index > index))
            )
            .where(results.c.position >= position)
            .order_by(results.c.position, results.c.scan_index)
            .limit(limit)
        )
        with self._database.read() as connection:
            return tuple(result_of(row) for row in connection.execute(query))

    def every(self, run: int) -> Iterator[Result]:
        """All results of a session in order, read in pages."""
        after = (0, -1)
        while page := self.page(run, after=after):
            yield from page
            after = (page[-1].position, page[-1].scan.index)

    def at(self, run: int, position: int | None, scan_index: int) -> Result | None:
        """One result; the newest without a position."""
        query = select_results().where(results.c.run == run)
        if position is None:
            query = query.where(results.c.superseded == 0).order_by(
                results.c.position.desc(), results.c.scan_index.desc()
            )
        else:
            query = query.where(results.c.position == position, results.c.scan_index == scan_index)
        with self._database.read() as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else result_of(row)

    def last_position(self, run: int) -> int:
        """Highest position that is analysed; 0 if none is."""
        query = select(func.max(results.c.position)).where(results.c.run == run)
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def count(self, run: int) -> int:
        """How many results a session has."""
        query = (
            select(func.count())
            .select_from(results)
            .where(results.c.run == run, results.c.superseded == 0)
        )
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def trend_rows(self, run: int) -> Iterator[TrendRow]:
        """What the trend of a session needs, in order, superseded results left out."""
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
        with self._database.read() as connection:
            for row in connection.execute(query):
                yield TrendRow(key_of(row), _points(row), trend_from(row.trend))

    def replace_trend(
        self,
        claim: Claim,
        changed: Sequence[tuple[ResultKey, Trend]],
        *,
        revision: int,
        calibration_revision: int = 0,
    ) -> int | None:
        """Store another trend of a whole session under the next trend revision.

        Parameters
        ----------
        claim
            On the session; it ends with this.
        revision
            Revision of the session document whose settings it was computed with.
        calibration_revision
            That of the calibration.

        Returns
        -------
        int or None
            The trend revision that now holds; None if document or calibration have changed
            meanwhile, or another worker has taken the session over.
        """
        run = claim.run
        with self._database.write() as connection:
            row = connection.execute(
                select(
                    sessions.c.revision,
                    sessions.c.trend_revision,
                    sessions.c.calibration_revision,
                )
                .where(sessions.c.run == run)
                .with_for_update()
            ).one()
            same = (row.revision, row.calibration_revision) == (revision, calibration_revision)
            if not (spend(connection, claim) and same):
                return None
            _write_trends(connection, changed)
            trend_revision = int(row.trend_revision) + 1
            _touch(connection, run, {"trend_stale": 0, "trend_revision": trend_revision})
            announce_newest(connection, run)
        return trend_revision


def _rows(item: Analysed) -> list[dict[str, Any]]:
    return [
        {
            "run": item.upload.run,
            "position": item.upload.position,
            "scan_index": result.scan.index,
            "file": item.upload.header.file,
            "frequency_hz": result.scan.frequency_hz,
            "number": result.scan.number,
            "document": _without_trend(result).model_dump_json(exclude_none=True),
            "trend": trend_to([trend_of(electrode) for electrode in result.electrodes]),
        }
        for result in item.results
    ]


def _without_trend(result: Result) -> Result:
    plain = tuple(with_trend(electrode, NO_TREND) for electrode in result.electrodes)
    return result.model_copy(update={"electrodes": plain})


def _points(row: Any) -> tuple[TrendPoint, ...]:
    document = json.loads(row.document)
    common_error = common_error_of(document.get("method"))
    header_time_s = _header_time_s(document["scan"])
    return tuple(
        TrendPoint(
            electrode["electrode"],
            row.frequency_hz,
            row.number,
            electrode.get("peak_current_a"),
            electrode.get("peak_current_se_a"),
            electrode.get("peak_potential_v"),
            electrode.get("peak_potential_se_v"),
            common_error,
            header_time_s,
        )
        for electrode in document.get("electrodes", ())
    )


def _header_time_s(scan: dict[str, Any]) -> float | None:
    if scan.get("measured_at_source") != "header":
        return None
    return datetime.fromisoformat(scan["measured_at"]).timestamp()


def _supersede(connection: Connection, analysed: Sequence[Analysed]) -> None:
    """Put aside the results of files that were written again under the same name."""
    newest = {item.upload.header.file: item.upload for item in analysed if item.upload.revision > 1}
    for file, upload in newest.items():
        connection.execute(
            update(results)
            .where(
                results.c.run == upload.run,
                results.c.file == file,
                results.c.position < upload.position,
            )
            .values(superseded=1, announced=1)
        )


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


def _take_out(connection: Connection, run: int, positions: Sequence[int]) -> frozenset[int]:
    """Remove the results of uploads; return the positions whose file came again later."""
    these = (results.c.run == run) & results.c.position.in_(positions)
    put_aside = connection.scalars(
        select(results.c.position).where(these, results.c.superseded == 1)
    )
    found = frozenset(put_aside)
    connection.execute(delete(results).where(these))
    return found


def _touch(connection: Connection, run: int, changes: dict[str, Any]) -> None:
    connection.execute(
        update(sessions)
        .where(sessions.c.run == run)
        .values(content_version=sessions.c.content_version + 1, **changes)
    )
