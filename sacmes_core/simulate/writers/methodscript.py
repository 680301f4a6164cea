"""The serial line of a MethodSCRIPT instrument, recorded: EmStat Pico, EmStat4, Sensit, Nexus."""

import math
from collections.abc import Iterator
from typing import Final

from sacmes_core.formats.scan import ROLES, Curve, Scan
from sacmes_core.simulate.writers.programme import cycles_of, overloaded_points

_LOOPS: Final = {"swv": "M0002", "cv": "M0005", "ca": "M0007"}
_ZERO: Final = 0x8000000
_PREFIXES: Final = ((-18, "a"), (-15, "f"), (-12, "p"), (-9, "n"), (-6, "u"), (-3, "m"), (0, " "))
_RANGE: Final = "204"


def methodscript_recording(scan: Scan) -> bytes:
    """Write what the instrument sends for a scan, from the echo of the script to the empty line.

    Values have the finest of the prefixes that 28 bits allow, which keeps seven digits or more.
    Several electrodes are the channels of a multiplexer, measured one after the other.
    """
    several = scan.electrodes != (1,)
    lines = ["e"]
    lines += ["L"] if several else []
    for electrode in scan.electrodes:
        curves = sorted(
            (curve for curve in scan.curves if curve.electrode == electrode),
            key=lambda curve: ROLES.index(curve.role),
        )
        lines += _loop(scan, curves, channel=electrode if several else None)
    lines += ["+"] if several else []
    return "\n".join([*lines, "", ""]).encode("ascii")


def encoded(value: float) -> str:
    """A value in seven hexadecimal digits and a prefix.

    >>> encoded(0.1), encoded(0.0), encoded(-0.299943)
    ('DF5E100n', '8000000 ', '7FB6C59u')
    """
    if math.isnan(value):
        return "     nan"
    if value == 0:
        return f"{_ZERO:X} "
    for exponent, prefix in _PREFIXES:
        number = round(value / 10.0**exponent)
        if abs(number) < _ZERO:
            return f"{number + _ZERO:07X}{prefix}"
    return f"{2 * _ZERO - 1:X} "


def _loop(scan: Scan, curves: list[Curve], channel: int | None) -> Iterator[str]:
    first = curves[0]
    cycles = cycles_of(first) if scan.technique == "cv" else [slice(0, len(first.current_a))]
    over = [overloaded_points(scan, curve) for curve in curves]
    start = "" if channel is None else f"ea{_ZERO + channel:X}i;"
    yield _LOOPS[scan.technique or "swv"]
    for number, points in enumerate(cycles):
        if len(cycles) > 1:
            yield f"C{number:04X}"
        for k in range(points.start, points.stop):
            currents = (
                f"ba{encoded(curve.current_a[k])},1{2 if k in marked else 0},{_RANGE}"
                for curve, marked in zip(curves, over, strict=True)
            )
            place = f"{start}da{encoded(first.potential_v[k])}"
            if scan.technique == "ca" and first.time_s is not None:
                place += f";eb{encoded(first.time_s[k])}"
            yield f"P{place};{';'.join(currents)}"
        if len(cycles) > 1:
            yield "-"
    yield "*"
