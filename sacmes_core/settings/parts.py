"""What the parts of the settings share: immutable models and the ranges of their numbers."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Technique = Literal["swv", "cv", "frequency_map", "ca"]
SQUARE_WAVES: Final[tuple[Technique, ...]] = ("swv", "frequency_map")
"""Techniques whose scans are square waves, each with its frequency."""

FREQUENCY_MAX_HZ = 1e6
NUMBER_MAX = 10_000_000
ELECTRODE_MAX = 256

FrequencyHz = Annotated[float, Field(gt=0, le=FREQUENCY_MAX_HZ)]
ScanNumber = Annotated[int, Field(ge=0, le=NUMBER_MAX)]
Electrode = Annotated[int, Field(ge=1, le=ELECTRODE_MAX)]
Potential = Annotated[float, Field(ge=-100, le=100)]


class Part(BaseModel):
    """A part of the settings: immutable, finite numbers only, unknown fields ignored."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, strict=True, ser_json_inf_nan="strings"
    )
