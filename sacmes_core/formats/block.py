"""Many lines of numbers at a time: the fast way for regular lines, the patient one for others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sacmes_core.formats.layout import Layout

_CHUNK: Final = 512
_PLAIN: Final = b"0123456789+-.eE \t\n"
"""All that numbers are written with: what is made of it alone and reads as floats is finite
numbers, while ``float`` would also take ``nan``, ``1_0`` and digits of other scripts."""


@dataclass(frozen=True, slots=True)
class Block:
    """The numbers of consecutive lines.

    Attributes
    ----------
    columns
        One list of equal length for each column; None where a cell is empty or text.
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
    columns: list[list[float | None]] = [[] for _ in numeric]
    regular = True
    k = start
    while k < stop:
        chunk = lines[k : min(k + _CHUNK, stop)]
        values = _regular(chunk, layout, numeric)
        if values is None and 0 < (length := _before_words(chunk)) < len(chunk):
            chunk = chunk[:length]
            values = _regular(chunk, layout, numeric)
        if values is None:
            rows = _irregular(chunk, layout, numeric)
            regular = regular and not rows
            values = list(zip(*rows, strict=True))
            ended = len(rows) < len(chunk)
        else:
            ended = False
        for column, part in zip(columns, values, strict=False):
            column.extend(part)
        k += len(values[0]) if values else 0
        if ended:
            break
    gapless = numeric if regular else map(_is_gapless, columns)
    return Block(tuple(map(tuple, columns)), tuple(gapless), k)


def _regular(
    lines: Sequence[str], layout: Layout, numeric: Sequence[bool]
) -> Sequence[Sequence[float | None]] | None:
    """The columns of lines that all have a finite number where there should be one, else None."""
    separator = layout.separator
    width = len(numeric)
    text = "\n".join(lines)
    if '"' in text:
        return None
    if layout.decimal == "comma":
        if "." in text or separator == ",":
            return None
        text = text.replace(",", ".")
    if separator is None or not all(numeric):
        return _regular_by_columns(text.split("\n"), separator, numeric)
    counts = {line.count(separator) for line in lines}
    if counts == {width} and text.count(separator + "\n") == len(lines) - 1:
        text = text.replace(separator + "\n", "\n").removesuffix(separator)
        counts = {width - 1} if text.count(separator) == (width - 1) * len(lines) else counts
    if counts != {width - 1}:
        return None
    values = _floats(text.replace("\n", separator).split(separator))
    return None if values is None else [values[k::width] for k in range(width)]


def _regular_by_columns(
    lines: Sequence[str], separator: str | None, numeric: Sequence[bool]
) -> Sequence[Sequence[float | None]] | None:
    rows = [line.split(separator) for line in lines]
    widths = set(map(len, rows))
    if widths == {len(numeric) + 1} and not any(row[-1].strip() for row in rows):
        rows = [row[:-1] for row in rows]
    elif widths != {len(numeric)}:
        return None
    columns: list[Sequence[float | None]] = []
    for cells, is_numeric in zip(zip(*rows, strict=True), numeric, strict=True):
        values = _floats(cells) if is_numeric else [None] * len(rows)
        if values is None:
            return None
        columns.append(values)
    return columns


def _floats(cells: Sequence[str]) -> list[float] | None:
    """The numbers of cells; None unless all of them are finite numbers."""
    text = "\n".join(cells)
    if not text.isascii() or text.encode().translate(None, _PLAIN):
        return None
    try:
        values = list(map(float, cells))
    except ValueError:
        return None
    return values if math.isfinite(sum(values)) else None


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
    row = layout.numbers(line) if line else []
    if len(row) > width and all(value is None for value in row[width:]):
        del row[width:]
    if not 2 <= len(row) <= width:
        return None
    expected = [value for value, is_numeric in zip(row, numeric, strict=False) if is_numeric]
    if sum(value is not None for value in expected) * 2 < max(1, len(expected)):
        return None
    row.extend([None] * (width - len(row)))
    return row


def _is_gapless(column: Sequence[float | None]) -> bool:
    return None not in column and math.isfinite(sum(column))  # type: ignore[arg-type]
