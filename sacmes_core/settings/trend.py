"""Settings of the trend: how peak currents become normalised currents and KDM."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sacmes_core.settings.parts import FrequencyHz, Part, ScanNumber

KdmDefinition = Literal["difference_plus_one", "difference_over_mean"]

_ShiftV = Annotated[float, Field(gt=0, le=100)]


class TrendSettings(Part):
    """How peak currents become a trend."""

    reference_number: ScanNumber = Field(
        default=1, description="Scan number that the normalised current is relative to."
    )
    reference_last_number: ScanNumber | None = Field(
        default=None,
        description="If set, the normalised current is relative to the mean of the scans from the "
        "reference number to this one, as far as they have a peak.",
    )
    kdm_definition: KdmDefinition = Field(
        default="difference_plus_one",
        description="KDM as SACMES defines it (`difference_plus_one`: high − low + 1), or as the "
        "literature does (`difference_over_mean`: the difference over the mean of both).",
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
    common_error: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None,
        description="Error of the peak current that all scans of a series share and that cancels "
        "in the normalised current, as a fraction of the current; what the method states if empty.",
    )
    peak_move_max_v: _ShiftV = Field(
        default=0.02,
        description="A scan whose peak is farther than this, in V, from the median of the last "
        "eleven of its series is flagged.",
    )
    peak_drift_max_v: _ShiftV = Field(
        default=0.05,
        description="Scans are flagged once the median of the last eleven peak potentials is "
        "farther than this, in V, from that of the first eleven.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        last = self.reference_last_number
        if last is not None and last < self.reference_number:
            raise ValueError(
                "the last reference scan comes before the first; give them in ascending order"
            )
        return self

    @property
    def reference_numbers(self) -> range:
        """The numbers of the scans that the normalised current is relative to."""
        last = self.reference_last_number
        return range(self.reference_number, (self.reference_number if last is None else last) + 1)
