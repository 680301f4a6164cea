"""Session documents in the store: the rules of sessions, each applied in one transaction."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from analyzer.sessions import Started
from analyzer.store.store import Store, open_store
from sacmes_core.payloads.questions import StartRequest

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


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
