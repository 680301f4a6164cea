"""The fields that say what an instrument on a serial line measures."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st
from pydantic import BaseModel

from dashboard import forms
from dashboard.forms import description
from sacmes_core.instruments.orders import KINDS
from sacmes_core.settings.method import (
    CyclicMethod,
    MethodSettings,
    SquareWaveMethod,
    StepMethod,
)
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.source import SourceSettings

MAP_HZ: Final = "5, 10, 20, 40, 60, 100, 150, 200, 300, 500, 750, 1000"
_SWV: Final[Mapping[str, tuple[str, str, float]]] = {
    "start_v": ("From / V", "%.3f", 0.05),
    "end_v": ("To / V", "%.3f", 0.05),
    "step_v": ("Step / V", "%.4f", 0.001),
    "amplitude_v": ("Amplitude / V", "%.3f", 0.005),
}
_CV: Final[Mapping[str, tuple[str, str, float]]] = {
    "start_v": ("Start and end / V", "%.3f", 0.05),
    "vertex_1_v": ("First vertex / V", "%.3f", 0.05),
    "vertex_2_v": ("Second vertex / V", "%.3f", 0.05),
    "step_v": ("Step / V", "%.4f", 0.001),
    "scan_rate_v_s": ("Scan rate / V s⁻¹", "%g", 0.01),
}
_CA: Final[Mapping[str, tuple[str, str, float]]] = {
    "duration_s": ("Each for / s", "%g", 0.1),
    "sample_interval_s": ("Sample every / s", "%g", 0.001),
}
_AROUND: Final[Mapping[str, tuple[str, str, float]]] = {
    "conditioning_v": ("Conditioning at / V", "%.3f", 0.05),
    "conditioning_s": ("for / s", "%g", 1.0),
    "quiet_s": ("Quiet time / s", "%g", 1.0),
    "current_range_a": ("Current range / µA", "%g", 10.0),
}


def fields(technique: Technique) -> dict[str, Any]:
    """Show the fields; what they say by dotted name.

    Raises
    ------
    FormError
        If a list of numbers cannot be read.
    """
    kind = KINDS[technique]
    said: dict[str, Any] = {}
    if kind == "swv":
        said["source.frequencies_hz"] = forms.frequencies(_frequencies(technique))
        method: dict[str, Any] = {"swv": _numbers(SquareWaveMethod, _SWV, "swv")}
    elif kind == "cv":
        method = {"cv": _cycle()}
        # An instrument does not say its scan rate, which the charge needs.
        said["peak.cv.scan_rate_v_s"] = method["cv"]["scan_rate_v_s"]
    else:
        method = {"ca": _steps()}
    method |= _rounds(technique)
    with st.expander("Before each scan, and the current range"):
        around = _numbers(MethodSettings, _AROUND, "method")
        around["autorange"] = st.checkbox(
            "Let the instrument take a smaller range by itself",
            value=True,
            key="start_autorange",
            help=description(MethodSettings, "autorange"),
        )
    return said | {"source.method": method | around}


def _frequencies(technique: Technique) -> str:
    return st.text_input(
        "Frequencies / Hz",
        value=MAP_HZ if technique == "frequency_map" else "15, 200",
        key=f"start_line_frequencies_{technique}",
        help=description(SourceSettings, "frequencies_hz"),
    )


def _cycle() -> dict[str, Any]:
    said = _numbers(CyclicMethod, _CV, "cv")
    said["cycles"] = st.number_input(
        "Cycles of a scan",
        value=CyclicMethod().cycles,
        min_value=1,
        max_value=1000,
        step=1,
        key="start_cycles",
        help=description(CyclicMethod, "cycles"),
    )
    return said


def _steps() -> dict[str, Any]:
    potentials = st.text_input(
        "Potentials one after the other / V",
        value=", ".join(f"{v:g}" for v in StepMethod().potentials_v),
        key="start_step_potentials",
        help=description(StepMethod, "potentials_v"),
    )
    return {"potentials_v": forms.potentials(potentials)} | _numbers(StepMethod, _CA, "ca")


def _rounds(technique: Technique) -> dict[str, Any]:
    repeats, interval, electrodes = st.columns(3)
    default = MethodSettings()
    said: dict[str, Any] = {
        "repeats": repeats.number_input(
            "Rounds",
            value=1 if technique == "frequency_map" else default.repeats,
            min_value=1,
            step=1,
            key=f"start_repeats_{technique}",
            help=description(MethodSettings, "repeats"),
        ),
        "interval_s": interval.number_input(
            "A round every / s",
            value=default.interval_s,
            min_value=0.0,
            step=5.0,
            format="%g",
            key="start_interval_s",
            help=description(MethodSettings, "interval_s"),
        ),
    }
    typed = electrodes.text_input(
        "Multiplexer channels",
        key="start_channels",
        placeholder="no multiplexer",
        help=description(MethodSettings, "electrodes"),
    )
    return said | {"electrodes": forms.electrodes(typed or "")}


def _numbers(
    model: type[BaseModel], titles: Mapping[str, tuple[str, str, float]], name: str
) -> dict[str, Any]:
    """A row of numbers with the model's defaults; currents are typed in µA."""
    said: dict[str, Any] = {}
    for column, (field, (title, form, step)) in zip(
        st.columns(len(titles)), titles.items(), strict=True
    ):
        scale = 1e6 if title.endswith("µA") else 1.0
        value = column.number_input(
            title,
            value=float(model.model_fields[field].default) * scale,
            step=step,
            format=form,
            key=f"start_line_{name}_{field}",
            help=description(model, field),
        )
        said[field] = value / scale
    return said
