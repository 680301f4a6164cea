"""What the agent read in one file of its folder: a figure, what was found, and what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dashboard.axes import Prefix, prefix_for
from dashboard.figures import COLOURS, DASHES, Figure, axis, encoded, frequency_label, layout, lean
from sacmes_core.analysis.cv.segments import find_segments
from sacmes_core.flags import SENTENCES
from sacmes_core.payloads.preview import PreviewCurve, PreviewReply, PreviewScan
from sacmes_core.settings.parts import Technique

FORMATS: Final[Mapping[str, str]] = {
    "chi": "CH Instruments text",
    "eclab": "EC-Lab text (BioLogic)",
    "gamry": "Gamry DTA",
    "generic": "columns of numbers",
    "lines": "lines of an instrument",
    "methodscript": "MethodSCRIPT (PalmSens)",
    "nova": "NOVA text (Metrohm Autolab)",
    "pssession": "PSTrace session (PalmSens)",
    "pstrace": "PSTrace text (PalmSens)",
    "recording": "recording of a sacmes agent",
    "rodeostat": "Rodeostat (IO Rodeo)",
}
TECHNIQUES: Final[Mapping[str, str]] = {
    "swv": "square-wave voltammogram",
    "dpv": "differential pulse voltammogram",
    "cv": "cyclic voltammogram",
    "lsv": "linear sweep voltammogram",
    "ca": "current over time after a potential step",
}
_MEASURED: Final[Mapping[Technique, tuple[str, ...]]] = {
    "swv": ("swv", "dpv"),
    "frequency_map": ("swv",),
    "cv": ("cv", "lsv"),
    "ca": ("ca",),
}
"""What a file may hold for a session of each technique."""
_ELECTRODES_DRAWN: Final = 8
_SEGMENTS_TOLD: Final = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the session that is about to start expects of a file."""

    technique: Technique
    electrodes: tuple[int, ...] = ()
    frequencies_hz: tuple[float, ...] = ()


def found_words(reply: PreviewReply) -> list[tuple[str, str]]:
    """What was read, as pairs of a name and its words; nothing where nothing could be read."""
    if not reply.scans:
        return []
    scan = reply.scans[0]
    electrodes = ", ".join(map(str, scan.electrodes)) or "none"
    lines = [
        ("File", f"{reply.file}, {_size(reply.size_bytes)}"),
        ("Format", FORMATS.get(scan.format, scan.format)),
        ("Holds", _holds(reply, scan)),
        ("Electrodes", electrodes),
        ("Points", f"{scan.points:,}, {_range_words(scan)}"),
    ]
    segments = _segments_words(scan)
    if segments:
        lines.append(("Segments", segments))
    if scan.measured_at is not None:
        lines.append(("Measured", f"{scan.measured_at:%Y-%m-%d %H:%M:%S}"))
    return lines


def mistakes(reply: PreviewReply, wanted: Wanted) -> list[str]:
    """What does not fit, each in a sentence that says what to do."""
    if reply.problem is not None:
        return [reply.problem]
    if not reply.scans:
        return ["The file holds no scan."]
    scan = reply.scans[0]
    found = []
    if scan.technique is not None and scan.technique not in _MEASURED[wanted.technique]:
        held = TECHNIQUES.get(scan.technique, scan.technique)
        found.append(
            f"The file holds a {held}; choose that technique above, or other files. If it is "
            "something else, say which column is what."
        )
    missing = [e for e in wanted.electrodes if e not in scan.electrodes]
    if missing:
        found.append(
            f"Electrode {', '.join(map(str, missing))} is not in the file, which has "
            f"{', '.join(map(str, scan.electrodes)) or 'none'}; correct the electrodes, or the "
            "column of the current and the spacing."
        )
    off = scan.frequency_hz is not None and wanted.frequencies_hz
    if off and not any(abs(f - (scan.frequency_hz or 0)) < 1e-6 * f for f in wanted.frequencies_hz):
        found.append(
            f"The file was measured at {frequency_label(scan.frequency_hz)}, which is not among "
            "the frequencies of the run."
        )
    if scan.frequency_hz is None and wanted.technique == "frequency_map":
        found.append(
            "Neither the file nor its name says the frequency, without which there is no map; name "
            "the files for example SWV_15Hz_1.txt."
        )
    if scan.incomplete:
        found.append(scan.incomplete)
    return found + [SENTENCES.get(flag, flag) for flag in scan.flags]


def preview_figure(scan: PreviewScan, segments: tuple[int, ...] = ()) -> bytes:
    """The currents of a scan as the chosen columns give them, a cycle sweep by sweep.

    Parameters
    ----------
    segments
        Sweeps of a cycle to be seen before the others; empty for all alike.
    """
    electrodes = sorted({c.electrode for c in scan.curves})[:_ELECTRODES_DRAWN]
    curves = [c for c in scan.curves if c.electrode in electrodes]
    prefix = prefix_for((i for c in curves for i in c.current_a), "A")
    over_time = all(not c.potential_v or scan.technique == "ca" for c in curves)
    cycle = scan.technique in ("cv", "lsv") and not over_time
    traces: list[Figure] = []
    for curve in curves:
        if cycle:
            traces += _sweeps(curve, prefix, segments, several=len(electrodes) > 1)
        elif not over_time or curve.time_s is not None:
            traces.append(_whole(curve, prefix, over_time=over_time))
    frame = layout(f"preview/{scan.technique}/{scan.points}")
    frame |= {
        "xaxis": axis("Time / s" if over_time else "Potential / V"),
        "yaxis": axis(f"Current / {prefix.unit}"),
        "hovermode": "closest",
        "showlegend": len(traces) > 1,
    }
    return encoded(traces, frame, pale=False)


def _whole(curve: PreviewCurve, prefix: Prefix, *, over_time: bool) -> Figure:
    """One curve; the currents of the single pulses are thinner than their difference."""
    main = curve.role in ("difference", "total")
    times = curve.time_s or ()
    name = f"E{curve.electrode}" + ("" if main else f" {curve.role}")
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": lean(times if over_time else curve.potential_v),
        "y": lean([None if i is None else i * prefix.factor for i in curve.current_a]),
        "line": {
            "color": f"@{(curve.electrode - 1) % COLOURS}",
            "width": 1.8 if main else 1,
            "dash": "solid" if main else "dot" if curve.role == "forward" else "dash",
        },
        "hovertemplate": f"%{{y:.4~g}} {prefix.unit} at %{{x:.4~g}}<extra>{name}</extra>",
    }


def _sweeps(
    curve: PreviewCurve, prefix: Prefix, chosen: tuple[int, ...], *, several: bool
) -> list[Figure]:
    """A cycle with each sweep in its own colour, of several electrodes with its own dash."""
    traces = []
    for segment in find_segments(np.array(curve.potential_v, dtype=np.float64)):
        part = slice(segment.start, segment.end + 1)
        number = segment.number
        electrode = f"E{curve.electrode} " if several else ""
        look = {
            "color": f"@{(curve.electrode if several else number) % COLOURS}",
            "width": 1.8,
            "dash": DASHES[(number - 1) % len(DASHES)] if several else "solid",
        }
        name = f"{electrode}segment {number}"
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name[0].upper() + name[1:],
                "x": lean(curve.potential_v[part]),
                "y": lean(
                    [None if i is None else i * prefix.factor for i in curve.current_a[part]]
                ),
                "line": look,
                "opacity": 0.3 if chosen and number not in chosen else 1.0,
                "hovertemplate": f"%{{y:.4~g}} {prefix.unit} at %{{x:.4~g}} V<extra>{name}</extra>",
            }
        )
    return traces or [_whole(curve, prefix, over_time=False)]


def _segments_words(scan: PreviewScan) -> str:
    """The sweeps of a cycle with where they go."""
    curve = next((c for c in scan.curves if c.potential_v), None)
    if curve is None or scan.technique not in ("cv", "lsv"):
        return ""
    found = find_segments(np.array(curve.potential_v, dtype=np.float64))
    words = [f"{s.number} from {s.start_v:.3g} to {s.end_v:.3g} V" for s in found[:_SEGMENTS_TOLD]]
    if len(found) > _SEGMENTS_TOLD:
        words.append(f"{len(found) - _SEGMENTS_TOLD} more")
    return "; ".join(words).replace("-", "−")


def _holds(reply: PreviewReply, scan: PreviewScan) -> str:
    parts = [TECHNIQUES.get(scan.technique or "", scan.technique or "curves of unknown technique")]
    if scan.frequency_hz is not None:
        parts.append(frequency_label(scan.frequency_hz))
    if scan.number is not None:
        parts.append(f"number {scan.number}")
    if reply.scans_in_file > 1:
        parts.append(f"the first of {reply.scans_in_file:,} scans")
    return ", ".join(parts)


def _range_words(scan: PreviewScan) -> str:
    """From where to where the scan goes."""
    curve = next(iter(scan.curves), None)
    if curve is None:
        return "no curve"
    values: Sequence[float] = curve.potential_v
    unit = "V"
    if not values or scan.technique == "ca":
        values, unit = curve.time_s or (), "s"
    if not values:
        return "neither potential nor time"
    return f"{min(values):.4g} to {max(values):.4g} {unit}".replace("-", "−")


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1000:,.1f} kB" if size_bytes >= 1000 else f"{size_bytes} bytes"
