"""The science without a broker: files to lines of numbers, in batches."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from analyzer.inspection import Line, circumstances_of, content_of, error_line
from analyzer.pipeline import Numbers, Source, analyse
from sacmes_core.payloads.results import ElectrodeResult
from sacmes_core.settings.session import SessionSettings

BATCH_FILES: Final = 64
BATCH_BYTES: Final = 32 * 1024 * 1024

_NUMBERS: Final = (
    "peak_current_a",
    "peak_current_se_a",
    "peak_potential_v",
    "peak_potential_se_v",
    "area_av",
    "area_se_av",
    "fwhm_v",
    "fwhm_se_v",
    "charge_c",
    "charge_se_c",
)


def analyse_paths(
    paths: Iterable[Path], settings: SessionSettings, technique: str | None = None
) -> Iterator[Line]:
    """Analyse files: a line for each scan and electrode, or one with the error of a file.

    Parameters
    ----------
    technique
        What was measured, for files that do not say so.
    """
    batch: list[tuple[Path, bytes | str]] = []
    size = 0
    for path in paths:
        content = content_of(path)
        batch.append((path, content))
        size += len(content)
        if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
            yield from _analyse_batch(batch, settings, technique)
            batch, size = [], 0
    yield from _analyse_batch(batch, settings, technique)


def _analyse_batch(
    batch: Sequence[tuple[Path, bytes | str]], settings: SessionSettings, technique: str | None
) -> Iterator[Line]:
    sources = [
        Source(str(path), content, circumstances_of(path, technique))
        for path, content in batch
        if isinstance(content, bytes)
    ]
    analysed = iter(analyse(sources, settings))
    for path, content in batch:
        if isinstance(content, str):
            yield error_line(path, content)
            continue
        for index, numbers in enumerate(next(analysed)):
            yield from _lines(path, index, numbers)


def _lines(path: Path, index: int, numbers: Numbers) -> Iterator[Line]:
    scan = numbers.scan
    if scan is None:
        yield error_line(path, numbers.error or "")
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
    numbers = {name: getattr(electrode, name) for name in _NUMBERS}
    cycle = {} if electrode.cv is None else {"cv": electrode.cv.model_dump(mode="json")}
    decay = {} if electrode.ca is None else {"ca": electrode.ca.model_dump(mode="json")}
    return {"electrode": electrode.electrode} | numbers | cycle | decay
