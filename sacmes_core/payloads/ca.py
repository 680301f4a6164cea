"""The lifetimes of a current after a potential step, as one electrode's result carries them."""

from pydantic import Field

from sacmes_core.settings.parts import Part


class CaResult(Part):
    """Lifetimes and currents at the step; null where there is no number, never a zero."""

    lifetime_s: float | None = Field(
        default=None, description="The only lifetime, or the faster of two."
    )
    lifetime_se_s: float | None = None
    lifetime_low_s: float | None = Field(
        default=None, description="Lower end of the 95 % interval, as all that end in low."
    )
    lifetime_high_s: float | None = None
    amplitude_a: float | None = Field(
        default=None, description="Current of this exponential at the step, with its sign."
    )
    amplitude_se_a: float | None = None
    second_lifetime_s: float | None = Field(
        default=None, description="The slower of two; null where one explains the current."
    )
    second_lifetime_se_s: float | None = None
    second_lifetime_low_s: float | None = None
    second_lifetime_high_s: float | None = None
    second_amplitude_a: float | None = None
    second_amplitude_se_a: float | None = None
    mean_lifetime_s: float | None = Field(
        default=None, description="Lifetimes averaged with the amplitudes as weights."
    )
    mean_lifetime_se_s: float | None = None
    mean_lifetime_low_s: float | None = None
    mean_lifetime_high_s: float | None = None
    offset_a: float | None = Field(default=None, description="Current at long times.")
    step_s: float | None = Field(default=None, description="Time of the step in the recording.")
    from_s: float | None = Field(
        default=None, description="First time since the step that was fitted."
    )
    to_s: float | None = Field(default=None, description="Last time since the step of the fit.")
