"""The trend of any number over the scans of a run, with its uncertainty, as a Plotly figure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Final

import numpy as np

from dashboard.axes import Prefix, calm_bounds, growing_bounds, thinned
from dashboard.figures import COLOURS, DASHES, SYMBOLS, Figure, axis, band, encoded, layout, lean
from dashboard.quantities import NOTHING, Measured, Quantity
from dashboard.series import Abscissa
from dashboard.trend import Peak, Scan, Trend
from dashboard.units import Units

BARS_UP_TO: Final = 80
"""With more scans the uncertainty is a band, which stays readable."""


@dataclass(frozen=True, slots=True)
class NumberView:
    """What a page wants to see.

    Attributes
    ----------
    name
        Of the quantity, for the zoom that is kept.
    electrodes
        To draw; empty for all.
    zone
        Time zone of the viewer.
    """

    name: str
    abscissa: Abscissa = "number"
    electrodes: tuple[int, ...] = ()
    units: Units = field(default_factory=Units)
    pale: bool = False
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    electrode: int
    x: tuple[Any, ...]
    numbers: tuple[Measured, ...]
    flagged: tuple[bool, ...]


@lru_cache(maxsize=8)
def number_figure(trend: Trend, quantity: Quantity, view: NumberView) -> bytes:
    """One quantity of each electrode over the scans."""
    scans = sorted(trend.newest_revisions(), key=_order)
    every = sorted({p.electrode for s in scans for p in s.peaks})
    wanted = [e for e in every if not view.electrodes or e in view.electrodes]
    times = [s.measured_at for s in scans if s.measured_at is not None]
    unit_s, unit_name = _time_unit(max(times) - min(times) if times else 0.0)
    start = min(times, default=0.0)
    x = [_x(scan, place, view, start, unit_s) for place, scan in enumerate(scans)]
    lines = [_line(scans, x, electrode, quantity) for electrode in wanted]
    values = [n.value for line in lines for n in line.numbers]
    scale = view.units.scale(quantity.dimension, values)
    traces: list[Figure] = []
    for line in lines:
        traces += _traces(line, scale, several=len(every) > 1)
    frame = layout(f"{trend.session_id}/{view.name}/{view.abscissa}")
    title = f"{quantity.title} / {scale.unit}" if scale.unit else quantity.title
    frame |= {
        "xaxis": _x_axis(view, x, unit_name),
        "yaxis": axis(title),
        "hovermode": "x unified",
        "showlegend": len(lines) > 1,
        "legend": frame["legend"] | {"traceorder": "normal"},
    }
    ends = [end for line in lines for n in line.numbers for end in _ends(n)]
    frame["yaxis"]["range"] = calm_bounds(end * scale.factor for end in ends)
    if all(v is None for v in values):
        frame["annotations"] = [_none_yet(quantity)]
    return encoded(traces, frame, pale=view.pale)


def newest_of(trend: Trend | None, electrode: int) -> tuple[Scan, Peak] | None:
    """The newest scan that has numbers of an electrode."""
    for scan in reversed(trend.newest_revisions() if trend is not None else ()):
        for peak in scan.peaks:
            if peak.electrode == electrode:
                return scan, peak
    return None


def _line(scans: Sequence[Scan], x: Sequence[Any], electrode: int, quantity: Quantity) -> _Line:
    peaks = [next((p for p in s.peaks if p.electrode == electrode), None) for s in scans]
    return _Line(
        electrode,
        tuple(x),
        tuple(NOTHING if p is None else quantity.read(p) for p in peaks),
        tuple(bool(s.flags or (p and p.flags)) for s, p in zip(scans, peaks, strict=True)),
    )


def _traces(line: _Line, scale: Prefix, *, several: bool) -> list[Figure]:
    values = [n.value for n in line.numbers]
    kept = [int(k) for k in thinned(np.array(values, dtype=np.float64))]
    place = (line.electrode - 1) if several else 0
    colour, symbol = f"@{place % COLOURS}", SYMBOLS[place % len(SYMBOLS)]
    x = [line.x[k] for k in kept]
    below = [_scaled(line.numbers[k].below, scale) for k in kept]
    above = [_scaled(line.numbers[k].above, scale) for k in kept]
    bars = len(kept) <= BARS_UP_TO
    flagged = [f"{symbol}-open" if line.flagged[k] else symbol for k in kept]
    y = lean([_scaled(values[k], scale) for k in kept])
    trace: Figure = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"E{line.electrode}",
        "x": x,
        "y": y,
        "connectgaps": False,
        "line": {"color": colour, "width": 1.5, "dash": DASHES[place % len(DASHES)]},
        "marker": {
            "color": colour,
            "size": 6 if bars else 3,
            "symbol": flagged,
            "line": {"width": 1.5 if bars else 0.8, "color": colour},
        },
        "text": [_spread(low, high) for low, high in zip(below, above, strict=True)],
        "hovertemplate": f"%{{y:.4~g}}%{{text}} {scale.unit}",
    }
    if bars:
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": lean([e or 0.0 for e in above]),
            "arrayminus": lean([e or 0.0 for e in below]),
            "color": colour,
            "thickness": 1,
            "width": 2,
        }
        return [trace]
    low = [None if v is None or e is None else v - e for v, e in zip(y, below, strict=True)]
    high = [None if v is None or e is None else v + e for v, e in zip(y, above, strict=True)]
    name = f"E{line.electrode} uncertainty"
    return [band(x, low, high, colour=colour, name=name) | {"showlegend": False}, trace]


def _ends(number: Measured) -> tuple[float, ...]:
    """How far a number reaches with its uncertainty."""
    if number.value is None:
        return ()
    return number.value - (number.below or 0.0), number.value + (number.above or 0.0)


def _spread(below: float | None, above: float | None) -> str:
    if below is None or above is None:
        return ""
    if abs(below - above) <= 0.05 * max(below, above, 1e-300):
        return f" ± {above:.2g}"
    return f" (−{below:.2g}, +{above:.2g})"


def _scaled(value: float | None, scale: Prefix) -> float | None:
    return None if value is None else value * scale.factor


def _order(scan: Scan) -> tuple[int, int, int]:
    number = scan.number if scan.number is not None else scan.position
    return number, scan.position, scan.index


def _x(scan: Scan, place: int, view: NumberView, start: float, unit_s: float) -> Any:
    if view.abscissa == "number":
        return scan.number if scan.number is not None else place + 1
    if scan.measured_at is None:
        return None
    if view.abscissa == "elapsed":
        return round((scan.measured_at - start) / unit_s, 4)
    moment = datetime.fromtimestamp(scan.measured_at, view.zone)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")


def _x_axis(view: NumberView, x: Sequence[Any], unit_name: str) -> Figure:
    if view.abscissa == "clock":
        return axis("Time of day") | {"type": "date"}
    title = "Scan number" if view.abscissa == "number" else f"Elapsed time / {unit_name}"
    return axis(title) | {"range": growing_bounds(v for v in x if v is not None)}


def _time_unit(longest_s: float) -> tuple[float, str]:
    if longest_s < 600:
        return 1.0, "s"
    return (60.0, "min") if longest_s < 3 * 3600 else (3600.0, "h")


def _none_yet(quantity: Quantity) -> Figure:
    return {
        "text": f"No {quantity.title.lower()} yet",
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "showarrow": False,
        "font": {"size": 13, "color": "@muted"},
    }
