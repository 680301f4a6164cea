"""The newest voltammograms as a Plotly figure: measured, smoothed, baseline, peak."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard.axes import Prefix, calm_bounds, prefix_for, significant
from dashboard.figures import (
    COLOURS,
    DASHES,
    Figure,
    axis,
    encoded,
    frequency_label,
    layout,
    lean,
)
from sacmes_core.payloads.results import Curves, ElectrodeCurves

FREQUENCIES_SHOWN: Final = 2
LABEL_PLACES: Final = ("middle right", "middle left")
"""Where the heights stand; with more electrodes than places they are told by the pointer."""


def voltammogram_figure(
    curves: Mapping[float | None, Curves], electrodes: tuple[int, ...] = (), *, pale: bool = False
) -> bytes:
    """The newest voltammogram of the lowest and the highest frequency, one above the other.

    Drawn are the difference current, the smoothed curve, the baseline (dashed) and the peak with
    its height; one SI prefix holds for both.
    """
    frequencies = sorted(curves, key=lambda f: (f is None, f or 0.0))
    shown = _ends(frequencies)
    drawn = {f: _wanted(curves[f], electrodes) for f in shown}
    currents = [c for es in drawn.values() for e in es for c in e.current_a]
    prefix = prefix_for(currents, "A")
    session = next((c.session_id for c in curves.values()), "")
    frame = layout(f"{session}/voltammogram")
    frame |= {"hovermode": "closest", "showlegend": False, "annotations": []}
    traces: list[Figure] = []
    for row, frequency_hz in enumerate(shown):
        _voltammogram_row(frame, row, len(shown), prefix)
        numbers = [e.electrode for e in drawn[frequency_hz]]
        frame["annotations"].append(_row_label(curves[frequency_hz], row, numbers))
        several = len(curves[frequency_hz].electrodes) > 1
        for place, electrode in enumerate(drawn[frequency_hz]):
            colour = f"@{(electrode.electrode - 1 if several else row) % COLOURS}"
            label = LABEL_PLACES[place] if len(numbers) <= len(LABEL_PLACES) else None
            traces += _Row(row, prefix, colour, DASHES[place % 2 * 2]).traces(electrode, label)
        values = [c * prefix.factor for e in drawn[frequency_hz] for c in e.current_a]
        frame[f"yaxis{_axis_number(row)}"]["range"] = calm_bounds(values, headroom=0.1)
    return encoded(traces, frame, pale=pale)


def _ends(frequencies: Sequence[float | None]) -> list[float | None]:
    if len(frequencies) <= FREQUENCIES_SHOWN:
        return list(frequencies)
    return [frequencies[0], frequencies[-1]]


def _wanted(curves: Curves, electrodes: tuple[int, ...]) -> list[ElectrodeCurves]:
    return [e for e in curves.electrodes if not electrodes or e.electrode in electrodes]


def _voltammogram_row(frame: Figure, row: int, rows: int, prefix: Prefix) -> None:
    gap = 0.13
    height = (1 - gap * (rows - 1)) / rows
    top = 1 - row * (height + gap)
    number = _axis_number(row)
    last = row == rows - 1
    frame[f"xaxis{number}"] = axis("Potential / V" if last else "") | {
        "anchor": f"y{number}",
        "showticklabels": last,
    }
    if row:
        frame[f"xaxis{number}"]["matches"] = "x"
    frame[f"yaxis{number}"] = axis(f"Δ<i>I</i> / {prefix.unit}") | {
        "anchor": f"x{number}",
        "domain": [max(0.0, top - height), top],
    }


def _row_label(curves: Curves, row: int, electrodes: Sequence[int]) -> Figure:
    number = f" · scan {curves.scan.number}" if curves.scan.number is not None else ""
    names = " ".join(f"E{e}" for e in electrodes[:4]) + (" …" if len(electrodes) > 4 else "")
    return {
        "text": html.escape(f"{frequency_label(curves.scan.frequency_hz)}{number} · {names}"),
        "xref": "paper",
        "yref": f"y{_axis_number(row)} domain",
        "x": 0,
        "y": 1.02,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 12, "color": "@muted"},
    }


@dataclass(frozen=True, slots=True)
class _Row:
    """Where and how one electrode's curves are drawn."""

    row: int
    prefix: Prefix
    colour: str
    dash: str

    def traces(self, electrode: ElectrodeCurves, label: str | None) -> list[Figure]:
        number = _axis_number(self.row)
        axes = {"xaxis": f"x{number}", "yaxis": f"y{number}", "type": "scatter"}
        line = {"color": self.colour, "width": 1.8, "dash": self.dash}
        drawn = []
        if electrode.smoothed_a is None:
            drawn.append(self._curve(electrode, electrode.current_a, "difference", line=line))
        else:
            dots = {"mode": "markers", "marker": {"color": self.colour, "size": 3}, "opacity": 0.45}
            drawn.append(self._curve(electrode, electrode.current_a, "measured", **dots))
            drawn.append(self._curve(electrode, electrode.smoothed_a, "smoothed", line=line))
        if electrode.baseline_a is not None:
            dashed = {"color": "@muted", "width": 1.2, "dash": "dash"}
            drawn.append(self._curve(electrode, electrode.baseline_a, "baseline", line=dashed))
        peak = _peak_dot(electrode, self.prefix, label)
        if peak is not None:
            rim = {"color": "@paper", "width": 1.5}
            drawn.append(peak | {"marker": {"color": self.colour, "size": 8, "line": rim}})
        return [axes | trace for trace in drawn]

    def _curve(
        self, electrode: ElectrodeCurves, values_a: Sequence[float], what: str, **look: Any
    ) -> Figure:
        unit, name = self.prefix.unit, f"E{electrode.electrode}"
        return {
            "x": [round(v, 6) for v in electrode.potential_v],
            "y": lean([v * self.prefix.factor for v in values_a]),
            "mode": "lines",
            "hovertemplate": f"%{{y:.4~g}} {unit} at %{{x:.3f}} V<extra>{name} {what}</extra>",
        } | look


def _peak_dot(electrode: ElectrodeCurves, prefix: Prefix, label: str | None) -> Figure | None:
    """The peak on its curve: at the baseline's height plus the peak current, where both are."""
    potential_v, height_a = electrode.peak_potential_v, electrode.peak_current_a
    if potential_v is None or height_a is None or not electrode.potential_v:
        return None
    distances = [abs(v - potential_v) for v in electrode.potential_v]
    nearest = distances.index(min(distances))
    at_a = (electrode.smoothed_a or electrode.current_a)[nearest]
    text = f"{significant(height_a * prefix.factor, 3)} {prefix.unit}"
    return {
        "x": [round(potential_v, 6)],
        "y": lean([at_a * prefix.factor]),
        "mode": "markers+text" if label else "markers",
        "text": [f"\u2002{text}\u2002"],
        "textposition": _beside(electrode, potential_v, label),
        "textfont": {"size": 12, "color": "@text"},
        "cliponaxis": False,
        "hovertemplate": f"E{electrode.electrode} peak {text}<extra></extra>",
    }


def _beside(electrode: ElectrodeCurves, potential_v: float, label: str | None) -> str:
    """Where the height stands; left of a peak near the axis there is no room."""
    low, high = min(electrode.potential_v), max(electrode.potential_v)
    near_the_axis = potential_v - low < 0.3 * (high - low)
    if label == "middle left" and near_the_axis:
        return "bottom right"
    return label or "top center"


def _axis_number(row: int) -> str:
    return "" if row == 0 else str(row + 1)
