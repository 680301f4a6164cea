"""How a line of text splits into cells, and how a cell reads as a number."""

import csv
import math
import re
from dataclasses import dataclass
from typing import Final

from sacmes_core.formats.scan import Decimal, Delimiter

SEPARATORS: Final[dict[Delimiter, str | None]] = {
    "tab": "\t",
    "semicolon": ";",
    "comma": ",",
    "space": None,
}
"""The sign of each delimiter; None for blanks, of which any number is one delimiter."""

NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?", re.ASCII)
_COMMA_NUMBER: Final = re.compile(r"[+-]?(?:\d+,?\d*|,\d+)(?:[eEdD][+-]?\d+)?", re.ASCII)
_GROUPS: Final = r"[+-]?\d{1,3}(?:[%s\u00a0\u2009\u202f'’]\d{3})+"
_GROUPED: Final = re.compile(_GROUPS % "," + r"(?:\.\d*)?", re.ASCII)
_COMMA_GROUPED: Final = re.compile(_GROUPS % "." + r"(?:,\d*)?", re.ASCII)
"""Numbers whose thousands are grouped."""
_NOT_A_NUMBER: Final = re.compile(r"[+-]?(?:nan|inf|infinity|1\.#\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a line splits into cells and a cell reads as a number."""

    delimiter: Delimiter
    decimal: Decimal

    @property
    def separator(self) -> str | None:
        """The sign between two cells; None for blanks."""
        return SEPARATORS[self.delimiter]

    def cells(self, line: str) -> list[str]:
        """The cells of a line, without blanks and quotes, trailing delimiters left out."""
        separator = self.separator
        if '"' in line:
            cells = _quoted_cells(line, separator)
        elif separator is None:
            cells = line.split()
        else:
            cells = [cell.strip() for cell in line.split(separator)]
        while cells and not cells[-1]:
            cells.pop()
        return cells

    def number(self, cell: str) -> float | None:
        """The number in a cell, nan for the instrument's own nan, None if it holds none.

        A number such as 1,234 between decimal points, which may be of either, is nan as well.
        """
        if self.decimal == "comma":
            if _COMMA_NUMBER.fullmatch(cell):
                return _finite(cell.replace(",", "."))
        elif NUMBER.fullmatch(cell):
            return _finite(cell)
        if self._is_grouped(cell):
            point, other = (",", ".") if self.decimal == "comma" else (".", ",")
            whole, found, decimals = cell.partition(point)
            if not found and other in whole:
                return math.nan
            return float(re.sub(r"[^\d+-]", "", whole) + "." + (decimals or "0"))
        return math.nan if _NOT_A_NUMBER.fullmatch(cell) else None

    def is_number(self, cell: str) -> bool:
        """Whether `number` finds one in a cell."""
        plain = _COMMA_NUMBER if self.decimal == "comma" else NUMBER
        return bool(
            plain.fullmatch(cell) or _NOT_A_NUMBER.fullmatch(cell) or self._is_grouped(cell)
        )

    def _is_grouped(self, cell: str) -> bool:
        return bool((_COMMA_GROUPED if self.decimal == "comma" else _GROUPED).fullmatch(cell))


def _quoted_cells(line: str, separator: str | None) -> list[str]:
    try:
        rows = list(csv.reader([line], delimiter=separator or " ", skipinitialspace=True))
    except csv.Error:
        return []
    return [cell.strip() for cell in rows[0]] if rows else []


def _finite(text: str) -> float:
    value = float(text.replace("D", "E").replace("d", "e"))
    return value if math.isfinite(value) else math.nan
