"""Settings of the analysis: how a voltammogram becomes a peak current."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sacmes_core.settings.parts import Part, Potential


class PeakSettings(Part):
    """How a voltammogram becomes a peak current."""

    method: Literal["median", "sacmes-web", "sacmes-desktop"] = Field(
        default="median",
        description="Name of the peak method: the median of several fits, or what the SACMES "
        "web port or desktop program would compute.",
    )
    potential_min_v: Potential | None = Field(
        default=None,
        description="Lower end of the potential window in V; empty for the whole scan.",
    )
    potential_max_v: Potential | None = Field(
        default=None,
        description="Upper end of the potential window in V; empty for the whole scan.",
    )
    smoothing: Literal["auto", "manual", "off"] = Field(
        default="auto",
        description="Savitzky–Golay smoothing: window from the peak's width, "
        "from the fields below, or none.",
    )
    smoothing_window_points: Annotated[int, Field(ge=3, le=999)] = Field(
        default=15, description="Window of manual smoothing in points, odd."
    )
    smoothing_degree: Annotated[int, Field(ge=0, le=9)] = Field(
        default=2, description="Degree of the smoothing polynomial."
    )
    spike_filter: Literal["auto", "manual", "off"] = Field(
        default="off", description="Hampel filter against single outliers."
    )
    spike_window_points: Annotated[int, Field(ge=3, le=999)] = Field(
        default=5, description="Window of the manual spike filter in points, odd."
    )
    spike_threshold_sigmas: Annotated[float, Field(ge=1, le=100)] = Field(
        default=3.0,
        description="Distance from the local median, in robust standard deviations, "
        "from which a point counts as a spike.",
    )

    @model_validator(mode="after")
    def _window(self) -> Self:
        low, high = self.potential_min_v, self.potential_max_v
        if low is not None and high is not None and high <= low:
            raise ValueError("the upper end of the potential window is not above the lower one")
        return self
