"""Other peak settings tried on a stored scan before they are applied to the run for everyone."""

import time
from typing import Any, Final

import streamlit as st

from dashboard import access, forms, panels, trial
from dashboard.blocks import Notice
from dashboard.columns import columns_of
from dashboard.connection import AskError
from dashboard.figures import frequency_label
from dashboard.filling import PAGES
from dashboard.forms import FormError, description
from dashboard.live_plot import live_plot
from dashboard.navigation import link_to
from dashboard.settings_words import changes_in_words
from dashboard.standing import analyzer_online, clock_words
from dashboard.trend import Scan
from dashboard.views import peak_form
from dashboard.views.applying import apply_for_everyone
from dashboard.views.scan_answers import ScanAnswers
from dashboard.views.zone import viewer_zone
from sacmes_core import questions
from sacmes_core.payloads.questions import RevisionsQuery, ScanQuery, TrialQuery
from sacmes_core.payloads.replies import ScanReply
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import SQUARE_WAVES
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.session import SessionSettings

CHART_PX: Final = 360
_HELD: Final = "trial_session"
_TURN: Final = "trial_turn"
_BEFORE: Final = "trial_settings_before"
_ANSWERS: Final = ScanAnswers("trial_answers", 24, "No preview", "trial_no_answer")


def show(session: SessionDocument) -> None:
    """Show the form beside a scan as it is and as it would be."""
    st.subheader("How the peak is taken")
    if session.technique not in SQUARE_WAVES:
        path, title = PAGES[session.technique]
        st.caption("Other settings are tried beside the newest scan, then applied for everyone.")
        link_to(path, f"Try them on the {title} page", ":material/tune:")
        return
    _trial()


@st.fragment
def _trial() -> None:
    session = access.connection().state.session
    if session is None:
        return
    held = _held(session)
    form, preview = st.columns([1, 1.25], gap="large")
    with form:
        wanted = _wanted(held)
    if wanted is not None and held.settings.peak != session.settings.peak:
        if wanted.peak == held.settings.peak:
            _begin_again(session)
            st.rerun(scope="fragment")
        with form:
            _changed_meanwhile(held, session)
    with preview:
        _preview(session, None if wanted is None else wanted.peak)
    with form:
        if wanted is not None:
            _buttons(held, session, wanted)


def _held(session: SessionDocument) -> SessionDocument:
    """The document on which the fields rest: what somebody typed outlasts others' changes."""
    held: SessionDocument | None = st.session_state.get(_HELD)
    if held is None or held.session_id != session.session_id:
        _begin_again(session)
        return session
    if held.settings.peak == session.settings.peak:
        st.session_state[_HELD] = session
        return session
    return held


def _begin_again(session: SessionDocument) -> None:
    """Let the fields say what the session says."""
    st.session_state[_HELD] = session
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _wanted(held: SessionDocument) -> SessionSettings | None:
    """The settings that the fields say; None where they do not fit."""
    prefix = f"trial{st.session_state[_TURN]}"
    base = held.settings.peak
    said = _window_fields(prefix, base) | peak_form.fields(prefix, base)
    try:
        typed = said.pop("peak.windows")
        if typed != forms.windows_text(base.windows):
            said["peak.windows"] = forms.windows(typed)
        return forms.settings(held.settings, said)
    except FormError as error:
        panels.show_notice(Notice("Not possible", str(error), "attention"), key="trial_problem")
        return None


def _window_fields(prefix: str, base: PeakSettings) -> dict[str, Any]:
    columns = st.columns(2)
    said: dict[str, Any] = {}
    labels = {"potential_min_v": "Peak from / V", "potential_max_v": "Peak to / V"}
    for column, (name, label) in zip(columns, labels.items(), strict=True):
        said[f"peak.{name}"] = column.number_input(
            label,
            value=getattr(base, name),
            step=0.01,
            format="%.3f",
            key=f"{prefix}_{name}",
            placeholder="whole scan",
            help=description(PeakSettings, name),
        )
    return said


def _changed_meanwhile(held: SessionDocument, session: SessionDocument) -> None:
    """Say that somebody else has changed the settings while these were typed."""
    when = clock_words(session.changed_at.timestamp(), time.time(), viewer_zone())
    words = changes_in_words(held.settings, session.settings)
    said = f"By {session.changed_by or 'nobody named'} at {when}: {words}."
    panels.show_notice(
        Notice("The settings were changed while you tried yours", said, "attention"),
        key="trial_conflict",
    )
    mine, theirs = st.columns(2)
    if mine.button("Go on with mine", width="stretch", help="Yours then replace theirs."):
        st.session_state[_HELD] = session
        st.rerun(scope="fragment")
    if theirs.button("Take theirs", width="stretch", help="Your trial is dropped."):
        _begin_again(session)
        st.rerun(scope="fragment")


def _buttons(held: SessionDocument, session: SessionDocument, wanted: SessionSettings) -> None:
    settings = session.settings.model_copy(update={"peak": wanted.peak})
    words = changes_in_words(session.settings, settings)
    st.text(words or "Nothing differs from what holds.")
    allowed = access.may_change()
    apply, reset = st.columns([1.6, 1])
    if apply.button(
        "Apply for everyone",
        type="primary",
        key="trial_apply",
        width="stretch",
        disabled=not (allowed and words),
        help="Analyses the whole run anew; every viewer sees the new numbers."
        if allowed
        else access.LOOK_ONLY,
    ):
        seen = session if held.settings.peak == session.settings.peak else held
        if apply_for_everyone(session, settings, seen_revision=seen.revision):
            st.session_state.pop(_HELD)
        st.rerun()
    if reset.button("Reset", key="trial_reset", width="stretch", disabled=not words):
        _begin_again(session)
        st.rerun(scope="fragment")
    _back_button(session, allowed=allowed)


def _back_button(session: SessionDocument, *, allowed: bool) -> None:
    before = _settings_before(session)
    words = "" if before is None else changes_in_words(session.settings, before)
    if st.button(
        "Back to the settings before",
        icon=":material/undo:",
        key="trial_back",
        width="stretch",
        disabled=not (allowed and words),
        help=(words or "The settings were never changed.") if allowed else access.LOOK_ONLY,
    ):
        assert before is not None
        if apply_for_everyone(session, before):
            st.session_state.pop(_HELD)
        st.rerun()


def _settings_before(session: SessionDocument) -> SessionSettings | None:
    """The settings that held before those of now; asked for once for each revision."""
    key = (session.session_id, session.revision)
    known: tuple[tuple[str, int], SessionSettings | None] | None = st.session_state.get(_BEFORE)
    if known is None or known[0] != key:
        try:
            reply = access.connection().ask(
                questions.REVISIONS, RevisionsQuery(session_id=session.session_id), timeout_s=3.0
            )
        except AskError:
            return None
        known = key, trial.settings_before(session, reply)
        st.session_state[_BEFORE] = known
    return known[1]


def _preview(session: SessionDocument, peak: PeakSettings | None) -> None:
    scan = _chosen_scan()
    if scan is None:
        st.caption("As soon as the run has a scan, it is shown here under the trial settings.")
        return
    now = _answer(questions.SCAN, session, scan, None)
    tried = None if peak is None else _answer(questions.TRIAL, session, scan, peak)
    _ANSWERS.show_problem()
    electrodes = trial.electrodes_of(now, tried)
    if not electrodes:
        st.text(trial.scan_words(scan))
        return
    electrode = electrodes[0]
    if len(electrodes) > 1:
        chosen = st.segmented_control(
            "Electrode",
            electrodes,
            default=electrode,
            required=True,
            format_func="E{}".format,
            key="trial_electrode",
            label_visibility="collapsed",
        )
        electrode = chosen or electrode
    said = "The scan with the settings that hold and with those that are tried"
    figure = trial.trial_figure(now, tried, electrode, _window(peak, scan))
    live_plot(figure, name="trial", alt=said, height=CHART_PX, title=trial.scan_words(scan))
    rows = trial.trial_rows(now, tried, electrode)
    label = "Numbers now and on trial"
    columns = trial.trial_columns(scan)
    panels.show_table(columns, rows, label=label, height=220, key="trial_numbers")


def _window(peak: PeakSettings | None, scan: Scan) -> tuple[float | None, float | None]:
    if peak is None:
        return None, None
    at = peak.at_frequency(scan.frequency_hz)
    return at.potential_min_v, at.potential_max_v


def _chosen_scan() -> Scan | None:
    trend = access.connection().state.shown
    there = columns_of(trend).frequencies_hz if trend is not None else ()
    frequencies = [f for f in there if f is not None]
    left, right = st.columns([1, 1])
    frequency_hz = None
    if len(frequencies) > 1:
        frequency_hz = left.segmented_control(
            "Try it on a scan at",
            frequencies,
            default=frequencies[-1],
            required=True,
            format_func=frequency_label,
            key="trial_frequency",
        )
    number = right.number_input(
        "Scan number",
        value=None,
        min_value=0,
        step=1,
        placeholder="the newest",
        key="trial_number",
        help="The stored scan that the trial is shown on; empty for the newest one.",
    )
    scan = trial.scan_to_try(trend, frequency_hz, number)
    if scan is None and number is not None:
        st.caption(f"There is no scan number {number} yet; choose another.")
    return scan


def _answer(
    question: questions.Question, session: SessionDocument, scan: Scan, peak: PeakSettings | None
) -> ScanReply | None:
    """The answer of the analyzer, which is asked once for the same thing."""
    query: ScanQuery | TrialQuery = ScanQuery(
        session_id=session.session_id, position=scan.position, index=scan.index
    )
    if peak is not None:
        query = TrialQuery(peak=peak, **query.model_dump(exclude={"schema_number"}))
    key = f"{session.settings_revision}{query.model_dump_json()}"
    known = _ANSWERS.known(key)
    if known is None and not analyzer_online(access.connection().state, time.time()):
        st.caption("No analyzer is online; the preview comes as soon as one is back.")
        return None
    return known or _ANSWERS.ask(key, question, query)
