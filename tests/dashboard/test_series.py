"""The lines of a trend in numbers: quantities, groups, means over electrodes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.series import MEASURES, Series, TrendView, grouped, series_of
from dashboard.trend import Epoch, Trend, scan_of
from sacmes_core.analysis.trend.replicates import group_replicates
from sacmes_core.payloads.results import ElectrodeResult


def trend_of(results):
    return Trend(results[0].session_id, Epoch(1, 1)).with_scans(scan_of(r) for r in results)


def one_electrode(**numbers):
    return (ElectrodeResult(electrode=1, **numbers),)


@pytest.mark.parametrize(
    ("quantity", "y", "error"),
    [
        ("absolute", 3e-7, 1e-8),
        ("potential", -0.26, 1e-3),
        ("area", 2e-8, 4e-9),
        ("charge", 2e-8, 1e-8 / 15),
        ("width", 0.09, 2e-3),
        ("snr", 30.0, math.nan),
        ("normalised", 1.1, 0.02),
    ],
)
def test_each_quantity_comes_with_its_error(world, quantity, y, error):
    numbers = one_electrode(
        peak_current_a=3e-7,
        peak_current_se_a=1e-8,
        peak_potential_v=-0.26,
        peak_potential_se_v=1e-3,
        area_av=2e-8,
        area_se_av=4e-9,
        fwhm_v=0.09,
        fwhm_se_v=2e-3,
        normalised=1.1,
        normalised_se=0.02,
    )
    (line,) = series_of(trend_of([world.result(1, electrodes=numbers)]), TrendView(quantity))
    assert line.y.tolist() == [pytest.approx(y)]
    assert line.error.tolist() == [pytest.approx(error, nan_ok=True)]
    assert line.number.tolist() == [1]


def test_a_peak_without_an_error_has_no_signal_to_noise(world):
    trend = trend_of([world.result(1, electrodes=one_electrode(peak_current_a=1e-9))])
    (line,) = series_of(trend, TrendView("snr"))
    assert np.isnan(line.y).all()


def test_electrodes_of_one_file_each_are_lines_without_gaps(world):
    results = [
        world.result(p, electrodes=(ElectrodeResult(electrode=1 + (p // 3) % 2, kdm=0.1),))
        for p in (1, 3, 7, 9)
    ]
    lines = series_of(trend_of(results), TrendView("kdm"))
    assert [line.electrode for line in lines] == [1, 2]
    assert all(np.isfinite(line.y).all() for line in lines)


def series(values, numbers=None):
    y = np.array([math.nan if v is None else v for v in values])
    number = np.arange(1, y.size + 1.0) if numbers is None else np.array(numbers, float)
    none = np.zeros(y.size, bool)
    whole = np.ones(y.size, np.int64)
    return Series(1, 15.0, number, number, y, y * math.nan, none, whole, whole, whole)


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e3, 1e3)), min_size=1, max_size=40),
    st.integers(1, 7),
    st.data(),
)
def test_groups_are_those_of_the_readable_twin(values, size, data):
    numbers = sorted(
        data.draw(st.sets(st.integers(1, 90), min_size=len(values), max_size=len(values)))
    )
    found = grouped(series(values, numbers), size)
    expected = group_replicates(values, size, numbers=numbers)
    assert found.scans.tolist() == [g.count for g in expected]
    for y, error, group in zip(found.y, found.error, expected, strict=True):
        assert y == pytest.approx(math.nan if group.mean is None else group.mean, nan_ok=True)
        se = math.nan if group.se is None else group.se
        assert error == pytest.approx(se, nan_ok=True, abs=1e-9, rel=1e-6)


def test_groups_stand_at_the_mean_of_their_numbers():
    found = grouped(series([1.0, 2.0, 3.0, 5.0, 6.0], [1, 2, 3, 4, 5]), 3)
    assert found.x.tolist() == [2, 4.5]
    assert found.y.tolist() == [2, 5.5]
    assert found.position.tolist() == [-1, -1]


def test_the_mean_over_electrodes_has_their_standard_deviation(world):
    def both(*currents):
        return tuple(
            ElectrodeResult(electrode=e, peak_current_a=c) for e, c in enumerate(currents, 1)
        )

    results = [world.result(1, electrodes=both(1e-7, 3e-7)), world.result(3, electrodes=both(2e-7))]
    (line,) = series_of(trend_of(results), TrendView(arrangement="averaged"))
    assert line.electrode is None
    assert line.y.tolist() == [pytest.approx(2e-7), pytest.approx(2e-7)]
    assert line.error[0] == pytest.approx(math.sqrt(2) * 1e-7)
    assert np.isnan(line.error[1])
    assert line.scans.tolist() == [2, 1]


def test_only_chosen_electrodes_are_averaged(world):
    electrodes = tuple(ElectrodeResult(electrode=e, peak_current_a=e * 1e-7) for e in (1, 2, 3))
    trend = trend_of([world.result(1, electrodes=electrodes)])
    (line,) = series_of(trend, TrendView(electrodes=(1, 3), arrangement="averaged"))
    assert line.y.tolist() == [pytest.approx(2e-7)]


def test_all_quantities_have_a_name():
    assert all(measure.name for measure in MEASURES.values())
