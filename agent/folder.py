"""The watched folder: what in it belongs to the session goes into the outbox, once and whole."""

import hashlib
import logging
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from agent.examination import Examination, examine
from agent.listing import Listed, list_folder, order
from agent.outbox import FileRecord, Outbox, Outcome, Taken
from agent.selection import frequency_belongs, name_belongs
from agent.settling import (
    Patience,
    Sighting,
    WatchedFile,
    again,
    examined,
    locked,
    see,
)
from sacmes_core.errors import ProtocolError
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import MAX_UPLOAD_BYTES
from sacmes_core.settings.source import SourceSettings
from sacmes_core.upload import UploadHeader, pack, too_large, upload_id

logger = logging.getLogger(__name__)

POLL_S: Final = 1.0
BATCH_FILES: Final = 32
BATCH_BYTES: Final = 4 * 1024 * 1024
_LOCKED_TOO_OFTEN: Final = 6


@dataclass(slots=True)
class Folder:
    """Takes the files of one session out of a folder; the owner calls `poll` about every second.

    Attributes
    ----------
    problem
        A sentence when something needs a person; None while all is well.
    """

    root: Path
    outbox: Outbox
    user_id: str
    patience: Patience = field(default_factory=Patience)
    subfolders: bool = False
    problem: str | None = None
    _document: SessionDocument | None = None
    _files: dict[str, WatchedFile] = field(default_factory=dict)

    def work_on(self, document: SessionDocument | None, now: float) -> None:
        """Take files for this session from now on; None or a stopped one takes none."""
        before, self._document = self._document, document
        if document is None:
            return
        source = document.settings.source
        same_session = before is not None and before.session_id == document.session_id
        if before is None or not same_session:
            self.outbox.forget_sessions(document.session_id)
        if not same_session or before is None or before.settings.source != source:
            self._forget_decisions(document)
            self._files = {
                file: WatchedFile(sighting, now, None)
                for file, sighting in self.outbox.sightings(document.session_id)
            }

    def poll(self, now: float) -> int:
        """Look at the folder and take what is ready; returns how many files were decided on.

        Raises
        ------
        OutboxError
            If the outbox cannot be written; the files are taken at a later poll.
        """
        document = self._document
        if document is None or document.state != "running":
            self.problem = _why_not_there(self.root)
            return 0
        pending = {name for name, file in self._files.items() if file.due_at is not None}
        try:
            listing = list_folder(self.root, subfolders=self.subfolders, pending=pending)
        except OSError as error:
            self.problem = folder_sentence(self.root, error)
            return 0
        self._set_backlog_aside(document, listing)
        self._see(document.settings.source, listing, now)
        taken = self._take_ready(document, listing, now)
        self._say_locked()
        return taken

    def next_due(self, now: float) -> float:
        """When to poll again at the latest."""
        due = (file.due_at for file in self._files.values() if file.due_at is not None)
        return min(min(due, default=now + POLL_S), now + POLL_S)

    def _see(self, source: SourceSettings, listing: dict[str, Listed], now: float) -> None:
        for name in self._files.keys() - listing.keys():
            del self._files[name]
        for name, listed in listing.items():
            known = self._files.get(name)
            if known is not None and known.sighting == listed.sighting:
                continue
            if listed.sighting.size > 0 and name_belongs(source, name.rpartition("/")[2]):
                self._files[name] = see(known, listed.sighting, now, self.patience)

    def _take_ready(self, document: SessionDocument, listing: dict[str, Listed], now: float) -> int:
        """Decide on at most one batch of files, in the order of their numbers."""
        due = [
            name
            for name, file in self._files.items()
            if file.due_at is not None and file.due_at <= now and name in listing
        ]
        taken: list[Taken] = []
        files: dict[str, WatchedFile] = {}
        held_bytes = 0
        for name in sorted(due, key=order):
            files[name], one = self._look(document, name, listing[name], now)
            if one is not None:
                taken.append(one)
                held_bytes += len(one.content)
            if len(taken) >= BATCH_FILES or held_bytes >= BATCH_BYTES:
                break
        if taken:
            self.outbox.add(taken)
        self._files.update(files)
        return len(taken)

    def _look(
        self, document: SessionDocument, name: str, listed: Listed, now: float
    ) -> tuple[WatchedFile, Taken | None]:
        """Read one file that is due, and decide on it if it is ready."""
        file = self._files[name]
        if listed.sighting.size > MAX_UPLOAD_BYTES:
            file, ready = examined(file, "complete", now, self.patience)
            refusal = too_large(listed.sighting.size)
            return file, _refused(document, name, listed.sighting, refusal) if ready else None
        try:
            content = read_unchanged(listed)
        except PermissionError:
            return locked(file, now), None
        except OSError as error:
            logger.debug("%s cannot be read: %s", name, error)
            return locked(file, now), None
        if content is None:
            return again(file, now, self.patience), None
        found = examine(content, name, document.settings.reading)
        file, ready = examined(file, found.outlook, now, self.patience)
        return file, self._decide(document, name, listed, content, found) if ready else None

    def _decide(
        self,
        document: SessionDocument,
        name: str,
        listed: Listed,
        content: bytes,
        found: Examination,
    ) -> Taken:
        digest = hashlib.sha256(content).hexdigest()
        before = self.outbox.record(document.session_id, name)
        if before is not None and before.sha256 == digest and before.outcome == "sent":
            return Taken(replace(before, sighting=listed.sighting), document.session_id)
        if found.outlook == "binary":
            reason = found.reason or "The file is not text."
            return _refused(document, name, listed.sighting, reason, digest)
        if not frequency_belongs(document.settings.source, found.frequency_hz):
            return _taken(document, name, listed.sighting, "other", digest)
        try:
            header = upload_header(document, name, content, found, listed.sighting)
            publication = pack(header, content, user_id=self.user_id)
        except ProtocolError as error:
            return _refused(document, name, listed.sighting, str(error), digest)
        logger.debug("taken: %s, %d bytes, %s", name, len(content), found.outlook)
        taken = _taken(document, name, listed.sighting, "sent", digest)
        return replace(taken, header=header, content=content, wire_bytes=len(publication.payload))

    def _set_backlog_aside(self, document: SessionDocument, listing: dict[str, Listed]) -> None:
        """Remember, once for each session, which files were there before it and do not belong."""
        backlog = document.settings.source.backlog
        key = f"backlog {document.session_id}"
        if backlog == "all" or self.outbox.note(key) == backlog:
            return
        started_ns = int(document.started_at.timestamp() * 1e9)
        aside = [
            _taken(document, name, listed.sighting, "backlog", None)
            for name, listed in listing.items()
            if name_belongs(document.settings.source, name.rpartition("/")[2])
            and (backlog == "none" or listed.sighting.mtime_ns < started_ns)
            and name not in self._files
        ]
        self.outbox.add(aside)
        self.outbox.keep_note(key, backlog)
        for one in aside:
            self._files[one.record.file] = WatchedFile(one.record.sighting, 0.0, None)

    def _forget_decisions(self, document: SessionDocument) -> None:
        """After a change of the source settings, look again at what was left out before."""
        source = document.settings.source
        key, text = f"source {document.session_id}", source.model_dump_json()
        before = self.outbox.note(key)
        if before == text:
            return
        if before is not None:
            forgotten: list[Outcome] = ["other"]
            if SourceSettings.model_validate_json(before).backlog != source.backlog:
                forgotten.append("backlog")
            self.outbox.forget_files(document.session_id, forgotten)
        self.outbox.keep_note(key, text)

    def _say_locked(self) -> None:
        names = [n for n, file in self._files.items() if file.refusals >= _LOCKED_TOO_OFTEN]
        self.problem = (
            f"{names[0]} cannot be opened: another program holds it, or this user may not read it. "
            "The agent tries on."
            if names
            else None
        )


def upload_header(
    document: SessionDocument, name: str, content: bytes, found: Examination, sighting: Sighting
) -> UploadHeader:
    """What is known about a file, for its upload; a fact that is out of range is left out.

    Raises
    ------
    ProtocolError
        If the name cannot be sent.
    """
    modified_at = datetime.fromtimestamp(sighting.mtime_ns / 1e9, UTC)
    measured_at, source = found.measured_at, "header"
    if measured_at is None:
        measured_at, source = modified_at, "mtime"
    certain = {
        "session_id": document.session_id,
        "upload_id": upload_id(document.session_id, name, content),
        "file": name,
        "technique": document.technique,
        "sha256": hashlib.sha256(content).hexdigest(),
        "complete": found.outlook != "unfinished",
        "measured_at": measured_at,
        "measured_at_source": source,
        "modified_at": modified_at,
    }
    facts = {
        "frequency_hz": found.frequency_hz,
        "number": found.number,
        "electrode": found.electrode,
    }
    for document_of_header in (certain | facts, certain):
        try:
            return UploadHeader.model_validate(document_of_header)
        except ValidationError:
            continue
    raise ProtocolError(
        f"The name {name[:100]} is too long to be sent; give the file a shorter one."
    )


def folder_sentence(root: Path, error: OSError) -> str:
    """Why a folder cannot be watched, and what to do."""
    if isinstance(error, FileNotFoundError):
        return (
            f"The folder {root} is gone; is the drive or the network share connected? "
            "The agent goes on when it is back."
        )
    if isinstance(error, NotADirectoryError):
        return f"{root} is no folder; name the folder in which the instrument saves its files."
    return (
        f"The folder {root} cannot be listed ({error.strerror or error}). "
        "The agent goes on when it can."
    )


def _why_not_there(root: Path) -> str | None:
    try:
        os.scandir(root).close()
    except OSError as error:
        return folder_sentence(root, error)
    return None


def read_unchanged(listed: Listed) -> bytes | None:
    """The bytes of a file, or None if it changed since it was listed."""
    with listed.path.open("rb") as file:
        content = file.read(MAX_UPLOAD_BYTES + 1)
        status = os.fstat(file.fileno())
    unchanged = Sighting(status.st_size, status.st_mtime_ns) == listed.sighting
    return content if unchanged and len(content) == listed.sighting.size else None


def _refused(
    document: SessionDocument, name: str, sighting: Sighting, reason: str, digest: str | None = None
) -> Taken:
    logger.warning("Refused %s: %s", name, reason)
    taken = _taken(document, name, sighting, "refused", digest)
    return replace(taken, record=replace(taken.record, reason=reason))


def _taken(
    document: SessionDocument,
    name: str,
    sighting: Sighting,
    outcome: Outcome,
    digest: str | None,
) -> Taken:
    return Taken(FileRecord(name, sighting, outcome, digest), document.session_id)
