"""A cycle as a Plotly figure: both sweeps, what was fitted, peaks, windows, probes, segments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any, Final

from dashboard.axes import Prefix, calm_bounds, significant
from dashboard.figures import COLOURS, Figure, axis, encoded, layout, lean
from dashboard.units import Units
from sacmes_core.payloads.cv import CvPeak, CvResult
from sacmes_core.payloads.results import ElectrodeCurves
from sacmes_core.settings.cv import CvSettings

_JUMP: Final = 5.0
"""A step that many times the usual one is no step of a sweep, but the way to another segment."""
_TURN_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Segment:
    """One sweep of a scan as it was measured."""

    number: int
    potential_v: tuple[float, ...]
    current_a: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CycleView:
    """What is drawn beside the curve.

    Attributes
    ----------
    result
        The numbers; None where there are none.
    settings
        Whose windows and probes are marked.
    segments
        All sweeps of the scan, to be seen behind the chosen ones.
    """

    name: str
    result: CvResult | None
    settings: CvSettings = field(default_factory=CvSettings)
    units: Units = field(default_factory=Units)
    segments: tuple[Segment, ...] = ()
    pale: bool = False


def sweeps_of(curve: ElectrodeCurves) -> tuple[slice, ...]:
    """Where the one or two sweeps of a curve lie in its columns, in order of measurement."""
    potentials = curve.potential_v
    count = len(potentials)
    if count < 3:
        return (slice(0, count),)
    steps = [abs(b - a) for a, b in pairwise(potentials)]
    span = max(potentials) - min(potentials)
    largest = max(range(count - 1), key=steps.__getitem__)
    if steps[largest] > max(_JUMP * median(steps), _TURN_SHARE * span):
        return slice(0, largest + 1), slice(largest + 1, count)
    far = max(range(count), key=lambda k: abs(potentials[k] - potentials[0]))
    come_back = abs(potentials[-1] - potentials[far])
    if come_back <= _TURN_SHARE * span:
        return (slice(0, count),)
    return slice(0, far + 1), slice(far + 1, count)


def segment_pairs(count: int) -> tuple[int, ...]:
    """The first ones of neighbouring pairs that hold every segment from 1 to `count`.

    >>> segment_pairs(4), segment_pairs(3), segment_pairs(1)
    ((1, 3), (1, 2), (1,))
    """
    if count < 2:
        return (1,) * count
    firsts = list(range(1, count, 2))
    if count % 2:
        firsts.append(count - 1)
    return tuple(firsts)


def cycle_figure(curve: ElectrodeCurves, view: CycleView) -> bytes:
    """The chosen sweeps of one electrode with fit, baseline and peaks."""
    currents = [*curve.current_a, *(i for s in view.segments for i in s.current_a)]
    scale = view.units.scale("A", currents)
    volts = view.units.scale("V", ())
    draw = _Pen(volts, scale)
    traces = [draw.segment(segment) for segment in view.segments]
    for part, (title, colour, peak) in zip(sweeps_of(curve), _named(view.result), strict=False):
        traces += draw.sweep(curve, part, title, colour)
        if peak is not None:
            traces += draw.peak(curve, part, peak, colour)
    frame = layout(f"{view.name}/{curve.electrode}")
    frame |= {
        "xaxis": axis(f"Potential / {volts.unit}"),
        "yaxis": axis(f"Current / {scale.unit}"),
        "hovermode": "closest",
        "showlegend": True,
        "shapes": [*_windows(view.settings, volts), *_probes(view.settings, volts)],
    }
    frame["yaxis"]["range"] = calm_bounds([i * scale.factor for i in currents], headroom=0.1)
    return encoded(traces, frame, pale=view.pale)


def _named(result: CvResult | None) -> list[tuple[str, str, CvPeak | None]]:
    """Title, colour and peak of the sweeps of a curve, the one that was measured first first."""
    forward = None if result is None else result.forward
    reverse = None if result is None else result.reverse
    named = [("Forward", "@0", forward), ("Reverse", "@1", reverse)]
    if forward is not None and reverse is not None and reverse.segment < forward.segment:
        named.reverse()
    return named


@dataclass(frozen=True, slots=True)
class _Pen:
    volts: Prefix
    amperes: Prefix

    def line(
        self, potentials: Sequence[float], currents: Sequence[float], name: str, **look: Any
    ) -> Figure:
        return {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": lean([v * self.volts.factor for v in potentials]),
            "y": lean([i * self.amperes.factor for i in currents]),
            "hovertemplate": f"%{{y:.4~g}} {self.amperes.unit} at %{{x:.4~g}} {self.volts.unit}"
            f"<extra>{name}</extra>",
        } | look

    def segment(self, segment: Segment) -> Figure:
        colour = f"@{(segment.number + 1) % COLOURS}"
        line = {"color": colour, "width": 1, "dash": "dot"}
        return self.line(
            segment.potential_v, segment.current_a, f"Segment {segment.number}", line=line
        )

    def sweep(self, curve: ElectrodeCurves, part: slice, title: str, colour: str) -> list[Figure]:
        potentials = curve.potential_v[part]
        measured = {"color": colour, "width": 1.4}
        traces = [self.line(potentials, curve.current_a[part], title, line=measured)]
        if curve.smoothed_a is not None:
            fit = {"color": colour, "width": 4}
            traces.append(
                self.line(
                    potentials,
                    curve.smoothed_a[part],
                    f"{title} fit",
                    line=fit,
                    opacity=0.35,
                    showlegend=False,
                )
            )
        if curve.baseline_a is not None:
            dashed = {"color": "@muted", "width": 1.2, "dash": "dash"}
            traces.append(
                self.line(
                    potentials,
                    curve.baseline_a[part],
                    f"{title} baseline",
                    line=dashed,
                    showlegend=False,
                )
            )
        return traces

    def peak(self, curve: ElectrodeCurves, part: slice, peak: CvPeak, colour: str) -> list[Figure]:
        """The height as a line from the baseline to the peak."""
        if peak.peak_current_a is None or peak.peak_potential_v is None:
            return []
        if curve.baseline_a is None or not curve.potential_v[part]:
            return []
        potentials = curve.potential_v[part]
        at_v = peak.peak_potential_v
        nearest = min(range(len(potentials)), key=lambda k: abs(potentials[k] - at_v))
        foot_a = curve.baseline_a[part][nearest]
        text = f"{significant(peak.peak_current_a * self.amperes.factor, 4)} {self.amperes.unit}"
        rise = self.line(
            (at_v, at_v), (foot_a, foot_a + peak.peak_current_a), "height", showlegend=False
        )
        return [
            rise
            | {
                "mode": "lines+markers+text",
                "line": {"color": colour, "width": 1.2, "dash": "dot"},
                "marker": {"color": colour, "size": [0, 8]},
                "text": ["", text.replace("-", "−")],
                "textposition": "top center" if peak.peak_current_a > 0 else "bottom center",
                "textfont": {"size": 12, "color": "@text"},
                "cliponaxis": False,
                "hoverinfo": "skip",
            }
        ]


def _windows(settings: CvSettings, volts: Prefix) -> list[Figure]:
    """The windows of both sweeps as strips at the upper and the lower edge."""
    shapes = []
    for sweep, colour, low, high in (("forward", "@0", 0.985, 1.0), ("reverse", "@1", 0.0, 0.015)):
        start = getattr(settings, f"{sweep}_min_v")
        end = getattr(settings, f"{sweep}_max_v")
        if start is None or end is None:
            continue
        shapes.append(
            {
                "type": "rect",
                "x0": start * volts.factor,
                "x1": end * volts.factor,
                "yref": "paper",
                "y0": low,
                "y1": high,
                "fillcolor": colour,
                "line": {"width": 0},
            }
        )
    return shapes


def _probes(settings: CvSettings, volts: Prefix) -> list[Figure]:
    line = {"color": "@muted", "width": 1, "dash": "dashdot"}
    return [
        {
            "type": "line",
            "x0": v * volts.factor,
            "x1": v * volts.factor,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": line,
        }
        for v in settings.probe_potentials_v
    ]
