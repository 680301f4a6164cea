"""The session's reading settings, applied to the readers of `sacmes_core.formats`."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import PurePosixPath

from sacmes_core.flags import CLOCK_WRONG, TRUNCATED_SCAN
from sacmes_core.formats.clock import clock_is_wrong
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan
from sacmes_core.settings.reading import ReadingSettings


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a file beside its name and its bytes; None where nothing is.

    Attributes
    ----------
    technique
        What the session measures: counts where the file does not say what it holds.
    frequency_hz
        What was sent with the file: counts where header and name are silent.
    described
        What the agent said of the form of the lines; the session's own settings win over it.
    complete
        Whether its sender took it for whole.
    written_at, seen_at
        When the file was last written by its file system's clock, and when it came by the clock
        here.
    """

    technique: str | None = None
    frequency_hz: float | None = None
    described: str | None = None
    complete: bool = True
    written_at: datetime | None = None
    seen_at: datetime | None = None


NOTHING_KNOWN = Circumstances()


def read_scans(
    file: str, content: bytes, reading: ReadingSettings, known: Circumstances = NOTHING_KNOWN
) -> tuple[Scan, ...]:
    """Read the scans of a file, at least one; its name counts where its header is silent.

    Raises
    ------
    FormatError
        If the file cannot be read.
    """
    name = PurePosixPath(file.replace("\\", "/")).name
    scans = read(
        content,
        name=name,
        mapping=_mapping(reading, known.technique),
        frequency_hz=known.frequency_hz,
        described=known.described,
    )
    return tuple(_with_flags(scan, known) for scan in scans)


@lru_cache(maxsize=64)  # Scan after scan is read under the same settings.
def _mapping(reading: ReadingSettings, technique: str | None) -> ColumnMapping:
    return replace(reading.mapping(), technique=technique)


def _with_flags(scan: Scan, known: Circumstances) -> Scan:
    """A scan with what its circumstances say of it, whether or not its content shows it."""
    flags = list(scan.flags)
    header = scan.measured_at
    if header is not None and clock_is_wrong(header, known.written_at, known.seen_at):
        flags.append(CLOCK_WRONG)
    if not known.complete:
        flags.append(TRUNCATED_SCAN)
    if len(flags) == len(scan.flags):
        return scan
    return replace(scan, flags=tuple(dict.fromkeys(flags)))
