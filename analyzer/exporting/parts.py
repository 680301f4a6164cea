"""Exports in parts that fit into messages; the last few are kept, so that each is made once."""

import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from analyzer.exporting.formats import FORMATS, Format
from analyzer.exporting.material import ExportError, Material
from analyzer.exporting.raw import FILES_MAX_BYTES
from analyzer.exports import PART_BYTES, lines, split
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from sacmes_core.payloads.questions import ExportQuery
from sacmes_core.payloads.results import Result

_CACHED_MAX: Final = 8
_CACHED_MAX_BYTES: Final = 256 * 1024 * 1024
_BEGUN_MAX: Final = 256
_TOLD_EVERY: Final = 500

Item = TypeVar("Item")
Tell = Callable[[int, int], None]
"""Takes how many results are read, and of how many."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an exported file; `state` names what the whole file was made of."""

    content: bytes
    file: str
    content_type: str
    parts: int
    state: str


class Exports:
    """The files of sessions in parts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cached: dict[object, tuple[bytes, ...]] = {}
        self._begun: OrderedDict[object, str] = OrderedDict()

    def part(
        self, run: Run, query: ExportQuery, *, asker: str = "", progress: Tell = lambda *_: None
    ) -> Part:
        """The part of an export that is asked for, counted from 1.

        Parts are of one file, however the session goes on meanwhile: of the one whose state the
        question names, else of the one that the same asker's part 1 came from. All that a file is
        made of is the store as it was at one moment.

        Parameters
        ----------
        asker
            Tells one who asks from another.
        progress
            Called while the file is made.

        Raises
        ------
        ExportError
            If there is no such part, the file cannot be made, or its state is no longer kept.
        """
        with self._store.database.snapshot():
            current = self._store.sessions.find(run.user_id, run.document.session_id)
            if current is None:
                raise ExportError("not_found", "The session was removed meanwhile.")
            return self._part(current, query, asker, progress)

    def _part(self, run: Run, query: ExportQuery, asker: str, progress: Tell) -> Part:
        asked = query.model_copy(update={"part": 1, "session_id": None, "state": ""})
        now = _state(run)
        state = query.state or self._begun_with(now, (asker, run.run, asked), query.part)
        key = (run.run, state, asked)
        written = FORMATS[query.format]
        packed = self._cached.pop(key, None)
        if packed is None:
            if state != now:
                raise ExportError(
                    "conflict",
                    "The session has changed since the first part was made, and that file is no "
                    "longer kept; ask for the export anew, from part 1.",
                )
            made = self._made(run, query, written, progress)
            packed = tuple(zlib.compress(part, 1) for part in made)
        self._cached[key] = packed
        while len(self._cached) > 1 and (
            len(self._cached) > _CACHED_MAX or self._cached_bytes() > _CACHED_MAX_BYTES
        ):
            del self._cached[next(iter(self._cached))]
        if query.part > len(packed):
            sentence = f"The export has {len(packed)} parts; there is no part {query.part}."
            raise ExportError("not_found", sentence)
        content = zlib.decompress(packed[query.part - 1])
        return Part(content, _name(run, written), written.content_type, len(packed), state)

    def _cached_bytes(self) -> int:
        return sum(len(part) for packed in self._cached.values() for part in packed)

    def _begun_with(self, now: str, asking: object, part: int) -> str:
        """The state that an asker's first part came from; that of now for who begins."""
        if part > 1:
            return self._begun.get(asking, now)
        self._begun[asking] = now
        self._begun.move_to_end(asking)
        if len(self._begun) > _BEGUN_MAX:
            self._begun.popitem(last=False)
        return now

    def _made(
        self, run: Run, query: ExportQuery, written: Format, progress: Tell
    ) -> Iterator[bytes]:
        if query.format == "raw" and self._store.uploads.total_bytes(run.run) > FILES_MAX_BYTES:
            raise ExportError(
                "too_large",
                f"The files of the session have more than {FILES_MAX_BYTES >> 20} MiB; ask the "
                "administrator for the session: sacmes-analyzer export writes it at any size.",
            )
        of = self._store.sessions.count_scans(run.run)
        results = _chosen(_counted(self._store.results.every(run.run), of, progress), query)
        if query.format == "csv":
            return split(lines(results))
        marks, uploads = self._store.marks.list(run.run), self._store.uploads.every(run.run)
        if query.format == "raw":
            uploads = _counted(uploads, of, progress)
        material = Material(self._store.sessions.as_shown(run).document, results, uploads, marks)
        try:
            whole = written.write(material)
        except ModuleNotFoundError as error:
            raise ExportError(
                "unavailable",
                f"The analyzer cannot write {query.format}, since {error.name} is not installed "
                'there: pip install "sacmes[analyzer]" on the server, or choose csv.',
            ) from None
        starts = range(0, max(len(whole), 1), PART_BYTES)
        return (whole[start : start + PART_BYTES] for start in starts)


def _counted(items: Iterable[Item], of: int, progress: Tell) -> Iterator[Item]:
    progress(0, of)
    for done, item in enumerate(items, start=1):
        yield item
        if done % _TOLD_EVERY == 0:
            progress(done, of)


def _chosen(results: Iterable[Result], query: ExportQuery) -> Iterator[Result]:
    """The results that the question asks for: all of them where it does not choose."""
    for result in results:
        number = result.scan.number
        if query.frequencies_hz and result.scan.frequency_hz not in query.frequencies_hz:
            continue
        if query.first_number is not None and (number is None or number < query.first_number):
            continue
        if query.last_number is not None and (number is None or number > query.last_number):
            continue
        if query.electrodes and result.electrodes:
            electrodes = tuple(e for e in result.electrodes if e.electrode in query.electrodes)
            if not electrodes:
                continue
            yield result.model_copy(update={"electrodes": electrodes})
        else:
            yield result


def _state(run: Run) -> str:
    """What names the content of a session at this moment, and tells an asker nothing else."""
    text = f"{run.document.session_id}/{run.content_version}/{run.document.model_dump_json()}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _name(run: Run, written: Format) -> str:
    """File name that says which session it is."""
    started = run.document.started_at.strftime("%Y%m%dT%H%M%S")
    return f"sacmes_{started}_{run.document.session_id[:8]}{written.ending}"
