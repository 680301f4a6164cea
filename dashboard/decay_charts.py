"""A decay after a potential step as a Plotly figure: the current, the fit, the lifetimes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboard.axes import Prefix, calm_bounds, prefix_for
from dashboard.figures import COLOURS, Figure, axis, encoded, layout, lean
from dashboard.units import Units
from sacmes_core.payloads.ca import CaResult
from sacmes_core.payloads.results import ElectrodeCurves


@dataclass(frozen=True, slots=True)
class DecayView:
    """What a page wants to see of a decay.

    Attributes
    ----------
    log_time, log_current
        Whether an axis is logarithmic; the current then without its sign, less the one at long
        times.
    """

    name: str
    log_time: bool = False
    log_current: bool = False
    units: Units = field(default_factory=Units)
    pale: bool = False


def decay_figure(
    curves: Sequence[ElectrodeCurves], numbers: dict[int, CaResult | None], view: DecayView
) -> bytes:
    """The currents of the electrodes over the time since the step, with what was fitted."""
    times = [t for c in curves for t in c.time_s or ()]
    seconds = prefix_for(times, "s")
    amperes = view.units.scale("A", [i for c in curves for i in c.current_a])
    traces: list[Figure] = []
    for curve in curves:
        offset_a = getattr(numbers.get(curve.electrode), "offset_a", None) or 0.0
        traces += _traces(curve, offset_a if view.log_current else 0.0, view, seconds, amperes)
    frame = layout(f"{view.name}/{view.log_time}/{view.log_current}")
    quantity = "|Current − that at long times|" if view.log_current else "Current"
    frame |= {
        "xaxis": _scaled(axis(f"Time since the step / {seconds.unit}"), times, seconds, view),
        "yaxis": axis(f"{quantity} / {amperes.unit}"),
        "hovermode": "closest",
        "showlegend": True,
        "shapes": _lifetimes(numbers, seconds),
    }
    drawn = [v for t in traces for v in t["y"] if v is not None]
    if view.log_current:
        frame["yaxis"] |= {"type": "log", "range": _decades(drawn)}
    else:
        frame["yaxis"]["range"] = calm_bounds(drawn)
    return encoded(traces, frame, pale=view.pale)


def _traces(
    curve: ElectrodeCurves, offset_a: float, view: DecayView, seconds: Prefix, amperes: Prefix
) -> list[Figure]:
    def values(currents_a: Sequence[float]) -> list[float | None]:
        if not view.log_current:
            return lean([i * amperes.factor for i in currents_a])
        sizes = [abs(i - offset_a) * amperes.factor for i in currents_a]
        return lean([size if size > 0 else None for size in sizes])

    colour, name = f"@{(curve.electrode - 1) % COLOURS}", f"E{curve.electrode}"
    times = [t * seconds.factor if t > 0 or not view.log_time else None for t in curve.time_s or ()]
    common: Figure = {
        "type": "scatter",
        "x": lean(times),
        "hovertemplate": f"%{{y:.4~g}} {amperes.unit} at %{{x:.4~g}} {seconds.unit}"
        f"<extra>{name}</extra>",
    }
    traces = [
        common
        | {
            "mode": "markers",
            "name": name,
            "y": values(curve.current_a),
            "marker": {"color": colour, "size": 3},
            "opacity": 0.55,
        }
    ]
    if curve.smoothed_a is not None:
        traces.append(
            common
            | {
                "mode": "lines",
                "name": f"{name} fit",
                "y": values(curve.smoothed_a),
                "line": {"color": colour, "width": 1.8},
            }
        )
    return traces


def _scaled(
    scale: Figure, times: Sequence[float], seconds: Prefix, view: DecayView
) -> dict[str, Any]:
    if not view.log_time:
        return scale
    return scale | {"type": "log", "range": _decades([t * seconds.factor for t in times])}


def _decades(values: Sequence[float]) -> list[float] | None:
    """Bounds of a logarithmic axis, of which what is tiny takes no more than six decades."""
    positive = [v for v in values if v > 0]
    if not positive:
        return None
    high = math.log10(max(positive))
    low = max(math.log10(min(positive)), high - 6)
    room = 0.04 * max(high - low, 0.2)
    return [round(low - room, 3), round(high + room, 3)]


def _lifetimes(numbers: dict[int, CaResult | None], seconds: Prefix) -> list[Figure]:
    """The lifetimes as dotted lines, in the colour of their electrode."""
    shapes = []
    for electrode, result in numbers.items():
        lifetimes = () if result is None else (result.lifetime_s, result.second_lifetime_s)
        for lifetime_s in lifetimes:
            if lifetime_s is None:
                continue
            at = lifetime_s * seconds.factor
            line = {"color": f"@{(electrode - 1) % COLOURS}", "width": 1, "dash": "dot"}
            shapes.append(
                {
                    "type": "line",
                    "x0": at,
                    "x1": at,
                    "yref": "paper",
                    "y0": 0,
                    "y1": 1,
                    "line": line,
                }
            )
    return shapes
