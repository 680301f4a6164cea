"""What the instrument makes of a current: its range, its steps, its digits, and what goes wrong."""

from dataclasses import dataclass

import numpy as np

from sacmes_core.simulate.square_wave import FloatArray


@dataclass(frozen=True, slots=True)
class CurrentRange:
    """The converter of a current range.

    Attributes
    ----------
    full_scale_a
        Largest current; beyond it the instrument is overloaded and shows this one.
    """

    full_scale_a: float
    bits: int = 16

    @property
    def step_a(self) -> float:
        """Difference between two neighbouring currents."""
        return float(2 * self.full_scale_a / 2**self.bits)


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong in some of the scans, at a random place.

    Attributes
    ----------
    dropout_share, dropout_points
        Share of the scans in which the contact is lost, and for how many steps: no current flows.
    range_change_share, range_gain, range_offset_a
        Share of the scans in which the instrument changes its range; from there on currents are
        larger by this factor and shifted.
    """

    dropout_share: float = 0.0
    dropout_points: int = 12
    range_change_share: float = 0.0
    range_gain: float = 1.05
    range_offset_a: float = 5e-8


def digitised(currents_a: FloatArray, current_range: CurrentRange) -> tuple[FloatArray, bool]:
    """Currents in whole steps of a range, any shape, and whether one of them is overloaded."""
    limit = current_range.full_scale_a
    steps = np.round(np.clip(currents_a, -limit, limit) / current_range.step_a)
    return steps * current_range.step_a, bool((np.abs(currents_a) > limit).any())


def with_faults(currents_a: FloatArray, faults: Faults, random: np.random.Generator) -> FloatArray:
    """Currents with the faults of one scan, shape (…, K), each fault at the same points of all."""
    chances, places = random.random(2), random.uniform(0.1, 0.9, 2)
    steps = currents_a.shape[-1]
    currents = currents_a.copy()
    if chances[0] < faults.range_change_share:
        start = int(places[0] * steps)
        currents[..., start:] = currents[..., start:] * faults.range_gain + faults.range_offset_a
    if chances[1] < faults.dropout_share:
        start = int(places[1] * steps)
        currents[..., start : start + faults.dropout_points] = 0.0
    return currents


def rounded(values: FloatArray, digits: int) -> tuple[float, ...]:
    """Numbers of so many significant digits, as an instrument writes them."""
    return tuple(float(f"{value:.{digits - 1}e}") for value in values)
