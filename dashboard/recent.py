"""User_ids that the browser remembers, so that nobody types a UUID twice; never a key."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

_HERE: Final = Path(__file__).parent
_CSS: Final = """
.recent { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; font-size: 13px;
  font-family: var(--st-font); color: var(--st-text-color); }
.heading { opacity: 0.7; }
.entry { display: inline-flex; border: 1px solid var(--st-border-color); border-radius: 999px;
  overflow: hidden; background: var(--st-secondary-background-color); }
button { font: inherit; color: inherit; background: transparent; border: 0; cursor: pointer; }
.choose { padding: 3px 4px 3px 12px; max-width: 260px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.forget { padding: 3px 10px 3px 6px; opacity: 0.65; }
button:hover, button:focus-visible { color: var(--st-primary-color); opacity: 1; outline: none; }
"""

_component = st.components.v2.component(
    "sacmes_recent",
    html='<div class="recent"></div>',
    css=_CSS,
    js=(_HERE / "recent.js").read_text("utf-8"),
)


def offer(on_chosen: Callable[[], None]) -> str | None:
    """Show the remembered user_ids; the one that was just clicked, or None."""
    result = _component(key="recent", data={"show": True}, on_chosen_change=on_chosen)
    chosen: str | None = result.get("chosen")
    return chosen


def remember(user_id: str) -> None:
    """Put a user_id on top of what the browser remembers."""
    _component(key="remember", data={"remember": user_id})
