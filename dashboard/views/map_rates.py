"""The rate of electron transfer fitted to the map that is shown, asked of the analyzer."""

import time
from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from dashboard import access, panels
from dashboard.blocks import Notice
from dashboard.connection import AskError
from dashboard.forms import description
from dashboard.frequency_map import Held, Map
from dashboard.rates import COLUMNS, assumed_words, rate_rows
from sacmes_core import questions
from sacmes_core.payloads.rates import ElectrodeRates, RatesQuery, RatesReply
from sacmes_core.payloads.session import SessionDocument

AGAIN_S: Final = 5.0
"""How often a map that fills is fitted anew at most."""
TABLE_PX: Final = 190
_WANTED: Final = "map_fit"
_KEPT: Final = "map_rates"


def show_choice() -> None:
    """Show the switch, and what is taken as known."""
    st.toggle(
        "Fit the rate",
        key=_WANTED,
        help="Fits the apparent rate constant of electron transfer and the charge of the layer to "
        "the peak currents over the frequency, for a couple bound to the electrode.",
    )
    if not st.session_state.get(_WANTED):
        return
    with st.popover("Taken as known", icon=":material/tune:"):
        st.number_input(
            "Electrons",
            value=2,
            min_value=1,
            max_value=4,
            key="map_electrons",
            help=description(RatesQuery, "electrons"),
        )
        st.number_input(
            "Amplitude / mV",
            value=None,
            min_value=1.0,
            max_value=500.0,
            step=1.0,
            placeholder="of the method, or 25",
            key="map_amplitude_mv",
            help=description(RatesQuery, "amplitude_v"),
        )
        st.number_input(
            "Step / mV",
            value=None,
            min_value=0.1,
            max_value=100.0,
            step=0.5,
            placeholder="of the method, or 1",
            key="map_step_mv",
            help=description(RatesQuery, "step_v"),
        )


def held(shown: Map) -> tuple[ElectrodeRates, ...]:
    """The rates that were last fitted to this map; none where none were wanted."""
    kept = st.session_state.get(_KEPT)
    if not st.session_state.get(_WANTED) or kept is None:
        return ()
    if kept["map"] != (shown.session_id, shown.sweep) or not isinstance(kept["reply"], RatesReply):
        return ()
    rates: tuple[ElectrodeRates, ...] = kept["reply"].electrodes
    return rates


def show(session: SessionDocument, shown: Map, label: str, others: Sequence[Held]) -> None:
    """Show the rates of the map and of the held ones as a table."""
    if not st.session_state.get(_WANTED):
        return
    reply = _reply(session, shown)
    if isinstance(reply, str):
        panels.show_notice(Notice("No rate", reply, "attention"), key="map_rates_notice")
        return
    rows = rate_rows([(label, reply.electrodes), *((o.label, o.rates) for o in others if o.rates)])
    height = min(TABLE_PX, 40 + 36 * max(len(rows), 1))
    panels.show_table(COLUMNS, rows, label="Fitted rates", height=height, key="map_rates_table")
    st.caption(assumed_words(reply))


def _reply(session: SessionDocument, shown: Map) -> RatesReply | str:
    """The analyzer's answer; asked anew when the map has grown, but not all the time."""
    query = _query(shown)
    asked = (query.model_dump_json(), session.settings_revision, len(shown.points))
    kept: dict[str, Any] | None = st.session_state.get(_KEPT)
    if kept is not None:
        recent = time.monotonic() - kept["at"] < AGAIN_S
        same_question = kept["asked"][:2] == asked[:2]
        if kept["asked"] == asked or (same_question and recent):
            held_reply: RatesReply | str = kept["reply"]
            return held_reply
    try:
        answer = access.connection().ask(questions.RATES, query)
        reply = answer if isinstance(answer, RatesReply) else "The analyzer said nothing."
    except AskError as error:
        reply = str(error)
    st.session_state[_KEPT] = {
        "asked": asked,
        "map": (shown.session_id, shown.sweep),
        "reply": reply,
        "at": time.monotonic(),
    }
    return reply


def _query(shown: Map) -> RatesQuery:
    value = st.session_state.get
    amplitude_mv, step_mv = value("map_amplitude_mv"), value("map_step_mv")
    return RatesQuery(
        session_id=shown.session_id,
        number=shown.sweep,
        electrons=value("map_electrons") or 2,
        amplitude_v=None if amplitude_mv is None else amplitude_mv / 1000,
        step_v=None if step_mv is None else step_mv / 1000,
    )
