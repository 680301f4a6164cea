"""Whether the times of a series go the way its numbers go."""

from dataclasses import dataclass
from typing import Final

from sacmes_core import flags

BACK_MAX_S: Final = 2 * 3600.0
"""Local time goes back by an hour in autumn."""


@dataclass(slots=True)
class ClockWatch:
    """The scan of one series whose header has the latest time."""

    _number: int | None = None
    _time_s: float = 0.0

    def judge(self, number: int | None, time_s: float | None) -> tuple[str, ...]:
        """Take the next scan and say whether its time contradicts its number.

        Parameters
        ----------
        number
            None where neither file nor name says it; the scan is then left out.
        time_s
            From the file's header, in seconds since any moment; None where it has none.

        Returns
        -------
        tuple of str
            ``clock_went_back`` where the order of the times is not that of the numbers by more
            than two hours.
        """
        if number is None or time_s is None:
            return ()
        if self._number is not None and number != self._number:
            ahead_s = time_s - self._time_s if number > self._number else self._time_s - time_s
            if ahead_s < -BACK_MAX_S:
                return (flags.CLOCK_WENT_BACK,)
        if self._number is None or time_s > self._time_s:
            self._number, self._time_s = number, time_s
        return ()
