"""How one of several user_ids stands at a glance, as a value for the overview page."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from dashboard import summary
from dashboard.axes import prefix_for, significant
from dashboard.blocks import Chip
from dashboard.columns import columns_of
from dashboard.live_state import LiveState
from dashboard.standing import agent_chip, analyzer_chip, dimmed, live_chip

ALERTS: Final = 3


@dataclass(frozen=True, slots=True)
class Tile:
    """One user_id: what runs, its newest number, how it stands, what it is alarmed about."""

    user_id: str
    role: str
    subtitle: str
    chips: tuple[Chip, ...]
    value: str
    unit: str = ""
    note: str = ""
    spark: tuple[float | None, ...] = ()
    alerts: tuple[str, ...] = ()
    pale: bool = False


def tile(state: LiveState, username: str, now: float, zone: tzinfo) -> Tile:
    """Make the tile of a user_id as it stands."""
    chips = (agent_chip(state, now, zone), analyzer_chip(state, now), live_chip(state, now, zone))
    value, unit, note, spark = _newest(state)
    return Tile(
        state.user_id,
        "" if username == state.user_id else f"read only, as {username}",
        summary.subtitle(state, now, zone),
        chips,
        value,
        unit,
        note,
        spark,
        tuple(a.sentence for a in state.alerts[:ALERTS]),
        dimmed(state, now),
    )


def _newest(state: LiveState) -> tuple[str, str, str, tuple[float | None, ...]]:
    """The newest peak current of the line that the live page's cards speak of."""
    line = summary.lead_line(columns_of(state.shown) if state.shown is not None else None, ())
    known = [c for c in line.current_a if c is not None] if line is not None else []
    if line is None or not known:
        return "–", "", "no scan yet", ()
    prefix, newest = prefix_for(known, "A"), line.current_a[-1]
    if newest is None:
        return "no peak", "", f"in the newest scan of {line.words}", line.current_a
    return significant(newest * prefix.factor, 3), prefix.unit, line.words, line.current_a
