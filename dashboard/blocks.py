"""What the panels of a page say, as values: chips, cards, tables, notices."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "info", "attention", "idle", "alarm"]


@dataclass(frozen=True, slots=True)
class Chip:
    """A short statement with its tone; the tone is never the only carrier of the meaning."""

    label: str
    tone: Tone
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One number with its name; `fraction` draws a bar, `spark` a line of its last values."""

    label: str
    value: str
    unit: str = ""
    note: str = ""
    spark: tuple[float | None, ...] = ()
    fraction: float | None = None
    pale: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """Heading of a table's column; numbers stand right, long texts wrap."""

    label: str
    align: Literal["left", "right", "wrap"] = "left"


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's cell with what it says at length."""

    text: str
    title: str = ""
    tone: Literal["", "attention", "muted"] = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is the matter and what to do next; `fraction` draws how much of it is done."""

    title: str
    text: str = ""
    tone: Tone = "info"
    steps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    fraction: float | None = None
