"""The header of every page: whose data this is, what runs, and how everything stands."""

import time

import streamlit as st

from dashboard import access, panels, summary
from dashboard.live_state import LiveState
from dashboard.standing import header_chips
from dashboard.views.zone import viewer_zone
from dashboard.waiting import state_notice


@st.fragment(run_every=1.0)
def show(*, notices: bool = True) -> None:
    """Show the header, live; a page that the broker cuts off is drawn anew.

    Parameters
    ----------
    notices
        Whether what the charts of the page do not show by themselves stands below.
    """
    state = access.connection().state
    if state.link == "refused":
        st.rerun()
    draw(state, notices=notices)


def draw(state: LiveState, *, notices: bool = True) -> None:
    """Draw the header once, for a page that renews it along with something of its own."""
    now, zone = time.time(), viewer_zone()
    chips = header_chips(state, now, zone, access.credentials().username)
    panels.show_header(state.user_id, summary.subtitle(state, now, zone), chips)
    notice = state_notice(state) if notices else None
    if notice is not None:
        panels.show_notice(notice)
