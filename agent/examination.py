"""What an agent reads in a file before it sends it: whether it is finished, and of what it is."""

from dataclasses import dataclass
from datetime import datetime

from agent.settling import Outlook
from sacmes_core.errors import FormatError
from sacmes_core.formats.decode import decode
from sacmes_core.formats.names import ScanName, parse_name
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import Scan
from sacmes_core.settings.reading import ReadingSettings

_LINE_FEED = (b"\n", b"\n\x00")
_RETURN = (b"\r", b"\r\x00")


@dataclass(frozen=True, slots=True)
class Examination:
    """What the content and the name of a file say; None where they say nothing.

    Attributes
    ----------
    reason
        Why the file is not finished or cannot be read, in a sentence.
    """

    outlook: Outlook
    frequency_hz: float | None = None
    number: int | None = None
    electrode: int | None = None
    measured_at: datetime | None = None
    reason: str | None = None


def examine(content: bytes, name: str, reading: ReadingSettings) -> Examination:
    """Read a file as far as an agent needs to; never fails, whatever the bytes."""
    named = parse_name(name)
    if not content.strip():
        return _unread("unfinished", named, "The file is empty.")
    try:
        decode(content)
    except FormatError as error:
        return _unread("binary", named, error.reason)
    try:
        scans = read(content, name=name, mapping=reading.mapping())
    except FormatError as error:
        return _unread("unreadable", named, error.reason)
    first = scans[0]
    return Examination(
        _outlook(scans, content),
        first.frequency_hz,
        first.number,
        named.electrode,
        local_time(first.measured_at),
        next((scan.incomplete for scan in scans if scan.incomplete), None),
    )


def _unread(outlook: Outlook, named: ScanName, reason: str) -> Examination:
    return Examination(outlook, named.frequency_hz, named.number, named.electrode, None, reason)


def _outlook(scans: tuple[Scan, ...], content: bytes) -> Outlook:
    if not all(scan.complete for scan in scans):
        return "unfinished"
    declared = all(scan.declared.final_v is not None for scan in scans)
    return "proven" if declared and _ends_with_a_line(content) else "complete"


def _ends_with_a_line(content: bytes) -> bool:
    """Whether the last line has its end; a lone return may be half of one."""
    return content.endswith(_LINE_FEED if b"\n" in content else _RETURN)


def local_time(measured_at: datetime | None) -> datetime | None:
    """The header's time as this computer's local time, since the file names no zone."""
    if measured_at is None:
        return None
    try:
        return measured_at.astimezone()
    except (OverflowError, OSError, ValueError):
        return None
