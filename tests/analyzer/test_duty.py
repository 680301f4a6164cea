"""What the holder of the lease does at its end; with a broker: tests/integration."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from analyzer import metrics
from analyzer.duty import Duty
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.store import Store, open_store
from sacmes_core import questions
from sacmes_core.address import BrokerAddress
from sacmes_core.link_events import Received
from sacmes_core.messages import Message


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(home_url(tmp_path))
    yield opened
    opened.close()


def asked(count: int) -> Iterator[Received]:
    """Questions, every other one of those that are answered aside."""
    for k in range(count):
        question = questions.CALIBRATION if k % 2 else questions.SESSIONS
        sent = questions.question(
            question, question.payload(), user_id="alice", client="me", correlation_data=b"1"
        )
        message = Message(sent.topic, sent.payload, response_topic=sent.response_topic)
        yield Received(message, (1, k, 0))


def duty_with_questions(store: Store, status: Status) -> Duty:
    address = BrokerAddress.parse("mqtt://analyzer:k@127.0.0.1:1")
    duty = Duty(address, store, status, holder="one", stop=Event())
    for question in asked(5):
        duty._hand_over(question)
    return duty


def test_at_the_end_what_was_asked_is_answered(store: Store) -> None:
    status = Status()
    duty_with_questions(store, status).finish(time.monotonic() + 60)
    assert status.metrics.total(metrics.QUESTIONS) == 5


def test_but_not_for_ever(store: Store) -> None:
    status = Status()
    duty_with_questions(store, status).finish(time.monotonic() - 1)
    assert status.metrics.total(metrics.QUESTIONS) == 0
