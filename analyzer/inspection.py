"""What `inspect` prints: what was read from files, without analysing it and without numpy."""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analyzer.reading import Circumstances, read_scans
from sacmes_core.errors import FormatError
from sacmes_core.formats.names import natural_key
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.reading import ReadingSettings

Line = dict[str, Any]


def expanded(paths: Iterable[Path]) -> list[Path]:
    """The paths with each folder replaced by its files, in the order in which people count."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
            found += sorted(inside, key=lambda p: natural_key(p.name))
        else:
            found.append(path)
    return found


def inspect_paths(paths: Iterable[Path], reading: ReadingSettings) -> Iterator[Line]:
    """Read files: a line for each scan, or one with the error of a file."""
    for path in paths:
        content = content_of(path)
        if isinstance(content, str):
            yield error_line(path, content)
            continue
        try:
            yield from _inspect(path, content, reading)
        except FormatError as error:
            yield error_line(path, str(error))


def content_of(path: Path) -> bytes | str:
    """The bytes of a file, or why there are none."""
    try:
        return path.read_bytes()
    except OSError as error:
        return f"The file cannot be opened: {error.strerror}."


def error_line(path: Path, sentence: str) -> Line:
    """The line of a file that cannot be read."""
    return {"file": str(path), "error": sentence}


def circumstances_of(path: Path, technique: str | None = None) -> Circumstances:
    """What is known of a file of a folder: when it was written, and what the hour is."""
    try:
        written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        written_at = None
    return Circumstances(technique, written_at=written_at, seen_at=datetime.now(UTC))


def _inspect(path: Path, content: bytes, reading: ReadingSettings) -> Iterator[Line]:
    """One line for each scan of a file.

    Raises
    ------
    FormatError
        If the file cannot be read.
    """
    for scan in read_scans(str(path), content, reading, circumstances_of(path)):
        yield _line(str(path), scan)


def _line(file: str, scan: Scan) -> Line:
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


def _curve(curve: Curve) -> Line:
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
