"""Who a page is: its credentials, and its hold on a connection made with exactly these.

The key lives in the server's memory of this one page and nowhere else.
"""

from typing import Final

import streamlit as st

from dashboard import runtime
from dashboard.connection import Connection, Credentials
from dashboard.pool import Lease
from sacmes_core.errors import ProtocolError
from sacmes_core.protocol import check_user_id

REFUSED: Final = "The broker does not know this user_id, or the key is wrong."
LOOK_ONLY: Final = "You may look; changing takes the key of the user_id itself."
"""Why a control is disabled where `may_change` says no."""
DECISION_S: Final = 8.0

_CREDENTIALS: Final = "credentials"
_MESSAGE: Final = "sign_in_message"
_REMEMBERED: Final = "remember_user_id"


def signed_in() -> bool:
    """Whether this page has a connection that the broker lets in; ends the hold if it does not."""
    credentials = st.session_state.get(_CREDENTIALS)
    if credentials is None:
        return False
    if connection().state.link == "refused":
        sign_out(REFUSED)
        return False
    return True


def credentials() -> Credentials:
    """The credentials of this page, which is signed in."""
    held: Credentials = st.session_state[_CREDENTIALS]
    return held


def lease() -> Lease:
    """The hold of this page, which is signed in, on its connection."""
    held = credentials()
    return _lease(held.user_id, held.username, held.key)


def connection() -> Connection:
    """The connection of this page, which is signed in."""
    return lease().connection


def may_change() -> bool:
    """Whether this page uses the user's own credentials; a colleague may only look."""
    held = credentials()
    return held.username == held.user_id


def sign_in(user_id: str, key: str, username: str = "") -> bool:
    """Try credentials at the broker; if it does not let them in, `message` says why."""
    problem = _problem(user_id, key, username)
    st.session_state[_MESSAGE] = problem or ""
    return problem is None


def _problem(user_id: str, key: str, username: str) -> str | None:
    user_id, username = user_id.strip().lower(), username.strip()
    if not user_id or not key:
        return "Enter the user_id that the agent shows, and its key."
    try:
        check_user_id(user_id)
    except ProtocolError as error:
        return str(error)
    held = Credentials(user_id, username or user_id, key)
    lease = _lease(held.user_id, held.username, held.key)
    decided = lease.connection.wait_decided(DECISION_S)
    state = lease.connection.state
    if not decided or state.link != "online":
        _lease.clear(held.user_id, held.username, held.key)
        if state.link == "refused":
            return REFUSED
        return state.link_reason or "The broker does not answer; try again in a moment."
    st.session_state[_CREDENTIALS] = held
    st.session_state[_REMEMBERED] = held.user_id
    return None


def sign_out(message: str = "") -> None:
    """Forget the credentials and let go of the connection; `message` is shown to the viewer."""
    held = st.session_state.pop(_CREDENTIALS, None)
    if held is not None:
        _lease.clear(held.user_id, held.username, held.key)
    st.session_state[_MESSAGE] = message


def message() -> str:
    """What the sign-in page is to say until the next attempt."""
    return str(st.session_state.get(_MESSAGE, ""))


def take_remembered() -> str:
    """The user_id that the browser is to remember, once."""
    return str(st.session_state.pop(_REMEMBERED, ""))


def _let_go(lease: Lease) -> None:
    lease.close()


@st.cache_resource(scope="session", show_spinner=False, on_release=_let_go)
def _lease(user_id: str, username: str, key: str) -> Lease:
    return runtime.pool().lease(Credentials(user_id, username, key))
