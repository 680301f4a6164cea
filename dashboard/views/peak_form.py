"""The part of the start form that says how a peak is taken; only what the method uses is shown."""

from collections.abc import Mapping
from typing import Any, Final, get_args

import streamlit as st

from dashboard.forms import description
from sacmes_core.settings.peak import BaselineName, PeakSettings

_DEFAULT: Final = PeakSettings()
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


def fields() -> dict[str, Any]:
    """Show the fields; what they say by dotted name, windows by frequency still as typed."""
    names = get_args(PeakSettings.model_fields["method"].annotation)
    method = _choice("Method", "method", {name: _METHODS.get(name, name) for name in names})
    st.caption(_SENTENCES.get(method, ""))
    said: dict[str, Any] = {"method": method}
    current, windows = st.columns([1, 2.4])
    with current:
        said["current"] = _choice("Current", "current", _CURRENTS)
    said["windows"] = windows.text_input(
        "Windows of single frequencies",
        key="start_windows",
        placeholder="up to 50 Hz: -0.45 to -0.10; above 50 Hz: -0.40 to -0.05",
        help=description(PeakSettings, "windows"),
    )
    if method not in ("median", "fast"):
        said |= _smoothing(method)
    if method in ("classic", "sacmes-web"):
        said |= _spikes()
    if method == "classic":
        said |= _baseline()
    return {f"peak.{name}": value for name, value in said.items()}


def _smoothing(method: str) -> dict[str, Any]:
    columns = st.columns(4)
    said: dict[str, Any] = {}
    with columns[0]:
        said["smoothing"] = _choice("Smoothing", "smoothing", _MODES)
    if method == "classic" and said["smoothing"] != "off":
        with columns[1]:
            said["smoothing_filter"] = _choice("Filter", "smoothing_filter", _FILTERS)
    if said["smoothing"] != "manual":
        return said
    with columns[2]:
        said |= _smoothing_window()
    if said.get("smoothing_filter") != "whittaker":
        with columns[3]:
            said["smoothing_degree"] = _whole("Degree", "smoothing_degree", (0, 9))
    return said


def _smoothing_window() -> dict[str, Any]:
    points = _whole("Window / points", "smoothing_window_points", (3, 999), step=2)
    millivolts = st.number_input(
        "or / mV",
        value=None,
        min_value=0.1,
        max_value=1000.0,
        step=1.0,
        key="start_smoothing_window_v",
        placeholder="in points",
        help=description(PeakSettings, "smoothing_window_v"),
    )
    volts = None if millivolts is None else millivolts / 1000
    return {"smoothing_window_points": points, "smoothing_window_v": volts}


def _spikes() -> dict[str, Any]:
    columns = st.columns(3)
    with columns[0]:
        said: dict[str, Any] = {"spike_filter": _choice("Spike filter", "spike_filter", _MODES)}
    if said["spike_filter"] == "manual":
        with columns[1]:
            said["spike_window_points"] = _whole(
                "Spike window / points", "spike_window_points", (3, 999), step=2
            )
        said["spike_threshold_sigmas"] = columns[2].number_input(
            "Threshold / σ",
            value=_DEFAULT.spike_threshold_sigmas,
            min_value=1.0,
            max_value=100.0,
            step=0.5,
            key="start_spike_threshold_sigmas",
            help=description(PeakSettings, "spike_threshold_sigmas"),
        )
    return said


def _baseline() -> dict[str, Any]:
    columns = st.columns(3)
    labels = _BASELINES | {name: name for name in get_args(BaselineName) if name not in _BASELINES}
    with columns[0]:
        said: dict[str, Any] = {"baseline": _choice("Baseline", "baseline", labels)}
    with columns[1]:
        if said["baseline"] in _BY_DEGREE:
            said["baseline_degree"] = _whole("Degree of the baseline", "baseline_degree", (1, 6))
        elif said["baseline"] not in _WITHOUT_WINDOW:
            said["baseline_window_v"] = st.number_input(
                "Window of the baseline / V",
                value=None,
                min_value=0.001,
                max_value=10.0,
                step=0.05,
                format="%.3f",
                key="start_baseline_window_v",
                placeholder="from the peak's width",
                help=description(PeakSettings, "baseline_window_v"),
            )
    with columns[2]:
        said["peak_direction"] = _choice("The peak points", "peak_direction", _DIRECTIONS)
    return said


def _choice(label: str, name: str, labels: Mapping[str, str]) -> str:
    """One of the values of a setting, the default first shown."""
    options = list(labels)
    return st.selectbox(
        label,
        options,
        index=options.index(getattr(_DEFAULT, name)),
        format_func=labels.__getitem__,
        key=f"start_{name}",
        help=description(PeakSettings, name),
    )


def _whole(label: str, name: str, limits: tuple[int, int], step: int = 1) -> int:
    return st.number_input(
        label,
        value=int(getattr(_DEFAULT, name)),
        min_value=limits[0],
        max_value=limits[1],
        step=step,
        key=f"start_{name}",
        help=description(PeakSettings, name),
    )
