"""The way from a scan that is pointed at to the inspector."""

from typing import Final

import streamlit as st

from dashboard.navigation import go_to

INSPECTED: Final = "inspected_scan"
FOLLOW: Final = "inspector_follow"


def inspect(position: int, index: int = 0) -> None:
    """Show a scan in the inspector."""
    st.session_state[INSPECTED] = (position, index)
    st.session_state[FOLLOW] = False
    go_to("inspector")
