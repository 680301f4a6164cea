"""What is taken and not yet known to be stored: on the disk before it is ever sent.

SQLite with a write-ahead log and synchronous=FULL, so that neither `kill -9` nor a power cut loses
an upload that `Outbox.add` returned for. Each thread opens an `Outbox` of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from agent.database import Database
from agent.delivery import Waiting
from agent.settling import Sighting
from sacmes_core.payloads.presence import UploadCounters
from sacmes_core.payloads.results import Receipt
from sacmes_core.upload import UploadHeader

FILE_NAME: Final = "outbox.sqlite"

Outcome = Literal["sent", "refused", "other", "backlog"]
"""What became of a file: uploaded, refused here, of another run, or there before the session."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS uploads (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    upload_id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL,
    header TEXT NOT NULL,
    content BLOB,
    wire_bytes INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    reason TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS uploads_waiting ON uploads (sequence) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS uploads_states ON uploads (session_id, state);
CREATE TABLE IF NOT EXISTS files (
    session_id TEXT NOT NULL,
    file TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    sha256 TEXT,
    outcome TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (session_id, file)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as it was looked at last, and what became of it."""

    file: str
    sighting: Sighting
    outcome: Outcome
    sha256: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was decided on; with a header and bytes where it is to be uploaded."""

    record: FileRecord
    session_id: str
    header: UploadHeader | None = None
    content: bytes = b""
    wire_bytes: int = 0


@dataclass(frozen=True, slots=True)
class RefusedUpload:
    """An upload or a file that was refused for good; `kept` uploads can be sent again."""

    file: str
    reason: str
    kept: bool


class Outbox:
    """The agent's store of uploads, of what it remembers of files, and of a few notes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, path: Path | None) -> Self:
        """Open or make the outbox; None keeps it in memory.

        A file that is no database any more is put aside: what it held is still in the watched
        folder, is taken again, and is recognised where it was stored already.

        Raises
        ------
        OutboxError
            If it cannot be opened.
        """
        return cls(Database.opened(path, _SCHEMA))

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def add(self, taken: Sequence[Taken]) -> None:
        """Keep uploads and what became of their files, all or none, before anything is sent.

        Raises
        ------
        OutboxError
            If the disk is full or fails.
        """
        with self._database.writing() as connection:
            for one in taken:
                if one.header is not None:
                    connection.execute(
                        "INSERT INTO uploads (upload_id, session_id, header, content, wire_bytes) "
                        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (upload_id) DO NOTHING",
                        (
                            one.header.upload_id,
                            one.header.session_id,
                            one.header.model_dump_json(),
                            one.content,
                            one.wire_bytes,
                        ),
                    )
            connection.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)",
                [_file_row(one) for one in taken],
            )

    def waiting(self, after: int, limit: int) -> tuple[Waiting, ...]:
        """The next uploads without a receipt, in the order they were taken."""
        rows = self._database.rows(
            "SELECT sequence, upload_id, wire_bytes, session_id FROM uploads "
            "WHERE state = 'waiting' AND sequence > ? ORDER BY sequence LIMIT ?",
            (after, limit),
        )
        return tuple(Waiting(*row) for row in rows)

    def load(self, upload_id: str) -> tuple[UploadHeader, bytes] | None:
        """An upload's header and bytes; None if it is settled."""
        row = self._database.first(
            "SELECT header, content FROM uploads WHERE upload_id = ? AND content IS NOT NULL",
            (upload_id,),
        )
        return None if row is None else (UploadHeader.model_validate_json(row[0]), row[1])

    def holds(self, upload_id: str) -> bool:
        """Whether an upload's bytes are still here, since it is not stored yet."""
        query = "SELECT 1 FROM uploads WHERE upload_id = ? AND content IS NOT NULL"
        return self._database.first(query, (upload_id,)) is not None

    def times_replaced(self, header: UploadHeader) -> int:
        """How often these bytes were taken under this name before others took their place."""
        known = "SELECT 1 FROM uploads WHERE upload_id = ?"
        if self._database.first(known, (header.upload_id,)) is None:
            return 0
        rows = self._database.rows(
            "SELECT json_extract(header, '$.sha256') FROM uploads "
            "WHERE session_id = ? AND json_extract(header, '$.file') = ? ORDER BY sequence",
            (header.session_id, header.file),
        )
        digests = [str(digest) for (digest,) in rows]
        return digests.count(header.sha256) - (digests[-1] == header.sha256)

    def settle(self, receipts: Iterable[Receipt]) -> None:
        """Strike off what is stored, and keep what was refused with its reason.

        Unknown ids are ignored: they belong to another sender of the same user.

        Raises
        ------
        OutboxError
            If the disk is full or fails; the receipts come again when the uploads are repeated.
        """
        with self._database.writing() as connection:
            for receipt in receipts:
                if receipt.status == "stored":
                    connection.execute(
                        "UPDATE uploads SET state = 'confirmed', content = NULL, reason = NULL "
                        "WHERE upload_id = ?",
                        (receipt.upload_id,),
                    )
                else:
                    connection.execute(
                        "UPDATE uploads SET state = ?, reason = ? "
                        "WHERE upload_id = ? AND state = 'waiting'",
                        (
                            "waiting" if receipt.retry else "refused",
                            receipt.reason or "The analyzer gave no reason.",
                            receipt.upload_id,
                        ),
                    )

    def retry_refused(self) -> int:
        """Let the refused uploads wait again, behind all others; returns how many.

        They get sequence numbers that none had before, also none that is forgotten by now, so that
        an agent that runs offers them anew.
        """
        with self._database.writing() as connection:
            again = connection.execute(
                "INSERT OR REPLACE INTO uploads "
                "(upload_id, session_id, header, content, wire_bytes, reason) "
                "SELECT upload_id, session_id, header, content, wire_bytes, reason "
                "FROM uploads WHERE state = 'refused' ORDER BY sequence"
            )
            return again.rowcount

    def counters(self, session_id: str | None, in_flight: int) -> UploadCounters:
        """What was counted in a session, and what waits in all of them.

        Parameters
        ----------
        in_flight
            Uploads published and not yet settled.
        """
        states = dict(
            self._database.rows(
                "SELECT state, count(*) FROM uploads WHERE session_id = ? GROUP BY state",
                (session_id,),
            )
        )
        files = dict(
            self._database.rows(
                "SELECT outcome, count(*) FROM files WHERE session_id = ? GROUP BY outcome",
                (session_id,),
            )
        )
        confirmed, refused = states.get("confirmed", 0), states.get("refused", 0)
        return UploadCounters(
            seen=files.get("sent", 0) + files.get("refused", 0),
            sent=confirmed + refused + in_flight,
            confirmed=confirmed,
            waiting=self.waiting_count(),
            refused=refused + files.get("refused", 0),
        )

    def waiting_count(self) -> int:
        """Uploads of any session that have no receipt."""
        query = "SELECT count(*) FROM uploads WHERE state = 'waiting'"
        return int(self._database.rows(query)[0][0])

    def held_bytes(self) -> int:
        """Bytes on the disk that hold something."""
        pages, free, size = (
            int(self._database.rows(f"PRAGMA {name}")[0][0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def refused(self, limit: int = 100) -> tuple[RefusedUpload, ...]:
        """What was refused for good, by name."""
        rows = self._database.rows(
            "SELECT json_extract(header, '$.file'), reason, 1 FROM uploads "
            "WHERE state = 'refused' "
            "UNION ALL SELECT file, reason, 0 FROM files WHERE outcome = 'refused' "
            "ORDER BY 1 LIMIT ?",
            (limit,),
        )
        return tuple(RefusedUpload(file, reason or "", bool(kept)) for file, reason, kept in rows)

    def last_file(self) -> str | None:
        """The file of the upload that was taken last; None before the first."""
        query = "SELECT json_extract(header, '$.file') FROM uploads ORDER BY sequence DESC LIMIT 1"
        row = self._database.first(query, ())
        return None if row is None else row[0]

    def sightings(self, session_id: str) -> Iterator[tuple[str, Sighting]]:
        """The files of a session that were decided on, as they were then."""
        query = "SELECT file, size, mtime_ns FROM files WHERE session_id = ?"
        for file, size, mtime_ns in self._database.each(query, (session_id,)):
            yield file, Sighting(size, mtime_ns)

    def record(self, session_id: str, file: str) -> FileRecord | None:
        """What became of a file when it was looked at last."""
        row = self._database.first(
            "SELECT size, mtime_ns, outcome, sha256, reason FROM files "
            "WHERE session_id = ? AND file = ?",
            (session_id, file),
        )
        if row is None:
            return None
        size, mtime_ns, outcome, sha256, reason = row
        return FileRecord(file, Sighting(size, mtime_ns), outcome, sha256, reason)

    def forget_files(self, session_id: str, outcomes: Sequence[Outcome]) -> None:
        """Forget files with these outcomes, so that they are looked at again."""
        with self._database.writing() as connection:
            connection.executemany(
                "DELETE FROM files WHERE session_id = ? AND outcome = ?",
                [(session_id, outcome) for outcome in outcomes],
            )

    def forget_sessions(self, kept_session_id: str) -> None:
        """Forget what is done in all other sessions; what waits or was refused stays."""
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM uploads WHERE session_id <> ? AND state = 'confirmed'",
                (kept_session_id,),
            )
            connection.execute("DELETE FROM files WHERE session_id <> ?", (kept_session_id,))

    def confirmed_files(self, session_id: str) -> frozenset[str]:
        """The names of all uploads of a session that are stored."""
        rows = self._database.rows(
            "SELECT json_extract(header, '$.file') FROM uploads "
            "WHERE session_id = ? AND state = 'confirmed'",
            (session_id,),
        )
        return frozenset(file for (file,) in rows)

    def drop_unconfirmed(self) -> None:
        """Forget uploads without a receipt: their files are there and are read again."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM uploads WHERE state <> 'confirmed'")

    def clear(self) -> None:
        """Forget everything."""
        with self._database.writing() as connection:
            for table in ("uploads", "files", "notes"):
                connection.execute(f"DELETE FROM {table}")

    def note(self, name: str) -> str | None:
        """A text kept under a name."""
        row = self._database.first("SELECT text FROM notes WHERE name = ?", (name,))
        return None if row is None else str(row[0])

    def keep_note(self, name: str, text: str) -> None:
        """Keep a text under a name."""
        with self._database.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, text))


def _file_row(taken: Taken) -> tuple[object, ...]:
    record = taken.record
    return (
        taken.session_id,
        record.file,
        record.sighting.size,
        record.sighting.mtime_ns,
        record.sha256,
        record.outcome,
        record.reason,
    )
