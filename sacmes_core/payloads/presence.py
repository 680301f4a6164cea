"""Who is there: agents, viewers and analyzers, retained and with last wills."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from sacmes_core.payloads.common import Count, Payload, Revision, Sentence, SessionId, ShortText
from sacmes_core.settings.parts import Part


class UploadCounters(Part):
    """What an agent has counted since its session began."""

    seen: Count = Field(default=0, description="Files that belong to the session.")
    sent: Count = Field(default=0, description="Uploads published, repeats not counted.")
    confirmed: Count = Field(default=0, description="Uploads that the analyzer has stored.")
    waiting: Count = Field(default=0, description="Uploads in the outbox without a receipt.")
    refused: Count = Field(default=0, description="Files and uploads refused, with a reason.")


class MeasurementLimits(Part):
    """What an agent lets an instrument do to a cell; a method beyond it is refused."""

    min_v: float = Field(description="Lowest potential that may be applied, V.")
    max_v: float = Field(description="Highest potential that may be applied, V.")
    max_current_a: float = Field(description="Largest current range that may be chosen, A.")
    max_scans: Count = Field(description="Scans of one run, at all frequencies and electrodes.")
    max_duration_s: float = Field(description="Length of one scan, s.")


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
    instrument: ShortText = Field(
        default="", description="The instrument on the line with its firmware, as far as known."
    )
    limits: MeasurementLimits | None = Field(
        default=None, description="What may be measured; empty for a folder."
    )
    clock_synced: bool | None = Field(
        default=None,
        description="Whether a time server has set the agent's clock: False where nothing else "
        "keeps its time, null where the system does not say.",
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
