"""What the analyzer says: receipts, results, curves and progress."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from sacmes_core.payloads.ca import CaResult
from sacmes_core.payloads.common import (
    Count,
    FileName,
    Flag,
    Payload,
    Position,
    Revision,
    Samples,
    Sentence,
    SessionId,
    ShortText,
    TimeSource,
    UploadId,
)
from sacmes_core.payloads.cv import CvResult
from sacmes_core.settings.parts import Electrode, FrequencyHz, Part, ScanNumber


class Receipt(Part):
    """What became of one upload."""

    upload_id: UploadId
    status: Literal["stored", "refused"]
    reason: Sentence | None = Field(default=None, description="Why it was refused.")
    retry: bool = Field(default=False, description="Whether sending it again can help.")


class Receipts(Payload):
    """Uploads whose bytes are committed, or refused with a reason."""

    receipts: Annotated[tuple[Receipt, ...], Field(max_length=1000)]


class ScanReference(Part):
    """Which scan a number belongs to."""

    file: FileName
    index: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=0, description="Place of the scan in its file, from 0."
    )
    revision: Annotated[int, Field(ge=1, le=2**53)] = Field(
        default=1, description="2 and more when the file was written again under the same name."
    )
    technique: ShortText | None = None
    format: ShortText | None = None
    frequency_hz: FrequencyHz | None = None
    number: ScanNumber | None = None
    measured_at: AwareDatetime | None = None
    measured_at_source: TimeSource | None = None


class ElectrodeResult(Part):
    """The numbers of one electrode in one scan; null where there is none, never a zero."""

    electrode: Electrode
    peak_current_a: float | None = None
    peak_current_se_a: float | None = None
    peak_potential_v: float | None = None
    peak_potential_se_v: float | None = None
    area_av: float | None = None
    area_se_av: float | None = None
    fwhm_v: float | None = None
    fwhm_se_v: float | None = None
    charge_c: float | None = Field(
        default=None,
        description="Peak current over the frequency of the square wave, as in a frequency map.",
    )
    charge_se_c: float | None = None
    normalised: float | None = Field(
        default=None,
        description="Peak current relative to that of the reference scan, or to the mean of the "
        "reference scans; a fraction.",
    )
    normalised_se: float | None = Field(
        default=None,
        description="Standard error of it, the reference's included; 0 for the one scan that is "
        "the reference.",
    )
    kdm: float | None = Field(
        default=None,
        description="Kinetic differential measurement, a fraction, as the trend settings define "
        "it; carried by the scan that completes its pair of frequencies.",
    )
    kdm_se: float | None = None
    ratio: float | None = Field(
        default=None,
        description="Normalised current of the high frequency over that of the low one; carried "
        "by the same scan.",
    )
    ratio_se: float | None = None
    concentration_molar: float | None = Field(
        default=None,
        description="Concentration of the target in mol/L by the calibration of the session; null "
        "without one, and at or beyond a plateau of its curve.",
    )
    concentration_low_molar: float | None = Field(
        default=None, description="Lower confidence limit; 0 where no target is not excluded."
    )
    concentration_high_molar: float | None = Field(
        default=None, description="Upper confidence limit; null where there is none."
    )
    concentration_flags: tuple[Flag, ...] = Field(
        default=(), description="What is to be said of the concentration, and not of the scan."
    )
    cv: CvResult | None = Field(
        default=None,
        description="Numbers of a cyclic or linear sweep voltammogram; the peak current and "
        "potential above are then those of its forward sweep.",
    )
    ca: CaResult | None = Field(
        default=None, description="Lifetimes of a current after a potential step."
    )
    flags: tuple[Flag, ...] = ()


class Result(Payload):
    """The numbers of one scan; about 1 kB, without curves."""

    session_id: SessionId
    position: Position = Field(description="Order of commit in the session, from 1.")
    upload_id: UploadId
    scan: ScanReference
    settings_revision: Revision
    trend_revision: Revision = Field(
        description="Grows when the trend was recomputed; viewers then ask `history`."
    )
    method: ShortText | None = None
    version: ShortText = Field(description="Version of the analyzer that computed it.")
    electrodes: Annotated[tuple[ElectrodeResult, ...], Field(max_length=256)] = ()
    flags: tuple[Flag, ...] = Field(default=(), description="Flags of the scan as a whole.")
    error: Sentence | None = Field(
        default=None, description="Why the scan has no numbers, in a sentence."
    )


class ElectrodeCurves(Part):
    """The curve of one electrode with what was found in it, all columns of one length."""

    electrode: Electrode
    potential_v: Samples = Field(description="Empty where the current is over time.")
    current_a: Samples
    smoothed_a: Samples | None = None
    baseline_a: Samples | None = None
    time_s: Samples | None = Field(
        default=None,
        description="In chronoamperometry, time since the step; what is smoothed is the fit then.",
    )
    peak_current_a: float | None = None
    peak_potential_v: float | None = None

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        columns = (self.potential_v or None, self.time_s, self.smoothed_a, self.baseline_a)
        if not self.potential_v and self.current_a and self.time_s is None:
            raise ValueError("a curve has neither potentials nor times")
        if any(c is not None and len(c) != len(self.current_a) for c in columns):
            raise ValueError("the columns of a curve differ in length")
        return self


class Curves(Payload):
    """The latest voltammogram, for the live view."""

    session_id: SessionId
    position: Position
    scan: ScanReference
    settings_revision: Revision
    electrodes: Annotated[tuple[ElectrodeCurves, ...], Field(max_length=256)]


class Progress(Payload):
    """How far a long job is."""

    session_id: SessionId
    job: Literal["analysis", "export"]
    done: Count = Field(description="Files analysed again, or results read for an export.")
    of: Count
    settings_revision: Revision = 0
