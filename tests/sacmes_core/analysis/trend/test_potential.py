"""Jumps and drift of the peak potential."""

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.trend.potential import PotentialWatch
from sacmes_core.settings.trend import TrendSettings

SETTINGS = TrendSettings()


def judged(potentials: list[float | None], se_v: float | None = None) -> list[tuple[str, ...]]:
    watch = PotentialWatch()
    return [watch.judge(potential, se_v, SETTINGS) for potential in potentials]


def test_a_jump_is_flagged_once_three_scans_are_there() -> None:
    assert judged([-0.3, -0.2, -0.3])[1] == ()
    assert judged([-0.3, -0.301, -0.299, -0.27])[3] == (flags.PEAK_MOVED,)
    assert judged([-0.3, -0.301, -0.299, -0.285])[3] == ()


def test_one_stray_scan_does_not_flag_the_next() -> None:
    found = judged([-0.3] * 5 + [-0.1] + [-0.3] * 5)
    assert [place for place, codes in enumerate(found) if codes] == [5]


def test_a_shift_that_stays_becomes_the_usual_place() -> None:
    found = judged([-0.3] * 11 + [-0.26] * 11)
    assert [flags.PEAK_MOVED in codes for codes in found] == [False] * 11 + [True] * 6 + [False] * 5


def test_a_jump_within_its_uncertainty_is_none() -> None:
    assert judged([-0.3, -0.3, -0.3, -0.27], se_v=0.015)[3] == ()


def test_scans_without_a_peak_are_left_out() -> None:
    assert judged([None, -0.3, None, -0.3, -0.3, None, -0.2]) == [()] * 6 + [(flags.PEAK_MOVED,)]


def test_slow_drift_is_flagged_as_such() -> None:
    found = judged(np.linspace(-0.3, -0.2, 200).tolist())
    assert not any(flags.PEAK_MOVED in codes for codes in found)
    first = next(place for place, codes in enumerate(found) if codes)
    assert found[first:] == [(flags.PEAK_DRIFTED,)] * (200 - first)
    assert 0.05 < first * 0.1 / 199 < 0.065


def test_scatter_of_a_good_series_is_no_movement() -> None:
    random = np.random.default_rng(0)
    potentials = -0.3 + np.linspace(0, 0.012, 1000) + 0.003 * random.normal(size=1000)
    assert not any(judged(potentials.tolist(), se_v=0.003))
