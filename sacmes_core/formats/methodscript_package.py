"""The language of one line of a MethodSCRIPT instrument: a data package and its values."""

import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_ZERO: Final = 0x8000000
_ZERO_DIGITS: Final = f"{_ZERO:X}"
_PREFIXES: Final = {
    "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, " ": 0, "i": 0,
    "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_VARIABLE: Final = re.compile(r"([a-z]{2})(?:([0-9A-F]{7})([afpnumkMGTPEi ]?)|( {5}nan))")
_GLUED: Final = re.compile(r"P[a-z]{2}(?:[0-9A-F]{7}| {5}nan)")
_METADATA: Final = re.compile(r"1([0-9A-Fa-f])")


class Variable(NamedTuple):
    """One value of a data package; nan where the instrument had none.

    Attributes
    ----------
    status
        Bits: 1 timing not met, 2 overload, 4 underload, 8 overload warning.
    """

    type: str
    value: float
    status: int = 0


def parse_package(line: str) -> tuple[Variable, ...] | None:
    """Read a data package such as ``Pda7F85F3Fu;ba48D503Dp,10,288``; None if it is damaged.

    Only the line's end may have been taken off: the prefix of a zero is a blank.
    """
    if not line.startswith("P") or _GLUED.search(line, 1):
        return None
    variables = []
    for text in line[1:].split(";"):
        head, *metadata = text.split(",")
        match = _VARIABLE.fullmatch(head)
        if match is None:
            return None
        kind, digits, prefix, missing = match.groups()
        # The blank prefix of a zero is lost where a terminal strips its lines.
        if prefix == "" and digits != _ZERO_DIGITS:
            return None
        value = math.nan if missing else _value(digits, prefix or " ")
        variables.append(Variable(kind, value, _status(metadata) if metadata else 0))
    return tuple(variables)


def _value(digits: str, prefix: str) -> float:
    exponent = _PREFIXES[prefix]
    number = int(digits, 16) - _ZERO
    return number / 10.0**-exponent if exponent < 0 else number * 10.0**exponent


def _status(metadata: Sequence[str]) -> int:
    return next((int(m[1], 16) for text in metadata if (m := _METADATA.fullmatch(text))), 0)
