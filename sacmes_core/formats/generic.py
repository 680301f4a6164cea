"""Columns of potentials, or times, and currents without a format of their own."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.completeness import CUT_SENTENCE
from sacmes_core.formats.curves import POINTS_MIN, build_curves, since_first_point
from sacmes_core.formats.scan import TIME_TECHNIQUES, ColumnMapping, Scan
from sacmes_core.formats.table import RUN_LENGTH, Table, find_tables
from sacmes_core.formats.techniques import technique_in

FORMAT: Final = "generic"

_FREQUENCY: Final = re.compile(
    r"^[#;%\s\"]*(?:swv\s+|sw\s+|square[ -]wave\s+)?freq(?:uency)?\s*(?:[(\[]\s*Hz\s*[)\]]|/\s*Hz)?"
    r"\"?\s*[:=,;\t]\s*\"?(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*(?:Hz)?\b",
    re.IGNORECASE,
)
_SCAN_COLUMN: Final = re.compile(r"scan(?:[ _]?(?:number|no\.?|nr\.?|#))?", re.IGNORECASE)
_FREQUENCY_COLUMN: Final = re.compile(r"freq(?:uency)?\s*[(\[/]\s*Hz\s*[)\]]?", re.IGNORECASE)


def read_generic(
    lines: Sequence[str], mapping: ColumnMapping, *, unturned: str | None = None
) -> tuple[Scan, ...]:
    """Read every table of a text as a scan, or as several if a column numbers them.

    Parameters
    ----------
    unturned
        What a sweep is that does not turn and whose technique nothing names; None to assume a
        square wave.

    Raises
    ------
    FormatError
        If no table of at least ten points with potential and current is there.
    """
    scans: list[Scan] = []
    previous: Table | None = None
    for table in _tables(lines, mapping):
        if len(table.columns[0]) < POINTS_MIN and previous is not None:
            continue
        if previous is not None and not table.above and len(table.numeric) == len(previous.numeric):
            table = _with_heading_of(table, previous)
        technique = next((t for line in table.above if (t := technique_in(line))), None)
        if scans and technique is None and not _has_words(table):
            technique = scans[-1].technique
        try:
            scans += _scans(table, technique, mapping, unturned)
        except FormatError:
            if scans:
                continue
            raise
        previous = table
    if not scans:
        raise FormatError(
            f"No table of numbers was found (at least {RUN_LENGTH} lines with potential and "
            "current); export the scan as text columns, or set the columns in the reading settings."
        )
    return tuple(replace(scan, index=k) for k, scan in enumerate(scans))


def _scans(
    table: Table, technique: str | None, mapping: ColumnMapping, unturned: str | None
) -> list[Scan]:
    """The scan of a table; those that a column numbers unless they are cycles of one."""
    found = _scan(table, technique, mapping, unturned)
    pulses = any(curve.role == "difference" for curve in found.curves)
    if found.technique in TIME_TECHNIQUES or (found.technique == "cv" and not pulses):
        return [found]
    parts = _numbered_parts(table)
    if not parts:
        return [found]
    scans = [
        replace(_scan(part, technique, mapping, unturned), number=number)
        for number, part in parts.items()
    ]
    # The clock may run on from scan to scan.
    return [
        scans[0],
        *(replace(s, curves=tuple(map(since_first_point, s.curves))) for s in scans[1:]),
    ]


def _scan(
    table: Table, technique: str | None, mapping: ColumnMapping, unturned: str | None
) -> Scan:
    curves, technique, flags = build_curves(table, technique, mapping, unturned=unturned)
    return Scan(
        curves=curves,
        technique=technique,
        format=FORMAT,
        frequency_hz=_frequency(table),
        flags=flags,
        incomplete=CUT_SENTENCE if table.cut else None,
    )


def _numbered_parts(table: Table) -> dict[int, Table]:
    """The rows of each scan by the number in the column ``Scan``; empty if there is but one.

    Scans that are too short, as the first rows of one that is being measured, are not told apart.
    """
    names = table.layout.cells(table.above[0]) if table.above else []
    place = next((k for k, name in enumerate(names) if _SCAN_COLUMN.fullmatch(name)), None)
    if place is None or len(names) != len(table.columns) or not table.gapless[place]:
        return {}
    numbers = table.columns[place]
    starts = [k for k, number in enumerate(numbers) if k == 0 or number != numbers[k - 1]]
    ends = [*starts[1:], len(numbers)]
    ascending = all(numbers[a] < numbers[b] for a, b in pairwise(starts))  # type: ignore[operator]
    whole = all(float(numbers[k]).is_integer() for k in starts)  # type: ignore[arg-type]
    longest = max(end - start for start, end in zip(starts, ends, strict=True))
    if len(starts) < 2 or not ascending or not whole or longest < POINTS_MIN:
        return {}
    return {
        int(numbers[start]): replace(  # type: ignore[arg-type]
            table,
            columns=tuple(column[start:end] for column in table.columns),
            cut=table.cut and end == len(numbers),
        )
        for start, end in zip(starts, ends, strict=True)
        if end - start >= POINTS_MIN
    }


def _tables(lines: Sequence[str], mapping: ColumnMapping) -> list[Table]:
    tables = list(find_tables(lines, mapping.delimiter, mapping.decimal))
    if tables:
        return tables
    # Some programs put an empty line behind every line.
    dense = [line for line in lines[:-1] if line.strip()] + list(lines[-1:])
    if len(dense) < len(lines):
        return list(find_tables(dense, mapping.delimiter, mapping.decimal))
    return []


def _with_heading_of(table: Table, previous: Table) -> Table:
    return replace(table, above=previous.above)


def _has_words(table: Table) -> bool:
    return any(character.isalpha() for line in table.above for character in line)


def _frequency(table: Table) -> float | None:
    """The frequency that a line above names, or a column under such a heading all along."""
    for line in table.above:
        if match := _FREQUENCY.match(line):
            value = float(match[1])
            return value if 0 < value < float("inf") else None
    names = table.layout.cells(table.above[0]) if table.above else []
    for name, column in zip(names, table.columns, strict=False):
        if _FREQUENCY_COLUMN.fullmatch(name) and len(set(column)) == 1 and column[0]:
            return column[0] if column[0] > 0 else None
    return None
