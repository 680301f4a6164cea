"""The journal: bounded whatever comes, and the same reducer for the same messages."""

import pytest

from dashboard.journal import ARRIVALS, HEAD_BYTES, MESSAGES, TROUBLES, Journal, quantile
from sacmes_core import protocol
from sacmes_core.link_events import Disconnected, Received
from sacmes_core.messages import Message


def test_everything_in_it_is_bounded():
    journal = Journal()
    for number in range(1000):
        journal = journal.with_message(Message("t", b"x" * 9000), float(number))
        journal = journal.with_delay(number).with_trouble("Broker", f"No. {number}", number)
    assert journal.received == 1000
    assert journal.received_bytes == 9_000_000
    assert len(journal.messages) == MESSAGES
    assert journal.messages[-1].number == 1000
    assert len(journal.messages[-1].head) == HEAD_BYTES
    assert journal.messages[-1].size_bytes == 9000
    assert len(journal.troubles) == TROUBLES
    assert len(journal.arrived_at) == ARRIVALS


def test_rate_is_of_the_last_minute_and_of_what_is_known_of_it():
    journal = Journal()
    for number in range(30):
        journal = journal.with_message(Message("t", b""), 100.0 + number)
    assert journal.rate_hz(130.0) == pytest.approx(0.5)
    assert journal.rate_hz(500.0) == 0
    for number in range(2000):
        journal = journal.with_message(Message("t", b""), 200.0 + 0.01 * number)
    assert journal.rate_hz(220.0) == pytest.approx(100, rel=0.01)


def test_the_same_trouble_again_is_counted():
    journal = Journal().with_trouble("Broker", "away", 1.0).with_trouble("Broker", "away", 2.0)
    assert [(t.at, t.times) for t in journal.troubles] == [(2.0, 2)]
    assert len(journal.with_trouble("History", "away", 3.0).troubles) == 2


@pytest.mark.parametrize(
    ("values", "fraction", "value"),
    [((), 0.5, None), ((3.0,), 0.95, 3.0), (tuple(range(100)), 0.5, 50), (range(100), 0.95, 95)],
)
def test_quantiles(values, fraction, value):
    assert quantile(values, fraction) == value


def test_live_results_tell_the_delay_by_the_instruments_clock_as_far_as_known(world):
    world.connect()
    world.now += 3
    world.hear(world.result(1), protocol.RESULTS)
    assert world.state.journal.delays_s == (3.0,)
    world.hear(world.result(1), protocol.RESULTS)
    world.hear(world.result(2), protocol.RESULTS, retain=True)
    assert world.state.journal.delays_s == (3.0,)


def test_what_goes_wrong_is_noted_with_its_time(world):
    world.connect()
    topic = protocol.RESULTS.topic(user_id="alice")
    world.happen(Received(Message(topic, b"{"), (1, 1, 1)))
    world.now += 1
    world.happen(Disconnected("the network went away", taken_over=False))
    noted = [(t.where, t.at - world.now) for t in world.state.journal.troubles]
    assert noted == [("Message", -1.0), ("Broker", 0.0)]


def test_history_without_an_answer_is_noted_once(world):
    world.connect(answer=False)
    world.pass_time(40, answer=False)
    history = [t for t in world.state.journal.troubles if t.where == "History"]
    assert len(history) == 1
    assert history[0].times == 1
