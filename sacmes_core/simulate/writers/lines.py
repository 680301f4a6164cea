"""Recordings of instruments that print lines: Rodeostat, KickStat, ACEstat."""

import json
from typing import Final

from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.simulate.writers.programme import (
    expect_one_electrode,
    overloaded_points,
    programme_of,
    times_of,
)

_MICROAMPERE: Final = 1e6
_TESTS: Final = {"swv": "squareWave", "cv": "cyclic"}


def rodeostat_stream(scan: Scan) -> bytes:
    """Write the JSON lines of a Rodeostat: ms, V and µA with seven digits, the net current alone.

    Several electrodes are the channels of its multiplexer, one sample of each in turn.
    """
    programme = programme_of(scan)
    curves = _net(scan)
    times = times_of(curves[0], programme)
    over = [overloaded_points(scan, curve) for curve in curves]
    answer = {"command": "runTest", "test": _TESTS[scan.technique or "swv"]}
    messages: list[dict[str, object]] = [{"success": True, "response": answer}]
    for k in range(len(times)):
        for curve, marked in zip(curves, over, strict=True):
            sample: dict[str, object] = {
                "t": round(1e3 * times[k]),
                "v": float(f"{curve.potential_v[k]:.7g}"),
                "i": float(f"{curve.current_a[k] * _MICROAMPERE:.7g}"),
            }
            sample |= {"n": curve.electrode} if scan.electrodes != (1,) else {}
            sample |= {"le": True} if k in marked else {}
            messages.append(sample)
    return _lines([json.dumps(m, separators=(",", ":")) for m in [*messages, {}]])


def rodeostat_text(scan: Scan) -> bytes:
    """Write the text of Rodeostat's Python library: s, V, µA; 0.1 mV and 0.1 nA are its digits.

    Raises
    ------
    ConfigError
        If the scan has several electrodes.
    """
    expect_one_electrode(scan, "A text file of the Rodeostat")
    (curve,) = _net(scan)
    times = times_of(curve, programme_of(scan))
    rows = [
        f"{time:.3f}, {potential:.4f}, {current * _MICROAMPERE:.4f}"
        for time, potential, current in zip(times, curve.potential_v, curve.current_a, strict=True)
    ]
    return "\n".join([*rows, ""]).encode("ascii")


def kickstat_lines(scan: Scan) -> bytes:
    """Write the square wave of a KickStat: volts and microamperes whose units it does not name.

    Raises
    ------
    ConfigError
        If the scan has several electrodes.
    """
    expect_one_electrode(scan, "A KickStat's recording")
    (curve,) = _net(scan)
    points = zip(curve.potential_v, curve.current_a, strict=True)
    rows = [f"{potential:.3f},{current * _MICROAMPERE:.4f}" for potential, current in points]
    return _lines(["Ready!", "Voltage,Current", *rows, "Ready!"])


def acestat_lines(scan: Scan) -> bytes:
    """Write the results of an ACEstat: millivolts and microamperes whose units it does not name.

    Raises
    ------
    ConfigError
        If the scan has several electrodes.
    """
    expect_one_electrode(scan, "An ACEstat's recording")
    (curve,) = _net(scan)
    name = (scan.technique or "swv").upper()
    ends = f"{curve.potential_v[0] * 1e3:.0f},{curve.potential_v[-1] * 1e3:.0f}"
    points = zip(curve.potential_v, curve.current_a, strict=True)
    rows = [f"{potential * 1e3:.4f},{i * _MICROAMPERE:.4f}" for potential, i in points]
    head = f"[START:{name}][RANGE:{ends}][RGAIN:10000][RESULTS:"
    return _lines([head, *rows, f"][END:{name}]"])


def _net(scan: Scan) -> list[Curve]:
    """The one current of each electrode that such instruments send."""
    return [curve for curve in scan.curves if curve.role in ("difference", "total")]


def _lines(rows: list[str]) -> bytes:
    return "\r\n".join([*rows, ""]).encode("ascii")
