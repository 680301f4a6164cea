"""The export page: any session of the user as a file."""

import streamlit as st

from dashboard import panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.session_rows import label_of
from dashboard.views import export_panel
from dashboard.views.past import listed, peeked
from dashboard.views.zone import viewer_zone


def page() -> None:
    """Choose a session, then what of it."""
    panels.show_title("Export", "Any session of yours as a file, whole or in part.")
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
