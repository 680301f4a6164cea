"""A recorded run played again as it ran: where it stands at a moment, and what was known then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from dashboard.trend import Scan, Trend

SPEEDS: Final = (1, 10, 60, 100, 1000)
UNTIMED_S: Final = 1.0
"""From scan to scan where the files say no time."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Where a replay stands.

    Attributes
    ----------
    at_s
        Time in the run, in seconds since its first scan, when it was last touched.
    since
        Our clock when it began to play, None while it rests.
    """

    at_s: float
    speed: int = SPEEDS[1]
    since: float | None = None


def scan_times(scans: Sequence[Scan]) -> npt.NDArray[np.float64]:
    """When each scan came, in seconds since the first; never falling, shape (n,).

    A scan without a time came with the one before it.
    """
    times = np.array([np.nan if s.measured_at is None else s.measured_at for s in scans])
    if times.size == 0:
        return times
    if np.isnan(times).all():
        return UNTIMED_S * np.arange(times.size, dtype=np.float64)
    risen: npt.NDArray[np.float64] = np.fmax.accumulate(times)
    first = float(risen[np.isfinite(risen)][0])
    return np.nan_to_num(risen - first, nan=0.0)


@lru_cache(maxsize=8)
def times_of(trend: Trend) -> npt.NDArray[np.float64]:
    """The `scan_times` of a trend, counted once."""
    return scan_times(trend.scans)


def moment_s(replay: Replay, now: float, end_s: float) -> float:
    """The time in the run, at most its end."""
    if replay.since is None:
        return min(replay.at_s, end_s)
    return min(replay.at_s + (now - replay.since) * replay.speed, end_s)


def played(replay: Replay, now: float, end_s: float) -> Replay:
    """Begin to play; from the start where it stands at the end."""
    at_s = moment_s(replay, now, end_s)
    return replace(replay, at_s=0.0 if at_s >= end_s else at_s, since=now)


def paused(replay: Replay, now: float, end_s: float) -> Replay:
    """Rest where it stands."""
    return replace(replay, at_s=moment_s(replay, now, end_s), since=None)


def sought(replay: Replay, at_s: float, now: float) -> Replay:
    """Go to another time, and play on from there if it played."""
    return replace(replay, at_s=at_s, since=None if replay.since is None else now)


def hastened(replay: Replay, speed: int, now: float, end_s: float) -> Replay:
    """Play at another speed from where it stands."""
    at_s = moment_s(replay, now, end_s)
    return Replay(at_s, speed, None if replay.since is None else now)


def scans_until(times: npt.NDArray[np.float64], at_s: float) -> int:
    """How many scans there were; the first is there from the beginning."""
    return max(1, int(np.searchsorted(times, at_s, side="right"))) if times.size else 0


def as_it_was(trend: Trend, scans: int) -> Trend:
    """The trend with its first scans only; the same object where these are all."""
    return trend if scans >= len(trend.scans) else replace(trend, scans=trend.scans[:scans])


def newest_of_each(trend: Trend) -> list[Scan]:
    """The newest readable scan of the lowest and of the highest frequency."""
    newest: dict[float | None, Scan] = {}
    for scan in trend.scans[-200:]:
        if scan.error is None:
            newest[scan.frequency_hz] = scan
    ordered = sorted(newest, key=lambda f: (f is None, f or 0.0))
    return [newest[f] for f in dict.fromkeys([*ordered[:1], *ordered[-1:]])]
