"""Several files in one, as they come out of joining a folder's files."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.flags import LINES_LOST
from sacmes_core.formats.scan import ColumnMapping, Scan

FILES_MAX: Final = 10_000

Reader = Callable[[Sequence[str], ColumnMapping], tuple[Scan, ...]]


def read_appended(
    lines: Sequence[str], mapping: ColumnMapping, reader: Reader, mark: str
) -> tuple[Scan, ...]:
    """Read every file in the lines, of which each has one line that begins with a mark.

    The mark stands as many lines below each file's first line as in the first file. Files that
    cannot be read are left out where others can; all scans then have the flag ``lines_lost``.

    Raises
    ------
    FormatError
        If no file can be read, or there are too many.
    """
    # In the whole text they are found sooner than line by line.
    if "\n".join(["", *lines]).count(f"\n{mark}") < 2:
        return reader(lines, mapping)
    marks = [k for k, line in enumerate(lines) if line.startswith(mark)]
    if len(marks) > FILES_MAX:
        raise FormatError(
            f"The file holds more than {FILES_MAX:,} files one after the other; keep the scans in "
            "files of their own."
        )
    starts = [k - marks[0] for k in marks]
    scans: list[Scan] = []
    unreadable: FormatError | None = None
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        part = lines[start:end] if end == len(lines) else [*lines[start:end], ""]
        try:
            scans += reader(part, mapping)
        except FormatError as error:
            unreadable = unreadable or error
    if unreadable is not None:
        if not scans:
            raise unreadable
        scans = [replace(scan, flags=(*scan.flags, LINES_LOST)) for scan in scans]
    return tuple(replace(scan, index=k) for k, scan in enumerate(scans))
