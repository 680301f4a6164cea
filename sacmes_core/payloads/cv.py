"""The numbers of a cyclic or linear sweep voltammogram, as one electrode's result carries them."""

from typing import Annotated, Literal

from pydantic import Field

from sacmes_core.settings.cv import PROBES_MAX
from sacmes_core.settings.parts import Part, Potential


class CvPeak(Part):
    """The peak of one sweep; null where there is no number."""

    segment: Annotated[int, Field(ge=1)] = Field(
        description="Number of the sweep in its file, counted from 1."
    )
    peak_current_a: float | None = Field(
        default=None, description="Height over the baseline, with the sign of the current."
    )
    peak_current_se_a: float | None = None
    peak_potential_v: float | None = None
    peak_potential_se_v: float | None = None
    half_peak_potential_v: float | None = Field(
        default=None, description="Where half of the height is reached ahead of the peak."
    )
    half_peak_potential_se_v: float | None = None
    fwhm_v: float | None = None
    fwhm_se_v: float | None = None
    charge_c: float | None = Field(
        default=None,
        description="Integral over time of the current over the baseline, with the sign of the "
        "current; null without a scan rate.",
    )
    charge_se_c: float | None = None


class CvProbe(Part):
    """The measured current of both sweeps at a chosen potential; null outside a sweep."""

    potential_v: Potential
    forward_current_a: float | None = None
    forward_current_se_a: float | None = None
    reverse_current_a: float | None = None
    reverse_current_se_a: float | None = None


class CvResult(Part):
    """The numbers of the chosen cycle, all to eight digits."""

    model: Literal["surface", "diffusing", "line"] = Field(
        description="What the peaks were taken for; 'line' is a height over a line."
    )
    model_log_odds: float | None = Field(
        default=None,
        description="Natural logarithm of how much likelier a couple on the surface is than one "
        "that diffuses; negative for one that diffuses.",
    )
    segments: Annotated[int, Field(ge=0)] = Field(description="Sweeps in the file.")
    scan_rate_v_s: float | None = None
    forward: CvPeak | None = None
    reverse: CvPeak | None = None
    peak_separation_v: float | None = None
    peak_separation_se_v: float | None = None
    half_wave_potential_v: float | None = None
    half_wave_potential_se_v: float | None = None
    probes: Annotated[tuple[CvProbe, ...], Field(max_length=PROBES_MAX)] = ()
