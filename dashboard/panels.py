"""Header, cards, table and notices of the pages, with every text from outside shown as text.

File names, sentences and names come over the wire; Streamlit would read markdown in them.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from dashboard.blocks import Card, Cell, Chip, Column, Notice
from dashboard.tiles import Tile

_HERE: Final = Path(__file__).parent

_component = st.components.v2.component(
    "sacmes_panels",
    html='<div class="panel"></div>',
    css=(_HERE / "panels.css").read_text("utf-8"),
    js=(_HERE / "panels.js").read_text("utf-8"),
)


def show_header(user_id: str, subtitle: str, chips: Sequence[Chip]) -> None:
    """Show whose data this is, and how everything stands."""
    said = [asdict(c) for c in chips]
    _show("header", user_id=user_id, subtitle=subtitle, chips=said, copied="the user_id")


def show_title(title: str, subtitle: str, chips: Sequence[Chip] = ()) -> None:
    """Show what a page is about, in the place of the header."""
    _show("header", user_id=title, subtitle=subtitle, chips=[asdict(c) for c in chips], copied="")


def show_cards(cards: Sequence[Card]) -> None:
    """Show numbers in cards of equal size."""
    _show("cards", cards=[asdict(c) for c in cards])


def show_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    label: str,
    height: int,
    key: str = "table",
    opens: Sequence[str] = (),
) -> str | None:
    """Show a table that scrolls within `height` pixels.

    Parameters
    ----------
    key
        Another one for each table of a page.
    opens
        What each row stands for, where rows can be opened.

    Returns
    -------
    str or None
        What the row stands for that was opened just now.
    """
    cells = [[asdict(cell) for cell in row] for row in rows]
    heads = [asdict(column) for column in columns]
    content = {"label": label, "columns": heads, "rows": cells, "height": height}
    if not opens:
        _show("table", key, **content)
        return None
    opened = _show("table", key, **content, opens=list(opens)).opened
    return str(opened) if opened is not None else None


def show_notice(notice: Notice, *, key: str = "notice", lone: bool = False) -> None:
    """Show a notice; `lone` where it stands in the place of everything else."""
    _show("notice", key, lone=lone, **asdict(notice))


def show_tile(tile: Tile) -> None:
    """Show how one user_id stands, at a glance."""
    _show("tile", f"tile_{tile.user_id}", **asdict(tile))


def show_wall(user_id: str, subtitle: str, **parts: Any) -> None:
    """Show the upper part of a wall screen: clock, chips, alerts and big numbers."""
    chips = [asdict(c) for c in parts.pop("chips")]
    cards = [asdict(c) for c in parts.pop("cards")]
    _show("wall", user_id=user_id, subtitle=subtitle, chips=chips, cards=cards, **parts)


def show_address(user_id: str, view: str) -> None:
    """Show the address of a view of a user_id, to be copied; no key is in it."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    path = f"/{base}/" if base else "/"
    _show("address", path=f"{path}?{urlencode({'user_id': user_id, 'view': view})}")


def show_messages(messages: Sequence[dict[str, Any]]) -> None:
    """Show messages as they came; each opens to its text and stays open while others come."""
    _show("messages", messages=list(messages))


def _show(kind: str, key: str | None = None, **data: Any) -> Any:
    # A trigger is told to the page only where something is to be called for it.
    told: dict[str, Any] = {"on_opened_change": _nothing} if "opens" in data else {}
    return _component(key=key or kind, data={"kind": kind, **data}, **told)


def _nothing() -> None:
    pass
