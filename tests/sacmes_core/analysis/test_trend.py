"""Trends scan by scan and in one go, against a slow twin and the values of SACMES."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sacmes_core.analysis.trend import (
    RunningTrend,
    TrendPoint,
    TrendValue,
    kdm,
    recompute,
)
from sacmes_core.settings.trend import TrendSettings


def twin(points: list[TrendPoint], options: TrendSettings) -> list[TrendValue]:
    """Each value from the definition, by looking through the whole run."""
    numbers = [
        p.number
        if p.number is not None
        else sum(
            1
            for q in points[: k + 1]
            if (q.electrode, q.frequency_hz) == (p.electrode, p.frequency_hz)
        )
        for k, p in enumerate(points)
    ]

    def normalised(k: int) -> float | None:
        own = points[k]
        for n, p in zip(numbers, points, strict=True):
            same = (p.electrode, p.frequency_hz) == (own.electrode, own.frequency_hz)
            if same and n == options.reference_number and p.peak_current_a:
                return None if own.peak_current_a is None else own.peak_current_a / p.peak_current_a
        return None

    known = [p.frequency_hz for p in points if p.frequency_hz is not None]
    low = options.low_frequency_hz or min(known, default=None)
    high = options.high_frequency_hz or max(known, default=None)
    values = []
    for k, p in enumerate(points):
        result = None
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
                    result = b - (a + shift) + 1.0
        values.append(TrendValue(normalised(k), result))
    return values


def test_golden_values_of_sacmes() -> None:
    low = [1.0, 0.9569, 0.9326, 0.7934]
    high = [1.0, 0.9657, 0.9279, 1.0682]
    points = []
    for n, (a, b) in enumerate(zip(low, high, strict=True), start=1):
        points += [TrendPoint(1, 15, n, a * 2e-7), TrendPoint(1, 200, n, b * 3e-6)]
    values, _ = recompute(points, TrendSettings())
    assert [v.normalised for v in values[::2]] == pytest.approx(low)
    assert [v.normalised for v in values[1::2]] == pytest.approx(high)
    assert [v.kdm for v in values[::2]] == [None] * 4
    assert [v.kdm for v in values[1::2]] == pytest.approx([1.0, 1.0088, 0.9953, 1.2748], abs=1e-9)


def test_offset_and_slope_shift_the_low_frequency() -> None:
    options = TrendSettings(low_offset=0.1, low_slope_per_scan=0.01)
    assert kdm(0.9, 1.2, 5, options) == pytest.approx(1.2 - (0.9 + 0.1 + 0.05) + 1)


def test_nothing_is_normalised_before_the_reference_and_everything_after() -> None:
    trend = RunningTrend(TrendSettings(reference_number=3))
    points = [TrendPoint(1, 15, n, n * 1e-7) for n in (1, 2, 3, 4)]
    steps = [trend.add(point) for point in points]
    assert [step.value.normalised for step in steps] == [None, None, 1.0, pytest.approx(4 / 3)]
    assert [step.stale for step in steps] == [False, False, True, False]
    values, _ = recompute(points, TrendSettings(reference_number=3))
    assert [v.normalised for v in values] == pytest.approx([1 / 3, 2 / 3, 1, 4 / 3])


@pytest.mark.parametrize("peak", [None, 0.0])
def test_a_scan_without_a_peak_is_no_reference(peak: float | None) -> None:
    values, _ = recompute([TrendPoint(1, 15, 1, peak), TrendPoint(1, 15, 2, 1e-7)], TrendSettings())
    assert values[1].normalised is None


def test_electrodes_do_not_mix() -> None:
    points = [TrendPoint(e, 15, 1, e * 1e-7) for e in (1, 2)] + [TrendPoint(2, 15, 2, 3e-7)]
    values, _ = recompute(points, TrendSettings())
    assert [v.normalised for v in values] == pytest.approx([1, 1, 1.5])


def test_scans_without_numbers_pair_by_their_order() -> None:
    points = [TrendPoint(1, f, None, 1e-7 * k) for k in (1, 2) for f in (200.0, 15.0)]
    values, _ = recompute(points, TrendSettings())
    assert [v.kdm for v in values] == [None, 1.0, None, 1.0]


def test_a_new_lowest_frequency_makes_earlier_kdm_stale() -> None:
    trend = RunningTrend(TrendSettings())
    frequencies = (60.0, 200.0, 15.0)
    steps = [trend.add(TrendPoint(1, f, 1, 1e-7)) for f in frequencies]
    assert [step.stale for step in steps] == [False, False, True]
    assert trend.pair_hz == (15, 200)


def test_waiting_scans_do_not_pile_up() -> None:
    trend = RunningTrend(TrendSettings())
    for n in range(1, 1000):
        for f in (15, 60, 200):
            trend.add(TrendPoint(1, f, n, 1e-7))
    assert len(trend._waiting) <= 2


POINTS = st.builds(
    TrendPoint,
    electrode=st.integers(1, 2),
    frequency_hz=st.sampled_from([None, 15.0, 60.0, 200.0]),
    number=st.none() | st.integers(0, 4),
    peak_current_a=st.none() | st.sampled_from([0.0, 1e-7, -2e-7, 3.5e-6]),
)
OPTIONS = st.builds(
    TrendSettings,
    reference_number=st.integers(0, 3),
    low_frequency_hz=st.sampled_from([None, 15.0, 60.0]),
    high_frequency_hz=st.sampled_from([None, 200.0]),
    low_offset=st.sampled_from([0.0, 0.25]),
    low_slope_per_scan=st.sampled_from([0.0, -0.01]),
)


@settings(max_examples=300, deadline=None)
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


UNIQUE = st.lists(
    POINTS, max_size=25, unique_by=lambda p: (p.electrode, p.frequency_hz, p.number)
).map(lambda points: [p for p in points if p.number is not None])


@settings(max_examples=300, deadline=None)
@given(UNIQUE, OPTIONS)
def test_equals_the_slow_twin(points: list[TrendPoint], options: TrendSettings) -> None:
    values, _ = recompute(points, options)
    for value, expected in zip(values, twin(points, options), strict=True):
        assert value.normalised == expected.normalised
        assert (value.kdm is None) == (expected.kdm is None)
        if value.kdm is not None:
            assert value.kdm == pytest.approx(expected.kdm, rel=1e-12, abs=1e-9)
