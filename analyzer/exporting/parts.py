"""Exports in parts that fit into messages; the last few are kept, so that each is made once."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from analyzer.exporting.formats import FORMATS, Format
from analyzer.exporting.material import ExportError, Material
from analyzer.exporting.raw import FILES_MAX_BYTES
from analyzer.exports import PART_BYTES, lines, split
from analyzer.store.sessions import Run
from analyzer.store.store import Store
from sacmes_core.payloads.questions import ExportQuery
from sacmes_core.payloads.results import Result

_KEPT_MAX: Final = 4


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
        self._kept: dict[object, tuple[bytes, ...]] = {}

    def part(self, run: Run, query: ExportQuery) -> Part:
        """The part of an export that is asked for, counted from 1.

        Parts that name the state of part 1 are of one file, however the session goes on meanwhile.

        Raises
        ------
        ExportError
            If there is no such part, the file cannot be made, or its state is no longer kept.
        """
        asked = query.model_copy(update={"part": 1, "session_id": None, "state": ""})
        now = _state(run)
        state = query.state or now
        key = (run.run, state, asked)
        written = FORMATS[query.format]
        packed = self._kept.pop(key, None)
        if packed is None:
            if state != now:
                raise ExportError(
                    "conflict",
                    "The session has changed since the first part was made, and that file is no "
                    "longer kept; ask for the export anew, from part 1.",
                )
            packed = tuple(zlib.compress(part, 1) for part in self._made(run, query, written))
        self._kept[key] = packed
        while len(self._kept) > _KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        if query.part > len(packed):
            sentence = f"The export has {len(packed)} parts; there is no part {query.part}."
            raise ExportError("not_found", sentence)
        content = zlib.decompress(packed[query.part - 1])
        return Part(content, _name(run, written), written.content_type, len(packed), state)

    def _made(self, run: Run, query: ExportQuery, written: Format) -> Iterator[bytes]:
        if query.format == "raw" and self._store.uploads.total_bytes(run.run) > FILES_MAX_BYTES:
            raise ExportError(
                "too_large",
                f"The files of the session have more than {FILES_MAX_BYTES >> 20} MiB; ask the "
                "administrator for the session: sacmes-analyzer export writes it at any size.",
            )
        results = _chosen(self._store.results.every(run.run), query)
        if query.format == "csv":
            return split(lines(results))
        uploads, marks = self._store.uploads.every(run.run), self._store.marks.list(run.run)
        material = Material(run.document, results, uploads, marks)
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
