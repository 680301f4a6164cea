"""The session page: what runs, its end, its trend settings, and the start of another."""

import time
from collections.abc import Mapping
from typing import Final

import streamlit as st

from dashboard import access, forms, panels, summary
from dashboard.blocks import Cell, Column, Notice
from dashboard.connection import AskError
from dashboard.forms import FormError, description
from dashboard.standing import header_chips
from dashboard.views import start_form
from dashboard.views.live import viewer_zone
from dashboard.waiting import watched_words
from sacmes_core import questions
from sacmes_core.payloads.questions import SettingsRequest, StopRequest
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.trend import TrendSettings

_SEEN: Final = "seen_revision"
_SAID: Final = "session_said"
_KDM_NAMES: Final = {
    "difference_plus_one": "high − low + 1 (SACMES)",
    "difference_over_mean": "(high − low) / mean (literature)",
}


def page() -> None:
    """Show the session that holds, or the form to start one."""
    state = access.connection().state
    _header()
    said: Notice | None = st.session_state.pop(_SAID, None)
    if said is not None:
        panels.show_notice(said, key="said")
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
            _trend_form(session)
    else:
        about, change = st.columns([1.2, 1], gap="large")
        with about:
            st.subheader("Running session")
            _about(session)
            if st.button("Stop session", icon=":material/stop:", disabled=not access.may_change()):
                _confirm_stop(session)
        with change:
            _trend_form(session)
        with st.expander("Start another session; the one that runs is stopped"):
            start_form.show(state)


@st.fragment(run_every=1.0)
def _header() -> None:
    state, now, zone = access.connection().state, time.time(), viewer_zone()
    if state.link == "refused":
        st.rerun()
    chips = header_chips(state, now, zone, access.credentials().username)
    panels.show_header(state.user_id, summary.subtitle(state, now, zone), chips)
    seen = st.session_state.get(_SEEN)
    session = state.session
    if session is not None and seen is None:
        st.session_state[_SEEN] = session.revision
        st.rerun()
    if session is not None and seen is not None and session.revision > seen:
        st.session_state[_SEEN] = session.revision
        st.rerun()


def _about(session: SessionDocument) -> None:
    settings = session.settings
    electrodes = settings.reading.electrodes
    window = (settings.peak.potential_min_v, settings.peak.potential_max_v)
    low, high = (f"{v:g} V" if v is not None else "the end" for v in window)
    lines = {
        "Name": session.name or "–",
        "Technique": session.technique.upper(),
        "Files": watched_words(settings.source),
        "Electrodes": ", ".join(map(str, electrodes)) if electrodes else "all in the file",
        "Peak between": "both ends of the scan" if window == (None, None) else f"{low} and {high}",
        "Method": _method_words(settings.peak),
        "Normalised to": _reference_words(settings.trend),
        "Revision": f"{session.revision}, by {session.changed_by or 'nobody named'}",
        "Session": session.session_id,
    }
    rows = [[Cell(name, tone="muted"), Cell(text, title=text)] for name, text in lines.items()]
    columns = [Column("Setting"), Column("Value", "wrap")]
    panels.show_table(columns, rows, label="Settings of the session", height=400)


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
            st.session_state[_SAID] = Notice("Not stopped", str(error), "attention")
        st.rerun()
    if no.button("Keep it running", width="stretch"):
        st.rerun()


def _trend_form(session: SessionDocument) -> None:
    st.subheader("Trend")
    with st.form(f"trend_{session.revision}", border=True):
        changes = _trend_fields(session.settings.trend)
        pressed = st.form_submit_button("Apply for everyone", disabled=not access.may_change())
    if pressed:
        _change(session, changes)


def _reference_words(trend: TrendSettings) -> str:
    numbers = trend.reference_numbers
    if len(numbers) == 1:
        return f"scan {numbers[0]}"
    return f"the mean of scans {numbers[0]} to {numbers[-1]}"


def _trend_fields(trend: TrendSettings) -> dict[str, object]:
    return _reference_fields(trend) | _kdm_fields(trend)


def _reference_fields(trend: TrendSettings) -> dict[str, object]:
    left, right = st.columns(2)
    first = left.number_input(
        "Normalise to scan no.",
        min_value=0,
        step=1,
        value=trend.reference_number,
        help=description(TrendSettings, "reference_number"),
    )
    last = right.number_input(
        "to the mean up to no.",
        min_value=0,
        step=1,
        value=trend.reference_last_number,
        placeholder="that scan alone",
        help=description(TrendSettings, "reference_last_number"),
    )
    return {"trend.reference_number": first, "trend.reference_last_number": last}


def _kdm_fields(trend: TrendSettings) -> dict[str, object]:
    definition = st.selectbox(
        "KDM",
        list(_KDM_NAMES),
        index=list(_KDM_NAMES).index(trend.kdm_definition),
        format_func=_KDM_NAMES.__getitem__,
        help=description(TrendSettings, "kdm_definition"),
    )
    left, right = st.columns(2)
    columns: dict[str, object] = {
        "low_frequency_hz": left.number_input(
            "KDM low / Hz",
            value=trend.low_frequency_hz,
            placeholder="lowest",
            help=description(TrendSettings, "low_frequency_hz"),
        ),
        "high_frequency_hz": right.number_input(
            "KDM high / Hz",
            value=trend.high_frequency_hz,
            placeholder="highest",
            help=description(TrendSettings, "high_frequency_hz"),
        ),
        "low_offset": left.number_input(
            "Low offset",
            value=trend.low_offset,
            format="%.4f",
            step=0.01,
            help=description(TrendSettings, "low_offset"),
        ),
        "low_slope_per_scan": right.number_input(
            "Low slope per scan",
            value=trend.low_slope_per_scan,
            format="%.5f",
            step=0.001,
            help=description(TrendSettings, "low_slope_per_scan"),
        ),
    }
    fields: dict[str, object] = {f"trend.{name}": value for name, value in columns.items()}
    return fields | {"trend.kdm_definition": definition}


def _change(session: SessionDocument, changes: Mapping[str, object]) -> None:
    try:
        settings = forms.settings(session.settings, changes)
        if settings == session.settings:
            said = Notice("Nothing differs", "The settings hold already.", "idle")
        else:
            request = SettingsRequest(
                seen_revision=session.revision,
                by=access.credentials().username,
                settings=settings,
            )
            access.connection().ask(questions.CHANGE_SETTINGS, request)
            said = Notice("Applied", "The trend is computed anew for every viewer.", "good")
    except (AskError, FormError) as error:
        said = Notice("Not changed", str(error), "attention")
    st.session_state[_SAID] = said
    st.rerun()
