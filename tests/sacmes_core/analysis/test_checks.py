"""Checks of a voltammogram against the peak that was found in it."""

import numpy as np

from sacmes_core.analysis.checks import turns_other_way
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
