"""Columns of potentials, or times, and currents without a format of their own."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.completeness import CUT_SENTENCE
from sacmes_core.formats.curves import POINTS_MIN, build_curves
from sacmes_core.formats.scan import ColumnMapping, Scan
from sacmes_core.formats.table import RUN_LENGTH, Table, find_tables
from sacmes_core.formats.techniques import technique_in

FORMAT: Final = "generic"

_FREQUENCY: Final = re.compile(
    r"^[#;%\s\"]*(?:swv\s+|sw\s+|square[ -]wave\s+)?freq(?:uency)?\s*(?:[(\[]\s*Hz\s*[)\]]|/\s*Hz)?"
    r"\"?\s*[:=,;\t]\s*\"?(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*(?:Hz)?\b",
    re.IGNORECASE,
)
_FREQUENCY_COLUMN: Final = re.compile(r"freq(?:uency)?\s*[(\[/]\s*Hz\s*[)\]]?", re.IGNORECASE)


def read_generic(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read every table of a text as a scan.

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
            curves, technique, flags = build_curves(table, technique, mapping)
        except FormatError:
            if scans:
                continue
            raise
        previous = table
        scans.append(
            Scan(
                curves=curves,
                technique=technique,
                format=FORMAT,
                frequency_hz=_frequency(table),
                index=len(scans),
                flags=flags,
                incomplete=CUT_SENTENCE if table.cut else None,
            )
        )
    if not scans:
        raise FormatError(
            f"No table of numbers was found (at least {RUN_LENGTH} lines with potential and "
            "current); export the scan as text columns, or set the columns in the reading settings."
        )
    return tuple(scans)


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
