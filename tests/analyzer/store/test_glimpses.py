"""A session at a glance: from few of its scans, once as long as it stays as it is."""

import pytest
from support.agent import voltammogram
from support.stored import SESSION, fill

from analyzer.store import glimpses
from analyzer.store.engines import home_url
from analyzer.store.glimpses import IN_A_ROW, PLACES, places
from analyzer.store.store import open_store


@pytest.mark.parametrize("last", [0, 1, PLACES * IN_A_ROW, PLACES * IN_A_ROW + 1, 100_000])
def test_places_are_spread_over_the_run(last):
    found = places(last)
    assert len(found) == min(last, PLACES * IN_A_ROW)
    assert found == sorted(set(found))
    assert not found or (found[0], found[-1]) == (1, last)


@pytest.fixture
def store(tmp_path):
    store = open_store(home_url(tmp_path))
    files = {
        f"SWV_{hertz}Hz_{number}.txt": voltammogram(frequency_hz=hertz, height_a=1e-6 * number)
        for number in (1, 2, 3)
        for hertz in (15, 100)
    }
    fill(store, "alice", SESSION, files | {"SWV_100Hz_4.txt": b"no voltammogram"})
    yield store
    store.close()


def test_the_list_tells_the_trend_and_what_is_flagged(store):
    (summary,) = store.sessions.list("alice", 9)
    assert summary.scans == 7
    assert summary.flagged_share == pytest.approx(1 / 7)
    assert (summary.glimpse_electrode, summary.glimpse_frequency_hz) == (1, 100.0)
    run = store.sessions.find("alice", SESSION).run
    shown = [
        electrode.peak_current_a
        for result in store.results.every(run)
        for electrode in result.electrodes[:1]
        if result.scan.frequency_hz == summary.glimpse_frequency_hz
    ]
    assert list(summary.glimpse_currents_a) == pytest.approx(shown, rel=1e-4)


def test_what_stays_as_it_is_is_looked_at_once(store, monkeypatch):
    before = store.sessions.list("alice", 9)
    monkeypatch.setattr(glimpses, "_glimpse", None)
    assert store.sessions.list("alice", 9) == before


def test_the_trend_in_the_list_is_of_the_same_frequency_each_time(store):
    files = {"SWV_15Hz_4.txt": voltammogram(frequency_hz=15, height_a=1e-6)}
    fill(store, "alice", SESSION, files, seen_revision=1)
    (summary,) = store.sessions.list("alice", 9)
    assert summary.scans == 8
    assert summary.glimpse_frequency_hz == 100.0
