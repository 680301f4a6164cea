"""Checks of a voltammogram against the peak that was found in it."""

import numpy as np
import pytest

from sacmes_core.analysis.checks import HELD_POINTS, current_flags, holds_a_value, turns_other_way
from sacmes_core.analysis.misfits import UprightPeaks
from sacmes_core.analysis.peaks import FloatArray

X_V = np.arange(0.0, 0.5001, 0.005)


def gauss(at_v: float, width_v: float) -> FloatArray:
    return np.asarray(np.exp(-4 * np.log(2) * ((X_V - at_v) / width_v) ** 2))


def one(at_v: float, height_a: float, sign: float) -> UprightPeaks:
    return UprightPeaks(*(np.array([value]) for value in (at_v, 0.12, height_a, sign)))


def test_a_dip_beside_a_higher_peak_is_contradicted() -> None:
    current = (gauss(0.25, 0.12) + 0.3 * np.exp((X_V - 0.5) / 0.05))[np.newaxis]
    assert turns_other_way(X_V, current, one(0.4, 1.0, -1.0)).all()
    assert turns_other_way(X_V, -current, one(0.4, 1.0, 1.0)).all()


def test_the_peak_itself_is_not() -> None:
    current = (gauss(0.25, 0.12) + 0.3 * np.exp((X_V - 0.5) / 0.05))[np.newaxis]
    assert not turns_other_way(X_V, current, one(0.25, 1.0, 1.0)).any()


def test_a_valley_between_peak_and_tail_is_as_deep_as_the_peak_and_no_more() -> None:
    current = (gauss(0.25, 0.12) + 3 * np.exp(-X_V / 0.04))[np.newaxis]
    assert not turns_other_way(X_V, current, one(0.25, 1.0, 1.0)).any()


def test_a_shoulder_without_a_valley_elsewhere_is_a_peak() -> None:
    current = (gauss(0.25, 0.12) + 8 * X_V)[np.newaxis]
    assert not turns_other_way(X_V, current, one(0.25, 1.0, 1.0)).any()


def test_few_points_lying_off_are_averaged_away() -> None:
    current = (gauss(0.25, 0.12) + 8 * X_V)[np.newaxis]
    current[0, 80] -= 1.0
    assert not turns_other_way(X_V, current, one(0.25, 1.0, 1.0)).any()


@pytest.mark.parametrize("start", [0, 7, 20 - HELD_POINTS])
def test_a_value_is_held_from_so_many_equal_points_on(start: int) -> None:
    rising, shorter, held = (np.arange(20.0) for _ in range(3))
    shorter[start : start + HELD_POINTS - 1] = shorter[start]
    held[start : start + HELD_POINTS] = held[start]
    assert holds_a_value(np.array([rising, shorter, held])).tolist() == [False, False, True]
    assert [bool(holds_a_value(each)) for each in (rising, shorter, held)] == [False, False, True]


@pytest.mark.parametrize("points", range(HELD_POINTS + 2))
def test_few_points_hold_a_value_if_they_are_enough(points: int) -> None:
    assert holds_a_value(np.zeros((2, points))).tolist() == [points >= HELD_POINTS] * 2


def test_a_current_that_is_one_value_is_constant() -> None:
    assert current_flags(np.full(10, 1e-6)) == ("constant",)
    assert current_flags(np.arange(10.0)) == ()
