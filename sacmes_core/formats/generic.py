"""Columns of potentials, or times, and currents without a format of their own."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.completeness import CUT_SENTENCE
from sacmes_core.formats.curves import POINTS_MIN, build_curves, since_first_point
from sacmes_core.formats.parts import ELECTRODE, FREQUENCY, SCAN, numbers_of, parts_by
from sacmes_core.formats.scan import TIME_TECHNIQUES, ColumnMapping, Scan
from sacmes_core.formats.table import RUN_LENGTH, Table, find_tables
from sacmes_core.formats.techniques import technique_in

FORMAT: Final = "generic"

_FREQUENCY: Final = re.compile(
    r"^[#;%\s\"]*(?:swv\s+|sw\s+|square[ -]wave\s+)?freq(?:uency)?\s*(?:[(\[]\s*Hz\s*[)\]]|/\s*Hz)?"
    r"\"?\s*[:=,;\t]\s*\"?(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*(?:Hz)?\b",
    re.IGNORECASE,
)


def read_generic(
    lines: Sequence[str], mapping: ColumnMapping, *, unturned: str | None = None
) -> tuple[Scan, ...]:
    """Read every table of a text as a scan, or as several if a column numbers them.

    Parameters
    ----------
    unturned
        What a sweep is that does not turn and whose technique nothing names; None to assume a
        square wave.

    Raises
    ------
    FormatError
        If no table of at least ten points with potential and current is there.
    """
    scans: list[Scan] = []
    previous: Table | None = None
    for table in _tables(lines, mapping):
        if len(table.columns[0]) < POINTS_MIN and previous is not None:
            continue
        if previous is not None and not table.above and len(table.numeric) == len(previous.numeric):
            table = _with_heading_of(table, previous)
        technique = next((t for line in table.above if (t := technique_in(line))), None)
        if scans and technique is None and not _has_words(table):
            technique = scans[-1].technique
        try:
            scans += _scans(table, technique, mapping, unturned)
        except FormatError:
            if scans:
                continue
            raise
        previous = table
    if not scans:
        raise FormatError(
            f"No table of numbers was found (at least {RUN_LENGTH} lines with potential and "
            "current); export the scan as text columns, or set the columns in the reading settings."
        )
    return tuple(replace(scan, index=k) for k, scan in enumerate(scans))


def _scans(
    table: Table, technique: str | None, mapping: ColumnMapping, unturned: str | None
) -> list[Scan]:
    """The scans of a table: one, or those that columns number, with all of their electrodes."""
    by_electrode = parts_by(table, ELECTRODE, POINTS_MIN)
    electrodes = numbers_of([value for value, _ in by_electrode])
    if electrodes is None:
        by_electrode = [(None, table)]
    found: dict[tuple[float | None, float | None, float | None], list[Scan]] = {}
    for k, (named, of_electrode) in enumerate(by_electrode):
        for frequency, part in parts_by(of_electrode, FREQUENCY, POINTS_MIN):
            for number, scan in _numbered(part, technique, mapping, unturned):
                apart = named
                if electrodes is not None and scan.electrodes == (1,):
                    curves = (replace(curve, electrode=electrodes[k]) for curve in scan.curves)
                    scan, apart = replace(scan, curves=tuple(curves)), None
                found.setdefault((apart, frequency, number), []).append(scan)
    scans = [
        replace(
            of_all[0],
            number=None if number is None or not number.is_integer() else int(number),
            curves=tuple(curve for scan in of_all for curve in scan.curves),
            flags=tuple(dict.fromkeys(flag for scan in of_all for flag in scan.flags)),
            incomplete=next((scan.incomplete for scan in of_all if scan.incomplete), None),
        )
        for (_, _, number), of_all in found.items()
    ]
    # The clock may run on from scan to scan.
    return [
        scans[0],
        *(replace(s, curves=tuple(map(since_first_point, s.curves))) for s in scans[1:]),
    ]


def _numbered(
    table: Table, technique: str | None, mapping: ColumnMapping, unturned: str | None
) -> Iterator[tuple[float | None, Scan]]:
    """The scans that a column numbers; one if they are cycles, or nothing numbers them."""
    whole = _scan(table, technique, mapping, unturned)
    pulses = any(curve.role == "difference" for curve in whole.curves)
    parts = parts_by(table, SCAN, POINTS_MIN)
    cycles = whole.technique == "cv" and not pulses
    if len(parts) < 2 or cycles or whole.technique in TIME_TECHNIQUES:
        yield None, whole
        return
    for number, part in parts:
        yield number, _scan(part, technique, mapping, unturned)


def _scan(
    table: Table, technique: str | None, mapping: ColumnMapping, unturned: str | None
) -> Scan:
    curves, technique, flags = build_curves(table, technique, mapping, unturned=unturned)
    return Scan(
        curves=curves,
        technique=technique,
        format=FORMAT,
        frequency_hz=_frequency(table),
        flags=flags,
        incomplete=CUT_SENTENCE if table.cut else None,
    )


def _tables(lines: Sequence[str], mapping: ColumnMapping) -> list[Table]:
    tables = list(find_tables(lines, mapping.delimiter, mapping.decimal))
    if tables:
        return tables
    # Some programs put an empty line behind every line.
    dense = [line for line in lines[:-1] if line.strip()] + list(lines[-1:])
    if len(dense) < len(lines):
        return list(find_tables(dense, mapping.delimiter, mapping.decimal))
    return []


def _with_heading_of(table: Table, previous: Table) -> Table:
    return replace(table, above=previous.above)


def _has_words(table: Table) -> bool:
    return any(character.isalpha() for line in table.above for character in line)


def _frequency(table: Table) -> float | None:
    """The frequency that a line above names, or a column under such a heading all along."""
    for line in table.above:
        if match := _FREQUENCY.match(line):
            value = float(match[1])
            return value if 0 < value < float("inf") else None
    names = table.layout.cells(table.above[0]) if table.above else []
    for name, column in zip(names, table.columns, strict=False):
        if FREQUENCY.fullmatch(name) and len(set(column)) == 1 and column[0]:
            return column[0] if column[0] > 0 else None
    return None
