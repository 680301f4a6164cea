"""Cyclic voltammetry: the newest cycle, its numbers, their trend, and its settings to try out."""

import time
from typing import Any, Final

import streamlit as st

from dashboard import access, forms, panels
from dashboard.charts import electrodes_in
from dashboard.cycle_charts import CycleView, Segment, cycle_figure, segment_pairs, sweeps_of
from dashboard.figures import scan_label
from dashboard.live_plot import live_plot
from dashboard.live_state import LiveState
from dashboard.number_panels import (
    cycle_cards,
    flag_sentences,
    model_words,
    sweep_columns,
    sweep_rows,
)
from dashboard.number_trend import newest_of
from dashboard.quantities import with_probes
from dashboard.standing import dimmed
from dashboard.trend import Scan, peaks_of
from dashboard.views import cv_form, frame, numbers, trying, unit_choice
from dashboard.views.live import EVERY_S
from sacmes_core.payloads.questions import TrialQuery
from sacmes_core.payloads.replies import ScanReply
from sacmes_core.payloads.results import Curves, ElectrodeCurves
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.cv import CvSettings
from sacmes_core.settings.peak import PeakSettings

CHART_PX: Final = 420
SEGMENTS_MAX: Final = 12
_TREND: Final = numbers.TrendSection(
    "cyclic", "cycle-trend", "separation", choice_px=280, chart_px=300
)
_ASKED: Final = "cyclic_segments_found"


def page() -> None:
    """Show the cycles of the session, or what to do to get some."""
    frame.page("cyclic", ("cv",), _draw, numbers.shape)


def _draw() -> None:
    state = access.connection().state
    electrodes = electrodes_in(state.shown)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if len(electrodes) > 1:
            st.segmented_control(
                "Electrode",
                electrodes,
                default=electrodes[0],
                required=True,
                format_func="E{}".format,
                key="cyclic_electrode",
                label_visibility="collapsed",
            )
        st.toggle(
            "All segments",
            key="cyclic_segments",
            help="Draws every sweep of a file with its number, to choose the forward and the "
            "reverse one below.",
        )
        st.space("stretch")
        unit_choice.show(potentials=True)
    _cards()
    left, right = st.columns([1.7, 1], gap="medium")
    with left:
        _cycle()
    with right:
        _numbers()
    potentials = state.session.settings.peak.cv.probe_potentials_v if state.session else ()
    _TREND.show_choice(with_probes(potentials))
    _trend()
    if state.session is not None:
        with st.expander("Segments, windows, probes, baseline and model: try, then apply"):
            trying.show(state.session, _fields, _show_tried)


@st.fragment(run_every=EVERY_S)
def _cards() -> None:
    state = access.connection().state
    found = newest_of(state.shown, _electrode(state))
    if found is not None:
        pale = dimmed(state, time.time())
        panels.show_cards(cycle_cards(found[1], unit_choice.chosen(), pale=pale))


@st.fragment(run_every=EVERY_S)
def _cycle() -> None:
    state = access.connection().state
    electrode = _electrode(state)
    newest = state.newest_curves
    curve = _curve_of(newest, electrode)
    if newest is None or curve is None or state.session is None:
        st.caption("The newest cycle comes with the next scan.")
        return
    found = newest_of(state.shown, electrode)
    settings = state.session.settings.peak.cv
    view = CycleView(
        f"{state.session.session_id}/cycle",
        found[1].cv if found is not None else None,
        settings,
        unit_choice.chosen(),
        _segments(state, electrode) if st.session_state.get("cyclic_segments") else (),
        dimmed(state, time.time()),
    )
    live_plot(
        cycle_figure(curve, view),
        name="cycle",
        alt=f"Newest cycle of electrode {electrode}",
        height=CHART_PX,
        title=scan_label(newest.scan, newest.position),
    )


@st.fragment(run_every=EVERY_S)
def _numbers() -> None:
    state = access.connection().state
    found = newest_of(state.shown, _electrode(state))
    if found is None:
        return
    scan, peak = found
    rows = sweep_rows(peak, unit_choice.chosen())
    columns = sweep_columns(scan)
    panels.show_table(columns, rows, label="Numbers of the newest cycle", height=240)
    st.caption(model_words(peak))
    sentences = [scan.error] if scan.error else flag_sentences(scan, peak)
    numbers.show_judgement(sentences, "cycle_flags")


@st.fragment(run_every=EVERY_S)
def _trend() -> None:
    state = access.connection().state
    if state.session is not None:
        _TREND.show(state, with_probes(state.session.settings.peak.cv.probe_potentials_v))


def _fields(prefix: str) -> dict[str, Any]:
    session = access.connection().state.session
    held = session.settings.peak.cv if session is not None else CvSettings()
    said = cv_form.fields(prefix, held)
    probes = "peak.cv.probe_potentials_v"
    return said | {probes: forms.potentials(said[probes])}


def _show_tried(reply: ScanReply, peak: PeakSettings) -> None:
    state = access.connection().state
    electrode = _electrode(state)
    if numbers.tried_in_vain(reply, "These settings give no numbers"):
        return
    tried = peaks_of(reply.result).get(electrode)
    left, right = st.columns([1.7, 1], gap="medium")
    curve = _curve_of(reply.curves, electrode)
    with left:
        if curve is not None:
            view = CycleView(
                f"{reply.result.session_id}/tried",
                tried.cv if tried is not None else None,
                peak.cv,
                unit_choice.chosen(),
            )
            live_plot(
                cycle_figure(curve, view),
                name="cycle-tried",
                alt="The newest cycle with the settings that are tried",
                height=numbers.TRIED_PX,
            )
    with right:
        quantities = with_probes(peak.cv.probe_potentials_v).values()
        numbers.show_tried(state, electrode, tried, quantities)


def _segments(state: LiveState, electrode: int) -> tuple[Segment, ...]:
    """Every sweep of a scan, asked for once a session: trying pairs of segments takes a while."""
    session = state.session
    found = newest_of(state.shown, electrode)
    if session is None or found is None or found[1].cv is None:
        return ()
    key = (session.session_id, electrode)
    held: dict[tuple[str, int], tuple[Segment, ...]] = st.session_state.setdefault(_ASKED, {})
    if key not in held:
        scan, peak = found
        count = min(peak.cv.segments if peak.cv is not None else 0, SEGMENTS_MAX)
        # Two are the forward and the reverse sweep, which are drawn anyway.
        held[key] = _ask_segments(session, scan, electrode, count) if count > 2 else ()
    return held[key]


def _ask_segments(
    session: SessionDocument, scan: Scan, electrode: int, count: int
) -> tuple[Segment, ...]:
    segments: dict[int, Segment] = {}
    for first in segment_pairs(count):
        pair = {"forward_segment": first, "reverse_segment": first + 1, "model": "line"}
        changes = {f"peak.cv.{name}": value for name, value in pair.items()}
        query = TrialQuery(
            session_id=session.session_id,
            position=scan.position,
            index=scan.index,
            peak=forms.settings(session.settings, changes).peak,
        )
        reply = trying.tried(query)
        curve = None if isinstance(reply, str) else _curve_of(reply.curves, electrode)
        if curve is None:
            continue
        for place, part in enumerate(sweeps_of(curve)):
            columns = curve.potential_v[part], curve.current_a[part]
            segments[first + place] = Segment(first + place, *columns)
    return tuple(segments[number] for number in sorted(segments))


def _curve_of(curves: Curves | None, electrode: int) -> ElectrodeCurves | None:
    for each in curves.electrodes if curves is not None else ():
        if each.electrode == electrode and each.potential_v:
            return each
    return None


def _electrode(state: LiveState) -> int:
    electrodes = electrodes_in(state.shown) or (1,)
    chosen = st.session_state.get("cyclic_electrode")
    return chosen if chosen in electrodes else electrodes[0]
