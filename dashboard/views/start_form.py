"""The form that starts a session of any technique, on a folder of files or on an instrument."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dashboard import access, forms, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.forms import FormError, description
from dashboard.instrument import NO_REMOTE_START, instrument_words, method_refusal, run_words
from dashboard.live_state import LiveState
from dashboard.navigation import go_to
from dashboard.preview import Wanted
from dashboard.standing import agent_kind
from dashboard.views import (
    ca_form,
    cv_form,
    file_preview,
    folder_look,
    method_form,
    peak_form,
    reading_form,
)
from sacmes_core import questions
from sacmes_core.payloads.presence import AgentPresence
from sacmes_core.payloads.preview import PreviewQuery
from sacmes_core.payloads.questions import StartRequest
from sacmes_core.settings.ca import CaSettings
from sacmes_core.settings.cv import CvSettings
from sacmes_core.settings.parts import SQUARE_WAVES, Technique
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.reading import ReadingSettings
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings
from sacmes_core.settings.trend import TrendSettings

_PROBLEM: Final = "start_problem"
_BACKLOG: Final = {
    "all": "All of them",
    "since": "Those written since the start",
    "none": "None of them",
}


@dataclass(frozen=True, slots=True)
class _Words:
    """What a technique is called, what it gives, and the page that shows it."""

    title: str
    sentence: str
    page: str
    handle: str


_TECHNIQUES: Final[Mapping[Technique, _Words]] = {
    "swv": _Words(
        "SWV",
        "Square-wave voltammetry, scan after scan at one or more frequencies: peak currents, "
        "normalised currents and KDM over time.",
        "live",
        "SWV_",
    ),
    "frequency_map": _Words(
        "Frequency map",
        "Square waves at many frequencies: charge and peak current over the frequency, to choose "
        "the pair for KDM and to see how fast electrons are transferred.",
        "frequency-map",
        "SWV_",
    ),
    "cv": _Words(
        "CV",
        "Cyclic voltammetry: heights, potentials, separation and charges of both sweeps.",
        "cyclic",
        "CV_",
    ),
    "ca": _Words(
        "CA",
        "Chronoamperometry: the lifetimes of the current after a potential step.",
        "decay",
        "CA_",
    ),
}


def show(state: LiveState) -> None:
    """Show the form; pressing Start asks the analyzer and says what came of it."""
    technique: Technique = st.segmented_control(
        "Technique",
        list(_TECHNIQUES),
        default="swv",
        required=True,
        format_func=lambda name: _TECHNIQUES[name].title,
        key="start_technique",
    )
    st.caption(_TECHNIQUES[technique].sentence)
    online = agent_kind(state, time.time()) == "online"
    presence = state.agent.presence if state.agent is not None and online else None
    try:
        if presence is not None and presence.source == "serial":
            changes = _serial(technique, presence)
        else:
            changes = _folder(technique, online=online)
        settings = forms.settings(SessionSettings(), changes)
        problem = _refusal(technique, settings, presence)
    except FormError as error:
        settings, problem = None, str(error)
    _finish(state, technique, settings, problem)


def _serial(technique: Technique, presence: AgentPresence) -> dict[str, Any]:
    """The fields for an instrument on a line."""
    notice = Notice("Measured on the instrument", instrument_words(presence), "info")
    if not presence.remote_start:
        notice = Notice("Only to look at", NO_REMOTE_START, "attention")
    panels.show_notice(notice, key="instrument")
    with st.container(border=True):
        _name()
        changes = method_form.fields(technique)
    with st.expander(_analysis_title(technique)):
        analysis = _analysis(technique)
    # The rate of the method is what the instrument does, whatever the analysis says.
    return analysis | changes


def _folder(technique: Technique, *, online: bool) -> dict[str, Any]:
    """The fields for files in a folder."""
    folder_look.show(online=online)
    with st.container(border=True):
        name, handle = st.columns([1.4, 1])
        with name:
            _name()
        with handle:
            _handle(technique)
        changes = _files(technique)
    with st.expander("How the files are read"):
        st.caption("Found from the content as far as it says so; what you enter here wins.")
        reading = reading_form.fields(technique)
    changes |= reading
    if online and st.toggle(
        "Preview a file",
        key=folder_look.PREVIEW,
        help="Shows one file of the agent's folder as these settings read it.",
    ):
        _show_preview(technique, changes)
    with st.expander(_analysis_title(technique)):
        return changes | _analysis(technique)


def _name() -> None:
    st.text_input("Name of the run", key="start_name", max_chars=200, placeholder="free text")


def _handle(technique: Technique) -> None:
    st.text_input(
        "Handle",
        key="start_handle",
        max_chars=128,
        placeholder=_TECHNIQUES[technique].handle,
        help=description(SourceSettings, "handle"),
    )


def _files(technique: Technique) -> dict[str, Any]:
    wide = technique in SQUARE_WAVES
    columns = iter(st.columns([0.8, 1.4, 0.5, 0.5] if wide else [1, 0.6, 0.6]))
    next(columns).text_input(
        "Extension",
        key="start_extension",
        max_chars=16,
        placeholder=".txt",
        help=description(SourceSettings, "extension"),
    )
    frequencies: tuple[float, ...] = ()
    if wide:
        with next(columns):
            frequencies = forms.frequencies(_frequencies(technique))
    for name, title in (("first", "First no."), ("last", "Last no.")):
        next(columns).number_input(
            title,
            min_value=0,
            step=1,
            value=None,
            key=f"start_{name}",
            help=description(SourceSettings, f"{name}_number"),
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
    value = st.session_state.get
    return {
        "source.handle": (value("start_handle") or "").strip(),
        "source.extension": forms.extension(value("start_extension") or ""),
        "source.frequencies_hz": frequencies,
        "source.first_number": value("start_first") or 0,
        "source.last_number": value("start_last"),
        "source.backlog": value("start_backlog") or "all",
        "reading.electrodes": forms.electrodes(value("start_electrodes") or ""),
    }


def _frequencies(technique: Technique) -> str:
    """The frequencies as typed; those of a map are chosen from what the folder holds."""
    if technique == "swv":
        return st.text_input(
            "Frequencies / Hz",
            key="start_frequencies",
            placeholder="15, 100",
            help=description(SourceSettings, "frequencies_hz"),
        )
    chosen = folder_look.chosen()
    offered = [f"{f:g}" for f in chosen.frequencies_hz] if chosen is not None else []
    held = st.session_state.get("start_map_frequencies") or []
    picked = st.multiselect(
        "Frequencies / Hz",
        [*offered, *(f for f in held if f not in offered)],
        key="start_map_frequencies",
        accept_new_options=True,
        placeholder="all that come" if not offered else "all of them",
        help="Frequencies of the map; empty takes all. Those that the agent's folder holds are "
        "offered when you look at it, and others can be typed.",
    )
    return ", ".join(picked)


def _show_preview(technique: Technique, changes: Mapping[str, Any]) -> None:
    settings = forms.settings(SessionSettings(), changes)
    source, reading = settings.source, settings.reading
    # All electrodes are shown, so that a wrong choice of them is seen.
    query = PreviewQuery(
        handle=source.handle,
        extension=source.extension,
        reading=reading.model_copy(update={"electrodes": ()}),
    )
    chosen = folder_look.chosen()
    fits = chosen is not None and chosen.handle == source.handle
    files = chosen.last_files if chosen is not None and fits else ()
    wanted = Wanted(technique, reading.electrodes, source.frequencies_hz)
    sweeps = [st.session_state.get(f"start_cv_{sweep}_segment") for sweep in ("forward", "reverse")]
    segments = tuple(s for s in sweeps if s is not None) if technique == "cv" else ()
    with st.container(border=True):
        file_preview.show(query, wanted, files, segments)


def _analysis_title(technique: Technique) -> str:
    return {"cv": "How a cycle becomes numbers", "ca": "How a decay becomes lifetimes"}.get(
        technique, "How the peak is taken"
    )


def _analysis(technique: Technique) -> dict[str, Any]:
    """The fields that say how a scan becomes numbers."""
    if technique == "cv":
        said = cv_form.fields("start_cv_", CvSettings())
        probes = "peak.cv.probe_potentials_v"
        return said | {probes: forms.potentials(said[probes])}
    if technique == "ca":
        return ca_form.fields("start_ca_", CaSettings())
    said = peak_form.fields() | _window(technique)
    return said | {"peak.windows": forms.windows(said["peak.windows"])}


def _window(technique: Technique) -> dict[str, Any]:
    low, high, reference = st.columns(3)
    said: dict[str, Any] = {
        "peak.potential_min_v": low.number_input(
            "Peak from / V",
            value=None,
            step=0.05,
            format="%.3f",
            key="start_low",
            placeholder="whole scan",
            help=description(PeakSettings, "potential_min_v"),
        ),
        "peak.potential_max_v": high.number_input(
            "Peak to / V",
            value=None,
            step=0.05,
            format="%.3f",
            key="start_high",
            placeholder="whole scan",
            help=description(PeakSettings, "potential_max_v"),
        ),
    }
    if technique == "swv":
        said["trend.reference_number"] = reference.number_input(
            "Normalise to scan no.",
            value=1,
            min_value=0,
            step=1,
            key="start_reference",
            help=description(TrendSettings, "reference_number"),
        )
    return said


def _refusal(
    technique: Technique, settings: SessionSettings, presence: AgentPresence | None
) -> str | None:
    """Why the agent would not do it, before it is asked."""
    if presence is None or presence.source != "serial":
        return None
    if not presence.remote_start:
        return NO_REMOTE_START
    said = run_words(technique, settings)
    if said:
        st.caption(said)
    return method_refusal(technique, settings, presence.limits)


def _finish(
    state: LiveState, technique: Technique, settings: SessionSettings | None, problem: str | None
) -> None:
    """The button, and why it cannot be pressed or did not help."""
    allowed = access.may_change()
    pressed = st.button(
        "Start session",
        type="primary",
        disabled=not allowed or settings is None or problem is not None,
        icon=":material/play_arrow:",
        help=None if allowed else access.LOOK_ONLY,
    )
    if not allowed:
        st.caption("A colleague may look; starting takes the key of the user_id itself.")
    if pressed and settings is not None:
        _start(state, technique, settings)
    problem = problem or st.session_state.pop(_PROBLEM, None)
    if problem:
        panels.show_notice(Notice("Not started", problem, "attention"), key="start_problem_notice")


def _start(state: LiveState, technique: Technique, settings: SessionSettings) -> None:
    request = StartRequest(
        seen_revision=state.session.revision if state.session is not None else 0,
        technique=technique,
        name=(st.session_state.get("start_name") or "").strip(),
        by=access.credentials().username,
        settings=settings,
    )
    try:
        with st.spinner("Asking the analyzer …"):
            access.connection().ask(questions.START, request)
    except AskError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    go_to(_TECHNIQUES[technique].page)
