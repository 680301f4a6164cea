"""Currents at potentials that a person chose, as they were measured in each sweep."""

import numpy as np

from sacmes_core.analysis.cv.numbers import NOTHING, Probe, Quantity
from sacmes_core.analysis.cv.preparing import Cycle, Sweep


def read_probes(cycle: Cycle, potentials_v: tuple[float, ...]) -> tuple[Probe, ...]:
    """The current of both sweeps at each potential; none where a sweep does not come by."""
    return tuple(
        Probe(at_v, _read(cycle.forward, at_v), _read(cycle.reverse, at_v)) for at_v in potentials_v
    )


def _read(sweep: Sweep | None, at_v: float) -> Quantity:
    """Between the two neighbouring potentials, on a straight line; repeated ones are averaged."""
    if sweep is None or len(sweep.potential_v) < 2:
        return NOTHING
    potentials_v, which, counts = np.unique(
        sweep.potential_v, return_inverse=True, return_counts=True
    )
    if not potentials_v[0] <= at_v <= potentials_v[-1]:
        return NOTHING
    currents = np.bincount(which.reshape(-1), sweep.current_a) / counts
    above = int(np.clip(np.searchsorted(potentials_v, at_v), 1, len(potentials_v) - 1))
    low, high = above - 1, above
    share = (at_v - potentials_v[low]) / (potentials_v[high] - potentials_v[low])
    value = currents[low] * (1 - share) + currents[high] * share
    weight = (1 - share) ** 2 / counts[low] + share**2 / counts[high]
    return Quantity(float(value), float(sweep.noise_a * np.sqrt(weight)))
