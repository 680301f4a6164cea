"""The form that starts an SWV session, with a look into the agent's folder first."""

import time
from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from dashboard import access, forms, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.forms import FormError, Found, description
from dashboard.live_state import LiveState
from dashboard.navigation import go_to
from dashboard.standing import agent_kind
from dashboard.views import peak_form
from sacmes_core import questions
from sacmes_core.payloads.questions import ListQuery, StartRequest
from sacmes_core.payloads.replies import ListReply
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.reading import ReadingSettings
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings
from sacmes_core.settings.trend import TrendSettings

_FOUND: Final = "found_files"
_PROBLEM: Final = "start_problem"
_BACKLOG: Final = {
    "all": "All of them",
    "since": "Those written since the start",
    "none": "None of them",
}


def show(state: LiveState) -> None:
    """Show the form; pressing Start asks the analyzer and says what came of it."""
    allowed = access.may_change()
    _look(state)
    with st.expander("How the peak is taken"):
        # Outside of the form, since a choice here changes which fields there are.
        peak = peak_form.fields()
    with st.form("start", border=True):
        _run_fields()
        _file_fields()
        _peak_fields()
        pressed = st.form_submit_button(
            "Start session", type="primary", disabled=not allowed, icon=":material/play_arrow:"
        )
    if not allowed:
        st.caption("A colleague may look; starting takes the key of the user_id itself.")
    if pressed:
        _start(state, peak)
    problem = st.session_state.pop(_PROBLEM, None)
    if problem:
        panels.show_notice(Notice("Not started", problem, "attention"), key="start_problem_notice")


def _look(state: LiveState) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        online = agent_kind(state, time.time()) == "online"
        if st.button(
            "Look at the agent's folder",
            icon=":material/folder_open:",
            disabled=not online,
            help="Asks the agent which files it sees, and fills the form from one kind of them."
            if online
            else "The agent is not online.",
        ):
            _ask_list()
    found: list[Found] = st.session_state.get(_FOUND) or []
    if found:
        choice = st.selectbox(
            "Files in the agent's folder",
            range(len(found)),
            index=None,
            format_func=lambda place: found[place].words,
            placeholder="Choose one to fill the form from it",
            key="found_choice",
            on_change=_prefill,
        )
        if choice is not None:
            st.caption("The form below is filled from this choice; change what differs.")


def _ask_list() -> None:
    try:
        reply = access.connection().ask(questions.LIST, ListQuery())
    except AskError as error:
        panels.show_notice(Notice("No list", str(error), "attention"), key="list_problem")
        return
    if isinstance(reply, ListReply):
        st.session_state[_FOUND] = forms.found_by_handle(reply.found)
        if not reply.found:
            said = f"The agent sees no measurement in {reply.source_name} yet."
            panels.show_notice(Notice("The folder is empty", said, "idle"), key="list_problem")


def _prefill() -> None:
    found: list[Found] = st.session_state.get(_FOUND) or []
    place = st.session_state.get("found_choice")
    if place is None or place >= len(found):
        return
    chosen = found[place]
    st.session_state["start_handle"] = chosen.handle
    st.session_state["start_extension"] = chosen.extension
    st.session_state["start_frequencies"] = ", ".join(f"{f:g}" for f in chosen.frequencies_hz)
    if chosen.first_number is not None:
        st.session_state["start_first"] = chosen.first_number


def _run_fields() -> None:
    technique, name, handle = st.columns([0.8, 1.4, 1])
    technique.selectbox("Technique", ["SWV"], help="Square-wave voltammetry.")
    name.text_input("Name of the run", key="start_name", max_chars=200, placeholder="free text")
    handle.text_input(
        "Handle",
        key="start_handle",
        max_chars=128,
        placeholder="SWV_",
        help=description(SourceSettings, "handle"),
    )


def _file_fields() -> None:
    ending, wanted, first, last = st.columns([0.8, 1.4, 0.5, 0.5])
    ending.text_input(
        "Extension",
        key="start_extension",
        max_chars=16,
        placeholder=".txt",
        help=description(SourceSettings, "extension"),
    )
    wanted.text_input(
        "Frequencies / Hz",
        key="start_frequencies",
        placeholder="15, 100",
        help=description(SourceSettings, "frequencies_hz"),
    )
    first.number_input(
        "First no.",
        min_value=0,
        step=1,
        value=None,
        key="start_first",
        help=description(SourceSettings, "first_number"),
    )
    last.number_input(
        "Last no.",
        min_value=0,
        step=1,
        value=None,
        key="start_last",
        help=description(SourceSettings, "last_number"),
    )
    electrodes, backlog = st.columns([0.8, 2.4])
    electrodes.text_input(
        "Electrodes",
        key="start_electrodes",
        placeholder="all",
        help=description(ReadingSettings, "electrodes"),
    )
    backlog.selectbox(
        "Files that are there already",
        list(_BACKLOG),
        format_func=_BACKLOG.__getitem__,
        key="start_backlog",
        help=description(SourceSettings, "backlog"),
    )


def _peak_fields() -> None:
    low, high, reference = st.columns(3)
    low.number_input(
        "Peak from / V",
        value=None,
        step=0.05,
        format="%.3f",
        key="start_low",
        placeholder="whole scan",
        help=description(PeakSettings, "potential_min_v"),
    )
    high.number_input(
        "Peak to / V",
        value=None,
        step=0.05,
        format="%.3f",
        key="start_high",
        placeholder="whole scan",
        help=description(PeakSettings, "potential_max_v"),
    )
    reference.number_input(
        "Normalise to scan no.",
        value=1,
        min_value=0,
        step=1,
        key="start_reference",
        help=description(TrendSettings, "reference_number"),
    )


def _start(state: LiveState, peak: Mapping[str, Any]) -> None:
    try:
        wanted = _settings(peak)
        request = StartRequest(
            seen_revision=state.session.revision if state.session is not None else 0,
            name=(st.session_state.get("start_name") or "").strip(),
            by=access.credentials().username,
            settings=wanted,
        )
        with st.spinner("Asking the analyzer …"):
            access.connection().ask(questions.START, request)
    except (AskError, FormError) as error:
        st.session_state[_PROBLEM] = str(error)
        return
    go_to("live")


def _settings(peak: Mapping[str, Any]) -> SessionSettings:
    value = st.session_state.get
    changes = {
        "source.handle": (value("start_handle") or "").strip(),
        "source.extension": forms.extension(value("start_extension") or ""),
        "source.frequencies_hz": forms.frequencies(value("start_frequencies") or ""),
        "source.first_number": value("start_first") or 0,
        "source.last_number": value("start_last"),
        "source.backlog": value("start_backlog") or "all",
        "reading.electrodes": forms.electrodes(value("start_electrodes") or ""),
        "peak.potential_min_v": value("start_low"),
        "peak.potential_max_v": value("start_high"),
        **peak,
        "peak.windows": forms.windows(peak["peak.windows"]),
        "trend.reference_number": value("start_reference") or 0,
    }
    return forms.settings(SessionSettings(), changes)
