"""Settings of the source: which files belong to the session, or what is measured for it."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from sacmes_core.settings.method import MethodSettings
from sacmes_core.settings.parts import FrequencyHz, Part, ScanNumber

DEFAULT_EXTENSIONS: Final = (".txt", ".csv", ".dta", ".mpt", ".pssession")
"""What an empty `SourceSettings.extension` takes."""


Handle = Annotated[str, Field(max_length=128)]
Extension = Annotated[str, Field(max_length=16, pattern=r"^(\.[A-Za-z0-9]+)?$")]


class SourceSettings(Part):
    """Which files of the watched folder belong to the session, or what an instrument measures."""

    handle: Handle = Field(
        default="", description="Start of the file names, for example SWV_; empty takes every name."
    )
    extension: Extension = Field(
        default="",
        description="End of the file names, for example .txt; empty takes .txt, .csv, "
        ".dta, .mpt and .pssession. Upper and lower case are the same.",
    )
    frequencies_hz: Annotated[tuple[FrequencyHz, ...], Field(max_length=64)] = Field(
        default=(),
        description="Square-wave frequencies in Hz that belong to the run; empty takes all. A "
        "potentiostat on a serial line measures at each of them in turn.",
    )
    first_number: ScanNumber = Field(default=0, description="First scan number of the run.")
    last_number: ScanNumber | None = Field(
        default=None, description="Last scan number of the run; empty for no end."
    )
    backlog: Literal["all", "since", "none"] = Field(
        default="all",
        description="Files that are there when the session starts: all of them, those written "
        "since the session was started, or none.",
    )
    method: MethodSettings | None = Field(
        default=None,
        description="What a potentiostat on a serial line measures; empty for files in a folder.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last_number is not None and self.last_number < self.first_number:
            raise ValueError("the last scan number is below the first")
        return self
