"""Rows of results as values, for all that reads and announces them."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select, update

from analyzer.store.tables import results, sessions
from sacmes_core.payloads.results import Result

Trend = tuple[tuple[float | None, float | None], ...]
"""Normalised current and KDM of each electrode of a result, in the result's order."""


@dataclass(frozen=True, slots=True)
class ResultKey:
    """Where a result is kept."""

    run: int
    position: int
    scan_index: int


def select_results(*columns: Any) -> Select[Any]:
    """Query of results with their trend, and more columns if they are named."""
    return select(
        results.c.run,
        results.c.position,
        results.c.scan_index,
        results.c.document,
        results.c.trend,
        sessions.c.trend_revision,
        *columns,
    ).join(sessions, sessions.c.run == results.c.run)


def key_of(row: Any) -> ResultKey:
    """Where a row is kept."""
    return ResultKey(row.run, row.position, row.scan_index)


def result_of(row: Any) -> Result:
    """The result of a row of `select_results`, with its trend."""
    result = Result.model_validate_json(row.document)
    electrodes = tuple(
        electrode
        if normalised is None and kdm is None
        else electrode.model_copy(update={"normalised": normalised, "kdm": kdm})
        for electrode, (normalised, kdm) in zip(
            result.electrodes, json.loads(row.trend), strict=True
        )
    )
    return result.model_copy(
        update={"electrodes": electrodes, "trend_revision": row.trend_revision}
    )


def announce_newest(connection: Connection, run: int) -> None:
    """Let the newest result of a session be announced once more."""
    newest = (
        select(results.c.position, results.c.scan_index)
        .where(results.c.run == run, results.c.superseded == 0)
        .order_by(results.c.position.desc(), results.c.scan_index.desc())
        .limit(1)
    )
    row = connection.execute(newest).first()
    if row is not None:
        connection.execute(
            update(results)
            .where(
                results.c.run == run,
                results.c.position == row.position,
                results.c.scan_index == row.scan_index,
            )
            .values(announced=0)
        )
