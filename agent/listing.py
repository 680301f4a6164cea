"""What is in the watched folder: names and sightings, and the answer to a viewer's `list`."""

import os
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Final

from agent.attributes import is_hidden, is_junction, is_only_in_the_cloud
from agent.examination import examine
from agent.places import long_path
from agent.selection import is_ignored, name_belongs
from agent.settling import Sighting
from sacmes_core.formats.names import natural_key, parse_name
from sacmes_core.payloads.questions import ListQuery
from sacmes_core.payloads.replies import FoundFiles, ListReply
from sacmes_core.settings.parts import FREQUENCY_MAX_HZ
from sacmes_core.settings.reading import ReadingSettings
from sacmes_core.settings.source import SourceSettings

DEPTH_MAX: Final = 4
FILES_MAX: Final = 200_000
KINDS_MAX: Final = 1000
READ_FOR_LIST_MAX: Final = 24
_READ_BYTES_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A file in the folder; its place is text, since there may be very many of them.

    Attributes
    ----------
    in_cloud
        Whether its content is not on this computer, so that reading would fetch it.
    """

    place: str
    sighting: Sighting
    in_cloud: bool = False

    @property
    def path(self) -> Path:
        """The file itself."""
        return Path(self.place)


def list_folder(
    root: Path, *, subfolders: bool, pending: Container[str] = frozenset()
) -> Iterator[tuple[str, Listed]]:
    """The files below a folder with their names in an upload, one by one, in no order.

    Hidden and temporary ones are left out; after `FILES_MAX` files it ends.

    Parameters
    ----------
    subfolders
        Whether folders in the folder count as well, to a depth of 4; links to folders never do.
    pending
        Names for which the file itself is asked: what a Windows folder says of an open file lags.

    Raises
    ------
    OSError
        If the folder cannot be listed.
    """
    entries = _entries(long_path(root), "", DEPTH_MAX if subfolders else 1)
    files = 0
    for name, entry in entries:
        try:
            status = entry.stat()
            in_cloud = is_only_in_the_cloud(status)
            if is_hidden(status):
                continue
            if name in pending and not in_cloud:
                status = os.stat(entry.path)  # noqa: PTH116
        except OSError:
            continue
        yield name, Listed(entry.path, Sighting(status.st_size, status.st_mtime_ns), in_cloud)
        files += 1
        if files >= FILES_MAX:
            return


@lru_cache(maxsize=8192)  # More than are followed at a time: each batch sorts all that are due.
def order(name: str) -> tuple[object, ...]:
    """Key that sorts scans as they are measured: by number, then as people count."""
    number = parse_name(name).number
    return (number is None, number or 0, natural_key(name))


def answer(query: ListQuery, source_name: str, listing: Iterable[tuple[str, Listed]]) -> ListReply:
    """The kinds of files in a listing, for the form that starts a session.

    Where the name does not say the frequency, a few files of a kind are read for it.
    """
    source = SourceSettings(handle=query.handle, extension=query.extension)
    kinds: Counter[tuple[str, str, float | None]] = Counter()
    numbers: dict[tuple[str, str, float | None], tuple[int, int]] = {}
    last: dict[tuple[str, str, float | None], tuple[tuple[object, ...], str]] = {}
    read: Counter[tuple[str, str]] = Counter()
    for name, listed in listing:
        if not name_belongs(source, name.rpartition("/")[2]):
            continue
        named = parse_name(name)
        extension = PurePath(name).suffix
        frequency_hz = named.frequency_hz
        if frequency_hz is None and read[named.handle, extension] < READ_FOR_LIST_MAX:
            read[named.handle, extension] += 1
            frequency_hz = _frequency_inside(listed)
        if frequency_hz is not None and not 0 < frequency_hz <= FREQUENCY_MAX_HZ:
            frequency_hz = None
        kind = (named.handle, extension, frequency_hz)
        kinds[kind] += 1
        if named.number is not None:
            low, high = numbers.get(kind, (named.number, named.number))
            numbers[kind] = min(low, named.number), max(high, named.number)
        place = (order(name), name)
        last[kind] = max(last.get(kind, place), place)
    return _reply(source_name, kinds, numbers, {kind: name for kind, (_, name) in last.items()})


def _reply(
    source_name: str,
    kinds: Counter[tuple[str, str, float | None]],
    numbers: Mapping[tuple[str, str, float | None], tuple[int, int]],
    last: Mapping[tuple[str, str, float | None], str],
) -> ListReply:
    found = []
    by_size = sorted(kinds.items(), key=lambda one: (-one[1], _sortable(one[0])))
    for kind, files in by_size[:KINDS_MAX]:
        handle, extension, frequency_hz = kind
        first_number, last_number = numbers.get(kind, (None, None))
        found.append(
            FoundFiles(
                handle=handle[:1024],
                extension=extension[:200],
                frequency_hz=frequency_hz,
                files=files,
                first_number=first_number,
                last_number=last_number,
                last_file=last[kind][:1024],
            )
        )
    return ListReply(
        source_name=source_name[:1024], found=tuple(found), truncated=len(kinds) > KINDS_MAX
    )


def _sortable(kind: tuple[str, str, float | None]) -> tuple[object, ...]:
    handle, extension, frequency_hz = kind
    return (natural_key(handle), extension.casefold(), frequency_hz or 0.0)


def _frequency_inside(listed: Listed) -> float | None:
    if listed.in_cloud or listed.sighting.size > _READ_BYTES_MAX:
        return None
    try:
        content = listed.path.read_bytes()
    except OSError:
        return None
    return examine(content, listed.path.name, ReadingSettings()).frequency_hz


def _entries(folder: Path, prefix: str, depth: int) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_ignored(entry.name):
                continue
            name = prefix + _readable(entry.name)
            try:
                if depth > 1 and entry.is_dir(follow_symlinks=False):
                    if is_junction(entry.stat(follow_symlinks=False)):
                        continue
                    yield from _entries(Path(entry.path), f"{name}/", depth - 1)
                elif entry.is_file():
                    yield name, entry
            except OSError:
                if not Path(folder).is_dir():
                    raise


def _readable(name: str) -> str:
    """A name that can be sent, also where the disk's bytes are no text."""
    if name.isascii():
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
