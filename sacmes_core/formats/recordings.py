"""Recorded lines of instruments that print potential and current: KickStat, ACEstat and alike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.completeness import CUT_SENTENCE
from sacmes_core.formats.curves import build_curves
from sacmes_core.formats.gaps import lost_points
from sacmes_core.formats.scan import ColumnMapping, Scan
from sacmes_core.formats.table import find_tables
from sacmes_core.formats.techniques import READABLE

FORMAT: Final = "recording"

_HEAD_LINES: Final = 200
_RESULTS: Final = re.compile(r"\[START:\s*(\w+)\s*\].*\[RESULTS:\s*$")
_END: Final = re.compile(r"\s*\]?\s*\[END:.*")
_READY: Final = re.compile(r"\s*Ready!\s*")
_COLUMNS: Final = re.compile(r"\s*Voltage\s*,\s*Current\s*")
_SUMMARY: Final = re.compile(r"\s*(?:Ready!|E_?p\b|I_?p\b|Peak\b).*")
_TECHNIQUES: Final = {
    "swv": "swv",
    "cswv": "swv",
    "cv": "cv",
    "lsv": "lsv",
    "dpv": "dpv",
    "ca": "ca",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """The lines of one scan, its technique, and whether its end was recorded."""

    technique: str
    lines: tuple[str, ...]
    ended: bool


def is_recording(lines: Sequence[str]) -> bool:
    """Whether a banner of such an instrument stands among the first lines."""
    head = lines[:_HEAD_LINES]
    ready = any(_READY.fullmatch(line) for line in head)
    columns = any(_COLUMNS.fullmatch(line) for line in head)
    return (ready and columns) or any(_RESULTS.match(line) for line in head)


def read_recording(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read every scan between its banners.

    These instruments name no units: they must be set unless the numbers can be volts and amperes.

    Raises
    ------
    FormatError
        If no scan has enough points, or a unit has to be set.
    """
    parts = _parts(lines)
    sweeps = [part for part in parts if part.technique in READABLE]
    if not sweeps:
        what = f" of “{parts[0].technique}”" if parts else ""
        raise FormatError(
            f"The recording holds no voltammogram but results{what}; choose the recording of a "
            "square-wave or cyclic voltammogram, from its first line on."
        )
    scans: list[Scan] = []
    for part in sweeps:
        table = next(find_tables(part.lines, mapping.delimiter, mapping.decimal), None)
        if table is None:
            continue
        curves, technique, flags = build_curves(table, part.technique, mapping)
        incomplete = None
        if not part.ended:
            incomplete = "The recording ends before the scan does."
        scans.append(
            Scan(
                curves=curves,
                technique=technique,
                format=FORMAT,
                index=len(scans),
                flags=flags + lost_points(curves, technique),
                incomplete=CUT_SENTENCE if table.cut else incomplete,
            )
        )
    if not scans:
        raise FormatError(
            "The recording holds too few lines of potential and current; wait until the scan is "
            "finished, or record it from its first line on."
        )
    return tuple(scans)


def _parts(lines: Sequence[str]) -> list[_Part]:
    parts: list[_Part] = []
    technique: str | None = None
    first = 0
    for k, line in enumerate(lines):
        if technique is not None and (_END.fullmatch(line) or _SUMMARY.fullmatch(line)):
            parts.append(_Part(technique, (*lines[first:k], ""), ended=True))
            technique = None
        elif (match := _RESULTS.match(line)) or _COLUMNS.fullmatch(line):
            if technique is not None:
                parts.append(_Part(technique, (*lines[first:k], ""), ended=False))
            name = match[1].lower() if match else "swv"
            technique, first = _TECHNIQUES.get(name, name), k + 1
    if technique is not None:
        parts.append(_Part(technique, tuple(lines[first:]), ended=False))
    return parts
