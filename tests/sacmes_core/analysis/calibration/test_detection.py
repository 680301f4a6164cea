"""Limits of detection and quantification, and the usable range."""

import numpy as np
import pytest

from sacmes_core.analysis.calibration.detection import detection_limits, usable_range
from sacmes_core.analysis.calibration.fitting import calibrate
from sacmes_core.analysis.calibration.inversion import concentrations_of
from sacmes_core.analysis.calibration.isotherm import HillCurve
from sacmes_core.errors import AnalysisError

TRUTH = HillCurve(baseline=1.0, gain=0.5, half_concentration=20.0)
DOSES = np.repeat([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0], 3)
CALIBRATION = calibrate(
    DOSES, TRUTH.signal(DOSES) + 0.01 * np.random.default_rng(0).normal(size=DOSES.size)
)


def test_blank_mean_and_three_and_ten_deviations_through_the_curve() -> None:
    blanks = 1.0 + 0.01 * np.random.default_rng(1).normal(size=40)
    found = detection_limits(CALIBRATION, blanks)
    sd = blanks.std(ddof=1)
    signals = blanks.mean() + np.array([3, 10]) * sd
    assert [found.detection.value, found.quantification.value] == pytest.approx(
        CALIBRATION.curve.concentration(signals)
    )
    for limits, sds in ((found.detection, 3), (found.quantification, 10)):
        truth = float(TRUTH.concentration(1.0 + sds * 0.01))
        assert limits.low < truth < limits.high
    assert (found.blank_mean, found.blank_sd) == pytest.approx((blanks.mean(), sd))


def test_without_blanks_the_calibration_stands_for_them() -> None:
    found = detection_limits(CALIBRATION)
    assert found.blank_mean == CALIBRATION.curve.baseline
    assert found.blank_sd == CALIBRATION.quality.reading_sd
    assert 0.5 < found.detection.value < 2.5


def test_signals_that_fall() -> None:
    falling = HillCurve(1.0, -0.5, 20.0)
    signals = falling.signal(DOSES) + 0.01 * np.random.default_rng(0).normal(size=DOSES.size)
    found = detection_limits(calibrate(DOSES, signals))
    assert 0.5 < found.detection.value < found.quantification.value < 12


def test_a_gain_below_the_blanks_scatter_detects_nothing() -> None:
    found = detection_limits(CALIBRATION, [0.7, 1.3, 1.0, 0.8, 1.2])
    assert found.detection.value is None
    assert found.quantification.value is None


def test_one_blank_is_refused() -> None:
    with pytest.raises(AnalysisError, match="two or more"):
        detection_limits(CALIBRATION, [1.0, np.nan])


def test_mean_and_deviation_of_the_blanks_are_themselves_uncertain() -> None:
    blanks = np.array([0.995, 1.004, 1.01])
    sd = blanks.std(ddof=1)
    errors = np.sqrt(sd**2 / 3 + (np.array([3, 10]) * sd) ** 2 / 4)
    signals = blanks.mean() + np.array([3, 10]) * sd
    twin = concentrations_of(CALIBRATION, signals, errors)
    found = detection_limits(CALIBRATION, blanks)
    assert [found.detection.low, found.quantification.low] == pytest.approx(twin.low, rel=1e-9)
    assert [found.detection.high, found.quantification.high] == pytest.approx(twin.high, rel=1e-9)


def test_more_blanks_make_surer_limits() -> None:
    blanks = 1.0 + 0.01 * np.random.default_rng(2).normal(size=100)
    few, many = (detection_limits(CALIBRATION, blanks[:n]).detection for n in (4, 100))
    assert many.high - many.low < few.high - few.low


def test_the_range_ends_where_the_error_is_too_large() -> None:
    good = usable_range(CALIBRATION)
    assert good is not None
    assert 0.5 < good.low < 5
    assert 60 < good.high <= 300
    wider, narrower = usable_range(CALIBRATION, 0.6), usable_range(CALIBRATION, 0.15)
    assert wider is not None
    assert narrower is not None
    assert wider.low <= good.low < narrower.low < narrower.high < good.high <= wider.high
    assert usable_range(CALIBRATION, 0.01) is None


def test_precise_signals_are_usable_over_all_doses() -> None:
    doses = np.repeat(DOSES, 50)
    sure = calibrate(doses, TRUTH.signal(doses), np.full(doses.size, 1e-3))
    good = usable_range(sure, signal_se=1e-4)
    assert good is not None
    assert (good.low, good.high) == pytest.approx((1, 300))
