"""The overview page: several user_ids side by side, each with its own key."""

import time
from typing import Final

import streamlit as st

from dashboard import access, panels, tiles
from dashboard.blocks import Notice
from dashboard.connection import Credentials
from dashboard.navigation import go_to
from dashboard.views.zone import viewer_zone

COLUMNS: Final = 3
_SAID: Final = "overview_said"


def page() -> None:
    """Show a tile for each user_id that this page is signed in to, and let it sign in to more."""
    st.html('<h1 class="sacmes-title">Overview</h1>')
    said = st.session_state.pop(_SAID, "") or access.message()
    if said:
        panels.show_notice(Notice("Not shown", said, "attention"), key="overview_said")
    everyone = access.everyone()
    for start in range(0, len(everyone), COLUMNS):
        row = everyone[start : start + COLUMNS]
        for column, held in zip(st.columns(COLUMNS), row, strict=False):
            with column:
                _tile(held.user_id, held.username)
                _buttons(held)
    with st.expander("Watch another user_id on this page", expanded=len(everyone) == 1):
        _form(len(everyone))


@st.fragment(run_every=1.0)
def _tile(user_id: str, username: str) -> None:
    state = access.connection(user_id).state
    if state.link == "refused":
        st.rerun()
    panels.show_tile(tiles.tile(state, username, time.time(), viewer_zone()))


def _buttons(held: Credentials) -> None:
    with st.container(horizontal=True):
        if st.button("Open", key=f"open_{held.user_id}", type="primary", help="Show its pages."):
            access.bring_to_front(held.user_id)
            go_to("live")
        if len(access.everyone()) > 1 and st.button(
            "Sign out of it",
            key=f"leave_{held.user_id}",
            help="Takes it off this page and forgets its key.",
        ):
            access.leave(held.user_id)
            st.rerun()


def _form(watched: int) -> None:
    # Fields of their own for each user_id. Were they cleared when they are sent, the next turn of a
    # tile could take what was typed with it.
    with st.form(f"watch_too/{watched}", border=False):
        left, middle, right = st.columns(3)
        user_id = left.text_input("user_id", max_chars=64, autocomplete="off")
        key = middle.text_input("Key", type="password", autocomplete="off")
        username = right.text_input(
            "Username",
            max_chars=64,
            autocomplete="off",
            placeholder="only with one of your own",
            help="Empty, or the name that the administrator has allowed to look at this user_id.",
        )
        pressed = st.form_submit_button("Watch it too")
    if pressed:
        with st.spinner("Asking the broker …"):
            st.session_state[_SAID] = access.watch_too(user_id or "", key or "", username or "")
        st.rerun()
