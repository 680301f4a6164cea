"""Segments of a sweep: turns, jitter, repeated potentials, holds, and which pair is taken."""

import itertools

import numpy as np
import pytest

from sacmes_core.analysis.cv.segments import choose_pair, find_segments


def way(*corners_v, step_v=0.002):
    pieces = [np.array([corners_v[0]])]
    for a, b in itertools.pairwise(corners_v):
        count = round(abs(b - a) / step_v)
        pieces.append(a + (b - a) * np.arange(1, count + 1) / count)
    return np.concatenate(pieces)


def corners(segments):
    return [segments[0].start_v, *(s.end_v for s in segments)]


def test_turning_points_belong_to_both_segments():
    potential_v = way(0.2, -0.5, 0.3, -0.5)
    first, second, third = find_segments(potential_v)
    assert (first.number, second.number, third.number) == (1, 2, 3)
    assert (first.direction, second.direction, third.direction) == (-1, 1, -1)
    assert first.end == second.start == 350
    assert second.end == third.start == 750
    assert third.end == len(potential_v) - 1


@pytest.mark.parametrize("jitter_v", [0.0005, 0.002, 0.004])
def test_jitter_makes_no_segments(jitter_v):
    potential_v = way(0.0, 0.4, -0.4, 0.4)
    noisy = potential_v + np.random.default_rng(1).normal(scale=jitter_v, size=len(potential_v))
    found = find_segments(noisy)
    np.testing.assert_allclose(corners(found), [0.0, 0.4, -0.4, 0.4], atol=4 * jitter_v)


def test_repeated_potentials_and_holds_are_left_out():
    down, up = way(0.2, -0.3), way(-0.3, 0.2)
    hold = np.full(40, -0.3)
    potential_v = np.concatenate([np.full(25, 0.2), np.repeat(down, 5), hold, np.repeat(up, 5)])
    first, second = find_segments(potential_v)
    assert potential_v[first.start] == pytest.approx(0.2)
    assert potential_v[first.start + 1] < 0.2
    assert first.end < second.start
    assert second.start - first.end > 40
    assert potential_v[second.start + 1] > -0.3


@pytest.mark.parametrize(
    "corners_v",
    [(-0.8, 1.2), (0.2, 0.8), (-0.8, -0.5), (0.5, 0.2), (-0.5, 0.5, -0.5), (0.1, 0.5, 0.1)],
)
@pytest.mark.parametrize("jitter_v", [0, 0.0005])
def test_rest_and_jump_before_the_scan_are_no_segment(corners_v, jitter_v):
    rest, scan = np.zeros(50), way(*corners_v)
    potential_v = np.concatenate([rest, scan])
    potential_v += np.random.default_rng(1).normal(scale=jitter_v, size=len(potential_v))
    found = find_segments(potential_v)
    assert [s.number for s in found] == list(range(1, len(corners_v)))
    np.testing.assert_allclose(corners(found), corners_v, atol=4 * jitter_v + 1e-12)
    assert abs(found[0].start - 50) <= 5
    assert abs(found[-1].end - len(potential_v) + 1) <= 5


def test_rest_at_the_first_potential_is_no_jump():
    found = find_segments(np.concatenate([np.full(50, -0.2), way(-0.2, 0.4)]))
    assert [(s.start, s.end) for s in found] == [(50, 350)]


def test_a_constant_potential_has_no_segments():
    assert find_segments(np.full(50, 0.1)) == ()
    assert find_segments(np.array([0.1])) == ()


@pytest.mark.parametrize(
    ("corners_v", "expected"),
    [
        ((0.2, -0.5), (1, None)),
        ((0.2, -0.5, 0.2), (1, 2)),
        ((0.2, -0.5, 0.2, -0.5, 0.2), (3, 4)),
        # Cut in the middle of the second cycle: the last whole one is the first.
        ((0.2, -0.5, 0.2, -0.5, -0.2), (1, 2)),
        # Starts within the window: the first sweep is a fragment.
        ((0.0, 0.5, -0.5, 0.5, -0.5, 0.0), (3, 4)),
        ((0.0, 0.1, -0.5, 0.1), (3, 2)),
    ],
)
def test_the_last_whole_cycle_is_taken(corners_v, expected):
    forward, reverse = choose_pair(find_segments(way(*corners_v)))
    assert (forward.number, reverse and reverse.number) == expected
