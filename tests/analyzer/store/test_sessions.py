"""Session documents in the store: the rules of sessions, each applied in one transaction."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import event
from support.agent import packed

from analyzer.ingest import Arrival, check
from analyzer.sessions import Started, Stopped
from analyzer.store.store import Store, open_store
from sacmes_core.messages import Message
from sacmes_core.payloads.questions import StartRequest, StopRequest

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def test_uploads_of_an_unknown_session_leave_the_first_one_the_newest(store: Store) -> None:
    store.sessions.apply("alice", Started(StartRequest(name="run"), SESSION), NOW)
    unknown = SESSION[:-1] + "2"
    sent = packed(unknown, "a", b"x", user_id="alice")
    arrival = check(Message(sent.topic, sent.payload, user_properties=sent.user_properties))
    assert isinstance(arrival, Arrival)
    store.uploads.commit([arrival], NOW)
    recovered = store.sessions.find("alice", unknown)
    assert recovered is not None
    assert recovered.recovered
    newest = store.sessions.find("alice", None)
    assert newest is not None
    assert newest.document.session_id == SESSION
    assert [run.document.session_id for run in store.sessions.newest_of_all()] == [SESSION]
    stop = Stopped(StopRequest(seen_revision=newest.document.revision))
    store.sessions.apply("alice", stop, NOW)
    stopped = store.sessions.find("alice", SESSION)
    assert stopped is not None
    assert stopped.document.state == "stopped"


def test_a_document_of_the_broker_is_compared_and_kept_in_one_transaction(store: Store) -> None:
    store.sessions.apply("alice", Started(StartRequest(name="run"), SESSION), NOW)
    ours = store.sessions.find("alice", SESSION)
    assert ours is not None
    begun: list[object] = []
    event.listen(store.database.engine, "begin", begun.append)
    newer = ours.document.model_copy(update={"revision": ours.document.revision + 3, "name": "new"})
    store.sessions.see("alice", newer, NOW)
    assert len(begun) == 1
    found = store.sessions.find("alice", SESSION)
    assert found is not None
    assert found.document == newer
