"""Signals at concentrations, with their limits."""

import numpy as np
import pytest

from sacmes_core.analysis.calibration.fitting import calibrate
from sacmes_core.analysis.calibration.inversion import concentrations_of
from sacmes_core.analysis.calibration.isotherm import HillCurve
from sacmes_core.analysis.calibration.prediction import signals_of
from sacmes_core.errors import AnalysisError

TRUTH = HillCurve(baseline=1.0, gain=-0.5, half_concentration=20.0)
DOSES = np.repeat([0.0, 2.0, 6.0, 20.0, 60.0, 200.0], 2)


def test_limits_of_the_curve_and_of_a_signal_hold_the_truth() -> None:
    random = np.random.default_rng(0)
    at = np.array([0.0, 5.0, 50.0, 500.0])
    curve, reading = [], []
    for _ in range(60):
        signals = TRUTH.signal(DOSES) + 0.02 * random.normal(size=DOSES.size)
        found = calibrate(DOSES, signals, np.full(DOSES.size, 0.02))
        band = signals_of(found, at)
        curve.append((band.low <= TRUTH.signal(at)) & (TRUTH.signal(at) <= band.high))
        one = TRUTH.signal(at) + 0.02 * random.normal(size=4)
        wide = signals_of(found, at, 0.02)
        reading.append((wide.low <= one) & (one <= wide.high))
    assert 0.88 < np.mean(curve) < 0.995
    assert 0.88 < np.mean(reading) < 0.995


def test_the_same_signals_and_concentrations_belong_together() -> None:
    """Limits of a concentration are where the limits of its signal meet the signal."""
    signals = TRUTH.signal(DOSES) + 0.01 * np.random.default_rng(1).normal(size=DOSES.size)
    found = calibrate(DOSES, signals)
    for error in (1e-4, 0.01):
        back = concentrations_of(found, 0.8, error)
        at_ends = signals_of(found, [back.low[0], back.high[0]], error)
        assert at_ends.low[0] == pytest.approx(0.8, abs=3e-4)
        assert at_ends.high[1] == pytest.approx(0.8, abs=3e-4)


def test_exact_signals_leave_no_doubt_and_missing_ones_no_signal() -> None:
    found = calibrate(DOSES, TRUTH.signal(DOSES))
    band = signals_of(found, [10.0, np.nan])
    assert (band.low[0], band.high[0]) == pytest.approx((band.value[0],) * 2, abs=1e-4)
    assert np.isnan([band.value[1], band.low[1], band.high[1]]).all()


def test_a_negative_concentration_is_refused() -> None:
    found = calibrate(DOSES, TRUTH.signal(DOSES) + 0.01 * np.tile([1.0, -1.0], 6))
    with pytest.raises(AnalysisError, match="below 0"):
        signals_of(found, [-1.0])
