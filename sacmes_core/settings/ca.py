"""Settings of chronoamperometry: how the current after a potential step becomes lifetimes."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sacmes_core.settings.parts import Part

Seconds = Annotated[float, Field(ge=0, le=1e5)]


class CaSettings(Part):
    """How the current after a potential step becomes lifetimes."""

    exponentials: Literal["auto", "mono", "bi"] = Field(
        default="auto",
        description="One lifetime, two, or as many as the data support; of two that are not both "
        "supported one is given, with a flag.",
    )
    step_s: Annotated[float, Field(ge=-1e5, le=1e5)] | None = Field(
        default=None,
        description="Time of the potential step in s; empty to find it, by the potential or by "
        "the jump of the current.",
    )
    pulse: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1, description="Which step counts where several are found in one recording."
    )
    fit_from_s: Seconds | None = Field(
        default=None,
        description="Start of the fit in s after the step; empty for the first point that is not "
        "saturated.",
    )
    fit_to_s: Seconds | None = Field(
        default=None, description="End of the fit in s after the step; empty for the pulse's end."
    )
    charging_max_s: Seconds = Field(
        default=5e-4,
        description="A decay faster than this is the charging of the double layer; it is fitted "
        "with the rest and is no lifetime. 0 for none.",
    )
    diffusion: bool = Field(
        default=True,
        description="Whether a current that falls with the root of time (Cottrell), of a species "
        "that diffuses, is fitted with the rest where the data support it.",
    )

    @model_validator(mode="after")
    def _window(self) -> Self:
        start, end = self.fit_from_s, self.fit_to_s
        if end is not None and end <= (start or 0.0):
            raise ValueError("the end of the fit is not after its start")
        return self
