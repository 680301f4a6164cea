"""Settings of the alerts: when somebody is to be told. A change of them analyses nothing again."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from sacmes_core.settings.parts import Electrode, FrequencyHz, Part

BANDS_MAX: Final = 16

AlertQuantity = Literal["peak_current", "normalised", "kdm", "concentration"]
"""What a band is about: in A, a fraction, a fraction, in mol/L."""

Scans = Annotated[int, Field(ge=1, le=1000)]
_Limit = Annotated[float, Field(ge=-1e12, le=1e12)]


class BandRule(Part):
    """A band that a signal should stay in."""

    quantity: AlertQuantity = Field(
        default="peak_current",
        description="What is watched: peak_current in A, normalised and kdm as fractions, "
        "concentration in mol/L.",
    )
    electrode: Electrode | None = Field(
        default=None, description="Electrode that is watched; empty for each of them."
    )
    frequency_hz: FrequencyHz | None = Field(
        default=None, description="Frequency in Hz that is watched; empty for each of them."
    )
    low: _Limit | None = Field(
        default=None, description="An alert below this, in the unit of the quantity; empty: none."
    )
    high: _Limit | None = Field(
        default=None, description="An alert above this, in the unit of the quantity; empty: none."
    )
    hysteresis: Annotated[float, Field(ge=0, le=1e12)] = Field(
        default=0.0,
        description="How far inside the band the signal must come back before the alert ends, in "
        "the unit of the quantity, so that noise about a limit raises one alert and not many.",
    )
    scans: Scans = Field(
        default=3,
        description="How many scans one after another must lie outside to raise the alert, and "
        "inside to end it. Scans without a number do not count.",
    )

    @model_validator(mode="after")
    def _band(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("a band needs a lower or an upper limit")
        if self.low is not None and self.high is not None:
            if self.high <= self.low:
                raise ValueError("the upper limit of the band is not above the lower one")
            if 2 * self.hysteresis >= self.high - self.low:
                raise ValueError("the hysteresis leaves nothing of the band; take a smaller one")
        return self


class AlertSettings(Part):
    """When somebody is to be told that the run needs a look."""

    no_scans_s: Annotated[float, Field(ge=5, le=1e6)] | None = Field(
        default=300.0,
        description="Alert when no scan has come for this long, in s, while the session runs; "
        "empty for none. With an instrument on a serial line it is at least 2.5 times the interval "
        "of its rounds.",
    )
    agent_offline_s: Annotated[float, Field(ge=0, le=1e6)] | None = Field(
        default=60.0,
        description="Alert when the agent has been lost for this long, in s, while the session "
        "runs; empty for none. An agent that its operator stopped is not lost.",
    )
    dead_after_scans: Scans | None = Field(
        default=None,
        description="Alert when an electrode gave no peak that can be trusted in this many scans "
        "one after another; empty for none.",
    )
    bands: Annotated[tuple[BandRule, ...], Field(max_length=BANDS_MAX)] = Field(
        default=(), description="Bands that signals should stay in; from the next scan on."
    )

    @property
    def needs_results(self) -> bool:
        """Whether the numbers of scans decide on any alert."""
        return bool(self.bands) or self.dead_after_scans is not None
