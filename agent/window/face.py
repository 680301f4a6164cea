"""What the window shows, worked out from what it knows; the screen only puts it there."""

from dataclasses import dataclass
from typing import Final, Literal

from agent.outbox import RefusedUpload
from agent.window.model import Window, waiting
from agent.window.quantities import count, scans
from agent.window.scan_lines import ScanLines, scan_lines
from sacmes_core.payloads.presence import UploadCounters
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import Technique

Tone = Literal["off", "busy", "good", "warning", "bad"]
"""How a status is coloured; its sign and its words say the same without colour."""

SIGNS: Final[dict[Tone, str]] = {"off": "○", "busy": "◌", "good": "●", "warning": "▲", "bad": "✕"}

LOOKING_S: Final = 2.0
"""Whether an analyzer is online is known a moment after the connection began."""

_TECHNIQUES: Final[dict[Technique, str]] = {
    "swv": "square-wave voltammetry",
    "cv": "cyclic voltammetry",
    "frequency_map": "a frequency map",
    "ca": "chronoamperometry",
}
_TROUBLES: Final = {
    "source": "Connected, but the folder needs you",
    "outbox": "Connected, but this computer's disk needs you",
    "rights": "Connected, but scans are not let through",
    "analyzer": "Connected, but scans are not taken",
    "listener": "Connected, but nobody listens",
    "start": "Connected, waiting for a session",
}


@dataclass(frozen=True, slots=True)
class Status:
    """How it stands: a few words, their tone, and a sentence that says what that means."""

    tone: Tone
    words: str
    sentence: str

    @property
    def sign(self) -> str:
        """A sign that tells the tones apart without colour."""
        return SIGNS[self.tone]


@dataclass(frozen=True, slots=True)
class Face:
    """Everything that the window shows.

    Attributes
    ----------
    session
        Its name, then what there is to say about it.
    counters
        Name and number of each, in the order a scan passes them.
    typing
        Whether the entries can be changed now.
    """

    title: str
    status: Status
    user_id: str
    copy_text: str
    typing: bool
    button: Literal["Connect", "Stop"]
    button_works: bool
    certificate: str
    notice: str
    counters: tuple[tuple[str, str], ...]
    session: tuple[str, ...]
    scan: ScanLines
    refusals: tuple[RefusedUpload, ...]
    refusals_title: str
    retry_works: bool


def face(state: Window, now: float) -> Face:
    """What the window shows in a state."""
    view = state.view
    status = _status(state, now)
    counters = UploadCounters(waiting=state.waiting) if view is None else view.counters
    refusals = () if view is None else view.refusals
    private = bool(state.draft.ca_pem)
    return Face(
        title=f"sacmes agent – {state.user_id} – {status.words}",
        status=status,
        user_id=state.user_id,
        copy_text="✓ Copied" if now < state.copied_until else "Copy",
        typing=state.phase == "stopped",
        button="Connect" if state.phase == "stopped" else "Stop",
        button_works=state.phase != "stopping" and bool(state.user_id),
        certificate="With the server's own certificate from the connection string."
        if private
        else "",
        notice=state.notice or "",
        counters=(
            ("seen", count(counters.seen)),
            ("sent", count(counters.sent)),
            ("stored", count(counters.confirmed)),
            ("waiting", count(waiting(state))),
            ("refused", count(counters.refused)),
        ),
        session=_session_lines(None if view is None else view.session),
        scan=scan_lines(state.record, None if view is None else view.last_file),
        refusals=refusals,
        refusals_title=f"Refused ({count(len(refusals))})" if refusals else "Refused",
        retry_works=state.phase == "running" and any(one.kept for one in refusals),
    )


def _status(state: Window, now: float) -> Status:
    if state.phase == "stopped":
        return _stopped(state)
    if state.phase == "stopping":
        return Status("busy", "Stopping …", "What is not sent yet is kept.")
    view = state.view
    problems = () if view is None else view.problems
    sentences = " ".join(sentence for _, sentence in problems)
    if view is None or not view.connected:
        if any(cause == "broker" for cause, _ in problems):
            words = "Connection lost" if state.was_connected else "No connection"
            return Status("warning", words, sentences)
        sentence = f"Looking for {state.draft.server}."
        return Status("busy", "Connecting …", f"{sentence} {sentences}".strip())
    if problems:
        words = _TROUBLES.get(problems[0][0], "Connected, but something needs you")
        tone: Tone = "busy" if problems[0][0] == "start" else "warning"
        return Status(tone, words, sentences)
    if not view.analyzers and now < state.connected_at + LOOKING_S:
        return Status("busy", "Connected", "Looking for an analyzer.")
    return _at_work(view.session, online=bool(view.analyzers))


def _stopped(state: Window) -> Status:
    if state.ended is not None:
        return Status("bad", "Stopped", state.ended)
    if not state.draft.server:
        return Status(
            "off", "Not connected", "Paste the connection string that the administrator gave you."
        )
    if state.waiting:
        return Status(
            "off",
            "Not connected",
            f"{scans(state.waiting)} from before will be sent when you connect.",
        )
    return Status("off", "Not connected", "Connect, and each finished scan is sent at once.")


def _session_lines(session: SessionDocument | None) -> tuple[str, ...]:
    if session is None:
        return ("None yet", "It is started in the dashboard, or by this agent (see the settings).")
    source = session.settings.source
    technique = _TECHNIQUES[session.technique]
    frequencies = ", ".join(f"{f:g}" for f in source.frequencies_hz)
    files = f"{source.handle}*{source.extension}" if source.handle or source.extension else "all"
    state = "running" if session.state == "running" else "stopped"
    return (
        session.name or technique[0].upper() + technique[1:],
        f"{technique}, {state}",
        f"started {session.started_at.astimezone():%d %b %H:%M}",
        f"files: {files}" + (f"  ·  {frequencies} Hz" if frequencies else ""),
    )


def _at_work(session: SessionDocument | None, *, online: bool) -> Status:
    if not online:
        sentence = "Scans are kept here and sent as soon as one is there."
        return Status("warning", "Connected, but no analyzer is online", sentence)
    if session is None:
        return Status(
            "good",
            "Connected",
            "No session yet: open the dashboard, enter the user_id, and start one.",
        )
    name = f"“{session.name}” ({_TECHNIQUES[session.technique]})"
    if not session.name:
        name = f"of {_TECHNIQUES[session.technique]}"
    if session.state == "stopped":
        sentence = f"The session {name} is stopped; new scans are left alone until the next one."
        return Status("good", "Connected", sentence)
    return Status("good", "Connected", f"Sending each finished scan of the session {name}.")
