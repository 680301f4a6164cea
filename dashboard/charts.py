"""The trend as a Plotly figure, made from what is known and how the page wants to see it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import Any, Final, Literal

from dashboard.axes import Prefix, calm_bounds, growing_bounds, prefix_for, thinned
from dashboard.figures import (
    COLOURS,
    DASHES,
    SYMBOLS,
    Figure,
    axis,
    encoded,
    frequency_label,
    layout,
    lean,
)
from dashboard.trend import Peak, Scan, Trend

Quantity = Literal["absolute", "normalised", "kdm", "ratio"]
_OF_PAIRS: Final = ("kdm", "ratio")
Abscissa = Literal["number", "elapsed", "clock"]

MARKERS_UP_TO: Final = 400


@dataclass(frozen=True, slots=True)
class TrendView:
    """What a page wants to see of a trend.

    Attributes
    ----------
    electrodes
        Electrodes to draw; empty for all.
    pale
        Whether the numbers are not of the present and are drawn pale.
    zone
        Time zone of the viewer, for the clock.
    """

    quantity: Quantity = "absolute"
    abscissa: Abscissa = "number"
    electrodes: tuple[int, ...] = ()
    pale: bool = False
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """One electrode at one frequency, scans in drawing order."""

    electrode: int
    frequency_hz: float | None
    scans: tuple[Scan, ...]
    peaks: tuple[Peak | None, ...]

    def values(self, quantity: Quantity) -> list[float | None]:
        return [_value(peak, quantity) for peak in self.peaks]


@lru_cache(maxsize=48)
def trend_figure(trend: Trend, view: TrendView) -> bytes:
    """The trend as a Plotly figure in JSON.

    Parameters
    ----------
    trend
        Scans of one epoch; gaps in the scan numbers, errors and missing values are gaps.
    view
        Which quantity over which abscissa, for which electrodes.
    """
    lines = _lines(trend, view)
    every = [v for line in lines for v in line.values(view.quantity)]
    prefix = prefix_for(every, "A") if view.quantity == "absolute" else Prefix("", 1.0)
    styles = _styles(lines, several=len(electrodes_in(trend)) > 1)
    start = min((s.measured_at for s in trend.scans if s.measured_at is not None), default=0.0)
    longest_s = max((s.measured_at - start for s in trend.scans if s.measured_at), default=0.0)
    unit_s, unit_name = _time_unit(longest_s)
    traces = [
        _trend_trace(line, view, prefix, styles[number], _Times(start, unit_s))
        for number, line in enumerate(lines)
    ]
    xaxis = _abscissa_axis(view, traces, unit_name)
    yaxis = axis(_ordinate_title(view.quantity, prefix))
    yaxis["range"] = calm_bounds(v * prefix.factor for v in every if v is not None)
    frame = layout(f"{trend.session_id}/trend/{view.quantity}/{view.abscissa}")
    frame |= {"xaxis": xaxis, "yaxis": yaxis, "hovermode": "x unified", "showlegend": True}
    if all(v is None for v in every):
        frame["annotations"] = [_nothing_yet(view.quantity)]
    return encoded(traces, frame, pale=view.pale)


def electrodes_in(trend: Trend | None) -> tuple[int, ...]:
    """The electrodes that have a number in the trend, in order."""
    scans = trend.scans if trend is not None else ()
    return tuple(sorted({p.electrode for s in scans for p in s.peaks}))


@dataclass(frozen=True, slots=True)
class _Times:
    start: float
    unit_s: float


def _lines(trend: Trend, view: TrendView) -> list[_Line]:
    wanted = view.electrodes or electrodes_in(trend)
    by_frequency: dict[float | None, list[Scan]] = {}
    for scan in trend.newest_revisions():
        by_frequency.setdefault(scan.frequency_hz, []).append(scan)
    lines = []
    for electrode in wanted:
        for frequency_hz in sorted(by_frequency, key=lambda f: (f is None, f or 0.0)):
            scans = sorted(by_frequency[frequency_hz], key=_drawing_order)
            peaks = [next((p for p in s.peaks if p.electrode == electrode), None) for s in scans]
            line = _Line(electrode, frequency_hz, tuple(scans), tuple(peaks))
            values = line.values(view.quantity)
            if view.quantity not in _OF_PAIRS or any(v is not None for v in values):
                lines.append(line)
    return lines


def _drawing_order(scan: Scan) -> tuple[int, int]:
    return (scan.number if scan.number is not None else scan.position, scan.position)


def _styles(lines: Sequence[_Line], *, several: bool) -> list[tuple[str, str, str, str]]:
    """Colour, dash, symbol and name of each line: two codes beside the colour, never it alone."""
    electrodes = sorted({line.electrode for line in lines})
    frequencies = sorted({line.frequency_hz for line in lines}, key=lambda f: (f is None, f or 0.0))
    styles = []
    for line in lines:
        e, f = electrodes.index(line.electrode), frequencies.index(line.frequency_hz)
        colour = line.electrode - 1 if several else f
        names = [f"E{line.electrode}"] if several or len(frequencies) == 1 else []
        if len(frequencies) > 1:
            names.append(frequency_label(line.frequency_hz))
        code = f if len(frequencies) > 1 else e
        dash, symbol = DASHES[code % len(DASHES)], SYMBOLS[code % len(SYMBOLS)]
        styles.append((f"@{colour % COLOURS}", dash, symbol, " · ".join(names)))
    return styles


def _trend_trace(
    line: _Line, view: TrendView, prefix: Prefix, style: tuple[str, str, str, str], times: _Times
) -> Figure:
    colour, dash, symbol, name = style
    values = line.values(view.quantity)
    kept = thinned(values)
    unit = f" {prefix.unit}" if prefix.unit else ""
    x: list[Any] = []
    y: list[float | None] = []
    errors: list[str] = []
    symbols: list[str] = []
    gaps = _gaps(line.scans)
    for place in kept:
        scan, value, peak = line.scans[place], values[place], line.peaks[place]
        if len(kept) == len(values) and place in gaps:
            x.append(_x(scan, line, view, times, int(place)))
            y.append(None)
            errors.append("")
            symbols.append(symbol)
        x.append(_x(scan, line, view, times, int(place)))
        y.append(None if value is None else value * prefix.factor)
        error = _error(peak, view.quantity)
        errors.append(f"{unit}" if error is None else f" ± {error * prefix.factor:.2g}{unit}")
        flagged = scan.flags or (peak is not None and peak.flags)
        symbols.append(f"{symbol}-open" if flagged else symbol)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": x,
        "y": lean(y),
        "connectgaps": False,
        "line": {"color": colour, "dash": dash, "width": 1.5},
        "marker": _markers(symbols, colour),
        "text": errors,
        "hovertemplate": "%{y:.4~g}%{text}",
    }


def _markers(symbols: list[str], colour: str) -> Figure:
    """Dots for each point; of many, those alone that are flagged."""
    size: int | list[int] = 6 if len(symbols) <= MARKERS_UP_TO / 4 else 4
    if len(symbols) > MARKERS_UP_TO:
        size = [6 if symbol.endswith("-open") else 0 for symbol in symbols]
    rim = {"width": 1.5, "color": colour}
    return {"color": colour, "symbol": symbols, "size": size, "line": rim}


def _x(scan: Scan, line: _Line, view: TrendView, times: _Times, place: int) -> Any:
    if view.abscissa == "number":
        return scan.number if scan.number is not None else place + 1
    if scan.measured_at is None:
        return None
    if view.abscissa == "elapsed":
        return round((scan.measured_at - times.start) / times.unit_s, 4)
    moment = datetime.fromtimestamp(scan.measured_at, view.zone)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")


def _gaps(scans: Sequence[Scan]) -> set[int]:
    """Places before which a scan number is missing, so that no line bridges the hole."""
    numbers = [s.number for s in scans]
    steps = [b - a for a, b in pairwise(numbers) if a is not None and b is not None and b > a]
    if not steps:
        return set()
    usual = median(steps)
    return {
        place
        for place, (a, b) in enumerate(pairwise(numbers), start=1)
        if a is not None and b is not None and b - a > 1.5 * usual
    }


def _value(peak: Peak | None, quantity: Quantity) -> float | None:
    if peak is None:
        return None
    value = {
        "absolute": peak.current_a,
        "normalised": peak.normalised,
        "kdm": peak.kdm,
        "ratio": peak.ratio,
    }[quantity]
    return value if value is not None and math.isfinite(value) else None


def _error(peak: Peak | None, quantity: Quantity) -> float | None:
    """The standard error of a value."""
    if peak is None:
        return None
    return {
        "absolute": peak.current_se_a,
        "normalised": peak.normalised_se,
        "kdm": peak.kdm_se,
        "ratio": peak.ratio_se,
    }[quantity]


def _abscissa_axis(view: TrendView, traces: Sequence[Figure], unit_name: str) -> Figure:
    if view.abscissa == "clock":
        return axis("Time of day") | {"type": "date"}
    scale = axis("Scan number" if view.abscissa == "number" else f"Elapsed time / {unit_name}")
    scale["range"] = growing_bounds(v for t in traces for v in t["x"])
    if view.abscissa == "number":
        scale["hoverformat"] = "d"
    return scale


def _ordinate_title(quantity: Quantity, prefix: Prefix) -> str:
    return {
        "absolute": f"Peak current / {prefix.unit}",
        "normalised": "Normalised peak current",
        "kdm": "KDM",
        "ratio": "Ratio of normalised currents, high to low frequency",
    }[quantity]


def _nothing_yet(quantity: Quantity) -> Figure:
    """What an empty chart waits for."""
    text = {
        "absolute": "No peak has been found yet",
        "normalised": "Waits for a peak in the scan that is normalised to",
        "kdm": "Waits for a scan number measured at both frequencies",
        "ratio": "Waits for a scan number measured at both frequencies",
    }[quantity]
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return place | {"text": text, "font": {"size": 14, "color": "@muted"}}


def _time_unit(longest_s: float) -> tuple[float, str]:
    if longest_s < 180:
        return 1.0, "s"
    return (60.0, "min") if longest_s < 3 * 3600 else (3600.0, "h")
