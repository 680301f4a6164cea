"""What a user may have: refused for a time and with a sentence, free again after old ones go."""

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from analyzer.sessions import Started, Stopped
from analyzer.store.claims import Claims
from analyzer.store.database import Database
from analyzer.store.pruning import old_sessions, prune
from analyzer.store.quotas import Quota
from analyzer.store.results import Batch
from analyzer.store.rows import Analysed
from analyzer.store.store import Store, open_store
from analyzer.store.uploads import Arrival
from sacmes_core.payloads.questions import StartRequest, StopRequest
from sacmes_core.payloads.results import Result, ScanReference
from sacmes_core.upload import UploadHeader, upload_id

NOW = datetime(2026, 11, 22, tzinfo=UTC)
QUOTA = Quota(stored_bytes=35_000, sessions=3)


def session_id(number: int) -> str:
    return f"9b2f4c1e-0000-4000-8000-00000000000{number}"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url, quota=QUOTA)
    yield store
    store.close()


def arrival(number: int, file: str, *, user: str = "alice", size: int = 10_000) -> Arrival:
    content = random.Random(file).randbytes(size)
    header = UploadHeader(
        session_id=session_id(number),
        upload_id=upload_id(session_id(number), file, content),
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return Arrival(user, header, content)


def stored_bytes(database: Database, user: str = "alice") -> tuple[int, int]:
    """As it is counted, and as it is."""
    counted = f"SELECT stored_bytes FROM users WHERE user_id = '{user}'"
    there = (
        "SELECT coalesce(sum(length(packed)), 0) FROM uploads JOIN sessions "
        f"ON sessions.run = uploads.run WHERE user_id = '{user}'"
    )
    with database.read() as connection:
        return tuple(int(connection.exec_driver_sql(q).scalar_one()) for q in (counted, there))  # type: ignore[return-value]


def run_of(store: Store, number: int, at: datetime, *files: str) -> None:
    """A session with these files, all analysed, that somebody stops."""
    newest = store.sessions.find("alice", None)
    seen = 0 if newest is None else newest.document.revision
    store.sessions.apply("alice", Started(StartRequest(seen_revision=seen), session_id(number)), at)
    store.uploads.commit([arrival(number, file) for file in files], at)
    claims = Claims(store.database, "one")
    while (claim := claims.next(0)) is not None:
        waiting = store.uploads.waiting(claim.run, limit=9, limit_bytes=10**9)
        run = store.sessions.by_number(claim.run)
        analysed = [
            Analysed(
                upload,
                (
                    Result(
                        session_id=session_id(number),
                        position=upload.position,
                        upload_id=upload.header.upload_id,
                        scan=ScanReference(file=upload.header.file),
                        settings_revision=run.document.settings_revision,
                        trend_revision=0,
                        version="1",
                    ),
                ),
                ((),),
            )
            for upload in waiting
        ]
        store.results.commit([Batch(claim, analysed, run.document.settings_revision)], at)
    document = store.sessions.find("alice", session_id(number))
    assert document is not None
    stop = StopRequest(seen_revision=document.document.revision)
    store.sessions.apply("alice", Stopped(stop), at)


def test_what_is_over_the_quota_is_refused_and_the_rest_is_kept(store: Store) -> None:
    group = [arrival(1, str(k)) for k in range(4)] + [arrival(1, "0", user="bob")]
    committed = store.uploads.commit(group, NOW)
    assert committed.fresh == 4
    ((refused, reason),) = committed.refused.items()
    assert refused == ("alice", group[3].header.upload_id)
    assert "is full" in reason
    assert "sent again" in reason
    counted, there = stored_bytes(store.database)
    assert counted == there <= 35_000


def test_repeats_of_what_is_stored_are_no_matter_of_the_quota(store: Store) -> None:
    first = [arrival(1, str(k)) for k in range(2)]
    assert store.uploads.commit(first, NOW).fresh == 2
    store.uploads.commit([arrival(1, "more")], NOW)
    assert store.uploads.commit(first, NOW).refused == {}
    counted, there = stored_bytes(store.database)
    assert counted == there


def test_no_session_is_made_beyond_the_quota(store: Store) -> None:
    for number in (1, 2, 3):
        assert store.sessions.no_room("alice") is None
        store.uploads.commit([arrival(number, "a", size=10)], NOW)
    assert "3 sessions, and no more" in (store.sessions.no_room("alice") or "")
    known, new = arrival(2, "b", size=10), arrival(4, "c", size=10)
    committed = store.uploads.commit([new, known, arrival(4, "a", user="bob", size=10)], NOW)
    assert committed.fresh == 2
    assert list(committed.refused) == [("alice", new.header.upload_id)]
    assert store.sessions.find("alice", session_id(4)) is None


def test_old_sessions_make_room(store: Store) -> None:
    run_of(store, 1, NOW - timedelta(days=100), "a", "b")
    run_of(store, 2, NOW - timedelta(days=10), "c")
    run_of(store, 3, NOW - timedelta(days=95))
    found = old_sessions(store.database, NOW - timedelta(days=90))
    assert [(old.session_id, old.uploads) for old in found] == [(session_id(1), 2)]
    assert old_sessions(store.database, NOW - timedelta(days=90), "bob") == ()
    assert store.sessions.find("alice", session_id(1)) is not None
    assert list(prune(store.database, found)) == list(found)
    assert list(prune(store.database, found)) == []
    assert store.sessions.find("alice", session_id(1)) is None
    counted, there = stored_bytes(store.database)
    assert counted == there > 0
    assert store.sessions.no_room("alice") is None
    assert len(store.sessions.list("alice", 9)) == 2


def test_a_session_for_which_something_came_meanwhile_stays(store: Store) -> None:
    run_of(store, 1, NOW - timedelta(days=100), "a")
    run_of(store, 2, NOW)
    found = old_sessions(store.database, NOW - timedelta(days=90))
    assert len(found) == 1
    assert store.uploads.commit([arrival(1, "late")], NOW).fresh == 1
    assert list(prune(store.database, found)) == []
    assert store.uploads.at(found[0].run, 2) is not None
    counted, there = stored_bytes(store.database)
    assert counted == there


def test_a_trend_of_a_session_that_was_taken_out_is_not_kept(store: Store) -> None:
    run_of(store, 1, NOW - timedelta(days=100), "a")
    run_of(store, 2, NOW)
    claim = Claims(store.database, "one").take(1)
    assert claim is not None
    assert list(prune(store.database, old_sessions(store.database, NOW)))
    assert store.results.replace_trend(claim, [], order=2) is None


def test_what_runs_or_waits_stays(store: Store) -> None:
    long_ago = NOW - timedelta(days=100)
    run_of(store, 1, long_ago, "a")
    store.uploads.commit([arrival(1, "waits")], long_ago)
    store.sessions.apply("alice", Started(StartRequest(seen_revision=2), session_id(2)), long_ago)
    assert old_sessions(store.database, NOW) == ()
