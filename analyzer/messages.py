"""From numbers to the messages that carry them: results and curves."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

import numpy as np

from analyzer.pipeline import Numbers, Source, analyse
from analyzer.reading import Circumstances
from analyzer.store.sessions import Run
from analyzer.store.uploads import StoredUpload
from sacmes_core import __version__
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.flags import CLOCK_NOT_SET
from sacmes_core.formats.scan import Scan
from sacmes_core.payloads.common import TimeSource
from sacmes_core.payloads.replies import ScanReply
from sacmes_core.payloads.results import Curves, ElectrodeCurves, Result, ScanReference
from sacmes_core.settings.parts import ELECTRODE_MAX, FREQUENCY_MAX_HZ, NUMBER_MAX
from sacmes_core.settings.session import SessionSettings
from sacmes_core.upload import UploadHeader

POINTS_MAX: Final = 16_000
"""Points of all curves of a message together: with four columns of 12 characters it fits."""
_DIGITS: Final = 6
_ROUNDED_TOGETHER: Final = 16
"""Scans whose curves are rounded in one call; of more, large ones would take too much memory."""
_POWERS: Final = np.array([float(f"1e{k}") for k in range(23)])


def source_of(upload: StoredUpload) -> Source:
    """The file of an upload, with what was sent with it."""
    header = upload.header
    known = Circumstances(
        technique=header.technique,
        frequency_hz=header.frequency_hz,
        described=header.reading,
        complete=header.complete,
        written_at=_written_at(header),
        seen_at=upload.received_at,
    )
    return Source(header.file, upload.content, known)


def result_of(run: Run, upload: StoredUpload, numbers: Numbers, index: int) -> Result:
    """The result of one scan, without its trend."""
    return Result(
        session_id=run.document.session_id,
        position=upload.position,
        upload_id=upload.header.upload_id,
        scan=_reference(upload, numbers.scan, index),
        settings_revision=run.document.settings_revision,
        trend_revision=run.trend_revision,
        method=_method(numbers),
        version=__version__,
        electrodes=numbers.electrodes[:ELECTRODE_MAX],
        flags=_flags(upload.header, numbers.scan),
        error=None if numbers.error is None else numbers.error[:2000],
    )


def all_curves(scans: Sequence[tuple[Result, Numbers]]) -> Iterator[Curves]:
    """The curves of scans, each thinned out evenly where they would not fit into a message."""
    for start in range(0, len(scans), _ROUNDED_TOGETHER):
        some = scans[start : start + _ROUNDED_TOGETHER]
        columns = [_columns(numbers) for _, numbers in some]
        values = [v for those in columns for each in those for v in each.values()]
        # In one call, which for some hundred numbers costs as much as for a column of them.
        rounded = iter(_rounded(np.concatenate(values)) if values else [])
        for (result, numbers), those in zip(some, columns, strict=True):
            yield Curves(
                session_id=result.session_id,
                position=result.position,
                scan=result.scan,
                settings_revision=result.settings_revision,
                electrodes=tuple(_electrodes(numbers, those, rounded)),
            )


def curves_of(result: Result, numbers: Numbers) -> Curves:
    """As `all_curves`, of one scan."""
    return next(all_curves([(result, numbers)]))


def tried(
    run: Run, upload: StoredUpload, index: int, settings: SessionSettings
) -> ScanReply | None:
    """A scan analysed with settings that are none of the session's; None if it then has no such.

    The numbers have no trend, and belong to no revision: it is 0.
    """
    ((*scans,),) = analyse([source_of(upload)], settings)
    if index >= len(scans):
        return None
    numbers = scans[index]
    result = result_of(run, upload, numbers, index).model_copy(
        update={"settings_revision": 0, "trend_revision": 0}
    )
    curves = None if numbers.analysis is None else curves_of(result, numbers)
    return ScanReply(result=result, curves=curves)


def curves_again(run: Run, upload: StoredUpload, result: Result) -> Curves | None:
    """The curves of a scan computed once more from its bytes; None where there are none."""
    ((*scans,),) = analyse([source_of(upload)], run.document.settings)
    if result.scan.index >= len(scans) or scans[result.scan.index].analysis is None:
        return None
    return curves_of(result, scans[result.scan.index])


def _written_at(header: UploadHeader) -> datetime | None:
    if header.modified_at is None and header.measured_at_source == "mtime":
        return header.measured_at
    return header.modified_at


def _reference(upload: StoredUpload, scan: Scan | None, index: int) -> ScanReference:
    header = upload.header
    measured_at, source = _measured(header, scan)
    frequency = scan.frequency_hz if scan and scan.frequency_hz else header.frequency_hz
    number = scan.number if scan and scan.number is not None else header.number
    return ScanReference(
        file=header.file,
        index=index,
        revision=upload.revision,
        technique=scan.technique if scan else None,
        format=scan.format if scan else None,
        frequency_hz=frequency if frequency and 0 < frequency <= FREQUENCY_MAX_HZ else None,
        number=number if number is not None and 0 <= number <= NUMBER_MAX else None,
        measured_at=measured_at,
        measured_at_source=source,
    )


def _measured(header: UploadHeader, scan: Scan | None) -> tuple[datetime | None, TimeSource | None]:
    """The time of a scan: the file's own by the agent's time zone, else what the agent says."""
    if header.measured_at is None:
        return None, None
    if header.measured_at_source == "header" and scan is not None and scan.measured_at is not None:
        # The instrument's header has no time zone; the agent beside it has.
        return scan.measured_at.replace(tzinfo=header.measured_at.tzinfo), "header"
    return header.measured_at, header.measured_at_source


def _flags(header: UploadHeader, scan: Scan | None) -> tuple[str, ...]:
    """What is to be said of the scan as a whole."""
    told = () if header.clock_synced is not False else (CLOCK_NOT_SET,)
    return (*(() if scan is None else scan.flags), *told)


def _method(numbers: Numbers) -> str | None:
    if numbers.analysis is None:
        return None
    return f"{numbers.analysis.method}/{numbers.analysis.version}"


def _columns(numbers: Numbers) -> list[dict[str, FloatArray]]:
    """The columns that the curves of each electrode have, by the names of the message."""
    assert numbers.analysis is not None
    found = numbers.analysis.curves[:ELECTRODE_MAX]
    points = sum(len(curves.current_a) for curves in found)
    step = -(-points // POINTS_MAX) or 1
    columns = [
        {
            "potential_v": curves.potential_v,
            "current_a": curves.current_a,
            "smoothed_a": curves.smoothed_a,
            "baseline_a": curves.baseline_a,
            "time_s": curves.time_s,
        }
        for curves in found
    ]
    return [{name: v[::step] for name, v in each.items() if v is not None} for each in columns]


def _electrodes(
    numbers: Numbers, columns: Sequence[dict[str, FloatArray]], rounded: Iterator[float]
) -> Iterator[ElectrodeCurves]:
    assert numbers.analysis is not None
    peaks = {peak.electrode: peak for peak in numbers.analysis.peaks}
    for curves, those in zip(numbers.analysis.curves, columns, strict=False):
        peak = peaks[curves.electrode]
        yield ElectrodeCurves(
            electrode=curves.electrode,
            peak_current_a=peak.peak_current_a,
            peak_potential_v=peak.peak_potential_v,
            **{name: tuple(islice(rounded, len(values))) for name, values in those.items()},
        )


def _rounded(values: FloatArray) -> list[float]:
    """Six digits: more than a screen shows, and half the message.

    A whole number over a power of ten up to 1e22, which is exact, is the nearest double to what the
    digits say, so it is written with these digits alone.
    """
    with np.errstate(divide="ignore"):
        magnitudes = np.floor(np.log10(np.abs(values)))
    places = _DIGITS - 1 - np.where(np.isfinite(magnitudes), magnitudes, 0.0)
    scales = _POWERS[np.clip(places, 0, len(_POWERS) - 1).astype(np.intp)]
    rounded = np.round(values * scales) / scales
    for k in np.flatnonzero((places < 0) | (places >= len(_POWERS))):
        rounded[k] = float(f"{values[k]:.{_DIGITS}g}")
    numbers: list[float] = rounded.tolist()
    return numbers
