"""Current ranges of the EmStat Pico, and what its converter makes of a current."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from sacmes_core.simulate.acquisition import CurrentRange, digitised

OVERLOAD, UNDERLOAD, OVERLOAD_WARNING = 2, 4, 8
"""Bits of the status that goes with a current."""

_WARNED: Final = 0.95
_UP: Final = 0.9
_DOWN: Final = 0.7
_UNDERLOAD: Final = 0.01


class PicoRange(NamedTuple):
    """A current range by the number that the instrument sends for it."""

    number: int
    full_scale_a: float


def _ranges(first: int, *full_scales_ua: float) -> tuple[PicoRange, ...]:
    return tuple(PicoRange(first + k, ua / 1e6) for k, ua in enumerate(full_scales_ua))


LOW_SPEED: Final = _ranges(0, 0.1, 2, 4, 8, 16, 32, 63, 125, 250, 500, 1_000, 5_000)
HIGH_SPEED: Final = _ranges(128, 0.1, 1, 6, 13, 25, 50, 100, 200, 1_000, 5_000)


def smallest_range(ranges: tuple[PicoRange, ...], current_a: float) -> PicoRange:
    """The smallest range that holds a current, the largest of all if none does."""
    return next((r for r in ranges if r.full_scale_a >= abs(current_a) * (1 - 1e-9)), ranges[-1])


@dataclass(slots=True)
class Converter:
    """Digitises currents in one of the allowed ranges, which are ordered and at least one."""

    allowed: tuple[PicoRange, ...]
    chosen: PicoRange

    def read(self, *currents_a: float) -> tuple[tuple[float, ...], int]:
        """Currents of one moment as the instrument gives them, and their status.

        They are taken in the range that the moment before has chosen.
        """
        largest = max(map(abs, currents_a))
        full_scale_a = self.chosen.full_scale_a
        digits, beyond = digitised(np.array(currents_a), CurrentRange(full_scale_a))
        status = 0
        if beyond:
            status = OVERLOAD
        elif largest > _WARNED * full_scale_a:
            status = OVERLOAD_WARNING
        elif largest < _UNDERLOAD * full_scale_a:
            status = UNDERLOAD
        return tuple(digits.tolist()), status

    def adapt(self, *currents_a: float) -> None:
        """Choose the next moment's range: larger near the end, smaller where that is enough."""
        largest = max(map(abs, currents_a))
        fitting = smallest_range(self.allowed, largest / _DOWN)
        too_small = largest > _UP * self.chosen.full_scale_a
        if too_small or fitting.full_scale_a < self.chosen.full_scale_a:
            self.chosen = fitting
