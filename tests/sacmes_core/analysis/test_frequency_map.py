"""The frequency map: charge is peak over frequency, repeats are averaged, gaps stay gaps."""

import numpy as np
import pytest

from sacmes_core.analysis.frequency_map import (
    MapPoint,
    charge_c,
    frequency_map,
    mean_of_repeats,
)
from sacmes_core.errors import AnalysisError


def test_charge_is_peak_over_frequency_for_each_electrode() -> None:
    table = frequency_map(
        [
            MapPoint(2, 200.0, 8e-6, 4e-8),
            MapPoint(1, 15.0, 3e-6, 3e-8),
            MapPoint(1, 200.0, 9e-6, 9e-8),
        ]
    )
    assert table.electrodes == (1, 2)
    np.testing.assert_array_equal(table.frequency_hz, [15.0, 200.0])
    np.testing.assert_allclose(table.charge_c, [[2e-7, 4.5e-8], [np.nan, 4e-8]])
    np.testing.assert_allclose(table.charge_se_c, [[2e-9, 4.5e-10], [np.nan, 2e-10]])
    np.testing.assert_array_equal(table.scans, [[1, 1], [0, 1]])


def test_a_scan_without_a_peak_is_missing_and_not_zero() -> None:
    table = frequency_map([MapPoint(1, 15.0, None), MapPoint(1, 60.0, 1e-6)])
    assert np.isnan(table.peak_current_a[0, 0])
    assert np.isnan(table.charge_c[0, 0])
    assert table.charge_c[0, 1] == pytest.approx(1e-6 / 60)
    assert np.isnan(table.charge_se_c[0, 1])
    assert charge_c(None, 15.0) is None
    assert charge_c(1e-6, None) is None


def test_repeats_are_averaged_by_their_weights() -> None:
    table = frequency_map(
        [MapPoint(1, 15.0, 3e-6, 1e-8), MapPoint(1, 15.0 * (1 + 1e-9), 3.3e-6, 1e-7)]
    )
    assert table.peak_current_a.shape == (1, 1)
    weights = np.array([1, 0.01])
    assert table.peak_current_a[0, 0] == pytest.approx(
        weights @ [3e-6, 3.3e-6] / weights.sum(), rel=1e-9
    )
    assert table.scans[0, 0] == 2


def test_scatter_falls_with_the_number_of_repeats() -> None:
    random = np.random.default_rng(1)
    values = 1 + 0.1 * random.normal(size=(400, 16))
    found = [mean_of_repeats(row, np.full(16, 0.1)) for row in values]
    spread = np.std([mean for mean, _ in found])
    assert np.mean([error for _, error in found]) == pytest.approx(spread, rel=0.2)
    without = [mean_of_repeats(row, np.full(16, np.nan))[1] for row in values]
    assert np.mean(without) == pytest.approx(0.1 / 4, rel=0.05)


def test_what_all_repeats_have_in_common_stays() -> None:
    # The same wrong baseline in each: no scatter, and the error is not divided by the root of 16.
    _, error = mean_of_repeats(np.full(16, 1.0), np.full(16, 0.03))
    assert error == pytest.approx(0.03)


def test_a_frequency_of_zero_is_refused() -> None:
    with pytest.raises(AnalysisError, match="SWV_15Hz_1"):
        frequency_map([MapPoint(1, 0.0, 1e-6)])


def test_no_scans_make_an_empty_map() -> None:
    table = frequency_map([])
    assert table.electrodes == ()
    assert table.charge_c.shape == (0, 0)
