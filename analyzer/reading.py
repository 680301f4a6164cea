"""The session's reading settings, applied to the readers of `sacmes_core.formats`."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from sacmes_core.flags import CLOCK_WRONG
from sacmes_core.formats.clock import clock_is_wrong
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import Scan
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
    written_at, seen_at
        When the file was last written by its file system's clock, and when it came by the clock
        here.
    """

    technique: str | None = None
    frequency_hz: float | None = None
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
    mapping = replace(reading.mapping(), technique=known.technique)
    scans = read(content, name=name, mapping=mapping, frequency_hz=known.frequency_hz)
    return tuple(_with_clock(scan, known) for scan in scans)


def _with_clock(scan: Scan, known: Circumstances) -> Scan:
    header = scan.measured_at
    if header is None or not clock_is_wrong(header, known.written_at, known.seen_at):
        return scan
    return replace(scan, flags=(*scan.flags, CLOCK_WRONG))
