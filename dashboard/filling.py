"""Why a technique's page has nothing to show, and what to do; None where it has something."""

from collections.abc import Mapping
from typing import Final

from dashboard.blocks import Notice
from dashboard.live_state import LiveState
from dashboard.session_rows import TECHNIQUES
from dashboard.waiting import waiting_notice
from sacmes_core.settings.parts import Technique

PAGES: Final[Mapping[Technique, tuple[str, str]]] = {
    "swv": ("live", "Live"),
    "frequency_map": ("frequency-map", "Frequency map"),
    "cv": ("cyclic", "Cyclic"),
    "ca": ("decay", "Decay"),
}
"""The page of each technique: its address and its title."""
_MEASURES: Final[Mapping[Technique, str]] = {
    "swv": "square waves",
    "frequency_map": "a frequency map",
    "cv": "cycles",
    "ca": "decays after a potential step",
}


def unfilled_notice(
    state: LiveState, fills: tuple[Technique, ...], now: float
) -> tuple[Notice, str] | None:
    """Why this page is empty, with the page to go to; None as soon as there is something to draw.

    Parameters
    ----------
    fills
        Techniques whose scans fill the page, its own first.
    """
    session = state.session
    if session is None or session.technique in fills:
        notice = waiting_notice(state, now)
        return None if notice is None else (notice, "session")
    path, title = PAGES[session.technique]
    own = _MEASURES[fills[0]]
    return (
        Notice(
            f"This session measures {_MEASURES[session.technique]}",
            f"Its scans are on the {title} page. This page shows {own}: to fill it, start a "
            f"session of technique {TECHNIQUES[fills[0]]} on the Session page.",
            "info",
        ),
        path,
    )
