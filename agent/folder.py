"""The watched folder: what in it belongs to the session goes into the outbox, once and whole."""

import hashlib
import heapq
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from pathlib import Path
from typing import Final

from agent.clock import clock_is_synchronised
from agent.examination import Examination, examine
from agent.headers import upload_header
from agent.listing import FILES_MAX, Listed, list_folder, order
from agent.outbox import FileRecord, Outbox, Outcome, Taken
from agent.selection import frequency_belongs, name_belongs
from agent.settling import (
    Patience,
    Sighting,
    WatchedFile,
    again,
    examined,
    is_arriving,
    locked,
    see,
)
from sacmes_core.errors import ProtocolError
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.protocol import MAX_UPLOAD_BYTES
from sacmes_core.settings.source import SourceSettings
from sacmes_core.upload import come_back, pack, too_large

logger = logging.getLogger(__name__)

POLL_S: Final = 1.0
BATCH_FILES: Final = 32
BATCH_BYTES: Final = 4 * 1024 * 1024
OUTBOX_MAX_BYTES: Final = 2 * 1024**3
"""What an outbox may hold; more stays in the folder until an analyzer has taken some of it."""
FOLLOWED_MAX: Final = 5000
"""How many new files are followed at a time; of very many the first by number come first."""
_ASIDE_AT_ONCE: Final = 1000
_LOCKED_TOO_OFTEN: Final = 6
_OUTBOX_FULL: Final = (
    f"The outbox holds {OUTBOX_MAX_BYTES / 1e9:.1f} GB of scans that no analyzer has taken yet. "
    "Further ones stay in the folder until it has: leave them there, and see whether the broker is "
    "reached and an analyzer runs."
)


@dataclass(slots=True)
class Folder:
    """Takes the files of one session out of a folder; the owner calls `poll` about every second.

    Attributes
    ----------
    clock_synced
        Whether this computer's clock can be believed.
    problem
        A sentence when something needs a person; None while all is well.
    there
        Whether the folder could be listed when it was looked at last.
    """

    root: Path
    outbox: Outbox
    user_id: str
    patience: Patience = field(default_factory=Patience)
    subfolders: bool = False
    clock_synced: Callable[[], bool | None] = clock_is_synchronised
    problem: str | None = None
    there: bool = True
    _document: SessionDocument | None = None
    _done: dict[str, Sighting] = field(default_factory=dict)
    _files: dict[str, WatchedFile] = field(default_factory=dict)
    _listed: dict[str, Listed] = field(default_factory=dict)
    _more: bool = False

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
            self._files, self._listed = {}, {}
            self._done = dict(self.outbox.sightings(document.session_id))

    def poll(self, now: float) -> int:
        """Look at the folder and take what is ready; returns how many files were decided on.

        At most a batch is taken; `take` takes the next ones without another look.

        Raises
        ------
        OutboxError
            If the outbox cannot be written; the files are taken at a later poll.
        """
        document = self._document
        if document is None or document.state != "running":
            self.problem = _why_not_there(self.root)
            self.there = self.problem is None
            return 0
        try:
            self._set_backlog_aside(document)
            self._look_around(document, now)
        except OSError as error:
            self.problem = folder_sentence(self.root, error)
            self.there = False
            return 0
        self.there = True
        return self.take(now)

    def take(self, now: float) -> int:
        """Decide on at most one batch of the files seen, in the order of their numbers.

        Of files that came at the same time the listing may show the later one first; so one is
        taken when those before it have had their time.

        Parameters
        ----------
        now
            When the folder was looked at last: a file that came since may belong before these.

        Raises
        ------
        OutboxError
            If the outbox cannot be written.
        """
        document = self._document
        if document is None or document.state != "running":
            return 0
        if self.outbox.held_bytes() > OUTBOX_MAX_BYTES:
            self.problem = _OUTBOX_FULL
            return 0
        taken: list[Taken] = []
        files: dict[str, WatchedFile] = {}
        held_bytes = 0
        for name in self._due(now):
            files[name], one = self._look(document, name, self._listed[name], now)
            if one is not None:
                taken.append(one)
                held_bytes += len(one.content)
            elif is_arriving(files[name], now, self.patience):
                break
            if len(taken) >= BATCH_FILES or held_bytes >= BATCH_BYTES:
                break
        if taken:
            self.outbox.add(taken)
        for name, file in files.items():
            self._keep(name, file)
        return len(taken)

    def next_due(self, now: float) -> float:
        """When to poll again at the latest, after a poll that took nothing.

        A file that was due then could not be taken, and waits for the next regular poll.
        """
        if self._more and len(self._files) < FOLLOWED_MAX:
            return now
        due = (f.due_at for f in self._files.values() if f.due_at is not None and f.due_at > now)
        return min(min(due, default=now + POLL_S), now + POLL_S)

    def _due(self, now: float) -> list[str]:
        """The files to be read now, in order, up to the first that is to be waited for."""
        due: list[str] = []
        ahead: list[str] = []
        for name, file in self._files.items():
            if file.due_at is not None and file.due_at <= now:
                due.append(name)
            elif is_arriving(file, now, self.patience):
                ahead.append(name)
        due.sort(key=order)
        if not ahead:
            return due
        first = min(map(order, ahead))
        return list(takewhile(lambda name: order(name) < first, due))

    def _list(self) -> Iterator[tuple[str, Listed]]:
        return list_folder(self.root, subfolders=self.subfolders, pending=self._files)

    def _look_around(self, document: SessionDocument, now: float) -> None:
        """See what is new, what has changed and what is gone."""
        source = document.settings.source
        there: set[str] = set()
        in_cloud: list[str] = []

        def new_ones() -> Iterator[tuple[str, Listed]]:
            for name, listed in self._list():
                there.add(name)
                if listed.in_cloud and name_belongs(source, name.rpartition("/")[2]):
                    in_cloud.append(name)
                elif self._is_new(source, name, listed, now):
                    yield name, listed

        chosen = heapq.nsmallest(FOLLOWED_MAX + 1, new_ones(), key=lambda one: order(one[0]))
        self._forget_all_but(there)
        room = max(0, FOLLOWED_MAX - len(self._files))
        for name, listed in islice(chosen, room):
            self._admit(document, name, listed, now)
        self._more = len(chosen) > room
        self.problem = _folder_problem(self._files, in_cloud, len(there))

    def _is_new(self, source: SourceSettings, name: str, listed: Listed, now: float) -> bool:
        """Whether a listed file is not followed yet and may have to be; follows what it knows."""
        if self._done.get(name) == listed.sighting or listed.sighting.size == 0:
            return False
        if name in self._files:
            self._listed[name] = listed
            self._files[name] = see(self._files[name], listed.sighting, now, self.patience)
            return False
        return name_belongs(source, name.rpartition("/")[2])

    def _admit(self, document: SessionDocument, name: str, listed: Listed, now: float) -> None:
        """Follow a new file, unless it is an old one that a share had lost for a while."""
        if name not in self._done:
            before = self.outbox.record(document.session_id, name)
            if before is not None and before.sighting == listed.sighting:
                self._done[name] = listed.sighting
                return
        self._done.pop(name, None)
        self._listed[name] = listed
        self._files[name] = see(None, listed.sighting, now, self.patience)

    def _forget_all_but(self, there: set[str]) -> None:
        for name in self._files.keys() - there:
            del self._files[name], self._listed[name]
        for name in self._done.keys() - there:
            del self._done[name]

    def _keep(self, name: str, file: WatchedFile) -> None:
        if file.due_at is None:
            del self._files[name], self._listed[name]
            self._done[name] = file.sighting
        else:
            self._files[name] = file

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
            header = header.model_copy(update={"clock_synced": self.clock_synced()})
            if times := self.outbox.times_replaced(header):
                header = come_back(header, content, times)
            publication = pack(header, content, user_id=self.user_id)
        except ProtocolError as error:
            return _refused(document, name, listed.sighting, str(error), digest)
        logger.debug("taken: %s, %d bytes, %s", name, len(content), found.outlook)
        taken = _taken(document, name, listed.sighting, "sent", digest)
        return replace(taken, header=header, content=content, wire_bytes=len(publication.payload))

    def _set_backlog_aside(self, document: SessionDocument) -> None:
        """Remember, once for each session, which files were there before it and do not belong."""
        source = document.settings.source
        key = f"backlog {document.session_id}"
        if source.backlog == "all" or self.outbox.note(key) == source.backlog:
            return
        started_ns = int(document.started_at.timestamp() * 1e9)
        aside = (
            _taken(document, name, listed.sighting, "backlog", None)
            for name, listed in self._list()
            if name_belongs(source, name.rpartition("/")[2])
            and (source.backlog == "none" or listed.sighting.mtime_ns < started_ns)
            and name not in self._done
        )
        while some := tuple(islice(aside, _ASIDE_AT_ONCE)):
            self.outbox.add(some)
            self._done |= {one.record.file: one.record.sighting for one in some}
        self.outbox.keep_note(key, source.backlog)

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


def _folder_problem(files: dict[str, WatchedFile], in_cloud: list[str], there: int) -> str | None:
    """What needs a person while the folder itself is there."""
    sentences = []
    held = [name for name, file in files.items() if file.refusals >= _LOCKED_TOO_OFTEN]
    if held:
        sentences.append(
            f"{held[0]} cannot be opened: another program holds it, or this user may not read it. "
            "The agent tries on."
        )
    if in_cloud:
        sentences.append(
            f"{len(in_cloud)} files, {min(in_cloud)} for one, are only in the cloud; mark the "
            "folder as always kept on this device, and they are taken."
        )
    if there >= FILES_MAX:
        sentences.append(
            f"The folder holds {FILES_MAX:,} files or more; only so many are looked at. "
            "Move finished experiments to another folder."
        )
    return " ".join(sentences) or None


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
