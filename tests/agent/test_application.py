"""What the agent's loop says of itself, without a broker."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import presence
from agent.application import Agent, AgentOptions
from agent.home import Home
from agent.watching import folder_source
from sacmes_core.address import BrokerAddress
from sacmes_core.messages import Publication
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
