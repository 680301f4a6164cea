"""A scan costs the same at the beginning of a run and after thousands of scans."""

import hashlib
import sqlite3
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event

from analyzer.store.claims import Claims
from analyzer.store.results import Batch
from analyzer.store.rows import Analysed, ElectrodeTrend, ResultKey
from analyzer.store.store import Store, open_store
from analyzer.store.uploads import Arrival, StoredUpload
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference
from sacmes_core.upload import UploadHeader, upload_id

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
TREND = ElectrodeTrend(normalised=1.0)


class Cost:
    """Counts the statements of a store and, where it is SQLite, the steps that these take."""

    def __init__(self, store: Store) -> None:
        self.statements = 0
        self.steps = 0
        store.database.engine.dispose()
        event.listen(store.database.engine, "before_cursor_execute", self._statement)
        if store.database.engine.dialect.name == "sqlite":
            event.listen(store.database.engine, "connect", self._connect)

    def take(self) -> tuple[int, int]:
        cost = self.statements, self.steps
        self.statements = self.steps = 0
        return cost

    def _statement(self, *_: Any) -> None:
        self.statements += 1

    def _connect(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.set_progress_handler(self._step, 1)

    def _step(self) -> int:
        self.steps += 1
        return 0


def fast(connection: Any, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


def arrival(k: int) -> Arrival:
    content = b"%d" % k
    header = UploadHeader(
        session_id=SESSION,
        upload_id=upload_id(SESSION, f"SWV_10Hz_{k}.txt", content),
        file=f"SWV_10Hz_{k}.txt",
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return Arrival("alice", header, content)


def result(upload: StoredUpload) -> Result:
    return Result(
        session_id=SESSION,
        position=upload.position,
        upload_id=upload.header.upload_id,
        scan=ScanReference(file=upload.header.file, frequency_hz=10.0, number=upload.position),
        settings_revision=1,
        trend_revision=0,
        version="1",
        electrodes=(ElectrodeResult(electrode=1, peak_current_a=1e-6),),
    )


def scans(store: Store, first: int, last: int) -> None:
    """All that the store does for scans: uploads, jobs, results, announcements."""
    store.uploads.commit([arrival(k) for k in range(first, last + 1)], NOW)
    found = Claims(store.database, "one").next(0)
    assert found is not None
    run = store.sessions.by_number(found.run).run
    waiting = store.uploads.waiting(run, limit=200, limit_bytes=10**7)
    analysed = [Analysed(upload, (result(upload),), ((TREND,),)) for upload in waiting]
    assert store.results.commit([Batch(found, analysed, settings_revision=1)], NOW)
    assert store.sessions.stale() == ()
    told = store.announcements.waiting(200, passing=frozenset())
    assert [t.key for t in told] == [ResultKey(run, k, 0) for k in range(first, last + 1)]
    assert [t.result.position for t in told] == [upload.position for upload in waiting]
    assert all(electrode.normalised == 1.0 for t in told for electrode in t.result.electrodes)
    store.announcements.done(told)


def test_cost_of_a_scan_does_not_grow(store_url: str) -> None:
    store = open_store(store_url)
    # Waiting for the disk is no part of what is counted.
    event.listen(store.database.engine, "connect", fast)
    cost = Cost(store)
    for k in range(1, 11):
        cost.take()
        scans(store, k, k)
    early = cost.take()
    for k in range(11, 2000, 100):
        scans(store, k, k + 99)
    cost.take()
    scans(store, 2011, 2011)
    late = cost.take()
    assert late[0] == early[0], "statements"
    assert late[1] <= 1.3 * early[1], "steps of SQLite"
    store.close()
