import numpy as np
import pytest
from couples import BACKGROUNDS, background_heights, draw_trace


def test_the_truth_is_that_of_the_peak_alone():
    for seed in range(12):
        trace = draw_trace(np.random.default_rng(seed), 20.0)
        assert trace.peak_a.max() == pytest.approx(trace.height_a, rel=0.01)
        at_apex = np.interp(trace.apex_v, trace.potential_v[::-1], trace.peak_a[::-1])
        assert at_apex == pytest.approx(trace.height_a, rel=0.01)
        half = trace.potential_v[trace.peak_a > trace.height_a / 2]
        assert np.ptp(half) == pytest.approx(trace.width_v, abs=2.1 * trace.step_v)


def test_the_noise_is_what_the_ratio_says():
    traces = [draw_trace(np.random.default_rng(seed), 20.0) for seed in range(30)]
    ratios = [trace.height_a / trace.noise_a.std() for trace in traces]
    assert np.mean(ratios) == pytest.approx(20.0, rel=0.05)


def test_a_scan_is_swept_to_lower_potentials():
    trace = draw_trace(np.random.default_rng(0), 20.0)
    assert np.all(np.diff(trace.potential_v) < 0)


@pytest.mark.parametrize("kind", BACKGROUNDS[1:])
def test_tails_and_sigmoids_rise_at_the_lower_end(kind):
    x_v = np.linspace(0, 0.5, 101)
    line = np.mean(
        [background_heights("line", x_v, np.random.default_rng(s)) for s in range(40)], 0
    )
    bent = np.mean([background_heights(kind, x_v, np.random.default_rng(s)) for s in range(40)], 0)
    assert (bent - line)[0] > 0.3
    assert abs((bent - line)[-1]) < 0.1
