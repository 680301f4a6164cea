"""The way in: what is refused and why, and what happens while the store cannot be written."""

import gzip
import hashlib
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from support.agent import packed
from support.tools import wait_until

from analyzer.ingest import Arrival, Ingest, Refusal, check
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.quotas import NO_QUOTA, Quota
from analyzer.store.store import Store, open_store
from analyzer.store.uploads import Committed, Uploads
from sacmes_core.link_events import Received
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.results import Receipts
from sacmes_core.protocol import decode

SESSION = "9b2f4c1e-0000-4000-8000-000000000001"


@dataclass(slots=True)
class Sent:
    """Keeps what a link would have sent."""

    published: list[Publication] = field(default_factory=list)
    acknowledged: list[Received] = field(default_factory=list)

    def publish(self, publication: Publication) -> int:
        self.published.append(publication)
        return len(self.published)

    def acknowledge(self, received: Received) -> None:
        self.acknowledged.append(received)

    def receipts(self) -> dict[str, str]:
        return {
            receipt.upload_id: receipt.status
            for message in self.published
            for receipt in decode(Receipts, message.payload).receipts
        }


def message(file: str = "a.txt", content: bytes = b"1 2\n") -> Message:
    sent = packed(SESSION, file, content)
    return Message(sent.topic, sent.payload, user_properties=sent.user_properties)


def changed(original: Message, **properties: str) -> Message:
    return replace(
        original, user_properties=tuple((dict(original.user_properties) | properties).items())
    )


def received(*messages: Message) -> list[Received]:
    return [Received(m, (1, k, 1)) for k, m in enumerate(messages, start=1)]


def bomb() -> Message:
    content = bytes(64 * 1024 * 1024)
    return replace(changed(message(), encoding="gzip"), payload=gzip.compress(content))


@pytest.mark.parametrize(
    ("poison", "reason", "retry"),
    [
        (replace(message(), payload=b"other"), "checksum", True),
        (changed(message(), sha256=hashlib.sha256(b"other").hexdigest()), "checksum", True),
        (changed(message(), schema="2"), "schema", True),
        (changed(message(), file="b.txt"), "upload id", False),
        (changed(message(), encoding="rot13"), "rot13", False),
        (changed(message(), frequency_hz="nan"), "frequency_hz", False),
        (bomb(), "unpacks", False),
    ],
)
def test_poison_is_refused_with_a_reason(poison: Message, reason: str, retry: bool) -> None:
    refusal = check(poison)
    assert isinstance(refusal, Refusal)
    assert reason in refusal.reason
    assert refusal.receipt is not None
    assert refusal.receipt.retry is retry


def test_refusal_without_an_upload_id_has_no_receipt() -> None:
    refusal = check(replace(message(), user_properties=()))
    assert isinstance(refusal, Refusal)
    assert refusal.receipt is None


def test_name_with_a_nul_is_refused() -> None:
    refusal = check(message("a\0b"))
    assert isinstance(refusal, Refusal)
    assert isinstance(check(message("µ/a b\n.txt")), Arrival)


class Bench:
    """An ingest over a real store."""

    def __init__(self, url: str, quota: Quota = NO_QUOTA) -> None:
        self.store: Store = open_store(url, quota=quota)
        self.sent = Sent()
        self.status = Status()
        self.stop = threading.Event()
        self.woken = threading.Event()
        self.ingest = Ingest(self.store.uploads, self.sent, self.status, self.woken.set, self.stop)

    def limit_disk(self, more_pages: int | None) -> None:
        """Let the disk be full after so many more pages; None for a large one."""
        with self.store.database.write() as connection:
            pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
        allowed = 10**9 if more_pages is None else pages + more_pages
        self.store.database.engine.dispose()
        event.listen(
            self.store.database.engine,
            "connect",
            lambda c, _: c.execute(f"PRAGMA max_page_count={allowed}"),
        )


@pytest.fixture
def bench(store_url: str) -> Iterator[Bench]:
    bench = Bench(store_url)
    yield bench
    bench.store.close()


@pytest.fixture
def sqlite_bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(home_url(tmp_path))
    yield bench
    bench.store.close()


def test_good_and_bad_in_one_group(bench: Bench) -> None:
    bad = changed(message("b.txt"), sha256="0" * 64)
    group = received(message("a.txt"), bad, message("a.txt"), message("c.txt"))
    bench.ingest.take(group)
    assert sorted(bench.sent.receipts().values()) == ["refused", "stored", "stored"]
    assert bench.sent.acknowledged == group
    assert bench.status.snapshot()[0] == {"stored": 2, "analysed": 0, "refused": 1}
    assert bench.woken.is_set()
    bench.woken.clear()
    bench.ingest.take(received(message("a.txt")))
    assert bench.sent.receipts()[dict(message("a.txt").user_properties)["upload_id"]] == "stored"
    assert not bench.woken.is_set()


def test_a_group_is_bounded_in_bytes_yet_takes_everything(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.ingest.GROUP_BYTES_MAX", 100_000)
    sizes: list[int] = []
    commit = Uploads.commit

    def measured(uploads: Uploads, arrivals: Sequence[Arrival], received_at: datetime) -> Committed:
        sizes.append(sum(len(arrival.content) for arrival in arrivals))
        return commit(uploads, arrivals, received_at)

    monkeypatch.setattr(Uploads, "commit", measured)
    lengths = (10_000, 80_000, 30_000, 500_000, 10, 20)
    group = received(*(message(f"{k}", b"x" * n) for k, n in enumerate(lengths)))
    bench.ingest.take(group)
    assert sizes == [120_000, 500_000, 30]
    assert bench.sent.acknowledged == group
    assert bench.status.snapshot()[0]["stored"] == len(lengths)


def test_full_disk_gives_no_receipt_and_goes_on_when_there_is_room(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.limit_disk(4)
    group = received(message(content=random.Random(1).randbytes(300_000)))
    thread = threading.Thread(target=bench.ingest.take, args=(group,))
    thread.start()
    problem = wait_until(lambda: bench.status.snapshot()[1], what="the problem")
    assert "full" in problem
    assert bench.sent.published == []
    assert bench.sent.acknowledged == []
    bench.limit_disk(None)
    thread.join(30)
    assert bench.sent.acknowledged == group
    assert list(bench.sent.receipts().values()) == ["stored"]
    assert bench.status.snapshot()[1] is None


def test_what_is_over_the_quota_is_refused_for_a_time(store_url: str) -> None:
    bench = Bench(store_url, Quota(sessions=0))
    group = received(message("a.txt"))
    bench.ingest.take(group)
    (sent,) = bench.sent.published
    (receipt,) = decode(Receipts, sent.payload).receipts
    assert (receipt.status, receipt.retry) == ("refused", True)
    assert "no more are allowed" in (receipt.reason or "")
    assert bench.sent.acknowledged == group
    assert not bench.woken.is_set()
    bench.store.close()


def test_upload_that_finds_a_fault_of_ours_holds_up_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Uploads.commit

    def faulty(uploads: Uploads, arrivals: Sequence[Arrival], received_at: datetime) -> Committed:
        if any(arrival.header.file == "fault" for arrival in arrivals):
            raise ValueError(arrivals)
        return commit(uploads, arrivals, received_at)

    monkeypatch.setattr(Uploads, "commit", faulty)
    group = received(message("a"), message("fault"), message("b"))
    bench.ingest.take(group)
    assert list(bench.sent.receipts().values()) == ["stored", "stored"]
    assert bench.sent.acknowledged == group


def test_end_while_the_store_fails_leaves_the_group_to_the_broker(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.limit_disk(4)
    bench.stop.set()
    bench.ingest.take(received(message(content=random.Random(1).randbytes(300_000))))
    assert bench.sent.published == []
    assert bench.sent.acknowledged == []
