"""Sessions in a store, with results, without a broker."""

from collections.abc import Mapping
from datetime import UTC, datetime

from support.agent import packed

from analyzer.ingest import Arrival, check
from analyzer.sessions import Started
from analyzer.status import Status
from analyzer.store.store import Store
from analyzer.worker import Worker
from sacmes_core.link_events import Received
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.questions import StartRequest

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Outbox:
    """Keeps what would go to the broker."""

    def __init__(self) -> None:
        self.sent: list[Publication] = []

    def publish(self, publication: Publication) -> None:
        self.sent.append(publication)

    def acknowledge(self, _received: Received) -> None:
        return None


def fill(
    store: Store,
    user_id: str,
    session_id: str,
    files: dict[str, bytes],
    *,
    seen_revision: int = 0,
    measured_at: Mapping[str, datetime] | None = None,
) -> None:
    """Start a session, and store and analyse files of it, with the times at which they were."""
    request = StartRequest(name=f"of {user_id}", seen_revision=seen_revision)
    store.sessions.apply(user_id, Started(request, session_id), NOW)
    for name, content in files.items():
        at = (measured_at or {}).get(name)
        known = {} if at is None else {"measured_at": at, "measured_at_source": "mtime"}
        sent = packed(session_id, name, content, user_id=user_id, **known)
        arrival = check(Message(sent.topic, sent.payload, user_properties=sent.user_properties))
        assert isinstance(arrival, Arrival)
        store.uploads.commit([arrival], NOW)
    worker = Worker(store, Outbox(), Status(), holder="one")
    while worker.turn() or store.sessions.stale():
        pass
