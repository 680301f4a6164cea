"""Formulas of the trend, and their standard errors against a Monte Carlo of the errors' model."""

import numpy as np
import pytest

from sacmes_core.analysis.trend.definitions import Reference, adjusted_low, kdm, ratio
from sacmes_core.analysis.trend.uncertainty import (
    Estimate,
    Height,
    combined_se,
    common_error_of,
    height_of,
)
from sacmes_core.settings.trend import KdmDefinition, TrendSettings

DRAWS = 200_000


def test_definitions_of_kdm() -> None:
    low, high = Estimate(0.8, 0.03), Estimate(1.2, 0.04)
    sacmes = kdm(low, high, "difference_plus_one")
    assert sacmes is not None
    assert (sacmes.value, sacmes.se) == pytest.approx((1.4, 0.05))
    literature = kdm(low, high, "difference_over_mean")
    assert literature is not None
    assert literature.value == pytest.approx(0.4)
    quotient = ratio(low, high)
    assert quotient is not None
    assert quotient.value == pytest.approx(1.5)


def test_offset_and_slope_shift_the_low_frequency() -> None:
    options = TrendSettings(low_offset=0.1, low_slope_per_scan=0.01)
    assert adjusted_low(Estimate(0.9, 0.02), 5, options) == Estimate(pytest.approx(1.05), 0.02)


def test_nothing_is_divided_by_what_is_not_positive() -> None:
    assert kdm(Estimate(-1.0), Estimate(1.0), "difference_over_mean") is None
    assert kdm(Estimate(-1.0), Estimate(1.0), "difference_plus_one") is not None
    assert ratio(Estimate(0.0), Estimate(1.0)) is None


def test_an_unknown_error_stays_unknown() -> None:
    assert combined_se((1.0, 0.1), (1.0, None)) is None
    assert combined_se((1.0, 0.1), (0.0, None)) == 0.1
    value = kdm(Estimate(1.0, 0.0), Estimate(1.1), "difference_plus_one")
    assert value is not None
    assert value.se is None


def test_the_common_part_is_at_most_half_of_the_variance() -> None:
    height = height_of(-2e-7, 5e-9, 0.015)
    assert (height.own_se_a, height.common_se_a) == pytest.approx((4e-9, 3e-9))
    height = height_of(2e-7, 1e-9, 0.02)
    assert (height.own_se_a, height.common_se_a) == pytest.approx((0.5**0.5 * 1e-9,) * 2)


def test_methods_state_what_is_common() -> None:
    assert common_error_of("median/1") == common_error_of("median") > 0
    assert common_error_of("sacmes-web/1") == common_error_of(None) == 0


def test_the_one_reference_scan_is_exactly_one() -> None:
    reference = Reference()
    height = height_of(-3.3e-7, 2e-8, 0.025)
    reference.take(1, 1, height)
    assert reference.normalised(height, is_member=True) == Estimate(1.0, 0.0)
    bare = Reference()
    bare.take(1, 1, height_of(1e-7, None, 0.025))
    assert bare.normalised(height_of(1e-7, None, 0.0), is_member=True) == Estimate(1.0, 0.0)
    assert bare.normalised(height, is_member=False) == Estimate(pytest.approx(-3.3))


@pytest.mark.parametrize("members", [1, 2, 5])
@pytest.mark.parametrize("is_member", [False, True])
@pytest.mark.parametrize("sign", [1, -1])
def test_errors_of_normalised_currents(members: int, is_member: bool, sign: int) -> None:
    """Common errors are one draw for the whole series, own errors one for each scan."""
    random = np.random.default_rng(members)
    currents = sign * random.uniform(0.8, 1.2, members + 1) * 1e-7
    own, common = random.uniform(0.5e-9, 2e-9, members + 1), 0.02
    parts = zip(currents, own, common * np.abs(currents), strict=True)
    heights = [Height(*each) for each in parts]
    reference = Reference()
    for number, height in enumerate(heights[:members]):
        reference.take(number, number, height)
    place = 0 if is_member else members
    found = reference.normalised(heights[place], is_member=is_member)
    drawn = currents * (1 + common * random.normal(size=(DRAWS, 1)))
    drawn = drawn + own * random.normal(size=(DRAWS, members + 1))
    ratios = drawn[:, place] / drawn[:, :members].mean(axis=1)
    assert found is not None
    assert found.value == pytest.approx(currents[place] / currents[:members].mean())
    assert found.se == pytest.approx(ratios.std(), rel=0.02, abs=1e-12)


def test_an_error_that_is_the_same_share_everywhere_cancels() -> None:
    reference = Reference()
    reference.take(1, 1, Height(1e-7, 0.0, 2e-9))
    found = reference.normalised(Height(3e-7, 0.0, 6e-9), is_member=False)
    assert found is not None
    assert found.se == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("definition", ["difference_plus_one", "difference_over_mean"])
def test_errors_of_kdm_and_ratio(definition: KdmDefinition) -> None:
    random = np.random.default_rng(7)
    low, high = Estimate(0.9, 0.02), Estimate(1.3, 0.03)
    a = low.value + 0.02 * random.normal(size=DRAWS)
    b = high.value + 0.03 * random.normal(size=DRAWS)
    drawn = b - a + 1 if definition == "difference_plus_one" else 2 * (b - a) / (a + b)
    found, quotient = kdm(low, high, definition), ratio(low, high)
    assert found is not None
    assert quotient is not None
    assert found.se == pytest.approx(drawn.std(), rel=0.02)
    assert quotient.se == pytest.approx((b / a).std(), rel=0.02)


def test_a_zero_current_is_zero_with_its_own_error() -> None:
    reference = Reference()
    reference.take(1, 1, height_of(2e-7, 0.0, 0.0))
    assert reference.normalised(height_of(0.0, 4e-9, 0.0), is_member=False) == Estimate(
        0.0, pytest.approx(0.02)
    )
