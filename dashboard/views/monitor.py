"""The wall screen: the newest numbers and the trend to be read from across the room."""

import time
from datetime import datetime
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard import access, panels, summary
from dashboard.live_plot import live_plot
from dashboard.series import TrendView
from dashboard.standing import dimmed, header_chips
from dashboard.views.sidebar import keep_sign_in
from dashboard.views.zone import viewer_zone
from dashboard.waiting import waiting_notice
from dashboard.wall import slide_at, wall_figure

VIEW: Final = "monitor"
CHART_PX: Final = 600


def page() -> None:
    """Show the wall screen; nothing on it can be changed."""
    st.html(Path(__file__).parents[1] / "wall.css")
    _screen()
    keep_sign_in()


@st.fragment(run_every=1.0)
def _screen() -> None:
    state, now, zone = access.connection().state, time.time(), viewer_zone()
    if state.link == "refused":
        st.rerun()
    trend, pale = state.shown, dimmed(state, now)
    slide, place = slide_at(trend, now) if trend is not None else (None, "")
    parts = (summary.subtitle(state, now, zone), place)
    panels.show_wall(
        state.user_id,
        " · ".join(part for part in parts if part),
        clock=datetime.fromtimestamp(now, zone).strftime("%H:%M:%S"),
        chips=header_chips(state, now, zone, state.user_id),
        cards=slide.cards if slide is not None else (),
        alerts=[alert.sentence for alert in state.alerts],
        pale=pale,
    )
    notice = waiting_notice(state, now)
    if notice is not None:
        panels.show_notice(notice, key="waiting", lone=True)
    if trend is not None and slide is not None:
        view = TrendView(electrodes=slide.electrodes, pale=pale, zone=zone)
        live_plot(wall_figure(trend, view), name="trend", alt="Trend", height=CHART_PX)
