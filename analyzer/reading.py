"""The session's reading settings, applied to the readers of `sacmes_core.formats`."""

from pathlib import PurePosixPath

from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import Scan
from sacmes_core.settings.reading import ReadingSettings


def read_scans(file: str, content: bytes, reading: ReadingSettings) -> tuple[Scan, ...]:
    """Read the scans of a file, at least one; its name counts where its header is silent.

    Raises
    ------
    FormatError
        If the file cannot be read.
    """
    name = PurePosixPath(file.replace("\\", "/")).name
    return read(content, name=name, mapping=reading.mapping())
