"""Chronoamperometry: the newest decay, its lifetimes, their trend, and its settings to try out."""

import time
from typing import Any, Final

import streamlit as st

from dashboard import access, panels
from dashboard.charts import electrodes_in
from dashboard.decay_charts import DecayView, decay_figure
from dashboard.figures import scan_label
from dashboard.live_plot import live_plot
from dashboard.live_state import LiveState
from dashboard.number_panels import decay_cards, flag_sentences
from dashboard.number_trend import newest_of
from dashboard.quantities import DECAY
from dashboard.standing import dimmed
from dashboard.trend import peaks_of
from dashboard.views import ca_form, frame, numbers, trying, unit_choice
from dashboard.views.live import EVERY_S
from sacmes_core.payloads.replies import ScanReply
from sacmes_core.payloads.results import Curves, ElectrodeCurves
from sacmes_core.settings.ca import CaSettings
from sacmes_core.settings.peak import PeakSettings

CHART_PX: Final = 380
_TREND: Final = numbers.TrendSection(
    "decay", "decay-trend", "lifetime", choice_px=220, chart_px=CHART_PX
)
_AXES: Final = {"time": "log time", "current": "log current"}


def page() -> None:
    """Show the decays of the session, or what to do to get some."""
    frame.page("decay", ("ca",), _draw, numbers.shape)


def _draw() -> None:
    state = access.connection().state
    electrodes = electrodes_in(state.shown)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if len(electrodes) > 1:
            st.pills(
                "Electrodes",
                electrodes,
                selection_mode="multi",
                format_func="E{}".format,
                key="decay_electrodes",
                label_visibility="collapsed",
            )
        st.pills(
            "Axes",
            list(_AXES),
            default=list(_AXES),
            selection_mode="multi",
            format_func=_AXES.__getitem__,
            key="decay_axes",
            label_visibility="collapsed",
            help="A logarithmic current is without its sign and less the one at long times, so "
            "that fast and slow parts of the decay are seen together.",
        )
        st.space("stretch")
        unit_choice.show(potentials=False)
    _cards()
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Newest decay")
        _decay()
    with right:
        _TREND.show_choice(DECAY)
        _trend()
    _judgement()
    if state.session is not None:
        with st.expander("Exponentials, step and fit window: try, then apply"):
            trying.show(state.session, _fields, _show_tried)


@st.fragment(run_every=EVERY_S)
def _cards() -> None:
    state = access.connection().state
    found = newest_of(state.shown, _electrodes(state)[0])
    if found is not None:
        pale = dimmed(state, time.time())
        panels.show_cards(decay_cards(found[1], unit_choice.chosen(), pale=pale))


@st.fragment(run_every=EVERY_S)
def _decay() -> None:
    state = access.connection().state
    newest = state.newest_curves
    curves = _drawn(newest, state)
    if newest is None or not curves or state.session is None:
        st.caption("The newest decay comes with the next scan.")
        return
    peaks = {e: newest_of(state.shown, e) for e in _electrodes(state)}
    fitted = {e: found[1].ca for e, found in peaks.items() if found is not None}
    view = _view(f"{state.session.session_id}/decay", pale=dimmed(state, time.time()))
    live_plot(
        decay_figure(curves, fitted, view),
        name="decay",
        alt="Current over the time since the step, with the fit",
        height=CHART_PX,
        title=scan_label(newest.scan, newest.position),
    )


@st.fragment(run_every=EVERY_S)
def _trend() -> None:
    electrodes = tuple(st.session_state.get("decay_electrodes") or ())
    _TREND.show(access.connection().state, DECAY, electrodes)


@st.fragment(run_every=EVERY_S)
def _judgement() -> None:
    state = access.connection().state
    found = newest_of(state.shown, _electrodes(state)[0])
    sentences = flag_sentences(*found) if found is not None else []
    numbers.show_judgement(sentences, "decay_flags")


def _fields(prefix: str) -> dict[str, Any]:
    session = access.connection().state.session
    return ca_form.fields(prefix, session.settings.peak.ca if session else CaSettings())


def _show_tried(reply: ScanReply, _: PeakSettings) -> None:
    state = access.connection().state
    if numbers.tried_in_vain(reply, "These settings give no lifetime"):
        return
    peaks = peaks_of(reply.result)
    first = _electrodes(state)[0]
    left, right = st.columns([1.7, 1], gap="medium")
    with left:
        view = _view(f"{reply.result.session_id}/tried")
        curves = _drawn(reply.curves, state)
        if curves:
            live_plot(
                decay_figure(curves, {e: p.ca for e, p in peaks.items()}, view),
                name="decay-tried",
                alt="The newest decay with the settings that are tried",
                height=numbers.TRIED_PX,
            )
    with right:
        numbers.show_tried(state, first, peaks.get(first), DECAY.values())


def _view(name: str, *, pale: bool = False) -> DecayView:
    axes = st.session_state.get("decay_axes") or ()
    return DecayView(name, "time" in axes, "current" in axes, unit_choice.chosen(), pale)


def _drawn(curves: Curves | None, state: LiveState) -> list[ElectrodeCurves]:
    wanted = _electrodes(state)
    found = curves.electrodes if curves is not None else ()
    return [e for e in found if e.electrode in wanted and e.time_s]


def _electrodes(state: LiveState) -> tuple[int, ...]:
    every = electrodes_in(state.shown) or (1,)
    chosen = st.session_state.get("decay_electrodes") or ()
    return tuple(sorted(e for e in chosen if e in every)) or every
