"""Recordings of a MethodSCRIPT instrument's serial line: EmStat Pico, EmStat4, Sensit, Nexus."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from sacmes_core.errors import FormatError
from sacmes_core.flags import LINES_LOST, OVERLOAD
from sacmes_core.formats.curves import Points, curves_of, expect_scans, turns
from sacmes_core.formats.gaps import lost_points
from sacmes_core.formats.methodscript_package import Variable, parse_package
from sacmes_core.formats.scan import (
    TIME_TECHNIQUES,
    ColumnMapping,
    Curve,
    Role,
    Scan,
    refuse_mapping,
)

FORMAT: Final = "methodscript"

_LOOP: Final = re.compile(r"e?M([0-9A-F]{4})\s*")
_ERROR: Final = re.compile(r"[A-Za-z]?!([0-9A-F]{4})(?::.*)?")
_HELD: Final = 0x7
_TECHNIQUES: Final = {
    0x0: "lsv", 0x1: "dpv", 0x2: "swv", 0x3: "npv", 0x4: "acv", 0x5: "cv", 0x10: "cv",
    0x7: "ca",
}  # fmt: skip
_OTHERS: Final = {
    0x8: "pulsed amperometry", 0xA: "chronopotentiometry",
    0xB: "open circuit potentiometry", 0xD: "impedance spectroscopy",
    0xE: "galvanostatic impedance spectroscopy",
}  # fmt: skip
_SIMPLE: Final = re.compile(r"[eLZlrhHY+*-]?|C[0-9A-Fa-f]{4}|T.*|[tivG].*|R\*?")
_LINES_SEARCHED: Final = 2_000
_FIRMWARE: Final = re.compile(r"t[a-z][a-z0-9_]{3,9}#.*")
_OVERLOADED: Final = 2
_SET, _MEASURED, _CURRENT, _SECOND, _CHANNEL, _TIME = (
    "da", "ab", "ba", "bb", "ea", "eb",
)  # fmt: skip
_DIFFERENCE_TOLERANCE: Final = 2e-3
_PULSED: Final[tuple[Role, ...]] = ("difference", "forward", "reverse")
_UNPULSED: Final[tuple[Role, ...]] = ("total",)


class _Point(NamedTuple):
    """What a data package says, in SI units; nan and None where it is silent."""

    electrode: int
    potential_v: float
    time_s: float
    currents_a: tuple[float, ...]
    second_current_a: float | None
    overloaded: bool


@dataclass(slots=True)
class _Loop:
    """One measurement loop, or one scan of a loop that repeats.

    ``stopped`` holds the line of an abort or of an error.
    """

    technique: int | None
    points: list[_Point] = field(default_factory=list)
    ended: bool = False
    stopped: str | None = None
    bad_lines: int = 0


def is_methodscript(lines: Sequence[str]) -> bool:
    """Whether the first line is an answer, or measurement loops and packages are there."""
    head = lines[:_LINES_SEARCHED]
    first = next((line for line in head if line.strip()), "")
    if _ERROR.fullmatch(first) or _FIRMWARE.fullmatch(first):
        return True
    packages = loops = 0
    for line in head:
        if not line.startswith(("P", "M", "eM")):
            continue
        packages += parse_package(line) is not None
        loops += _LOOP.fullmatch(line) is not None
        if packages >= 2 or (loops and packages):
            return True
    return False


def read_methodscript(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read every voltammogram of a recording.

    The channels of a multiplexer that are measured one after the other are electrodes of one scan.
    Columns of the mapping are the values of a data package, counted from 1.

    Raises
    ------
    FormatError
        If no measurement loop is a voltammogram of enough points.
    """
    refuse_mapping(mapping, "recording of a MethodSCRIPT instrument", of=("text", "units"))
    loops = _loops(lines, mapping)
    if not loops:
        answers = [line for line in lines if _ERROR.fullmatch(line)]
        error = f" the instrument answered {answers[0]!r};" if answers else ""
        raise FormatError(
            f"The recording of a MethodSCRIPT instrument holds no data;{error} correct the script "
            "and measure again."
        )
    scans: list[Scan] = []
    unreadable: FormatError | None = None
    for loop in _sweeps(loops):
        try:
            found = list(_scans(loop, mapping))
        except FormatError as error:
            unreadable = unreadable or error
            continue
        for scan in found:
            if scans and _joins(scans[-1], scan):
                scans[-1] = _joined(scans[-1], scan)
            elif scans and _goes_on(scans[-1], scan):
                scans[-1] = _gone_on(scans[-1], scan)
            else:
                scans.append(replace(scan, index=len(scans)))
    if unreadable is not None:
        if not scans:
            raise unreadable
        scans = [replace(scan, flags=_together(scan.flags, (LINES_LOST,))) for scan in scans]
    expect_scans(scans)
    return tuple(scans)


def _sweeps(loops: Sequence[_Loop]) -> Sequence[_Loop]:
    """The loops to read, of which there is at least one."""
    known = [loop for loop in loops if loop.technique is None or loop.technique in _TECHNIQUES]
    # Beside voltammograms chronoamperometry is the conditioning that goes before them.
    sweeps = [loop for loop in known if loop.technique != _HELD] or known
    if not sweeps:
        what = _OTHERS.get(loops[0].technique or 0, f"technique {loops[0].technique:04X}")
        raise FormatError(
            f"The recording holds {what}, which is no voltammogram; run a script with "
            "meas_loop_swv or meas_loop_cv."
        )
    return sweeps


def _point(package: Sequence[Variable]) -> _Point:
    channel, set_v, measured_v, time_s = 1.0, None, math.nan, math.nan
    second: float | None = None
    currents = []
    status = 0
    for kind, value, bits in package:
        status |= bits
        if kind == _CURRENT:
            currents.append(value)
        elif kind == _SET and set_v is None:
            set_v = value
        elif kind == _MEASURED and math.isnan(measured_v):
            measured_v = value
        elif kind == _TIME and math.isnan(time_s):
            time_s = value
        elif kind == _SECOND and second is None:
            second = value
        elif kind == _CHANNEL:
            channel = value
    electrode = int(channel) if 1 <= channel <= 256 else 1
    # The potential that was set is exact.
    potential_v = measured_v if set_v is None else set_v
    return _Point(
        electrode, potential_v, time_s, tuple(currents), second, bool(status & _OVERLOADED)
    )


def _mapped(point: _Point, package: Sequence[Variable], mapping: ColumnMapping) -> _Point:
    """The point with what the mapping says in place of what the types of the values say."""
    if not mapping.says_anything_of_columns:
        return point
    if mapping.column_spacing is not None:
        raise FormatError(
            "The recording of a MethodSCRIPT instrument names its channels itself; leave the "
            "distance of the currents' columns empty in the reading settings."
        )

    def value(column: int | None, default: float) -> float:
        if column is None:
            return default
        if column > len(package):
            raise FormatError(
                f"A data package has {len(package)} values, so there is no column {column}; "
                "correct the columns in the reading settings."
            )
        return package[column - 1].value

    currents_a, second_a = point.currents_a, point.second_current_a
    if mapping.current_column is not None:
        currents_a, second_a = (value(mapping.current_column, math.nan),), None
    return point._replace(
        potential_v=value(mapping.potential_column, point.potential_v),
        time_s=value(mapping.time_column, point.time_s),
        currents_a=currents_a,
        second_current_a=second_a,
    )


def _loops(lines: Sequence[str], mapping: ColumnMapping) -> list[_Loop]:
    loops = [_Loop(None)]
    running = False
    # A last line without its end may be the beginning of another number.
    for line in lines[:-1]:
        loop = loops[-1]
        if package := parse_package(line):
            loop.points.append(_mapped(_point(package), package, mapping))
        elif match := _LOOP.fullmatch(line):
            running = True
            loops.append(_Loop(int(match[1], 16)))
        elif line in ("*", "-"):
            loop.ended = True
            running = running and line == "-"
            loops.append(_Loop(loop.technique if running else None))
        elif line == "Z" or _ERROR.fullmatch(line):
            loop.stopped = line
        elif not _SIMPLE.fullmatch(line):
            loop.bad_lines += 1
    held = [loop for loop in loops if loop.points]
    if held and running:
        held[-1].ended = False
    return held


def _why_incomplete(loop: _Loop) -> str | None:
    if loop.stopped == "Z":
        return "The measurement was aborted."
    if loop.stopped is not None:
        return f"The instrument stopped with the error {loop.stopped}."
    if not loop.ended:
        return "The recording ends before the instrument said that the scan was finished."
    return None


def _scans(loop: _Loop, mapping: ColumnMapping) -> Iterator[Scan]:
    """One scan for each channel of a loop, in the order of their first packages."""
    channels: dict[int, list[_Point]] = {}
    for point in loop.points:
        channels.setdefault(point.electrode, []).append(point)
    for electrode, points in channels.items():
        technique = _technique(loop, points)
        curves = _curves(points, electrode, technique, -1.0 if mapping.invert_current else 1.0)
        if not curves:
            continue
        flags = [LINES_LOST] if loop.bad_lines else [*lost_points(curves, technique)]
        if any(point.overloaded for point in points):
            flags.append(OVERLOAD)
        yield Scan(curves, technique, FORMAT, flags=tuple(flags), incomplete=_why_incomplete(loop))


def _curves(
    points: Sequence[_Point], electrode: int, technique: str | None, sign: float
) -> tuple[Curve, ...]:
    over_time = technique in TIME_TECHNIQUES
    rows: Points = {}
    for point in points:
        potential_v, time_s = point.potential_v, point.time_s
        if math.isnan(time_s if over_time else potential_v):
            continue
        roles = _roles(len(point.currents_a), technique)
        for role, current_a in zip(roles, point.currents_a, strict=True):
            rows.setdefault((electrode, role), []).append((potential_v, sign * current_a, time_s))
        if point.second_current_a is not None:
            current_a = sign * point.second_current_a
            rows.setdefault((electrode + 1, "total"), []).append((potential_v, current_a, time_s))
    return curves_of(rows)


def _roles(count: int, technique: str | None) -> Sequence[Role]:
    """What the currents of a package are, by the order that scripts give them: c, f, r."""
    pulsed = technique in ("swv", "dpv", "npv")
    if count <= 1:
        return _PULSED[:count] if pulsed else _UNPULSED[:count]
    if count == len(_PULSED) and pulsed:
        return _PULSED
    raise FormatError(
        f"Each data package holds {count} currents of unknown meaning; name the current's column "
        "in the reading settings, or let the script send the current alone, or difference, forward "
        "and reverse current of a square wave in this order."
    )


def _technique(loop: _Loop, points: Sequence[_Point]) -> str | None:
    """The technique of a loop; of one whose beginning was not recorded what the numbers show."""
    if loop.technique is not None:
        return _TECHNIQUES.get(loop.technique)
    if all(len(p.currents_a) == len(_PULSED) and _is_difference(*p.currents_a) for p in points):
        return "swv"
    return "cv" if turns([point.potential_v for point in points]) else None


def _is_difference(difference: float, forward: float, reverse: float) -> bool:
    largest = max(abs(difference), abs(forward), abs(reverse))
    return abs(difference - (forward - reverse)) <= _DIFFERENCE_TOLERANCE * largest


def _joins(scan: Scan, other: Scan) -> bool:
    """Whether the other scan is of a further channel in the same round of a multiplexer."""
    return scan.technique == other.technique and not set(scan.electrodes) & set(other.electrodes)


def _joined(scan: Scan, other: Scan) -> Scan:
    return replace(
        scan,
        curves=scan.curves + other.curves,
        flags=_together(scan.flags, other.flags),
        incomplete=scan.incomplete or other.incomplete,
    )


def _goes_on(scan: Scan, other: Scan) -> bool:
    """Whether the other scan is the next step of the same chronoamperometry, on the same clock."""
    if scan.technique != "ca" or other.technique != "ca" or len(scan.curves) != len(other.curves):
        return False
    return all(
        (a.electrode, a.role) == (b.electrode, b.role)
        and a.time_s is not None
        and b.time_s is not None
        and b.time_s[0] > a.time_s[-1]
        for a, b in zip(scan.curves, other.curves, strict=True)
    )


def _gone_on(scan: Scan, other: Scan) -> Scan:
    curves = tuple(
        replace(
            a,
            potential_v=a.potential_v + b.potential_v,
            current_a=a.current_a + b.current_a,
            time_s=(a.time_s or ()) + (b.time_s or ()),
        )
        for a, b in zip(scan.curves, other.curves, strict=True)
    )
    return replace(_joined(scan, other), curves=curves)


def _together(flags: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(flags + others))
