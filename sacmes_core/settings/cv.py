"""Settings of cyclic voltammetry: how a cycle becomes peaks, a separation and charges."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from sacmes_core.settings.parts import Part, Potential

PROBES_MAX: Final = 8

Segment = Annotated[int, Field(ge=1, le=100_000)]
Share = Annotated[float, Field(ge=0, le=1)]


class CvSettings(Part):
    """How a cyclic voltammogram becomes peaks; linear sweeps are a cycle with one sweep."""

    model: Literal["auto", "surface", "diffusing", "line"] = Field(
        default="auto",
        description="What the peaks are: of a couple on the surface, of one that diffuses, or of "
        "the two what fits better; 'line' takes the height over a line that is fitted ahead of "
        "the wave.",
    )
    forward_segment: Segment | None = Field(
        default=None,
        description="Segment of the forward peak, counted from 1; that of the last whole cycle if "
        "empty.",
    )
    reverse_segment: Segment | None = Field(
        default=None,
        description="Segment of the reverse peak, counted from 1; that of the last whole cycle if "
        "empty.",
    )
    forward_min_v: Potential | None = Field(
        default=None, description="Lower end of the forward sweep's window in V; empty for all."
    )
    forward_max_v: Potential | None = Field(
        default=None, description="Upper end of the forward sweep's window in V; empty for all."
    )
    reverse_min_v: Potential | None = Field(
        default=None, description="Lower end of the reverse sweep's window in V; empty for all."
    )
    reverse_max_v: Potential | None = Field(
        default=None, description="Upper end of the reverse sweep's window in V; empty for all."
    )
    scan_rate_v_s: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        default=None,
        description="Scan rate in V/s for files that do not say theirs; without one there is no "
        "charge.",
    )
    electrons: Annotated[int, Field(ge=1, le=4)] | None = Field(
        default=None,
        description="Electrons of the diffusing couple; one or two, what fits better, if empty.",
    )
    temperature_c: Annotated[float, Field(ge=-100, le=200)] = Field(
        default=25.0, description="Temperature of the solution in °C."
    )
    line_from_share: Share = Field(
        default=0.15,
        description="Start of the line ahead of the wave, as a share of the sweep (model 'line').",
    )
    line_to_share: Share = Field(
        default=0.4,
        description="End of the line ahead of the wave, as a share of the sweep (model 'line'); it "
        "ends before the foot of the wave in any case.",
    )
    probe_potentials_v: Annotated[tuple[Potential, ...], Field(max_length=PROBES_MAX)] = Field(
        default=(), description="Potentials in V at which the current of both sweeps is read."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        windows = (
            (self.forward_min_v, self.forward_max_v),
            (self.reverse_min_v, self.reverse_max_v),
        )
        if any(low is not None and high is not None and high <= low for low, high in windows):
            raise ValueError("the upper end of a sweep's window is not above the lower one")
        if self.line_to_share <= self.line_from_share:
            raise ValueError("the line ahead of the wave ends before it starts")
        return self
