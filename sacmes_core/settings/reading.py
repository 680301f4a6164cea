"""Settings of the reading: how bytes become a scan."""

from typing import Annotated, Literal

from pydantic import Field

from sacmes_core.formats.scan import ColumnMapping
from sacmes_core.settings.parts import ELECTRODE_MAX, Electrode, Part


class ReadingSettings(Part):
    """How bytes become a scan; what is None is found from the content."""

    delimiter: Literal["tab", "semicolon", "comma", "space"] | None = Field(
        default=None,
        description="What stands between two columns; found from the content if empty.",
    )
    decimal: Literal["point", "comma"] | None = Field(
        default=None, description="Decimal sign of the file; found from the content if empty."
    )
    potential_column: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None, description="Column of the potential, counted from 1."
    )
    current_column: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None, description="Column of the first electrode's current, counted from 1."
    )
    time_column: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None,
        description="Column of the time, counted from 1; without a potential column the file is "
        "chronoamperometry.",
    )
    column_spacing: Annotated[int, Field(ge=1, le=64)] | None = Field(
        default=None, description="Columns from one electrode's current to the next one's."
    )
    potential_unit: Literal["V", "mV", "µV", "nV"] | None = Field(
        default=None, description="Unit of the potential; found from the headings if empty."
    )
    current_unit: Literal["A", "mA", "µA", "nA", "pA"] | None = Field(
        default=None, description="Unit of the current; found from the headings if empty."
    )
    electrodes: Annotated[tuple[Electrode, ...], Field(max_length=ELECTRODE_MAX)] = Field(
        default=(),
        description="Electrodes to analyse, counted from 1; empty takes all in the file.",
    )
    invert_current: bool = Field(
        default=False, description="Change the sign of every current (polarographic convention)."
    )

    def mapping(self) -> ColumnMapping:
        """The part of these settings that the readers of files understand."""
        return ColumnMapping(**self.model_dump(exclude={"electrodes"}))
