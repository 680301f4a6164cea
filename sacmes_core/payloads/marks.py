"""Marks on a run: injections, events and washes, for everybody who looks at it."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from sacmes_core.payloads.common import Payload, SessionId, ShortText
from sacmes_core.settings.parts import Part, ScanNumber

MARKS_MAX: Final = 1000

MarkId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,36}$")]
MarkKind = Literal["injection", "event", "wash"]
Concentration = Annotated[float, Field(ge=0, le=1e12)]


class Mark(Part):
    """What happened at one time, or before one scan."""

    mark_id: MarkId
    kind: MarkKind
    label: ShortText = ""
    at: AwareDatetime | None = None
    number: ScanNumber | None = Field(
        default=None, description="Number of the first scan that shows it."
    )
    concentration: Concentration | None = Field(
        default=None,
        description="Concentration of the target from here on, in `concentration_unit`.",
    )
    concentration_unit: Annotated[str, Field(max_length=32)] = ""
    by: ShortText = ""


class MarkRequest(Payload):
    """Mark a time or a scan of a session; with neither, now."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")
    mark_id: MarkId | None = Field(
        default=None,
        description="Name that the asker chooses, so that asking again makes no second mark; one "
        "that is there already is replaced. The analyzer chooses one if empty.",
    )
    kind: MarkKind = "event"
    label: ShortText = ""
    at: AwareDatetime | None = None
    number: ScanNumber | None = None
    concentration: Concentration | None = None
    concentration_unit: Annotated[str, Field(max_length=32)] = ""
    by: ShortText = ""


class UnmarkRequest(Payload):
    """Take a mark away; marking again with its id and content brings it back."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")
    mark_id: MarkId


class MarksQuery(Payload):
    """The marks of a session."""

    session_id: SessionId | None = Field(default=None, description="The newest session if empty.")


class MarksReply(Payload):
    """Answer to `marks`, `mark` and `unmark`: all marks of the session, in order."""

    session_id: SessionId
    marks: Annotated[tuple[Mark, ...], Field(max_length=MARKS_MAX)]
