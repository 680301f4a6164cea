"""The session page: what runs, its end, its settings tried and applied, and another's start."""

from typing import Final

import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Cell, Column, Notice
from dashboard.connection import AskError
from dashboard.live_state import LiveState
from dashboard.session_rows import TECHNIQUES
from dashboard.views import applying, header, measure, start_form, trend_form, trial_form
from dashboard.waiting import watched_words
from sacmes_core import questions
from sacmes_core.payloads.questions import StopRequest
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import SQUARE_WAVES
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.trend import TrendSettings

_SEEN: Final = "seen_document"


def page() -> None:
    """Show the session that holds, or the form to start one."""
    state = access.connection().state
    st.session_state[_SEEN] = _document_of(state)
    _header()
    applying.show_said()
    session = state.session
    if session is None:
        start_form.show(state)
    elif session.state == "stopped":
        start, about = st.columns([1.6, 1], gap="large")
        with start:
            st.subheader("Start a session")
            start_form.show(state)
        with about:
            st.subheader("Last session")
            _about(session)
            _trend(session)
        trial_form.show(session)
    else:
        about, change = st.columns([1.2, 1], gap="large")
        with about:
            st.subheader("Running session")
            _about(session)
            if st.button(
                "Stop session",
                icon=":material/stop:",
                disabled=not access.may_change(),
                help=None if access.may_change() else access.LOOK_ONLY,
            ):
                _confirm_stop(session)
            measure.show(state)
        with change:
            _trend(session)
        with st.expander("Start another session; the one that runs is stopped"):
            start_form.show(state)
        trial_form.show(session)


@st.fragment(run_every=1.0)
def _header() -> None:
    state = access.connection().state
    if state.link == "refused":
        st.rerun()
    header.draw(state)
    if _document_of(state) != st.session_state[_SEEN]:
        st.rerun()


def _document_of(state: LiveState) -> tuple[str, int] | None:
    """Which document the page shows; another one draws all of it anew."""
    session = state.session
    return None if session is None else (session.session_id, session.revision)


def _about(session: SessionDocument) -> None:
    settings = session.settings
    electrodes = settings.reading.electrodes
    lines = {
        "Name": session.name or "–",
        "Technique": TECHNIQUES[session.technique],
        "Files": watched_words(settings.source),
        "Electrodes": ", ".join(map(str, electrodes)) if electrodes else "all in the file",
        **(_peak_words(settings) if session.technique in SQUARE_WAVES else {}),
        "Revision": f"{session.revision}, by {session.changed_by or 'nobody named'}",
        "Session": session.session_id,
    }
    rows = [[Cell(name, tone="muted"), Cell(text, title=text)] for name, text in lines.items()]
    columns = [Column("Setting"), Column("Value", "wrap")]
    panels.show_table(columns, rows, label="Settings of the session", height=400)


def _peak_words(settings: SessionSettings) -> dict[str, str]:
    """How a square wave becomes numbers."""
    window = (settings.peak.potential_min_v, settings.peak.potential_max_v)
    low, high = (f"{v:g} V" if v is not None else "the end" for v in window)
    return {
        "Peak between": "both ends of the scan" if window == (None, None) else f"{low} and {high}",
        "Method": _method_words(settings.peak),
        "Normalised to": _reference_words(settings.trend),
    }


def _method_words(peak: PeakSettings) -> str:
    """The method, and what was chosen for it."""
    if peak.method != "classic":
        return peak.method
    smoothing = "not smoothed" if peak.smoothing == "off" else f"{peak.smoothing_filter} smoothing"
    return f"{peak.method}: {smoothing}, baseline {peak.baseline}"


@st.dialog("Stop the session?")
def _confirm_stop(session: SessionDocument) -> None:
    st.write("The agent stops sending new files. Everything measured so far stays.")
    yes, no = st.columns(2)
    if yes.button("Stop it", type="primary", width="stretch"):
        request = StopRequest(seen_revision=session.revision, by=access.credentials().username)
        try:
            access.connection().ask(questions.STOP, request)
        except AskError as error:
            applying.say(Notice("Not stopped", str(error), "attention"))
        st.rerun()
    if no.button("Keep it running", width="stretch"):
        st.rerun()


def _trend(session: SessionDocument) -> None:
    if session.technique not in SQUARE_WAVES:
        return
    st.subheader("Trend")
    trend_form.show(session)


def _reference_words(trend: TrendSettings) -> str:
    numbers = trend.reference_numbers
    if len(numbers) == 1:
        return f"scan {numbers[0]}"
    return f"the mean of scans {numbers[0]} to {numbers[-1]}"
