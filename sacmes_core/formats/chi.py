"""CH Instruments text files: a header in words, then the columns of one or more electrodes."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.appended import read_appended
from sacmes_core.formats.completeness import CUT_SENTENCE
from sacmes_core.formats.curves import POINTS_MIN, build_curves
from sacmes_core.formats.layout import Layout
from sacmes_core.formats.scan import TIME_TECHNIQUES, ColumnMapping, Curve, DeclaredSweep, Scan
from sacmes_core.formats.table import Table, find_tables, table_at
from sacmes_core.formats.techniques import READABLE, technique_in

FORMAT: Final = "chi"

_HEAD_LINES: Final = 15
_HEADER_MAX: Final = 600
_NAME_MAX: Final = 60
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_DATE: Final = re.compile(
    r"\s*([A-Za-z]{3,9})\.?\s+(\d{1,2}),\s*(\d{4})\s+(\d{1,2}):(\d{2}):(\d{2})\s*(AM|PM)?", re.I
)
_FREE_TEXT: Final = ("File:", "Data Source:", "Header:", "Note:", "Instrument Model:")
_COLUMN_LINE: Final = re.compile(r"\s*(?:Potential|Time|Freq\w*)\s*/", re.I)
_SEGMENT: Final = re.compile(r"\s*Segment (\d+):")


def is_chi(lines: Sequence[str]) -> bool:
    """Whether the first lines are the header of a CH Instruments text file."""
    for line in lines[:_HEAD_LINES]:
        if line.lstrip().startswith("Instrument Model:") and "CHI" in line.upper():
            return True
    head = [line.strip() for line in lines[:_HEAD_LINES]]
    labelled = any(line.startswith(("Instrument Model:", "Data Source:")) for line in head)
    return labelled and any(
        technique_in(line) for line in head[:6] if not line.startswith(("File:", "Note:"))
    )


def read_chi(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read a CH Instruments text file, which holds one scan, or several of them in a row.

    Raises
    ------
    FormatError
        If the technique gives neither voltammogram nor chronoamperogram, or there are no
        columns of numbers.
    """
    return read_appended(lines, mapping, _read_one, "Instrument Model:")


def _read_one(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    header = _header(lines)
    technique = next(
        (t for line in header[:8] if not line.startswith("File:") if (t := technique_in(line))),
        None,
    )
    if technique is not None and technique not in READABLE:
        name = next(line.strip() for line in header if technique_in(line) == technique)
        raise FormatError(
            f"The file holds a measurement of the technique “{name}”, which is no voltammogram; "
            "choose the files of a square-wave or cyclic voltammogram."
        )
    table = _table(lines, header, mapping)
    if table is None or len(table.columns[0]) < POINTS_MIN:
        raise FormatError(
            f"The file has a CH Instruments header but fewer than {POINTS_MIN} lines of data; "
            "wait until the scan is finished."
        )
    curves, technique, flags = build_curves(table, technique, mapping)
    parameters = _parameters(header)
    if technique in TIME_TECHNIQUES:
        curves = _at_held_potential(curves, parameters)
    return (
        Scan(
            curves=curves,
            technique=technique,
            format=FORMAT,
            frequency_hz=_positive(parameters, "Frequency (Hz)", "Freq (Hz)"),
            measured_at=_date(header),
            parameters=parameters,
            declared=_declared(parameters, header, technique),
            flags=flags,
            incomplete=CUT_SENTENCE if table.cut else None,
        ),
    )


def _table(lines: Sequence[str], header: Sequence[str], mapping: ColumnMapping) -> Table | None:
    """The numbers below the header, with the line of headings above them."""
    if mapping.delimiter is None and mapping.decimal is None:
        first = next((k for k in range(len(header), len(lines)) if lines[k].strip()), len(lines))
        layout = Layout("comma", "point")
        table = table_at(lines, first, layout, header[-1:])
        if (
            table is not None
            and all(table.numeric)
            and len(table.columns[0]) >= POINTS_MIN
            and len(table.columns) > 1
            and 0 <= len(layout.cells(header[-1])) - len(table.columns) <= 1
        ):
            return table
    found = next(find_tables(lines[len(header) :], mapping.delimiter, mapping.decimal), None)
    return None if found is None else replace(found, above=(*found.above, header[-1]))


def _header(lines: Sequence[str]) -> list[str]:
    """The lines up to and with the heading of the columns."""
    for k, line in enumerate(lines[:_HEADER_MAX]):
        if "/" in line and _COLUMN_LINE.match(line) and not line.startswith(_FREE_TEXT):
            return list(lines[: k + 1])
    raise FormatError(
        "The file has a CH Instruments header but no line of column headings (Potential/V, …); "
        "it is cut off, or it was exported without its data."
    )


def _parameters(header: Sequence[str]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for line in header[:-1]:
        if line.startswith(_FREE_TEXT):
            if line.startswith("Instrument Model:"):
                parameters["Instrument Model"] = line.partition(":")[2].strip()
            continue
        if line.strip() == "Results:":
            break
        name, equals, value = line.partition("=")
        if equals and 0 < len(name := name.strip()) <= _NAME_MAX:
            parameters.setdefault(name, value.strip())
    return parameters


def _date(header: Sequence[str]) -> datetime | None:
    for line in header[:3]:
        match = _DATE.match(line)
        if not match or match[1][:3].lower() not in _MONTHS:
            continue
        month = _MONTHS.index(match[1][:3].lower()) + 1
        hour = int(match[4])
        if match[7]:
            hour = hour % 12 + (12 if match[7].upper() == "PM" else 0)
        try:
            return datetime(int(match[3]), month, int(match[2]), hour, int(match[5]), int(match[6]))
        except ValueError:
            return None
    return None


def _declared(
    parameters: Mapping[str, str], header: Sequence[str], technique: str | None
) -> DeclaredSweep:
    initial = _number(parameters, "Init E (V)")
    step = _positive(parameters, "Incr E (V)", "Sample Interval (V)", "Step E (V)")
    if technique in TIME_TECHNIQUES:
        return DeclaredSweep()
    rate = _positive(parameters, "Scan Rate (V/s)")
    if technique != "cv":
        final, pulse = _number(parameters, "Final E (V)"), _positive(parameters, "Amplitude (V)")
        return DeclaredSweep(initial, final, step, 1, pulse, rate)
    declared = _number(parameters, "Segment", "Sweep Segments", "Segments")
    count = int(declared) if declared is not None and 1 <= declared <= 1e6 else 1
    written = {match[1] for line in header if (match := _SEGMENT.match(line))}
    final = _cv_end(parameters, initial, count)
    return DeclaredSweep(initial, final, step, len(written) or count, None, rate)


def _at_held_potential(
    curves: tuple[Curve, ...], parameters: Mapping[str, str]
) -> tuple[Curve, ...]:
    """The curves of an i-t curve with the potentials that its header names."""
    first = _number(parameters, "Init E (V)")
    second = _number(parameters, "2nd E (V)")
    stepped = any(name in parameters for name in ("High E (V)", "Low E (V)", "Pulse Width (sec)"))
    if first is None or stepped or not math.isfinite(first):
        return curves
    if second is None or not math.isfinite(second):
        second = first
    return tuple(
        replace(
            curve,
            potential_v=(second if curve.electrode == 2 else first,) * len(curve.current_a),
        )
        if all(map(math.isnan, curve.potential_v))
        else curve
        for curve in curves
    )


def _cv_end(parameters: Mapping[str, str], initial: float | None, count: int) -> float | None:
    """Where the last half-cycle of a cyclic voltammogram ends."""
    final = _number(parameters, "Final E (V)")
    if final is not None:
        return final
    high = _number(parameters, "High E (V)")
    low = _number(parameters, "Low E (V)")
    if initial is None or high is None or low is None:
        return None
    upwards = parameters.get("Init P/N", "P").upper().startswith("P")
    ends_high = upwards == (count % 2 == 1)
    return high if ends_high else low


def _number(parameters: Mapping[str, str], *names: str) -> float | None:
    for name in names:
        if (text := parameters.get(name)) is not None:
            try:
                return float(text)
            except ValueError:
                return None
    return None


def _positive(parameters: Mapping[str, str], *names: str) -> float | None:
    value = _number(parameters, *names)
    return value if value is not None and 0 < value < float("inf") else None
