"""PalmSens PSTrace and PStouch .csv files: pairs of columns, one pair for each curve."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.completeness import CUT_SENTENCE
from sacmes_core.formats.curves import divisor
from sacmes_core.formats.dates import date_of_any_order
from sacmes_core.formats.decode import first_line
from sacmes_core.formats.generic import read_generic
from sacmes_core.formats.headings import Heading, parse_heading
from sacmes_core.formats.layout import Layout
from sacmes_core.formats.palmsens import TitledCurve, gather_scans
from sacmes_core.formats.scan import (
    CURRENT_UNITS,
    POTENTIAL_UNITS,
    ColumnMapping,
    Decimal,
    Delimiter,
    Scan,
)
from sacmes_core.formats.table import last_line_whole

FORMAT: Final = "pstrace"

_HEADER_MAX: Final = 400
_DELIMITERS: Final[tuple[tuple[Delimiter, str], ...]] = (
    ("comma", ","),
    ("semicolon", ";"),
    ("tab", "\t"),
)
_FIRST: Final = re.compile(r"\"?(?:Date and time|File date):")
_NAMED: Final = re.compile(r"Measurement:[,;\t]\s*(.+)")
_UNITS: Final = re.compile(r"(?:^|[,;\t])[\s\"]*(?:[^\W\d_]{0,2}V|m?s)[\s\"]*[,;\t]")
_TECHNIQUE: Final = re.compile(r"Technique:[,;\t]\s*\"?([A-Za-z ]{2,60})")
_COMMA_CELL: Final = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")

_Columns = list[list[tuple[float | None, float | None]]]


def is_pstrace(lines: Sequence[str]) -> bool:
    """Whether the first line is that of a PSTrace or PStouch export."""
    return bool(_FIRST.match(first_line(lines)))


def read_pstrace(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read a PSTrace .csv file; its curves stand side by side.

    Raises
    ------
    FormatError
        If no pair of columns is a potential, or a time, and a current.
    """
    if mapping.says_anything_of_columns or mapping.delimiter or mapping.decimal:
        return read_generic(lines, mapping)
    for k, line in enumerate(lines[:_HEADER_MAX]):
        if not _UNITS.search(line):
            continue
        for delimiter, sign in _DELIMITERS:
            units = [parse_heading(f"({cell.strip()})") for cell in line.split(sign)]
            pairs = _pairs(units)
            if not pairs:
                continue
            if sum(unit.quantity == "current" for unit in units) > len(pairs):
                # Several currents share a potential.
                return tuple(replace(s, format=FORMAT) for s in read_generic(lines, mapping))
            curves = _curves(lines, k, delimiter, (units, pairs), mapping)
            return gather_scans(curves, FORMAT, mapping)
    named = next((m[1] for line in lines[:_HEADER_MAX] if (m := _NAMED.match(line))), None)
    what = f" of “{named.strip(' ,;')}”" if named else ""
    raise FormatError(
        f"The PalmSens file holds a measurement{what} without columns of V and A side by side, so "
        "it is no voltammogram; choose the files of a square-wave or cyclic voltammogram."
    )


def _pairs(units: Sequence[Heading]) -> list[int]:
    """Where pairs of an axis and a current begin; none in what is measured at a set current."""
    quantities = [unit.quantity for unit in units]
    pairs = {n: tuple(quantities[n : n + 2]) for n in range(0, len(quantities) - 1, 2)}
    axes = ["potential"] if ("time", "potential") in pairs.values() else ["potential", "time"]
    return [n for n, (axis, value) in pairs.items() if axis in axes and value == "current"]


def _curves(
    lines: Sequence[str],
    unit_line: int,
    delimiter: Delimiter,
    found: tuple[Sequence[Heading], Sequence[int]],
    mapping: ColumnMapping,
) -> Iterator[TitledCurve]:
    units, pairs = found
    sign = dict(_DELIMITERS)[delimiter]
    dates = lines[unit_line - 1].split(sign) if unit_line >= 1 else []
    titles = lines[unit_line - 2].split(sign) if unit_line >= 2 else []
    named = next((m[1] for line in lines[:unit_line] if (m := _TECHNIQUE.match(line))), "")
    columns, cut = _columns(lines, unit_line + 1, _layout(lines, unit_line, delimiter), pairs)
    for n, rows in zip(pairs, columns, strict=True):
        over_time = units[n].quantity == "time"
        unit = None if over_time else mapping.potential_unit
        axis_by = divisor(_scale(units[n], unit, POTENTIAL_UNITS))
        current_by = divisor(_scale(units[n + 1], mapping.current_unit, CURRENT_UNITS))
        points = [(x, i) for x, i in rows if x is not None and i is not None and x == x]
        axis = tuple(x / axis_by for x, _ in points)
        reaches_the_end = bool(rows) and rows[-1] != (None, None)
        yield TitledCurve(
            title=" ".join(part for part in (_cell(titles, n), named.strip()) if part),
            potential_v=(math.nan,) * len(axis) if over_time else axis,
            time_s=axis if over_time else None,
            current_a=tuple(i / current_by for _, i in points),
            measured_at=_date(_cell(dates, n + 1)),
            incomplete=CUT_SENTENCE if cut and (reaches_the_end or not rows) else None,
        )


def _columns(
    lines: Sequence[str], first: int, layout: Layout, pairs: Sequence[int]
) -> tuple[_Columns, bool]:
    """The pairs of numbers of each curve, and whether the last line is cut and left out."""
    columns: _Columns = [[] for _ in pairs]
    for k in range(first, len(lines)):
        cells = layout.cells(lines[k])
        row = [layout.number(cell) for cell in cells]
        if all(value is None for value in row):
            if lines[k].strip(" ,;\t"):
                break
            continue
        if k == len(lines) - 1 and not (
            len(cells) == len(layout.cells(lines[k - 1]))
            and last_line_whole(lines, first, layout, len(cells))
        ):
            return columns, True
        row += [None] * (pairs[-1] + 2 - len(row))
        for n, column in zip(pairs, columns, strict=True):
            column.append((row[n], row[n + 1]))
    return columns, False


def _layout(lines: Sequence[str], unit_line: int, delimiter: Delimiter) -> Layout:
    sign = dict(_DELIMITERS)[delimiter]
    cells = [cell.strip() for line in lines[unit_line + 1 :][:20] for cell in line.split(sign)]
    commas = delimiter != "comma" and any(_COMMA_CELL.fullmatch(cell) for cell in cells)
    decimal: Decimal = "comma" if commas else "point"
    return Layout(delimiter, decimal)


def _cell(cells: Sequence[str], n: int) -> str:
    return cells[n].strip(' "') if n < len(cells) else ""


def _scale(unit: Heading, named: str | None, table: Mapping[str, float]) -> float | None:
    return unit.scale if named is None else table[named]


def _date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        date, _, time = text.partition(" ")
        return date_of_any_order(date, time)
