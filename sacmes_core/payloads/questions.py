"""What can be asked of the analyzer and the agent."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from sacmes_core.payloads.columns import QUANTITIES_MAX, SCANS_MAX, QuantityName
from sacmes_core.payloads.common import Payload, Position, Revision, SessionId, ShortText
from sacmes_core.settings.parts import (
    ELECTRODE_MAX,
    Electrode,
    FrequencyHz,
    ScanNumber,
    Technique,
)
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.reading import ReadingSettings
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import Extension, Handle

ExportFormat = Literal[
    "csv", "xlsx", "parquet", "raw", "sacmes_swv", "sacmes_map", "sacmes_cv", "sacmes_desktop"
]

ROWS_MAX: Final = 1000
"""Scans of a page of history in rows."""


class SessionsQuery(Payload):
    """The sessions of this user, newest first."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    deleted: bool = Field(default=False, description="Whether deleted ones are listed too.")


class HistoryQuery(Payload):
    """The results of a session from a position on."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")
    after_position: Position = 0
    after_index: Annotated[int, Field(ge=0, le=1_000_000)] | None = Field(
        default=None,
        description="With it, scans of `after_position` with a higher index are answered too: "
        "a file may hold more scans than one page.",
    )
    limit: Annotated[int, Field(ge=1, le=SCANS_MAX)] = Field(
        default=500, description=f"Scans of the page; of one in rows at most {ROWS_MAX}."
    )
    form: Literal["rows", "columns"] = Field(
        default="rows",
        description="rows: the results as they were published. columns: a list for each quantity "
        "of each electrode and frequency, many times as compact.",
    )
    quantities: Annotated[tuple[QuantityName, ...], Field(max_length=QUANTITIES_MAX)] = Field(
        default=(),
        description="The quantities of a page in columns, named as in the exported table; empty "
        "takes all that have a value.",
    )

    @model_validator(mode="after")
    def _fits_the_form(self) -> Self:
        if self.form == "rows" and self.limit > ROWS_MAX:
            raise ValueError(f"a page in rows has at most {ROWS_MAX} scans; ask for columns")
        if self.form == "rows" and self.quantities:
            raise ValueError("quantities are chosen for a page in columns; ask for columns")
        return self


class RevisionsQuery(Payload):
    """What a session's document said before, newest first."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class ScanQuery(Payload):
    """One scan with its curves."""

    session_id: SessionId | None = None
    position: Position | None = Field(default=None, description="The newest scan if empty.")
    index: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class TrialQuery(Payload):
    """A stored scan analysed with other settings, to try them out; nothing is kept."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")
    position: Position | None = Field(default=None, description="The newest scan if empty.")
    index: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    reading: ReadingSettings | None = Field(
        default=None, description="How to read the file; as the session does if empty."
    )
    peak: PeakSettings | None = Field(
        default=None, description="How to find peaks; as the session does if empty."
    )


class ExportQuery(Payload):
    """A session's results as a file, in parts of at most 1 MB."""

    session_id: SessionId | None = None
    format: ExportFormat = Field(
        default="csv",
        description="The tidy table as csv, xlsx or parquet; raw, the files as they came in a ZIP; "
        "or a layout of SACMES: that of its continuous monitor (sacmes_swv), frequency map "
        "(sacmes_map), cyclic voltammetry (sacmes_cv), or of its desktop version.",
    )
    electrodes: Annotated[tuple[Electrode, ...], Field(max_length=ELECTRODE_MAX)] = Field(
        default=(), description="Electrodes to export; empty takes all, as in all that follows."
    )
    frequencies_hz: Annotated[tuple[FrequencyHz, ...], Field(max_length=64)] = ()
    first_number: ScanNumber | None = None
    last_number: ScanNumber | None = None
    part: Annotated[int, Field(ge=1, le=100_000)] = 1
    state: Annotated[str, Field(max_length=64)] = Field(
        default="",
        description="The property `state` of the answer with part 1: with it, all parts are of one "
        "file, however the session goes on meanwhile.",
    )


class StartRequest(Payload):
    """Start a new session; the one that runs is stopped."""

    seen_revision: Revision = Field(
        default=0, description="Revision of the session document that the asker saw; 0 for none."
    )
    technique: Technique = "swv"
    name: ShortText = ""
    by: ShortText = ""
    settings: SessionSettings = Field(default_factory=SessionSettings)


class StopRequest(Payload):
    """Stop the running session; its results stay."""

    seen_revision: Revision = 0
    by: ShortText = ""


class SettingsRequest(Payload):
    """Replace the settings of the newest session."""

    seen_revision: Revision = 0
    by: ShortText = ""
    settings: SessionSettings


class RenameRequest(Payload):
    """Give a session another name; the last name holds."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")
    name: ShortText = ""
    by: ShortText = ""


class DeleteRequest(Payload):
    """Hide a session that has ended; `undelete` brings it back."""

    session_id: SessionId


class UndeleteRequest(Payload):
    """Bring a deleted session back."""

    session_id: SessionId


class MeasureRequest(Payload):
    """Measure one round of the running session's method now, without waiting for its interval."""

    session_id: SessionId | None = Field(
        default=None, description="The session that is meant; the running one if empty."
    )
    by: ShortText = ""


class ListQuery(Payload):
    """What the agent sees in its folder."""

    handle: Handle = ""
    extension: Extension = ""
