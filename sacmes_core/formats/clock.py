"""Whether the time in a file's header can be true."""

from datetime import UTC, datetime, timedelta
from typing import Final

AHEAD_MAX: Final = timedelta(days=1)
"""A header names no time zone, and the instrument's may be another one."""

BEHIND_MAX: Final = timedelta(days=730)
"""A file that is exported or copied some months after its scan says nothing about a clock."""


def clock_is_wrong(
    header: datetime, written_at: datetime | None, seen_at: datetime | None = None
) -> bool:
    """Whether a header's time lies after the file was there, or long before it was written.

    An experiment of years ago whose file is as old is not suspect.

    Parameters
    ----------
    header
        By the instrument PC's clock, without a time zone.
    written_at
        When the file was last written, by its file system; None if that is not known.
    seen_at
        When the file was received or read, by another clock; None if that is not known.
    """
    moment = header.replace(tzinfo=UTC)
    if any(known is not None and moment - known > AHEAD_MAX for known in (written_at, seen_at)):
        return True
    return written_at is not None and written_at - moment > BEHIND_MAX
