"""A chart that is updated in place: a thin component around the Plotly of the installed package."""

import json
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard.addresses import own_address

LIBRARY_PATH: Final = "assets/plotly.min.js"
_HERE: Final = Path(__file__).parent

_component = st.components.v2.component(
    "sacmes_live_plot",
    html='<div class="sacmes-plot-title"></div><div class="sacmes-plot"></div>',
    css=(_HERE / "live_plot.css").read_text("utf-8"),
    js="".join((_HERE / name).read_text("utf-8") for name in ("fed.js", "live_plot.js")),
    isolate_styles=False,
)


def live_plot(
    figure: bytes, *, name: str, alt: str, height: int, title: str = "", picks: bool = False
) -> tuple[int, int] | None:
    """Show a figure; the next call with the same name moves it on without rebuilding it.

    Parameters
    ----------
    figure
        Figure as JSON in UTF-8.
    name
        Key of the chart on its page and name of the files saved from it.
    alt
        What the chart shows, for who cannot see it.
    height
        In pixels, without the title.
    title
        What stands above the chart and changes in the same moment as it.
    picks
        Whether a click on a point picks its scan.

    Returns
    -------
    tuple of int, or None
        Position and index of the scan that was picked just now.
    """
    said = {"alt": alt, "name": name, "height": height, "title": title}
    return _plot(said, b'"figure":' + figure, picks=picks)


def fed_plot(part: bytes, *, name: str, height: int, picks: bool = False) -> tuple[int, int] | None:
    """Show a chart like `live_plot`, given by a part of its feed, which then moves it on."""
    return _plot({"fed": name, "name": name, "height": height}, part[1:-1], picks=picks)


def _plot(said: dict[str, Any], figure: bytes, *, picks: bool) -> tuple[int, int] | None:
    head = json.dumps({"library": own_address(LIBRARY_PATH), **said}).encode()
    told: dict[str, Any] = {"on_picked_change": _nothing} if picks else {}
    shown = _component(key=said["name"], data=head[:-1] + b"," + figure + b"}", **told)
    return _scan(shown.picked) if picks else None


def _nothing() -> None:
    pass


def _scan(picked: Any) -> tuple[int, int] | None:
    """What the browser says was picked: a position, or a position with an index."""
    match picked:
        case int(position):
            return position, 0
        case [int(position), int(index)]:
            return position, index
    return None
