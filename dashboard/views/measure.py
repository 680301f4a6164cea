"""Measure now: one round of the running session on the instrument, without waiting for its turn."""

import time
from typing import Final

import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.instrument import NO_REMOTE_START
from dashboard.live_state import LiveState
from dashboard.standing import agent_kind
from sacmes_core import questions
from sacmes_core.payloads.questions import MeasureRequest
from sacmes_core.payloads.replies import MeasureReply

_SAID: Final = "measure_said"


def show(state: LiveState) -> None:
    """Show the button where an instrument is measured on, and what came of pressing it."""
    agent = state.agent.presence if state.agent is not None else None
    if state.session is None or agent is None or agent.source != "serial":
        return
    reason = None
    if not access.may_change():
        reason = access.LOOK_ONLY
    elif agent_kind(state, time.time()) != "online":
        reason = "The agent is not online."
    elif not agent.remote_start:
        reason = NO_REMOTE_START
    if st.button(
        "Measure now",
        icon=":material/bolt:",
        disabled=reason is not None,
        help=reason or "Measures one round now, without waiting for the interval.",
    ):
        st.session_state[_SAID] = _ask(state.session.session_id)
    said: Notice | None = st.session_state.pop(_SAID, None)
    if said is not None:
        panels.show_notice(said, key="measure")


def _ask(session_id: str) -> Notice:
    request = MeasureRequest(session_id=session_id, by=access.credentials().username)
    try:
        reply = access.connection().ask(questions.MEASURE, request)
    except AskError as error:
        return Notice("Not measured", str(error), "attention")
    if not isinstance(reply, MeasureReply):
        return Notice("Not measured", "The agent said nothing.", "attention")
    scans = "1 scan" if reply.scans == 1 else f"{reply.scans} scans"
    return Notice("It is measured", f"Round {reply.number}, {scans}, begins at once.", "good")
