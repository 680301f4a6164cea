"""The live page: how everything stands, the trend, the newest voltammograms, the last results."""

import time
from datetime import UTC, datetime
from typing import BinaryIO, Final

import streamlit as st

from dashboard import access, panels, summary
from dashboard.charts import electrodes_in, panel_rows, trend_figure
from dashboard.columns import columns_of
from dashboard.connection import AskError
from dashboard.export_formats import file_name
from dashboard.exporting import Heard
from dashboard.live_plot import live_plot
from dashboard.live_state import LiveState
from dashboard.navigation import go_to
from dashboard.shown_csv import shown_csv
from dashboard.standing import dimmed, header_chips
from dashboard.views import export_panel, live_controls, marks_panel, quality_panel
from dashboard.views.applying import show_said
from dashboard.views.export_panel import exportable
from dashboard.views.live_controls import QUANTITIES
from dashboard.views.picking import inspect
from dashboard.views.zone import viewer_zone as viewer_zone
from dashboard.voltammogram import voltammogram_figure
from dashboard.waiting import state_notice, waiting_notice

EVERY_S: Final = 1.0
CHART_PX: Final = 380
PANEL_PX: Final = 230
TABLE_PX: Final = 160
_BELOW: Final = {"results": "Last results", "marks": "Marks", "quality": "Quality"}
_DRAWN: Final = "drawn_for"


def page() -> None:
    """Show the live page; its live parts renew themselves, its controls stand still."""
    state = access.connection().state
    st.session_state[_DRAWN] = _shape(state)
    _header()
    if waiting_notice(state, time.time()) is None:
        _controls(state)
        _charts()
        _below(state)
    else:
        _waiting()
        if state.session is None or state.session.state == "stopped":
            _, middle, _ = st.columns([2, 1, 2])
            if middle.button("Go to the Session page", type="primary", width="stretch"):
                go_to("session")


def _shape(state: LiveState) -> tuple[object, ...]:
    """What decides which controls stand on the page; a change draws the whole page anew."""
    drawable = waiting_notice(state, time.time()) is None
    session = state.session.session_id if state.session is not None else None
    return state.link == "refused", drawable, session, electrodes_in(state.shown)


@st.fragment(run_every=EVERY_S)
def _header() -> None:
    state = access.connection().state
    if _shape(state) != st.session_state.get(_DRAWN):
        st.rerun()
    now, zone = time.time(), viewer_zone()
    chips = header_chips(state, now, zone, access.credentials().username)
    panels.show_header(state.user_id, summary.subtitle(state, now, zone), chips)
    if waiting_notice(state, now) is None:
        panels.show_cards(summary.cards(state, live_controls.electrodes(), now))
        notice = state_notice(state)
        if notice is not None:
            panels.show_notice(notice)


@st.fragment(run_every=EVERY_S)
def _waiting() -> None:
    notice = waiting_notice(access.connection().state, time.time())
    if notice is not None:
        panels.show_notice(notice, key="waiting", lone=True)


def _controls(state: LiveState) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        live_controls.show(state)
        st.space("stretch")
        with st.popover("Download", icon=":material/download:"):
            _download(state)
    # Outside the menu, which may be closed when a file is there or cannot be made; and in one
    # place, full or empty, so that the charts below keep theirs, and with it their zoom.
    with st.container():
        export_panel.status("live/shown")
        export_panel.tell("live/export")
        show_said()


def _download(state: LiveState) -> None:
    session = state.session
    if session is None:
        return
    view = live_controls.trend_view(False, viewer_zone())
    connection = access.connection()

    def shown(into: BinaryIO, _heard: Heard) -> None:
        now = connection.state
        if now.session is None or now.shown is None:
            raise AskError("There is nothing to see yet.")
        into.write(shown_csv(now.session, now.shown, view, now.marks))

    name = file_name(state.user_id, session, f"_{view.quantity}.csv")
    export_panel.file_button("What is shown (CSV)", (name, "text/csv"), shown, place="live/shown")
    st.caption(
        "The lines of the chart as they are drawn: this quantity, abscissa, electrodes, groups, "
        "errors and marks, in the units of the axes, with the settings that made them."
    )
    st.divider()
    export_panel.show(exportable(session, state.shown), place="live/export", told=False)


@st.fragment(run_every=EVERY_S)
def _charts() -> None:
    state, now = access.connection().state, time.time()
    trend = state.shown
    if trend is None:
        return
    view = live_controls.trend_view(dimmed(state, now), viewer_zone())
    side_by_side = view.arrangement == "side_by_side"
    left, right = (st.container(), None) if side_by_side else st.columns([2, 1], gap="medium")
    with left:
        said = f"{QUANTITIES[view.quantity]} over {columns_of(trend).scans} scans"
        rows = panel_rows(len(view.electrodes or electrodes_in(trend))) if side_by_side else 1
        height = CHART_PX if rows == 1 else PANEL_PX * rows
        figure = trend_figure(trend, view, state.marks)
        picked = live_plot(figure, name="trend", alt=said, height=height, picks=True)
    if picked is not None:
        inspect(*picked)
    if right is not None:
        with right:
            figure = voltammogram_figure(state.curves, view.electrodes, pale=view.pale)
            live_plot(figure, name="voltammogram", alt="Newest voltammograms", height=CHART_PX)


def _below(state: LiveState) -> None:
    chosen = st.segmented_control(
        "Below the charts",
        list(_BELOW),
        default="results",
        required=True,
        format_func=_BELOW.__getitem__,
        key="below",
        label_visibility="collapsed",
        persist_state="session",
    )
    if chosen == "marks":
        marks_panel.show(state)
    elif chosen == "quality":
        quality_panel.show()
    else:
        _table()


@st.fragment(run_every=EVERY_S)
def _table() -> None:
    trend = access.connection().state.shown
    if trend is None:
        return
    now = datetime.now(UTC).timestamp()
    electrodes = live_controls.electrodes()
    opened = panels.show_table(
        summary.table_columns(summary.table_unit(trend)),
        summary.table_rows(trend, electrodes, now, viewer_zone()),
        label="Last results",
        height=TABLE_PX,
        opens=[f"{p}.{i}" for p, i in summary.table_places(trend, electrodes)],
    )
    if opened:
        inspect(*map(int, opened.split(".")))
