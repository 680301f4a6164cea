"""Pages of a session's history, in rows and in columns, none larger than a message."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from analyzer.exports import PART_BYTES, QUANTITIES, quantities_of
from analyzer.sessions import no_such_session
from analyzer.store.store import Store
from sacmes_core.payloads.columns import HistoryColumns, ScanWithoutNumbers, TrendColumns
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import HistoryQuery
from sacmes_core.payloads.replies import HistoryReply, Problem
from sacmes_core.payloads.results import Result

_ALL_OF_A_FILE: Final = 2**31 - 1
_POINT_BYTES: Final = 40
"""Position, index, number and time of a scan in columns."""
_FLAG_BYTES: Final = 7
_TREND_BYTES: Final = 120
_KEY_BYTES: Final = 6
_NULL_BYTES: Final = 5


@dataclass(frozen=True, slots=True)
class _Point:
    """What one electrode of a scan adds to a trend: the quantities that have a value."""

    result: Result
    electrode: int
    values: Mapping[str, float]
    flags: tuple[str, ...]


def page_of_history(store: Store, user_id: str, query: HistoryQuery) -> Payload:
    """The page of a session that is asked for."""
    if unknown := set(query.quantities).difference(QUANTITIES):
        return _unknown(unknown)
    run = store.sessions.find(user_id, query.session_id)
    if run is None:
        return no_such_session()
    index = _ALL_OF_A_FILE if query.after_index is None else query.after_index
    found = store.results.page(run.run, after=(query.after_position, index), limit=query.limit + 1)
    columns = None
    if query.form == "columns":
        points = [tuple(_points(result, query.quantities)) for result in found]
        page = found[: _end(found, _sizes_in_columns(found, points), query.limit)]
        columns = _columns(page, [point for those in points[: len(page)] for point in those])
    else:
        sizes = (len(result.model_dump_json()) for result in found)
        page = found[: _end(found, sizes, query.limit)]
    last = page[-1] if page else None
    return HistoryReply(
        session=run.document,
        results=() if columns else page,
        columns=columns,
        trend_revision=last.trend_revision if last else run.trend_revision,
        settings_revision=last.settings_revision if last else run.shown_revision,
        last_position=store.results.last_position(run.run),
        end_position=last.position if last else None,
        end_index=last.scan.index if last else None,
        more=len(page) < len(found),
    )


def _end(found: Sequence[Result], sizes: Iterator[int], limit: int) -> int:
    """How many results fit into a message so that the page does not end within a file."""
    left = PART_BYTES
    end = 0
    for size in sizes:
        left -= size
        if left < 0 or end == limit:
            break
        end += 1
    if end < len(found):
        cut = found[end].position
        # A file of more scans than a page holds is cut all the same.
        end = next((k for k in range(end, 0, -1) if found[k - 1].position < cut), end)
    return end


def _points(result: Result, quantities: Sequence[str]) -> Iterator[_Point]:
    for electrode in result.electrodes:
        values = quantities_of(electrode)
        if quantities:
            values = {name: values[name] for name in quantities if name in values}
        flags = (*result.flags, *electrode.flags, *electrode.concentration_flags)
        yield _Point(result, electrode.electrode, values, tuple(dict.fromkeys(flags)))


def _sizes_in_columns(found: Sequence[Result], points: Sequence[Sequence[_Point]]) -> Iterator[int]:
    """About how many bytes each scan takes, a null wherever another scan has a value."""
    names = {name for those in points for point in those for name in point.values}
    keys: dict[tuple[int, float | None], set[str]] = {}
    for result, those in zip(found, points, strict=True):
        size = 0 if those else len(_without_numbers(result).model_dump_json())
        for point in those:
            trend = point.electrode, result.scan.frequency_hz
            if trend not in keys:
                keys[trend] = set()
                size += _TREND_BYTES + sum(len(name) + _KEY_BYTES for name in names)
            new = set(point.flags) - keys[trend]
            keys[trend] |= new
            size += sum(len(flag) + _KEY_BYTES for flag in new)
            size += _POINT_BYTES + _FLAG_BYTES * len(point.flags)
            size += _NULL_BYTES * (len(names) - len(point.values))
            size += sum(len(repr(value)) + 1 for value in point.values.values())
        yield size


def _columns(page: Sequence[Result], points: Sequence[_Point]) -> HistoryColumns:
    measured = [r.scan.measured_at for r in page if r.scan.measured_at is not None]
    from_at = min(measured, default=None)
    trends: dict[tuple[int, float | None], list[_Point]] = defaultdict(list)
    for point in points:
        trends[point.electrode, point.result.scan.frequency_hz].append(point)
    return HistoryColumns(
        from_at=from_at,
        trends=tuple(
            _trend(electrode, frequency_hz, those, from_at)
            for (electrode, frequency_hz), those in sorted(trends.items(), key=_by_frequency)
        ),
        without_numbers=tuple(_without_numbers(r) for r in page if not r.electrodes),
    )


def _by_frequency(trend: tuple[tuple[int, float | None], object]) -> tuple[int, float]:
    (electrode, frequency_hz), _ = trend
    return electrode, frequency_hz or 0.0


def _trend(
    electrode: int, frequency_hz: float | None, points: Sequence[_Point], from_at: datetime | None
) -> TrendColumns:
    flagged: dict[str, list[int]] = defaultdict(list)
    for place, point in enumerate(points):
        for flag in point.flags:
            flagged[flag].append(place)
    scans = [point.result.scan for point in points]
    indices = tuple(scan.index for scan in scans)
    there = {name for point in points for name in point.values}
    return TrendColumns(
        electrode=electrode,
        frequency_hz=frequency_hz,
        position=tuple(point.result.position for point in points),
        index=indices if any(indices) else (),
        number=tuple(scan.number for scan in scans),
        time_s=tuple(_seconds(from_at, scan.measured_at) for scan in scans),
        quantities={
            name: tuple(point.values.get(name) for point in points)
            for name in QUANTITIES
            if name in there
        },
        flagged={flag: tuple(places) for flag, places in flagged.items()},
    )


def _seconds(from_at: datetime | None, at: datetime | None) -> float | None:
    if from_at is None or at is None:
        return None
    return round((at - from_at).total_seconds(), 3)


def _without_numbers(result: Result) -> ScanWithoutNumbers:
    return ScanWithoutNumbers(
        position=result.position,
        index=result.scan.index,
        file=result.scan.file,
        error=result.error or "The scan has no electrode.",
    )


def _unknown(names: set[str]) -> Problem:
    return Problem(
        type="invalid",
        title="No such quantity",
        detail=f"There is no quantity {', '.join(sorted(names))}; these are: "
        f"{', '.join(QUANTITIES)}.",
    )
