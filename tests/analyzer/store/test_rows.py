"""The trend of a result beside the result: one changes without the other."""

from hypothesis import given
from hypothesis import strategies as st

from analyzer.store.rows import (
    NO_TREND,
    ElectrodeTrend,
    trend_from,
    trend_of,
    trend_to,
    with_trend,
)
from sacmes_core.flags import PEAK_DRIFTED, PEAK_MOVED
from sacmes_core.payloads.results import ElectrodeResult

NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
CODES = st.sampled_from([(), (PEAK_MOVED,), (PEAK_MOVED, PEAK_DRIFTED)])
TRENDS = st.builds(ElectrodeTrend, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, CODES)


@given(st.lists(TRENDS, max_size=4))
def test_a_row_keeps_the_trend_to_the_last_digit(trend: list[ElectrodeTrend]) -> None:
    assert trend_from(trend_to(trend)) == tuple(trend)


@given(TRENDS, TRENDS)
def test_another_trend_takes_the_place_of_the_first(
    first: ElectrodeTrend, second: ElectrodeTrend
) -> None:
    plain = ElectrodeResult(electrode=1, peak_current_a=1e-7, flags=("spikes_removed",))
    electrode = with_trend(with_trend(plain, first), second)
    assert trend_of(electrode) == second
    assert with_trend(electrode, NO_TREND) == plain
