"""Figures of the frequency map: charge and peak current over frequency, and its voltammograms."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from dashboard.axes import Prefix, calm_bounds, prefix_for
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
from dashboard.frequency_map import Held, Map, MapPoint
from sacmes_core.payloads.results import Curves, ElectrodeCurves

MapQuantity = Literal["charge", "current"]

_RAMP: Final = ((91, 76, 196), (168, 63, 165), (224, 87, 79), (221, 138, 29))
"""Low to high frequency: its lightness grows, and each is seen on white and on black."""


@dataclass(frozen=True, slots=True)
class MapView:
    """What a page wants to see of maps.

    Attributes
    ----------
    electrodes
        To draw; empty for all.
    pair_hz
        The two frequencies of KDM, to be marked.
    before
        The sweep before, drawn pale while the shown one is not whole.
    fits
        Fitted charges by electrode, as pairs of frequencies and peak currents.
    """

    quantity: MapQuantity
    electrodes: tuple[int, ...] = ()
    pair_hz: tuple[float, float] | None = None
    before: Map | None = None
    fits: tuple[tuple[int, tuple[float, ...], tuple[float, ...]], ...] = ()
    pale: bool = False


def map_figure(shown: Map, held: Sequence[Held], view: MapView) -> bytes:
    """Charge or peak current over the logarithm of the frequency, with standard errors.

    The running map is drawn with lines and full symbols, held ones with their own colour.
    """
    maps = [("", shown), *((h.label, h.map) for h in held)]
    before = [] if view.before is None else [("", view.before)]
    every = [_value(p, view.quantity) for _, m in (*maps, *before) for p in m.points]
    prefix = prefix_for(every, "C" if view.quantity == "charge" else "A")
    traces: list[Figure] = []
    for place, (label, each) in enumerate(maps):
        for electrode in _wanted(each, view):
            colour = f"@{(place if held else electrode - 1) % COLOURS}"
            name = " · ".join(n for n in (label or ("now" if held else ""), f"E{electrode}") if n)
            traces.append(_trace(each.of(electrode), name, colour, electrode, view, prefix))
    for _, each in before:
        for electrode in _wanted(each, view):
            colour = f"@{(0 if held else electrode - 1) % COLOURS}"
            name = f"E{electrode}, sweep {each.sweep}"
            pale = _trace(each.of(electrode), name, colour, electrode, view, prefix)
            traces.append(pale | {"opacity": 0.35, "showlegend": False})
    fitted = [_fit(*fit, view, prefix, colour_of_map=bool(held)) for fit in view.fits]
    title = "Charge" if view.quantity == "charge" else "Peak current"
    frame = layout(f"{shown.session_id}/map/{view.quantity}")
    frame |= {
        "xaxis": _frequency_axis([f for _, m in maps for f in (*m.frequencies_hz, *m.expected_hz)]),
        "yaxis": axis(f"{title} / {prefix.unit}"),
        "hovermode": "closest",
        "showlegend": True,
        "legend": frame["legend"] | {"traceorder": "reversed"},
        "shapes": [],
        "annotations": [],
    }
    values = [v * prefix.factor for v in every if v is not None]
    frame["yaxis"]["range"] = _bounds(values)
    _mark_pair(frame, view.pair_hz)
    # The running map is drawn last, so that nothing lies over it.
    return encoded([*fitted, *reversed(traces)], frame, pale=view.pale)


def overlay_figure(
    curves: Mapping[float | None, Curves], electrode: int, *, pale: bool = False
) -> bytes:
    """The newest voltammogram of each frequency, one over the other, coloured by frequency."""
    wanted = {
        f: next((e for e in c.electrodes if e.electrode == electrode), None)
        for f, c in curves.items()
        if f is not None
    }
    drawn = {f: e for f, e in sorted(wanted.items()) if e is not None and e.potential_v}
    prefix = prefix_for((i for e in drawn.values() for i in _line_of(e)), "A")
    session = next((c.session_id for c in curves.values()), "")
    traces: list[Figure] = []
    for place, (frequency_hz, found) in enumerate(drawn.items()):
        colour = ramp(place / max(len(drawn) - 1, 1))
        name = frequency_label(frequency_hz)
        common = {"type": "scatter", "mode": "lines", "x": lean(found.potential_v)}
        traces.append(
            common
            | {
                "name": name,
                "y": lean([i * prefix.factor for i in _line_of(found)]),
                "line": {"color": colour, "width": 1.6},
                "hovertemplate": f"%{{y:.4~g}} {prefix.unit} at %{{x:.3f}} V<extra>{name}</extra>",
            }
        )
        if found.baseline_a is not None:
            traces.append(
                common
                | {
                    "y": lean([i * prefix.factor for i in found.baseline_a]),
                    "line": {"color": colour, "width": 0.8, "dash": "dot"},
                    "showlegend": False,
                    "hoverinfo": "skip",
                }
            )
    frame = layout(f"{session}/overlay/{electrode}")
    frame |= {
        "xaxis": axis("Potential / V"),
        "yaxis": axis(f"Δ<i>I</i> / {prefix.unit}"),
        "hovermode": "closest",
        "showlegend": True,
    }
    return encoded(traces, frame, pale=pale)


def ramp(share: float) -> str:
    """The colour at a share of the way from the lowest to the highest frequency."""
    place = min(max(share, 0.0), 1.0) * (len(_RAMP) - 1)
    low = min(int(place), len(_RAMP) - 2)
    part = place - low
    mixed = [round(a + part * (b - a)) for a, b in zip(_RAMP[low], _RAMP[low + 1], strict=True)]
    return "#" + "".join(f"{c:02X}" for c in mixed)


def _wanted(shown: Map, view: MapView) -> list[int]:
    return [e for e in shown.electrodes if not view.electrodes or e in view.electrodes]


def _bounds(values: Sequence[float]) -> list[float] | None:
    """Bounds with zero in them, which is where a map of one sign begins."""
    if not values:
        return None
    bounds = calm_bounds([*values, 0.0])
    if bounds is not None and min(values) >= 0:
        bounds[0] = 0.0
    if bounds is not None and max(values) <= 0:
        bounds[1] = 0.0
    return bounds


def _line_of(found: ElectrodeCurves) -> Sequence[float]:
    return found.current_a if found.smoothed_a is None else found.smoothed_a


def _value(point: MapPoint, quantity: MapQuantity) -> float | None:
    return point.charge_c if quantity == "charge" else point.current_a


def _error(point: MapPoint, quantity: MapQuantity) -> float | None:
    return point.charge_se_c if quantity == "charge" else point.current_se_a


def _trace(
    points: Sequence[MapPoint],
    name: str,
    colour: str,
    electrode: int,
    view: MapView,
    prefix: Prefix,
) -> Figure:
    values = [_value(p, view.quantity) for p in points]
    errors = [_error(p, view.quantity) for p in points]
    symbol = SYMBOLS[(electrode - 1) % len(SYMBOLS)]
    said = ["" if e is None else f" ± {e * prefix.factor:.2g}" for e in errors]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [p.frequency_hz for p in points],
        "y": lean([None if v is None else v * prefix.factor for v in values]),
        "error_y": {
            "type": "data",
            "array": lean([0.0 if e is None else e * prefix.factor for e in errors]),
            "thickness": 1,
            "width": 3,
            "color": colour,
        },
        "line": {
            "color": colour,
            "width": 1.5,
            "dash": DASHES[(electrode - 1) % len(DASHES)],
        },
        "marker": {
            "color": colour,
            "size": 7,
            "symbol": [f"{symbol}-open" if p.flags else symbol for p in points],
            "line": {"width": 1.5, "color": colour},
        },
        "text": said,
        "hovertemplate": f"%{{y:.4~g}}%{{text}} {prefix.unit} at %{{x:.4~g}} Hz"
        "<extra>%{fullData.name}</extra>",
    }


def _fit(
    electrode: int,
    frequencies_hz: tuple[float, ...],
    currents_a: tuple[float, ...],
    view: MapView,
    prefix: Prefix,
    *,
    colour_of_map: bool,
) -> Figure:
    charge = view.quantity == "charge"
    values = [i / f if charge else i for f, i in zip(frequencies_hz, currents_a, strict=True)]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"E{electrode} fit",
        "x": lean(frequencies_hz),
        "y": lean([v * prefix.factor for v in values]),
        "line": {"color": f"@{0 if colour_of_map else (electrode - 1) % COLOURS}", "width": 4},
        "opacity": 0.3,
        "hoverinfo": "skip",
    }


def _frequency_axis(frequencies_hz: Sequence[float]) -> Figure:
    scale = axis("Frequency / Hz") | {"type": "log", "dtick": 1, "minor": {"ticks": "outside"}}
    if frequencies_hz:
        low, high = math.log10(min(frequencies_hz)), math.log10(max(frequencies_hz))
        room = max(0.06 * (high - low), 0.05)
        scale["range"] = [round(low - room, 3), round(high + room, 3)]
    if not frequencies_hz or high - low < 1:
        del scale["dtick"]
    return scale


def _mark_pair(frame: Figure, pair_hz: tuple[float, float] | None) -> None:
    for frequency_hz, name in zip(pair_hz or (), ("low", "high"), strict=False):
        line = {"color": "@muted", "width": 1, "dash": "dot"}
        frame["shapes"].append(
            {
                "type": "line",
                "x0": frequency_hz,
                "x1": frequency_hz,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": line,
            }
        )
        frame["annotations"].append(
            {
                "x": math.log10(frequency_hz),
                "y": 1,
                "yref": "paper",
                "yanchor": "top",
                "xanchor": "left" if name == "low" else "right",
                "text": f"KDM {name}",
                "showarrow": False,
                "font": {"size": 11, "color": "@muted"},
            }
        )
