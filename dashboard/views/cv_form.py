"""The fields that say how a cycle becomes peaks, for the start of a session and for a running one.

A key prefix tells the two apart; the values shown first are those of the settings that hold.
"""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from dashboard.forms import description
from sacmes_core.settings.cv import CvSettings

_MODELS: Final[Mapping[str, str]] = {
    "auto": "Automatic",
    "surface": "Couple on the surface",
    "diffusing": "Couple that diffuses",
    "line": "Height over a line",
}
_MODEL_SENTENCES: Final[Mapping[str, str]] = {
    "auto": "Both kinds of couple are fitted, and the one that explains the cycle better counts.",
    "surface": "Bell-shaped peaks of a layer on the electrode, over a charging background.",
    "diffusing": "Peaks with a tail, of a species that comes through the solution.",
    "line": "As in older programs: a line is fitted ahead of the wave and drawn on under the peak.",
}
_SWEEPS: Final = (("forward", "Forward"), ("reverse", "Reverse"))


def fields(prefix: str, held: CvSettings) -> dict[str, Any]:
    """Show the fields; what they say by dotted name, the probes still as typed.

    Parameters
    ----------
    prefix
        Of the widgets' keys.
    held
        Whose values are shown first.
    """
    left, middle, right = st.columns([1.2, 0.9, 0.9])
    said: dict[str, Any] = {
        "model": left.selectbox(
            "Model and baseline",
            list(_MODELS),
            index=list(_MODELS).index(held.model),
            format_func=_MODELS.__getitem__,
            key=f"{prefix}model",
            help=description(CvSettings, "model"),
        )
    }
    for column, (sweep, title) in zip((middle, right), _SWEEPS, strict=True):
        said[f"{sweep}_segment"] = column.number_input(
            f"{title} segment",
            min_value=1,
            step=1,
            value=getattr(held, f"{sweep}_segment"),
            key=f"{prefix}{sweep}_segment",
            placeholder="last cycle",
            help=description(CvSettings, f"{sweep}_segment"),
        )
    st.caption(_MODEL_SENTENCES[said["model"]])
    said |= _windows(prefix, held)
    said |= _cell(prefix, held)
    if said["model"] == "line":
        said |= _line(prefix, held)
    return {f"peak.cv.{name}": value for name, value in said.items()}


def _windows(prefix: str, held: CvSettings) -> dict[str, Any]:
    said: dict[str, Any] = {}
    columns = iter(st.columns(4))
    for sweep, title in _SWEEPS:
        for end, word in (("min", "from"), ("max", "to")):
            name = f"{sweep}_{end}_v"
            said[name] = next(columns).number_input(
                f"{title} {word} / V",
                value=getattr(held, name),
                step=0.05,
                format="%.3f",
                key=f"{prefix}{name}",
                placeholder="whole sweep",
                help=description(CvSettings, name),
            )
    return said


def _cell(prefix: str, held: CvSettings) -> dict[str, Any]:
    rate, electrons, temperature, probes = st.columns([0.8, 0.8, 0.8, 1.6])
    counts: list[int | None] = [None, 1, 2, 3, 4]
    return {
        "scan_rate_v_s": rate.number_input(
            "Scan rate / V s⁻¹",
            value=held.scan_rate_v_s,
            min_value=1e-6,
            step=0.01,
            format="%g",
            key=f"{prefix}scan_rate_v_s",
            placeholder="from the file",
            help=description(CvSettings, "scan_rate_v_s"),
        ),
        "electrons": electrons.selectbox(
            "Electrons",
            counts,
            index=counts.index(held.electrons),
            format_func=lambda n: "1 or 2" if n is None else str(n),
            key=f"{prefix}electrons",
            help=description(CvSettings, "electrons"),
        ),
        "temperature_c": temperature.number_input(
            "Temperature / °C",
            value=held.temperature_c,
            step=1.0,
            format="%.1f",
            key=f"{prefix}temperature_c",
            help=description(CvSettings, "temperature_c"),
        ),
        "probe_potentials_v": probes.text_input(
            "Probe potentials / V",
            value=", ".join(f"{v:g}" for v in held.probe_potentials_v),
            key=f"{prefix}probe_potentials_v",
            placeholder="-0.2, 0.1",
            help=description(CvSettings, "probe_potentials_v"),
        ),
    }


def _line(prefix: str, held: CvSettings) -> dict[str, Any]:
    start, end, _ = st.columns([1, 1, 2])
    said = {}
    for column, name, title in (
        (start, "line_from_share", "Line from / share of the sweep"),
        (end, "line_to_share", "Line to / share of the sweep"),
    ):
        said[name] = column.number_input(
            title,
            value=getattr(held, name),
            min_value=0.0,
            max_value=1.0,
            step=0.05,
            key=f"{prefix}{name}",
            help=description(CvSettings, name),
        )
    return said
