"""What the panels' script is given: one mapping for each kind of panel."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dashboard.blocks import Card, Cell, Chip, Column, Notice

PanelData = dict[str, Any]


def header_data(
    title: str, subtitle: str, chips: Sequence[Chip], *, copied: str = "the user_id"
) -> PanelData:
    """Whose data this is, and how everything stands; `copied` says what the title is, if copied."""
    said = [asdict(c) for c in chips]
    return {
        "kind": "header",
        "user_id": title,
        "subtitle": subtitle,
        "chips": said,
        "copied": copied,
    }


def cards_data(cards: Sequence[Card]) -> PanelData:
    """Numbers in cards of equal size."""
    return {"kind": "cards", "cards": [asdict(c) for c in cards]}


def notice_data(notice: Notice, *, lone: bool = False) -> PanelData:
    """A notice; `lone` where it stands in the place of everything else."""
    return {"kind": "notice", "lone": lone, **asdict(notice)}


def table_data(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    label: str,
    height: int,
    opens: Sequence[str] = (),
) -> PanelData:
    """A table that scrolls within `height` pixels; `opens` is what each row stands for."""
    content: PanelData = {
        "kind": "table",
        "label": label,
        "columns": [asdict(column) for column in columns],
        "rows": [[asdict(cell) for cell in row] for row in rows],
        "height": height,
    }
    return content | ({"opens": list(opens)} if opens else {})
