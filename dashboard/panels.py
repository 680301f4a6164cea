"""Header, cards, table and notices of the pages, with every text from outside shown as text.

File names, sentences and names come over the wire; Streamlit would read markdown in them.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from dashboard.blocks import Card, Cell, Chip, Column, Notice
from dashboard.panel_data import PanelData, cards_data, header_data, notice_data, table_data
from dashboard.tiles import Tile

_HERE: Final = Path(__file__).parent

_component = st.components.v2.component(
    "sacmes_panels",
    html='<div class="panel"></div>',
    css=(_HERE / "panels.css").read_text("utf-8"),
    js="".join((_HERE / name).read_text("utf-8") for name in ("fed.js", "panels.js")),
)


def show_header(user_id: str, subtitle: str, chips: Sequence[Chip]) -> None:
    """Show whose data this is, and how everything stands."""
    _show("header", header_data(user_id, subtitle, chips))


def show_title(title: str, subtitle: str, chips: Sequence[Chip] = ()) -> None:
    """Show what a page is about, in the place of the header."""
    _show("header", header_data(title, subtitle, chips, copied=""))


def show_cards(cards: Sequence[Card]) -> None:
    """Show numbers in cards of equal size."""
    _show("cards", cards_data(cards))


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
    content = table_data(columns, rows, label=label, height=height, opens=opens)
    if not opens:
        _show(key, content)
        return None
    return _opened(key, content)


def show_part(name: str, part: bytes) -> None:
    """Show a part of the page as JSON in UTF-8, which its feed then moves on."""
    _show(name, _fed(name, part))


def show_rows(name: str, part: bytes) -> str | None:
    """Show a table like `show_part`; what the row stands for that was opened just now."""
    return _opened(name, _fed(name, part))


def show_notice(notice: Notice, *, key: str = "notice", lone: bool = False) -> None:
    """Show a notice; `lone` where it stands in the place of everything else."""
    _show(key, notice_data(notice, lone=lone))


def show_tile(tile: Tile) -> None:
    """Show how one user_id stands, at a glance."""
    _show(f"tile_{tile.user_id}", {"kind": "tile", **asdict(tile)})


def show_wall(user_id: str, subtitle: str, **parts: Any) -> None:
    """Show the upper part of a wall screen: clock, chips, alerts and big numbers."""
    chips = [asdict(c) for c in parts.pop("chips")]
    cards = [asdict(c) for c in parts.pop("cards")]
    said = {"user_id": user_id, "subtitle": subtitle, "chips": chips, "cards": cards, **parts}
    _show("wall", {"kind": "wall", **said})


def show_address(user_id: str, view: str) -> None:
    """Show the address of a view of a user_id, to be copied; no key is in it."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    path = f"/{base}/" if base else "/"
    address = f"{path}?{urlencode({'user_id': user_id, 'view': view})}"
    _show("address", {"kind": "address", "path": address})


def show_messages(messages: Sequence[dict[str, Any]]) -> None:
    """Show messages as they came; each opens to its text and stays open while others come."""
    _show("messages", {"kind": "messages", "messages": list(messages)})


def _show(key: str, data: PanelData | bytes) -> None:
    _component(key=key, data=data)


def _opened(key: str, data: PanelData | bytes) -> str | None:
    # A trigger is told to the page only where something is to be called for it.
    opened = _component(key=key, data=data, on_opened_change=_nothing).opened
    return str(opened) if opened is not None else None


def _fed(name: str, part: bytes) -> bytes:
    return part[:-1] + b',"fed":' + json.dumps(name).encode() + b"}"


def _nothing() -> None:
    pass
