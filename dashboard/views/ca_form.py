"""The fields that say how a current after a step becomes lifetimes, for a start and for a run.

A key prefix tells the two apart; the values shown first are those of the settings that hold.
"""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from dashboard.forms import description
from sacmes_core.settings.ca import CaSettings

_EXPONENTIALS: Final[Mapping[str, str]] = {
    "auto": "As many as the data support",
    "mono": "One lifetime",
    "bi": "Two lifetimes",
}


def fields(prefix: str, held: CaSettings) -> dict[str, Any]:
    """Show the fields; what they say by dotted name, in seconds.

    Parameters
    ----------
    prefix
        Of the widgets' keys.
    held
        Whose values are shown first.
    """
    left, middle, right = st.columns(3)
    said: dict[str, Any] = {
        "exponentials": left.selectbox(
            "Exponentials",
            list(_EXPONENTIALS),
            index=list(_EXPONENTIALS).index(held.exponentials),
            format_func=_EXPONENTIALS.__getitem__,
            key=f"{prefix}exponentials",
            help=description(CaSettings, "exponentials"),
        ),
        "fit_from_s": _milliseconds(
            middle, "Fit from / ms", "fit_from_s", prefix, held.fit_from_s, "after saturation"
        ),
        "fit_to_s": _milliseconds(
            right, "Fit to / ms", "fit_to_s", prefix, held.fit_to_s, "end of the pulse"
        ),
    }
    return {f"peak.ca.{name}": value for name, value in (said | _step(prefix, held)).items()}


def _step(prefix: str, held: CaSettings) -> dict[str, Any]:
    step, pulse, charging, diffusion = st.columns([0.8, 0.6, 0.9, 1.3], vertical_alignment="bottom")
    said: dict[str, Any] = {
        "step_s": step.number_input(
            "Step at / s",
            value=held.step_s,
            step=0.01,
            format="%g",
            key=f"{prefix}step_s",
            placeholder="is found",
            help=description(CaSettings, "step_s"),
        ),
        "pulse": pulse.number_input(
            "Step no.",
            value=held.pulse,
            min_value=1,
            max_value=100,
            step=1,
            key=f"{prefix}pulse",
            help=description(CaSettings, "pulse"),
        ),
        "charging_max_s": _milliseconds(
            charging, "Charging up to / ms", "charging_max_s", prefix, held.charging_max_s, "0.5"
        ),
    }
    if said["charging_max_s"] is None:
        said["charging_max_s"] = CaSettings().charging_max_s
    said["diffusion"] = diffusion.checkbox(
        "Fit a diffusion current as well",
        value=held.diffusion,
        key=f"{prefix}diffusion",
        help=description(CaSettings, "diffusion"),
    )
    return said


def _milliseconds(
    place: Any, label: str, name: str, prefix: str, held_s: float | None, placeholder: str
) -> float | None:
    """A time that people give in milliseconds, in seconds."""
    said_ms: float | None = place.number_input(
        label,
        value=None if held_s is None else round(held_s * 1000, 9),
        min_value=0.0,
        step=0.1,
        format="%g",
        key=f"{prefix}{name}",
        placeholder=placeholder,
        help=description(CaSettings, name),
    )
    return None if said_ms is None else said_ms / 1000
