"""A recorded run played again."""

from datetime import timedelta

import numpy as np
import pytest

from dashboard import replay
from dashboard.replay import Replay
from dashboard.trend import Epoch, Trend, scan_of

END_S = 100.0


def trend(world, count=10, times=True):
    results = [world.result(k) for k in range(1, count + 1)]
    for k, result in enumerate(results):
        moment = result.scan.measured_at + timedelta(seconds=10 * k) if times else None
        scan = result.scan.model_copy(update={"measured_at": moment})
        results[k] = result.model_copy(update={"scan": scan})
    return Trend(world.session.session_id, Epoch(1, 1)).with_scans(map(scan_of, results))


def test_it_plays_at_its_speed_to_the_end_and_from_there_anew():
    resting = Replay(20.0, 10)
    playing = replay.played(resting, 1000.0, END_S)
    assert replay.moment_s(playing, 1003.0, END_S) == 50.0
    assert replay.moment_s(playing, 2000.0, END_S) == END_S
    ended = replay.paused(playing, 2000.0, END_S)
    assert (ended.at_s, ended.since) == (END_S, None)
    assert replay.played(ended, 3000.0, END_S).at_s == 0.0


def test_speed_and_place_change_while_it_plays():
    playing = replay.played(Replay(0.0, 1), 0.0, END_S)
    faster = replay.hastened(playing, 100, 5.0, END_S)
    assert replay.moment_s(faster, 5.5, END_S) == 55.0
    elsewhere = replay.sought(faster, 10.0, 6.0)
    assert replay.moment_s(elsewhere, 6.1, END_S) == pytest.approx(20.0)
    assert replay.sought(Replay(0.0), 10.0, 6.0).since is None


def test_what_was_known_then(world):
    run = trend(world)
    times = replay.scan_times(run.scans)
    assert times.tolist() == [10.0 * k for k in range(10)]
    assert [replay.scans_until(times, at) for at in (0.0, 9.9, 10.0, 1e9)] == [1, 1, 2, 10]
    then = replay.as_it_was(run, 3)
    assert [s.position for s in then.scans] == [1, 2, 3]
    assert then.lineage is run.lineage
    assert replay.as_it_was(run, 10) is run


def test_times_never_fall_and_missing_ones_follow(world):
    scans = list(trend(world, 4).scans)
    base = scans[0].measured_at

    def at(*moments):
        from dataclasses import replace

        moved = [
            replace(s, measured_at=None if m is None else base + m)
            for s, m in zip(scans, moments, strict=True)
        ]
        return replay.scan_times(moved).tolist()

    assert at(None, 5.0, None, 3.0) == [0.0, 0.0, 0.0, 0.0]
    assert at(0.0, 5.0, None, 3.0) == [0.0, 5.0, 5.0, 5.0]
    untimed = trend(world, 3, times=False)
    assert replay.scan_times(untimed.scans).tolist() == [0.0, 1.0, 2.0]
    assert np.array_equal(replay.scan_times([]), [])


def test_the_voltammograms_are_those_of_the_ends(world):
    scans = replay.newest_of_each(replay.as_it_was(trend(world), 5))
    assert [(s.frequency_hz, s.position) for s in scans] == [(15.0, 5), (100.0, 4)]
