"""The parts of the live page as the browser is given them, shared by all who look the same way."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import lru_cache
from typing import Any, Final

from dashboard import summary
from dashboard.charts import electrodes_in, trend_figure
from dashboard.columns import columns_of
from dashboard.live_state import LiveState
from dashboard.panel_data import cards_data, header_data, notice_data, table_data
from dashboard.series import TrendView
from dashboard.standing import dimmed, header_chips
from dashboard.trend import Trend
from dashboard.voltammogram import voltammogram_figure
from dashboard.waiting import state_notice, waiting_notice

TABLE_PX: Final = 160
_MINUTE_S: Final = 60

Shape = tuple[object, ...]
Parts = Mapping[str, bytes]
_drawing: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks at the live page, and how; `shape` is what stood there when it was drawn."""

    shape: Shape
    username: str
    zone: tzinfo
    view: TrendView
    quantity: str
    table: bool


def shape_of(state: LiveState, now: float) -> Shape:
    """What decides which controls and parts stand on the page; with a change it is drawn anew."""
    drawable = waiting_notice(state, now) is None
    session = state.session.session_id if state.session is not None else None
    noticed = state_notice(state) is not None
    return state.link == "refused", drawable, session, electrodes_in(state.shown), noticed


def live_parts(state: LiveState, look: Look, now: int) -> Parts | None:
    """Every part by its name, as JSON in UTF-8; None once the page is to be drawn anew.

    Parameters
    ----------
    now
        Whole seconds since 1970: what is drawn once in a second is the same for everybody.
    """
    # Whoever comes while another draws the same waits for it, and draws nothing himself.
    with _drawing:
        return _parts(state, look, now)


@lru_cache(maxsize=16)
def _parts(state: LiveState, look: Look, now: int) -> Parts | None:
    if shape_of(state, now) != look.shape:
        return None
    zone = look.zone
    chips = header_chips(state, now, zone, look.username)
    parts = {
        "header": _encoded(header_data(state.user_id, summary.subtitle(state, now, zone), chips))
    }
    waiting = waiting_notice(state, now)
    if waiting is not None:
        return parts | {"waiting": _encoded(notice_data(waiting, lone=True))}
    notice = state_notice(state)
    if notice is not None:
        parts["notice"] = _encoded(notice_data(notice))
    parts["cards"] = _encoded(cards_data(summary.cards(state, look.view.electrodes, now)))
    if state.shown is None:
        return parts
    view = replace(look.view, pale=dimmed(state, now))
    said = f"{look.quantity} over {columns_of(state.shown).scans} scans"
    # First what the page is looked at for: browsers draw the parts in this order.
    parts = {"trend": _chart(said, trend_figure(state.shown, view, state.marks)), **parts}
    if look.table:
        minute = now - now % _MINUTE_S
        parts["table"] = _results(state.shown, view.electrodes, minute, look.zone)
    if view.arrangement != "side_by_side":
        figure = voltammogram_figure(state.curves, view.electrodes, pale=view.pale)
        parts["voltammogram"] = _chart("Newest voltammograms", figure)
    return parts


@lru_cache(maxsize=16)
def _results(trend: Trend, electrodes: tuple[int, ...], now: int, zone: tzinfo) -> bytes:
    return _encoded(
        table_data(
            summary.table_columns(summary.table_unit(trend)),
            summary.table_rows(trend, electrodes, now, zone),
            label="Last results",
            height=TABLE_PX,
            opens=[f"{p}.{i}" for p, i in summary.table_places(trend, electrodes)],
        )
    )


def _chart(alt: str, figure: bytes) -> bytes:
    return b'{"alt":' + json.dumps(alt).encode() + b',"figure":' + figure + b"}"


def _encoded(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
