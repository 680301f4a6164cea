"""Calibration of a session: doses, the curve through them, and questions about both."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from sacmes_core.payloads.common import (
    Flag,
    Payload,
    Position,
    Revision,
    Sentence,
    SessionId,
    ShortText,
)
from sacmes_core.settings.parts import ELECTRODE_MAX, Electrode, FrequencyHz, Part, ScanNumber

CURVES_MAX: Final = 256
DOSES_MAX: Final = 2000
DRAWN_POINTS: Final = 48

CalibrationQuantity = Literal["peak_current", "normalised", "kdm"]
"""The signal that is calibrated: in A, a fraction, a fraction."""
Hill = Literal["one", "free"]

Molar = Annotated[float, Field(ge=0, le=1e6)]
PositiveMolar = Annotated[float, Field(gt=0, le=1e6)]
_Signal = Annotated[float, Field(ge=-1e12, le=1e12)]
_Error = Annotated[float, Field(ge=0, le=1e12)]
LastScans = Annotated[int, Field(ge=1, le=1000)]


class Limited(Part):
    """A number with its confidence limits; null where there is none, or a limit is open."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class Dose(Part):
    """The signal of one scan at a known concentration."""

    concentration_molar: Molar
    signal: _Signal
    position: Position = 0
    number: ScanNumber | None = None


class EnteredCurve(Part):
    """Parameters of a Hill–Langmuir curve from elsewhere, with their standard errors."""

    electrode: Electrode | None = Field(default=None, description="Empty for every electrode.")
    frequency_hz: FrequencyHz | None = Field(
        default=None, description="Empty for every frequency; KDM has none."
    )
    baseline: _Signal = Field(description="Signal without target.")
    baseline_se: _Error = 0.0
    gain: _Signal = Field(
        description="Signal at saturation less the baseline; negative where it falls."
    )
    gain_se: _Error = 0.0
    half_concentration_molar: PositiveMolar = Field(
        description="Concentration of half saturation, in mol/L."
    )
    half_concentration_se_molar: _Error = 0.0
    hill_coefficient: Annotated[float, Field(gt=0.05, le=20)] = 1.0
    hill_coefficient_se: _Error = 0.0
    signal_se: _Error | None = Field(
        default=None,
        description="Standard deviation of one signal; that of each scan itself if empty.",
    )


class Drawn(Part):
    """The curve with its confidence band, as points to draw."""

    concentration_molar: tuple[float, ...]
    signal: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


class CalibrationCurve(Part):
    """The curve of one electrode at one frequency; of all of them where these are null."""

    electrode: Electrode | None = None
    frequency_hz: FrequencyHz | None = None
    doses: Annotated[tuple[Dose, ...], Field(max_length=DOSES_MAX)] = ()
    entered: EnteredCurve | None = None
    baseline: Limited = Limited()
    gain: Limited = Limited()
    half_concentration_molar: Limited = Limited()
    hill_coefficient: Limited = Limited()
    r_squared: float | None = None
    signal_sd: float | None = Field(
        default=None, description="Standard deviation of one signal about the curve."
    )
    detection_molar: Limited = Field(
        default=Limited(), description="Limit of detection: 3 standard deviations of the blank."
    )
    quantification_molar: Limited = Field(
        default=Limited(), description="Limit of quantification: 10 of them."
    )
    usable_low_molar: float | None = Field(
        default=None,
        description="From here to `usable_high_molar` one signal tells the concentration to 30 %.",
    )
    usable_high_molar: float | None = None
    flags: tuple[Flag, ...] = ()
    problem: Sentence | None = Field(
        default=None, description="Why there is no curve, and what to do about it."
    )
    drawn: Drawn | None = None


class Calibration(Part):
    """Curves by which signals become concentrations."""

    quantity: CalibrationQuantity = "normalised"
    origin: Literal["marks", "entered"] = "marks"
    hill: Hill = "one"
    last_scans: LastScans = 5
    confidence: float = 0.95
    curves: Annotated[tuple[CalibrationCurve, ...], Field(max_length=CURVES_MAX)] = ()
    from_session_id: SessionId | None = Field(
        default=None, description="The session whose doses they are, where it is another one."
    )
    revision: Revision = 0
    at: AwareDatetime | None = None
    by: ShortText = ""


class CalibrationQuery(Payload):
    """The calibration that holds for a session, and the one that its marks give; keeps nothing."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")
    quantity: CalibrationQuantity = "normalised"
    hill: Hill = Field(
        default="one",
        description="Whether the Hill coefficient is one, as of one independent site, or fitted.",
    )
    last_scans: LastScans = Field(
        default=5,
        description="The last so many scans before the next mark are the signals of a dose: the "
        "sensor has settled by then.",
    )


class CalibrateRequest(Payload):
    """Let a calibration hold for a session: its concentrations are computed anew."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")
    source: Literal["marks", "entered", "session", "none"] = Field(
        default="marks",
        description="The marks of the session, parameters that are given, the calibration of "
        "another session, or none any more.",
    )
    quantity: CalibrationQuantity = "normalised"
    hill: Hill = "one"
    last_scans: LastScans = 5
    entered: Annotated[tuple[EnteredCurve, ...], Field(max_length=ELECTRODE_MAX)] = ()
    from_session_id: SessionId | None = None
    by: ShortText = ""


class CalibrationReply(Payload):
    """Answer to `calibration` and `calibrate`."""

    session_id: SessionId
    holds: Calibration | None = Field(default=None, description="What holds now; null for none.")
    found: Calibration | None = Field(
        default=None, description="What the marks give, as it was asked for; not kept."
    )
    problem: Sentence | None = Field(
        default=None, description="Why the marks give nothing, and what to do about it."
    )
