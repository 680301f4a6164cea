"""A chart that is updated in place: a thin component around the Plotly of the installed package."""

import json
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.addresses import own_address

LIBRARY_PATH: Final = "assets/plotly.min.js"
_HERE: Final = Path(__file__).parent

_component = st.components.v2.component(
    "sacmes_live_plot",
    html='<div class="sacmes-plot"></div>',
    css=".sacmes-plot { width: 100%; }",
    js=(_HERE / "live_plot.js").read_text("utf-8"),
    isolate_styles=False,
)


def live_plot(figure: bytes, *, name: str, alt: str, height: int) -> None:
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
        In pixels.
    """
    library = own_address(LIBRARY_PATH)
    head = json.dumps({"library": library, "name": name, "alt": alt, "height": height}).encode()
    _component(key=name, data=head[:-1] + b',"figure":' + figure + b"}")
