"""The lines of headings above a table: which of them names the columns, and how it splits."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.headings import Heading, is_unit_row, parse_heading
from sacmes_core.formats.layout import Layout
from sacmes_core.formats.table import Table, uncomment

_LINES_ABOVE: Final = 6


def find_headings(table: Table) -> tuple[Heading, ...]:
    """The headings above a table, one for each column; all unknown if there are none."""
    indexed = counts_up(table.columns[0])
    return _headings(table.above[:_LINES_ABOVE], table.layout, len(table.columns), indexed)


def counts_up(column: Sequence[float | None]) -> bool:
    """Whether a column is an index: whole numbers, each one more than the last."""
    values = (value for value in column if value is not None)
    first = next(values, 0.0)
    return first.is_integer() and all(value == first + k for k, value in enumerate(values, 1))


def refuse_unfitting_headings(table: Table, headings: Sequence[Heading]) -> None:
    """Refuse to guess where the headings name other quantities, or do not fit several columns."""
    if all(heading.quantity in ("other", "time") for heading in headings):
        names = next((uncomment(line) for line in table.above if not _is_prose(line)), "")
        raise FormatError(
            f"The columns “{names[:80]}” are neither potentials nor currents; choose the file of a "
            "voltammogram, or name the columns in the reading settings."
        )
    if len(table.columns) <= 2:
        return
    for line in table.above[:2]:
        for sign in ("\t", ";", ",", None):
            quantities = {parse_heading(cell).quantity for cell in uncomment(line).split(sign)}
            if {"potential", "current"} <= quantities:
                raise FormatError(
                    f"The headings “{line.strip()[:80]}” do not fit the {len(table.columns)} "
                    "columns; name the columns in the reading settings."
                )


# The scans of a run share their headings.
@lru_cache(maxsize=16)
def _headings(
    above: tuple[str, ...], layout: Layout, width: int, indexed: bool
) -> tuple[Heading, ...]:
    units: list[str] | None = None
    for line in above:
        if units is None:
            cells = _heading_cells(line, layout, width, indexed)
        else:
            # Above a row of units stand names in the same columns, or nothing of the table.
            names = layout.cells(line)
            cells = names if len(names) == width else None
        if cells is None:
            if units is None and _is_prose(line):
                continue
            break
        if units is None and is_unit_row(cells):
            units = cells
            continue
        if units is not None:
            cells = [
                f"{name} ({unit.strip(' ()[]')})" if unit.strip(" ()[]") else name
                for name, unit in zip(cells, units, strict=True)
            ]
        headings = tuple(map(parse_heading, cells))
        if any(heading.quantity != "unknown" for heading in headings):
            return headings
        break
    if units:
        return tuple(parse_heading(f"({unit})") for unit in units)
    return (Heading("unknown"),) * width


def _is_prose(line: str) -> bool:
    """Whether a line above the numbers may be skipped in the search for headings."""
    return not any(character.isalpha() for character in line)


def _heading_cells(line: str, layout: Layout, width: int, indexed: bool) -> list[str] | None:
    """The line as one heading for each column, or None if it does not fit."""
    plain = uncomment(line)
    by_blanks = [
        [cell.strip() for cell in re.split(r"\s{2,}|\t", plain)],
        re.findall(r"[^\s(\[]+(?:\s*[(\[][^)\]]*[)\]]\S*)*", plain),
    ]
    alike = [layout.cells(plain), layout.cells(line)]
    others = [[cell.strip() for cell in plain.split(sign)] for sign in "\t;,"]
    if layout.separator is None:
        alike += by_blanks
    candidates = [*alike, *others, *by_blanks]
    fitting = (cells for cells in candidates if len(cells) == width)
    # Only headings that split like the numbers may be one more or one less.
    # One heading more than columns: some instruments name a time that they do not write.
    one_more = (cells[:width] for cells in alike if len(cells) == width + 1)
    # One less: R does not name the numbers of its rows, others not their last column.
    one_less = (
        ["", *cells] if indexed else [*cells, ""] for cells in alike if len(cells) == width - 1 > 1
    )
    return next(fitting, None) or next(one_more, None) or next(one_less, None)
