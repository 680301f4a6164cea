"""The science without a broker: files to lines of numbers, in batches."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from analyzer.inspection import inspect
from analyzer.pipeline import Numbers, Source, analyse
from sacmes_core.errors import FormatError
from sacmes_core.formats.names import natural_key
from sacmes_core.payloads import ElectrodeResult
from sacmes_core.settings import ReadingSettings, SessionSettings

BATCH_FILES: Final = 64
BATCH_BYTES: Final = 32 * 1024 * 1024

Line = dict[str, Any]

_NUMBERS: Final = (
    "peak_current_a",
    "peak_current_se_a",
    "peak_potential_v",
    "peak_potential_se_v",
    "area_av",
    "area_se_av",
    "fwhm_v",
    "fwhm_se_v",
)


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


def analyse_paths(paths: Iterable[Path], settings: SessionSettings) -> Iterator[Line]:
    """Analyse files: a line for each scan and electrode, or one with the error of a file."""
    batch: list[tuple[Path, bytes | str]] = []
    size = 0
    for path in paths:
        content = _content(path)
        batch.append((path, content))
        size += len(content)
        if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
            yield from _analyse_batch(batch, settings)
            batch, size = [], 0
    yield from _analyse_batch(batch, settings)


def inspect_paths(paths: Iterable[Path], reading: ReadingSettings) -> Iterator[Line]:
    """Read files: a line for each scan, or one with the error of a file."""
    for path in paths:
        content = _content(path)
        if isinstance(content, str):
            yield _error(path, content)
            continue
        try:
            yield from inspect(str(path), content, reading)
        except FormatError as error:
            yield _error(path, str(error))


def _content(path: Path) -> bytes | str:
    """The bytes of a file, or why there are none."""
    try:
        return path.read_bytes()
    except OSError as error:
        return f"The file cannot be opened: {error.strerror}."


def _analyse_batch(
    batch: Sequence[tuple[Path, bytes | str]], settings: SessionSettings
) -> Iterator[Line]:
    sources = [Source(str(path), c) for path, c in batch if isinstance(c, bytes)]
    analysed = iter(analyse(sources, settings))
    for path, content in batch:
        if isinstance(content, str):
            yield _error(path, content)
            continue
        for index, numbers in enumerate(next(analysed)):
            yield from _lines(path, index, numbers)


def _lines(path: Path, index: int, numbers: Numbers) -> Iterator[Line]:
    scan = numbers.scan
    if scan is None:
        yield _error(path, numbers.error or "")
        return
    head = {
        "file": str(path),
        "index": index,
        "technique": scan.technique,
        "format": scan.format,
        "frequency_hz": scan.frequency_hz,
        "number": scan.number,
        "measured_at": scan.measured_at.isoformat() if scan.measured_at else None,
    }
    if numbers.error is not None:
        yield {**head, "error": numbers.error}
        return
    for electrode in numbers.electrodes:
        yield {**head, **_numbers(electrode), "flags": list(electrode.flags)}


def _numbers(electrode: ElectrodeResult) -> Line:
    return {"electrode": electrode.electrode} | {
        name: getattr(electrode, name) for name in _NUMBERS
    }


def _error(path: Path, sentence: str) -> Line:
    return {"file": str(path), "error": sentence}
