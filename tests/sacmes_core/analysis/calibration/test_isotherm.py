"""The Hill–Langmuir curve and its inverse."""

import numpy as np
import pytest

from sacmes_core.analysis.calibration.isotherm import HillCurve, occupancy


def test_half_at_k_nothing_at_zero_all_at_infinity() -> None:
    curve = HillCurve(baseline=1.0, gain=-0.4, half_concentration=5.0, hill=1.7)
    assert curve.signal([0.0, 5.0, np.inf]) == pytest.approx([1.0, 0.8, 0.6])


def test_equals_the_formula() -> None:
    c, k, h = np.array([0.1, 1.0, 30.0]), 3.0, 0.8
    assert occupancy(c, np.log(k), np.log(h)) == pytest.approx(c**h / (k**h + c**h), rel=1e-12)


@pytest.mark.parametrize("hill", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("gain", [0.7, -0.3])
def test_there_and_back(hill: float, gain: float) -> None:
    curve = HillCurve(0.9, gain, 2e-6, hill)
    c = np.geomspace(1e-8, 1e-4, 20)
    assert curve.concentration(curve.signal(c)) == pytest.approx(c, rel=1e-9)


def test_no_concentration_at_or_beyond_a_plateau() -> None:
    curve = HillCurve(1.0, 0.5, 10.0)
    assert np.isnan(curve.concentration([0.9, 1.0, 1.5, 1.6, np.nan])).all()
