"""The live page: how everything stands, the trend, the newest voltammograms, the last results."""

import time
from datetime import UTC, datetime, tzinfo
from typing import Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from dashboard import access, panels, summary
from dashboard.charts import Abscissa, Quantity, TrendView, electrodes_in, trend_figure
from dashboard.connection import AskError
from dashboard.live_plot import live_plot
from dashboard.live_state import LiveState
from dashboard.navigation import go_to
from dashboard.standing import dimmed, header_chips
from dashboard.voltammogram import voltammogram_figure
from dashboard.waiting import state_notice, waiting_notice
from sacmes_core.payloads.questions import ExportQuery

EVERY_S: Final = 1.0
CHART_PX: Final = 400
TABLE_PX: Final = 191

_QUANTITIES: Final = {
    "absolute": "Absolute",
    "normalised": "Normalised",
    "kdm": "KDM",
    "ratio": "Ratio",
}
_ABSCISSAE: Final = {"number": "Scan #", "elapsed": "Elapsed", "clock": "Clock"}
_DRAWN: Final = "drawn_for"


def page() -> None:
    """Show the live page; its live parts renew themselves, its controls stand still."""
    state = access.connection().state
    st.session_state[_DRAWN] = _shape(state)
    _header()
    if waiting_notice(state, time.time()) is None:
        _controls(state)
        _charts()
        _table()
    else:
        _waiting()
        if state.session is None or state.session.state == "stopped":
            _, middle, _ = st.columns([2, 1, 2])
            if middle.button("Go to the Session page", type="primary", width="stretch"):
                go_to("session")


def viewer_zone() -> tzinfo:
    """The time zone of the viewer's browser, UTC where it does not say."""
    name = st.context.timezone
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


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
        panels.show_cards(summary.cards(state, _electrodes(), now))
        notice = state_notice(state)
        if notice is not None:
            panels.show_notice(notice)


@st.fragment(run_every=EVERY_S)
def _waiting() -> None:
    notice = waiting_notice(access.connection().state, time.time())
    if notice is not None:
        panels.show_notice(notice, key="waiting", lone=True)


def _controls(state: LiveState) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.segmented_control(
            "Quantity",
            list(_QUANTITIES),
            default="absolute",
            required=True,
            format_func=_QUANTITIES.__getitem__,
            key="quantity",
            label_visibility="collapsed",
        )
        st.segmented_control(
            "Abscissa",
            list(_ABSCISSAE),
            default="number",
            required=True,
            format_func=_ABSCISSAE.__getitem__,
            key="abscissa",
            label_visibility="collapsed",
        )
        electrodes = electrodes_in(state.shown)
        if len(electrodes) > 1:
            st.pills(
                "Electrodes",
                electrodes,
                selection_mode="multi",
                format_func="E{}".format,
                key="electrodes",
                label_visibility="collapsed",
            )
        st.space("stretch")
        _download(state)


def _download(state: LiveState) -> None:
    if state.session is None:
        return
    name = state.session.name or state.session.session_id[:8]
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
    query = ExportQuery(session_id=state.session.session_id)
    connection = access.connection()

    def content() -> bytes:
        try:
            return connection.export(query)
        except AskError as error:
            return f"# {error}\n".encode()

    st.download_button(
        "Download CSV",
        content,
        file_name=f"{state.user_id}_{safe}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        help="All results of this session with units in the column names.",
    )


@st.fragment(run_every=EVERY_S)
def _charts() -> None:
    state, now = access.connection().state, time.time()
    trend = state.shown
    if trend is None:
        return
    pale = dimmed(state, now)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        view = TrendView(
            cast(Quantity, st.session_state.get("quantity") or "absolute"),
            cast(Abscissa, st.session_state.get("abscissa") or "number"),
            _electrodes(),
            pale,
            viewer_zone(),
        )
        said = f"{_QUANTITIES[view.quantity]} peak currents over {len(trend.scans)} scans"
        live_plot(trend_figure(trend, view), name="trend", alt=said, height=CHART_PX)
    with right:
        figure = voltammogram_figure(state.curves, _electrodes(), pale=pale)
        live_plot(figure, name="voltammogram", alt="Newest voltammograms", height=CHART_PX)


@st.fragment(run_every=EVERY_S)
def _table() -> None:
    trend = access.connection().state.shown
    if trend is None:
        return
    now = datetime.now(UTC).timestamp()
    panels.show_table(
        summary.table_columns(summary.table_unit(trend)),
        summary.table_rows(trend, _electrodes(), now, viewer_zone()),
        label="Last results",
        height=TABLE_PX,
    )


def _electrodes() -> tuple[int, ...]:
    chosen = st.session_state.get("electrodes") or ()
    return tuple(sorted(chosen))
