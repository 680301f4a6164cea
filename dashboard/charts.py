"""The trend as a Plotly figure, made from what is known and how the page wants to see it."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import numpy as np

from dashboard.axes import DRAWN_POINTS, Prefix, calm_bounds, growing_bounds, prefix_for, thinned
from dashboard.columns import FloatArray, IntArray, columns_of
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
from dashboard.marks import mark_words, mark_x
from dashboard.series import MEASURES, Series, series_of, start_of
from dashboard.series import Abscissa as Abscissa
from dashboard.series import Quantity as Quantity
from dashboard.series import TrendView as TrendView
from dashboard.trend import Trend
from sacmes_core.payloads.marks import Mark

MARKERS_UP_TO: Final = 400
ALL_POINTS: Final = 6000
"""Points of all lines together; with many lines each has fewer than `DRAWN_POINTS`."""
POINTS_MIN: Final = 300
ERROR_BARS_UP_TO: Final = 200
PANEL_COLUMNS: Final = 4
MARK_WORDS_UP_TO: Final = 24


@dataclass(frozen=True, slots=True)
class Scales:
    """From SI to what stands on the axes: y times `prefix.factor`, seconds over `unit_s`."""

    prefix: Prefix
    start_s: float
    unit_s: float
    unit_name: str


@lru_cache(maxsize=24)
def trend_figure(trend: Trend, view: TrendView, marks: tuple[Mark, ...] = ()) -> bytes:
    """The trend as a Plotly figure in JSON.

    Parameters
    ----------
    trend
        Scans of one epoch; gaps in the scan numbers, errors and missing values are gaps.
    view
        Which quantity over which abscissa, for which electrodes, and how.
    marks
        What is drawn as dotted lines with labels.
    """
    lines = series_of(trend, view)
    scales = scales_of(trend, view, lines)
    panels = _panels(lines, view)
    limit = max(POINTS_MIN, min(DRAWN_POINTS, ALL_POINTS // max(1, len(lines))))
    pens = _pens(lines, view, several=len(electrodes_in(trend)) > 1)
    drawn = [_Drawn(line, view, scales, limit) for line in lines]
    traces = [
        trace | _axes_of(panels.index(_panel_of(line, view)))
        for points, line, pen in zip(drawn, lines, pens, strict=True)
        for trace in points.traces(pen, first=_panel_of(line, view) == panels[0])
    ]
    frame = layout(f"{trend.session_id}/trend/{view.quantity}/{view.abscissa}/{view.arrangement}")
    frame |= {"hovermode": "x unified", "showlegend": True, "annotations": [], "shapes": []}
    places = _mark_places(trend, view, scales, marks)
    _add_axes(frame, panels, view, scales, lines, [x for _, x in places])
    _add_marks(frame, len(panels), [(m, _x_out([x], view)[0]) for m, x in places])
    if not any(np.isfinite(line.y).any() for line in lines):
        frame["annotations"].append(_nothing_yet(view.quantity))
    return encoded(traces, frame, pale=view.pale)


def electrodes_in(trend: Trend | None) -> tuple[int, ...]:
    """The electrodes that have a number in the trend, in order."""
    return columns_of(trend).electrodes if trend is not None else ()


def panel_rows(panels: int) -> int:
    """How many rows small charts of this number take."""
    return -(-panels // _panel_columns(panels))


def scales_of(trend: Trend, view: TrendView, lines: Sequence[Series]) -> Scales:
    """One SI prefix for all lines, and a unit of time that suits the length of the run."""
    unit = MEASURES[view.quantity].unit
    largest = [float(np.nanmax(np.abs(s.y))) for s in lines if np.isfinite(s.y).any()]
    prefix = prefix_for(largest, unit) if unit else Prefix("", 1.0)
    columns = columns_of(trend)
    start_s = start_of(columns)
    times = columns.measured_at[np.isfinite(columns.measured_at)]
    unit_s, unit_name = _time_unit(float(times.max()) - start_s if times.size else 0.0)
    return Scales(prefix, start_s, unit_s, unit_name)


def ordinate_title(quantity: Quantity, prefix: Prefix) -> str:
    """The quantity and the unit of its axis."""
    name = MEASURES[quantity].name
    return f"{name} / {prefix.unit}" if prefix.unit else name


def abscissa_title(view: TrendView, scales: Scales) -> str:
    """What the abscissa is, with its unit."""
    return {
        "number": "Scan number",
        "elapsed": f"Elapsed time / {scales.unit_name}",
        "clock": "Time of day",
    }[view.abscissa]


def x_on_axis(x: FloatArray, view: TrendView, scales: Scales) -> list[Any]:
    """Places as they stand on the abscissa."""
    return _x_out(_x_scaled(x, view, scales), view)


def mark_places(
    trend: Trend, view: TrendView, scales: Scales, marks: Sequence[Mark]
) -> list[tuple[Mark, Any]]:
    """The marks that have a place on the abscissa, with it."""
    return [(m, _x_out([x], view)[0]) for m, x in _mark_places(trend, view, scales, marks)]


def names_of(lines: Sequence[Series], view: TrendView, *, several: bool) -> list[str]:
    """What the lines are called."""
    return [pen.name for pen in _pens(lines, view, several=several)]


@dataclass(frozen=True, slots=True)
class _Pen:
    """How a line looks: two codes beside the colour, never it alone."""

    colour: str
    dash: str
    symbol: str
    name: str


class _Drawn:
    """The points of a line that are drawn, with a hole where a scan number is missing."""

    def __init__(self, line: Series, view: TrendView, scales: Scales, limit: int) -> None:
        gaps = _gaps(line.number)
        rows = np.insert(np.arange(line.x.size), gaps, gaps)
        holes = np.insert(np.zeros(line.x.size, bool), gaps, True)
        # np.insert gives the hole the place of the point that it stands before.
        y = np.where(holes, np.nan, line.y[rows])
        kept = thinned(y, limit, keep=np.flatnonzero(line.flagged[rows] & ~holes))
        self._rows, self._y = rows[kept], y[kept] * scales.prefix.factor
        self._error = np.where(holes, np.nan, line.error[rows])[kept] * scales.prefix.factor
        self._x = x_on_axis(line.x[self._rows], view, scales)
        self._flags = line.flagged[self._rows] & np.isfinite(self._y)
        self._long = len(self._x) > MARKERS_UP_TO
        self._line, self._view, self._unit = line, view, scales.prefix.unit

    def traces(self, pen: _Pen, *, first: bool) -> list[Figure]:
        """The line, below it the band of its errors."""
        with_errors = self._view.bands and bool(np.isfinite(self._error).any())
        several = self._view.group > 1 or self._view.arrangement == "averaged"
        bars = with_errors and several and len(self._x) <= ERROR_BARS_UP_TO
        curve = self._curve(pen) | {"legendgroup": pen.name, "showlegend": first}
        if bars:
            found = [e if np.isfinite(e) else 0.0 for e in self._error.tolist()]
            curve["error_y"] = {"array": lean(found), "thickness": 1, "width": 3}
        band = [self._band(pen)] if with_errors and not bars else []
        hollow = [self._flagged(pen)] if self._long and self._flags.any() else []
        return [*band, curve, *hollow]

    def _curve(self, pen: _Pen) -> Figure:
        curve = {
            "type": "scatter",
            "mode": "lines" if self._long else "lines+markers",
            "name": pen.name,
            "x": self._x,
            "y": _lean(self._y),
            "connectgaps": False,
            "line": {"color": pen.colour, "dash": pen.dash, "width": 1.5},
            "customdata": self._scans(),
        }
        if not self._long:
            open_ = self._line.flagged[self._rows].tolist()
            symbols = [f"{pen.symbol}-open" if f else pen.symbol for f in open_]
            curve["marker"] = _markers(symbols, pen.colour)
        return curve | self._said()

    def _flagged(self, pen: _Pen) -> Figure:
        """Of a long line, the points that are flagged: the others have no marker."""
        places = np.flatnonzero(self._flags).tolist()
        y = _lean(self._y)
        return {
            "type": "scatter",
            "mode": "markers",
            "name": f"{pen.name} flagged",
            "legendgroup": pen.name,
            "showlegend": False,
            "x": [self._x[k] for k in places],
            "y": [y[k] for k in places],
            "marker": _markers([f"{pen.symbol}-open"] * len(places), pen.colour),
            "hoverinfo": "skip",
        }

    def _said(self) -> Figure:
        """What pointing at a point says; of a long line in few bytes."""
        unit = f" {self._unit}" if self._unit else ""
        known = np.isfinite(self._error) | ~np.isfinite(self._y)
        if not self._long:
            return {"text": self._texts(unit), "hovertemplate": "%{y:.4~g}%{text}"}
        if not known.all() or not np.isfinite(self._error).any():
            return {"hovertemplate": f"%{{y:.4~g}}{unit}"}
        errors = [f"{e:.2g}" if e == e else "" for e in self._error.tolist()]
        return {"text": errors, "hovertemplate": f"%{{y:.4~g}} ± %{{text}}{unit}"}

    def _texts(self, unit: str) -> list[str]:
        return [
            f" ± {error:.2g}{unit}" if np.isfinite(error) else ("" if y != y else unit)
            for error, y in zip(self._error.tolist(), self._y.tolist(), strict=True)
        ]

    def _scans(self) -> list[Any]:
        """Which scan each point is, for who clicks on it; nothing for a point of several."""
        positions = self._line.position[self._rows].tolist()
        indices = self._line.index[self._rows].tolist()
        return [
            None if p < 0 else [p, i] if i else p for p, i in zip(positions, indices, strict=True)
        ]

    def _band(self, pen: _Pen) -> Figure:
        """The error as an area, one closed outline for each stretch without a hole."""
        there = np.isfinite(self._y) & np.isfinite(self._error)
        upper, lower = _lean(self._y + self._error), _lean(self._y - self._error)
        x: list[Any] = []
        y: list[float | None] = []
        edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(int)))
        for start, end in edges.reshape(-1, 2).tolist():
            x += [*self._x[start:end], *reversed(self._x[start:end]), None]
            y += [*upper[start:end], *reversed(lower[start:end]), None]
        return {
            "type": "scatter",
            "mode": "lines",
            "name": f"{pen.name} ± standard error",
            "legendgroup": pen.name,
            "showlegend": False,
            "x": x,
            "y": y,
            "fill": "toself",
            "fillcolor": pen.colour,
            "line": {"width": 0, "color": pen.colour},
            "opacity": 0.2,
            "hoverinfo": "skip",
        }


def _lean(values: FloatArray) -> list[float | None]:
    return lean([v if v == v else None for v in values.tolist()])


def _pens(lines: Sequence[Series], view: TrendView, *, several: bool) -> list[_Pen]:
    electrodes = sorted({line.electrode or 0 for line in lines})
    frequencies = sorted({line.frequency_hz for line in lines}, key=lambda f: (f is None, f or 0.0))
    pens = []
    for line in lines:
        f = frequencies.index(line.frequency_hz)
        code = f if len(frequencies) > 1 else electrodes.index(line.electrode or 0)
        colour = line.electrode - 1 if several and line.electrode is not None else f
        dash, symbol = DASHES[code % len(DASHES)], SYMBOLS[code % len(SYMBOLS)]
        name = _name(line, view, several=several, frequencies=len(frequencies))
        pens.append(_Pen(f"@{colour % COLOURS}", dash, symbol, name))
    return pens


def _name(line: Series, view: TrendView, *, several: bool, frequencies: int) -> str:
    frequency = [frequency_label(line.frequency_hz)] if frequencies > 1 else []
    if line.electrode is None:
        return " · ".join(["Mean of electrodes", *frequency])
    if view.arrangement == "side_by_side" and frequency:
        return frequency[0]
    electrode = [f"E{line.electrode}"] if several or frequencies == 1 else []
    return " · ".join([*electrode, *frequency])


def _markers(symbols: list[str], colour: str) -> Figure:
    """Dots for each point, smaller where there are many."""
    size = 6 if len(symbols) <= MARKERS_UP_TO / 4 else 4
    rim = {"width": 1.5, "color": colour}
    return {"color": colour, "symbol": symbols, "size": size, "line": rim}


def _gaps(number: FloatArray) -> IntArray:
    """Places before which a scan number is missing, so that no line bridges the hole."""
    steps = np.diff(number)
    if not (steps > 0).any():
        return np.array([], dtype=np.int64)
    return np.flatnonzero(steps > 1.5 * np.median(steps[steps > 0])) + 1


def _x_scaled(x: FloatArray, view: TrendView, scales: Scales) -> list[float]:
    if view.abscissa == "elapsed":
        return [round(v, 4) for v in (x / scales.unit_s).tolist()]
    scaled: list[float] = x.tolist()
    return scaled


def _x_out(x: Sequence[float], view: TrendView) -> list[Any]:
    if view.abscissa == "clock":
        return [
            datetime.fromtimestamp(v, view.zone)
            .replace(tzinfo=None)
            .isoformat(timespec="milliseconds")
            for v in x
        ]
    return [int(v) if v == int(v) and view.abscissa == "number" else round(v, 4) for v in x]


def _mark_places(
    trend: Trend, view: TrendView, scales: Scales, marks: Sequence[Mark]
) -> list[tuple[Mark, float]]:
    return [(m, x) for m in marks if (x := _mark_x(m, trend, view, scales)) is not None]


def _mark_x(mark: Mark, trend: Trend, view: TrendView, scales: Scales) -> float | None:
    """Where a mark stands, in the unit of the abscissa; on the clock in seconds since 1970."""
    x = mark_x(mark, columns_of(trend), view.abscissa)
    if x is None or view.abscissa != "elapsed":
        return x
    return (x - scales.start_s) / scales.unit_s


def _panels(lines: Sequence[Series], view: TrendView) -> list[int | None]:
    """What has a chart of its own."""
    return list(dict.fromkeys(_panel_of(line, view) for line in lines)) or [None]


def _panel_of(line: Series, view: TrendView) -> int | None:
    return line.electrode if view.arrangement == "side_by_side" else None


def _panel_columns(panels: int) -> int:
    return panels if panels < PANEL_COLUMNS else 2 if panels == PANEL_COLUMNS else PANEL_COLUMNS


def _axis_number(panel: int) -> str:
    return "" if panel == 0 else str(panel + 1)


def _axes_of(panel: int) -> Figure:
    number = _axis_number(panel)
    return {"xaxis": f"x{number}", "yaxis": f"y{number}"} if panel else {}


def _add_axes(
    frame: Figure,
    panels: Sequence[int | None],
    view: TrendView,
    scales: Scales,
    lines: Sequence[Series],
    marked: Sequence[float],
) -> None:
    """One pair of axes for each panel; all have the bounds of the first."""
    every = np.concatenate([s.y for s in lines]) if lines else np.array([])
    columns = _panel_columns(len(panels))
    rows = -(-len(panels) // columns)
    for place, panel in enumerate(panels):
        number, column, row = _axis_number(place), place % columns, place // columns
        lowest = place + columns >= len(panels)
        xaxis = axis(abscissa_title(view, scales) if lowest else "") | {"anchor": f"y{number}"}
        yaxis = axis(ordinate_title(view.quantity, scales.prefix) if column == 0 else "")
        yaxis |= {"anchor": f"x{number}"}
        if len(panels) > 1:
            xaxis |= {"domain": _share(column, columns, 0.03), "showticklabels": lowest}
            yaxis |= {"domain": _share(rows - 1 - row, rows, 0.09), "showticklabels": column == 0}
            frame["annotations"].append(_panel_name(panel, number))
        if place:
            xaxis["matches"], yaxis["matches"] = "x", "y"
        else:
            yaxis["range"] = calm_bounds(every * scales.prefix.factor)
        if view.abscissa == "clock":
            xaxis["type"] = "date"
        elif place == 0:
            ends = [v for s in lines if s.x.size for v in (s.x.min(), s.x.max())]
            scaled = _x_scaled(np.asarray(ends), view, scales)
            xaxis["range"] = growing_bounds([*scaled, *(marked if ends else ())])
        if view.abscissa == "number":
            xaxis["hoverformat"] = "~r"
        frame[f"xaxis{number}"], frame[f"yaxis{number}"] = xaxis, yaxis


def _share(place: int, of: int, gap: float) -> list[float]:
    width = (1 - gap * (of - 1)) / of
    start = place * (width + gap)
    return [max(0.0, start), min(1.0, start + width)]


def _panel_name(panel: int | None, number: str) -> Figure:
    where = {"xref": f"x{number} domain", "yref": f"y{number} domain", "x": 0.02, "y": 0.98}
    look = {"showarrow": False, "font": {"size": 13, "color": "@text"}}
    return where | look | {"text": f"<b>E{panel}</b>", "xanchor": "left", "yanchor": "top"}


def _add_marks(frame: Figure, panels: int, marks: Sequence[tuple[Mark, Any]]) -> None:
    """Dotted lines in every panel, their words in the first."""
    for mark, x in marks:
        for place in range(panels):
            number = _axis_number(place)
            line = {"color": "@muted", "width": 1.2, "dash": "dot"}
            ends = {"x0": x, "x1": x, "y0": 0, "y1": 1}
            where = {"xref": f"x{number}", "yref": f"y{number} domain"}
            frame["shapes"].append({"type": "line", "line": line} | ends | where)
        if len(marks) <= MARK_WORDS_UP_TO:
            frame["annotations"].append(_mark_label(mark, x))


def _mark_label(mark: Mark, x: Any) -> Figure:
    look = {"showarrow": False, "textangle": -90, "font": {"size": 11.5, "color": "@muted"}}
    where = {"x": x, "xref": "x", "y": 1, "yref": "y domain", "xanchor": "right", "yanchor": "top"}
    # Plotly would read markup in a label; what people typed is text.
    return look | where | {"text": html.escape(mark_words(mark))}


def _nothing_yet(quantity: Quantity) -> Figure:
    """What an empty chart waits for."""
    text = {
        "normalised": "Waits for a peak in the scan that is normalised to",
        "kdm": "Waits for a scan number measured at both frequencies",
        "ratio": "Waits for a scan number measured at both frequencies",
        "charge": "Waits for a peak and the frequency that belongs to it",
        "snr": "Waits for a peak with a standard error",
    }.get(quantity, "No peak has been found yet")
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return place | {"text": text, "font": {"size": 14, "color": "@muted"}}


def _time_unit(longest_s: float) -> tuple[float, str]:
    if longest_s < 180:
        return 1.0, "s"
    return (60.0, "min") if longest_s < 3 * 3600 else (3600.0, "h")
