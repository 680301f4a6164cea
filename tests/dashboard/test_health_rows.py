"""What the health page says, from what was heard."""

from datetime import UTC, datetime

import pytest

from dashboard import health_rows
from sacmes_core import protocol
from sacmes_core.link_events import Disconnected
from sacmes_core.payloads.presence import UploadCounters


def values(state, now):
    return {card.label: (card.value, card.note) for card in health_rows.cards(state, now)}


def test_before_anything_is_heard_nothing_is_claimed(world):
    said = values(world.state, world.now)
    assert said["Measurement to here"][0] == "–"
    assert said["Waiting at the agent"][0] == "–"
    assert said["Queue at the analyzer"] == ("–", "no analyzer is heard")
    assert health_rows.troubles(world.state) == []


def test_the_cards_tell_waiting_queue_delay_and_what_was_not_used(world):
    world.connect()
    counters = UploadCounters(seen=120, sent=118, confirmed=100, waiting=18, refused=2)
    world.hear(world.agent(counters=counters), protocol.AGENT_PRESENCE)
    world.hear(world.analyzer(waiting=7, analysed=90), protocol.ANALYZER_PRESENCE, analyzer="a1")
    world.now += 2
    world.hear(world.result(1), protocol.RESULTS)
    world.hear(world.result(1), protocol.RESULTS)
    said = values(world.state, world.now)
    assert said["Waiting at the agent"] == ("18", "100 of 120 files stored")
    assert said["Refused uploads"][0] == "2"
    assert said["Queue at the analyzer"] == ("7", "90 scans since its start")
    assert said["Measurement to here"][0] == "2.0"
    assert said["Messages not used"] == ("1", "1 duplicate")


def test_components_say_version_clock_and_last_heartbeat(world):
    slow = datetime.fromtimestamp(world.now - 600, UTC)
    world.hear(world.agent(heartbeat_at=slow, version="0.0.9"), protocol.AGENT_PRESENCE)
    world.hear(world.analyzer(), protocol.ANALYZER_PRESENCE, analyzer="a1")
    world.now += 5
    agent, analyzer, here = health_rows.component_rows(world.state, world.now, UTC)
    assert [c.text for c in agent[:6]] == [
        "Agent", "PC-LAB2", "online", "0.0.9", "10 min slow", "5 s ago",
    ]  # fmt: skip
    assert agent[3].tone == "attention"
    assert analyzer[0].text == "Analyzer (run)"
    assert here[4].text == "reference"
    world.now += 100
    assert health_rows.component_rows(world.state, world.now, UTC)[1][2].text == "not heard of"


def test_errors_of_scans_and_of_the_way_stand_in_one_list_newest_first(world):
    world.results = [world.result(1, electrodes=(), error="The file has no header.")]
    world.connect()
    world.now += 60
    world.happen(Disconnected("the network went away", taken_over=False))
    sentences = [row[2].text for row in health_rows.trouble_rows(world.state, world.now, UTC)]
    assert sentences == ["the network went away", "The file has no header."]


def test_raw_messages_are_text_whatever_is_in_them(world):
    world.hear(world.agent(), protocol.AGENT_PRESENCE, retain=True)
    (message,) = health_rows.raw_messages(world.state, UTC)
    assert message["retained"] is True
    assert message["topic"] == protocol.AGENT_PRESENCE.topic(user_id="alice")
    assert '"host": "PC-LAB2"' in message["text"]


@pytest.mark.parametrize(
    ("head", "size_bytes", "text"),
    [
        (b"", 0, "(empty: clears what was retained)"),
        (b"\xff{", 2, "\\xff{"),
        (b'{"a":1}', 7, '{\n "a": 1\n}'),
        (b'{"a', 5000, '{"a … (5 kB more)'),
    ],
)
def test_payloads_as_text(head, size_bytes, text):
    assert health_rows.payload_text(head, size_bytes) == text


@pytest.mark.parametrize(
    ("delay_s", "words"),
    [(0.24, ("240", "ms")), (1.84, ("1.8", "s")), (7200, ("2", "h"))],
)
def test_delays_in_words(delay_s, words):
    assert health_rows.delay_words(delay_s) == words
