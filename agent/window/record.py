"""What the window remembers of a run: lines of the log, and the peaks that came back."""

from dataclasses import dataclass, replace
from typing import Final

from agent.view import AgentView
from sacmes_core.payloads.results import Result

POINTS_MAX: Final = 240
"""Scans in the small trend of the window; the dashboard shows them all."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log.

    Attributes
    ----------
    number
        Its place in the window's log, by which the screen knows which lines it has; 0 outside.
    """

    created_s: float
    level: str
    text: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Peak:
    """The peak current of the first electrode of one scan."""

    frequency_hz: float | None
    current_a: float


@dataclass(frozen=True, slots=True)
class Record:
    """The newest result of the session, and the peaks before it."""

    session_id: str | None = None
    last: Result | None = None
    peaks: tuple[Peak, ...] = ()


def heard(record: Record, view: AgentView) -> Record:
    """The record after the agent showed itself; results of another session begin it anew."""
    result = view.result
    session_id = None if view.session is None else view.session.session_id
    if session_id != record.session_id:
        record = Record(session_id)
    if result is None or result.session_id != session_id or _is_known(record, result):
        return record
    peaks = record.peaks
    height_a = next((e.peak_current_a for e in result.electrodes), None)
    if height_a is not None:
        peaks = (*peaks, Peak(result.scan.frequency_hz, height_a))[-POINTS_MAX:]
    return replace(record, last=result, peaks=peaks)


def _is_known(record: Record, result: Result) -> bool:
    """Whether a result was shown already: an older one, or the same one again."""
    if record.last is None:
        return False
    mine, theirs = record.last, result
    return (theirs.position, theirs.scan.index, theirs.trend_revision) <= (
        mine.position,
        mine.scan.index,
        mine.trend_revision,
    )
