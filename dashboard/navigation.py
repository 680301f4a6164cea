"""Pages as values, and the way from one to another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

PAGES: Final = "pages"
"""Where a session keeps its pages by path."""


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One page: its address, what the sidebar calls it, and what draws it."""

    path: str
    title: str
    icon: str
    draw: Callable[[], None]


def register(groups: Mapping[str, tuple[PageEntry, ...]]) -> dict[str, list[Any]]:
    """Make the pages of this turn by group; the very first is the one that opens."""
    made: dict[str, list[Any]] = {}
    by_path: dict[str, Any] = {}
    for group, entries in groups.items():
        for entry in entries:
            page = st.Page(
                entry.draw,
                title=entry.title,
                icon=entry.icon,
                url_path=entry.path,
                default=not by_path,
            )
            by_path[entry.path] = page
            made.setdefault(group, []).append(page)
    st.session_state[PAGES] = by_path
    return made


def go_to(path: str) -> None:
    """Show another page instead of this one."""
    st.switch_page(st.session_state[PAGES][path])
