"""Answers to questions, and the problem document where there is none."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field

from sacmes_core.payloads.columns import HistoryColumns
from sacmes_core.payloads.common import (
    Count,
    FileName,
    Payload,
    Position,
    Revision,
    Sentence,
    SessionId,
    ShortText,
)
from sacmes_core.payloads.results import Curves, Result
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import Electrode, FrequencyHz, Part, ScanNumber


class Problem(Payload):
    """Why a question has no answer: a problem document (RFC 9457) with a sentence."""

    type: Literal[
        "invalid", "unknown_verb", "not_found", "conflict", "too_large", "unavailable", "forbidden"
    ]
    title: ShortText
    detail: Sentence
    revision: Revision | None = Field(
        default=None, description="After a conflict: the revision that holds now."
    )


GLIMPSED_FILES: Final = 96
"""How many files of a session its line in a list is made from."""


class SessionSummary(Part):
    """One line of the list of sessions."""

    session: SessionDocument
    scans: Count
    last_position: Position
    last_result_at: AwareDatetime | None = None
    deleted_at: AwareDatetime | None = None
    flagged_share: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None,
        description=f"Of the scans in up to {GLIMPSED_FILES} files spread over the run: exact for "
        "a short session, an estimate for a long one.",
    )
    glimpse_electrode: Electrode | None = None
    glimpse_frequency_hz: FrequencyHz | None = None
    glimpse_currents_a: Annotated[tuple[float, ...], Field(max_length=GLIMPSED_FILES)] = Field(
        default=(),
        description="Peak currents of one electrode at one frequency, spread over the run, for a "
        "line as small as a word.",
    )


class SessionsReply(Payload):
    """Answer to `sessions`."""

    sessions: tuple[SessionSummary, ...]


class RevisionsReply(Payload):
    """Answer to `revisions`: documents of one session, the one that holds first."""

    revisions: tuple[SessionDocument, ...]


class HistoryReply(Payload):
    """Answer to `history`: one page; `more` says whether to ask again from its end."""

    session: SessionDocument
    results: tuple[Result, ...] = Field(description="In rows; empty where columns are asked for.")
    columns: HistoryColumns | None = None
    trend_revision: Revision
    settings_revision: Revision | None = Field(
        default=None,
        description="That of the results; an older one than the session's as long as the session "
        "is analysed again. When it or the trend revision changes between two pages, begin anew.",
    )
    last_position: Position = Field(description="Highest position that is analysed.")
    end_position: Position | None = Field(
        default=None,
        description="Where the page ends, with `end_index`: `after_position` and `after_index` of "
        "the next question. Empty if the page is.",
    )
    end_index: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    more: bool


class ScanReply(Payload):
    """Answer to `scan`, and to `preview`: then without a trend, and of settings revision 0."""

    result: Result
    curves: Curves | None = None


class SessionReply(Payload):
    """Answer to `start`, `stop`, `settings`, `rename`, `delete`, `undelete`: the document now."""

    session: SessionDocument


class MeasureReply(Payload):
    """Answer to `measure`: what is measured now, or as soon as the scan under way is over."""

    session_id: SessionId
    number: ScanNumber = Field(description="Number of the round.")
    scans: Count = Field(description="Scans of the round.")


class FoundFiles(Part):
    """Files of one kind in the agent's folder."""

    handle: Annotated[str, Field(max_length=1024)]
    extension: ShortText
    frequency_hz: FrequencyHz | None = None
    files: Count
    first_number: ScanNumber | None = None
    last_number: ScanNumber | None = None
    last_file: FileName | None = Field(
        default=None, description="The one with the last number, for a `preview`."
    )


class ListReply(Payload):
    """Answer to `list`."""

    source_name: Annotated[str, Field(max_length=1024)]
    found: Annotated[tuple[FoundFiles, ...], Field(max_length=1000)]
    truncated: bool = False
