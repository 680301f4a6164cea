"""The frequency map: charge and peak current over the frequency, held maps, voltammograms."""

import time
from typing import BinaryIO, Final

import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.exporting import Heard
from dashboard.frequency_map import (
    Held,
    Map,
    before_of,
    held_with,
    largest_cards,
    map_csv,
    map_of,
    progress_card,
    suggested_label,
    sweeps,
)
from dashboard.live_plot import live_plot
from dashboard.live_state import LiveState
from dashboard.map_charts import MapQuantity, MapView, map_figure, overlay_figure
from dashboard.rates import fits_of
from dashboard.standing import dimmed
from dashboard.views import export_panel, frame, map_rates
from dashboard.views.live import EVERY_S

CHART_PX: Final = 360
HELD_MAX: Final = 12
_HELD: Final = "held_maps"
_NEWEST: Final = "newest"
_FILE: Final = "map/file"


def page() -> None:
    """Show the map of the session, or what to do to get one."""
    frame.page("map", ("frequency_map", "swv"), _draw, _shape)


def _shape(state: LiveState) -> tuple[object, ...]:
    shown = map_of(state)
    return shown is None or shown.electrodes, sweeps(state.shown)[-8:]


def _draw() -> None:
    state = access.connection().state
    shown = _shown(state)
    if shown is None:
        notice = Notice(
            "No square wave with a frequency yet",
            "A map needs scans whose files or names say the frequency, for example SWV_15Hz_1.txt.",
            "info",
        )
        panels.show_notice(notice, key="waiting", lone=True)
        return
    _cards()
    _controls(state, shown)
    _charts()
    _rates()
    _hold(shown)
    _overlay_controls(shown)
    _overlay()


def _controls(state: LiveState, shown: Map) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        known = sweeps(state.shown)
        if len(known) > 1:
            st.selectbox(
                "Sweep",
                [_NEWEST, *reversed([n for n in known if n is not None])],
                format_func=lambda n: "Newest" if n == _NEWEST else f"Sweep {n}",
                key="map_sweep",
                width=150,
                help="A sweep is the scans of one number, at each frequency.",
            )
        if len(shown.electrodes) > 1:
            st.pills(
                "Electrodes",
                shown.electrodes,
                selection_mode="multi",
                format_func="E{}".format,
                key="map_electrodes",
                help="Those that are drawn; none chosen draws all.",
            )
        map_rates.show_choice()
        st.space("stretch")
        _download(state)
    with st.container():
        export_panel.status(_FILE)


def _download(state: LiveState) -> None:
    connection, sweep, held = access.connection(), _sweep(), _held()

    def make(into: BinaryIO, _heard: Heard) -> None:
        shown = map_of(connection.state, sweep)
        if shown is None:
            raise AskError("There is no map to see yet.")
        into.write(map_csv(shown, held))

    name = f"{state.user_id}_frequency_map.csv"
    export_panel.file_button("Download CSV", (name, "text/csv"), make, place=_FILE)


@st.fragment(run_every=EVERY_S)
def _cards() -> None:
    state = access.connection().state
    shown = _shown(state)
    if shown is not None:
        pale = dimmed(state, time.time())
        largest = largest_cards(shown, _electrodes(shown)[0], pale=pale) if shown.points else []
        panels.show_cards([progress_card(shown), *largest])


@st.fragment(run_every=EVERY_S)
def _charts() -> None:
    state = access.connection().state
    shown = _shown(state)
    if shown is None:
        return
    pale = dimmed(state, time.time())
    left, right = st.columns(2, gap="medium")
    kinds: tuple[tuple[MapQuantity, str], ...] = (
        ("charge", "Charge"),
        ("current", "Peak current"),
    )
    for place, (kind, title) in zip((left, right), kinds, strict=True):
        fits = fits_of(map_rates.held(shown), _electrodes(shown))
        view = MapView(
            kind, _electrodes(shown), _pair(state, shown), before_of(state, shown), fits, pale
        )
        with place:
            live_plot(
                map_figure(shown, _held(), view),
                name=f"map-{kind}",
                alt=f"{title} over the frequency, {len(shown.frequencies_hz)} frequencies",
                height=CHART_PX,
            )


@st.fragment(run_every=EVERY_S)
def _rates() -> None:
    state = access.connection().state
    shown = _shown(state)
    if shown is not None and state.session is not None:
        map_rates.show(state.session, shown, suggested_label(shown), _held())


def _hold(shown: Map) -> None:
    held = _held()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Hold this map as",
            key="map_label",
            max_chars=60,
            placeholder=suggested_label(shown),
            width=280,
            help="Keeps the map as it is now beside the running one, to compare. It stays while "
            "you look at other pages or load this one again, until you remove it or leave.",
        )
        st.button(
            "Hold",
            icon=":material/push_pin:",
            on_click=_keep,
            disabled=len(held) >= HELD_MAX,
            help=f"Up to {HELD_MAX} maps." if len(held) >= HELD_MAX else None,
        )
        if held:
            st.pills(
                "Held maps: press one to remove it",
                [each.label for each in held],
                format_func=lambda label: f"{label}  ✕",
                key="map_remove",
                on_change=_remove,
            )


def _keep() -> None:
    shown = _shown(access.connection().state)
    if shown is not None:
        label = str(st.session_state.get("map_label") or "")
        access.desk()[_HELD] = held_with(_held(), label, shown, map_rates.held(shown))
        st.session_state["map_label"] = ""


def _remove() -> None:
    label = st.session_state.get("map_remove")
    access.desk()[_HELD] = tuple(h for h in _held() if h.label != label)


def _overlay_controls(shown: Map) -> None:
    st.subheader("Voltammograms")
    if len(shown.electrodes) > 1:
        st.segmented_control(
            "Electrode",
            shown.electrodes,
            default=shown.electrodes[0],
            required=True,
            format_func="E{}".format,
            key="map_overlay_electrode",
            label_visibility="collapsed",
        )


@st.fragment(run_every=EVERY_S)
def _overlay() -> None:
    state = access.connection().state
    shown = _shown(state)
    if shown is None or not shown.electrodes:
        return
    electrode = st.session_state.get("map_overlay_electrode") or shown.electrodes[0]
    live_plot(
        overlay_figure(state.curves, electrode, pale=dimmed(state, time.time())),
        name="map-voltammograms",
        alt=f"Newest voltammogram of electrode {electrode} at each frequency",
        height=CHART_PX,
    )


def _shown(state: LiveState) -> Map | None:
    return map_of(state, _sweep())


def _sweep() -> int | None:
    chosen = st.session_state.get("map_sweep", _NEWEST)
    return None if chosen == _NEWEST else chosen


def _held() -> tuple[Held, ...]:
    held: tuple[Held, ...] = access.desk().get(_HELD, ())
    return held


def _electrodes(shown: Map) -> tuple[int, ...]:
    chosen = st.session_state.get("map_electrodes") or ()
    return tuple(sorted(chosen)) or shown.electrodes


def _pair(state: LiveState, shown: Map) -> tuple[float, float] | None:
    """The frequencies of KDM: as the trend settings say, else the ends of the map."""
    every = sorted({*shown.expected_hz, *shown.frequencies_hz})
    if state.session is None or len(every) < 2:
        return None
    trend = state.session.settings.trend
    return trend.low_frequency_hz or every[0], trend.high_frequency_hz or every[-1]
