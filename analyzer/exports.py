"""A session's results as a table for other programs: one line for each scan and electrode."""

import csv
import io
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from analyzer.cyclic import CV_COLUMNS, cv_cells
from analyzer.steps import CA_COLUMNS, ca_cells
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from analyzer.trends import MEAN_COLUMNS, mean_cells
from sacmes_core.payloads.results import ElectrodeResult, Result
from sacmes_core.protocol import MAX_WIRE_BYTES

PART_BYTES: Final = MAX_WIRE_BYTES * 9 // 10
_CACHED_MAX: Final = 4

COLUMNS: Final = (
    "session",
    "position",
    "file",
    "index",
    "revision",
    "technique",
    "format",
    "number",
    "frequency_hz",
    "electrode",
    "measured_at",
    "measured_at_source",
    "peak_current_a",
    "peak_current_se_a",
    "peak_potential_v",
    "peak_potential_se_v",
    "area_av",
    "area_se_av",
    "fwhm_v",
    "fwhm_se_v",
    "charge_c",
    "charge_se_c",
    "normalised",
    "normalised_se",
    "kdm",
    "kdm_se",
    "ratio",
    "ratio_se",
    "flags",
    "error",
    "method",
    "version",
    "settings_revision",
    "trend_revision",
    *CV_COLUMNS,
    *CA_COLUMNS,
    *MEAN_COLUMNS,
)
"""Columns of the table: a name each, with the unit; normalised, kdm and ratio are fractions."""

_NUMBERS: Final = COLUMNS[COLUMNS.index("peak_current_a") : COLUMNS.index("flags")]


def lines(results: Iterable[Result]) -> Iterator[str]:
    """The table's lines, heading first; an empty cell is a missing value, never a zero."""
    yield _line(COLUMNS)
    for result in results:
        means = mean_cells(result)
        for electrode in result.electrodes or (None,):
            yield _line(_cells(result, electrode, means))


def split(table: Iterable[str], part_bytes: int = PART_BYTES) -> Iterator[bytes]:
    """The table in parts of whole lines; put together they are the file."""
    part = bytearray()
    for line in table:
        encoded = line.encode()
        if part and len(part) + len(encoded) > part_bytes:
            yield bytes(part)
            part.clear()
        part += encoded
    yield bytes(part)


class Exports:
    """The tables of sessions in parts; the last few are kept, so that each is built once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cached: dict[tuple[int, int], tuple[bytes, ...]] = {}

    def part(self, run: Run, number: int) -> tuple[bytes | None, int]:
        """One part of a session's table, counted from 1, and how many parts there are.

        While the run goes on only the last part changes, so that parts asked for one after
        another fit together.
        """
        key = (run.run, run.content_version)
        packed = self._cached.pop(key, None)
        if packed is None:
            table = lines(self._store.results.every(run.run))
            packed = tuple(zlib.compress(part, 1) for part in split(table))
        self._cached[key] = packed
        while len(self._cached) > _CACHED_MAX:
            del self._cached[next(iter(self._cached))]
        there = number <= len(packed)
        return zlib.decompress(packed[number - 1]) if there else None, len(packed)

    @staticmethod
    def name(run: Run) -> str:
        """File name that says which session it is."""
        started = run.document.started_at.strftime("%Y%m%dT%H%M%S")
        return f"sacmes_{started}_{run.document.session_id[:8]}.csv"


def _cells(
    result: Result, electrode: ElectrodeResult | None, means: Iterable[float | None]
) -> list[str]:
    scan = result.scan
    flags = dict.fromkeys(result.flags + (electrode.flags if electrode else ()))
    return [
        result.session_id,
        str(result.position),
        scan.file,
        str(scan.index),
        str(scan.revision),
        scan.technique or "",
        scan.format or "",
        _text(scan.number),
        _text(scan.frequency_hz),
        _text(electrode.electrode if electrode else None),
        scan.measured_at.isoformat() if scan.measured_at else "",
        scan.measured_at_source or "",
        *(_text(getattr(electrode, name, None)) for name in _NUMBERS),
        " ".join(flags),
        result.error or "",
        result.method or "",
        result.version,
        str(result.settings_revision),
        str(result.trend_revision),
        *(_text(cell) for cell in cv_cells(electrode.cv if electrode else None)),
        *(_text(cell) for cell in ca_cells(electrode.ca if electrode else None)),
        *(_text(cell) for cell in means),
    ]


def _text(value: float | str | None) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else repr(value)


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
