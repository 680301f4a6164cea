"""What the pages of the techniques have in common: header, empty state, reruns when it changes."""

import time
from collections.abc import Callable

import streamlit as st

from dashboard import access, panels
from dashboard.filling import unfilled_notice
from dashboard.live_state import LiveState
from dashboard.navigation import go_to
from dashboard.views import header
from dashboard.views.live import EVERY_S
from sacmes_core.settings.parts import Technique

Shape = Callable[[LiveState], tuple[object, ...]]


def page(name: str, fills: tuple[Technique, ...], draw: Callable[[], None], shape: Shape) -> None:
    """Show the header, then the page or why it is empty.

    Parameters
    ----------
    name
        Of the page, for what is kept of it.
    fills
        Techniques whose scans fill the page, its own first.
    draw
        Draws the page where there is something.
    shape
        What decides which controls stand on the page; a change draws all of it anew.
    """
    state = access.connection().state
    st.session_state[f"{name}_drawn"] = _shape(state, fills, shape)
    _header(name, fills, shape)
    unfilled = unfilled_notice(state, fills, time.time())
    if unfilled is None:
        draw()
        return
    _, path = unfilled
    _empty(fills)
    _, middle, _ = st.columns([2, 1, 2])
    if middle.button("Go to the Session page", type="primary", width="stretch"):
        go_to("session")
    if path != "session" and middle.button("Go to where its scans are", width="stretch"):
        go_to(path)


@st.fragment(run_every=EVERY_S)
def _header(name: str, fills: tuple[Technique, ...], shape: Shape) -> None:
    state = access.connection().state
    if _shape(state, fills, shape) != st.session_state.get(f"{name}_drawn"):
        st.rerun()
    header.draw(state)


@st.fragment(run_every=EVERY_S)
def _empty(fills: tuple[Technique, ...]) -> None:
    unfilled = unfilled_notice(access.connection().state, fills, time.time())
    if unfilled is not None:
        panels.show_notice(unfilled[0], key="waiting", lone=True)


def _shape(state: LiveState, fills: tuple[Technique, ...], shape: Shape) -> tuple[object, ...]:
    session = state.session
    unfilled = unfilled_notice(state, fills, time.time())
    key = (session.session_id, session.revision) if session is not None else None
    return state.link == "refused", unfilled is None, key, *shape(state)
