"""The threads of one analyzer process, without a broker; with one: tests/integration."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.application import Analyzer
from analyzer.store.engines import home_url
from analyzer.store.store import open_store
from sacmes_core.address import BrokerAddress

NOWHERE = BrokerAddress.parse("mqtt://analyzer:k@127.0.0.1:1")


@pytest.fixture
def analyzer(tmp_path: Path) -> Iterator[Analyzer]:
    store = open_store(home_url(tmp_path))
    yield Analyzer(NOWHERE, store, "run", tmp_path, watched=False)
    store.close()


@pytest.mark.parametrize("name", ["presence", "lease"])
def test_a_loop_that_begins_a_turn_as_the_process_ends_waits_for_nothing(
    analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for wait in ("application.HEARTBEAT_S", "duty.LEASE_S", "duty.STANDBY_S"):
        monkeypatch.setattr(f"analyzer.{wait}", 1e6)
    # It has looked whether the end has come; then comes the end, with its bell.
    turn = analyzer._works()[name]
    analyzer._stop.set()
    analyzer._wake()
    thread = threading.Thread(target=turn, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
