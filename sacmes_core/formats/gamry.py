"""Gamry .DTA files: a header of tagged lines, then one table for each curve."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.flags import OVERLOAD, PARTIAL_CYCLE
from sacmes_core.formats.appended import read_appended
from sacmes_core.formats.completeness import CUT_SENTENCE, why_too_few
from sacmes_core.formats.curves import convert_columns, expect_scans, since_first_point
from sacmes_core.formats.dates import date_of_any_order
from sacmes_core.formats.decode import first_line
from sacmes_core.formats.generic import read_generic
from sacmes_core.formats.headings import parse_heading
from sacmes_core.formats.layout import Layout
from sacmes_core.formats.scan import (
    ROLES,
    TIME_TECHNIQUES,
    ColumnMapping,
    Decimal,
    DeclaredSweep,
    Scan,
)
from sacmes_core.formats.table import Table, table_at
from sacmes_core.formats.techniques import READABLE, technique_in

FORMAT: Final = "gamry"

_TECHNIQUES: Final[tuple[tuple[str, str | None], ...]] = (
    (r"SQUARE.?WAVE|SWV", "swv"),
    (r"CV\d*", "cv"),
    (r"LSV\d*|LV|POTDYN|POTENTIODYNAMIC|PD", "lsv"),
    (r"DPV|DIFF\w*PULSE\w*", "dpv"),
    (r"NPV|NORMAL\w*PULSE\w*", "npv"),
    (r"\w*CHRONOA\w*|CA", "ca"),
    (r".*(?:CHRONO|EIS|CORPOT|OCP|ZRA|GALV|CURPOT|POLRES|PWR|CHARGE|VFP).*", None),
)
_KEY_LINE: Final = re.compile(
    r"([A-Z][A-Z0-9_ ]*)\t *"
    r"(LABEL|I?QUANT|SELECTOR|TOGGLE|POTEN|TWOPARAM|PSTAT|NOTES|TABLE)\b\t?(.*)"
)
_COMMA: Final = re.compile(r"\t[+-]?\d+,\d+(?:E[+-]\d+)?(?:\t|$)")
_OVERLOADS: Final = (1, 2, 3, 4, 5, 8, 9)
"""Places in the string of the column Over, from 0, that tell an overload of potential or current:
electrometer, control amplifier and I/E converter, now or since the last point, and the converters
of both (https://help.gamry.com/ee-data-files-overloads/). The others are timing, settling, the
auxiliary input, which matters to no voltammogram, and queues."""
_PARTIAL_SHARE: Final = 0.5
_FIRST: Final = ("EXPLAIN", "VFP600")
"""The second is that of a recording of the instrument's front panel."""
_SECOND: Final = re.compile(r"\w*CURVE\d* (?:DETECTOR|COLLECTOR|RING)\t")
"""The table of the second of two working electrodes, as of a ring around a disk."""


@dataclass(frozen=True, slots=True)
class _Header:
    values: Mapping[str, str]
    potentials: frozenset[str]
    vs_open_circuit: frozenset[str]
    tables: tuple[int, ...]
    decimal: Decimal

    def number(self, key: str) -> float | None:
        """A value of the header in its own unit; a potential against the reference electrode."""
        value = Layout("tab", self.decimal).number(self.values.get(key, "").strip())
        if value is None or key not in self.vs_open_circuit:
            return value
        open_circuit = self.number("EOC")
        return None if open_circuit is None else value + open_circuit


@dataclass(frozen=True, slots=True)
class _Found:
    """A table, whether one of its points is overloaded, and whether it is a second electrode's."""

    table: Table
    overloaded: bool
    second: bool


def is_gamry(lines: Sequence[str]) -> bool:
    """Whether the first line is that of a Gamry file."""
    return first_line(lines) in _FIRST


def read_gamry(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read a Gamry file; each of its curves is a scan, which for a CV is a cycle.

    Raises
    ------
    FormatError
        If the experiment gives neither voltammogram nor chronoamperogram, or no whole line
        of data is there.
    """
    return read_appended(lines, mapping, _read_one, "EXPLAIN")


def _read_one(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    if mapping.delimiter not in (None, "tab"):
        return read_generic(lines, mapping)
    header = _header(lines, mapping.decimal)
    technique = _technique(header.values)
    scans = [_scan(table, technique, header, mapping) for table in _tables(lines, header)]
    if not scans:
        raise FormatError(
            "The Gamry file has no table with potentials and currents; wait until the scan is "
            "finished, or check that it was not aborted at once."
        )
    expect_scans(scans)
    longest = max(scan.points for scan in scans)
    scans = [
        replace(
            scan,
            index=k,
            # The clock runs on from curve to curve of one electrode.
            curves=tuple(map(since_first_point, scan.curves))
            if scan.electrodes in {earlier.electrodes for earlier in scans[:k]}
            else scan.curves,
            flags=(*scan.flags, PARTIAL_CYCLE)
            if scan.technique == "cv" and scan.points < _PARTIAL_SHARE * longest
            else scan.flags,
        )
        for k, scan in enumerate(scans)
    ]
    scans[-1] = replace(scans[-1], incomplete=scans[-1].incomplete or _shortfall(scans, header))
    return tuple(scans)


def _header(lines: Sequence[str], decimal: Decimal | None) -> _Header:
    values: dict[str, str] = {}
    potentials: set[str] = set()
    vs_open_circuit: set[str] = set()
    tables: list[int] = []
    notes = 0
    for k, line in enumerate(lines):
        match = _KEY_LINE.match(line)
        if notes and not match:
            notes -= 1
            continue
        if line.startswith("TAG\t"):
            values.setdefault("TAG", line[4:].strip())
        if not match:
            continue
        key, kind, rest = match.groups()
        notes = 0
        if kind == "TABLE":
            tables.append(k)
        elif kind == "NOTES":
            notes = int(rest.split("\t")[0]) if re.match(r"\d{1,6}(?:\t|$)", rest) else 0
        else:
            cells = rest.split("\t")
            if key not in values and kind == "POTEN":
                potentials.add(key)
                if cells[1:2] == ["T"]:
                    vs_open_circuit.add(key)
            values.setdefault(key, cells[0])
    if decimal is None:
        decimal = "comma" if any(_COMMA.search(line) for line in lines[:400]) else "point"
    return _Header(
        values, frozenset(potentials), frozenset(vs_open_circuit), tuple(tables), decimal
    )


def _technique(values: Mapping[str, str]) -> str | None:
    tag, title = values.get("TAG", ""), values.get("TITLE", "")
    tagged = [of for pattern, of in _TECHNIQUES if re.fullmatch(pattern, tag, re.IGNORECASE)]
    technique = tagged[0] if tagged else technique_in(title)
    set_current = "IINIT" in values and "VINIT" not in values
    if set_current or (technique is None and tagged) or technique not in (None, *READABLE):
        raise FormatError(
            f"The Gamry file holds a measurement “{title or tag}” ({tag})"
            f"{' at a set current' if set_current else ''}, which is no voltammogram; choose the "
            "files of a square-wave or cyclic voltammogram."
        )
    return technique


def _tables(lines: Sequence[str], header: _Header) -> Iterator[_Found]:
    """The tables with potential and current."""
    layout = Layout("tab", header.decimal)
    ends = (*header.tables[1:], len(lines))
    # What is set at a ring is a current where its value is no potential.
    set_current = "VRING" in header.values and "VRING" not in header.potentials
    for start, end in zip(header.tables, ends, strict=False):
        # A line of the table begins with a tab, which is no column.
        body = [line.removeprefix("\t") for line in lines[start + 1 : end]]
        names, units = ([cell.strip() for cell in line.split("\t")] for line in (*body, "", "")[:2])
        headings = [
            f"{name} ({unit})" if unit else name
            for name, unit in zip(names, [*units, *[""] * len(names)], strict=False)
        ]
        quantities = {h.quantity for h in map(parse_heading, headings) if h.rank == 0}
        second = bool(_SECOND.match(lines[start]))
        if lines[start].startswith("OCV") or not {"potential", "current"} <= quantities:
            continue
        if second and set_current:
            continue
        if end < len(lines):
            body.append("")
        table = table_at(body, 2, layout, ["\t".join(headings)])
        if table is None:
            continue
        over = names.index("Over") if "Over" in names else len(names)
        marks = {
            cell for line in body[2 : table.end_line] for cell in line.split("\t")[over : over + 1]
        }
        overloaded = any(mark[k : k + 1].isalpha() for mark in marks for k in _OVERLOADS)
        yield _Found(table, overloaded, second)


def _scan(found: _Found, technique: str | None, header: _Header, mapping: ColumnMapping) -> Scan:
    table = found.table
    if found.second and technique not in TIME_TECHNIQUES:
        # The technique of the file is that of the first electrode.
        technique = None
    curves, technique, flags = convert_columns(table, technique, mapping, unturned="lsv")
    if found.second:
        curves = tuple(replace(curve, electrode=2) for curve in curves)
    curves = tuple(sorted(curves, key=lambda c: (c.electrode, ROLES.index(c.role))))
    frequency = header.number("FREQUENCY")
    return Scan(
        curves=curves,
        technique=technique,
        format=FORMAT,
        frequency_hz=frequency if frequency is not None and 0 < frequency < 1e9 else None,
        measured_at=date_of_any_order(header.values.get("DATE", ""), header.values.get("TIME", "")),
        parameters=header.values,
        declared=_declared(header),
        flags=(*flags, OVERLOAD) if found.overloaded else flags,
        incomplete=CUT_SENTENCE if table.cut else None,
    )


def _declared(header: _Header) -> DeclaredSweep:
    """Step, pulse and scan rate; the potentials are measured ones, so that none is promised."""
    step, pulse, rate = (
        None if value is None or not math.isfinite(value) else abs(value) * 1e-3 or None
        for value in map(header.number, ("STEPSIZE", "PULSESIZE", "SCANRATE"))
    )
    return DeclaredSweep(step_v=step, amplitude_v=pulse, scan_rate_v_s=rate)


def _shortfall(scans: Sequence[Scan], header: _Header) -> str | None:
    """Why the last curve does not look finished: by the header, not by declared counts."""
    if header.values.get("EXPERIMENTABORTED", "").strip().upper().startswith("T"):
        return "The experiment was aborted, as the file says."
    if scans[-1].technique in TIME_TECHNIQUES:
        return None
    points = sum(scan.points for scan in scans if scan.electrodes == scans[-1].electrodes)
    return why_too_few(points, _expected_points(header, scans[-1].technique))


def _expected_points(header: _Header, technique: str | None) -> float | None:
    """Points of the whole path from the initial to the final potential."""
    initial, final, step_mv = (header.number(key) for key in ("VINIT", "VFINAL", "STEPSIZE"))
    if initial is None or final is None or not step_mv:
        return None
    path = abs(final - initial)
    if technique == "cv":
        first, second = header.number("VLIMIT1"), header.number("VLIMIT2")
        cycles = header.number("CYCLES")
        if first is None or second is None or cycles is None:
            return None
        turns = 2 * cycles - 1
        path = abs(first - initial) + turns * abs(second - first) + abs(final - second)
    return 1 + path / (abs(step_mv) * 1e-3)
