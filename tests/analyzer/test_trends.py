"""What is kept of the sessions that one worker goes round; the trend itself: test_worker."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.agent import voltammogram
from support.stored import SESSION, fill

from analyzer.store.calibrations import Calibrations
from analyzer.store.claims import Claim
from analyzer.store.engines import home_url
from analyzer.store.store import Store, open_store
from analyzer.trends import Trends

SESSIONS = 100


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(home_url(tmp_path))
    fill(store, "alice", SESSION, {"SWV_10Hz_1.txt": voltammogram()})
    yield store
    store.close()


def test_the_calibration_of_each_of_many_sessions_is_read_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    monkeypatch.setattr(Calibrations, "of", lambda _, run: read.append(run))
    run = store.sessions.find("alice", SESSION)
    assert run is not None
    (result,) = store.results.every(run.run)
    trends = Trends(store.results, store.calibrations)
    for turn in (1, 2):
        for number in range(1000, 1000 + SESSIONS):
            claim = Claim(number, "one", turn)
            trends.claimed(claim)
            trends.extend(replace(run, run=number, calibration_revision=1), claim, result)
    assert read == list(range(1000, 1000 + SESSIONS))
