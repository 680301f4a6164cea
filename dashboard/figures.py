"""What all figures have in common: colours by name, axes, layout, lean JSON.

Colours are names such as ``@1`` that the page replaces by its theme's, so that one figure serves
light and dark.
"""

import html
import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final, Protocol

DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "x")
COLOURS: Final = 6

Figure = dict[str, Any]


def frequency_label(frequency_hz: float | None) -> str:
    """A frequency as people write it."""
    return f"{frequency_hz:g} Hz" if frequency_hz is not None else "no frequency"


class Numbered(Protocol):
    """A scan, as a trend or a message names it."""

    @property
    def number(self) -> int | None:
        """Its number in the run."""

    @property
    def frequency_hz(self) -> float | None:
        """Of its square wave."""


def scan_label(scan: Numbered, position: int) -> str:
    """Which scan it is, in few words; by its position where it has no number."""
    said = f"Scan {scan.number}" if scan.number is not None else f"Position {position}"
    return said if scan.frequency_hz is None else f"{said} · {frequency_label(scan.frequency_hz)}"


def axis(title: str) -> Figure:
    """An axis with a line, outer ticks and a faint grid; the title is "quantity / unit"."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 13}},
        "tickfont": {"size": 12},
        "gridcolor": "@grid",
        "linecolor": "@line",
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": "@line",
        "showline": True,
        "automargin": True,
    }


def layout(revision: str) -> Figure:
    """A layout that keeps the viewer's zoom until `revision` changes."""
    return {
        "uirevision": revision,
        "margin": {"l": 8, "r": 12, "t": 28, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "xanchor": "left",
            "font": {"size": 12},
        },
        "dragmode": "zoom",
        "hoverlabel": {"font": {"size": 12}},
    }


def lean(values: Sequence[float | None]) -> list[float | None]:
    """Six significant digits: more than any screen shows, and half the bytes."""
    return [None if v is None else float(f"{v:.6g}") for v in values]


def band(
    x: Sequence[Any],
    low: Sequence[float | None],
    high: Sequence[float | None],
    *,
    colour: str,
    name: str,
) -> Figure:
    """The area between two lines: an outline for each stretch in which both have numbers.

    What Plotly fills from one line to the next would take no opacity and cross the holes.
    """
    outline_x: list[Any] = []
    outline_y: list[float | None] = []
    whole = [None not in limits for limits in zip(low, high, strict=True)]
    for there, stretch in groupby(range(len(x)), key=whole.__getitem__):
        if there:
            forth = list(stretch)
            back = forth[::-1]
            outline_x += [*(x[k] for k in forth), *(x[k] for k in back), None]
            outline_y += [*(high[k] for k in forth), *(low[k] for k in back), None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": outline_x,
        "y": lean(outline_y),
        "fill": "toself",
        "fillcolor": colour,
        "line": {"width": 0, "color": colour},
        "opacity": 0.2,
        "hoverinfo": "skip",
    }


def encoded(traces: Sequence[Figure], frame: Figure, *, pale: bool) -> bytes:
    """The figure as JSON in UTF-8; `pale` for numbers that are not of the present.

    Plotly reads markup in the name of a trace, which may be what somebody called a session.
    """
    for trace in traces:
        if pale:
            trace["opacity"] = 0.4 * trace.get("opacity", 1.0)
        if "name" in trace:
            trace["name"] = html.escape(trace["name"])
    figure = {"data": list(traces), "layout": frame}
    return json.dumps(figure, separators=(",", ":"), ensure_ascii=False).encode()
