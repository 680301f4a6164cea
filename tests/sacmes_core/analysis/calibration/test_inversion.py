"""From signals to concentrations, with limits that hold."""

import numpy as np
import pytest

from sacmes_core import flags
from sacmes_core.analysis.calibration.fitting import calibrate
from sacmes_core.analysis.calibration.inversion import concentrations_of
from sacmes_core.analysis.calibration.isotherm import HillCurve
from sacmes_core.errors import AnalysisError

TRUTH = HillCurve(baseline=1.0, gain=0.5, half_concentration=20.0)
DOSES = np.repeat([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0], 3)
CALIBRATION = calibrate(
    DOSES, TRUTH.signal(DOSES) + 0.01 * np.random.default_rng(0).normal(size=DOSES.size)
)


def test_there_and_back() -> None:
    found = concentrations_of(CALIBRATION, CALIBRATION.curve.signal([2.0, 20.0, 200.0]), 0.002)
    assert found.value == pytest.approx([2, 20, 200])
    assert np.all((found.low < found.value) & (found.value < found.high))
    assert found.flags == ((), (), ())


def test_limits_are_those_of_the_delta_method_where_that_holds() -> None:
    doses = np.repeat(DOSES, 200)
    sure = calibrate(doses, TRUTH.signal(doses), np.full(doses.size, 0.01))
    found = concentrations_of(sure, TRUTH.signal(20.0), 1e-3)
    slope = 0.5 / 4 / 20
    assert found.high - found.low == pytest.approx(2 * 1.96 * 1e-3 / slope, rel=0.06)


def test_between_levels_of_the_error_nothing_is_lost() -> None:
    signals, errors = np.full(40, 1.2), np.geomspace(1e-4, 0.05, 40)
    together = concentrations_of(CALIBRATION, signals, errors)
    alone = [concentrations_of(CALIBRATION, 1.2, error) for error in errors]
    assert together.low == pytest.approx([each.low[0] for each in alone], rel=0.01)
    assert together.high == pytest.approx([each.high[0] for each in alone], rel=0.01)


def test_a_signal_near_the_baseline_does_not_exclude_zero() -> None:
    found = concentrations_of(CALIBRATION, [1.0, 0.99])
    assert found.low.tolist() == [0, 0]
    assert np.isnan(found.value).all()
    assert np.all((found.high > 0.1) & (found.high < 3))
    assert found.flags == ((flags.BELOW_CALIBRATION,),) * 2


def test_beyond_saturation_there_is_a_bound_and_no_number() -> None:
    found = concentrations_of(CALIBRATION, [1.49, 1.52])
    assert np.isinf(found.high).all()
    assert np.all(found.low > 100)
    assert flags.OPEN_INTERVAL in found.flags[0]
    assert np.isnan(found.value[1])
    assert found.flags[1] == (flags.ABOVE_CALIBRATION,)


def test_noise_beyond_a_plateau_makes_no_closer_limit() -> None:
    found = concentrations_of(CALIBRATION, [1.0, 0.985, 0.975])
    assert found.high[1] > 0.5 * found.high[0]
    assert found.high[2] == found.high[1]


@pytest.mark.parametrize("signal", [0.5, 2.0])
def test_far_off_the_curve_there_is_nothing(signal: float) -> None:
    found = concentrations_of(CALIBRATION, signal)
    assert np.isnan([found.value[0], found.low[0], found.high[0]]).all()
    assert found.flags == ((flags.OFF_CALIBRATION,),)


def test_falling_signals_are_the_mirror_image() -> None:
    mirrored = calibrate(DOSES, -(CALIBRATION.quality.residuals + CALIBRATION.curve.signal(DOSES)))
    signals = np.array([1.0, 1.1, 1.3, 1.45, 1.6])
    found, twin = concentrations_of(mirrored, -signals), concentrations_of(CALIBRATION, signals)
    assert found.flags == twin.flags
    for name in ("value", "low", "high"):
        assert getattr(found, name) == pytest.approx(getattr(twin, name), rel=1e-4, nan_ok=True)


def test_extrapolation_is_said() -> None:
    doses = np.repeat([1.0, 3.0, 10.0, 30.0], 4)
    noise = 0.002 * np.random.default_rng(1).normal(size=16)
    found = concentrations_of(
        calibrate(doses, TRUTH.signal(doses) + noise), TRUTH.signal([0.3, 50])
    )
    assert all(flags.BEYOND_DOSES in codes for codes in found.flags)


def test_beyond_a_plateau_that_nothing_tells_no_amount_is_excluded() -> None:
    doses = np.repeat([0.0, 1.0, 2.0, 4.0, 6.0], 2)
    signals = TRUTH.signal(doses) + 0.005 * np.random.default_rng(0).normal(size=10)
    calibration = calibrate(doses, signals)
    assert flags.SATURATION_NOT_REACHED in calibration.flags
    found = concentrations_of(calibration, TRUTH.signal(200.0), 0.005)
    assert found.low[0] < 200
    assert np.isinf(found.high[0])


def test_a_missing_signal_has_no_concentration() -> None:
    found = concentrations_of(CALIBRATION, [np.nan, 1.2], [np.nan, 0.01])
    assert np.isnan([found.value[0], found.low[0], found.high[0]]).all()
    assert found.flags[0] == ()
    assert np.isfinite(found.value[1])
    with pytest.raises(AnalysisError, match="no standard error"):
        concentrations_of(CALIBRATION, [1.2], [np.nan])


def test_without_response_no_signal_means_anything() -> None:
    flat = calibrate(DOSES, 1 + 1e-6 * np.tile([1.0, -1.0, 0.0], 7))
    found = concentrations_of(flat, [1.0])
    assert np.isnan(found.value).all()
    assert found.flags == ((flags.NO_DOSE_RESPONSE,),)


@pytest.mark.parametrize("hill", ["one", "free"])
def test_limits_hold_the_truth(hill: str) -> None:
    """A design that reaches 75 % saturation; `benchmarks/calibration.py` has more of them."""
    random = np.random.default_rng(3)
    doses = np.repeat([0.0, 2.0, 6.0, 20.0, 60.0], 2)
    held = []
    for _ in range(20):
        signals = TRUTH.signal(doses) + 0.02 * random.normal(size=doses.size)
        found = calibrate(doses, signals, np.full(doses.size, 0.02), hill=hill)  # type: ignore[arg-type]
        true = np.exp(random.uniform(np.log(1), np.log(100), 15))
        back = concentrations_of(found, TRUTH.signal(true) + 0.02 * random.normal(size=15), 0.02)
        held.append((back.low <= true) & (true <= back.high))
    assert 0.89 < np.mean(held) < 0.995
