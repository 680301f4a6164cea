"""Several sessions over one another as a Plotly figure, and their numbers as a table."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from dashboard.axes import DRAWN_POINTS, Prefix, calm_bounds, prefix_for, thinned, with_error
from dashboard.blocks import Cell, Column
from dashboard.comparison import CompareView, Figures, Line, Summary
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
from dashboard.series import MEASURES, Quantity
from dashboard.trend_scales import ordinate_title

ALL_POINTS: Final = 8000
POINTS_MIN: Final = 200
MARKERS_UP_TO: Final = 100


def compare_figure(lines: Sequence[Line], view: CompareView) -> bytes:
    """Each session in a colour of its own; dash and marker tell electrode and frequency."""
    prefix = prefix_of(lines, view.quantity)
    unit_s, unit = _time_unit(lines, view)
    limit = max(POINTS_MIN, min(DRAWN_POINTS, ALL_POINTS // max(1, len(lines))))
    kinds = list(dict.fromkeys(_kind(line) for line in lines))
    traces = [_trace(line, prefix, unit_s, limit, kinds.index(_kind(line))) for line in lines]
    drawn = "/".join(dict.fromkeys(line.session_id for line in lines))
    frame = layout(f"compare/{drawn}/{view.quantity}/{view.alignment}")
    ordinate = axis(ordinate_title(view.quantity, prefix))
    ordinate["range"] = calm_bounds(float(y) * prefix.factor for s in lines for y in s.series.y)
    frame |= {
        "xaxis": axis(_abscissa_title(view, unit)),
        "yaxis": ordinate,
        "hovermode": "closest",
        "showlegend": True,
    }
    if view.alignment.startswith("mark"):
        frame["shapes"] = [_origin_line()]
    return encoded(traces, frame, pale=False)


def label_of(line: Line) -> str:
    """What a line is called: session, electrode, frequency."""
    return f"{line.name} · {_kind(line)}"


def prefix_of(lines: Sequence[Line], quantity: Quantity) -> Prefix:
    """One SI prefix for all lines."""
    unit = MEASURES[quantity].unit
    largest = [float(np.nanmax(np.abs(s.series.y))) for s in lines if np.isfinite(s.series.y).any()]
    return prefix_for(largest, unit) if unit else Prefix("", 1.0)


def table_columns(quantity: Quantity, prefix: Prefix) -> list[Column]:
    """Headings with units."""
    unit = f" / {prefix.unit}" if prefix.unit else ""
    per_h = f" / {prefix.unit} h⁻¹" if prefix.unit else " / h⁻¹"
    return [
        Column("Session"),
        Column("Electrode", "right"),
        Column("Frequency", "right"),
        Column("Scans", "right"),
        Column(f"Start{unit}", "right"),
        Column(f"End{unit}", "right"),
        Column(f"Slope{per_h}", "right"),
        Column("Change / %", "right"),
    ]


def table_rows(summaries: Sequence[Summary], prefix: Prefix) -> list[list[Cell]]:
    """One row for each line, every number with its standard error."""
    return [
        [
            Cell(found.line.name, title=found.line.session_id),
            Cell(_electrode(found.line)),
            Cell(frequency_label(found.line.series.frequency_hz)),
            Cell(f"{found.scans:,}"),
            _cell(found.start, prefix.factor),
            _cell(found.end, prefix.factor),
            _cell(found.slope_per_h, prefix.factor),
            _cell(found.change, 100.0),
        ]
        for found in summaries
    ]


def _cell(figures: Figures, factor: float) -> Cell:
    said = with_error(figures.value, figures.error, Prefix("", factor))
    return Cell(said, tone="muted" if figures.value is None else "")


def _kind(line: Line) -> str:
    return f"{_electrode(line)} · {frequency_label(line.series.frequency_hz)}"


def _electrode(line: Line) -> str:
    return "mean" if line.series.electrode is None else f"E{line.series.electrode}"


def _trace(line: Line, prefix: Prefix, unit_s: float, limit: int, kind: int) -> Figure:
    series, colour = line.series, f"@{line.member % COLOURS}"
    values = series.y * prefix.factor
    kept = thinned(values, limit)
    unit = f" {prefix.unit}" if prefix.unit else ""
    symbol = SYMBOLS[kind % len(SYMBOLS)]
    return {
        "type": "scatter",
        "mode": "lines+markers" if kept.size <= MARKERS_UP_TO else "lines",
        "name": label_of(line),
        "x": lean([float(x) / unit_s for x in series.x[kept]]),
        "y": lean([float(v) if np.isfinite(v) else None for v in values[kept]]),
        "connectgaps": False,
        "line": {"color": colour, "dash": DASHES[kind % len(DASHES)], "width": 1.6},
        "marker": {"color": colour, "symbol": symbol, "size": 6},
        "hovertemplate": f"%{{y:.4~g}}{unit} at %{{x:.4~g}}",
    }


def _time_unit(lines: Sequence[Line], view: CompareView) -> tuple[float, str]:
    if view.abscissa == "number":
        return 1.0, ""
    longest_s = max((float(np.ptp(s.series.x)) for s in lines if s.series.x.size), default=0.0)
    if longest_s < 180:
        return 1.0, "s"
    return (60.0, "min") if longest_s < 3 * 3600 else (3600.0, "h")


def _abscissa_title(view: CompareView, unit: str) -> str:
    return {
        "number": "Scan number",
        "elapsed": f"Elapsed time / {unit}",
        "mark_number": "Scans after the mark",
        "mark_elapsed": f"Time after the mark / {unit}",
    }[view.alignment]


def _origin_line() -> Figure:
    line = {"color": "@muted", "width": 1.2, "dash": "dot"}
    return {"type": "line", "x0": 0, "x1": 0, "yref": "paper", "y0": 0, "y1": 1, "line": line}
