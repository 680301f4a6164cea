"""Uploads: each one once, in order, kept apart by user, and durable when they are said to be."""

import hashlib
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analyzer.store.claims import Claims
from analyzer.store.database import Database, StoreError
from analyzer.store.engines import home_url
from analyzer.store.store import Store, open_store
from analyzer.store.uploads import Arrival, Committed
from sacmes_core.errors import ConfigError
from sacmes_core.upload import UploadHeader, upload_id

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def arrival(
    file: str, content: bytes = b"x", *, user_id: str = "alice", after: str | None = None
) -> Arrival:
    header = UploadHeader(
        session_id=SESSION,
        upload_id=upload_id(SESSION, file, content),
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        after=None if after is None else upload_id(SESSION, after, b"x"),
    )
    return Arrival(user_id, header, content)


def positions(store: Store, user_id: str = "alice") -> list[tuple[int, str, int]]:
    run = store.sessions.find(user_id, SESSION)
    assert run is not None
    waiting = store.uploads.waiting(run.run, limit=1000, limit_bytes=10**9)
    return [(u.position, u.header.file, u.revision) for u in waiting]


def test_group_is_kept_in_its_order(store: Store) -> None:
    assert store.uploads.commit([arrival("b"), arrival("a"), arrival("c")], NOW).fresh == 3
    assert store.uploads.commit([arrival("d")], NOW).fresh == 1
    assert positions(store) == [(1, "b", 1), (2, "a", 1), (3, "c", 1), (4, "d", 1)]


def test_repeats_are_recognised_within_and_between_groups(store: Store) -> None:
    assert store.uploads.commit([arrival("a"), arrival("a"), arrival("b")], NOW).fresh == 2
    assert store.uploads.commit([arrival("b"), arrival("a")], NOW).fresh == 0
    assert positions(store) == [(1, "a", 1), (2, "b", 1)]


def test_one_that_follows_another_waits_for_it(store: Store) -> None:
    second, third = arrival("b", after="a"), arrival("c", after="b")
    for group in ([second], [second, third]):
        committed = store.uploads.commit([*group, arrival("other", user_id="bobby")], NOW)
        assert committed.early == {(a.user_id, a.header.upload_id) for a in group}
    assert store.uploads.commit([arrival("a"), second, third], NOW) == Committed(3, {})
    assert store.uploads.commit([third], NOW) == Committed(0, {})
    assert positions(store) == [(1, "a", 1), (2, "b", 1), (3, "c", 1)]


def test_other_bytes_under_a_name_are_a_new_revision(store: Store) -> None:
    store.uploads.commit([arrival("a", b"1"), arrival("a", b"2")], NOW)
    store.uploads.commit([arrival("a", b"3")], NOW)
    assert positions(store) == [(1, "a", 1), (2, "a", 2), (3, "a", 3)]


def test_users_who_use_one_session_id_never_meet(store: Store) -> None:
    store.uploads.commit([arrival("a"), arrival("a", user_id="mallory")], NOW)
    assert positions(store) == positions(store, "mallory") == [(1, "a", 1)]
    assert store.sessions.find("bob", SESSION) is None


def test_content_comes_back_untouched(store: Store) -> None:
    content = random.Random(1).randbytes(100_000)
    store.uploads.commit([arrival("a", content)], NOW)
    run = store.sessions.find("alice", SESSION)
    assert run is not None
    kept = store.uploads.at(run.run, 1)
    assert kept is not None
    assert kept.content == content


def test_batch_is_bounded_in_bytes_yet_never_empty(store: Store) -> None:
    store.uploads.commit([arrival(str(k), bytes(1000) + b"%d" % k) for k in range(5)], NOW)
    run = store.sessions.find("alice", SESSION)
    assert run is not None
    assert len(store.uploads.waiting(run.run, limit=10, limit_bytes=2500)) == 2
    assert len(store.uploads.waiting(run.run, limit=10, limit_bytes=1)) == 1


def test_sessions_take_turns(store: Store) -> None:
    for user_id in ("alice", "bobby", "carol"):
        store.uploads.commit([arrival(str(k), user_id=user_id) for k in range(3)], NOW)
    turns, last = [], 0
    claims = Claims(store.database, "one")
    for _ in range(4):
        found = claims.next(last)
        assert found is not None
        last = found.run
        turns.append(last)
        claims.release(found)
    assert turns == [1, 2, 3, 1]


def test_full_disk_is_a_sentence_and_nothing_is_stored(tmp_path: Path) -> None:
    store = open_store(home_url(tmp_path))
    with store.database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    event_engine_limit(store.database, int(pages) + 4)
    with pytest.raises(StoreError, match="full"):
        store.uploads.commit([arrival("a", random.Random(1).randbytes(200_000))], NOW)
    assert store.sessions.find("alice", SESSION) is None
    store.close()


def event_engine_limit(database: Database, pages: int) -> None:
    """Let every connection see a disk of so many pages."""
    from sqlalchemy import event

    database.engine.dispose()
    event.listen(
        database.engine, "connect", lambda c, _: c.execute(f"PRAGMA max_page_count={pages}")
    )


def test_processes_share_a_store_unless_one_has_it_alone(store: Store, store_url: str) -> None:
    second = open_store(store_url)
    with store.database.shared(), second.database.shared():
        _refused(second.database.alone(), "is at work")
    with store.database.alone():
        _refused(second.database.shared(), "being restored")
    with store.database.shared():
        pass
    second.close()


def _refused(hold: AbstractContextManager[None], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence), hold:
        pass


def test_writers_at_the_same_time_leave_no_gap_and_nothing_twice(store: Store) -> None:
    groups = [[arrival(f"{k}-{i}") for i in range(5)] for k in range(12)]
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(store.uploads.commit, group, NOW) for group in groups for _ in range(2)]
        assert sum(_again_while_refused(job) for job in jobs) <= 60
    for group in groups:
        store.uploads.commit(group, NOW)
    kept = positions(store)
    assert [position for position, _, _ in kept] == list(range(1, 61))
    assert len({file for _, file, _ in kept}) == 60


def _again_while_refused(job: "Future[Committed]") -> int:
    """Writers that make the same session at the same moment may be told to try again."""
    try:
        return job.result(60).fresh
    except StoreError:
        return 0


COMMITTING = """
import hashlib, sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from analyzer.store.store import open_store
from analyzer.store.uploads import Arrival
from sacmes_core.upload import UploadHeader, upload_id

session, store = sys.argv[2], open_store(sys.argv[1])
k = int(sys.argv[3])
while True:
    group = []
    for k in range(k, k + 7):
        content = b"%d" % k * 500
        header = UploadHeader(
            session_id=session, upload_id=upload_id(session, str(k), content), file=str(k),
            sha256=hashlib.sha256(content).hexdigest())
        group.append(Arrival("alice", header, content))
    store.uploads.commit(group, datetime.now(UTC))
    print(k, flush=True)
"""


def test_what_was_receipted_outlives_kill_9(store: Store, store_url: str) -> None:
    receipted = 0
    for _ in range(4):
        command = [sys.executable, "-c", COMMITTING, store_url, SESSION, str(receipted)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(20):
                receipted = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
    kept = positions(store)
    assert [position for position, _, _ in kept] == list(range(1, len(kept) + 1))
    files = [int(file) for _, file, _ in kept]
    assert len(set(files)) == len(files)
    assert set(range(receipted + 1)) <= set(files)
