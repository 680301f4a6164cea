"""The health page: whether scans get through, how fast, and what went wrong lately."""

import time
from typing import Final

import streamlit as st

from dashboard import access, health_rows, panels
from dashboard.blocks import Notice
from dashboard.views import header
from dashboard.views.zone import viewer_zone

EVERY_S: Final = 1.0
TABLE_PX: Final = 260

_PAUSED: Final = "raw_paused"
_HELD: Final = "raw_held"


def page() -> None:
    """Show the chain from the instrument to this page."""
    header.show(notices=False)
    _numbers()
    st.subheader("Components")
    _components()
    st.subheader("Last errors")
    _troubles()
    raw = st.expander("Raw messages of this user_id, as they come", key="raw", on_change="rerun")
    if raw.open:
        with raw:
            st.toggle("Pause", key=_PAUSED, help="Keeps the list as it is, to read in peace.")
            _messages()


@st.fragment(run_every=EVERY_S)
def _numbers() -> None:
    state = access.connection().state
    panels.show_cards(health_rows.cards(state, time.time()))
    if state.history_problem is not None:
        notice = Notice("The trend cannot be completed now", state.history_problem, "attention")
        panels.show_notice(notice, key="history_problem")


@st.fragment(run_every=EVERY_S)
def _components() -> None:
    rows = health_rows.component_rows(access.connection().state, time.time(), viewer_zone())
    panels.show_table(
        health_rows.COMPONENTS, rows, label="Components", height=TABLE_PX, key="components"
    )


@st.fragment(run_every=EVERY_S)
def _troubles() -> None:
    rows = health_rows.trouble_rows(access.connection().state, time.time(), viewer_zone())
    if not rows:
        st.caption("None since this connection began.")
        return
    panels.show_table(health_rows.TROUBLES, rows, label="Errors", height=TABLE_PX, key="troubles")


@st.fragment(run_every=EVERY_S)
def _messages() -> None:
    state = access.connection().state
    if st.session_state[_PAUSED]:
        state = st.session_state.setdefault(_HELD, state)
    else:
        st.session_state.pop(_HELD, None)
    panels.show_messages(health_rows.raw_messages(state, viewer_zone()))
