"""Drift: found, not invented, and removed with its uncertainty."""

import numpy as np
import pytest

from sacmes_core import flags
from sacmes_core.analysis.trend.drift import fit_drift
from sacmes_core.errors import AnalysisError

X = np.arange(1.0, 301.0)


def drifting(a: float = 0.2, tau: float = 25.0, b: float = 0.8, c: float = -4e-4) -> np.ndarray:
    return a * np.exp(-(X - 1) / tau) + b + c * (X - 1)


def noise(seed: int, sd: float = 0.01) -> np.ndarray:
    return sd * np.random.default_rng(seed).normal(size=len(X))


def test_an_exact_drift_is_found_exactly() -> None:
    found = fit_drift(X, drifting())
    assert found.exponential is not None
    assert found.time_constant is not None
    assert found.time_constant.value == pytest.approx(25, rel=1e-4)
    assert found.exponential.value == pytest.approx(0.2, rel=1e-4)
    assert (found.level.value, found.slope.value) == pytest.approx((0.8, -4e-4), rel=1e-3)
    assert found.flags == ()


@pytest.mark.parametrize(
    ("truth", "best"),
    [
        (drifting(), "exponential_line"),
        (drifting(a=0.0, c=-4e-4), "line"),
        (drifting(a=0.0, c=0.0), "constant"),
    ],
)
def test_the_evidence_names_the_simplest_model(truth: np.ndarray, best: str) -> None:
    named = [fit_drift(X, truth + noise(seed)).evidence.best for seed in range(20)]
    assert named.count(best) >= 19


def test_a_term_that_the_data_do_not_support_is_flagged() -> None:
    series = drifting(a=0.0) + noise(1)
    assert fit_drift(X, series).flags == (flags.DRIFT_TERM_UNSUPPORTED,)
    assert fit_drift(X, series, model="line").flags == ()
    assert fit_drift(X, 1 + noise(1), model="line").flags == (flags.DRIFT_TERM_UNSUPPORTED,)


def test_a_time_constant_at_the_end_of_the_search_is_flagged() -> None:
    bent = 1 - 1e-6 * (X - 1) ** 2 + noise(1, 1e-3)
    found = fit_drift(X, bent)
    assert found.evidence.best == "exponential_line"
    assert found.flags == (flags.DRIFT_TERM_UNSUPPORTED,)


@pytest.mark.parametrize("model", ["line", "exponential_line"])
@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_standard_errors_are_those_of_many_series(model: str, rho: float) -> None:
    """Of residuals that hang together as well: 95 % intervals hold the truth in 88 to 99 %."""
    truth = drifting(a=0.2 if model == "exponential_line" else 0.0)
    random = np.random.default_rng(4)
    held = []
    for _ in range(80):
        white = random.normal(size=len(X))
        for k in range(1, len(X)):
            white[k] = rho * white[k - 1] + (1 - rho**2) ** 0.5 * white[k]
        value, error = fit_drift(X, truth + 0.01 * white, model=model).at([1, 20, 150, 290])  # type: ignore[arg-type]
        held.append(np.abs(value - truth[[0, 19, 149, 289]]) < 1.96 * error)
    assert 0.88 < np.mean(held) < 0.99


def test_marked_stretches_keep_a_step_out_of_the_drift() -> None:
    bound = 1.3 * ((X >= 100) & (X < 200)) + 1.0 * ((X < 100) | (X >= 200))
    series = drifting() * bound + noise(2, 0.003)
    found = fit_drift(X, series, stretches=[(1, 99), (200, 300)])
    corrected, _ = found.corrected(X, series)
    assert corrected[:95].mean() == pytest.approx(1.0, abs=0.01)
    assert corrected[110:190].mean() == pytest.approx(1.3, abs=0.01)
    assert found.flags == ()
    unmarked, _ = fit_drift(X, series).corrected(X, series)
    assert abs(unmarked[110:190].mean() - 1.3) > 0.03


def test_corrected_series_carry_both_errors() -> None:
    random = np.random.default_rng(6)
    truth, place = drifting(), 299
    drawn = []
    for _ in range(80):
        found = fit_drift(X[:200], (truth + 0.01 * random.normal(size=len(X)))[:200])
        value = truth[place] + 0.01 * random.normal()
        drawn.append(np.ravel(found.corrected(X[place], value, 0.01)))
    values, errors = np.array(drawn).T
    assert values.mean() == pytest.approx(1.0, abs=0.02)
    assert np.median(errors) == pytest.approx(values.std(), rel=0.25)


def test_the_first_scan_that_is_used_stays_what_it_is() -> None:
    series = drifting() + noise(3)
    found = fit_drift(X, series)
    corrected, errors = found.corrected([1.0], [0.97], [0.01])
    assert (corrected[0], errors[0]) == pytest.approx((0.97, 0.01))


def test_missing_scans_are_left_out_and_stay_missing() -> None:
    series = drifting() + noise(5)
    series[10:20] = np.nan
    found = fit_drift(X, series)
    there = np.isfinite(series)
    assert found.level == fit_drift(X[there], series[there]).level
    assert np.isnan(found.corrected(X, series)[0][10:20]).all()


def test_weights_let_poor_scans_count_less() -> None:
    errors = np.where(X % 2 == 0, 0.1, 0.001)
    series = drifting() + np.where(X % 2 == 0, 0.2, 0.0)
    value, _ = fit_drift(X, series, errors).at([150.0])
    assert value[0] == pytest.approx(drifting()[149], abs=0.001)


def test_nothing_is_divided_by_a_signal_that_is_gone() -> None:
    found = fit_drift(X, 1 - 0.003 * (X - 1), model="line")
    corrected, errors = found.corrected([400.0], [0.1], [0.01])
    assert np.isnan([corrected[0], errors[0]]).all()


@pytest.mark.parametrize(("model", "scans"), [("line", 3), ("exponential_line", 7)])
def test_too_few_scans_are_refused(model: str, scans: int) -> None:
    with pytest.raises(AnalysisError, match="longer stretch"):
        fit_drift(X[:scans], X[:scans], model=model)  # type: ignore[arg-type]
