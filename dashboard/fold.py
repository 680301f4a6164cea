"""A sidebar that puts itself away on a phone as soon as a page is chosen in it."""

from pathlib import Path
from typing import Final

import streamlit as st

_HERE: Final = Path(__file__).parent

_component = st.components.v2.component(
    "sacmes_fold",
    html="<div hidden></div>",
    js=(_HERE / "fold.js").read_text("utf-8"),
)


def fold_when_chosen() -> None:
    """Let the sidebar, in which this is called, put itself away."""
    _component(key="fold")
