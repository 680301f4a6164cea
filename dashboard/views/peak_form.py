"""The part of a form that says how a peak is taken; only what the method uses is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

import streamlit as st

from dashboard.forms import description, windows_text
from sacmes_core.settings.peak import BaselineName, PeakSettings

_METHODS: Final[Mapping[str, str]] = {
    "median": "Median of several fits",
    "fast": "Two fits, for very long runs",
    "classic": "Smoothing and baseline of my choice",
    "sacmes-web": "As SACMES Web",
    "sacmes-desktop": "As SACMES desktop",
}
_SENTENCES: Final[Mapping[str, str]] = {
    "median": "Several fits that fail differently are asked, and the middle answer counts. The "
    "most accurate; there is nothing to choose.",
    "fast": "Two of these fits only: some twenty times as fast and less sure. For runs of ten "
    "thousands of scans that are to be analysed again.",
    "classic": "The curve is smoothed, the baseline drawn, and the apex above it taken, as chosen "
    "below. Its error holds the noise and how far other reasonable baselines are from yours.",
    "sacmes-web": "Height over the edge of the convex hull, as the SACMES web port computes it. To "
    "compare with older results: noise raises the height.",
    "sacmes-desktop": "Span of a polynomial without a baseline, as the desktop SACMES computes it. "
    "To compare with older results: a slope counts as a peak.",
}
_CURRENTS: Final = {"difference": "Difference", "forward": "Forward", "reverse": "Reverse"}
_DIRECTIONS: Final = {"either": "Either way", "up": "Upwards", "down": "Downwards"}
_MODES: Final = {"auto": "Automatic", "manual": "By hand", "off": "Off"}
_FILTERS: Final = {"savitzky-golay": "Savitzky–Golay", "whittaker": "Whittaker", "loess": "LOESS"}
_BASELINES: Final[dict[str, str]] = {
    "mor": "Morphological opening (mor)",
    "line": "Line through the feet",
    "hull": "Edge of the convex hull",
    "polynomial": "Polynomial through the flanks",
}
_BY_DEGREE: Final = ("polynomial", "modpoly", "imodpoly")
_WITHOUT_WINDOW: Final = ("line", "hull", *_BY_DEGREE)


@dataclass(frozen=True, slots=True)
class _Fields:
    """Where the fields stand: the start of their keys, and what they say at first."""

    prefix: str
    base: PeakSettings

    def choice(self, label: str, name: str, labels: Mapping[str, str]) -> str:
        """One of the values of a setting."""
        options = list(labels)
        return st.selectbox(
            label,
            options,
            index=options.index(getattr(self.base, name)),
            format_func=labels.__getitem__,
            key=f"{self.prefix}_{name}",
            help=description(PeakSettings, name),
        )

    def whole(self, label: str, name: str, limits: tuple[int, int], step: int = 1) -> int:
        """A whole number."""
        return st.number_input(
            label,
            value=int(getattr(self.base, name)),
            min_value=limits[0],
            max_value=limits[1],
            step=step,
            key=f"{self.prefix}_{name}",
            help=description(PeakSettings, name),
        )


def fields(prefix: str = "start", base: PeakSettings | None = None) -> dict[str, Any]:
    """Show the fields; what they say by dotted name, windows by frequency still as typed.

    Parameters
    ----------
    prefix
        Start of the fields' keys; another one makes fields of their own.
    base
        What the fields say at first; the defaults if not given.
    """
    at = _Fields(prefix, base or PeakSettings())
    names = get_args(PeakSettings.model_fields["method"].annotation)
    method = at.choice("Method", "method", {name: _METHODS.get(name, name) for name in names})
    st.caption(_SENTENCES.get(method, ""))
    said: dict[str, Any] = {"method": method}
    current, windows = st.columns([1, 2.4])
    with current:
        said["current"] = at.choice("Current", "current", _CURRENTS)
    said["windows"] = windows.text_input(
        "Windows of single frequencies",
        value=windows_text(at.base.windows),
        key=f"{prefix}_windows",
        placeholder="up to 50 Hz: -0.45 to -0.10; above 50 Hz: -0.40 to -0.05",
        help=description(PeakSettings, "windows"),
    )
    if method not in ("median", "fast"):
        said |= _smoothing(at, method)
    if method in ("classic", "sacmes-web"):
        said |= _spikes(at)
    if method == "classic":
        said |= _baseline(at)
    return {f"peak.{name}": value for name, value in said.items()}


def _smoothing(at: _Fields, method: str) -> dict[str, Any]:
    columns = st.columns(4)
    said: dict[str, Any] = {}
    with columns[0]:
        said["smoothing"] = at.choice("Smoothing", "smoothing", _MODES)
    if method == "classic" and said["smoothing"] != "off":
        with columns[1]:
            said["smoothing_filter"] = at.choice("Filter", "smoothing_filter", _FILTERS)
    if said["smoothing"] != "manual":
        return said
    with columns[2]:
        said |= _smoothing_window(at)
    if said.get("smoothing_filter") != "whittaker":
        with columns[3]:
            said["smoothing_degree"] = at.whole("Degree", "smoothing_degree", (0, 9))
    return said


def _smoothing_window(at: _Fields) -> dict[str, Any]:
    points = at.whole("Window / points", "smoothing_window_points", (3, 999), step=2)
    window_v = at.base.smoothing_window_v
    millivolts = st.number_input(
        "or / mV",
        value=None if window_v is None else round(1000 * window_v, 6),
        min_value=0.1,
        max_value=1000.0,
        step=1.0,
        key=f"{at.prefix}_smoothing_window_v",
        placeholder="in points",
        help=description(PeakSettings, "smoothing_window_v"),
    )
    volts = None if millivolts is None else millivolts / 1000
    return {"smoothing_window_points": points, "smoothing_window_v": volts}


def _spikes(at: _Fields) -> dict[str, Any]:
    columns = st.columns(3)
    with columns[0]:
        said: dict[str, Any] = {"spike_filter": at.choice("Spike filter", "spike_filter", _MODES)}
    if said["spike_filter"] == "manual":
        with columns[1]:
            said["spike_window_points"] = at.whole(
                "Spike window / points", "spike_window_points", (3, 999), step=2
            )
        said["spike_threshold_sigmas"] = columns[2].number_input(
            "Threshold / σ",
            value=at.base.spike_threshold_sigmas,
            min_value=1.0,
            max_value=100.0,
            step=0.5,
            key=f"{at.prefix}_spike_threshold_sigmas",
            help=description(PeakSettings, "spike_threshold_sigmas"),
        )
    return said


def _baseline(at: _Fields) -> dict[str, Any]:
    columns = st.columns(3)
    labels = _BASELINES | {name: name for name in get_args(BaselineName) if name not in _BASELINES}
    with columns[0]:
        said: dict[str, Any] = {"baseline": at.choice("Baseline", "baseline", labels)}
    with columns[1]:
        if said["baseline"] in _BY_DEGREE:
            said["baseline_degree"] = at.whole("Degree of the baseline", "baseline_degree", (1, 6))
        elif said["baseline"] not in _WITHOUT_WINDOW:
            said["baseline_window_v"] = st.number_input(
                "Window of the baseline / V",
                value=at.base.baseline_window_v,
                min_value=0.001,
                max_value=10.0,
                step=0.05,
                format="%.3f",
                key=f"{at.prefix}_baseline_window_v",
                placeholder="from the peak's width",
                help=description(PeakSettings, "baseline_window_v"),
            )
    with columns[2]:
        said["peak_direction"] = at.choice("The peak points", "peak_direction", _DIRECTIONS)
    return said
