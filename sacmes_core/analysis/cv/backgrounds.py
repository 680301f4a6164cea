"""Baselines that a fit may put under the peaks of a sweep, by what they may be.

Columns of a linear model over the way of one sweep, with the standard deviations of their factors
in units of the peak height; infinite where anything goes.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from sacmes_core.analysis.peaks import FloatArray

Kind = Literal["line", "charging", "tails"]
KINDS: Final[tuple[Kind, ...]] = ("line", "charging", "tails")
_CHARGING_DECAYS_V: Final = (0.004, 0.012)
_CHARGING_SPREAD: Final = 3.0
_EARLY_DECAYS_V: Final = (0.05,)
_LATE_DECAYS_V: Final = (0.03, 0.08)
_TAIL_SPREAD: Final = 1.0
_BEND_SPREAD: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Columns, shape (K, q), and standard deviations of their factors, shape (q,)."""

    columns: FloatArray
    spreads: FloatArray


def background(way_v: FloatArray, kind: Kind) -> Background:
    """The baselines of one sweep.

    Parameters
    ----------
    way_v
        Shape (K,), how far the sweep has gone, ascending.
    kind
        A line: charging and leakage. Charging: the line with what decays fast after the turn,
        charging through the resistance. Tails: that with curvature, with the end of another
        reaction after the turn and with what rises towards the end (oxygen, hydrogen).
    """
    half_v = (way_v[-1] - way_v[0]) / 2
    across = (way_v - way_v[0]) / half_v - 1
    line = np.stack([np.ones_like(across), across], axis=1)
    if kind == "line":
        return Background(line, np.full(2, np.inf))
    since_v = (way_v - way_v[0])[:, np.newaxis]
    charging = Background(
        np.concatenate([line, np.exp(-since_v / np.array(_CHARGING_DECAYS_V))], axis=1),
        np.concatenate([np.full(2, np.inf), np.full(len(_CHARGING_DECAYS_V), _CHARGING_SPREAD)]),
    )
    if kind == "charging":
        return charging
    early = np.exp(-since_v / np.array(_EARLY_DECAYS_V))
    late = np.exp((way_v - way_v[-1])[:, np.newaxis] / np.array(_LATE_DECAYS_V))
    bend = (across**2 - 1 / 3)[:, np.newaxis]
    tails = np.full(early.shape[1] + late.shape[1], _TAIL_SPREAD)
    return Background(
        np.concatenate([charging.columns, early, late, bend], axis=1),
        np.concatenate([charging.spreads, tails, [_BEND_SPREAD]]),
    )


def projector(of: Background) -> FloatArray:
    """An orthonormal basis of all columns, shape (K, r)."""
    basis, size, _ = np.linalg.svd(of.columns, full_matrices=False)
    return np.asarray(basis[:, size > 1e-9 * size[0]])
