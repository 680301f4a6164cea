"""Converters, ranges and faults do to a current what instruments do."""

import numpy as np
import pytest

from sacmes_core.simulate.acquisition import CurrentRange, Faults, digitised, rounded, with_faults

FLAT = np.full((2, 400), 1e-7)


def random() -> np.random.Generator:
    return np.random.default_rng(5)


def test_currents_come_in_whole_steps() -> None:
    current_range = CurrentRange(1e-6, bits=10)
    currents = np.linspace(-9e-7, 9e-7, 5_001)
    written, overloaded = digitised(currents, current_range)
    steps = written / current_range.step_a
    assert current_range.step_a == pytest.approx(2e-6 / 1024)
    assert steps == pytest.approx(np.round(steps))
    assert np.abs(written - currents).max() == pytest.approx(current_range.step_a / 2, rel=0.01)
    assert (written - currents).std() == pytest.approx(current_range.step_a / np.sqrt(12), rel=0.01)
    assert not overloaded


def test_an_overload_shows_the_full_scale() -> None:
    written, overloaded = digitised(np.array([-3e-6, 0.0, 2e-6]), CurrentRange(1e-6))
    assert written.tolist() == [-1e-6, 0.0, 1e-6]
    assert overloaded


def test_a_range_change_is_one_step() -> None:
    faults = Faults(range_change_share=1.0, range_gain=1.1, range_offset_a=1e-8)
    currents = with_faults(FLAT, faults, random())
    assert np.unique(currents) == pytest.approx([1e-7, 1.2e-7])
    assert np.sum(np.diff(currents[0]) != 0) == 1


def test_a_dropout_comes_back() -> None:
    currents = with_faults(FLAT, Faults(dropout_share=1.0, dropout_points=7), random())
    assert np.sum(currents[0] == 0) == 7
    assert currents[0, 0] == currents[0, -1] == 1e-7


def test_faults_hit_their_share_of_the_scans() -> None:
    draws = random()
    hit = [(with_faults(FLAT, Faults(dropout_share=0.3), draws) == 0).any() for _ in range(2_000)]
    assert np.mean(hit) == pytest.approx(0.3, abs=0.04)
    assert np.array_equal(with_faults(FLAT, Faults(), draws), FLAT)


def test_numbers_have_so_many_digits() -> None:
    assert rounded(np.array([1.23456e-7, -9.99996]), 4) == (1.235e-07, -10.0)
