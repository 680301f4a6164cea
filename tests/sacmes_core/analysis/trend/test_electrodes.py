"""Means over electrodes."""

import numpy as np
import pytest

from sacmes_core.analysis.trend.electrodes import over_electrodes


def test_mean_and_deviation_skip_what_is_missing() -> None:
    found = over_electrodes([[1.0, None, None], [3.0, 2.0, None], [np.nan, 4.0, None]])
    assert found.mean[:2] == pytest.approx([2.0, 3.0])
    assert found.sd[:2] == pytest.approx([2**0.5, 2**0.5])
    assert found.se[:2] == pytest.approx([1.0, 1.0])
    assert np.isnan([found.mean[2], found.sd[2], found.se[2]]).all()
    assert found.count.tolist() == [2, 2, 0]


def test_one_electrode_has_a_mean_and_no_deviation() -> None:
    found = over_electrodes([[5.0], [np.nan]])
    assert found.mean.tolist() == [5.0]
    assert np.isnan(found.sd).all()


def test_equals_numpy_where_all_is_there() -> None:
    values = np.random.default_rng(1).normal(size=(5, 30))
    found = over_electrodes(values)
    assert found.mean == pytest.approx(values.mean(axis=0))
    assert found.sd == pytest.approx(values.std(axis=0, ddof=1))
