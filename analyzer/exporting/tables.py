"""The tidy table as CSV, as a workbook and as Parquet: the same columns in each."""

import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from analyzer.cyclic import Cell
from analyzer.exporting.material import ExportError, Material, settings_rows
from analyzer.exports import COLUMNS, INTEGER_COLUMNS, TEXT_COLUMNS, lines, rows
from sacmes_core.flags import SENTENCES
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.results import Result

if TYPE_CHECKING:
    from xlsxwriter import Workbook

SHEET_ROWS_MAX: Final = 1_048_576
"""Rows that a spreadsheet program opens."""
_GROUP_ROWS: Final = 20_000
_QUALITY: Final = ("position", "file", "number", "frequency_hz", "electrode", "flag", "meaning")


def csv_table(material: Material) -> bytes:
    """The tidy table as text."""
    return "".join(lines(material.results)).encode()


def workbook(material: Material) -> bytes:
    """The sheets results, settings, marks and quality.

    Raises
    ------
    ExportError
        If a sheet would be longer than spreadsheet programs open.
    """
    from xlsxwriter import Workbook

    file = io.BytesIO()
    # In one pass, so that a long run does not lie in memory; text stays text.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(file, options) as book:
        # A date of its own would make another file of the same content.
        book.set_properties({"created": material.document.started_at.replace(tzinfo=None)})
        quality: list[tuple[Cell, ...]] = []
        _sheet(book, "results", COLUMNS, rows(_noting_quality(material.results, quality)))
        _sheet(book, "settings", ("setting", "value"), settings_rows(material.document))
        _sheet(book, "marks", tuple(Mark.model_fields), map(_mark_cells, material.marks))
        _sheet(book, "quality", _QUALITY, quality)
    return file.getvalue()


def parquet(material: Material) -> bytes:
    """The tidy table by columns, with session document and marks in the file's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [
        (name, pa.string() if name in TEXT_COLUMNS else _number_type(pa, name)) for name in COLUMNS
    ]
    document = material.document.model_dump(mode="json")
    marks = [mark.model_dump(mode="json") for mark in material.marks]
    metadata = {"sacmes_session": json.dumps(document), "sacmes_marks": json.dumps(marks)}
    schema = pa.schema(fields, metadata=metadata)
    file = pa.BufferOutputStream()
    with pq.ParquetWriter(file, schema) as writer:
        waiting = rows(material.results)
        while group := list(islice(waiting, _GROUP_ROWS)):
            columns = zip(*group, strict=True)
            arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return bytes(file.getvalue())


def _number_type(pa: Any, name: str) -> Any:
    return pa.int64() if name in INTEGER_COLUMNS else pa.float64()


def _sheet(
    book: "Workbook", name: str, columns: Iterable[str], table: Iterable[Iterable[Cell]]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, columns, book.add_format({"bold": True}))
    for k, row in enumerate(table, start=1):
        if k >= SHEET_ROWS_MAX:
            raise ExportError(
                "too_large",
                f"The sheet {name} would have more than the {SHEET_ROWS_MAX:,} rows that a "
                "spreadsheet program opens. Choose csv or parquet, or fewer scans.",
            )
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(k, column, cell)
            elif cell is not None:
                sheet.write_number(k, column, cell)


def _mark_cells(mark: Mark) -> list[Cell]:
    return list(mark.model_dump(mode="json").values())


def _noting_quality(results: Iterable[Result], noted: list[tuple[Cell, ...]]) -> Iterator[Result]:
    """The results as they pass; of each, only the rows of the sheet quality are kept."""
    for result in results:
        noted.extend(_quality(result))
        yield result


def _quality(result: Result) -> Iterator[tuple[Cell, ...]]:
    """A row for each flag, and one for a scan without numbers, with what it means."""
    scan = result.scan
    about = (result.position, scan.file, scan.number, scan.frequency_hz)
    if result.error is not None:
        yield *about, None, "error", result.error
    for flag in result.flags:
        yield *about, None, flag, SENTENCES.get(flag, "")
    for electrode in result.electrodes:
        for flag in electrode.flags + electrode.concentration_flags:
            yield *about, electrode.electrode, flag, SENTENCES.get(flag, "")
