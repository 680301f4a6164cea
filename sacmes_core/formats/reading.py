"""The way in: bytes of a file to its scans, detected by content."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.flags import NAME_HEADER_MISMATCH, TECHNIQUE_ASSUMED, TRUNCATED_SCAN
from sacmes_core.formats.chi import is_chi, read_chi
from sacmes_core.formats.completeness import why_incomplete
from sacmes_core.formats.decode import decode, first_line, split_lines
from sacmes_core.formats.eclab import is_eclab, read_eclab
from sacmes_core.formats.gamry import is_gamry, read_gamry
from sacmes_core.formats.generic import read_generic
from sacmes_core.formats.lined import read_lined, reading_from_text
from sacmes_core.formats.methodscript import is_methodscript, read_methodscript
from sacmes_core.formats.names import ScanName, parse_name
from sacmes_core.formats.nova import FORMAT as NOVA
from sacmes_core.formats.nova import is_nova, read_nova
from sacmes_core.formats.pssession import is_pssession, read_pssession
from sacmes_core.formats.pstrace import is_pstrace, read_pstrace
from sacmes_core.formats.recordings import is_recording, read_recording
from sacmes_core.formats.rodeostat import (
    is_rodeostat,
    is_rodeostat_text,
    read_rodeostat,
    read_rodeostat_text,
)
from sacmes_core.formats.scan import ColumnMapping, Curve, Scan

Lines = Sequence[str]
Reader = Callable[[Lines, ColumnMapping], tuple[Scan, ...]]

READERS: Final[tuple[tuple[Callable[[Lines], bool], Reader], ...]] = (
    (is_pssession, read_pssession),
    (is_gamry, read_gamry),
    (is_eclab, read_eclab),
    (is_pstrace, read_pstrace),
    (is_chi, read_chi),
    (is_rodeostat, read_rodeostat),
    (is_methodscript, read_methodscript),
    (is_nova, read_nova),
    (is_recording, read_recording),
    (is_rodeostat_text, read_rodeostat_text),
)
"""How each format is known and read. The first that knows a file reads it: those with an
unmistakable first line come before those that look at several lines; what none knows is read as
columns of numbers."""

_FREQUENCY_TOLERANCE: Final = 1e-3

_SQUARE_WAVE: Final = re.compile(r"swv|sqw|square.?wave", re.IGNORECASE)


def read(
    data: bytes,
    *,
    name: str = "",
    mapping: ColumnMapping | None = None,
    described: str | None = None,
    frequency_hz: float | None = None,
) -> tuple[Scan, ...]:
    """Read all scans of a file.

    Parameters
    ----------
    data
        The file's bytes.
    name
        The file's name; its frequency, number and electrode count where the header is silent.
    mapping
        What a person says about the columns; it wins over the content.
    described
        What an agent says of the lines of an instrument, a `LineReading` as text; it wins over the
        content, but not over a person.
    frequency_hz
        What came with the file of one scan; it counts where header and name are silent.

    Returns
    -------
    tuple of Scan
        At least one; potentials in V, currents in A, order kept.

    Raises
    ------
    FormatError
        With a sentence that says what was found and what to do; no other error, whatever the bytes.
    """
    lines = split_lines(decode(data, name))
    lines = lines[next(k for k, line in enumerate(lines) if line.strip()) :]
    mapping = mapping or ColumnMapping()
    if described is not None and not mapping.says_anything:
        scans: tuple[Scan, ...] = (read_lined(lines, reading_from_text(described), mapping),)
    else:
        scans = _reader_of(lines)(lines, mapping)
    named = parse_name(name)
    square_wave = bool(_SQUARE_WAVE.search(name))
    alone = len(scans) == 1
    if alone and named.frequency_hz is None and frequency_hz is not None:
        named = replace(named, frequency_hz=frequency_hz)
    return tuple(_finished(scan, named, alone=alone, square_wave=square_wave) for scan in scans)


def _reader_of(lines: Lines) -> Reader:
    """The reader of the first format that knows the lines; else that of columns of numbers."""
    for detect, reader in READERS:
        if detect(lines):
            return reader
    _refuse_json(lines)
    return read_generic


def _refuse_json(lines: Sequence[str]) -> None:
    if first_line(lines).startswith("{"):
        raise FormatError(
            "The file is JSON of a program that is not known; export the scan there as text "
            "columns with the headings Potential/V and Current/A."
        )


def _finished(scan: Scan, named: ScanName, *, alone: bool, square_wave: bool) -> Scan:
    """Add what the name says and whether the scan looks finished.

    A file's name numbers its one scan; of several scans each keeps the number that the file gives.
    """
    flags = list(scan.flags)
    curves = scan.curves
    if named.electrode is not None:
        curves, agrees = _with_electrode(curves, named.electrode)
        if not agrees:
            flags.append(NAME_HEADER_MISMATCH)
    frequency = scan.frequency_hz
    if frequency is None:
        frequency = named.frequency_hz
    elif _differ(named.frequency_hz, frequency):
        flags.append(NAME_HEADER_MISMATCH)
    is_square_wave = frequency is not None or square_wave
    technique = scan.technique
    if is_square_wave and scan.format == NOVA and technique == "lsv":
        # Nova names no technique, and its columns none where the difference alone was exported.
        technique, curves = "swv", tuple(replace(curve, role="difference") for curve in curves)
    if is_square_wave:
        flags = [flag for flag in flags if flag != TECHNIQUE_ASSUMED]
    number = scan.number
    if number is None or (alone and named.number is not None):
        number = named.number
    incomplete = why_incomplete(scan)
    if incomplete is not None:
        flags.append(TRUNCATED_SCAN)
    return replace(
        scan,
        technique=technique,
        curves=curves,
        frequency_hz=frequency,
        number=number,
        flags=tuple(dict.fromkeys(flags)),
        incomplete=incomplete,
    )


def _differ(named_hz: float | None, header_hz: float) -> bool:
    return named_hz is not None and abs(named_hz - header_hz) > _FREQUENCY_TOLERANCE * header_hz


def _with_electrode(curves: tuple[Curve, ...], electrode: int) -> tuple[tuple[Curve, ...], bool]:
    """Give the electrode of the name to a file of one unnumbered electrode."""
    held = {curve.electrode for curve in curves}
    if held == {1}:
        return tuple(replace(curve, electrode=electrode) for curve in curves), True
    return curves, electrode in held
