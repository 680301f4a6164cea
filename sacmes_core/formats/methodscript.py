"""Recordings of a MethodSCRIPT instrument's serial line: EmStat Pico, EmStat4, Sensit, Nexus."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.flags import LINES_LOST, OVERLOAD
from sacmes_core.formats.curves import expect_scans, turns
from sacmes_core.formats.scan import ROLES, TIME_TECHNIQUES, ColumnMapping, Curve, Role, Scan

FORMAT: Final = "methodscript"

_ZERO: Final = 0x8000000
_PREFIXES: Final = {
    "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, " ": 0, "i": 0,
    "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_VARIABLE: Final = re.compile(r"([a-z]{2})(?:([0-9A-F]{7})([afpnumkMGTPEi ]?)|( {5}nan))")
_METADATA: Final = re.compile(r"1([0-9A-Fa-f])")
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
_PULSED: Final[tuple[Role, ...]] = ("difference", "forward", "reverse")
_UNPULSED: Final[tuple[Role, ...]] = ("total",)


@dataclass(frozen=True, slots=True)
class Variable:
    """One value of a data package; nan where the instrument had none.

    Attributes
    ----------
    status
        Bits: 1 timing not met, 2 overload, 4 underload, 8 overload warning.
    """

    type: str
    value: float
    status: int = 0


@dataclass(slots=True)
class _Loop:
    """One measurement loop, or one scan of a loop that repeats.

    ``stopped`` holds the line of an abort or of an error.
    """

    technique: int | None
    packages: list[tuple[Variable, ...]] = field(default_factory=list)
    ended: bool = False
    stopped: str | None = None
    bad_lines: int = 0


def parse_package(line: str) -> tuple[Variable, ...] | None:
    """Read a data package such as ``Pda7F85F3Fu;ba48D503Dp,10,288``; None if it is damaged.

    Only the line's end may have been taken off: the prefix of a zero is a blank.
    """
    if not line.startswith("P"):
        return None
    variables = []
    for text in line[1:].split(";"):
        head, *metadata = text.split(",")
        match = _VARIABLE.fullmatch(head)
        # The blank prefix of a zero is lost where a terminal strips its lines.
        if match is None or (match[3] == "" and match[2] != f"{_ZERO:X}"):
            return None
        status = next((int(m[1], 16) for t in metadata if (m := _METADATA.fullmatch(t))), 0)
        variables.append(Variable(match[1], _value(match), status))
    return tuple(variables)


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
    Of the mapping only the sign of the current counts.

    Raises
    ------
    FormatError
        If no measurement loop is a voltammogram of enough points.
    """
    loops = _loops(lines)
    if not loops:
        answers = [line for line in lines if _ERROR.fullmatch(line)]
        error = f" the instrument answered {answers[0]!r};" if answers else ""
        raise FormatError(
            f"The recording of a MethodSCRIPT instrument holds no data;{error} correct the script "
            "and measure again."
        )
    known = [loop for loop in loops if loop.technique is None or loop.technique in _TECHNIQUES]
    # Beside voltammograms chronoamperometry is the conditioning that goes before them.
    sweeps = [loop for loop in known if loop.technique != _HELD] or known
    if loops and not sweeps:
        what = _OTHERS.get(loops[0].technique or 0, f"technique {loops[0].technique:04X}")
        raise FormatError(
            f"The recording holds {what}, which is no voltammogram; run a script with "
            "meas_loop_swv or meas_loop_cv."
        )
    scans: list[Scan] = []
    for loop in sweeps:
        for scan in _scans(loop, mapping):
            if scans and _joins(scans[-1], scan):
                scans[-1] = replace(
                    scans[-1],
                    curves=scans[-1].curves + scan.curves,
                    flags=tuple(dict.fromkeys(scans[-1].flags + scan.flags)),
                    incomplete=scans[-1].incomplete or scan.incomplete,
                )
            else:
                scans.append(replace(scan, index=len(scans)))
    expect_scans(scans)
    return tuple(scans)


def _value(match: re.Match[str]) -> float:
    if match[4]:
        return math.nan
    exponent = _PREFIXES[match[3] or " "]
    number = int(match[2], 16) - _ZERO
    return number / 10.0**-exponent if exponent < 0 else number * 10.0**exponent


def _loops(lines: Sequence[str]) -> list[_Loop]:
    loops = [_Loop(None)]
    running = False
    # A last line without its end may be the beginning of another number.
    for line in lines[:-1]:
        loop = loops[-1]
        if match := _LOOP.fullmatch(line):
            running = True
            loops.append(_Loop(int(match[1], 16)))
        elif line in ("*", "-"):
            loop.ended = True
            running = running and line == "-"
            loops.append(_Loop(loop.technique if running else None))
        elif line == "Z" or _ERROR.fullmatch(line):
            loop.stopped = line
        elif package := parse_package(line):
            loop.packages.append(package)
        elif not _SIMPLE.fullmatch(line):
            loop.bad_lines += 1
    held = [loop for loop in loops if loop.packages]
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
    channels: dict[int, list[tuple[Variable, ...]]] = {}
    for package in loop.packages:
        channel = next((v.value for v in package if v.type == _CHANNEL), 1.0)
        electrode = int(channel) if 1 <= channel <= 256 else 1
        channels.setdefault(electrode, []).append(package)
    for electrode, packages in channels.items():
        technique = _TECHNIQUES.get(loop.technique if loop.technique is not None else -1)
        if technique is None:
            technique = "cv" if turns([_potential(package) for package in packages]) else None
        curves = _curves(packages, electrode, technique, -1.0 if mapping.invert_current else 1.0)
        if not curves:
            continue
        flags = [LINES_LOST] if loop.bad_lines else []
        if any(v.status & _OVERLOADED for package in packages for v in package):
            flags.append(OVERLOAD)
        yield Scan(curves, technique, FORMAT, flags=tuple(flags), incomplete=_why_incomplete(loop))


def _curves(
    packages: Sequence[tuple[Variable, ...]], electrode: int, technique: str | None, sign: float
) -> tuple[Curve, ...]:
    over_time = technique in TIME_TECHNIQUES
    points: dict[tuple[int, Role], list[tuple[float, float, float]]] = {}
    for package in packages:
        potential, time = _potential(package), _first(package, _TIME)
        if math.isnan(time if over_time else potential):
            continue
        currents = [v.value for v in package if v.type == _CURRENT]
        for role, current in zip(_roles(len(currents), technique), currents, strict=True):
            points.setdefault((electrode, role), []).append((potential, sign * current, time))
        second = next((v.value for v in package if v.type == _SECOND), None)
        if second is not None:
            points.setdefault((electrode + 1, "total"), []).append((potential, sign * second, time))
    return tuple(
        _curve(number, role, rows)
        for (number, role), rows in sorted(
            points.items(), key=lambda item: (item[0][0], ROLES.index(item[0][1]))
        )
    )


def _curve(electrode: int, role: Role, rows: Sequence[tuple[float, float, float]]) -> Curve:
    potentials, currents, times = zip(*rows, strict=True)
    timed = not any(map(math.isnan, times))
    return Curve(electrode, role, potentials, currents, times if timed else None)


def _roles(count: int, technique: str | None) -> Sequence[Role]:
    """What the currents of a package are, by the order that scripts give them: c, f, r."""
    pulsed = technique in ("swv", "dpv", "npv")
    if count <= 1:
        return _PULSED[:count] if pulsed else _UNPULSED[:count]
    if count == len(_PULSED) and pulsed:
        return _PULSED
    raise FormatError(
        f"Each data package holds {count} currents of unknown meaning; let the script send the "
        "current alone, or difference, forward and reverse current of a square wave in this order."
    )


def _potential(package: tuple[Variable, ...]) -> float:
    """The potential that was set, which is exact, else the measured one; nan if there is none."""
    measured = _first(package, _MEASURED)
    return next((v.value for v in package if v.type == _SET), measured)


def _first(package: tuple[Variable, ...], kind: str) -> float:
    return next((v.value for v in package if v.type == kind), math.nan)


def _joins(scan: Scan, other: Scan) -> bool:
    """Whether the other scan is of a further channel in the same round of a multiplexer."""
    return scan.technique == other.technique and not set(scan.electrodes) & set(other.electrodes)
