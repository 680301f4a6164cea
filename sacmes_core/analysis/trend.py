"""From peak currents to trends: normalised current and KDM, for a whole run or scan by scan.

normalised(f, n) = peak(f, n) / peak(f, reference number), for each electrode and frequency f, and
KDM(n) = normalised(high, n) − [normalised(low, n) + offset + slope · n] + 1, as SACMES defines it
but as a fraction. n is the scan's number, or its place among the scans of its frequency where it
has none.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sacmes_core.settings.trend import TrendSettings

Series = tuple[int, float | None]
"""An electrode and a frequency in Hz."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """The peak of one electrode in one scan, as a trend needs it."""

    electrode: int
    frequency_hz: float | None
    number: int | None
    peak_current_a: float | None


@dataclass(frozen=True, slots=True)
class TrendValue:
    """What the trend says of one point; None where it cannot be told (yet).

    Attributes
    ----------
    kdm
        A fraction; carried by the later scan of the two that make it.
    """

    normalised: float | None = None
    kdm: float | None = None


@dataclass(frozen=True, slots=True)
class TrendStep:
    """What one more point gave.

    Attributes
    ----------
    stale
        Whether values given before have changed by it: the reference came, or the pair of
        frequencies is another one. Then `recompute` the run.
    """

    value: TrendValue
    stale: bool = False


@dataclass(slots=True)
class Known:
    """What a run has shown so far that holds for all its scans."""

    references: dict[Series, float] = field(default_factory=dict)
    lowest_hz: float | None = None
    highest_hz: float | None = None


class RunningTrend:
    """The trend of a run that grows: each point takes the same short time.

    It holds the reference of each series and the scans whose partner has not come; nothing of
    what is done. One that starts with what another has `known` gives final values at once.
    """

    def __init__(self, settings: TrendSettings, known: Known | None = None) -> None:
        self._settings = settings
        self.known = Known() if known is None else known
        self._counts: defaultdict[Series, int] = defaultdict(int)
        self._waiting: dict[tuple[int, float, int], float | None] = {}

    @property
    def pair_hz(self) -> tuple[float, float] | None:
        """Low and high frequency of KDM, None as long as there are not two."""
        low = self._settings.low_frequency_hz or self.known.lowest_hz
        high = self._settings.high_frequency_hz or self.known.highest_hz
        if low is None or high is None or _key(low) == _key(high):
            return None
        return _key(low), _key(high)

    def add(self, point: TrendPoint) -> TrendStep:
        """Take one more point, in the order in which scans are committed."""
        frequency = None if point.frequency_hz is None else _key(point.frequency_hz)
        series = point.electrode, frequency
        self._counts[series] += 1
        number = self._counts[series] if point.number is None else point.number
        stale = self._refer(series, number, point.peak_current_a)
        stale |= self._widen(frequency)
        return TrendStep(
            TrendValue(
                self._normalised(series, point.peak_current_a),
                self._kdm(series, number, point.peak_current_a),
            ),
            stale,
        )

    def _refer(self, series: Series, number: int, peak_a: float | None) -> bool:
        """Keep the first peak with the reference's number; True if earlier points waited for it."""
        if (
            number != self._settings.reference_number
            or series in self.known.references
            or not peak_a
        ):
            return False
        self.known.references[series] = peak_a
        return self._counts[series] > 1

    def _widen(self, frequency: float | None) -> bool:
        """Take in a frequency; True if KDM is now of another pair than before."""
        if frequency is None:
            return False
        before = self.pair_hz
        self.known.lowest_hz = (
            frequency if self.known.lowest_hz is None else min(self.known.lowest_hz, frequency)
        )
        self.known.highest_hz = (
            frequency if self.known.highest_hz is None else max(self.known.highest_hz, frequency)
        )
        return before is not None and before != self.pair_hz

    def _normalised(self, series: Series, peak_a: float | None) -> float | None:
        reference = self.known.references.get(series)
        return None if peak_a is None or reference is None else peak_a / reference

    def _kdm(self, series: Series, number: int, peak_a: float | None) -> float | None:
        electrode, frequency = series
        if frequency is None:
            return None
        pair = self.pair_hz
        if pair is None or frequency not in pair:
            if pair is None:
                self._waiting[electrode, frequency, number] = peak_a
            return None
        partner = pair[1] if frequency == pair[0] else pair[0]
        place = electrode, partner, number
        if place not in self._waiting:
            self._waiting[electrode, frequency, number] = peak_a
            return None
        other = self._normalised((electrode, partner), self._waiting.pop(place))
        own = self._normalised(series, peak_a)
        low, high = (own, other) if frequency == pair[0] else (other, own)
        return kdm(low, high, number, self._settings)


def kdm(
    low: float | None, high: float | None, number: int, settings: TrendSettings
) -> float | None:
    """KDM as a fraction, from the normalised currents of one scan number.

    The low frequency is first shifted by ``low_offset + low_slope_per_scan · number``.
    """
    if low is None or high is None:
        return None
    adjusted = low + settings.low_offset + settings.low_slope_per_scan * number
    return high - adjusted + 1.0


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
    points = tuple(points)
    first = RunningTrend(settings)
    for point in points:
        first.add(point)
    again = RunningTrend(settings, first.known)
    values = tuple(again.add(point).value for point in points)
    return values, again


def _key(frequency_hz: float) -> float:
    """The frequency to six digits, so that 15 Hz of a name and of a header are the same."""
    return float(f"{frequency_hz:.6g}")
