"""The session's reading settings, applied to the readers of `sacmes_core.formats`."""

from pathlib import PurePosixPath

from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan
from sacmes_core.settings import ReadingSettings


def read_scans(file: str, content: bytes, reading: ReadingSettings) -> tuple[Scan, ...]:
    """Read the scans of a file, at least one; its name counts where its header is silent.

    Raises
    ------
    FormatError
        If the file cannot be read.
    """
    name = PurePosixPath(file.replace("\\", "/")).name
    return read(content, name=name, mapping=column_mapping(reading))


def column_mapping(reading: ReadingSettings) -> ColumnMapping:
    """What the settings say about the columns of a file."""
    return ColumnMapping(
        delimiter=reading.delimiter,
        decimal=reading.decimal,
        potential_column=reading.potential_column,
        current_column=reading.current_column,
        column_spacing=reading.column_spacing,
        potential_unit=reading.potential_unit,
        current_unit=reading.current_unit,
        invert_current=reading.invert_current,
    )
