"""What the browser keeps of a sign-in: the tab's ticket, and a wall screen's key if asked to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard.connection import Credentials

_HERE: Final = Path(__file__).parent
_CSS: Final = ".keeper { font: 13px var(--st-font); color: var(--st-text-color); opacity: 0.8; }"

_component = st.components.v2.component(
    "sacmes_keeper",
    html='<div class="keeper"></div>',
    css=_CSS,
    js=(_HERE / "keeper.js").read_text("utf-8"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What a browser brought back: a tab's ticket, a wall screen's credentials, or neither."""

    ticket: str = ""
    screen: Credentials | None = None


def ask(user_id: str, *, monitor: bool, forget_walls: Sequence[str], forget_tab: bool) -> Found:
    """Ask the tab for its ticket, and on a wall screen for its key; it answers in a later turn."""
    result = _component(
        key="keeper_ask",
        data={
            "ask": not forget_tab,
            "user_id": user_id,
            "monitor": monitor,
            "forget_walls": list(forget_walls),
            "forget_tab": forget_tab,
        },
        on_found_change=lambda: None,
    )
    return read(result.get("found"))


def keep(ticket: str, *, wall: Credentials | None = None, forget_walls: Sequence[str] = ()) -> None:
    """Give the tab its ticket; `wall` is kept until it is forgotten, because a person asked."""
    held = wall and {"user_id": wall.user_id, "username": wall.username, "key": wall.key}
    data = {"ticket": ticket, "wall": held, "forget_walls": list(forget_walls)}
    _component(key="keeper_keep", data=data)


def say_wall(user_id: str) -> None:
    """Say whether this browser keeps the key of a user_id."""
    _component(key="keeper_say", data={"say_wall": user_id})


def read(answer: Any) -> Found:
    """What a browser brought back, checked: it may be anything."""
    if not isinstance(answer, Mapping):
        return Found()
    ticket, screen = answer.get("ticket"), answer.get("screen")
    held = None
    if isinstance(screen, Mapping):
        parts = [screen.get(name) for name in ("user_id", "username", "key")]
        if all(isinstance(part, str) and 0 < len(part) <= 1000 for part in parts):
            held = Credentials(*map(str, parts))
    return Found(ticket if isinstance(ticket, str) else "", held)
