"""From peaks to trends, for a whole run or scan by scan: normalised currents, KDM and ratios.

A series is one electrode at one frequency. n is the scan's number, or its place in its series
where it has none; scans of two frequencies with the same n make a KDM.
"""

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any, Final, Self

from sacmes_core.analysis.trend.clock import ClockWatch
from sacmes_core.analysis.trend.definitions import Reference, adjusted_low, kdm, ratio
from sacmes_core.analysis.trend.potential import RECENT_SCANS, PotentialWatch
from sacmes_core.analysis.trend.uncertainty import Estimate, Height, height_of
from sacmes_core.settings.trend import TrendSettings

WAITING_MAX: Final = 4096
"""Scans that are kept for a second frequency of which nothing is known yet."""

Series = tuple[int, float | None]
"""An electrode and a frequency in Hz."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The peak of one electrode in one scan, as a trend needs it; None where there is none.

    Attributes
    ----------
    common_error
        The part of the current's standard error that all scans of the series share, as a
        fraction of the current; see `uncertainty.common_error_of`. The settings go before it.
    header_time_s
        When the scan was measured by the clock of the instrument, in seconds since any moment.
    """

    electrode: int
    frequency_hz: float | None
    number: int | None
    peak_current_a: float | None
    peak_current_se_a: float | None = None
    peak_potential_v: float | None = None
    peak_potential_se_v: float | None = None
    common_error: float = 0.0
    header_time_s: float | None = None


@dataclass(frozen=True, slots=True)
class TrendValue:
    """What the trend says of one point; None where it cannot be told (yet).

    Attributes
    ----------
    kdm, ratio
        Fractions; carried by the later scan of the two that make them.
    flags
        Codes of `sacmes_core.flags` that the series, not the scan alone, gives reason for.
    """

    normalised: Estimate | None = None
    kdm: Estimate | None = None
    ratio: Estimate | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrendStep:
    """What one more point gave.

    Attributes
    ----------
    stale
        Whether values given before have changed by it: the reference came or grew, or the pair
        of frequencies is another one. Then `recompute` the run.
    """

    value: TrendValue
    stale: bool = False


@dataclass(frozen=True, slots=True)
class _Placed:
    """A point with its series, its number and its place in the series."""

    series: Series
    number: int
    place: int
    height: Height | None


class RunningTrend:
    """The trend of a run that grows: each point takes the same short time.

    It holds the reference of each series, its last potentials and the scans whose partner has not
    come; nothing of what is done.
    """

    def __init__(self, settings: TrendSettings) -> None:
        self._settings = settings
        self._reference_numbers = settings.reference_numbers
        self._references: defaultdict[Series, Reference] = defaultdict(Reference)
        self._lowest_hz: float | None = None
        self._highest_hz: float | None = None
        self._counts: defaultdict[Series, int] = defaultdict(int)
        self._potentials: defaultdict[Series, PotentialWatch] = defaultdict(PotentialWatch)
        self._clocks: defaultdict[Series, ClockWatch] = defaultdict(ClockWatch)
        self._waiting: dict[tuple[int, float, int], _Placed] = {}
        self._has_dropped = False

    @property
    def pair_hz(self) -> tuple[float, float] | None:
        """Low and high frequency of KDM, None as long as there are not two."""
        low = self._settings.low_frequency_hz or self._lowest_hz
        high = self._settings.high_frequency_hz or self._highest_hz
        if low is None or high is None or _key(low) == _key(high):
            return None
        return _key(low), _key(high)

    def add(self, point: TrendPoint) -> TrendStep:
        """Take one more point, in the order in which scans are committed."""
        placed = self._place(point)
        stale = self._refer(placed)
        stale |= self._widen(placed.series[1])
        return TrendStep(self._value(point, placed), stale)

    def add_all(self, points: Sequence[TrendPoint]) -> tuple[TrendValue, ...]:
        """Take the points of a whole run; what any of them shows holds for all of them."""
        places = [self._place(point) for point in points]
        for placed in places:
            self._refer(placed)
        for _, frequency in {placed.series for placed in places}:
            self._widen(frequency)
        return tuple(map(self._value, points, places))

    def to_json(self) -> str:
        """All that it holds but the settings, to go on from in another process."""
        series = [
            (
                *key,
                count,
                _reference_to(self._references.get(key)),
                [list(part) for part in astuple(self._potentials[key])],
                astuple(self._clocks[key]),
            )
            for key, count in self._counts.items()
        ]
        waiting = [
            (*p.series, p.number, p.place, None if p.height is None else astuple(p.height))
            for p in self._waiting.values()
        ]
        return json.dumps([self._lowest_hz, self._highest_hz, self._has_dropped, series, waiting])

    @classmethod
    def from_json(cls, text: str, settings: TrendSettings) -> Self:
        """What `to_json` wrote, under the same settings."""
        lowest_hz, highest_hz, has_dropped, series, waiting = json.loads(text)
        trend = cls(settings)
        trend._lowest_hz, trend._highest_hz = lowest_hz, highest_hz
        trend._has_dropped = has_dropped
        for electrode, frequency, count, reference, (first_v, recent_v), clock in series:
            key = electrode, frequency
            trend._counts[key] = count
            if reference is not None:
                trend._references[key] = _reference_from(reference)
            trend._potentials[key] = PotentialWatch(first_v, deque(recent_v, RECENT_SCANS))
            trend._clocks[key] = ClockWatch(*clock)
        for electrode, frequency, number, place, height in waiting:
            placed = _Placed(
                (electrode, frequency), number, place, None if height is None else Height(*height)
            )
            trend._waiting[electrode, frequency, number] = placed
        return trend

    def _value(self, point: TrendPoint, placed: _Placed) -> TrendValue:
        found = self._potentials[placed.series].judge(
            point.peak_potential_v, point.peak_potential_se_v, self._settings
        )
        found += self._clocks[placed.series].judge(point.number, point.header_time_s)
        both = self._both(placed)
        return TrendValue(
            self._normalised(placed),
            None if both is None else kdm(*both, self._settings.kdm_definition),
            None if both is None else ratio(*both),
            found,
        )

    def _place(self, point: TrendPoint) -> _Placed:
        frequency = None if point.frequency_hz is None else _key(point.frequency_hz)
        series = point.electrode, frequency
        self._counts[series] += 1
        place = self._counts[series]
        height = None
        if point.peak_current_a is not None:
            common = self._settings.common_error
            common = point.common_error if common is None else common
            height = height_of(point.peak_current_a, point.peak_current_se_a, common)
        return _Placed(series, place if point.number is None else point.number, place, height)

    def _refer(self, placed: _Placed) -> bool:
        """Take a reference scan's first peak; True if it changes what earlier points were given."""
        if placed.height is None or not placed.height.current_a:
            return False
        if placed.number not in self._reference_numbers:
            return False
        reference = self._references[placed.series]
        if placed.number in reference.members:
            return False
        reference.take(placed.number, placed.place, placed.height)
        return placed.place > 1

    def _widen(self, frequency: float | None) -> bool:
        """Take in a frequency; True if KDM is now of another pair than before."""
        if frequency is None:
            return False
        before = self.pair_hz
        lowest, highest = self._lowest_hz, self._highest_hz
        self._lowest_hz = frequency if lowest is None else min(lowest, frequency)
        self._highest_hz = frequency if highest is None else max(highest, frequency)
        if before is None:
            return self.pair_hz is not None and self._has_dropped
        return before != self.pair_hz

    def _normalised(self, placed: _Placed) -> Estimate | None:
        reference = self._references.get(placed.series)
        if placed.height is None or reference is None:
            return None
        is_member = reference.members.get(placed.number) == placed.place
        return reference.normalised(placed.height, is_member=is_member)

    def _both(self, placed: _Placed) -> tuple[Estimate, Estimate] | None:
        """Normalised currents of the pair, low (adjusted) and high; None until both are there."""
        electrode, frequency = placed.series
        if frequency is None:
            return None
        pair = self.pair_hz
        if pair is None or frequency not in pair:
            if pair is None:
                self._wait_for_any(placed, frequency)
            return None
        partner = pair[1] if frequency == pair[0] else pair[0]
        other = self._waiting.pop((electrode, partner, placed.number), None)
        if other is None:
            self._waiting[electrode, frequency, placed.number] = placed
            return None
        own, others = self._normalised(placed), self._normalised(other)
        low, high = (own, others) if frequency == pair[0] else (others, own)
        if low is None or high is None:
            return None
        return adjusted_low(low, placed.number, self._settings), high

    def _wait_for_any(self, placed: _Placed, frequency: float) -> None:
        """Keep a point while there is one frequency only, but not a whole run of them."""
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.clear()
            self._has_dropped = True
        self._waiting[placed.series[0], frequency, placed.number] = placed


def recompute(
    points: Iterable[TrendPoint], settings: TrendSettings
) -> tuple[tuple[TrendValue, ...], RunningTrend]:
    """The trend of a whole run, and the running trend to go on with.

    Parameters
    ----------
    points
        In the order in which scans were committed, one revision of each scan.

    Returns
    -------
    values
        One for each point: references hold also for the scans before them.
    running
        As if every point had been added to it.
    """
    running = RunningTrend(settings)
    return running.add_all(tuple(points)), running


def _reference_to(reference: Reference | None) -> list[Any] | None:
    """A reference for JSON, whose objects have no numbers as keys."""
    if reference is None:
        return None
    members, *sums = astuple(reference)
    return [list(members.items()), *sums]


def _reference_from(kept: list[Any]) -> Reference:
    members, *sums = kept
    return Reference(dict(members), *sums)


@lru_cache(maxsize=1024)  # A run has few of them, and asks for each several times a scan.
def _key(frequency_hz: float) -> float:
    """The frequency to six digits, so that 15 Hz of a name and of a header are the same."""
    return float(f"{frequency_hz:.6g}")
