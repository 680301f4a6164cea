"""Uploads: committed in groups, each one once, and from then on waiting to be analysed."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from analyzer.store.database import Database
from analyzer.store.engines import epoch_s, insert_if_absent
from analyzer.store.lists import LISTED, NUMBERS, listed, number_at, numbers, text_at
from analyzer.store.quotas import NO_QUOTA, Quota, Usage
from analyzer.store.tables import claims, jobs, sessions, staged, uploads, users
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.upload import UploadHeader

NEW: Final = 0
AGAIN: Final = 1
"""Priorities of jobs: a new scan is not kept waiting by the re-analysis of an old run."""

PACKING_LEVEL: Final = 3

# Built once, since they are asked for each group.
_OF_RUN: Final = uploads.c.run == number_at(0)
_THERE: Final = select(uploads.c.run, uploads.c.upload_id).join_from(
    LISTED, uploads, _OF_RUN & (uploads.c.upload_id == text_at(1))
)
_REVISIONS: Final = (
    select(uploads.c.run, uploads.c.file, func.max(uploads.c.revision).label("revision"))
    .join_from(LISTED, uploads, _OF_RUN & (uploads.c.file == text_at(1)))
    .group_by(uploads.c.run, uploads.c.file)
)
_RUNS: Final = select(sessions.c.user_id, sessions.c.session_id, sessions.c.run).join_from(
    LISTED, sessions, (sessions.c.user_id == text_at(0)) & (sessions.c.session_id == text_at(1))
)
_LAST_POSITIONS: Final = (
    select(sessions.c.run, sessions.c.last_position)
    .where(sessions.c.run.in_(bindparam("runs", expanding=True)))
    # Always in this order, so that two writers never wait for each other.
    .order_by(sessions.c.run)
    .with_for_update()
)
_ADD: Final = insert(uploads)
_ADD_JOBS: Final = insert(jobs).from_select(
    ["run", "position", "priority", "since"],
    select(number_at(0), number_at(1), literal(NEW), epoch_s()).select_from(LISTED),
)
_REACHED: Final = (
    update(sessions).where(sessions.c.run == number_at(0)).values(last_position=number_at(1))
)
_OF_JOBS: Final = (uploads.c.run == jobs.c.run) & (uploads.c.position == jobs.c.position)
_WAITING: Final = (
    select(uploads)
    .join(jobs, _OF_JOBS)
    .where(jobs.c.priority == NEW, jobs.c.run.in_(bindparam("runs", expanding=True)))
    .order_by(jobs.c.run, jobs.c.position)
    .limit(bindparam("count"))
)
_SIZES: Final = _WAITING.with_only_columns(uploads.c.position, uploads.c.unpacked_bytes)
_THESE: Final = (
    select(uploads)
    .where(uploads.c.run == bindparam("this_run"), uploads.c.position.in_(NUMBERS))
    .order_by(uploads.c.position)
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload as it came, checked and unpacked."""

    user_id: str
    header: UploadHeader
    content: bytes


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """An upload of the store.

    Attributes
    ----------
    run
        The store's own number of the session.
    position
        Order of commit in the session, from 1.
    revision
        1, or more where the session had a file of this name before.
    received_at
        When the analyzer stored it.
    """

    run: int
    position: int
    revision: int
    header: UploadHeader
    content: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of a group of uploads.

    Attributes
    ----------
    fresh
        How many were new.
    refused
        Why uploads are not stored, by user_id and upload id.
    early
        Uploads that are not stored because the one before them is not, by user_id and upload id.
    """

    fresh: int
    refused: Mapping[tuple[str, str], str]
    early: frozenset[tuple[str, str]] = frozenset()


class Uploads:
    """The uploads of a store and the jobs that they give.

    Parameters
    ----------
    quota
        What each user may have in the store.
    """

    def __init__(
        self,
        database: Database,
        recovered: Callable[[UploadHeader, datetime], SessionDocument],
        quota: Quota = NO_QUOTA,
    ) -> None:
        self._database = database
        self._recovered = recovered
        self._quota = quota

    def commit(self, arrivals: Sequence[Arrival], received_at: datetime) -> Committed:
        """Store a group of uploads durably; those that are there already stay as they are.

        An upload of a session that the store does not know makes the session. Afterwards every
        upload of the group is stored, whether by this call or by one before, but for those that
        a quota refuses and those that come before the one that they are to follow.

        Returns
        -------
        Committed
            How many were new, and what was refused.

        Raises
        ------
        StoreError
            If nothing could be stored.
        """
        # Before the transaction, for the end of which other writers wait.
        contents = {a.header.upload_id: zlib.compress(a.content, PACKING_LEVEL) for a in arrivals}
        with self._database.write() as connection:
            usage = Usage(connection, self._quota, {a.user_id for a in arrivals})
            runs, refused = self._runs(connection, usage, arrivals, received_at)
            known = [a for a in arrivals if (a.user_id, a.header.session_id) in runs]
            last = _lock_last_positions(connection, runs.values())
            packed = []
            fresh, early = _new_ones(connection, runs, known)
            for run, arrival in fresh:
                content = contents[arrival.header.upload_id]
                if (reason := usage.refusal(arrival.user_id, len(content))) is None:
                    packed.append((run, arrival, content))
                else:
                    refused[arrival.user_id, arrival.header.upload_id] = reason
            if packed:
                usage.keep()
                rows = _rows(connection, packed, last, received_at)
                connection.execute(_ADD, rows)
                places = [(row["run"], row["position"]) for row in rows]
                connection.execute(_ADD_JOBS, listed(places))
                connection.execute(_REACHED, listed(dict(places).items()))
        return Committed(len(packed), refused, early)

    def waiting(self, *runs: int, limit: int, limit_bytes: int) -> tuple[StoredUpload, ...]:
        """The next new uploads of sessions that wait to be analysed, in order, at least one."""
        with self._database.read() as connection:
            first = connection.execute(_SIZES, {"runs": runs, "count": limit})
            count = len(head(first, limit_bytes))
            rows = connection.execute(_WAITING, {"runs": runs, "count": count})
            return tuple(map(_stored, rows))

    def these(self, run: int, positions: Sequence[int]) -> tuple[StoredUpload, ...]:
        """The uploads at these positions of a session, in order."""
        where = {"this_run": run} | numbers(positions)
        with self._database.read() as connection:
            return tuple(map(_stored, connection.execute(_THESE, where)))

    def at(self, run: int, position: int) -> StoredUpload | None:
        """The upload at a position of a session."""
        with self._database.read() as connection:
            row = connection.execute(
                select(uploads).where(uploads.c.run == run, uploads.c.position == position)
            ).first()
        return None if row is None else _stored(row)

    def every(self, run: int) -> Iterator[StoredUpload]:
        """All uploads of a session in order, read one by one."""
        query = select(uploads.c.position).where(uploads.c.run == run).order_by(uploads.c.position)
        with self._database.read() as connection:
            positions = connection.scalars(query).all()
        for position in positions:
            upload = self.at(run, position)
            if upload is not None:
                yield upload

    def total_bytes(self, run: int) -> int:
        """How many bytes the files of a session have, unpacked."""
        query = select(func.coalesce(func.sum(uploads.c.unpacked_bytes), 0))
        with self._database.read() as connection:
            return int(connection.scalar(query.where(uploads.c.run == run)) or 0)

    def count_waiting(self) -> int:
        """How many uploads wait to be analysed."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(jobs)) or 0

    def count_again(self, run: int) -> int:
        """How many uploads of a session wait to be analysed again."""
        query = (
            select(func.count())
            .select_from(jobs)
            .where(jobs.c.priority == AGAIN, jobs.c.run == run)
        )
        with self._database.read() as connection:
            return connection.scalar(query) or 0

    def _runs(
        self, connection: Connection, usage: Usage, arrivals: Sequence[Arrival], now: datetime
    ) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], str]]:
        """The sessions of uploads, and the uploads for which none is to be made."""
        first = {(a.user_id, a.header.session_id): a for a in reversed(arrivals)}
        found = connection.execute(_RUNS, listed(first))
        runs = {(row.user_id, row.session_id): row.run for row in found}
        refused = {}
        for (user_id, session_id), arrival in first.items():
            if (user_id, session_id) in runs:
                continue
            if (reason := usage.session_refusal(user_id)) is not None:
                for other in arrivals:
                    if (other.user_id, other.header.session_id) == (user_id, session_id):
                        refused[user_id, other.header.upload_id] = reason
                continue
            document = self._recovered(arrival.header, now)
            runs[user_id, session_id] = insert_session(
                connection, user_id, document, recovered=True
            )
        return runs, refused


def head(rows: Iterable[Any], limit_bytes: int) -> tuple[int, ...]:
    """The positions of the first uploads that have no more bytes together; at least one."""
    positions: list[int] = []
    total = 0
    for row in rows:
        total += row.unpacked_bytes
        if positions and total > limit_bytes:
            break
        positions.append(row.position)
    return tuple(positions)


def insert_session(
    connection: Connection, user_id: str, document: SessionDocument, *, recovered: bool
) -> int:
    """Add a session; return its number in the store."""
    insert_if_absent(connection, users, {"user_id": user_id, "highest_revision": 0})
    row = {
        "user_id": user_id,
        "session_id": document.session_id,
        # Of a session that only its uploads tell of nobody knows when it was: it comes before all.
        "revision": 0 if recovered else document.revision,
        "settings_revision": document.settings_revision,
        "shown_revision": document.settings_revision,
        "recovered": int(recovered),
        "document": document.model_dump_json(),
    }
    return insert_session_row(connection, row)


def insert_session_row(connection: Connection, row: Mapping[str, Any]) -> int:
    """Add the row of a session, which workers can claim from then on; its number."""
    added = connection.execute(insert(sessions).values(row))
    assert added.inserted_primary_key is not None
    run = int(added.inserted_primary_key[0])
    connection.execute(insert(claims).values(run=run))
    return run


def analyse_again(connection: Connection, run: int) -> None:
    """Let every upload of a session wait for analysis, but for files that have newer results.

    New ones go on as such, under the settings that are shown, and wait once more afterwards.
    """
    connection.execute(delete(staged).where(staged.c.run == run))
    connection.execute(update(jobs).where(jobs.c.run == run).values(holder=None, expires_at=None))
    connection.execute(update(sessions).where(sessions.c.run == run).values(trend_stale=1))
    newer, new = uploads.alias(), jobs.alias()
    chosen = select(uploads.c.run, uploads.c.position, AGAIN, epoch_s()).where(
        uploads.c.run == run,
        ~exists().where(
            newer.c.run == uploads.c.run,
            newer.c.file == uploads.c.file,
            newer.c.position > uploads.c.position,
            ~exists().where(
                new.c.run == newer.c.run,
                new.c.position == newer.c.position,
                new.c.priority == NEW,
            ),
        ),
        ~exists().where(jobs.c.run == uploads.c.run, jobs.c.position == uploads.c.position),
    )
    connection.execute(insert(jobs).from_select(["run", "position", "priority", "since"], chosen))


def _lock_last_positions(connection: Connection, runs: Iterable[int]) -> dict[int, int]:
    """The newest positions of sessions, which nobody else changes before this transaction ends."""
    found = connection.execute(_LAST_POSITIONS, {"runs": list(set(runs))})
    return {row.run: row.last_position for row in found}


def _new_ones(
    connection: Connection, runs: dict[tuple[str, str], int], arrivals: Sequence[Arrival]
) -> tuple[list[tuple[int, Arrival]], frozenset[tuple[str, str]]]:
    """What is not stored yet, each once, in order; and what comes before its turn."""
    numbered = [(runs[a.user_id, a.header.session_id], a) for a in arrivals]
    asked = {(run, a.header.upload_id) for run, a in numbered}
    asked |= {(run, a.header.after) for run, a in numbered if a.header.after is not None}
    if not asked:
        return [], frozenset()
    found = connection.execute(_THERE, listed(sorted(asked)))
    there = {(row.run, row.upload_id) for row in found}
    fresh: list[tuple[int, Arrival]] = []
    early: set[tuple[str, str]] = set()
    for run, arrival in numbered:
        header = arrival.header
        if (run, header.upload_id) in there:
            continue
        if header.after is None or (run, header.after) in there:
            there.add((run, header.upload_id))
            fresh.append((run, arrival))
        else:
            early.add((arrival.user_id, header.upload_id))
    stored = {(arrival.user_id, arrival.header.upload_id) for _, arrival in fresh}
    return fresh, frozenset(early - stored)


def _last_revisions(
    connection: Connection, fresh: Sequence[tuple[int, Arrival]]
) -> dict[tuple[int, str], int]:
    """Revisions of the files that their sessions had before."""
    files = sorted({(run, arrival.header.file) for run, arrival in fresh})
    found = connection.execute(_REVISIONS, listed(files))
    return {(row.run, row.file): row.revision for row in found}


def _rows(
    connection: Connection,
    fresh: Sequence[tuple[int, Arrival, bytes]],
    last: dict[int, int],
    received_at: datetime,
) -> list[dict[str, Any]]:
    revisions = _last_revisions(connection, [(run, arrival) for run, arrival, _ in fresh])
    rows = []
    for run, arrival, packed in fresh:
        header = arrival.header
        last[run] += 1
        revisions[run, header.file] = revisions.get((run, header.file), 0) + 1
        rows.append(
            {
                "run": run,
                "position": last[run],
                "upload_id": header.upload_id,
                "file": header.file,
                "revision": revisions[run, header.file],
                "header": header.model_dump_json(exclude_none=True, exclude={"after"}),
                "received_at": received_at.isoformat(),
                "unpacked_bytes": len(arrival.content),
                "packed": packed,
            }
        )
    return rows


def _stored(row: Any) -> StoredUpload:
    return StoredUpload(
        row.run,
        row.position,
        row.revision,
        UploadHeader.model_validate_json(row.header),
        zlib.decompress(row.packed),
        datetime.fromisoformat(row.received_at),
    )
