"""What `inspect` prints: what was read from a file, without analysing it."""

import math
from collections.abc import Iterator
from typing import Any

from analyzer.reading import read_scans
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings import ReadingSettings


def inspect(file: str, content: bytes, reading: ReadingSettings) -> Iterator[dict[str, Any]]:
    """One line for each scan of a file.

    Raises
    ------
    FormatError
        If the file cannot be read.
    """
    for scan in read_scans(file, content, reading):
        yield _line(file, scan)


def _line(file: str, scan: Scan) -> dict[str, Any]:
    return {
        "file": file,
        "index": scan.index,
        "format": scan.format,
        "technique": scan.technique,
        "frequency_hz": scan.frequency_hz,
        "number": scan.number,
        "measured_at": scan.measured_at.isoformat() if scan.measured_at else None,
        "flags": list(scan.flags),
        "incomplete": scan.incomplete,
        "curves": [_curve(curve) for curve in scan.curves],
    }


def _curve(curve: Curve) -> dict[str, Any]:
    finite = [current for current in curve.current_a if math.isfinite(current)]
    return {
        "electrode": curve.electrode,
        "role": curve.role,
        "points": len(curve.potential_v),
        "first_potential_v": curve.potential_v[0],
        "last_potential_v": curve.potential_v[-1],
        "first_current_a": _finite(curve.current_a[0]),
        "last_current_a": _finite(curve.current_a[-1]),
        "min_current_a": min(finite, default=None),
        "max_current_a": max(finite, default=None),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
