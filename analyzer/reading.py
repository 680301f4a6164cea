"""The session's reading settings, applied to the readers of `sacmes_core.formats`."""

from dataclasses import replace
from pathlib import PurePosixPath

from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import TIME_TECHNIQUES, Scan
from sacmes_core.settings.reading import ReadingSettings


def read_scans(
    file: str,
    content: bytes,
    reading: ReadingSettings,
    technique: str | None = None,
    *,
    described: str | None = None,
) -> tuple[Scan, ...]:
    """Read the scans of a file, at least one; its name counts where its header is silent.

    Parameters
    ----------
    technique
        What the session measures: tells bare columns of times from those of potentials.
    described
        What the agent said of the form of the lines; the session's own settings win over it.

    Raises
    ------
    FormatError
        If the file cannot be read.
    """
    name = PurePosixPath(file.replace("\\", "/")).name
    mapping = replace(reading.mapping(), first_is_time=technique in TIME_TECHNIQUES)
    return read(content, name=name, mapping=mapping, described=described)
