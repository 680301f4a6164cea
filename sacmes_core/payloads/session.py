"""The session document: the desired state of a user's run."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from sacmes_core.payloads.common import Payload, SessionId, ShortText
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.session import SessionSettings


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
