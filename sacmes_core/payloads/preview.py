"""A look into one file of the agent's folder, before a session reads it."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from sacmes_core.formats.scan import Role
from sacmes_core.payloads.common import Count, FileName, Flag, Payload, Samples, Sentence, ShortText
from sacmes_core.settings.parts import Electrode, FrequencyHz, Part, ScanNumber
from sacmes_core.settings.reading import ReadingSettings
from sacmes_core.settings.source import Extension, Handle


class PreviewQuery(Payload):
    """What the agent reads in one file of its folder."""

    file: FileName | None = Field(
        default=None,
        description="Path below the watched folder, as in `last_file` of a list; empty takes the "
        "file that was written last.",
    )
    handle: Handle = ""
    extension: Extension = ""
    reading: ReadingSettings = Field(
        default_factory=ReadingSettings, description="How to read it, to try settings out."
    )


class PreviewCurve(Part):
    """One current of one electrode, thinned out where there are very many points."""

    electrode: Electrode
    role: Role
    points: Count = Field(description="Points in the file.")
    potential_v: Samples = Field(description="Empty where the file has no potentials.")
    current_a: Annotated[tuple[float | None, ...], Field(max_length=100_000)] = Field(
        description="null where the instrument gave no number."
    )
    time_s: Samples | None = None


class PreviewScan(Part):
    """What was read of one scan in the file."""

    index: Count
    format: ShortText
    technique: ShortText | None = None
    frequency_hz: FrequencyHz | None = None
    number: ScanNumber | None = None
    measured_at: AwareDatetime | None = None
    electrodes: Annotated[tuple[Electrode, ...], Field(max_length=256)]
    points: Count
    incomplete: Sentence | None = Field(
        default=None, description="Why the scan does not look finished."
    )
    flags: tuple[Flag, ...] = ()
    curves: Annotated[tuple[PreviewCurve, ...], Field(max_length=512)] = ()


class PreviewReply(Payload):
    """Answer to `preview`."""

    source_name: Annotated[str, Field(max_length=1024)]
    file: FileName
    size_bytes: Count
    modified_at: AwareDatetime
    text: Annotated[str, Field(max_length=4000)] | None = Field(
        default=None, description="The beginning of the file; null where it is no text."
    )
    scans: Annotated[tuple[PreviewScan, ...], Field(max_length=64)] = ()
    scans_in_file: Count = 0
    problem: Sentence | None = Field(
        default=None, description="Why nothing could be read, and what to do."
    )
