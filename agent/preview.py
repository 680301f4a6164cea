"""The answer to a viewer's `preview`: what is read in one file of the watched folder.

The file is looked for among those that the folder lists, by its whole name: no path that was
asked for is ever opened.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agent.examination import local_time
from agent.listing import Listed
from agent.places import long_path
from agent.selection import name_belongs
from sacmes_core.errors import FormatError
from sacmes_core.formats.decode import decode
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.payloads.preview import PreviewCurve, PreviewQuery, PreviewReply, PreviewScan
from sacmes_core.payloads.replies import Problem
from sacmes_core.protocol import MAX_UPLOAD_BYTES
from sacmes_core.settings.parts import ELECTRODE_MAX, FREQUENCY_MAX_HZ, NUMBER_MAX
from sacmes_core.settings.source import SourceSettings
from sacmes_core.upload import too_large

TEXT_CHARACTERS: Final = 4000
SCANS_MAX: Final = 64
CURVES_MAX: Final = 512
NUMBERS_MAX: Final = 40_000
"""About half a megabyte of JSON."""
_DIGITS: Final = 7


def preview(
    query: PreviewQuery, root: Path, listing: Iterable[tuple[str, Listed]]
) -> PreviewReply | Problem:
    """What is read in the file that is asked for, or in the one that was written last."""
    source = SourceSettings(handle=query.handle, extension=query.extension)
    belonging = (
        (name, listed)
        for name, listed in listing
        if query.file in (None, name) and name_belongs(source, name.rpartition("/")[2])
    )
    found = max(belonging, key=lambda one: one[1].sighting.mtime_ns, default=None)
    if found is None:
        return _not_found(query, root)
    name, listed = found
    if not listed.path.resolve().is_relative_to(long_path(root).resolve()):
        return _not_found(query, root)
    reply = PreviewReply(
        source_name=str(root)[:1024],
        file=name[:1024],
        size_bytes=listed.sighting.size,
        modified_at=datetime.fromtimestamp(listed.sighting.mtime_ns / 1e9, UTC),
    )
    content = _content(listed)
    if isinstance(content, str):
        return reply.model_copy(update={"problem": content})
    return _read(reply, content, query)


def _not_found(query: PreviewQuery, root: Path) -> Problem:
    what = f"no file {query.file!r}" if query.file else "no file of this handle and extension"
    return Problem(
        type="not_found",
        title="No such file",
        detail=f"The agent sees {what} in {root}. Ask for the list of what it sees."[:2000],
    )


def _content(listed: Listed) -> bytes | str:
    """The file's bytes, or the sentence why they cannot be had."""
    if listed.in_cloud:
        return (
            "The file is only in the cloud; mark the folder as always kept on this device, "
            "and look again."
        )
    if listed.sighting.size > MAX_UPLOAD_BYTES:
        return too_large(listed.sighting.size)
    try:
        with listed.path.open("rb") as file:
            return file.read(MAX_UPLOAD_BYTES)
    except OSError as error:
        return (
            f"The file cannot be opened at the moment ({error.strerror}); the instrument may "
            "still be writing it. Look again in a few seconds."
        )


def _read(reply: PreviewReply, content: bytes, query: PreviewQuery) -> PreviewReply:
    try:
        text = decode(content)
    except FormatError as error:
        return reply.model_copy(update={"problem": error.reason})
    reply = reply.model_copy(update={"text": text[:TEXT_CHARACTERS]})
    try:
        scans = read(content, name=reply.file, mapping=query.reading.mapping())
    except FormatError as error:
        return reply.model_copy(update={"problem": error.reason})
    shown = _shown(scans[:SCANS_MAX], query.reading.electrodes)
    return reply.model_copy(update={"scans": shown, "scans_in_file": len(scans)})


def _shown(scans: Sequence[Scan], electrodes: Sequence[int]) -> tuple[PreviewScan, ...]:
    """The scans with as many curves and points as fit into an answer."""
    curves = [
        [c for c in scan.curves if not electrodes or c.electrode in electrodes] for scan in scans
    ]
    room = CURVES_MAX
    for k, held in enumerate(curves):
        curves[k] = [curve for curve in held if curve.electrode <= ELECTRODE_MAX][:room]
        room -= len(curves[k])
    numbers = sum(_columns(curve) * len(curve.current_a) for held in curves for curve in held)
    step = max(1, math.ceil(numbers / NUMBERS_MAX))
    return tuple(_scan(scan, held, step) for scan, held in zip(scans, curves, strict=True))


def _columns(curve: Curve) -> int:
    return 2 if curve.time_s is None else 3


def _scan(scan: Scan, curves: Sequence[Curve], step: int) -> PreviewScan:
    frequency_hz, number = scan.frequency_hz, scan.number
    return PreviewScan(
        index=scan.index,
        format=scan.format,
        technique=scan.technique,
        frequency_hz=frequency_hz if 0 < (frequency_hz or 0) <= FREQUENCY_MAX_HZ else None,
        number=number if number is not None and 0 <= number <= NUMBER_MAX else None,
        measured_at=local_time(scan.measured_at),
        electrodes=tuple(e for e in scan.electrodes if e <= ELECTRODE_MAX)[:ELECTRODE_MAX],
        points=scan.points,
        incomplete=scan.incomplete,
        flags=scan.flags,
        curves=tuple(_curve(curve, step) for curve in curves),
    )


def _curve(curve: Curve, step: int) -> PreviewCurve:
    potential_v = _rounded(curve.potential_v[::step])
    return PreviewCurve(
        electrode=curve.electrode,
        role=curve.role,
        points=len(curve.current_a),
        potential_v=potential_v if all(map(math.isfinite, potential_v)) else (),
        current_a=tuple(i if math.isfinite(i) else None for i in _rounded(curve.current_a[::step])),
        time_s=None if curve.time_s is None else _rounded(curve.time_s[::step]),
    )


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values)
