"""What a scan's own numbers say of the programme that made it, for the headers of files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from sacmes_core.errors import ConfigError
from sacmes_core.flags import OVERLOAD
from sacmes_core.formats.scan import Curve, Decimal, Scan

NO_DATE = datetime(2000, 1, 1)
"""Date of a file whose format needs one where the scan has none."""

_FREQUENCY_HZ = 15.0
_AMPLITUDE_V = 0.025
_SCAN_RATE_V_S = 0.1
_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")


@dataclass(frozen=True, slots=True)
class Programme:
    """The potential programme of a scan; at a held potential its ends are equal, its step 0.

    Attributes
    ----------
    corners_v
        Where a cyclic sweep turns, in order, and its last potential.
    point_s
        Time from one point to the next.
    """

    initial_v: float
    final_v: float
    step_v: float
    corners_v: tuple[float, ...]
    amplitude_v: float
    scan_rate_v_s: float
    frequency_hz: float
    point_s: float

    @property
    def vertices_v(self) -> tuple[float, float]:
        """The first and the second potential at which a cyclic sweep turns."""
        corners = (*self.corners_v, self.final_v)
        return corners[0], corners[1]

    @property
    def cycles(self) -> int:
        """Ways to the first vertex and on to the second one."""
        return max(1, len(self.corners_v) // 2)


def programme_of(scan: Scan) -> Programme:
    """The programme of a scan: as declared, else as its potentials show it."""
    if scan.technique == "ca":
        return _held(scan)
    potentials = max((curve.potential_v for curve in scan.curves), key=len)
    declared = scan.declared
    step_v = declared.step_v or median(abs(b - a) for a, b in pairwise(potentials))
    pulsed = scan.technique == "swv"
    initial_v = declared.initial_v
    if initial_v is None:
        way = 1 if potentials[1] > potentials[0] else -1
        initial_v = round(potentials[0] - way * step_v, 9) if pulsed else potentials[0]
    frequency_hz = scan.frequency_hz or _FREQUENCY_HZ
    scan_rate_v_s = declared.scan_rate_v_s or _SCAN_RATE_V_S
    return Programme(
        initial_v=initial_v,
        final_v=potentials[-1],
        step_v=round(step_v, 9),
        corners_v=tuple(potentials[k] for k in turning_points(potentials)),
        amplitude_v=declared.amplitude_v or _AMPLITUDE_V,
        scan_rate_v_s=scan_rate_v_s,
        frequency_hz=frequency_hz,
        point_s=1 / frequency_hz if pulsed else step_v / scan_rate_v_s,
    )


def _held(scan: Scan) -> Programme:
    first = scan.curves[0]
    times = first.time_s or (0.0, 1.0)
    held_v = first.potential_v[-1]
    return Programme(
        initial_v=held_v,
        final_v=held_v,
        step_v=0.0,
        corners_v=(held_v,),
        amplitude_v=0.0,
        scan_rate_v_s=0.0,
        frequency_hz=0.0,
        point_s=(times[-1] - times[0]) / (len(times) - 1),
    )


def turning_points(potential_v: Sequence[float]) -> list[int]:
    """Indices at which the direction of a sweep changes, and that of the last point."""
    turns = [
        k
        for k in range(1, len(potential_v) - 1)
        if (potential_v[k] - potential_v[k - 1]) * (potential_v[k + 1] - potential_v[k]) < 0
    ]
    return [*turns, len(potential_v) - 1]


def cycles_of(curve: Curve) -> list[slice]:
    """The points of each cycle, which ends where the sweep has turned twice; at least one.

    What follows the last cycle, the way back to the initial potential, belongs to it.
    """
    ends = [k + 1 for k in turning_points(curve.potential_v)]
    whole = ends[1::2] or ends[-1:]
    whole[-1] = ends[-1]
    return [slice(start, end) for start, end in pairwise([0, *whole])]


def times_of(curve: Curve, programme: Programme) -> tuple[float, ...]:
    """The times of a curve's points, its own or those of the programme, s."""
    if curve.time_s is not None:
        return curve.time_s
    return tuple((k + 1) * programme.point_s for k in range(len(curve.current_a)))


def overloaded_points(scan: Scan, curve: Curve) -> frozenset[int]:
    """Points to mark in a scan with the flag of an overload: those of the largest current."""
    if OVERLOAD not in scan.flags:
        return frozenset()
    largest = max(map(abs, curve.current_a))
    return frozenset(k for k, current in enumerate(curve.current_a) if abs(current) == largest)


def expect_one_electrode(scan: Scan, what: str) -> None:
    """Refuse several electrodes for files that hold one.

    Raises
    ------
    ConfigError
        With the number of electrodes that the scan has.
    """
    if len(scan.electrodes) != 1:
        raise ConfigError(
            f"{what} holds one electrode, this scan {len(scan.electrodes)}; write a file for each."
        )


def exponent_of_three(value: float, decimals: int) -> str:
    """A number as programs for Windows wrote it: ``1.95523E-007``."""
    mantissa, _, exponent = f"{value:.{decimals}E}".partition("E")
    return f"{mantissa}E{int(exponent):+04d}"


def with_decimal(text: str, decimal: Decimal) -> str:
    """The text with the decimal sign of a PC's locale in all of its numbers."""
    return _DECIMAL_POINT.sub(",", text) if decimal == "comma" else text
