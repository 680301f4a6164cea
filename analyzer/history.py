"""Pages of a session's history, in rows and in columns, none larger than a message."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from analyzer.exports import PART_BYTES, QUANTITIES, quantities_of
from analyzer.sessions import no_such_session
from analyzer.store.sessions import Run
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


_Found = tuple[Result, tuple[_Point, ...]]
_Weighed = tuple[_Found, int]
"""A result with its points in columns, and how many bytes of a message it takes."""


def page_of_history(store: Store, user_id: str, query: HistoryQuery) -> Payload:
    """The page of a session that is asked for, as it is at one moment."""
    if unknown := set(query.quantities).difference(QUANTITIES):
        return _unknown(unknown)
    with store.database.snapshot():
        run = store.sessions.find(user_id, query.session_id)
        return no_such_session() if run is None else _page(store, run, query)


def _page(store: Store, run: Run, query: HistoryQuery) -> HistoryReply:
    in_columns = query.form == "columns"
    index = _ALL_OF_A_FILE if query.after_index is None else query.after_index
    after = query.after_position, index
    with closing(store.results.following(run.run, after=after, limit=query.limit + 1)) as results:
        weighed = _in_columns(results, query.quantities) if in_columns else _in_rows(results)
        found, end = _fitting(weighed, query.limit)
    page = tuple(result for result, _ in found[:end])
    last = page[-1] if page else None
    return HistoryReply(
        session=run.document,
        results=() if in_columns else page,
        columns=_columns(found[:end]) if in_columns else None,
        trend_revision=last.trend_revision if last else run.trend_revision,
        settings_revision=last.settings_revision if last else run.shown_revision,
        last_position=store.results.last_position(run.run),
        end_position=last.position if last else None,
        end_index=last.scan.index if last else None,
        more=end < len(found),
    )


def _fitting(weighed: Iterator[_Weighed], limit: int) -> tuple[list[_Found], int]:
    """The results up to one that no longer fits into a message, and how many make the page.

    A page does not end within a file, but for a file of more scans than a page holds.
    """
    left = PART_BYTES
    found: list[_Found] = []
    for item, size in weighed:
        found.append(item)
        left -= size
        if left < 0 or len(found) > limit:
            break
    else:
        return found, len(found)
    end = len(found) - 1
    cut = found[end][0].position
    return found, next((k for k in range(end, 0, -1) if found[k - 1][0].position < cut), end)


def _in_rows(results: Iterable[Result]) -> Iterator[_Weighed]:
    for result in results:
        yield (result, ()), len(result.model_dump_json())


def _in_columns(results: Iterable[Result], quantities: Sequence[str]) -> Iterator[_Weighed]:
    """The results with their points, and about how many bytes each adds to the columns.

    Where one point has a value, all have one or a null.
    """
    names: set[str] = set()
    trends: dict[tuple[int, float | None], set[str]] = {}
    count = 0
    for result in results:
        points = tuple(_points(result, quantities))
        size = 0 if points else len(_without_numbers(result).model_dump_json())
        for point in points:
            count += 1
            for name in point.values.keys() - names:
                names.add(name)
                size += _NULL_BYTES * count + (len(name) + _KEY_BYTES) * len(trends)
            trend = point.electrode, result.scan.frequency_hz
            if trend not in trends:
                trends[trend] = set()
                size += _TREND_BYTES + sum(len(name) + _KEY_BYTES for name in names)
            for flag in set(point.flags) - trends[trend]:
                trends[trend].add(flag)
                size += len(flag) + _KEY_BYTES
            size += _POINT_BYTES + _FLAG_BYTES * len(point.flags)
            size += _NULL_BYTES * (len(names) - len(point.values))
            size += sum(len(repr(value)) + 1 for value in point.values.values())
        yield (result, points), size


def _points(result: Result, quantities: Sequence[str]) -> Iterator[_Point]:
    for electrode in result.electrodes:
        values = quantities_of(electrode)
        if quantities:
            values = {name: values[name] for name in quantities if name in values}
        flags = (*result.flags, *electrode.flags, *electrode.concentration_flags)
        yield _Point(result, electrode.electrode, values, tuple(dict.fromkeys(flags)))


def _columns(page: Sequence[_Found]) -> HistoryColumns:
    scans = [result.scan for result, _ in page]
    from_at = min((s.measured_at for s in scans if s.measured_at is not None), default=None)
    trends: dict[tuple[int, float | None], list[_Point]] = defaultdict(list)
    for result, points in page:
        for point in points:
            trends[point.electrode, result.scan.frequency_hz].append(point)
    return HistoryColumns(
        from_at=from_at,
        trends=tuple(
            _trend(electrode, frequency_hz, those, from_at)
            for (electrode, frequency_hz), those in sorted(trends.items(), key=_by_frequency)
        ),
        without_numbers=tuple(_without_numbers(result) for result, points in page if not points),
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
