"""Points that never came: jumps in the potential or the time of a recording from a live line."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from sacmes_core.flags import LINES_LOST
from sacmes_core.formats.scan import TIME_TECHNIQUES, Curve

_JUMP: Final = 1.55
"""Usual steps; two points with one lost between them are two apart."""
_SCATTER: Final = 6.0
_OFTEN_SHARE: Final = 0.05
_OFTEN_MIN: Final = 5


def has_gap(places: Sequence[float]) -> bool:
    """Whether a step from one point to the next is far longer than the usual one.

    Steps that scatter, since the potential was measured and not set, are given room for six
    median deviations. Long steps that come again and again are the instrument's own, as on a grid
    coarser than the step or on a logarithmic time.

    Parameters
    ----------
    places
        Potentials in V or times in s, in the order in which they came.

    Examples
    --------
    >>> has_gap([0.0, 0.1, 0.2, 0.3]), has_gap([0.0, 0.1, 0.3, 0.4])
    (False, True)
    """
    steps = [abs(b - a) for a, b in pairwise(places) if b != a]
    if len(steps) < 2:
        return False
    usual = median(steps)
    scatter = median(abs(step - usual) for step in steps)
    long = sum(step > _JUMP * usual + _SCATTER * scatter for step in steps)
    return 0 < long < max(_OFTEN_MIN, _OFTEN_SHARE * len(steps))


def lost_points(curves: Sequence[Curve], technique: str | None) -> tuple[str, ...]:
    """The flag of curves in the middle of which points are missing, if one has such a place."""
    over_time = technique in TIME_TECHNIQUES
    axes = (curve.time_s if over_time else curve.potential_v for curve in curves)
    return (LINES_LOST,) if any(has_gap(axis or ()) for axis in axes) else ()
