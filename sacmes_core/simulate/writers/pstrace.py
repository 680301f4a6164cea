"""PalmSens PSTrace .csv: a pair of columns for each curve, side by side."""

import codecs
from collections.abc import Iterator
from typing import Final

from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.simulate.writers.programme import NO_DATE, cycles_of

_EOL: Final = "\r\n"
_TECHNIQUES: Final = {
    "swv": "Square Wave Voltammetry",
    "cv": "Cyclic Voltammetry",
    "ca": "Chronoamperometry",
}
_CURVES: Final = {"swv": "SWV I vs E", "cv": "CV i vs E", "ca": "CA i vs t"}
_MICROAMPERE: Final = 1e6


def pstrace_csv(scan: Scan) -> bytes:
    """Write a scan as PSTrace 5 exports it: UTF-16, microamperes, a stray mark at the end.

    Electrodes are channels; forward and reverse currents are curves of their own, and so is each
    cycle of a cyclic voltammogram.
    """
    moment = f"{scan.measured_at or NO_DATE:%Y-%m-%d %H:%M:%S}"
    parts = list(titled_parts(scan))
    columns = [
        [
            (repr(axis_of(scan, curve)[k]), f"{curve.current_a[k] * _MICROAMPERE:.12G}")
            for k in range(points.start, points.stop)
        ]
        for _, curve, points in parts
    ]
    length = max(map(len, columns))
    lines = [
        f"Date and time:,{moment}",
        "Notes:",
        "," * (2 * len(parts) - 1),
        ",,".join(f"{measurement_title(scan)}: {title}" for title, _, _ in parts),
        ",".join(f"Date and time measurement:,{moment}" for _ in parts),
        ",".join(["s,µA" if scan.technique == "ca" else "V,µA"] * len(parts)),
        *(
            ",".join(",".join(column[k] if k < len(column) else ("", "")) for column in columns)
            for k in range(length)
        ),
        "\ufeff",
    ]
    return codecs.BOM_UTF16_LE + _EOL.join(lines).encode("utf-16-le")


def axis_of(scan: Scan, curve: Curve) -> tuple[float, ...]:
    """What a curve is drawn over: its potentials, at a held one its times."""
    return curve.time_s or () if scan.technique == "ca" else curve.potential_v


def measurement_title(scan: Scan) -> str:
    """What PSTrace calls a measurement, its number in brackets."""
    name = _TECHNIQUES[scan.technique or "swv"]
    return name if scan.number is None else f"{name} [{scan.number}]"


def titled_parts(scan: Scan) -> Iterator[tuple[str, Curve, slice]]:
    """The curves that PalmSens programs make of a scan, with their titles and points."""
    short = _CURVES[scan.technique or "swv"]
    several = scan.electrodes != (1,)
    for curve in scan.curves:
        channel = f" Channel {curve.electrode}" if several else ""
        if scan.technique != "cv":
            direction = {"forward": " forward", "reverse": " reverse"}.get(curve.role, "")
            yield f"{short}{direction}{channel}", curve, slice(0, len(curve.current_a))
            continue
        cycles = cycles_of(curve)
        for number, points in enumerate(cycles, start=1):
            cycle = f" Scan {number}" if len(cycles) > 1 else ""
            yield f"{short}{cycle}{channel}", curve, points
