"""What the pages about past sessions ask for and keep: the list, the recordings, voltammograms."""

import time
from typing import Final

import streamlit as st

from dashboard import access
from dashboard.connection import AskError
from dashboard.recorded import Recording
from dashboard.replay import newest_of_each
from dashboard.trend import Epoch, Trend, scan_of
from sacmes_core import questions
from sacmes_core.payloads.marks import Mark, MarksQuery, MarksReply
from sacmes_core.payloads.questions import HistoryQuery, ScanQuery, SessionsQuery
from sacmes_core.payloads.replies import HistoryReply, ScanReply, SessionsReply, SessionSummary
from sacmes_core.payloads.results import Curves
from sacmes_core.payloads.session import SessionDocument

PEEK_SCANS: Final = 200
"""Enough scans to know the electrodes and frequencies of a session."""
RECORDINGS_MAX: Final = 12
CURVES_MAX: Final = 300
CURVES_S: Final = 3.0

LISTED_S: Final = 3.0

_LISTED: Final = "listed_sessions"
_RECORDINGS: Final = "recordings"
_PEEKED: Final = "peeked"
_CURVES: Final = "past_curves"


def listed(*, deleted: bool = False) -> tuple[SessionSummary, ...]:
    """The sessions of the user, newest first; asked for at most every few seconds.

    Raises
    ------
    AskError
        If nobody answers.
    """
    kept: dict[bool, tuple[float, tuple[SessionSummary, ...]]]
    kept = st.session_state.setdefault(_LISTED, {})
    asked_at, found = kept.get(deleted, (0.0, ()))
    if time.monotonic() - asked_at > LISTED_S:
        query = SessionsQuery(limit=1000, deleted=deleted)
        reply = access.connection().ask(questions.SESSIONS, query)
        found = reply.sessions if isinstance(reply, SessionsReply) else ()
        kept[deleted] = time.monotonic(), found
    return found


def list_again() -> None:
    """Ask for the sessions anew, since something of them was changed."""
    st.session_state.pop(_LISTED, None)


def peeked(session: SessionDocument) -> Trend | None:
    """What is in a session, as far as is known; its beginning, or None where nobody answers."""
    state = access.connection().state
    if state.session is not None and state.session.session_id == session.session_id:
        return state.shown
    kept: dict[str, Trend] = st.session_state.setdefault(_PEEKED, {})
    if session.session_id not in kept:
        query = HistoryQuery(session_id=session.session_id, limit=PEEK_SCANS)
        try:
            reply = access.connection().ask(questions.HISTORY, query)
        except AskError:
            return None
        if isinstance(reply, HistoryReply):
            trend = Trend(session.session_id, Epoch(session.settings_revision, 0))
            kept[session.session_id] = trend.with_scans(map(scan_of, reply.results))
    return kept.get(session.session_id)


def recording(session: SessionDocument) -> Recording:
    """The recording of a session; it begins to load when it is first asked for."""
    kept: dict[tuple[str, int], Recording] = st.session_state.setdefault(_RECORDINGS, {})
    key = (session.session_id, session.revision)
    known = kept.pop(key, None)
    if known is None:
        known = Recording(access.connection().ask, session.session_id)
        known.start()
    kept[key] = known
    while len(kept) > RECORDINGS_MAX:
        kept.pop(next(iter(kept))).stop()
    return known


def forget(session: SessionDocument) -> None:
    """Let the recording of a session be loaded anew."""
    kept: dict[tuple[str, int], Recording] = st.session_state.setdefault(_RECORDINGS, {})
    kept.pop((session.session_id, session.revision), None)


def marks_of(session: SessionDocument) -> tuple[Mark, ...]:
    """The marks of a session; none where nobody answers."""
    try:
        reply = access.connection().ask(
            questions.MARKS, MarksQuery(session_id=session.session_id), timeout_s=CURVES_S
        )
    except AskError:
        return ()
    return reply.marks if isinstance(reply, MarksReply) else ()


def curves_of(trend: Trend) -> dict[float | None, Curves]:
    """The newest voltammograms of a trend; without those that nobody answers for in time."""
    kept: dict[tuple[object, ...], Curves | None] = st.session_state.setdefault(_CURVES, {})
    found: dict[float | None, Curves] = {}
    for scan in newest_of_each(trend):
        key = (trend.session_id, trend.epoch, scan.position, scan.index)
        if key not in kept:
            query = ScanQuery(session_id=trend.session_id, position=scan.position, index=scan.index)
            try:
                reply = access.connection().ask(questions.SCAN, query, timeout_s=CURVES_S)
            except AskError:
                continue
            kept[key] = reply.curves if isinstance(reply, ScanReply) else None
            while len(kept) > CURVES_MAX:
                del kept[next(iter(kept))]
        curves = kept[key]
        if curves is not None:
            found[scan.frequency_hz] = curves
    return found
