"""Where the peak is: a scan whose peak has moved off its series' recent ones, and slow drift."""

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from sacmes_core import flags
from sacmes_core.settings.trend import TrendSettings

RECENT_SCANS: Final = 11
JUDGED_FROM: Final = 3
"""Scans that must have come before one can be said to have moved."""
_SIGMAS: Final = 3.0


@dataclass(slots=True)
class PotentialWatch:
    """The peak potentials of one series: its first and its last eleven, and what they say."""

    _first_v: list[float] = field(default_factory=list)
    _recent_v: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_SCANS))

    def judge(
        self, potential_v: float | None, se_v: float | None, settings: TrendSettings
    ) -> tuple[str, ...]:
        """Take the peak potential of the next scan and say what is wrong with it.

        Parameters
        ----------
        potential_v
            None where the scan has no peak; it is then left out.
        se_v
            Its standard error; what lies within three of them has not moved.

        Returns
        -------
        tuple of str
            ``peak_moved`` where it is farther than ``peak_move_max_v`` from the median of the
            last eleven; ``peak_drifted`` where the median, this scan included, is farther than
            ``peak_drift_max_v`` from that of the first eleven.
        """
        if potential_v is None:
            return ()
        codes = []
        if len(self._recent_v) >= JUDGED_FROM:
            moved_v = abs(potential_v - median(self._recent_v))
            if moved_v > max(settings.peak_move_max_v, _SIGMAS * (se_v or 0.0)):
                codes.append(flags.PEAK_MOVED)
        self._recent_v.append(potential_v)
        if len(self._first_v) < RECENT_SCANS:
            self._first_v.append(potential_v)
        elif abs(median(self._recent_v) - median(self._first_v)) > settings.peak_drift_max_v:
            codes.append(flags.PEAK_DRIFTED)
        return tuple(codes)
