"""Calibrations: parameters, limits, what is not determined, and what is refused."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from sacmes_core import flags
from sacmes_core.analysis.calibration.fitting import calibrate
from sacmes_core.analysis.calibration.isotherm import HillCurve
from sacmes_core.errors import AnalysisError

TRUTH = HillCurve(baseline=1.0, gain=0.5, half_concentration=20.0)
DOSES = np.repeat([0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0], 3)


def measured(
    truth: HillCurve = TRUTH, doses: np.ndarray = DOSES, sd: float = 0.01, seed: int = 0
) -> np.ndarray:
    return truth.signal(doses) + sd * np.random.default_rng(seed).normal(size=len(doses))


@pytest.mark.parametrize("hill", [0.6, 1.0, 2.5])
@pytest.mark.parametrize("gain", [0.5, -2e-7])
def test_exact_signals_give_the_exact_curve(hill: float, gain: float) -> None:
    truth = HillCurve(3 * gain, gain, 2e-5, hill)
    doses = np.array([0.0, 1e-6, 5e-6, 2e-5, 6e-5, 2e-4, 2e-3])
    found = calibrate(doses, truth.signal(doses), hill="free").curve
    assert found.half_concentration == pytest.approx(2e-5, rel=1e-5)
    assert (found.baseline, found.gain) == pytest.approx((truth.baseline, gain), rel=1e-5)
    assert found.hill == pytest.approx(hill, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_the_unit_of_the_concentration_does_not_matter(scale: float) -> None:
    found = calibrate(DOSES * scale, measured())
    assert found.curve.half_concentration / scale == pytest.approx(
        calibrate(DOSES, measured()).curve.half_concentration, rel=1e-6
    )


def test_equals_least_squares_with_weights() -> None:
    se = np.random.default_rng(1).uniform(0.005, 0.03, DOSES.size)
    signal = TRUTH.signal(DOSES) + se * np.random.default_rng(2).normal(size=DOSES.size)
    found = calibrate(DOSES, signal, se)

    def model(c: np.ndarray, b: float, g: float, k: float) -> np.ndarray:
        return b + g * c / (k + c)

    twin, covariance = curve_fit(model, DOSES, signal, (1, 0.4, 30), se, absolute_sigma=True)
    curve, parameters = found.curve, found.parameters
    assert (curve.baseline, curve.gain, curve.half_concentration) == pytest.approx(twin, rel=1e-4)
    # Well determined, the profile's limits are those of the covariance, but for their asymmetry.
    for limits, value, variance in zip(
        (parameters.baseline, parameters.gain), twin, np.diag(covariance), strict=False
    ):
        assert limits.low == pytest.approx(value - 1.96 * variance**0.5, abs=0.1 * variance**0.5)
        assert limits.high == pytest.approx(value + 1.96 * variance**0.5, abs=0.1 * variance**0.5)
    assert found.flags == ()


def test_a_limit_is_where_the_profile_passes_the_quantile() -> None:
    signal = measured()
    found = calibrate(DOSES, signal)
    squares = np.sum(found.quality.residuals**2)
    allowed = squares * (1 + found.evidence.quantile**2 / found.quality.degrees)
    for limit in (
        found.parameters.half_concentration.low,
        found.parameters.half_concentration.high,
    ):
        share = DOSES / (DOSES + limit)
        columns = np.stack([np.ones_like(share), share], axis=1)
        left = signal - columns @ np.linalg.lstsq(columns, signal, rcond=None)[0]
        assert np.sum(left**2) == pytest.approx(allowed, rel=0.01)


def test_errors_that_are_too_small_are_not_believed() -> None:
    signal = measured()

    def width(se: float) -> float:
        gain = calibrate(DOSES, signal, np.full(DOSES.size, se)).parameters.gain
        assert gain.low is not None
        assert gain.high is not None
        return gain.high - gain.low

    sd = calibrate(DOSES, signal).quality.reading_sd
    assert width(1e-4) == pytest.approx(width(2e-3), rel=0.02)
    assert width(0.02) == pytest.approx(width(2e-3) * 0.02 / sd, rel=0.05)


def test_quality_of_a_good_calibration() -> None:
    quality = calibrate(DOSES, measured()).quality
    assert quality.r_squared > 0.99
    assert quality.residuals.std() == pytest.approx(0.01, rel=0.4)
    assert quality.reading_sd == pytest.approx(0.01, rel=0.4)
    assert quality.degrees == 18
    assert quality.misfit_p is not None
    assert quality.misfit_p > 0.01


def test_doses_below_saturation_leave_k_open_above() -> None:
    doses = np.repeat([0.0, 1.0, 2.0, 4.0], 3)
    found = calibrate(doses, measured(doses=doses, sd=0.01))
    assert flags.SATURATION_NOT_REACHED in found.flags
    assert found.parameters.half_concentration.high is None
    assert found.parameters.half_concentration.low is not None
    assert found.parameters.gain.high is None
    assert found.parameters.gain.low is not None
    falling = HillCurve(1.0, -0.5, 20.0)
    found = calibrate(doses, measured(falling, doses, sd=0.01))
    assert found.parameters.gain.low is None
    assert found.parameters.gain.high is not None


def test_k_beyond_the_doses_is_said_even_where_the_curve_seems_to_tell_it() -> None:
    doses = np.repeat([0.0, 1.0, 2.0, 4.0], 3)
    found = calibrate(doses, TRUTH.signal(doses) + np.tile([1e-5, -1e-5, 0.0], 4))
    assert found.parameters.half_concentration.value == pytest.approx(20, rel=0.01)
    assert found.flags == (flags.SATURATION_NOT_REACHED,)


def test_a_fit_at_the_end_of_the_search_is_no_number() -> None:
    doses = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    found = calibrate(doses, 1.0 + 0.1 * doses + 1e-4 * doses**2)
    assert found.parameters.half_concentration.value is None
    assert found.parameters.gain.value is None
    assert flags.SATURATION_NOT_REACHED in found.flags


def test_doses_at_saturation_leave_k_open_below() -> None:
    doses = np.repeat([500.0, 1000.0, 2000.0, 4000.0], 3)
    found = calibrate(doses, measured(doses=doses, sd=0.003))
    assert flags.ONSET_NOT_REACHED in found.flags
    assert found.parameters.half_concentration.low is None
    assert found.parameters.baseline.low is None


def test_no_response_is_no_calibration() -> None:
    random = np.random.default_rng(11)
    raised = [
        calibrate(DOSES, 1.0 + 0.01 * random.normal(size=DOSES.size)).flags for _ in range(20)
    ]
    assert sum(codes == (flags.NO_DOSE_RESPONSE,) for codes in raised) >= 19
    found = calibrate(DOSES, np.ones(DOSES.size))
    assert found.flags == (flags.NO_DOSE_RESPONSE,)
    assert found.parameters.half_concentration.value is None


def test_another_shape_is_a_misfit() -> None:
    steep = HillCurve(1.0, 0.5, 20.0, 3.0)
    assert flags.CALIBRATION_MISFIT in calibrate(DOSES, measured(steep)).flags
    assert calibrate(DOSES, measured(steep), hill="free").flags == ()
    errors = np.full(DOSES.size, 0.01)
    assert flags.CALIBRATION_MISFIT in calibrate(DOSES, measured(steep), errors).flags


def test_the_criterion_tells_whether_h_is_needed() -> None:
    one, free = (calibrate(DOSES, measured(), hill=h).quality.bic for h in ("one", "free"))
    assert one < free + 3
    steep = measured(HillCurve(1.0, 0.5, 20.0, 2.0))
    assert (
        calibrate(DOSES, steep).quality.bic > calibrate(DOSES, steep, hill="free").quality.bic + 6
    )


def test_h_that_the_doses_do_not_tell_is_open() -> None:
    doses = np.array([0.0, 0.0, 1e-3, 30.0, 30.0, 1e5, 1e5])
    found = calibrate(doses, measured(HillCurve(1, 0.5, 20, 1.0), doses, 0.01), hill="free")
    assert flags.HILL_UNDETERMINED in found.flags
    assert None in (found.parameters.hill.low, found.parameters.hill.high)


def test_missing_signals_are_left_out() -> None:
    signal = measured()
    signal[4] = np.nan
    found = calibrate(DOSES, signal)
    kept = calibrate(np.delete(DOSES, 4), np.delete(signal, 4))
    assert found.curve == kept.curve
    assert np.isnan(found.quality.residuals[4])


@pytest.mark.parametrize(
    ("doses", "signals", "errors", "sentence"),
    [
        ([0, 1], [1, 2], None, "more different concentrations"),
        ([0, 1, 2], [1, 2, 3], None, "as many parameters"),
        ([0, 0, 0, 1], [1, 1, 1, 2], None, "two of them above 0"),
        ([-1, 1, 2, 3], [1, 2, 3, 4], None, "below 0"),
        ([0, 1, 2, 3], [1, 2, 3, 4], [1, 1, 0, 1], "no standard error above 0"),
        ([0, 1, 2], [1, 2, 3, 4], None, "one concentration"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    doses: list[float], signals: list[float], errors: list[float] | None, sentence: str
) -> None:
    with pytest.raises(AnalysisError, match=sentence):
        calibrate(doses, signals, errors)
