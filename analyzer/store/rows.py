"""Rows of results as values, for all that reads and announces them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from pydantic_core import from_json
from sqlalchemy import Connection, Select, delete, insert, select, update

from analyzer.store.claims import Claim, spend
from analyzer.store.tables import results, sessions, trend_states
from analyzer.store.uploads import StoredUpload
from sacmes_core.analysis.trend.running import TrendPoint
from sacmes_core.analysis.trend.uncertainty import common_error_of
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
    concentration_flags: tuple[str, ...] = ()


Trend = tuple[ElectrodeTrend, ...]
"""The trend of each electrode of a result, in the result's order."""

NO_TREND = ElectrodeTrend()

_FIELDS: Final = attrgetter(*ElectrodeTrend.__slots__)


@dataclass(frozen=True, slots=True)
class ResultKey:
    """Where a result is kept."""

    run: int
    position: int
    scan_index: int


@dataclass(frozen=True, slots=True)
class Analysed:
    """What became of one upload: a result for each of its scans, at least one.

    Attributes
    ----------
    results
        Without their trend.
    trends
        Of each result; none where it is not known yet.
    """

    upload: StoredUpload
    results: tuple[Result, ...]
    trends: tuple[Trend, ...] = ()


@dataclass(frozen=True, slots=True)
class TrendRow:
    """What the trend needs of a result, a point for each electrode, and the trend that it has."""

    key: ResultKey
    points: tuple[TrendPoint, ...]
    trend: Trend


@dataclass(frozen=True, slots=True)
class TrendState:
    """A running trend as text, with the settings it is of and the last result that is in it."""

    key: ResultKey
    settings: str
    state: str


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
        electrode.concentration_flags,
    )


def trend_to(trend: Sequence[ElectrodeTrend]) -> str:
    """The trend of a result as the text that a row keeps."""
    return json.dumps([_FIELDS(electrode) for electrode in trend])


def trend_from(text: str) -> Trend:
    """The trend of a result from the text of its row."""
    return tuple(_electrode_from(row) for row in json.loads(text))


def _electrode_from(row: Sequence[Any]) -> ElectrodeTrend:
    # Rows of earlier versions end before the concentrations.
    values = (tuple(value) if isinstance(value, list) else value for value in row)
    fields: dict[str, Any] = dict(zip(ElectrodeTrend.__slots__, values, strict=False))
    return ElectrodeTrend(**fields)


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


def row_of(upload: StoredUpload, result: Result) -> dict[str, Any]:
    """The columns that a result without a trend has wherever it is kept."""
    return {
        "run": upload.run,
        "position": upload.position,
        "scan_index": result.scan.index,
        "file": upload.header.file,
        "frequency_hz": result.scan.frequency_hz,
        "number": result.scan.number,
        "document": result.model_dump_json(exclude_none=True),
    }


def points_of(row: Any) -> tuple[TrendPoint, ...]:
    """What the trend needs of a row."""
    document = from_json(row.document)
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


def next_trend_revision(
    connection: Connection, claim: Claim, order: int, calibration_revision: int
) -> int | None:
    """End the claim under which a whole trend was computed.

    Parameters
    ----------
    order, calibration_revision
        Those of the session with whose document and calibration it was computed.

    Returns
    -------
    int or None
        The revision of that trend; None if document or calibration have changed meanwhile, or
        another worker has taken the session over, or it was taken out of the store.
    """
    query = select(
        sessions.c.revision, sessions.c.trend_revision, sessions.c.calibration_revision
    ).where(sessions.c.run == claim.run)
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        return None
    same = (row.revision, row.calibration_revision) == (order, calibration_revision)
    return int(row.trend_revision) + 1 if spend(connection, claim) and same else None


def show_trend(
    connection: Connection,
    run: int,
    trend_revision: int,
    state: TrendState | None,
    **changes: Any,
) -> None:
    """Let the trend that the results have now hold, with more changes to the session's row."""
    connection.execute(
        update(sessions)
        .where(sessions.c.run == run)
        .values(
            content_version=sessions.c.content_version + 1,
            trend_stale=0,
            trend_revision=trend_revision,
            **changes,
        )
    )
    keep_state(connection, run, state)
    announce_newest(connection, run)


def keep_state(connection: Connection, run: int, state: TrendState | None) -> None:
    """Keep a running trend in the place of the one before; None only takes that away."""
    connection.execute(delete(trend_states).where(trend_states.c.run == run))
    if state is not None:
        connection.execute(
            insert(trend_states).values(
                run=run,
                position=state.key.position,
                scan_index=state.key.scan_index,
                settings=state.settings,
                state=state.state,
            )
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


def _header_time_s(scan: dict[str, Any]) -> float | None:
    if scan.get("measured_at_source") != "header":
        return None
    return datetime.fromisoformat(scan["measured_at"]).timestamp()
