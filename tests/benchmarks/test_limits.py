import numpy as np
import pytest
from limits import height_limit_a, line_columns, tail_columns
from scipy.optimize import curve_fit

X_V = np.linspace(-0.5, 0.0, 126)
HEIGHT_A, APEX_V, WIDTH_V, SIGMA_A, DECAY_V = 1e-7, -0.25, 0.04, 3e-9, 0.06


def _with_line(x, height, apex, width, level, slope):
    return height * np.exp(-(((x - apex) / width) ** 2)) + level + slope * x


def _with_tail(x, height, apex, width, level, slope, size, decay):
    tail = size * np.exp(-(x - x[0]) / decay)
    return _with_line(x, height, apex, width, level, slope) + tail


def _limit(background, count=1):
    peak_a = HEIGHT_A * np.exp(-(((X_V - APEX_V) / WIDTH_V) ** 2))
    return height_limit_a(
        X_V,
        np.tile(peak_a, (count, 1)),
        np.full(count, APEX_V),
        SIGMA_A * np.arange(1, count + 1),
        background,
    )


def _scatter(model, true, count=300):
    """Standard deviation of the heights that least squares finds."""
    rng = np.random.default_rng(5)
    clean = model(X_V, *true)
    heights = []
    for _ in range(count):
        noisy = (clean + rng.normal(scale=SIGMA_A, size=X_V.size)) / HEIGHT_A
        scaled = [p / HEIGHT_A if k not in (1, 2, 6) else p for k, p in enumerate(true)]
        best, _ = curve_fit(model, X_V, noisy, p0=scaled)
        heights.append(best[0] * HEIGHT_A)
    return np.std(heights)


def test_least_squares_over_a_line_scatters_as_the_limit_says():
    true = (HEIGHT_A, APEX_V, WIDTH_V, 2e-8, 1e-8)
    assert _scatter(_with_line, true) == pytest.approx(_limit(line_columns(X_V))[0], rel=0.12)


def test_least_squares_over_a_tail_scatters_as_the_limit_says():
    true = (HEIGHT_A, APEX_V, WIDTH_V, 2e-8, 1e-8, 8e-8, DECAY_V)
    limit = _limit(tail_columns(X_V, np.array([DECAY_V])))[0]
    assert _scatter(_with_tail, true) == pytest.approx(limit, rel=0.12)


def test_scans_are_independent_and_the_limit_grows_with_the_noise():
    limits = _limit(line_columns(X_V), count=3)
    np.testing.assert_allclose(limits, _limit(line_columns(X_V))[0] * np.arange(1, 4))


def test_a_tail_to_be_found_as_well_makes_the_height_less_certain():
    assert _limit(tail_columns(X_V, np.array([DECAY_V])))[0] > 1.1 * _limit(line_columns(X_V))[0]
