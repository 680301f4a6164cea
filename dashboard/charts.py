"""The trend as a Plotly figure, made from what is known and how the page wants to see it."""

import html
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from dashboard.axes import DRAWN_POINTS, calm_bounds, growing_bounds
from dashboard.columns import columns_of
from dashboard.figures import Figure, axis, encoded, layout
from dashboard.marks import mark_words
from dashboard.series import Quantity, Series, TrendView, series_of
from dashboard.trend import Trend
from dashboard.trend_lines import DrawnLine, pens_of
from dashboard.trend_scales import (
    Scales,
    abscissa_title,
    ordinate_title,
    placed_marks,
    scales_of,
    x_out,
    x_scaled,
)
from sacmes_core.payloads.marks import Mark

ALL_POINTS: Final = 6000
"""Points of all lines together; with many lines each has fewer than `DRAWN_POINTS`."""
POINTS_MIN: Final = 300
PANEL_COLUMNS: Final = 4
MARK_WORDS_UP_TO: Final = 24


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
    pens = pens_of(lines, view, several=len(electrodes_in(trend)) > 1)
    drawn = [DrawnLine(line, view, scales, limit) for line in lines]
    traces = [
        trace | _axes_of(panels.index(_panel_of(line, view)))
        for points, line, pen in zip(drawn, lines, pens, strict=True)
        for trace in points.traces(pen, first=_panel_of(line, view) == panels[0])
    ]
    frame = layout(f"{trend.session_id}/trend/{view.quantity}/{view.abscissa}/{view.arrangement}")
    frame |= {"hovermode": "x unified", "showlegend": True, "annotations": [], "shapes": []}
    places = placed_marks(trend, view, scales, marks)
    _add_axes(frame, panels, view, scales, lines, [x for _, x in places])
    begin = x_scaled(np.array([s.x.min() for s in lines if s.x.size]), view, scales)
    early = {m.mark_id for m, x in places if x <= min(begin, default=x)}
    _add_marks(frame, len(panels), [(m, x_out([x], view)[0]) for m, x in places], early)
    if not any(np.isfinite(line.y).any() for line in lines):
        frame["annotations"].append(_nothing_yet(view.quantity))
    return encoded(traces, frame, pale=view.pale)


def electrodes_in(trend: Trend | None) -> tuple[int, ...]:
    """The electrodes that have a number in the trend, in order."""
    return columns_of(trend).electrodes if trend is not None else ()


def panel_rows(panels: int) -> int:
    """How many rows small charts of this number take."""
    return -(-panels // _panel_columns(panels))


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
            scaled = x_scaled(np.asarray(ends), view, scales)
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


def _add_marks(
    frame: Figure, panels: int, marks: Sequence[tuple[Mark, Any]], early: Collection[str]
) -> None:
    """Dotted lines in every panel, their words in the first; before the first scan on the right."""
    for mark, x in marks:
        for place in range(panels):
            number = _axis_number(place)
            line = {"color": "@muted", "width": 1.2, "dash": "dot"}
            ends = {"x0": x, "x1": x, "y0": 0, "y1": 1}
            where = {"xref": f"x{number}", "yref": f"y{number} domain"}
            frame["shapes"].append({"type": "line", "line": line} | ends | where)
        if len(marks) <= MARK_WORDS_UP_TO:
            side = "left" if mark.mark_id in early else "right"
            frame["annotations"].append(_mark_label(mark, x, side))


def _mark_label(mark: Mark, x: Any, xanchor: str) -> Figure:
    look = {"showarrow": False, "textangle": -90, "font": {"size": 11.5, "color": "@muted"}}
    where = {"x": x, "xref": "x", "y": 1, "yref": "y domain", "xanchor": xanchor, "yanchor": "top"}
    # Plotly would read markup in a label; what people typed is text.
    return look | where | {"text": html.escape(mark_words(mark))}


def _nothing_yet(quantity: Quantity) -> Figure:
    """What an empty chart waits for."""
    text = {
        "normalised": "Waits for a peak in the scan that is normalised to",
        "kdm": "Waits for a scan number measured at both frequencies",
        "ratio": "Waits for a scan number measured at both frequencies",
        "concentration": "Waits for a calibration: see Data, Calibration",
        "charge": "Waits for a peak and the frequency that belongs to it",
        "snr": "Waits for a peak with a standard error",
    }.get(quantity, "No peak has been found yet")
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return place | {"text": text, "font": {"size": 14, "color": "@muted"}}
