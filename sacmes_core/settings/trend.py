"""Settings of the trend: how peak currents become normalised currents and KDM."""

from typing import Annotated

from pydantic import Field

from sacmes_core.settings.parts import FrequencyHz, Part, ScanNumber


class TrendSettings(Part):
    """How peak currents become a trend."""

    reference_number: ScanNumber = Field(
        default=1, description="Scan number that the normalised current is relative to."
    )
    low_frequency_hz: FrequencyHz | None = Field(
        default=None, description="Lower frequency of the KDM pair; the lowest of the run if empty."
    )
    high_frequency_hz: FrequencyHz | None = Field(
        default=None,
        description="Higher frequency of the KDM pair; the highest of the run if empty.",
    )
    low_offset: Annotated[float, Field(ge=-1e3, le=1e3)] = Field(
        default=0.0, description="Added to the normalised current of the low frequency before KDM."
    )
    low_slope_per_scan: Annotated[float, Field(ge=-1e3, le=1e3)] = Field(
        default=0.0, description="Added to the same per scan number, against a linear drift."
    )
