"""BioLogic EC-Lab and BT-Lab .mpt files: a counted header, whose last line names the columns."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.appended import read_appended
from sacmes_core.formats.completeness import CUT_SENTENCE
from sacmes_core.formats.curves import convert_columns, expect_points, since_first_point
from sacmes_core.formats.dates import date_of_any_order
from sacmes_core.formats.decode import first_line
from sacmes_core.formats.generic import read_generic
from sacmes_core.formats.headings import parse_heading
from sacmes_core.formats.layout import Layout
from sacmes_core.formats.scan import ROLES, ColumnMapping, Decimal, DeclaredSweep, Scan
from sacmes_core.formats.table import table_at
from sacmes_core.formats.techniques import READABLE, technique_in

FORMAT: Final = "eclab"

_FIRST: Final = (
    "EC-Lab ASCII FILE",
    "BT-Lab ASCII FILE",
    # Exports without a header.
    "mode\tox/red\terror\t",
    "mode\terror\t",
    "freq/Hz\tRe(Z)/Ohm\t",
)
_SETTINGS: Final = ("EC-LAB SETTING FILE", "EC-Lab LOG FILE")
"""First lines of the .mps and .mpl files that EC-Lab writes beside a measurement."""
_COUNT: Final = re.compile(r"Nb header lines\s*:\s*(\d{1,5})\s*$")
_STARTED: Final = re.compile(r"(?:Acquisition|Technique) started on\s*:\s*(\S+)\s+(\S+)")
_PARAMETER: Final = re.compile(r"(\S.{0,60}?)(?:\s*:\s|\s{2,})\s*(\S.*?)\s*$")
_COMMA: Final = re.compile(r"(?:^|\t)[+-]?\d+,\d+(?:[eE][+-]?\d+)?(?:\t|$)")
_IMPEDANCE: Final = re.compile(r"\s*(?:freq/Hz|\|Z\||-?(?:Re|Im)\(Z)")
_SET_CURRENT: Final = re.compile(r"\s*control/(?:V/)?mA\s*")
_MOMENT: Final = re.compile(
    r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4} (\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?"
)
_DAY_S: Final = 86_400
_HEADER_MAX: Final = 2_000
_DIGITS_MIN: Final = 4
_RATE_UNITS: Final = {"V/s": 1.0, "mV/s": 1e-3, "V/min": 1 / 60, "mV/min": 1e-3 / 60}


def is_eclab(lines: Sequence[str]) -> bool:
    """Whether the first line is that of an EC-Lab or BT-Lab text file."""
    return first_line(lines).startswith((*_FIRST, *_SETTINGS))


def read_eclab(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    """Read an .mpt file, which holds one technique; all of its cycles are one scan.

    Raises
    ------
    FormatError
        If the technique gives no voltammogram, or there is no line of data.
    """
    first = first_line(lines)
    if first.startswith(_SETTINGS):
        raise FormatError(
            "The file holds EC-Lab's settings or log, not a measurement; export the measurement as "
            "text (.mpt) in EC-Lab."
        )
    mark = next(mark for mark in _FIRST if first.startswith(mark))
    return read_appended(lines, mapping, _read_one, mark)


def _read_one(lines: Sequence[str], mapping: ColumnMapping) -> tuple[Scan, ...]:
    if mapping.delimiter not in (None, "tab"):
        return read_generic(lines, mapping)
    heading = _heading_line(lines)
    header = lines[:heading]
    technique = _technique(header, lines[heading].split("\t"))
    lines = _with_seconds(lines, heading)
    decimal: Decimal = "point"
    if any(_COMMA.search(line) for line in lines[heading + 1 :][:20]):
        decimal = "comma"
    layout = Layout("tab", mapping.decimal or decimal)
    table = table_at(lines, heading + 1, layout, [lines[heading]])
    if table is None:
        raise FormatError(
            "The EC-Lab file has a header but no whole line of data; wait until the measurement is "
            "finished and export it again."
        )
    curves, technique, flags = convert_columns(table, technique, mapping, unturned="lsv")
    expect_points(curves, technique)
    # The clock of an EC-Lab file begins with the first of several techniques.
    curves = tuple(map(since_first_point, curves))
    parameters = _parameters(header)
    return (
        Scan(
            curves=tuple(sorted(curves, key=lambda c: (c.electrode, ROLES.index(c.role)))),
            technique=technique,
            format=FORMAT,
            frequency_hz=_frequency(parameters) if technique == "swv" else None,
            measured_at=_started(header),
            parameters=parameters,
            declared=_declared(parameters),
            flags=flags,
            incomplete=CUT_SENTENCE if table.cut else None,
        ),
    )


def _heading_line(lines: Sequence[str]) -> int:
    """Index of the line of headings: where the header's count says, or the first that looks so."""
    count: int = next((int(m[1]) for line in lines[:10] if (m := _COUNT.match(line))), 0)
    for k in (count - 1, *range(min(len(lines), _HEADER_MAX))):
        if 0 <= k < len(lines) and lines[k].count("\t") >= 2:
            quantities = {parse_heading(cell).quantity for cell in lines[k].split("\t")}
            if "potential" in quantities:
                return int(k)
    raise FormatError(
        "The EC-Lab file has no line of column headings with Ewe/V; wait until the measurement is "
        "finished and export it again with potential and current."
    )


def _with_seconds(lines: Sequence[str], heading: int) -> Sequence[str]:
    """The lines with seconds since the first point where the export has moments as times."""
    columns = lines[heading].split("\t")
    time = columns.index("time/s") if "time/s" in columns else len(columns)
    cells = lines[heading + 1].split("\t") if heading + 1 < len(lines) else []
    if len(cells) <= time or not _MOMENT.fullmatch(cells[time]):
        return lines
    changed = list(lines[: heading + 1])
    first = previous = None
    days = 0
    for line in lines[heading + 1 :]:
        cells = line.split("\t")
        match = _MOMENT.fullmatch(cells[time]) if len(cells) > time else None
        if match:
            of_day = (
                3600 * int(match[1]) + 60 * int(match[2]) + float(f"{match[3]}.{match[4] or 0}")
            )
            days += previous is not None and of_day < previous
            previous = of_day
            first = of_day if first is None else first
            seconds = f"{days * _DAY_S + of_day - first:.6f}"
            cells[time] = seconds.replace(".", ",") if "," in cells[time] else seconds
        changed.append("\t".join(cells))
    return changed


def _technique(header: Sequence[str], columns: Sequence[str]) -> str | None:
    """The technique that the header names; None if the name, or its absence, leaves it open."""
    behind = [line.strip() for line in header[1:] if line.strip() and not _COUNT.match(line)]
    name = behind[0][:80] if behind else ""
    technique = technique_in(name)
    what = "a measurement"
    if technique is None and any(map(_IMPEDANCE.match, columns)):
        what = "an impedance measurement"
    elif technique is None and any(map(_SET_CURRENT.fullmatch, columns)):
        what = "a measurement at a set current"
    elif technique in READABLE or technique is None:
        if any(parse_heading(cell).quantity == "current" for cell in columns):
            return technique
        what = "a measurement without a current"
    raise FormatError(
        f"The EC-Lab file holds {what}{f' “{name}”' if name else ''}, which is no voltammogram; "
        "choose the files of a square-wave or cyclic voltammogram."
    )


def _started(header: Sequence[str]) -> datetime | None:
    match = next((m for line in header if (m := _STARTED.match(line.strip()))), None)
    return date_of_any_order(match[1], match[2]) if match else None


def _parameters(header: Sequence[str]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for line in header[2:]:
        if match := _PARAMETER.match(line):
            parameters.setdefault(match[1].strip(), match[2])
    return parameters


def _frequency(parameters: Mapping[str, str]) -> float | None:
    """The frequency of a square wave, whose period is two pulses, to the digits of their width."""
    width_ms = _number(parameters, "PW (ms)", "Pulse width (ms)")
    if width_ms is None:
        return None
    digits = len(re.sub(r"^0+|\D", "", f"{width_ms!r}"))
    return float(f"{1000 / (2 * width_ms):.{max(digits, _DIGITS_MIN)}g}")


def _declared(parameters: Mapping[str, str]) -> DeclaredSweep:
    """The scan rate of a sweep and the step of a square wave."""
    scale = _RATE_UNITS.get(parameters.get("dE/dt unit", "").strip())
    rate = _number(parameters, "dE/dt")
    step = _number(parameters, "SH (mV)", "Step height (mV)")
    return DeclaredSweep(
        step_v=None if step is None else step * 1e-3,
        scan_rate_v_s=None if rate is None or scale is None else rate * scale,
    )


def _number(parameters: Mapping[str, str], *names: str) -> float | None:
    for name in names:
        text = parameters.get(name, "").split(" ")[0].replace(",", ".")
        if re.fullmatch(r"-?\d{1,9}(?:\.\d{1,9})?", text):
            return abs(float(text)) or None
    return None
