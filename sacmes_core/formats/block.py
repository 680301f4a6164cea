"""Many lines of numbers at a time: the fast way for regular lines, the patient one for others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final

from sacmes_core.formats.layout import Layout

_CHUNK_MIN: Final = 512
_CHUNK_MAX: Final = 8192
_NOT_IN_NUMBERS: Final = "nN_"
"""One of them is in all that ``float`` takes in ASCII but numbers: ``nan``, ``inf``, ``1_0``."""


@dataclass(frozen=True, slots=True)
class Block:
    """The numbers of consecutive lines.

    Attributes
    ----------
    columns
        One list of equal length for each column; None where a cell is empty, nan where it holds a
        word in place of a number, None in columns of words.
    gapless
        Whether a column has a finite number in every line.
    end
        Index of the line behind the last one.
    """

    columns: tuple[tuple[float | None, ...], ...]
    gapless: tuple[bool, ...]
    end: int


def read_block(
    lines: Sequence[str], start: int, stop: int, layout: Layout, numeric: Sequence[bool]
) -> Block:
    """Read lines from one line on, until one does not belong to the block.

    Parameters
    ----------
    stop
        Index of the line to stop before.
    numeric
        For each column whether it should hold numbers; the others are passed over.
    """
    parts: list[Sequence[Sequence[float | None]]] = []
    regular = True
    size, k = _CHUNK_MIN, start
    while k < stop:
        chunk = lines[k : min(k + size, stop)]
        columns = _regular(chunk, layout, numeric)
        if columns is None and 0 < (length := _before_words(chunk)) < len(chunk):
            chunk = chunk[:length]
            columns = _regular(chunk, layout, numeric)
        rows_read = len(chunk)
        if columns is None:
            rows = _irregular(chunk, layout, numeric)
            rows_read = len(rows)
            columns = list(zip(*rows, strict=True))
            regular = regular and not rows
        if rows_read:
            parts.append(columns)
            k += rows_read
        if rows_read < len(chunk):
            break
        size = min(2 * size, _CHUNK_MAX)
    joined: tuple[tuple[float | None, ...], ...] = ((),) * len(numeric)
    if len(parts) == 1:
        joined = tuple(map(tuple, parts[0]))
    elif parts:
        joined = tuple(tuple(chain.from_iterable(column)) for column in zip(*parts, strict=True))
    return Block(joined, tuple(numeric if regular else map(_is_gapless, joined)), k)


def _regular(
    lines: Sequence[str], layout: Layout, numeric: Sequence[bool]
) -> Sequence[Sequence[float | None]] | None:
    """The columns of lines that all have a finite number where there should be one, else None."""
    separator = layout.separator
    if separator is None or not all(numeric):
        return _regular_by_columns(lines, layout, numeric)
    if lines[0].endswith(separator):
        if not all(line.endswith(separator) for line in lines):
            return None
        lines = [line[:-1] for line in lines]
    found = _by_cells(lines, separator, layout, len(numeric))
    return found or _regular_by_columns(lines, layout, numeric)


def _by_cells(
    lines: Sequence[str], separator: str, layout: Layout, width: int
) -> Sequence[Sequence[float | None]] | None:
    """The columns of lines that can be split all at once, as most can; else None."""
    cells = _cells(f"\n{separator}".join(lines), separator, layout)
    columns = [cells[k::width] for k in range(width)]
    # As many cells as there should be, and each line ends where the last column does.
    if len(cells) != width * len(lines) or "".join(columns[-1]).count("\n") != len(lines) - 1:
        return None
    found = [_known_floats("\n".join(columns[0])), *map(_floats, columns[1:])]
    known = [column for column in found if column is not None]
    return known if len(known) == width else None


def _regular_by_columns(
    lines: Sequence[str], layout: Layout, numeric: Sequence[bool]
) -> Sequence[Sequence[float | None]] | None:
    rows = [line.split(layout.separator) for line in lines]
    widths = set(map(len, rows))
    if widths == {len(numeric) + 1} and not any(row[-1].strip() for row in rows):
        rows = [row[:-1] for row in rows]
    elif widths != {len(numeric)}:
        return None
    columns: list[Sequence[float | None]] = []
    for cells, is_numeric in zip(zip(*rows, strict=True), numeric, strict=True):
        if is_numeric:
            values = _floats(_cells("\n".join(cells), "\n", layout))
            if values is None:
                return None
            columns.append(values)
        else:
            columns.append([None] * len(rows))
    return columns


def _cells(text: str, separator: str, layout: Layout) -> list[str]:
    """The cells of a text with decimal points; none if they may be no plain numbers."""
    if not text.isascii() or any(sign in text for sign in _NOT_IN_NUMBERS):
        return []
    if layout.decimal == "comma":
        if separator == "," or "." in text:
            return []
        text = text.replace(",", ".")
    return text.split(separator)


def _floats(cells: Sequence[str]) -> tuple[float, ...] | None:
    """The numbers of plain cells; None unless all of them are finite."""
    try:
        values = tuple(map(float, cells))
    except ValueError:
        return None
    return values if values and math.isfinite(sum(values)) else None


# The scans of a run share their potentials, or their times.
@lru_cache(maxsize=8)
def _known_floats(text: str) -> tuple[float, ...] | None:
    """The numbers of plain cells, one a line."""
    return _floats(text.split("\n"))


def _before_words(lines: Sequence[str]) -> int:
    """How many lines stand before the first that is blank or begins with a letter."""
    return next(
        (k for k, line in enumerate(lines) if not line.strip() or line.lstrip()[0].isalpha()),
        len(lines),
    )


def _irregular(
    lines: Sequence[str], layout: Layout, numeric: Sequence[bool]
) -> list[list[float | None]]:
    """The rows of the lines up to the first that does not belong to the block."""
    rows = []
    for line in lines:
        row = _row(line, layout, numeric)
        if row is None:
            break
        rows.append(row)
    return rows


def _row(line: str, layout: Layout, numeric: Sequence[bool]) -> list[float | None] | None:
    """The numbers of a line, or None if it has too few of them or too many cells."""
    width = len(numeric)
    cells = layout.cells(line) if line else []
    row = [layout.number(cell) for cell in cells]
    if len(row) > width and all(value is None for value in row[width:]):
        del row[width:]
    if not 2 <= len(row) <= width:
        return None
    expected = [value for value, is_numeric in zip(row, numeric, strict=False) if is_numeric]
    if sum(value is not None for value in expected) * 2 < max(1, len(expected)):
        return None
    # A word in place of a number is a number that the instrument could not give.
    row = [
        math.nan if value is None and is_numeric and cell[:1].isalpha() else value
        for value, is_numeric, cell in zip(row, numeric, cells, strict=False)
    ]
    row.extend([None] * (width - len(row)))
    return row


def _is_gapless(column: Sequence[float | None]) -> bool:
    return None not in column and math.isfinite(sum(column))  # type: ignore[arg-type]
