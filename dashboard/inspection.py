"""One scan looked at closely: which one, its neighbours, its layers and its numbers."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from dashboard.axes import Prefix, calm_bounds, prefix_for, quantity, with_error
from dashboard.blocks import Cell, Column
from dashboard.figures import COLOURS, Figure, axis, encoded, layout, lean, scan_label
from dashboard.flag_words import flag_name, flag_sentences
from dashboard.trend import Scan, Trend
from sacmes_core.payloads.replies import ScanReply
from sacmes_core.payloads.results import Curves, ElectrodeCurves, ElectrodeResult
from sacmes_core.settings.peak import PeakSettings

Layer = Literal["measured", "smoothed", "baseline", "corrected", "forward", "reverse", "peak"]
LAYERS: Final[Mapping[Layer, str]] = {
    "measured": "Net",
    "smoothed": "Smoothed",
    "baseline": "Baseline",
    "peak": "Peak",
    "corrected": "Corrected",
    "forward": "Forward",
    "reverse": "Reverse",
}
LAYERS_FIRST: Final[tuple[Layer, ...]] = ("measured", "smoothed", "baseline", "peak")
NEIGHBOURS: Final = 5
ELECTRODES_MAX: Final = 4
_DASHES: Final = {"smoothed": "solid", "baseline": "dash", "forward": "dashdot", "reverse": "dot"}
_NUMBERS: Final = (
    ("Peak current", "peak_current_a", "peak_current_se_a", "A"),
    ("Peak potential", "peak_potential_v", "peak_potential_se_v", "V"),
    ("Width at half height", "fwhm_v", "fwhm_se_v", "V"),
    ("Area", "area_av", "area_se_av", "A·V"),
    ("Normalised", "normalised", "normalised_se", ""),
    ("KDM", "kdm", "kdm_se", ""),
    ("Ratio high / low", "ratio", "ratio_se", ""),
)


@dataclass(frozen=True, slots=True)
class Around:
    """A scan among the others.

    Attributes
    ----------
    place, of
        The scan is number `place` of so many that are stepped through.
    previous, following
        Where a step leads; None at the ends.
    near
        Scans of the same frequency with their distance from this one.
    """

    scan: Scan
    place: int
    of: int
    previous: Scan | None
    following: Scan | None
    near: tuple[tuple[int, Scan], ...]


def around(
    trend: Trend | None, place: tuple[int, int] | None, frequency_hz: float | None
) -> Around | None:
    """The scan at a position and index, else the newest one, among the others.

    Parameters
    ----------
    frequency_hz
        Step through the scans of this frequency alone; None for all.
    """
    if trend is None:
        return None
    every = trend.newest_revisions()
    scans = every if frequency_hz is None else [s for s in every if s.frequency_hz == frequency_hz]
    if not scans:
        return None
    found = len(scans) - 1
    if place is not None:
        found = max(0, bisect_right(scans, place, key=_place) - 1)
    scan = scans[found]
    return Around(
        scan,
        found + 1,
        len(scans),
        scans[found - 1] if found else None,
        scans[found + 1] if found + 1 < len(scans) else None,
        tuple(_near(every, scan)),
    )


def _near(scans: Sequence[Scan], scan: Scan) -> Iterator[tuple[int, Scan]]:
    """Up to `NEIGHBOURS` of the same frequency on each side."""
    here = bisect_left(scans, _place(scan), key=_place)
    for sign, beside in ((-1, reversed(scans[:here])), (1, iter(scans[here + 1 :]))):
        same = (s for s in beside if s.frequency_hz == scan.frequency_hz)
        for distance, other in enumerate(islice(same, NEIGHBOURS), start=1):
            yield sign * distance, other


def found_scan(trend: Trend | None, text: str, frequency_hz: float | None) -> Scan | None:
    """The newest scan with this number or, of any frequency, with this in its file name."""
    wanted = text.strip().lower()
    if trend is None or not wanted:
        return None
    newest = trend.newest_revisions()[::-1]
    if wanted.isdecimal():
        for scan in newest:
            if scan.number == int(wanted) and frequency_hz in (None, scan.frequency_hz):
                return scan
    return next((s for s in newest if wanted in s.file.lower()), None)


def heading(found: Around) -> str:
    """Which scan it is, for the line above the chart."""
    scan = found.scan
    label = scan_label(scan, scan.position)
    again = f"revision {scan.revision}" if scan.revision > 1 else ""
    return " · ".join(part for part in (label, scan.file, again) if part)


def reply_label(reply: ScanReply) -> str:
    """Which scan the analyzer has answered with."""
    return scan_label(reply.result.scan, reply.result.position)


def electrodes_of(reply: ScanReply) -> tuple[int, ...]:
    """The electrodes of the scan."""
    return tuple(e.electrode for e in reply.result.electrodes)


@dataclass(frozen=True, slots=True)
class Looked:
    """What is looked at in one chart.

    Attributes
    ----------
    sides
        The same scan read as its forward and reverse currents, as far as they were asked for.
    neighbours
        Scans around it with their distance in scans, drawn fainter the farther they are.
    electrodes
        Those to draw.
    """

    reply: ScanReply
    layers: Sequence[Layer]
    electrodes: tuple[int, ...]
    sides: Mapping[str, ScanReply]
    neighbours: Sequence[tuple[int, ScanReply]]


def inspection_figure(looked: Looked) -> bytes:
    """The layers of a scan in one chart, over its neighbours."""
    drawn = _lines(looked)
    every = [v for line in drawn for v in line["y"] if v is not None]
    prefix = prefix_for(every, "A")
    for line in drawn:
        line["y"] = lean([v * prefix.factor for v in line["y"]])
        line["hovertemplate"] = (
            f"%{{y:.4~g}} {prefix.unit} at %{{x:.4f}} V<extra>{line['name']}</extra>"
        )
    alone = "corrected" in looked.layers and not {"measured", "smoothed"} & set(looked.layers)
    frame = layout(f"{looked.reply.result.session_id}/inspector/{alone}")
    frame |= {"hovermode": "closest", "showlegend": True, "xaxis": axis("Potential / V")}
    frame["yaxis"] = axis(f"{'Current over the baseline' if alone else 'Current'} / {prefix.unit}")
    frame["yaxis"]["range"] = calm_bounds((v * prefix.factor for v in every), headroom=0.08)
    return encoded(drawn, frame, pale=False)


def number_columns(reply: ScanReply, electrodes: Sequence[int]) -> list[Column]:
    """Headings of the table of numbers, the first of which says of which scan they are."""
    return [Column(reply_label(reply)), *(Column(f"E{e}", "right") for e in electrodes)]


def number_rows(reply: ScanReply, electrodes: Sequence[int]) -> list[list[Cell]]:
    """Each number with its standard error, one column for each electrode, flags in words."""
    found = {e.electrode: e for e in reply.result.electrodes}
    results = [found.get(e) for e in electrodes]
    rows = [
        [Cell(label, tone="muted"), *(_number(r, name, error, unit) for r in results)]
        for label, name, error, unit in _NUMBERS
    ]
    rows.insert(1, [Cell("Signal to noise", tone="muted"), *(_snr(r) for r in results)])
    scan = reply.result.flags
    flags = [tuple(dict.fromkeys((*scan, *(r.flags if r else ())))) for r in results]
    rows.append([Cell("Flags", tone="muted"), *map(_flags_cell, flags)])
    return rows


def flag_lines(reply: ScanReply, electrodes: Sequence[int]) -> list[tuple[str, str]]:
    """The flags of the scan: name, and what it says and what to do."""
    if reply.result.error is not None:
        return [("Not analysed", reply.result.error)]
    flags = dict.fromkeys(reply.result.flags)
    for electrode in reply.result.electrodes:
        if electrode.electrode in electrodes:
            flags |= dict.fromkeys(electrode.flags)
    return [(flag_name(flag), flag_sentences((flag,))) for flag in flags]


def made_with(reply: ScanReply, peak: PeakSettings | None) -> str:
    """The method and the settings that made the numbers, as far as they are not the usual ones."""
    result = reply.result
    parts = [result.method or "no method", f"settings revision {result.settings_revision}"]
    if peak is not None:
        usual = PeakSettings().model_dump()
        held = peak.at_frequency(result.scan.frequency_hz).model_dump(exclude={"cv", "ca"})
        parts += [
            f"{name.replace('_', ' ')} {value}"
            for name, value in held.items()
            if name != "method" and value != usual[name]
        ]
    return " · ".join(parts)


def _place(scan: Scan) -> tuple[int, int]:
    return scan.position, scan.index


def _number(result: ElectrodeResult | None, name: str, error: str, unit: str) -> Cell:
    value = None if result is None else getattr(result, name)
    if value is None:
        return Cell("–", tone="muted")
    prefix = prefix_for([value], unit) if unit else Prefix("", 1.0)
    se = getattr(result, error)
    title = "" if se is None else "± one standard error"
    return Cell(with_error(value, se, prefix), title=title)


def _snr(result: ElectrodeResult | None) -> Cell:
    if result is None or result.peak_current_a is None or not result.peak_current_se_a:
        return Cell("–", tone="muted")
    return Cell(quantity(abs(result.peak_current_a) / result.peak_current_se_a, "", 3).strip())


def _flags_cell(flags: tuple[str, ...]) -> Cell:
    if not flags:
        return Cell("none", tone="muted")
    return Cell(", ".join(map(flag_name, flags)), title=flag_sentences(flags), tone="attention")


def _lines(looked: Looked) -> list[Figure]:
    several = len(looked.electrodes) > 1
    drawn: list[Figure] = []
    for distance, other in sorted(looked.neighbours, key=lambda n: -abs(n[0])):
        curves = _curves(other.curves, looked.electrodes)
        drawn += [_neighbour(curve, distance, other, several=several) for curve in curves]
    for curve in _curves(looked.reply.curves, looked.electrodes):
        drawn += _layers(curve, looked.layers, several=several)
    for side, read in looked.sides.items():
        for curve in _curves(read.curves, looked.electrodes):
            colour = _colour(curve, 3 if side == "forward" else 4, several=several)
            line = {"color": colour, "width": 1.6, "dash": _DASHES[side]}
            drawn.append(_curve(curve, curve.current_a, _named(side, curve, several), line=line))
    return drawn


def _curves(curves: Curves | None, electrodes: tuple[int, ...]) -> list[ElectrodeCurves]:
    found = () if curves is None else curves.electrodes
    return [c for c in found if c.electrode in electrodes and c.potential_v]


def _layers(curve: ElectrodeCurves, layers: Sequence[Layer], *, several: bool) -> list[Figure]:
    colour = _colour(curve, 0, several=several)
    drawn = []
    if "measured" in layers:
        dots = {"mode": "markers", "marker": {"color": colour, "size": 4}, "opacity": 0.55}
        drawn.append(_curve(curve, curve.current_a, _named("measured", curve, several), **dots))
    for layer, values_a in (("smoothed", curve.smoothed_a), ("baseline", curve.baseline_a)):
        if layer in layers and values_a is not None:
            first = layer == "smoothed"
            line = {"color": colour if first else "@muted", "width": 2.0 if first else 1.4}
            line |= {"dash": _DASHES[layer]}
            drawn.append(_curve(curve, values_a, _named(layer, curve, several), line=line))
    if "corrected" in layers and curve.baseline_a is not None:
        above = curve.smoothed_a or curve.current_a
        corrected = [a - b for a, b in zip(above, curve.baseline_a, strict=True)]
        line = {"color": _colour(curve, 2, several=several), "width": 2.0}
        drawn.append(_curve(curve, corrected, _named("corrected", curve, several), line=line))
    if "peak" in layers and (peak := _peak(curve, several=several)) is not None:
        drawn.append(peak)
    return drawn


def _peak(curve: ElectrodeCurves, *, several: bool) -> Figure | None:
    """The height of the peak as a line from the baseline up."""
    potential_v, baseline_a = curve.peak_potential_v, curve.baseline_a
    if potential_v is None or curve.peak_current_a is None or baseline_a is None:
        return None
    nearest = min(range(len(baseline_a)), key=lambda k: abs(curve.potential_v[k] - potential_v))
    foot_a = baseline_a[nearest]
    marker = {"color": "@1", "size": [0, 9], "line": {"color": "@paper", "width": 1.5}}
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": _named("peak", curve, several),
        "x": [round(potential_v, 6)] * 2,
        "y": [foot_a, foot_a + curve.peak_current_a],
        "line": {"color": "@1", "width": 1.4},
        "marker": marker,
    }


def _neighbour(curve: ElectrodeCurves, distance: int, reply: ScanReply, *, several: bool) -> Figure:
    number = reply.result.scan.number
    name = f"scan {number}" if number is not None else f"{distance:+d}"
    faint = 0.6 * (1 - (abs(distance) - 1) / (NEIGHBOURS + 1))
    line = {"color": _colour(curve, 5 if distance > 0 else 2, several=several), "width": 1.2}
    values_a = curve.smoothed_a or curve.current_a
    drawn = _curve(curve, values_a, _named(name, curve, several), line=line)
    return drawn | {"opacity": round(faint, 2), "showlegend": False}


def _curve(curve: ElectrodeCurves, values_a: Sequence[float], name: str, **look: Any) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [round(v, 6) for v in curve.potential_v],
        "y": list(values_a),
    } | look


def _named(what: str, curve: ElectrodeCurves, several: bool) -> str:
    return f"E{curve.electrode} {what}" if several else what


def _colour(curve: ElectrodeCurves, single: int, *, several: bool) -> str:
    return f"@{(curve.electrode - 1 if several else single) % COLOURS}"
