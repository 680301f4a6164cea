"""Groups of consecutive scans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sacmes_core.analysis.trend.replicates import group_replicates


def test_mean_and_standard_error_of_each_group() -> None:
    first, second = group_replicates([1.0, 2.0, 3.0, 10.0, 10.0, 13.0], 3)
    assert (first.mean, first.sd, first.se) == (2.0, 1.0, pytest.approx(1 / 3**0.5))
    assert (second.mean, second.sd) == (11.0, pytest.approx(3**0.5))
    assert (second.first_number, second.last_number) == (4, 6)
    assert first.is_complete
    assert second.is_complete


def test_an_incomplete_last_group_is_there_and_says_so() -> None:
    *_, last = group_replicates([1.0, 2.0, 3.0, 4.0], 3)
    assert (last.mean, last.count, last.scans, last.is_complete) == (4.0, 1, 1, False)
    assert last.sd is None
    assert last.se is None


def test_missing_values_keep_their_place_and_are_no_zeros() -> None:
    first, second = group_replicates([1.0, None, 3.0, None, None, None], 3)
    assert (first.mean, first.count, first.is_complete) == (2.0, 2, True)
    assert (second.mean, second.count, second.scans, second.se) == (None, 0, 3, None)


def test_lost_scans_do_not_shift_the_groups_after_them() -> None:
    groups = group_replicates([6.0, 1.0, 2.0, 5.0, 4.0], 3, numbers=[16, 11, 12, 15, 14])
    assert [(g.first_number, g.last_number, g.mean) for g in groups] == [
        (11, 12, 1.5),
        (14, 16, 5.0),
    ]
    assert [g.is_complete for g in groups] == [False, True]


def test_errors_of_the_scans_beside_their_scatter() -> None:
    (group,) = group_replicates([1.0, 1.1], 2, errors=[0.3, 0.4])
    assert group.expected_se == pytest.approx(0.25)
    (group,) = group_replicates([1.0, None], 2, errors=[0.3, None])
    assert group.expected_se == pytest.approx(0.3)
    (group,) = group_replicates([1.0, 1.2], 2, errors=[0.3, None])
    assert group.expected_se is None


def test_a_group_without_scans_is_refused() -> None:
    with pytest.raises(ValueError, match="group size"):
        group_replicates([1.0], 0)


@given(st.lists(st.none() | st.floats(-1e3, 1e3), max_size=40), st.integers(1, 7))
def test_no_scan_is_dropped(values: list[float | None], size: int) -> None:
    groups = group_replicates(values, size)
    assert sum(g.scans for g in groups) == len(values)
    assert sum(g.count for g in groups) == sum(v is not None for v in values)
    assert all(g.is_complete for g in groups[:-1])
