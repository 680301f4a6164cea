"""What the agent's loop says of itself and of what it ignores, without a broker."""

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import presence
from agent.application import IGNORED_KINDS_MAX, Agent, AgentOptions
from agent.home import Home
from agent.watching import folder_source
from sacmes_core.address import BrokerAddress
from sacmes_core.messages import Message, Publication
from sacmes_core.payloads.presence import AgentPresence
from sacmes_core.protocol import decode


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Publication]:
    """What agents hand to their connection."""
    messages: list[Publication] = []
    monkeypatch.setattr(Agent, "_publish", lambda _, message: messages.append(message))
    return messages


@pytest.fixture
def agent(tmp_path: Path, published: list[Publication]) -> Iterator[Agent]:
    options = AgentOptions(BrokerAddress.parse("mqtt://127.0.0.1"), folder_source(tmp_path))
    with Home.opened(tmp_path) as home:
        yield Agent(options, home, threading.Event())


def test_the_first_counts_already_say_that_the_clock_is_not_set(
    agent: Agent, published: list[Publication], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.application.clock_sentence", lambda: "The clock is not set.")
    agent._announcer.hold(presence.Opened(), time.monotonic())
    agent._perform_due()
    assert decode(AgentPresence, published[-1].payload).problem == "The clock is not set."


def test_each_kind_that_is_ignored_is_said_once_and_not_without_end(
    agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "agent.application"):
        for _ in range(3):
            for kind in range(IGNORED_KINDS_MAX + 20):
                agent._receive(Message(f"elsewhere/{kind}", b""), 0.0)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == len(set(said)) == IGNORED_KINDS_MAX
    assert "elsewhere/0:" in said[0]
