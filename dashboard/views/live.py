"""The live page: how everything stands, the trend, the newest voltammograms, the last results."""

import time
from typing import BinaryIO, Final

import streamlit as st

from dashboard import access, panels
from dashboard.charts import electrodes_in, panel_rows
from dashboard.connection import AskError
from dashboard.export_formats import file_name
from dashboard.exporting import Heard
from dashboard.feed import feed_page
from dashboard.live_parts import Look, Parts, live_parts, shape_of
from dashboard.live_plot import fed_plot
from dashboard.live_state import LiveState
from dashboard.navigation import go_to
from dashboard.series import TrendView
from dashboard.shown_csv import shown_csv
from dashboard.views import export_panel, live_controls, marks_panel, quality_panel
from dashboard.views.applying import show_said
from dashboard.views.export_panel import exportable
from dashboard.views.live_controls import QUANTITIES
from dashboard.views.picking import inspect
from dashboard.views.zone import viewer_zone

EVERY_S: Final = 1.0
"""How often pages renew themselves that have no feed."""
CHART_PX: Final = 380
PANEL_PX: Final = 230
_BELOW: Final = {"results": "Last results", "marks": "Marks", "quality": "Quality"}


def page() -> None:
    """Show the live page; its feed renews what is live, its controls stand still."""
    state, now, zone = access.connection().state, int(time.time()), viewer_zone()
    look = Look(
        shape_of(state, now),
        access.credentials().username,
        zone,
        live_controls.trend_view(False, zone),
        QUANTITIES[live_controls.quantity()],
        st.session_state.get("below", "results") == "results",
    )
    parts = live_parts(state, look, now) or {}
    for name in ("header", "cards", "notice", "waiting"):
        if name in parts:
            panels.show_part(name, parts[name])
    if "trend" in parts:
        _controls(state)
        _charts(state, look.view, parts)
        _below(state, parts)
    elif state.session is None or state.session.state == "stopped":
        _, middle, _ = st.columns([2, 1, 2])
        if middle.button("Go to the Session page", type="primary", width="stretch"):
            go_to("session")
    feed_page(look)


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


def _charts(state: LiveState, view: TrendView, parts: Parts) -> None:
    if "voltammogram" not in parts:
        rows = panel_rows(len(view.electrodes or electrodes_in(state.shown)))
        _trend(parts, CHART_PX if rows == 1 else PANEL_PX * rows)
        return
    left, right = st.columns([2, 1], gap="medium")
    with left:
        _trend(parts, CHART_PX)
    with right:
        fed_plot(parts["voltammogram"], name="voltammogram", height=CHART_PX)


def _trend(parts: Parts, height: int) -> None:
    picked = fed_plot(parts["trend"], name="trend", height=height, picks=True)
    if picked is not None:
        inspect(*picked)


def _below(state: LiveState, parts: Parts) -> None:
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
    elif "table" in parts:
        opened = panels.show_rows("table", parts["table"])
        if opened:
            inspect(*map(int, opened.split(".")))
