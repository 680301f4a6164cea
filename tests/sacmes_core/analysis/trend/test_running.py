"""Trends scan by scan and in one go, against a slow twin and the values of SACMES."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sacmes_core import flags
from sacmes_core.analysis.trend.running import (
    WAITING_MAX,
    RunningTrend,
    TrendPoint,
    TrendValue,
    recompute,
)
from sacmes_core.settings.trend import TrendSettings


def numbers_of(points: Sequence[TrendPoint]) -> list[int]:
    """The number of each point: its own, or its place among those of its series."""
    return [
        p.number if p.number is not None else sum(same_series(q, p) for q in points[: place + 1])
        for place, p in enumerate(points)
    ]


def same_series(one: TrendPoint, other: TrendPoint) -> bool:
    return (one.electrode, one.frequency_hz) == (other.electrode, other.frequency_hz)


def twin(
    points: Sequence[TrendPoint], options: TrendSettings
) -> list[tuple[float | None, float | None, float | None]]:
    """Normalised current, KDM and ratio from the definitions, by looking through the whole run."""
    numbers = numbers_of(points)

    def normalised(k: int) -> float | None:
        own = points[k].peak_current_a
        members: dict[int, float] = {}
        for n, p in zip(numbers, points, strict=True):
            in_range = n in options.reference_numbers and n not in members
            if same_series(p, points[k]) and in_range and p.peak_current_a:
                members[n] = p.peak_current_a
        total = sum(members.values())
        return None if own is None or not total else own / (total / len(members))

    known = [p.frequency_hz for p in points if p.frequency_hz is not None]
    low = options.low_frequency_hz or min(known, default=None)
    high = options.high_frequency_hz or max(known, default=None)
    values = []
    for k, p in enumerate(points):
        both: tuple[float | None, float | None] = None, None
        if low != high and p.frequency_hz in (low, high):
            partner = high if p.frequency_hz == low else low
            earlier = [
                j
                for j in range(k)
                if points[j].electrode == p.electrode
                and points[j].frequency_hz == partner
                and numbers[j] == numbers[k]
            ]
            if earlier:
                pair = {p.frequency_hz: normalised(k), partner: normalised(earlier[-1])}
                a, b = pair[low], pair[high]
                if a is not None and b is not None:
                    shift = options.low_offset + options.low_slope_per_scan * numbers[k]
                    both = defined(a + shift, b, options)
        values.append((normalised(k), *both))
    return values


def defined(a: float, b: float, options: TrendSettings) -> tuple[float | None, float | None]:
    ratio = b / a if a > 0 else None
    if options.kdm_definition == "difference_plus_one":
        return b - a + 1, ratio
    return (b - a) / ((a + b) / 2) if a + b > 0 else None, ratio


def plain(values: Sequence[TrendValue]) -> list[float | None]:
    return [None if v.normalised is None else v.normalised.value for v in values]


def kdms(values: Sequence[TrendValue]) -> list[float | None]:
    return [None if v.kdm is None else v.kdm.value for v in values]


def test_golden_values_of_sacmes() -> None:
    low = [1.0, 0.9569, 0.9326, 0.7934]
    high = [1.0, 0.9657, 0.9279, 1.0682]
    points = []
    for n, (a, b) in enumerate(zip(low, high, strict=True), start=1):
        points += [TrendPoint(1, 15, n, a * 2e-7), TrendPoint(1, 200, n, b * 3e-6)]
    values, _ = recompute(points, TrendSettings())
    assert plain(values[::2]) == pytest.approx(low)
    assert plain(values[1::2]) == pytest.approx(high)
    assert kdms(values[::2]) == [None] * 4
    assert kdms(values[1::2]) == pytest.approx([1.0, 1.0088, 0.9953, 1.2748], abs=1e-9)


def test_nothing_is_normalised_before_the_reference_and_everything_after() -> None:
    trend = RunningTrend(TrendSettings(reference_number=3))
    points = [TrendPoint(1, 15, n, n * 1e-7) for n in (1, 2, 3, 4)]
    steps = [trend.add(point) for point in points]
    assert plain([step.value for step in steps]) == [None, None, 1.0, pytest.approx(4 / 3)]
    assert [step.stale for step in steps] == [False, False, True, False]
    values, _ = recompute(points, TrendSettings(reference_number=3))
    assert plain(values) == pytest.approx([1 / 3, 2 / 3, 1, 4 / 3])


def test_a_range_of_references_is_averaged_as_far_as_it_is_there() -> None:
    options = TrendSettings(reference_number=2, reference_last_number=4)
    points = [TrendPoint(1, 15, n, p) for n, p in ((1, 4e-7), (2, 1e-7), (3, None), (4, 3e-7))]
    values, _ = recompute(points, options)
    assert plain(values) == [2.0, 0.5, None, pytest.approx(1.5)]
    trend = RunningTrend(options)
    assert [trend.add(point).stale for point in points] == [False, True, False, True]


@pytest.mark.parametrize("peak", [None, 0.0])
def test_a_scan_without_a_peak_is_no_reference(peak: float | None) -> None:
    values, _ = recompute([TrendPoint(1, 15, 1, peak), TrendPoint(1, 15, 2, 1e-7)], TrendSettings())
    assert values[1].normalised is None


def test_electrodes_do_not_mix() -> None:
    points = [TrendPoint(e, 15, 1, e * 1e-7) for e in (1, 2)] + [TrendPoint(2, 15, 2, 3e-7)]
    values, _ = recompute(points, TrendSettings())
    assert plain(values) == pytest.approx([1, 1, 1.5])


def test_scans_without_numbers_pair_by_their_order() -> None:
    points = [TrendPoint(1, f, None, 1e-7 * k) for k in (1, 2) for f in (200.0, 15.0)]
    values, _ = recompute(points, TrendSettings())
    assert kdms(values) == [None, 1.0, None, 1.0]


def test_a_new_lowest_frequency_makes_earlier_kdm_stale() -> None:
    trend = RunningTrend(TrendSettings())
    steps = [trend.add(TrendPoint(1, f, 1, 1e-7)) for f in (60.0, 200.0, 15.0)]
    assert [step.stale for step in steps] == [False, False, True]
    assert trend.pair_hz == (15, 200)


def test_waiting_scans_do_not_pile_up() -> None:
    trend = RunningTrend(TrendSettings())
    for n in range(1, 1000):
        for f in (15, 60, 200):
            trend.add(TrendPoint(1, f, n, 1e-7))
    assert len(trend._waiting) <= 2


def test_a_run_of_one_frequency_keeps_little_and_says_so_when_another_comes() -> None:
    trend = RunningTrend(TrendSettings())
    points = [TrendPoint(1, 15, n, 1e-7) for n in range(1, WAITING_MAX + 10)]
    assert not any(trend.add(point).stale for point in points[1:])
    assert len(trend._waiting) <= WAITING_MAX
    late = TrendPoint(1, 200, 2, 1e-7)
    reference = TrendPoint(1, 200, 1, 1e-7)
    assert trend.add(reference).stale
    values, _ = recompute([*points, reference, late], TrendSettings())
    assert kdms(values[-2:]) == [1.0, 1.0]


def test_the_settings_go_before_what_the_method_states() -> None:
    points = [TrendPoint(1, 15, n, 1e-7, 5e-9, common_error=0.03) for n in (1, 2)]
    errors = []
    for common in (None, 0.0, 0.05):
        values, _ = recompute(points, TrendSettings(common_error=common))
        assert values[1].normalised is not None
        errors.append(values[1].normalised.se)
    assert errors == pytest.approx([0.04 * 2**0.5, 0.05 * 2**0.5, 0.05])


def test_a_jump_of_the_potential_is_flagged_in_its_series_alone() -> None:
    points = [TrendPoint(1, f, n, 1e-7, None, -0.3) for n in range(1, 6) for f in (15, 200)]
    points += [TrendPoint(1, 15, 6, 1e-7, None, -0.26), TrendPoint(1, 200, 6, 1e-7, None, -0.3)]
    values, _ = recompute(points, TrendSettings())
    assert [v.flags for v in values[-2:]] == [(flags.PEAK_MOVED,), ()]
    assert not any(v.flags for v in values[:-2])


POINTS = st.builds(
    TrendPoint,
    electrode=st.integers(1, 2),
    frequency_hz=st.sampled_from([None, 15.0, 60.0, 200.0]),
    number=st.none() | st.integers(0, 4),
    peak_current_a=st.none() | st.sampled_from([0.0, 1e-7, -2e-7, 3.5e-6]),
    peak_current_se_a=st.none() | st.sampled_from([0.0, 4e-9, 1e-7]),
    peak_potential_v=st.none() | st.sampled_from([-0.3, -0.29, -0.2]),
    common_error=st.sampled_from([0.0, 0.025]),
)
OPTIONS = st.builds(
    TrendSettings,
    reference_number=st.integers(0, 3),
    reference_last_number=st.none() | st.integers(3, 5),
    kdm_definition=st.sampled_from(["difference_plus_one", "difference_over_mean"]),
    low_frequency_hz=st.sampled_from([None, 15.0, 60.0]),
    high_frequency_hz=st.sampled_from([None, 200.0]),
    low_offset=st.sampled_from([0.0, 0.25]),
    low_slope_per_scan=st.sampled_from([0.0, -0.01]),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(POINTS, max_size=25), OPTIONS)
def test_growing_equals_all_at_once(points: list[TrendPoint], options: TrendSettings) -> None:
    """A caller that recomputes when told so always holds what a recomputation would give."""
    trend = RunningTrend(options)
    values: list[TrendValue] = []
    for k, point in enumerate(points, start=1):
        step = trend.add(point)
        values.append(step.value)
        if step.stale:
            again, trend = recompute(points[:k], options)
            values = list(again)
        assert tuple(values) == recompute(points[:k], options)[0]
        trend = RunningTrend.from_json(trend.to_json(), options)


@settings(max_examples=80, deadline=None)
@given(st.lists(POINTS, max_size=20), st.lists(st.tuples(st.integers(0, 30), POINTS)), OPTIONS)
def test_a_scan_sent_again_is_the_last_one(
    points: list[TrendPoint], again: list[tuple[int, TrendPoint]], options: TrendSettings
) -> None:
    """Of a scan that comes again the old revision is left out, and the rest holds as before."""
    run = list(points)
    _, trend = recompute(run, options)
    for place, point in again:
        if place < len(run):
            del run[place]
            run.append(point)
            values, trend = recompute(run, options)
        else:
            run.append(point)
            step = trend.add(point)
            values, recomputed = recompute(run, options)
            if step.stale:
                trend = recomputed
            else:
                assert step.value == values[-1]


UNIQUE = st.lists(
    POINTS, max_size=25, unique_by=lambda p: (p.electrode, p.frequency_hz, p.number)
).map(lambda points: [p for p in points if p.number is not None])


@settings(max_examples=120, deadline=None)
@given(UNIQUE, OPTIONS)
def test_equals_the_slow_twin(points: list[TrendPoint], options: TrendSettings) -> None:
    values, _ = recompute(points, options)
    for value, expected in zip(values, twin(points, options), strict=True):
        for found, wanted in zip((value.normalised, value.kdm, value.ratio), expected, strict=True):
            assert (found is None) == (wanted is None)
            if found is not None and wanted is not None:
                assert found.value == pytest.approx(wanted, rel=1e-9, abs=1e-9)
