import numpy as np
import pytest
from series import LOST, STEP_AT, make_series, normalised


@pytest.fixture(scope="module")
def series():
    return make_series(300.0, 101, np.random.default_rng(0))


def test_the_signal_falls_and_the_concentration_steps_between_two_scans(series):
    relative = series.height_a / series.height_a[0]
    jumps = np.abs(np.diff(relative))
    at = int(jumps.argmax())
    assert at + 1 == round(STEP_AT * 100)
    assert jumps[at] > 10 * np.delete(jumps, at).max()
    assert relative[at] == pytest.approx(1 - LOST * at / 100, rel=1e-6)


def test_the_peak_in_the_scans_is_as_high_as_the_truth_says(series):
    around = series.current_a[0] - np.interp(
        series.potential_v, series.potential_v[[-1, 0]], series.current_a[0, [-1, 0]]
    )
    assert around.max() == pytest.approx(series.height_a[0], rel=0.35)


def test_the_reference_is_the_mean_of_the_first_ten():
    heights = np.array([1.0, 3.0] * 5 + [4.0])
    assert normalised(heights)[-1] == pytest.approx(2.0)
