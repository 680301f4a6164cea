"""The payloads of the protocol as models: what each message says, with units in the names.

All are immutable and strict: a number is never read from a string, NaN and infinity are refused,
unknown fields are ignored, and an unknown `schema` is refused before anything else is looked at.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from sacmes_core.settings import (
    Electrode,
    FrequencyHz,
    Part,
    ScanNumber,
    SessionSettings,
    Technique,
)

SCHEMA: Final = 1

SessionId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
UploadId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(min_length=1, max_length=1024)]
Sentence = Annotated[str, Field(max_length=2000)]
ShortText = Annotated[str, Field(max_length=200)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Revision = Annotated[int, Field(ge=0, le=2**53)]
Position = Annotated[int, Field(ge=0, le=2**53)]
Flag = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")]
TimeSource = Literal["header", "mtime", "host"]
Samples = Annotated[tuple[float, ...], Field(max_length=100_000)]


class Payload(Part):
    """A message of its own, with the number of its schema."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        strict=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    schema_number: Literal[1] = Field(default=1, alias="schema")


# Presence -------------------------------------------------------------------------------------


class UploadCounters(Part):
    """What an agent has counted since its session began."""

    seen: Count = Field(default=0, description="Files that belong to the session.")
    sent: Count = Field(default=0, description="Uploads published, repeats not counted.")
    confirmed: Count = Field(default=0, description="Uploads that the analyzer has stored.")
    waiting: Count = Field(default=0, description="Uploads in the outbox without a receipt.")
    refused: Count = Field(default=0, description="Files and uploads refused, with a reason.")


class AgentPresence(Payload):
    """Who stands beside the instrument; retained, with a last will."""

    state: Literal["online", "stopped", "lost"] = Field(
        description="online; stopped by its operator; lost is what the last will says."
    )
    instance: Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")] = Field(
        description="Random, kept on the agent's disk: tells two agents with one user_id apart."
    )
    number: Count = Field(
        description="One more than the highest seen at the start: the larger of two is the newer."
    )
    heartbeat_at: AwareDatetime = Field(
        description="Time of this message; readers judge by it whether the agent is online."
    )
    since: AwareDatetime = Field(description="When this agent started.")
    version: ShortText
    host: ShortText
    source: Literal["folder", "serial"] = Field(description="Where scans come from.")
    source_name: Annotated[str, Field(max_length=1024)] = Field(
        default="", description="The watched folder or the port."
    )
    session_id: SessionId | None = None
    revision: Revision = Field(default=0, description="Revision of the session document it runs.")
    remote_start: bool = Field(
        default=False, description="Whether a viewer may start a measurement on the instrument."
    )
    counters: UploadCounters = Field(default_factory=UploadCounters)
    problem: Sentence | None = Field(
        default=None,
        description="A sentence when something needs a person, for example a folder that is gone.",
    )


class ViewerPresence(Payload):
    """One dashboard connection; its last will clears it."""

    viewer: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    pages: Annotated[int, Field(ge=0, le=10_000)] = Field(description="Open pages behind it.")
    since: AwareDatetime
    heartbeat_at: AwareDatetime
    version: ShortText


class AnalyzerPresence(Payload):
    """An analyzer process; retained, with a last will."""

    state: Literal["online", "stopped", "lost"]
    analyzer: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    role: Literal["run", "ingest", "work"]
    heartbeat_at: AwareDatetime
    since: AwareDatetime
    version: ShortText
    waiting: Count = Field(default=0, description="Scans stored and not yet analysed.")
    stored: Count = Field(default=0, description="Uploads stored since the start.")
    analysed: Count = Field(default=0, description="Scans analysed since the start.")
    refused: Count = Field(default=0, description="Messages refused since the start.")
    problem: Sentence | None = None


# The session ----------------------------------------------------------------------------------


class SessionDocument(Payload):
    """The desired state of a user's run; retained, written by the analyzer alone."""

    session_id: SessionId
    name: ShortText = ""
    technique: Technique
    state: Literal["running", "stopped"]
    revision: Annotated[int, Field(ge=1, le=2**53)] = Field(
        description="Grows with every change of the user's session document, over all sessions."
    )
    settings_revision: Annotated[int, Field(ge=1, le=2**53)] = Field(
        description="Revision that last changed how scans are read or peaks are found."
    )
    started_at: AwareDatetime
    changed_at: AwareDatetime
    changed_by: ShortText
    settings: SessionSettings

    @model_validator(mode="after")
    def _revisions(self) -> Self:
        if self.settings_revision > self.revision:
            raise ValueError("settings_revision is above revision")
        return self


# From the analyzer ----------------------------------------------------------------------------


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
    normalised: float | None = Field(
        default=None, description="Peak current relative to the reference scan's, a fraction."
    )
    kdm: float | None = Field(
        default=None,
        description="Kinetic differential measurement, a fraction; carried by the "
        "scan that completes its pair of frequencies.",
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
    """The voltammogram of one electrode with what was found in it, all of one length."""

    electrode: Electrode
    potential_v: Samples
    current_a: Samples
    smoothed_a: Samples | None = None
    baseline_a: Samples | None = None
    peak_current_a: float | None = None
    peak_potential_v: float | None = None

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        columns = (self.current_a, self.smoothed_a, self.baseline_a)
        if any(c is not None and len(c) != len(self.potential_v) for c in columns):
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
    done: Count
    of: Count
    settings_revision: Revision = 0


class Alert(Part):
    """One thing that needs a person's eye."""

    alert_id: ShortText
    kind: Flag
    since: AwareDatetime
    sentence: Sentence


class Alerts(Payload):
    """All alerts that are active now; retained."""

    alerts: Annotated[tuple[Alert, ...], Field(max_length=1000)]


# Questions ------------------------------------------------------------------------------------


class SessionsQuery(Payload):
    """The sessions of this user, newest first."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class HistoryQuery(Payload):
    """The results of a session from a position on."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")
    after_position: Position = 0
    after_index: Annotated[int, Field(ge=0, le=1_000_000)] | None = Field(
        default=None,
        description="With it, scans of `after_position` with a higher index are answered too: "
        "a file may hold more scans than one page.",
    )
    limit: Annotated[int, Field(ge=1, le=1000)] = 500


class ScanQuery(Payload):
    """One scan with its curves."""

    session_id: SessionId | None = None
    position: Position | None = Field(default=None, description="The newest scan if empty.")
    index: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class ExportQuery(Payload):
    """A session's results as a file, in parts of at most 1 MB."""

    session_id: SessionId | None = None
    format: Literal["csv"] = "csv"
    part: Annotated[int, Field(ge=1, le=100_000)] = 1


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


class ListQuery(Payload):
    """What the agent sees in its folder."""

    handle: Annotated[str, Field(max_length=128)] = ""
    extension: Annotated[str, Field(max_length=16)] = ""


# Replies --------------------------------------------------------------------------------------


class Problem(Payload):
    """Why a question has no answer: a problem document (RFC 9457) with a sentence."""

    type: Literal["invalid", "unknown_verb", "not_found", "conflict", "too_large", "unavailable"]
    title: ShortText
    detail: Sentence
    revision: Revision | None = Field(
        default=None, description="After a conflict: the revision that holds now."
    )


class SessionSummary(Part):
    """One line of the list of sessions."""

    session: SessionDocument
    scans: Count
    last_position: Position
    last_result_at: AwareDatetime | None = None


class SessionsReply(Payload):
    """Answer to `sessions`."""

    sessions: tuple[SessionSummary, ...]


class HistoryReply(Payload):
    """Answer to `history`: one page; `more` says whether to ask again after the last position."""

    session: SessionDocument
    results: tuple[Result, ...]
    trend_revision: Revision
    last_position: Position = Field(description="Highest position that is analysed.")
    more: bool


class ScanReply(Payload):
    """Answer to `scan`."""

    result: Result
    curves: Curves | None = None


class SessionReply(Payload):
    """Answer to `start`, `stop` and `settings`: the session document that now holds."""

    session: SessionDocument


class FoundFiles(Part):
    """Files of one kind in the agent's folder."""

    handle: Annotated[str, Field(max_length=1024)]
    extension: ShortText
    frequency_hz: FrequencyHz | None = None
    files: Count
    first_number: ScanNumber | None = None
    last_number: ScanNumber | None = None


class ListReply(Payload):
    """Answer to `list`."""

    source_name: Annotated[str, Field(max_length=1024)]
    found: Annotated[tuple[FoundFiles, ...], Field(max_length=1000)]
    truncated: bool = False
