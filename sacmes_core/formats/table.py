"""The blocks of numbers in a text: delimiter, decimal sign, heading, half-written lines."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.block import read_block
from sacmes_core.formats.layout import NUMBER, SEPARATORS, Layout
from sacmes_core.formats.scan import Decimal, Delimiter

RUN_LENGTH: Final = 5
"""Consecutive lines of equal shape that make a table."""

SEARCH_MAX: Final = 20_000
"""Lines without a table after which the search ends."""

TABLES_MAX: Final = 2_000

COLUMNS_MAX: Final = 1024

_WITH_COMMA: Final = re.compile(
    r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+(?:[eEdD][+-]?\d+)?", re.ASCII
)
_SEPARATOR_LINE: Final = re.compile(r"\s*sep=(.)\s*", re.IGNORECASE)
_NUMBER_BEGINS: Final = re.compile(r"\s*\"?[+-]?[.,\d]|\s*\"?[+-]$")
_COMMENT: Final = re.compile(r"\s*(?:[#%;]|//)")
_ORDER: Final[tuple[Delimiter, ...]] = ("tab", "semicolon", "comma", "space")
_DIGIT: Final = re.compile("[0-9]")
_ROW_LENGTH_MAX: Final = 24 * COLUMNS_MAX
_SHAPE_SAMPLE: Final = 64
_EXPONENT_DIGIT_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Table:
    """A block of numbers.

    Attributes
    ----------
    columns
        One list of equal length for each column; None where a cell is empty, nan where it holds a
        word in place of a number, None in columns of words.
    numeric
        Whether the column held numbers where the table begins.
    gapless
        Whether the column has a finite number in every row.
    above
        Non-blank lines above the table, nearest first, at most 200.
    first_line, end_line
        Lines of the text that the table spans, from 0, the end excluded.
    cut
        Whether the text ended within the table's last line, which was left out.
    """

    layout: Layout
    columns: tuple[tuple[float | None, ...], ...]
    numeric: tuple[bool, ...]
    gapless: tuple[bool, ...]
    above: tuple[str, ...]
    first_line: int
    end_line: int
    cut: bool


def find_tables(
    lines: Sequence[str], delimiter: Delimiter | None = None, decimal: Decimal | None = None
) -> Iterator[Table]:
    """Yield the blocks of numbers in a text, one after the other.

    Parameters
    ----------
    lines
        The lines without their ends; the last one is empty if the text ended with a line end.
    delimiter, decimal
        Set by a person; None to find them.
    """
    if lines and delimiter is None and (match := _SEPARATOR_LINE.fullmatch(lines[0])):
        named = {separator: name for name, separator in SEPARATORS.items()}
        delimiter = named.get(match[1])
    start = count = 0
    while (found := _first_run(lines, start, delimiter, decimal)) is not None:
        first, layout = found
        above = [lines[i] for i in range(first - 1, max(start, first - 400) - 1, -1)]
        table = table_at(lines, first, layout, above)
        if table is None:
            return
        yield table
        count += 1
        if count > TABLES_MAX:
            raise FormatError(
                f"The file holds more than {TABLES_MAX:,} tables of numbers; export one scan, or "
                "one series of scans, into each file."
            )
        start = table.end_line
        delimiter, decimal = table.layout.delimiter, table.layout.decimal


def table_at(
    lines: Sequence[str], first: int, layout: Layout, above: Sequence[str]
) -> Table | None:
    """The block of numbers that begins in a given line; None if not one whole line is there.

    Parameters
    ----------
    above
        The lines above it, nearest first.
    """
    head = layout.cells(lines[first]) if first < len(lines) else []
    numeric = tuple(map(layout.is_number, head))
    last = len(lines) - 1
    whole = last > first and lines[last] != "" and last_line_whole(lines, first, layout, len(head))
    block = read_block(lines, first, len(lines) if whole else last, layout, numeric)
    if block.end == first:
        return None
    # Behind the last full line may stand the beginning of another one.
    cut = block.end == last and (
        _NUMBER_BEGINS.match(lines[last]) is not None
        or (lines[last] != "" and read_block(lines, last, last + 1, layout, numeric).end > last)
    )
    return Table(
        layout=layout,
        columns=block.columns,
        numeric=numeric,
        gapless=block.gapless,
        above=tuple(line for line in above if line.strip())[:200],
        first_line=first,
        end_line=len(lines) if cut else block.end,
        cut=cut,
    )


def last_line_whole(lines: Sequence[str], first: int, layout: Layout, width: int) -> bool:
    """Whether a last line without a line end surely has all its digits.

    It has if its last cell is written just like those above it: with a fixed count of decimals,
    or with an exponent that cannot have lost a digit.
    """
    cells = layout.cells(lines[-1])
    if len(cells) != width:
        return False
    if lines[-1].endswith((" ", "\t", layout.separator or " ")):
        return True
    sample = [layout.cells(line) for line in lines[max(first, len(lines) - _SHAPE_SAMPLE) : -1]]
    others = [cells[-1] for cells in sample if len(cells) == width]
    if not layout.is_number(cells[-1]):
        return len(others) >= RUN_LENGTH and not any(NUMBER.fullmatch(cell) for cell in others)
    return len(others) >= RUN_LENGTH and _written_alike(cells[-1], others)


def uncomment(line: str) -> str:
    """The line without a comment sign at its start."""
    match = _COMMENT.match(line)
    return line[match.end() :].strip() if match else line.strip()


def _first_run(
    lines: Sequence[str], start: int, delimiter: Delimiter | None, decimal: Decimal | None
) -> tuple[int, Layout] | None:
    delimiters = _ORDER if delimiter is None else (delimiter,)
    last = min(len(lines) - RUN_LENGTH, start + SEARCH_MAX)
    k = start
    while k <= last:
        if not _may_hold_numbers(lines[k]):
            k += 1
            continue
        run = lines[k : k + RUN_LENGTH]
        # The last of the lines decides first: most places fail there, which lets us skip ahead.
        if not _may_hold_numbers(run[-1]):
            k += RUN_LENGTH if not run[-1].strip() else 1
            continue
        layouts = [
            (score[0], -order, score[1], layout)
            for order, name in enumerate(delimiters)
            if (layout := Layout(name, decimal or _decimal(run, name)))
            and (score := _score(run, layout))
        ]
        if layouts:
            layout = max(layouts, key=lambda item: item[:3])[3]
            _refuse_ambiguous_commas(run, layout, decimal)
            return k, layout
        k += 1
    return None


def _may_hold_numbers(line: str) -> bool:
    return bool(_DIGIT.search(line)) and len(line) <= _ROW_LENGTH_MAX and not _COMMENT.match(line)


def _decimal(run: Sequence[str], delimiter: Delimiter) -> Decimal:
    if delimiter == "comma" and not any('"' in line for line in run):
        return "point"
    layout = Layout(delimiter, "point")
    cells = [cell for line in run for cell in layout.cells(line)]
    commas = sum(1 for cell in cells if _WITH_COMMA.fullmatch(cell))
    points = sum(1 for cell in cells if "." in cell and NUMBER.fullmatch(cell))
    return "comma" if commas > points else "point"


def _score(run: Sequence[str], layout: Layout) -> tuple[bool, int] | None:
    """Whether all cells are numbers and how many columns of numbers there are, or None."""
    shapes = []
    for line in run:
        cells = layout.cells(line)
        if not 2 <= len(cells) <= COLUMNS_MAX:
            return None
        shapes.append(tuple(map(layout.is_number, cells)))
    if len(set(shapes)) > 1:
        widths = Counter(len(shape) for shape in shapes)
        # Ragged columns and empty cells: what counts is that the first columns are the same.
        if len(widths) > 1 or sum(map(all, zip(*shapes, strict=True))) < 2:
            return None
    numbers = sum(map(all, zip(*shapes, strict=True)))
    if numbers < 2:
        return None
    return numbers == len(shapes[0]), numbers


def _refuse_ambiguous_commas(run: Sequence[str], layout: Layout, decimal: Decimal | None) -> None:
    if layout.delimiter != "comma" or decimal is not None or any('"' in line for line in run):
        return
    cells = [cell for line in run for cell in line.split(",")]
    width = len(run[0].split(","))
    fractions = [cell for line in run for cell in line.split(",")[1::2]]
    if (
        width % 2 == 0
        and width >= 4
        and not any("." in cell for cell in cells)
        and all(re.fullmatch(r"\d+(?:[eE][+-]?\d+)?\s*", cell) for cell in fractions)
    ):
        raise FormatError(
            "Commas stand both between columns and inside numbers, so the numbers cannot be told "
            "apart; export with semicolons or tabs between the columns, or with decimal points."
        )


def _written_alike(text: str, others: Sequence[str]) -> bool:
    mantissa, exponent = _parts(text)
    parts = [_parts(other) for other in others]
    if exponent:
        widths = {len(other) for _, other in parts if other}
        if not widths:
            return False
        if min(widths) >= 2:
            return len(exponent) >= min(widths)
        return len(exponent) > 1 or int(exponent) >= _EXPONENT_DIGIT_MIN
    decimals = {
        len(re.split("[.,]", other)[-1]) if re.search("[.,]", other) else 0 for other, _ in parts
    }
    if any(other for _, other in parts) or len(decimals) > 1:
        return False
    own = len(re.split("[.,]", mantissa)[-1]) if re.search("[.,]", mantissa) else 0
    return own > 0 and decimals == {own}


def _parts(text: str) -> tuple[str, str]:
    """Mantissa and digits of the exponent."""
    mantissa, _, exponent = re.sub("[dDE]", "e", text).partition("e")
    return mantissa, exponent.lstrip("+-")
