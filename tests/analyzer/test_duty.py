"""What the holder of the lease does, without a broker; with one: tests/integration."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import event
from support.agent import packed
from support.stored import SESSION, Outbox, fill
from support.tools import wait_until

from analyzer import metrics
from analyzer.answers import Answers
from analyzer.duty import Duty
from analyzer.inbox import QUESTIONS_MAX
from analyzer.status import Status
from analyzer.store.database import StoreError
from analyzer.store.engines import home_url
from analyzer.store.leases import Lease
from analyzer.store.store import Store, open_store
from sacmes_core import questions
from sacmes_core.address import BrokerAddress
from sacmes_core.link_events import Connected, Disconnected, Received, Refused
from sacmes_core.messages import Message
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import MarkRequest
from sacmes_core.protocol import RESULTS, publication
from sacmes_core.protocol import SESSION as DOCUMENT
from sacmes_core.questions import Question

NOWHERE = BrokerAddress.parse("mqtt://analyzer:k@127.0.0.1:1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(home_url(tmp_path))
    yield opened
    opened.close()


class Watch:
    """A process on duty, whose broker does not answer; its end is near, so that nothing waits."""

    def __init__(self, store: Store) -> None:
        self.status = Status()
        self.stop = Event()
        self.duty = Duty(NOWHERE, store, self.status, holder="one", stop=self.stop)
        self.stop.set()
        self.duty.watch()
        assert self.duty.held

    @property
    def answered(self) -> float:
        return self.status.metrics.total(metrics.QUESTIONS)

    def ask(self, *items: Received) -> None:
        for item in items:
            self.duty._route(item)


@pytest.fixture
def watch(store: Store) -> Iterator[Watch]:
    watch = Watch(store)
    yield watch
    watch.duty.end()


def asked(question: Question, payload: Payload | None = None, number: int = 1) -> Received:
    sent = questions.question(
        question,
        payload or question.payload(),
        user_id="alice",
        client="me",
        correlation_data=b"1",
    )
    message = Message(sent.topic, sent.payload, response_topic=sent.response_topic)
    return Received(message, (0, number, sent.qos))


def some() -> Iterator[Received]:
    """Questions, every other one of those that are answered aside."""
    for k in range(5):
        yield asked(questions.CALIBRATION if k % 2 else questions.SESSIONS, number=k)


def test_at_the_end_what_was_asked_is_answered(watch: Watch) -> None:
    watch.ask(*some())
    watch.duty.finish(time.monotonic() + 60)
    assert watch.answered == 5


def test_at_the_end_nobody_waits_for_an_export_in_vain(store: Store, watch: Watch) -> None:
    fill(store, "alice", SESSION, {})
    watch.ask(asked(questions.EXPORT), asked(questions.EXPORT))
    watch.duty.finish(time.monotonic() + 60)
    told = watch.status.metrics.text([])
    assert 'verb="export",outcome="unavailable"} 2' in told, told


def test_but_not_for_ever(watch: Watch) -> None:
    watch.ask(*some())
    watch.duty.finish(time.monotonic() - 1)
    assert watch.answered == 0


def test_what_is_asked_comes_to_the_next_holder_and_is_not_done_twice(
    store: Store, watch: Watch
) -> None:
    fill(store, "alice", SESSION, {})
    watch.ask(asked(questions.MARK, MarkRequest(kind="injection", label="ATP")))
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE leases SET holder = NULL")
    assert Lease(store.database, "two").take()
    watch.duty.watch()
    assert not watch.duty.held
    watch.duty.works["answers"]()
    assert store.marks.list(1) == ()


def test_a_question_that_makes_the_program_fail_leaves_the_window_of_the_broker(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    acknowledged: list[Received] = []
    monkeypatch.setattr(Answers, "question", fail)
    monkeypatch.setattr(watch.duty._link, "acknowledge", acknowledged.append)
    item = asked(questions.STOP)
    watch.ask(item)
    with pytest.raises(ZeroDivisionError):
        watch.duty.works["answers"]()
    assert acknowledged == [item]


def test_documents_of_any_number_of_users_are_compared(store: Store, watch: Watch) -> None:
    fill(store, "alice", SESSION, {})
    run = store.sessions.find("alice", None)
    assert run is not None
    users = [f"user{k:05d}" for k in range(QUESTIONS_MAX + 1)]
    for user_id in users:
        message = publication(DOCUMENT, run.document, user_id=user_id)
        watch.ask(Received(Message(message.topic, message.payload, retain=True), (0, 0, 0)))
    assert watch.status.metrics.total(metrics.REFUSED) == 0
    watch.duty.finish(time.monotonic() + 60)
    assert all(store.sessions.find(user_id, SESSION) for user_id in users)


def test_a_document_is_compared_again_when_the_store_was_in_trouble(
    store: Store, watch: Watch
) -> None:
    fill(store, "alice", SESSION, {})
    run = store.sessions.find("alice", None)
    assert run is not None
    message = publication(DOCUMENT, run.document, user_id="bobby")
    watch.ask(Received(Message(message.topic, message.payload, retain=True), (0, 0, 0)))
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE documents RENAME TO away")
    with pytest.raises(StoreError):
        watch.duty.works["answers"]()
    with store.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO documents")
    watch.duty.works["answers"]()
    assert store.sessions.find("bobby", SESSION) is not None


def fill_disk(store: Store) -> None:
    """Let the disk have room for another page and no more."""
    with store.database.read() as connection:
        allowed = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one()) + 1
    store.database.engine.dispose()
    event.listen(
        store.database.engine,
        "connect",
        lambda c, _: c.execute(f"PRAGMA max_page_count={allowed}"),
    )


def test_who_asks_is_answered_while_the_store_takes_nothing_in(
    store: Store, tmp_path: Path
) -> None:
    status, stop = Status(), Event()
    duty = Duty(NOWHERE, store, status, holder="one", stop=stop)
    fill(store, "alice", SESSION, {})
    fill_disk(store)

    def over_and_over(work: Callable[[], None]) -> None:
        while not stop.is_set():
            work()

    works = {name: work for name, work in duty.works.items() if name != "alerts"}
    threads = [
        threading.Thread(target=over_and_over, args=(work,), daemon=True) for work in works.values()
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: duty.held, what="the lease")
    sent = packed(SESSION, "a", random.Random(1).randbytes(300_000))
    message = Message(sent.topic, sent.payload, user_properties=sent.user_properties)
    duty._link.events.put(Received(message, (0, 1, 1)))
    assert "full" in wait_until(lambda: status.problems().get("store", ""), what="the trouble")
    duty._link.events.put(asked(questions.HISTORY))
    wait_until(lambda: status.metrics.total(metrics.QUESTIONS) == 1, what="the answer")
    stop.set()
    duty.stop_waiting()
    for thread in threads:
        thread.join(30)
    duty.end()


def test_what_waits_to_be_stored_comes_again_after_a_lost_connection(watch: Watch) -> None:
    sent = packed(SESSION, "a", b"x")
    message = Message(sent.topic, sent.payload, user_properties=sent.user_properties)
    watch.ask(Received(message, (0, 1, 1)))
    watch.duty._route(Disconnected("cut", taken_over=False))
    watch.duty.works["ingest"]()
    assert watch.status.snapshot()[0]["stored"] == 0


def test_the_late_end_of_an_earlier_connection_is_not_taken_for_that_of_this_one(
    store: Store, watch: Watch
) -> None:
    """As where the network was dead, so that the earlier one could not say goodbye."""
    earlier = watch.duty._link.events
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE leases SET holder = 'two'")
    watch.duty.watch()
    Lease(store.database, "two").give_back()
    watch.duty.watch()
    assert watch.duty.held
    watch.duty._link.events.put(Connected(True, None))
    watch.duty.works["inward"]()
    earlier.put(Disconnected("dead", taken_over=False))
    watch.duty.works["inward"]()
    watch.duty.announcer._link = outbox = Outbox()
    fill(store, "alice", SESSION, {"a": b"no numbers"})
    watch.duty.announcer.work()
    assert [message.topic for message in outbox.sent] == [RESULTS.topic(user_id="alice")]


def test_a_broker_that_is_not_reached_is_told_until_it_is_or_another_process_takes_over(
    store: Store, watch: Watch
) -> None:
    watch.duty._route(Refused("nobody there", login=False))
    (part,) = watch.status.problems()
    # The loops of a process say by their names that they are well.
    assert part not in {*watch.duty.works, "presence", "link", "look", "worker", "claims"}
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE leases SET holder = 'two'")
    watch.duty.watch()
    assert not watch.status.problems()
