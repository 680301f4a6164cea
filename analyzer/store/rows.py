"""Rows of results as values, for all that reads and announces them."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from sqlalchemy import Connection, Select, select, update

from analyzer.store.tables import results, sessions
from sacmes_core.flags import TREND_FLAGS
from sacmes_core.payloads.results import ElectrodeResult, Result


@dataclass(frozen=True, slots=True)
class ElectrodeTrend:
    """What the trend says of one electrode of a result: the fields of the same names."""

    normalised: float | None = None
    normalised_se: float | None = None
    kdm: float | None = None
    kdm_se: float | None = None
    ratio: float | None = None
    ratio_se: float | None = None
    flags: tuple[str, ...] = ()
    concentration_molar: float | None = None
    concentration_low_molar: float | None = None
    concentration_high_molar: float | None = None


Trend = tuple[ElectrodeTrend, ...]
"""The trend of each electrode of a result, in the result's order."""

NO_TREND = ElectrodeTrend()


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


def with_trend(electrode: ElectrodeResult, trend: ElectrodeTrend) -> ElectrodeResult:
    """The numbers of an electrode with this trend, whatever trend they had."""
    if trend == trend_of(electrode):
        return electrode
    own = tuple(code for code in electrode.flags if code not in TREND_FLAGS)
    fields = {name: getattr(trend, name) for name in ElectrodeTrend.__slots__}
    return electrode.model_copy(update=fields | {"flags": own + trend.flags})


def trend_of(electrode: ElectrodeResult) -> ElectrodeTrend:
    """The trend that the numbers of an electrode carry."""
    return ElectrodeTrend(
        electrode.normalised,
        electrode.normalised_se,
        electrode.kdm,
        electrode.kdm_se,
        electrode.ratio,
        electrode.ratio_se,
        tuple(code for code in electrode.flags if code in TREND_FLAGS),
        electrode.concentration_molar,
        electrode.concentration_low_molar,
        electrode.concentration_high_molar,
    )


def trend_to(trend: Sequence[ElectrodeTrend]) -> str:
    """The trend of a result as the text that a row keeps."""
    return json.dumps([astuple(electrode) for electrode in trend])


def trend_from(text: str) -> Trend:
    """The trend of a result from the text of its row."""
    # Rows of earlier versions end before the concentrations.
    kept = (dict(zip(ElectrodeTrend.__slots__, row, strict=False)) for row in json.loads(text))
    return tuple(ElectrodeTrend(**fields | {"flags": tuple(fields["flags"])}) for fields in kept)


def key_of(row: Any) -> ResultKey:
    """Where a row is kept."""
    return ResultKey(row.run, row.position, row.scan_index)


def result_of(row: Any) -> Result:
    """The result of a row of `select_results`, with its trend."""
    result = Result.model_validate_json(row.document)
    electrodes = tuple(map(with_trend, result.electrodes, trend_from(row.trend)))
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
