"""Whether a scan looks finished: the declared end reached, the declared points there."""

import math
from itertools import pairwise
from typing import Final

from sacmes_core.formats.scan import Curve, DeclaredSweep, Scan

CUT_SENTENCE: Final = "The file ends in the middle of a line."

_STEP_SLACK: Final = 1e-3
_POINTS_SLACK: Final = 2


def why_incomplete(scan: Scan) -> str | None:
    """A sentence that says what is missing; None if the scan looks finished.

    A scan whose header declares no end looks finished unless its last line is cut; cyclic
    voltammograms and others that start on the initial potential end one step before the final one.
    """
    if scan.incomplete is not None:
        return scan.incomplete
    if scan.declared.final_v is None:
        return None
    curve = max(scan.curves, key=lambda curve: len(curve.potential_v))
    return _falls_short(curve, scan.declared)


def why_too_few(points: int, expected: float | None) -> str | None:
    """A sentence if there are fewer points than the header's potentials and step need.

    For instruments that write measured potentials, whose last one tells nothing.
    """
    if expected is None or not math.isfinite(expected) or points > expected - _POINTS_SLACK - 1:
        return None
    return f"The scan has {points} points; its header says that it has {expected:.0f}."


def _falls_short(curve: Curve, declared: DeclaredSweep) -> str | None:
    final, step = declared.final_v, declared.step_v
    if final is None or len(curve.potential_v) < 2:
        return None
    last = curve.potential_v[-1]
    if step is None:
        step = abs(curve.potential_v[-1] - curve.potential_v[-2])
    sentence = f"The scan ends at {last:g} V; its header says that it goes to {final:g} V."
    if declared.segments > 1:
        short = abs(last - final) > (1.5 + _STEP_SLACK) * step
        if short or _segments(curve.potential_v) < declared.segments:
            return sentence
        return None
    remaining = abs(last - final)
    if remaining < (1 - _STEP_SLACK) * step:
        return None
    if declared.initial_v is not None:
        expected = round(abs(final - declared.initial_v) / step) if step > 0 else 0
        if len(curve.potential_v) >= expected and remaining < (1.5 + _STEP_SLACK) * step:
            return None
    return sentence


def _segments(potential_v: tuple[float, ...]) -> int:
    count, direction = 0, 0
    for previous, current in pairwise(potential_v):
        sign = (current > previous) - (current < previous)
        if sign and sign != direction:
            count, direction = count + 1, sign
    return count
