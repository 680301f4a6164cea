"""Where a sweep turns, and which of its segments make the cycle to be analysed.

A segment is a sustained way in one direction. It is found by how far the potential has come back
from its last extreme, so that neither jitter nor repeated potentials nor a hold at the vertex
make a segment of their own. A rest before the scan belongs to none, nor does the jump that ends it.
"""

import itertools
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sacmes_core.analysis.peaks import FloatArray

_TURN_SHARE: Final = 0.02
"""Share of the whole range of potentials that the sweep must come back to have turned."""
_TURN_JITTERS: Final = 6.0
_HOLD_STEPS: Final = 0.25
_JUMP_STEPS: Final = 10.0
"""Steps of the sweep that are no step but a jump to its first potential."""
_WHOLE_SHARE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Segment:
    """Points `start` to `end` of a scan, both included; a turning point belongs to two segments.

    Attributes
    ----------
    number
        Counted from 1 in the file.
    direction
        1 towards higher potentials, −1 towards lower ones.
    start_v, end_v
        Potentials at which the sweep turned, or started or ended.
    """

    number: int
    direction: int
    start: int
    end: int
    start_v: float
    end_v: float

    @property
    def span_v(self) -> float:
        """How far the segment goes."""
        return abs(self.end_v - self.start_v)


def find_segments(potential_v: FloatArray) -> tuple[Segment, ...]:
    """The segments of a scan in order of measurement.

    Parameters
    ----------
    potential_v
        Shape (K,), in order of measurement, finite.
    """
    if len(potential_v) < 2 or np.ptp(potential_v) == 0:
        return ()
    rest = _points_of_rest(potential_v)
    return tuple(
        replace(found, start=found.start + rest, end=found.end + rest)
        for found in _segments(potential_v[rest:])
    )


def choose_pair(segments: tuple[Segment, ...]) -> tuple[Segment, Segment | None]:
    """The forward and the reverse segment of the last whole cycle; at least one segment.

    Forward is the direction in which the scan starts. Of all neighbours, forward first, those
    count whose shorter segment is at least 0.9 of the longest such, and the last one is taken.
    With one segment there is no reverse.
    """
    if len(segments) < 2:
        return segments[0], None
    pairs = list(itertools.pairwise(segments))
    forward_first = pairs[0::2]
    shorter = [min(a.span_v, b.span_v) for a, b in forward_first]
    whole = max(shorter)
    if whole < _WHOLE_SHARE * max(min(a.span_v, b.span_v) for a, b in pairs):
        # The scan starts or ends in the middle of a sweep, and a later neighbour is whole.
        forward_first = [(b, a) for a, b in pairs[1::2]]
        shorter = [min(a.span_v, b.span_v) for a, b in forward_first]
        whole = max(shorter)
    return [p for p, s in zip(forward_first, shorter, strict=True) if s >= _WHOLE_SHARE * whole][-1]


def _segments(potential_v: FloatArray) -> tuple[Segment, ...]:
    """The segments of a scan without a rest before it."""
    typical_v, jitter_v, turn_v = _scales_v(potential_v)
    hold_v = max(_HOLD_STEPS * typical_v, 2 * jitter_v)
    corners = _corners(potential_v.tolist(), turn_v)
    leaves = [_last_near(potential_v, k, hold_v) for k in corners]
    arrives = [_first_near(potential_v, k, hold_v) for k in corners]
    pairs = itertools.pairwise(corners)
    return tuple(
        Segment(
            number=k + 1,
            direction=1 if potential_v[b] > potential_v[a] else -1,
            start=leaves[k],
            end=max(arrives[k + 1], leaves[k] + 1),
            start_v=float(potential_v[a]),
            end_v=float(potential_v[b]),
        )
        for k, (a, b) in enumerate(pairs)
    )


def _points_of_rest(potential_v: FloatArray) -> int:
    """How many points stand before a jump to the first potential of the scan; 0 without one."""
    typical_v, _, turn_v = _scales_v(potential_v)
    jumps = np.abs(np.diff(potential_v)) > max(_JUMP_STEPS * typical_v, turn_v)
    first = int(np.argmax(jumps)) + 1
    held = bool(jumps.any()) and np.ptp(potential_v[:first]) <= turn_v
    return first if held and np.ptp(potential_v[first:]) > 0 else 0


def _scales_v(potential_v: FloatArray) -> tuple[float, float, float]:
    """The usual step, the jitter of one point, and how far a sweep comes back that has turned."""
    steps = np.diff(potential_v)
    typical_v = float(np.median(np.abs(steps[steps != 0])))
    jitter_v = (
        float(np.median(np.abs(np.diff(steps)))) / 0.6745 / np.sqrt(6) if len(steps) > 1 else 0.0
    )
    turn_v = max(_TURN_SHARE * float(np.ptp(potential_v)), _TURN_JITTERS * jitter_v)
    return typical_v, jitter_v, turn_v


def _corners(potentials_v: list[float], turn_v: float) -> list[int]:
    """Indices of the start, of each extreme from which the sweep came back, and of the last one."""
    corners = [0]
    lowest = highest = 0
    direction = 0
    for k, potential_v in enumerate(potentials_v):
        if potential_v > potentials_v[highest]:
            highest = k
        if potential_v < potentials_v[lowest]:
            lowest = k
        if direction <= 0 and potential_v - potentials_v[lowest] > turn_v:
            corners = [*corners, lowest] if direction else [lowest]
            direction, highest = 1, k
        elif direction >= 0 and potentials_v[highest] - potential_v > turn_v:
            corners = [*corners, highest] if direction else [highest]
            direction, lowest = -1, k
    last = highest if direction > 0 else lowest
    if last > corners[-1]:
        corners.append(last)
    return corners


def _first_near(potential_v: FloatArray, corner: int, hold_v: float) -> int:
    """The first point of a hold at a corner."""
    near = np.abs(potential_v[corner::-1] - potential_v[corner]) <= hold_v
    return corner - (int(np.argmin(near)) - 1 if not near.all() else corner)


def _last_near(potential_v: FloatArray, corner: int, hold_v: float) -> int:
    """The last point of a hold at a corner."""
    near = np.abs(potential_v[corner:] - potential_v[corner]) <= hold_v
    return corner + (int(np.argmin(near)) - 1 if not near.all() else 0)
