import hashlib
from collections.abc import Iterator

import pytest
from support.agents import SESSION_ID

from agent.delivery import WINDOW_UPLOADS
from agent.outbox import FileRecord, Outbox, Taken
from agent.postman import Postman
from agent.problems import Problems
from agent.settling import Sighting
from sacmes_core.errors import ProtocolError
from sacmes_core.link_events import Published
from sacmes_core.messages import Publication
from sacmes_core.payloads.results import Receipt, Receipts
from sacmes_core.upload import UploadHeader, upload_id


class Wire:
    """Where a postman's messages go; `limit` is the broker's largest packet."""

    def __init__(self) -> None:
        self.outbox = Outbox.open(None)
        self.problems = Problems()
        self.sent: list[str] = []
        self.limit = 10_000_000
        self.there = True
        self.postman = Postman(self.outbox, "alice", self.publish, self.problems)

    def publish(self, publication: Publication) -> int | None:
        if len(publication.payload) > self.limit:
            raise ProtocolError("The message is too large for this broker.")
        if not self.there:
            return None
        self.sent.append(dict(publication.user_properties)["upload_id"])
        return len(self.sent)

    def add(self, count: int, content: bytes = b"scan") -> list[str]:
        several = []
        for k in range(count):
            name = f"{content[:8].hex()}_{k}.txt"
            digest = hashlib.sha256(content).hexdigest()
            identity = upload_id(SESSION_ID, name, content)
            header = UploadHeader(
                session_id=SESSION_ID, upload_id=identity, file=name, sha256=digest
            )
            record = FileRecord(name, Sighting(4, 0), "sent", digest)
            several.append(Taken(record, SESSION_ID, header, content, len(content)))
        self.outbox.add(several)
        return [one.header.upload_id for one in several if one.header is not None]

    def answer(self, upload: str, now: float = 1.0, **changes: object) -> None:
        receipt = Receipt.model_validate({"upload_id": upload, "status": "stored"} | changes)
        self.postman.receive(Receipts(receipts=(receipt,)), now)


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.outbox.close()


def test_the_window_is_filled_from_the_outbox_and_again_after_receipts(wire: Wire) -> None:
    uploads = wire.add(WINDOW_UPLOADS + 20)
    wire.postman.opened(0.0)
    assert wire.sent == uploads[:WINDOW_UPLOADS]
    for upload in uploads[:5]:
        wire.answer(upload)
    wire.postman.tick(1.0)
    assert wire.sent == uploads[: WINDOW_UPLOADS + 5]
    assert wire.postman.in_flight == WINDOW_UPLOADS


def test_what_found_no_connection_is_sent_at_the_next(wire: Wire) -> None:
    (upload,) = wire.add(1)
    wire.there = False
    wire.postman.opened(0.0)
    wire.postman.closed(1.0)
    wire.there = True
    wire.postman.opened(2.0)
    assert wire.sent == [upload]


def test_a_refusal_for_now_is_said_and_waits_its_time(wire: Wire) -> None:
    (upload,) = wire.add(1)
    wire.postman.opened(0.0)
    wire.answer(upload, 4.0, status="refused", retry=True, reason="The disk is full.")
    assert "The disk is full." in (wire.problems.text or "")
    wire.postman.tick(8.0)
    assert wire.sent == [upload]
    wire.postman.tick(9.0)
    assert wire.sent == [upload, upload]
    wire.answer(upload, 9.5)
    assert wire.problems.text is None
    assert wire.postman.next_due is None


def test_a_refusal_for_good_leaves_the_window(wire: Wire) -> None:
    (upload,) = wire.add(1)
    wire.postman.opened(0.0)
    wire.answer(upload, status="refused", reason="No.")
    wire.postman.tick(1000.0)
    assert wire.sent == [upload]
    assert [one.reason for one in wire.outbox.refused()] == ["No."]


def test_what_this_broker_cannot_take_is_refused_and_the_others_go_on(wire: Wire) -> None:
    wire.add(1, b"x" * 5000)
    (small,) = wire.add(1, b"small")
    wire.limit = 1000
    wire.postman.opened(0.0)
    assert wire.sent == [small]
    assert "too large" in wire.outbox.refused()[0].reason


def test_what_another_process_settled_is_not_sent_again(wire: Wire) -> None:
    (upload,) = wire.add(1)
    wire.postman.opened(0.0)
    wire.outbox.settle([Receipt(upload_id=upload, status="stored")])
    wire.postman.tick(10.0)
    assert wire.sent == [upload]
    assert wire.postman.in_flight == 0


def test_the_brokers_answers_become_sentences(wire: Wire) -> None:
    wire.add(2)
    wire.postman.opened(0.0)
    assert wire.postman.published(Published(1, "Not authorized", no_subscribers=False))
    assert "does not let alice send scans" in (wire.problems.text or "")
    assert wire.postman.published(Published(2, None, no_subscribers=True))
    assert wire.problems.text is not None
    assert "No analyzer has ever listened" in wire.problems.text
    assert not wire.postman.published(Published(99, "Not authorized", no_subscribers=False))


def test_problems_are_said_once_each(caplog: pytest.LogCaptureFixture) -> None:
    problems = Problems()
    with caplog.at_level("INFO"):
        for sentence in ("Gone.", "Gone.", None, None, "Gone."):
            problems.put("folder", sentence)
    assert [record.getMessage() for record in caplog.records] == ["Gone.", "Over: Gone.", "Gone."]


def test_what_was_refused_goes_out_again_while_the_agent_runs(wire: Wire) -> None:
    first, second = wire.add(2)
    wire.postman.opened(0.0)
    wire.answer(first, status="refused", reason="Too many columns.")
    wire.answer(second)
    assert wire.sent == [first, second]
    assert wire.outbox.retry_refused() == 1
    wire.postman.tick(2.0)
    assert wire.sent == [first, second, first]
