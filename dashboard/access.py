"""Who a page is: its credentials, and its hold on connections made with exactly these.

The keys live in the server's memory of this one page. The tab holds a ticket that brings them back
after a reload; a wall screen whose owner asked for it keeps its own key.
"""

from typing import Any, Final

import streamlit as st

from dashboard import runtime
from dashboard.connection import Connection, Credentials
from dashboard.navigation import PAGES
from dashboard.pool import Lease
from dashboard.seats import Seat
from sacmes_core.errors import ProtocolError
from sacmes_core.protocol import check_user_id

REFUSED: Final = "The broker does not know this user_id, or the key is wrong."
LOOK_ONLY: Final = "You may look; changing takes the key of the user_id itself."
"""Why a control is disabled where `may_change` says no."""
DECISION_S: Final = 8.0
RETURN_S: Final = 3.0

_SEAT: Final = "seat"
_TICKET: Final = "ticket"
_MESSAGE: Final = "sign_in_message"
_REMEMBERED: Final = "remember_user_id"
_LEFT: Final = "left_user_ids"
_WALL: Final = "wall_wanted"
_OURS: Final = (_SEAT, _TICKET, _MESSAGE, _REMEMBERED, _LEFT, _WALL, PAGES)


def signed_in() -> bool:
    """Whether this page has a connection that the broker lets in; ends the hold if it does not."""
    seat = _seat()
    while seat is not None:
        refused = [c for c in seat.everyone if connection(c.user_id).state.link == "refused"]
        if not refused:
            return True
        leave(refused[0].user_id, REFUSED if seat.front in refused else "")
        seat = _seat()
    return False


def credentials() -> Credentials:
    """The credentials of this page, which is signed in."""
    seat: Seat = st.session_state[_SEAT]
    return seat.front


def everyone() -> tuple[Credentials, ...]:
    """The credentials of every user_id that this page watches."""
    seat = _seat()
    return seat.everyone if seat is not None else ()


def lease(user_id: str | None = None) -> Lease:
    """The hold of this page, which is signed in, on its connection; see `connection`."""
    seat = _seat()
    held = seat.held(user_id) if seat is not None and user_id else credentials()
    if held is None:
        raise KeyError(user_id)
    return _lease(held.user_id, held.username, held.key)


def connection(user_id: str | None = None) -> Connection:
    """The connection of this page, which is signed in; of another user_id that it watches."""
    return lease(user_id).connection


def desk() -> dict[str, Any]:
    """What is laid aside for the user_id in front, by name; it outlasts a reload of the tab."""
    seat: Seat = st.session_state[_SEAT]
    return seat.desk.setdefault(seat.front.user_id, {})


def may_change() -> bool:
    """Whether this page uses the user's own credentials; a colleague may only look."""
    held = credentials()
    return held.username == held.user_id


def sign_in(user_id: str, key: str, username: str = "") -> bool:
    """Try credentials at the broker; if it does not let them in, `message` says why."""
    held, problem = _tried(user_id, key, username)
    st.session_state[_MESSAGE] = problem
    if held is not None:
        _sit(Seat(held))
        st.session_state[_REMEMBERED] = held.user_id
    return held is not None


def watch_too(user_id: str, key: str, username: str = "") -> str:
    """Sign in to one more user_id; return why not, or nothing."""
    held, problem = _tried(user_id, key, username)
    seat = _seat()
    if held is not None and seat is not None:
        _sit(seat.with_beside(held))
        st.session_state[_REMEMBERED] = held.user_id
    return problem


def bring_to_front(user_id: str) -> None:
    """Show another of the watched user_ids; what was chosen on pages of the former is forgotten."""
    seat = _seat()
    held = seat.held(user_id) if seat is not None else None
    if seat is not None and held is not None:
        _forget_choices()
        _sit(seat.with_front(held))


def come_back(ticket: str, user_id: str) -> bool:
    """Take the seat of a tab that was reloaded, if it watches the user_id in the address."""
    seat = runtime.seats().take(ticket, user_id)
    return seat is not None and _resume(seat)


def wake_wall(held: Credentials) -> bool:
    """Sign a wall screen in with the key that its browser keeps; False if it is refused.

    It need not wait for the broker, from which alone anything comes that it could show.
    """
    return _resume(Seat(held))


def leave(user_id: str, message: str = "") -> None:
    """Give up one user_id; with the last one the page is signed out."""
    seat = _seat()
    held = seat.held(user_id) if seat is not None else None
    if seat is None or held is None:
        return
    left = seat.without(user_id)
    if left is None:
        sign_out(message)
        return
    if seat.front == held:
        _forget_choices()
    _lease.clear(held.user_id, held.username, held.key)
    _note_left(user_id)
    left.desk.pop(user_id, None)
    st.session_state[_MESSAGE] = f"{user_id}: {message}" if message else ""
    _sit(left)


def sign_out(message: str = "") -> None:
    """Forget the credentials and let go of the connections; `message` is shown to the viewer."""
    # Another turn may end this one wherever the state is touched. The seat goes when all else is
    # done, so that the next turn either finds it and does this again, or finds it done.
    seat = _seat()
    everyone = seat.everyone if seat is not None else ()
    ticket = st.session_state.get(_TICKET)
    st.session_state[_MESSAGE] = message
    st.session_state[_LEFT] = (*left_user_ids(), *(held.user_id for held in everyone))
    if ticket:
        runtime.seats().forget(ticket)
        _hold.clear(ticket)
    for held in everyone:
        _lease.clear(held.user_id, held.username, held.key)
    for name in [n for n in st.session_state if n not in (_MESSAGE, _LEFT, _SEAT)]:
        del st.session_state[name]
    st.session_state.pop(_SEAT, None)


def message() -> str:
    """What the page is to say until the next attempt."""
    return str(st.session_state.get(_MESSAGE, ""))


def take_remembered() -> str:
    """The user_id that the browser is to remember, once."""
    return str(st.session_state.pop(_REMEMBERED, ""))


def ticket() -> str:
    """The ticket of this page, which is signed in."""
    return str(st.session_state[_TICKET])


def left_user_ids() -> tuple[str, ...]:
    """User_ids that this page has given up, whose keys no browser shall keep for it."""
    left: tuple[str, ...] = st.session_state.get(_LEFT, ())
    return left


def want_wall(wanted: bool) -> None:
    """Note that the browser is to keep the key of the user_id in front, or to forget it."""
    st.session_state[_WALL] = wanted


def take_wall_wanted() -> bool | None:
    """Whether the browser is to keep the key in front, once; None if nothing was said."""
    wanted: bool | None = st.session_state.pop(_WALL, None)
    return wanted


def _tried(user_id: str, key: str, username: str) -> tuple[Credentials | None, str]:
    user_id, username = user_id.strip().lower(), username.strip()
    if not user_id or not key:
        return None, "Enter the user_id that the agent shows, and its key."
    try:
        check_user_id(user_id)
    except ProtocolError as error:
        return None, str(error)
    held = Credentials(user_id, username or user_id, key)
    lease = _lease(held.user_id, held.username, held.key)
    decided = lease.connection.wait_decided(DECISION_S)
    state = lease.connection.state
    if decided and state.link == "online":
        return held, ""
    if held not in everyone():
        _lease.clear(held.user_id, held.username, held.key)
    if state.link == "refused":
        return None, REFUSED
    return None, state.link_reason or "The broker does not answer; try again in a moment."


def _resume(seat: Seat) -> bool:
    _sit(seat)
    connection().wait_decided(RETURN_S)
    return signed_in()


def _seat() -> Seat | None:
    seat: Seat | None = st.session_state.get(_SEAT)
    return seat


def _sit(seat: Seat) -> None:
    """Take a seat.

    Another turn may end this one wherever the state is touched: whoever finds the seat, which comes
    last and whole, finds the rest.
    """
    st.session_state[_LEFT] = tuple(u for u in left_user_ids() if seat.held(u) is None)
    ticket = st.session_state.get(_TICKET)
    if ticket:
        runtime.seats().change(ticket, seat)
    else:
        ticket = runtime.seats().keep(seat)
        st.session_state[_TICKET] = ticket
        _hold(ticket)
    st.session_state[_SEAT] = seat


def _note_left(user_id: str) -> None:
    st.session_state[_LEFT] = (*left_user_ids(), user_id)


def _forget_choices() -> None:
    """What a viewer chose for one user's data says nothing about another's."""
    state: Any = st.session_state
    for name in [name for name in state if name not in _OURS]:
        del state[name]


def _let_go(lease: Lease) -> None:
    lease.close()


@st.cache_resource(scope="session", show_spinner=False, on_release=_let_go)
def _lease(user_id: str, username: str, key: str) -> Lease:
    return runtime.pool().lease(Credentials(user_id, username, key))


def _leave_seat(ticket: str) -> None:
    runtime.seats().leave(ticket)


@st.cache_resource(scope="session", show_spinner=False, on_release=_leave_seat)
def _hold(ticket: str) -> str:
    """Say that the page has gone when it goes."""
    return ticket
