"""Linear parameters at given K and h, against a plain least-squares twin."""

import numpy as np
import pytest

from sacmes_core.analysis.calibration.family import Doses, fit_family
from sacmes_core.analysis.calibration.isotherm import occupancy

RANDOM = np.random.default_rng(5)
DOSE = np.repeat([0.0, 1.0, 5.0, 20.0, 80.0], [3, 1, 2, 2, 4])
SIGNAL = 1.0 + 0.3 * DOSE / (DOSE + 9.0) + 0.02 * RANDOM.normal(size=DOSE.size)
WEIGHT = RANDOM.uniform(0.5, 3.0, DOSE.size) * 1e3


def test_baseline_gain_squares_and_variances_are_those_of_least_squares() -> None:
    ln_k, ln_h = np.log([2.0, 9.0, 40.0]), np.log([1.0, 0.7, 2.0])
    family = fit_family(Doses.of(DOSE, SIGNAL, WEIGHT), ln_k, ln_h)
    at = np.array([0.0, 3.0, 1000.0])
    signal, variance = family.at(at)
    for place in range(3):
        share = occupancy(DOSE, ln_k[place], ln_h[place])
        columns = np.stack([np.ones_like(share), share], axis=1)
        covariance = np.linalg.inv((columns.T * WEIGHT) @ columns)
        twin = covariance @ (columns.T * WEIGHT) @ SIGNAL
        left = SIGNAL - columns @ twin
        assert [family.baseline[place], family.gain[place]] == pytest.approx(twin)
        assert family.squares[place] == pytest.approx(WEIGHT @ left**2)
        assert family.baseline_variance[place] == pytest.approx(covariance[0, 0])
        assert 1 / family.spread[place] == pytest.approx(covariance[1, 1])
        rows = np.stack([np.ones(3), occupancy(at, ln_k[place], ln_h[place])], axis=1)
        assert signal[place] == pytest.approx(rows @ twin)
        assert variance[place] == pytest.approx(np.diag(rows @ covariance @ rows.T))


def test_repeats_taken_together_lose_nothing() -> None:
    doses = Doses.of(DOSE, SIGNAL, WEIGHT)
    assert doses.concentration.tolist() == [0, 1, 5, 20, 80]
    assert doses.repeats.tolist() == [3, 1, 2, 2, 4]
    mean = np.average(SIGNAL, weights=WEIGHT)
    assert doses.mean_signal == pytest.approx(mean)
    assert doses.total_squares == pytest.approx(WEIGHT @ (SIGNAL - mean) ** 2)


def test_a_curve_that_is_flat_over_the_doses_is_no_candidate() -> None:
    doses = Doses.of(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.1, 1.2]), np.ones(3))
    family = fit_family(doses, np.array([-80.0, 0.0]), np.zeros(2))
    assert np.isinf(family.squares[0])
    assert np.isfinite(family.squares[1])
