"""The header of every page: whose data this is, what runs, and how everything stands."""

import time

import streamlit as st

from dashboard import access, panels, summary
from dashboard.standing import header_chips
from dashboard.views.live import viewer_zone


@st.fragment(run_every=1.0)
def show() -> None:
    """Show the header, live; a page that the broker cuts off is drawn anew."""
    state, now, zone = access.connection().state, time.time(), viewer_zone()
    if state.link == "refused":
        st.rerun()
    chips = header_chips(state, now, zone, access.credentials().username)
    panels.show_header(state.user_id, summary.subtitle(state, now, zone), chips)
