"""Sessions as people tell them apart: names, times, lengths."""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from sacmes_core.payloads.replies import SessionSummary
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import Technique

TECHNIQUES: Final[dict[Technique, str]] = {
    "swv": "SWV",
    "cv": "CV",
    "frequency_map": "Frequency map",
    "ca": "CA",
}


def name_of(session: SessionDocument) -> str:
    """What a session is called; one without a name by its technique."""
    return session.name or f"{TECHNIQUES[session.technique]} without a name"


def label_of(session: SessionDocument, zone: tzinfo) -> str:
    """A session in one line: its name, and when it was started."""
    running = " · running" if session.state == "running" else ""
    return f"{name_of(session)} · {moment(session.started_at, zone)}{running}"


def moment(at: datetime, zone: tzinfo) -> str:
    """A date and time of day as the viewer's clock has it."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def duration_s(summary: SessionSummary) -> float | None:
    """From the start to the last result; None without one."""
    if summary.last_result_at is None:
        return None
    return max(0.0, (summary.last_result_at - summary.session.started_at).total_seconds())


def duration_words(seconds: float | None) -> str:
    """A length of time, as short as it can be said."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours / 24:.1f} days"


def state_words(summary: SessionSummary) -> str:
    """Whether a session runs, in a word with a sign."""
    if summary.deleted_at is not None:
        return "✕ deleted"
    return "● running" if summary.session.state == "running" else "stopped"


def table(summaries: Sequence[SessionSummary], zone: tzinfo) -> dict[str, list[Any]]:
    """The sessions by columns; times are of the viewer's clock, a duration is in hours."""
    seconds = [duration_s(s) for s in summaries]
    return {
        "State": [state_words(s) for s in summaries],
        "Name": [name_of(s.session) for s in summaries],
        "Technique": [TECHNIQUES[s.session.technique] for s in summaries],
        "Started": [s.session.started_at.astimezone(zone).replace(tzinfo=None) for s in summaries],
        "Duration / h": [None if s is None else round(s / 3600, 3) for s in seconds],
        "Scans": [s.scans for s in summaries],
        "Trend": [list(s.glimpse_currents_a) for s in summaries],
        "Flagged / %": [
            None if s.flagged_share is None else round(100 * s.flagged_share, 1) for s in summaries
        ],
        "Electrodes": [_electrodes(s.session) for s in summaries],
        "Changed by": [s.session.changed_by for s in summaries],
    }


def _electrodes(session: SessionDocument) -> str:
    chosen = session.settings.reading.electrodes
    return ", ".join(f"E{e}" for e in chosen) if chosen else "all"


def found(summaries: Iterable[SessionSummary], words: str, zone: tzinfo) -> list[SessionSummary]:
    """The sessions in which every word occurs: in name, technique, date, state or id."""
    wanted = words.lower().split()
    return [s for s in summaries if all(word in _text(s, zone) for word in wanted)]


def _text(summary: SessionSummary, zone: tzinfo) -> str:
    session = summary.session
    parts = (
        *(name_of(session), TECHNIQUES[session.technique], session.technique, session.state),
        *(moment(session.started_at, zone), session.session_id, session.changed_by),
        "deleted" if summary.deleted_at is not None else "",
    )
    return " ".join(parts).lower()
