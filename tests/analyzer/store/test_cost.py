"""A scan costs the same at the beginning of a run and after thousands of scans."""

import hashlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from analyzer.store.results import Analysed
from analyzer.store.rows import ResultKey
from analyzer.store.store import Store, open_store, sqlite_url
from analyzer.store.uploads import NEW, Arrival
from sacmes_core.payloads import ElectrodeResult, Result, ScanReference
from sacmes_core.upload import UploadHeader, upload_id

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Cost:
    """Counts the statements of a store and the steps that SQLite takes for them."""

    def __init__(self, store: Store) -> None:
        self.statements = 0
        self.steps = 0
        store.database.engine.dispose()
        event.listen(store.database.engine, "before_cursor_execute", self._statement)
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


def scan(store: Store, k: int) -> None:
    """All that the store does for one scan: upload, job, result, announcement."""
    content = b"%d" % k
    header = UploadHeader(
        session_id=SESSION,
        upload_id=upload_id(SESSION, f"SWV_10Hz_{k}.txt", content),
        file=f"SWV_10Hz_{k}.txt",
        sha256=hashlib.sha256(content).hexdigest(),
    )
    store.uploads.commit([Arrival("alice", header, content)], NOW)
    found = store.uploads.next_run(0)
    assert found is not None
    run = store.sessions.by_number(found[0])
    (upload,) = store.uploads.waiting(run.run, NEW, limit=64, limit_bytes=10**7)
    result = Result(
        session_id=SESSION,
        position=upload.position,
        upload_id=header.upload_id,
        scan=ScanReference(file=header.file, frequency_hz=10.0, number=k),
        settings_revision=1,
        trend_revision=0,
        version="1",
        electrodes=(ElectrodeResult(electrode=1, peak_current_a=1e-6, normalised=1.0),),
    )
    assert store.results.commit(
        run.run,
        [Analysed(upload, (result,))],
        settings_revision=1,
        again=False,
        trend_stale=False,
        now=NOW,
    )
    assert store.sessions.stale() == ()
    (told,) = store.announcements.waiting(10, passing=frozenset())
    assert told.key == ResultKey(run.run, k, 0)
    assert told.result == result
    store.announcements.done([told.key])


def test_cost_of_a_scan_does_not_grow(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path))
    cost = Cost(store)
    for k in range(1, 11):
        cost.take()
        scan(store, k)
    early = cost.take()
    # Between the two measurements the steps are not counted, since counting is slow.
    store.database.engine.dispose()
    event.remove(store.database.engine, "connect", cost._connect)
    for k in range(11, 2000):
        scan(store, k)
    store.database.engine.dispose()
    event.listen(store.database.engine, "connect", cost._connect)
    scan(store, 2000)
    cost.take()
    scan(store, 2001)
    late = cost.take()
    assert late[0] == early[0]
    assert late[1] < 1.3 * early[1], "steps of SQLite"
