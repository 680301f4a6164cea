"""The heading of a page beside the live one: whose data this is, and how everything stands."""

import time

import streamlit as st

from dashboard import access, panels, summary
from dashboard.standing import agent_chip, analyzer_chip, live_chip
from dashboard.views.zone import viewer_zone
from dashboard.waiting import state_notice


@st.fragment(run_every=1.0)
def show_heading() -> None:
    """Show the heading, which renews itself."""
    state, now, zone = access.connection().state, time.time(), viewer_zone()
    if state.link == "refused":
        st.rerun()
    chips = [agent_chip(state, now, zone), analyzer_chip(state, now), live_chip(state, now, zone)]
    panels.show_header(state.user_id, summary.subtitle(state, now, zone), chips)
    notice = state_notice(state)
    if notice is not None:
        panels.show_notice(notice)
