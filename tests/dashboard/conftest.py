"""Messages as an analyzer and an agent would send them, without a broker."""

import math
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.live import step
from dashboard.live_state import Ask, LiveState, Tick, correlation
from sacmes_core import protocol, questions
from sacmes_core.link_events import Connected, Received
from sacmes_core.messages import Message
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import Mark, MarksReply
from sacmes_core.payloads.presence import AgentPresence, AnalyzerPresence
from sacmes_core.payloads.replies import HistoryReply, Problem
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

USER = "alice"
EPOCH = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW = EPOCH.timestamp()


class World:
    """One user's state with an analyzer that answers from a list of results."""

    def __init__(self) -> None:
        self.state = LiveState(USER)
        self.now = NOW
        self.session = self.new_session()
        self.results: list[Result] = []
        self.trend_revision = 1
        self.page = 500
        self.asked: list[Ask] = []
        self.marks: tuple[Mark, ...] = ()

    def new_session(self, revision: int = 1, **changes: Any) -> SessionDocument:
        source = SourceSettings(handle="SWV_", frequencies_hz=(15.0, 100.0))
        document = {
            "session_id": str(uuid.UUID(int=revision, version=4)),
            "name": "Run",
            "technique": "swv",
            "state": "running",
            "revision": revision,
            "settings_revision": revision,
            "started_at": EPOCH,
            "changed_at": EPOCH,
            "changed_by": USER,
            "settings": SessionSettings(source=source),
        }
        return SessionDocument(**(document | changes))

    def result(self, position: int, **changes: Any) -> Result:
        frequency_hz = (15.0, 100.0)[(position - 1) % 2]
        number = (position + 1) // 2
        content = {
            "session_id": self.session.session_id,
            "position": position,
            "upload_id": f"{position:064x}",
            "scan": ScanReference(
                file=f"SWV_{frequency_hz:g}Hz_{number}.txt",
                frequency_hz=frequency_hz,
                number=number,
                measured_at=EPOCH,
                measured_at_source="mtime",
            ),
            "settings_revision": self.session.settings_revision,
            "trend_revision": self.trend_revision,
            "version": "0.1.0",
            "electrodes": (
                ElectrodeResult(
                    electrode=1,
                    peak_current_a=1e-6 * (1 + 0.01 * position),
                    peak_potential_v=-0.26,
                    normalised=1.0 + 0.01 * position,
                    kdm=0.1 if frequency_hz == 100.0 else None,
                ),
            ),
        }
        return Result(**(content | changes))

    def happen(self, event: Any, *, answer: bool = True) -> None:
        """Let something happen, and let the analyzer answer what is asked then."""
        self.state, effects = step(self.state, event, self.now)
        waiting = list(effects)
        self.asked += waiting
        while waiting and answer:
            ask = waiting.pop(0)
            self.state, more = step(self.state, Received(self.reply(ask), (1, 1, 1)), self.now)
            self.asked += more
            waiting += more

    def hear(self, payload: Payload, channel: protocol.Channel, **how: Any) -> None:
        answer, retain = how.pop("answer", True), how.pop("retain", False)
        levels = {"user_id": USER} | how if "{user_id}" in channel.template else how
        message = Message(channel.topic(**levels), protocol.encode(payload), retain)
        self.happen(Received(message, (1, 1, 1)), answer=answer)

    def connect(self, *, answer: bool = True) -> None:
        self.happen(Connected(False, None), answer=answer)
        self.hear(self.session, protocol.SESSION, retain=True, answer=answer)

    def pass_time(self, seconds: float, *, answer: bool = True) -> None:
        for _ in range(max(1, round(seconds / 0.5))):
            self.now += 0.5
            self.happen(Tick(), answer=answer)

    def reply(self, ask: Ask) -> Message:
        reply: Payload = Problem(type="not_found", title="-", detail="There is none.")
        if ask.question is questions.HISTORY:
            index = ask.payload.after_index
            after = (ask.payload.after_position, math.inf if index is None else index)
            later = [r for r in self.results if (r.position, r.scan.index) > after]
            reply = HistoryReply(
                session=self.session,
                results=tuple(later[: self.page]),
                trend_revision=self.trend_revision,
                last_position=max((r.position for r in self.results), default=0),
                more=len(later) > self.page,
            )
        if ask.question is questions.MARKS:
            reply = MarksReply(session_id=self.session.session_id, marks=self.marks)
        problem = isinstance(reply, Problem)
        return Message(
            protocol.REPLY.topic(user_id=USER, client="me"),
            protocol.encode(reply),
            content_type=protocol.PROBLEM_TYPE if problem else protocol.JSON_TYPE,
            correlation_data=correlation(ask.token),
        )

    def agent(self, **changes: Any) -> AgentPresence:
        content = {
            "state": "online",
            "instance": "0" * 16,
            "number": 1,
            "heartbeat_at": datetime.fromtimestamp(self.now, UTC),
            "since": EPOCH,
            "version": "0.1.0",
            "host": "PC-LAB2",
            "source": "folder",
        }
        return AgentPresence(**(content | changes))

    def analyzer(self, **changes: Any) -> AnalyzerPresence:
        content = {
            "state": "online",
            "analyzer": "a1",
            "role": "run",
            "heartbeat_at": datetime.fromtimestamp(self.now, UTC),
            "since": EPOCH,
            "version": "0.1.0",
        }
        return AnalyzerPresence(**(content | changes))

    def positions(self) -> list[int]:
        return [s.position for s in self.state.shown.scans] if self.state.shown else []


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_world() -> Callable[[], World]:
    """For property tests, whose examples need a world each."""
    return World
