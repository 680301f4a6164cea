"""A session's results as a table for other programs: one line for each scan and electrode."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from analyzer.cyclic import CV_COLUMNS, Cell, cv_cells
from analyzer.steps import CA_COLUMNS, ca_cells
from analyzer.trends import MEAN_COLUMNS, mean_cells
from sacmes_core.payloads.results import ElectrodeResult, Result
from sacmes_core.protocol import MAX_WIRE_BYTES

PART_BYTES: Final = MAX_WIRE_BYTES * 9 // 10

COLUMNS: Final = (
    "session",
    "position",
    "file",
    "index",
    "revision",
    "technique",
    "format",
    "number",
    "frequency_hz",
    "electrode",
    "measured_at",
    "measured_at_source",
    "peak_current_a",
    "peak_current_se_a",
    "peak_potential_v",
    "peak_potential_se_v",
    "area_av",
    "area_se_av",
    "fwhm_v",
    "fwhm_se_v",
    "charge_c",
    "charge_se_c",
    "normalised",
    "normalised_se",
    "kdm",
    "kdm_se",
    "ratio",
    "ratio_se",
    "concentration_molar",
    "concentration_low_molar",
    "concentration_high_molar",
    "concentration_flags",
    "flags",
    "error",
    "method",
    "version",
    "settings_revision",
    "trend_revision",
    *CV_COLUMNS,
    *CA_COLUMNS,
    *MEAN_COLUMNS,
)
"""Columns of the table: a name each, with the unit; normalised, kdm and ratio are fractions."""

TEXT_COLUMNS: Final = frozenset(
    (
        *("session", "file", "technique", "format", "measured_at", "measured_at_source"),
        *("concentration_flags", "flags", "error", "method", "version", "cv_model", "cv_probes"),
    )
)
INTEGER_COLUMNS: Final = frozenset(
    (
        *("position", "index", "revision", "number", "electrode"),
        *("settings_revision", "trend_revision", "cv_segments"),
        *("cv_forward_segment", "cv_reverse_segment"),
    )
)
"""Columns of text and of whole numbers; all others hold floating-point numbers."""

_NUMBERS: Final = COLUMNS[COLUMNS.index("peak_current_a") : COLUMNS.index("concentration_flags")]

QUANTITIES: Final = (
    *_NUMBERS,
    *(name for name in CV_COLUMNS if name not in TEXT_COLUMNS),
    *CA_COLUMNS,
)
"""Columns of numbers that one electrode of a scan has."""


def rows(results: Iterable[Result]) -> Iterator[list[Cell]]:
    """The table's rows as values; None is a missing one."""
    for result in results:
        means = mean_cells(result)
        for electrode in result.electrodes or (None,):
            yield _cells(result, electrode, means)


def quantities_of(electrode: ElectrodeResult) -> dict[str, float]:
    """The numbers of an electrode by their columns, those without a value left out."""
    cells: list[tuple[str, Cell]] = [(name, getattr(electrode, name)) for name in _NUMBERS]
    if electrode.cv is not None:
        cells += zip(CV_COLUMNS, cv_cells(electrode.cv), strict=True)
    if electrode.ca is not None:
        cells += zip(CA_COLUMNS, ca_cells(electrode.ca), strict=True)
    return {name: value for name, value in cells if not (value is None or isinstance(value, str))}


def lines(results: Iterable[Result]) -> Iterator[str]:
    """The table's lines, heading first; an empty cell is a missing value, never a zero."""
    yield _line(COLUMNS)
    for row in rows(results):
        yield _line([_text(cell) for cell in row])


def split(table: Iterable[str], part_bytes: int = PART_BYTES) -> Iterator[bytes]:
    """The table in parts of whole lines; put together they are the file."""
    part = bytearray()
    for line in table:
        encoded = line.encode()
        if part and len(part) + len(encoded) > part_bytes:
            yield bytes(part)
            part.clear()
        part += encoded
    yield bytes(part)


def _cells(
    result: Result, electrode: ElectrodeResult | None, means: Iterable[float | None]
) -> list[Cell]:
    scan = result.scan
    flags = dict.fromkeys(result.flags + (electrode.flags if electrode else ()))
    return [
        result.session_id,
        result.position,
        scan.file,
        scan.index,
        scan.revision,
        scan.technique,
        scan.format,
        scan.number,
        scan.frequency_hz,
        electrode.electrode if electrode else None,
        scan.measured_at.isoformat() if scan.measured_at else None,
        scan.measured_at_source,
        *(getattr(electrode, name, None) for name in _NUMBERS),
        " ".join(electrode.concentration_flags if electrode else ()) or None,
        " ".join(flags) or None,
        result.error,
        result.method,
        result.version,
        result.settings_revision,
        result.trend_revision,
        *cv_cells(electrode.cv if electrode else None),
        *ca_cells(electrode.ca if electrode else None),
        *means,
    ]


def _text(value: Cell) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else repr(value)


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
