"""The export page: any session of the user as a file."""

from typing import Final

import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.session_rows import label_of
from dashboard.trend import Epoch, Trend, scan_of
from dashboard.views import export_panel
from dashboard.views.zone import viewer_zone
from sacmes_core import questions
from sacmes_core.payloads.questions import HistoryQuery, SessionsQuery
from sacmes_core.payloads.replies import HistoryReply, SessionsReply, SessionSummary
from sacmes_core.payloads.session import SessionDocument

PEEK_SCANS: Final = 200
"""Enough scans to know the electrodes and frequencies of a session."""


def page() -> None:
    """Choose a session, then what of it."""
    st.subheader("Export")
    try:
        sessions = {s.session.session_id: s for s in listed()}
    except AskError as error:
        panels.show_notice(Notice("The sessions cannot be listed", str(error), "attention"))
        return
    if not sessions:
        panels.show_notice(Notice("No session yet", "There is nothing to export so far.", "idle"))
        return
    zone = viewer_zone()
    chosen = st.selectbox(
        "Session",
        list(sessions),
        format_func=lambda session_id: label_of(sessions[session_id].session, zone),
        help="Type to search. The newest stands first.",
    )
    session = sessions[chosen].session
    export_panel.show(export_panel.exportable(session, peeked(session)), place=f"export/{chosen}")


def listed(*, deleted: bool = False) -> tuple[SessionSummary, ...]:
    """The sessions of the user, newest first.

    Raises
    ------
    AskError
        If nobody answers.
    """
    reply = access.connection().ask(questions.SESSIONS, SessionsQuery(limit=1000, deleted=deleted))
    return reply.sessions if isinstance(reply, SessionsReply) else ()


def peeked(session: SessionDocument) -> Trend | None:
    """The beginning of a session, to know what is in it; None where nobody answers."""
    state = access.connection().state
    if state.session is not None and state.session.session_id == session.session_id:
        return state.shown
    kept: dict[str, Trend] = st.session_state.setdefault("peeked", {})
    if session.session_id not in kept:
        query = HistoryQuery(session_id=session.session_id, limit=PEEK_SCANS)
        try:
            reply = access.connection().ask(questions.HISTORY, query)
        except AskError:
            return None
        if isinstance(reply, HistoryReply):
            epoch = Epoch(session.settings_revision, reply.trend_revision)
            trend = Trend(session.session_id, epoch)
            kept[session.session_id] = trend.with_scans(map(scan_of, reply.results))
    return kept.get(session.session_id)
