"""Which files of a folder belong to a session: by name before reading, by content after it."""

import re
from typing import Final

from sacmes_core.formats.names import parse_name
from sacmes_core.settings.source import DEFAULT_EXTENSIONS, SourceSettings

_UNFINISHED_ENDINGS: Final = (
    ".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp",
    ".lock", ".lck", ".bak", ".bin",
)  # fmt: skip
_CONFLICT: Final = re.compile(
    r"conflict(?:ed)?[ _-]copy|\.sync-conflict-|-conflict-\d|\.conflict\."
    r"|\(.*(?:conflict|konflikt|conflit|conflicto).*\)",
    re.IGNORECASE,
)
"""As Dropbox, Nextcloud, OneDrive and Syncthing call them, in a few languages."""
_ELECTRODE_PREFIX: Final = re.compile(r"^E\d{1,3}_", re.IGNORECASE)
_FREQUENCY_TOLERANCE: Final = 1e-3


def is_ignored(name: str) -> bool:
    """Whether a name is a program's own: hidden, temporary, a lock, a copy after a conflict."""
    return (
        name.startswith((".", "~"))
        or name.endswith("~")
        or name.lower().endswith(_UNFINISHED_ENDINGS)
        or _CONFLICT.search(name) is not None
    )


def name_belongs(source: SourceSettings, name: str) -> bool:
    """Whether a file's name fits handle, extension and numbers; letters' case is all one.

    A name without a number fits only where the session asks for no range of numbers.
    """
    folded = name.casefold()
    extensions = (source.extension.casefold(),) if source.extension else DEFAULT_EXTENSIONS
    if is_ignored(name) or not folded.endswith(extensions):
        return False
    handle = source.handle.casefold()
    if not folded.startswith(handle) and not _ELECTRODE_PREFIX.sub("", folded).startswith(handle):
        return False
    if source.first_number == 0 and source.last_number is None:
        return True
    number = parse_name(name).number
    return (
        number is not None
        and source.first_number <= number
        and (source.last_number is None or number <= source.last_number)
    )


def frequency_belongs(source: SourceSettings, frequency_hz: float | None) -> bool:
    """Whether a frequency is one of the session's; an unknown one is not left out."""
    if frequency_hz is None or not source.frequencies_hz:
        return True
    return any(
        abs(frequency_hz - wanted) <= _FREQUENCY_TOLERANCE * wanted
        for wanted in source.frequencies_hz
    )
