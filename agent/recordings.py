"""Recordings of an instrument on the agent's disk: a file a scan, and a label that describes it.

A recording grows under a temporary name and is renamed when it is whole. Its label is there from
the first byte on and says that the scan was cut short, until it is known that it was not: what a
power cut leaves behind describes itself.
"""

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Set
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from pydantic import AwareDatetime, ValidationError

from agent.clock import clock_is_synchronised
from agent.disk import sync_folder, write_private
from agent.outbox import FileRecord, Outbox, Taken
from agent.settling import Sighting
from sacmes_core.errors import ProtocolError
from sacmes_core.instruments.driver import Finished
from sacmes_core.instruments.orders import Order, Position
from sacmes_core.payloads.common import FileName, SessionId
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import Part, Technique
from sacmes_core.upload import UploadHeader, pack, upload_id

logger = logging.getLogger(__name__)

ENDING: Final = ".txt"
_UNFINISHED: Final = ".part"
_LABEL: Final = ".json"
CUT_SHORT: Final = "The agent was ended in the middle of this scan."


class Label(Part):
    """What is known of a recording beside its bytes."""

    session_id: SessionId
    file: FileName
    technique: Technique
    number: int
    frequency_hz: float | None = None
    electrode: int | None = None
    measured_at: AwareDatetime
    instrument: str = ""
    complete: bool = False
    reason: str | None = CUT_SHORT
    reading: str | None = None
    clock_synced: bool | None = None


def is_label(path: Path) -> bool:
    """Whether a file is the label of the recording beside it."""
    return path.name.endswith(ENDING + _LABEL) and path.with_suffix("").is_file()


def label_of(recording: Path) -> Label | None:
    """The label of a recording; None for any other file."""
    try:
        text = recording.with_name(recording.name + _LABEL).read_text("utf-8")
        return Label.model_validate_json(text)
    except (OSError, ValueError, ValidationError):
        return None


def labelled_header(label: Label, session_id: str, file: str, content: bytes) -> UploadHeader:
    """The header of a recording's upload."""
    return UploadHeader(
        session_id=session_id,
        upload_id=upload_id(session_id, file, content),
        file=file,
        technique=label.technique,
        sha256=hashlib.sha256(content).hexdigest(),
        complete=label.complete,
        frequency_hz=label.frequency_hz,
        number=label.number,
        electrode=label.electrode,
        measured_at=label.measured_at,
        measured_at_source="host",
        reading=label.reading,
        clock_synced=label.clock_synced,
    )


def keep_position(outbox: Outbox, session_id: str, after: Position) -> None:
    """Keep the scan to go on with in a session.

    Raises
    ------
    OutboxError
        If the disk does not take it.
    """
    outbox.keep_note(_note(session_id), json.dumps([after.number, after.scan]))


def kept_position(outbox: Outbox, session_id: str) -> Position | None:
    """The scan to go on with in a session; None before the first."""
    try:
        number, scan = json.loads(outbox.note(_note(session_id)) or "")
        return Position(int(number), int(scan))
    except (ValueError, TypeError):
        return None


def round_under_way(outbox: Outbox, session_id: str) -> int:
    """The number of the round that was begun last; 0 before the first."""
    after = kept_position(outbox, session_id)
    if after is None:
        return 0
    return after.number if after.scan else after.number - 1


def _note(session_id: str) -> str:
    return f"serial {session_id}"


class Recordings:
    """The recordings of one session; each session has a folder of its own.

    Parameters
    ----------
    folder
        Of all recordings of the agent.
    """

    def __init__(self, folder: Path, document: SessionDocument) -> None:
        self._document = document
        started = document.started_at.astimezone(UTC)
        self.run = f"{started:%Y%m%d-%H%M%S}_{document.session_id[:8]}"
        self._folder = folder / self.run
        self._file: IO[bytes] | None = None
        self._label: Label | None = None

    @property
    def session_id(self) -> str:
        """Of the session that is recorded."""
        return self._document.session_id

    def begin(self, order: Order, instrument: str) -> None:
        """Begin a recording.

        Raises
        ------
        OSError
            If the disk does not take it.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        label = Label(
            session_id=self._document.session_id,
            file=f"{self.run}/{order.name}{ENDING}",
            technique=self._document.technique,
            number=order.number,
            frequency_hz=order.frequency_hz,
            electrode=order.electrode,
            measured_at=datetime.now(UTC).astimezone(),
            instrument=instrument,
            clock_synced=clock_is_synchronised(),
        )
        self._keep(label)
        self._label = label
        self._file = self._path(label, _UNFINISHED).open("wb")

    def append(self, content: bytes) -> None:
        """Add bytes to the recording under way.

        Raises
        ------
        OSError
            If the disk does not take them.
        """
        if self._file is not None:
            self._file.write(content)
            self._file.flush()

    def finish(self, finished: Finished) -> Label | None:
        """End the recording under way; returns its label, or None where there is no recording.

        Raises
        ------
        OSError
            If the disk does not take it.
        """
        file, label = self._file, self._label
        self._file = self._label = None
        if file is None or label is None:
            return None
        with file:
            file.flush()
            os.fsync(file.fileno())
        known = {"complete": finished.complete, "reason": finished.reason}
        label = label.model_copy(update={**known, "reading": finished.reading})
        self._keep(label)
        self._path(label, _UNFINISHED).replace(self._path(label))
        sync_folder(self._folder)
        return label

    def left_behind(self, known: Set[str] = frozenset()) -> Iterator[Label]:
        """The recordings on the disk, after ending those that were cut short.

        Parameters
        ----------
        known
            Files, named as in their labels, that are passed over without opening them.
        """
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob(f"*{ENDING}{_UNFINISHED}")):
            path.replace(path.with_suffix(""))
        sync_folder(self._folder)
        for path in sorted(self._folder.glob(f"*{ENDING}")):
            label = None if f"{self.run}/{path.name}" in known else label_of(path)
            if label is not None:
                yield label

    def taken(self, label: Label, user_id: str) -> Taken:
        """A recording as the outbox keeps it: as an upload, or as refused where it is none.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        path = self._path(label)
        content, status = path.read_bytes(), path.stat()
        sighting = Sighting(status.st_size, status.st_mtime_ns)
        header = labelled_header(label, label.session_id, label.file, content)
        record = FileRecord(label.file, sighting, "sent", header.sha256)
        try:
            wire_bytes = len(pack(header, content, user_id=user_id).payload)
        except ProtocolError as error:
            logger.warning("Refused %s: %s", label.file, error)
            refused = FileRecord(label.file, sighting, "refused", header.sha256, str(error))
            return Taken(refused, label.session_id)
        return Taken(record, label.session_id, header, content, wire_bytes)

    def _path(self, label: Label, ending: str = "") -> Path:
        return self._folder / (label.file.rpartition("/")[2] + ending)

    def _keep(self, label: Label) -> None:
        write_private(self._path(label, _LABEL), label.model_dump_json(indent=1).encode())
