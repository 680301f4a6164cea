"""The way in: user_id and key, decided by the broker."""

import html
from typing import Final

import streamlit as st

from dashboard import access, keeper, recent
from dashboard.views.sidebar import MARK

_USER_ID: Final = "user_id"
_RECENT: Final = "recent"
_ASKED: Final = "sign_in_asked"
_CHOSEN: Final = "chosen_user_id"


def page() -> None:
    """Ask for user_id and key; go on as soon as the broker has let them in."""
    _come_back()
    _, middle, _ = st.columns([1, 1.25, 1])
    with middle, st.container(key="sacmes_sign_in"):
        st.html(
            f'<div class="sacmes-brand"><h1>{MARK.format(size=46)}sacmes</h1>'
            "<p>Watch an electrochemical sensor live: every voltammogram off the instrument, "
            "its peak, and the trend.</p></div>"
        )
        _form()
        if access.message():
            said = html.escape(access.message())
            st.html(f'<div role="alert" class="sacmes-alert">{said}</div>')
        recent.offer(_take_recent)
        st.caption(
            "The agent beside the instrument shows the user_id; the key comes from whoever set it "
            "up. The broker decides what a key may see."
        )


def _come_back() -> None:
    """Go on where a reloaded tab was, or a wall screen that keeps its key."""
    left = access.left_user_ids()
    user_id = str(st.query_params.get(_USER_ID, ""))
    monitor = st.query_params.get("view") == "monitor"
    found = keeper.ask(user_id, monitor=monitor, forget_walls=left, forget_tab=bool(left))
    if found.ticket and access.come_back(found.ticket, user_id):
        st.rerun()
    if found.screen is not None and monitor and found.screen.user_id == user_id:
        access.wake_wall(found.screen)
        st.rerun()


def _form() -> None:
    offered = st.session_state.get(_CHOSEN) or st.query_params.get(_USER_ID, "")
    with st.form("sign_in", border=True, enter_to_submit=True):
        user_id = st.text_input(
            "user_id",
            offered,
            # What is set as a widget's state is lost where a turn is overtaken before it is shown.
            key=f"{_USER_ID}/{offered}",
            placeholder="for example lab-7f3a",
            autocomplete="username",
            max_chars=64,
            help="Shown by the agent beside the instrument: sacmes-agent status.",
        )
        key = st.text_input(
            "Key",
            type="password",
            autocomplete="current-password",
            help="The key that belongs to the user_id, or to your own username below.",
        )
        with st.expander("I have a username of my own"):
            username = st.text_input(
                "Username",
                max_chars=64,
                autocomplete="off",
                help="A colleague signs in with a username and key of his own, which the "
                "administrator has allowed to look at this user_id.",
            )
        st.form_submit_button("Sign in", type="primary", width="stretch", on_click=_ask)
    if not st.session_state.get(_ASKED):
        return
    with st.spinner("Asking the broker …"):
        let_in = access.sign_in(user_id or "", key or "", username or "")
        del st.session_state[_ASKED]
    if let_in:
        st.rerun()


def _ask() -> None:
    """Keep the click: what the browser remembers may begin another turn before this one asked."""
    st.session_state[_ASKED] = True


def _take_recent() -> None:
    chosen = st.session_state[_RECENT].get("chosen")
    if chosen:
        st.session_state[_CHOSEN] = chosen
