"""What is flagged in the run, by reason, and the files behind each; a click opens one of them."""

import streamlit as st

from dashboard import access, panels
from dashboard.quality import (
    FILE_COLUMNS,
    REASON_COLUMNS,
    file_rows,
    files_behind,
    reason_rows,
    reasons_of,
)
from dashboard.views.picking import inspect

_CHOSEN = "quality_reason"


@st.fragment(run_every=2.0)
def show() -> None:
    """Show the reasons beside the files of the chosen one."""
    trend = access.connection().state.shown
    if trend is None:
        return
    reasons = reasons_of(trend)
    if not reasons:
        st.caption("Nothing is flagged.")
        return
    why, where = st.columns([1.25, 1], gap="medium")
    names = [reason.flag for reason in reasons]
    with why:
        taken = panels.show_table(
            REASON_COLUMNS,
            reason_rows(reasons),
            label="Reasons of flags",
            height=230,
            key="reasons",
            opens=names,
        )
    if taken:
        st.session_state[_CHOSEN] = taken
    chosen = st.session_state.get(_CHOSEN)
    flag = chosen if chosen in names else names[0]
    scans = files_behind(trend, flag)
    with where:
        opened = panels.show_table(
            FILE_COLUMNS,
            file_rows(scans, flag),
            label="Files behind the reason",
            height=230,
            key="flagged_files",
            opens=[f"{s.position}.{s.index}" for s in scans],
        )
    if opened:
        inspect(*map(int, opened.split(".")))
