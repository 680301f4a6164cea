"""The lines of a trend as traces of Plotly: points, holes, flags, errors, and how each looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dashboard.axes import thinned
from dashboard.columns import FloatArray, IntArray
from dashboard.figures import COLOURS, DASHES, SYMBOLS, Figure, band, frequency_label, lean
from dashboard.series import Series, TrendView
from dashboard.trend_scales import Scales, x_on_axis

MARKERS_UP_TO: Final = 400
ERROR_BARS_UP_TO: Final = 200


@dataclass(frozen=True, slots=True)
class Pen:
    """How a line looks: two codes beside the colour, never it alone."""

    colour: str
    dash: str
    symbol: str
    name: str


class DrawnLine:
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

    def traces(self, pen: Pen, *, first: bool) -> list[Figure]:
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

    def _curve(self, pen: Pen) -> Figure:
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

    def _flagged(self, pen: Pen) -> Figure:
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

    def _band(self, pen: Pen) -> Figure:
        low, high = _known(self._y - self._error), _known(self._y + self._error)
        name = f"{pen.name} ± standard error"
        drawn = band(self._x, low, high, colour=pen.colour, name=name)
        return drawn | {"legendgroup": pen.name, "showlegend": False}


def pens_of(lines: Sequence[Series], view: TrendView, *, several: bool) -> list[Pen]:
    """How each line looks; `several` where the trend has several electrodes."""
    electrodes = sorted({line.electrode or 0 for line in lines})
    frequencies = sorted({line.frequency_hz for line in lines}, key=lambda f: (f is None, f or 0.0))
    pens = []
    for line in lines:
        f = frequencies.index(line.frequency_hz)
        code = f if len(frequencies) > 1 else electrodes.index(line.electrode or 0)
        colour = line.electrode - 1 if several and line.electrode is not None else f
        dash, symbol = DASHES[code % len(DASHES)], SYMBOLS[code % len(SYMBOLS)]
        name = _name(line, view, several=several, frequencies=len(frequencies))
        pens.append(Pen(f"@{colour % COLOURS}", dash, symbol, name))
    return pens


def names_of(lines: Sequence[Series], view: TrendView, *, several: bool) -> list[str]:
    """What the lines are called."""
    return [pen.name for pen in pens_of(lines, view, several=several)]


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


def _lean(values: FloatArray) -> list[float | None]:
    return lean(_known(values))


def _known(values: FloatArray) -> list[float | None]:
    return [v if v == v else None for v in values.tolist()]
