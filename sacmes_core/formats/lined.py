"""Lines of an instrument whose form somebody described: which lines, and which numbers in them.

The description's regular expressions stay with the agent that has them. What travels with the bytes
is what they found: the lines that hold data, and which number of such a line is what.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sacmes_core.errors import FormatError
from sacmes_core.flags import LINES_LOST
from sacmes_core.formats.curves import Points, curves_of, divisor, expect_scans
from sacmes_core.formats.gaps import lost_points
from sacmes_core.formats.scan import (
    PULSE_TECHNIQUES,
    TIME_TECHNIQUES,
    ColumnMapping,
    Curve,
    Role,
    Scan,
)

FORMAT: Final = "lines"
SUSPECT_SHARE: Final = 0.05
"""Share of the lines that may be unreadable before the scan is flagged."""

NUMBER: Final = re.compile(
    r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|(?<![a-z])[+-]?(?:nan|inf)(?![a-z])", re.IGNORECASE
)
"""What counts as a number in a line."""

QUANTITIES: Final = ("potential", "current", "forward", "reverse", "time", "channel")

_ROLES: Final[Mapping[str, Role]] = {"forward": "forward", "reverse": "reverse"}
_LINES_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class LineReading:
    """How the lines of one recording are read.

    Attributes
    ----------
    numbers
        Which number of a line, counted from 1, is which of `QUANTITIES`.
    potential_scale, current_scale, time_scale
        What one unit of the line is in V, A and s.
    lines
        First and last line, counted from 1, of each stretch of data.
    bad_lines
        Lines among the data that could not be read.
    """

    technique: str
    numbers: Mapping[str, int]
    lines: tuple[tuple[int, int], ...]
    potential_scale: float = 1.0
    current_scale: float = 1.0
    time_scale: float = 1.0
    bad_lines: int = 0

    def to_text(self) -> str:
        """As it travels with an upload."""
        return json.dumps(
            {
                "technique": self.technique,
                "numbers": dict(self.numbers),
                "potential_scale": self.potential_scale,
                "current_scale": self.current_scale,
                "time_scale": self.time_scale,
                "bad_lines": self.bad_lines,
                "lines": self.lines,
            },
            separators=(",", ":"),
        )


def reading_from_text(text: str) -> LineReading:
    """Read what travelled with an upload.

    Raises
    ------
    FormatError
        If it is damaged.
    """
    try:
        document = json.loads(text)
        numbers = {str(name): _count(k) for name, k in document["numbers"].items()}
        lines = tuple((_count(first), _count(last)) for first, last in document["lines"])
        scales = {
            name: _scale(document.get(name, 1.0))
            for name in ("potential_scale", "current_scale", "time_scale")
        }
        bad = document.get("bad_lines", 0)
        reading = LineReading(
            str(document["technique"]), numbers, lines, bad_lines=int(bad), **scales
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise _damaged() from None
    if not numbers.keys() <= set(QUANTITIES) or not numbers.keys() & {"current", "forward"}:
        raise _damaged()
    return reading


def read_lined(lines: Sequence[str], reading: LineReading, mapping: ColumnMapping) -> Scan:
    """Read the one scan of a recording.

    Raises
    ------
    FormatError
        If it has too few points.
    """
    rows = [row for line in _chosen(lines, reading) if (row := _row(line, reading)) is not None]
    curves = _curves(rows, reading, invert=mapping.invert_current)
    bad = reading.bad_lines + sum(last - first + 1 for first, last in reading.lines) - len(rows)
    suspect = bad > SUSPECT_SHARE * (bad + len(rows))
    flags = (LINES_LOST,) if suspect else lost_points(curves, reading.technique)
    scan = Scan(curves, reading.technique, FORMAT, flags=flags)
    expect_scans([scan])
    return scan


def _chosen(lines: Sequence[str], reading: LineReading) -> list[str]:
    return [line for first, last in reading.lines for line in lines[first - 1 : last]]


def _row(line: str, reading: LineReading) -> dict[str, float] | None:
    found = [match[0] for match in NUMBER.finditer(line)]
    if max(reading.numbers.values()) > len(found):
        return None
    return {name: float(found[k - 1]) for name, k in reading.numbers.items()}


def _curves(
    rows: Sequence[Mapping[str, float]], reading: LineReading, *, invert: bool
) -> tuple[Curve, ...]:
    over_time = reading.technique in TIME_TECHNIQUES
    single: Role = "difference" if reading.technique in PULSE_TECHNIQUES else "total"
    potential_by, time_by = divisor(reading.potential_scale), divisor(reading.time_scale)
    current_by = divisor(reading.current_scale) * (-1.0 if invert else 1.0)
    points: Points = {}
    for row in rows:
        potential_v = row.get("potential", math.nan) / potential_by
        time_s = row.get("time", math.nan) / time_by
        if not math.isfinite(time_s if over_time else potential_v):
            continue
        electrode = int(row.get("channel", 1.0))
        for name, role in (("current", single), *_ROLES.items()):
            if name in row:
                current_a = row[name] / current_by
                value = current_a if math.isfinite(current_a) else math.nan
                points.setdefault((electrode, role), []).append((potential_v, value, time_s))
        if {"forward", "reverse"} <= row.keys() and "current" not in row:
            difference = (row["forward"] - row["reverse"]) / current_by
            points.setdefault((electrode, single), []).append((potential_v, difference, time_s))
    return curves_of(points)


def _count(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= _LINES_MAX:
        raise ValueError
    return value


def _scale(value: Any) -> float:
    scale = float(value)
    if not 1e-15 <= abs(scale) <= 1e6:
        raise ValueError
    return scale


def _damaged() -> FormatError:
    return FormatError(
        "What the agent said of the form of these lines cannot be read; set the columns and units "
        "in the reading settings."
    )
