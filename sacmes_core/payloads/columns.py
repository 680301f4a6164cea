"""The history of a session in columns: a list for each quantity of each trend."""

from typing import Annotated, Final

from pydantic import AwareDatetime, Field

from sacmes_core.payloads.common import FileName, Flag, Position, Sentence
from sacmes_core.settings.parts import Electrode, FrequencyHz, Part, ScanNumber

SCANS_MAX: Final = 10_000
"""Scans of a page in columns."""
QUANTITIES_MAX: Final = 64

QuantityName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
_Index = Annotated[int, Field(ge=0, le=1_000_000)]


class TrendColumns(Part):
    """The scans of one electrode at one frequency; all lists of one length, in order."""

    electrode: Electrode
    frequency_hz: FrequencyHz | None = None
    position: tuple[Position, ...]
    index: tuple[_Index, ...] = Field(
        default=(), description="Place of each scan in its file; empty where all are 0."
    )
    number: tuple[ScanNumber | None, ...]
    time_s: tuple[float | None, ...] = Field(
        description="When each scan was measured, in seconds after `from_at`."
    )
    quantities: dict[QuantityName, tuple[float | None, ...]] = Field(
        description="By their names in the exported table; those without any value are left out."
    )
    flagged: dict[Flag, tuple[_Index, ...]] = Field(
        default={}, description="Places in the lists, from 0, of the scans that have the flag."
    )


class ScanWithoutNumbers(Part):
    """A scan that is in no trend, and why."""

    position: Position
    index: _Index = 0
    file: FileName
    error: Sentence


class HistoryColumns(Part):
    """The scans of a page by trend, and those that are in none."""

    from_at: AwareDatetime | None = Field(
        default=None, description="When the first of these scans was measured."
    )
    trends: Annotated[tuple[TrendColumns, ...], Field(max_length=SCANS_MAX)] = ()
    without_numbers: tuple[ScanWithoutNumbers, ...] = ()
