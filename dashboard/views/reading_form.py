"""The fields that say how a file's columns are read; all may stay empty."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from dashboard.forms import description
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.reading import ReadingSettings

_DELIMITERS: Final[Mapping[str | None, str]] = {
    None: "found",
    "tab": "tab",
    "semicolon": "semicolon",
    "comma": "comma",
    "space": "spaces",
}
_DECIMALS: Final[Mapping[str | None, str]] = {
    None: "found",
    "point": "point 0.5",
    "comma": "comma 0,5",
}
_POTENTIALS: Final[Mapping[str | None, str]] = {
    None: "found",
    **{u: u for u in ("V", "mV", "µV", "nV")},
}
_CURRENTS: Final[Mapping[str | None, str]] = {
    None: "found",
    **{u: u for u in ("A", "mA", "µA", "nA", "pA")},
}


def fields(technique: Technique) -> dict[str, Any]:
    """Show the fields; what they say by dotted name, None for what is found from the content."""
    said: dict[str, Any] = {}
    columns = st.columns(4)
    names = [("potential_column", "Potential column"), ("current_column", "Current column")]
    if technique == "ca":
        names[0] = ("time_column", "Time column")
    for place, (name, title) in zip(
        columns, [*names, ("column_spacing", "Column spacing")], strict=False
    ):
        said[name] = place.number_input(
            title,
            value=None,
            min_value=1,
            max_value=64 if name == "column_spacing" else 1024,
            step=1,
            key=f"start_{name}",
            placeholder="found",
            help=description(ReadingSettings, name),
        )
    with columns[3]:
        said["delimiter"] = _choice("Delimiter", "delimiter", _DELIMITERS)
    columns = st.columns(4, vertical_alignment="bottom")
    for place, (title, name, words) in zip(
        columns,
        (
            ("Decimal sign", "decimal", _DECIMALS),
            ("Potential in", "potential_unit", _POTENTIALS),
            ("Current in", "current_unit", _CURRENTS),
        ),
        strict=False,
    ):
        with place:
            said[name] = _choice(title, name, words)
    said["invert_current"] = columns[3].checkbox(
        "Turn the sign of currents",
        key="start_invert_current",
        help=description(ReadingSettings, "invert_current"),
    )
    return {f"reading.{name}": value for name, value in said.items()}


def _choice(label: str, name: str, words: Mapping[str | None, str]) -> str | None:
    return st.selectbox(
        label,
        list(words),
        format_func=words.__getitem__,
        key=f"start_{name}",
        help=description(ReadingSettings, name),
    )
