"""An analyzer and an agent that only talk: plausible numbers and answers without the real parts."""

import hashlib
import itertools
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from support.tools import wait_until

from agent.listing import answer as listing_answer
from agent.listing import list_folder
from agent.preview import preview
from sacmes_core import protocol, questions
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ProtocolError
from sacmes_core.link import Link
from sacmes_core.link_events import LinkEvent, LinkOptions, Received, Subscription
from sacmes_core.messages import Message
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import (
    Mark,
    MarkRequest,
    MarksQuery,
    MarksReply,
    UnmarkRequest,
)
from sacmes_core.payloads.presence import AgentPresence, AnalyzerPresence, UploadCounters
from sacmes_core.payloads.preview import PreviewQuery
from sacmes_core.payloads.questions import (
    ExportQuery,
    HistoryQuery,
    ListQuery,
    MeasureRequest,
    RevisionsQuery,
    ScanQuery,
    SettingsRequest,
    StartRequest,
    StopRequest,
    TrialQuery,
)
from sacmes_core.payloads.replies import (
    FoundFiles,
    HistoryReply,
    ListReply,
    MeasureReply,
    Problem,
    RevisionsReply,
    ScanReply,
    SessionReply,
)
from sacmes_core.payloads.results import (
    Curves,
    ElectrodeCurves,
    ElectrodeResult,
    Result,
    ScanReference,
)
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.settings.parts import Technique
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

FREQUENCIES_HZ = (15.0, 100.0)
REVISIONS = itertools.count(1)
"""Grows over all stand-ins of a test run, as it does over all sessions of a user."""
POTENTIALS_V = np.linspace(-0.45, -0.05, 201)


class Speaker:
    """A link with a thread that answers; the base of both stand-ins."""

    def __init__(self, url: str, user_id: str, filters: tuple[str, ...]) -> None:
        self.user_id = user_id
        self.events: SimpleQueue[LinkEvent] = SimpleQueue()
        options = LinkOptions(
            client_id=f"stand-in-{uuid.uuid4().hex[:12]}",
            subscriptions=tuple(Subscription(f) for f in filters),
        )
        self.link = Link(BrokerAddress.parse(url), options, self.events)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self.link.start()
        self.thread.start()
        wait_until(lambda: self.link.connected, what="the stand-in's connection")

    def stop(self) -> None:
        self.stopping.set()
        self.thread.join(5)
        self.link.stop()

    def say(self, channel: protocol.Channel, payload: Payload, **levels: str) -> None:
        self.link.publish(protocol.publication(channel, payload, **levels))

    def answer(self, message: Message, asked: questions.Asked) -> None:
        raise AssertionError

    def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                event = self.events.get(timeout=0.1)
            except Empty:
                continue
            if isinstance(event, Received):
                try:
                    asked = questions.read_question(event.message)
                except ProtocolError:
                    continue
                self.answer(event.message, asked)


@dataclass
class Run:
    """One session with what was computed for it."""

    document: SessionDocument
    results: list[Result] = field(default_factory=list)
    curves: dict[int, Curves] = field(default_factory=dict)
    trend_revision: int = 1
    marks: list[Mark] = field(default_factory=list)
    former: list[SessionDocument] = field(default_factory=list)


class AnalyzerStandIn(Speaker):
    """Publishes results and curves as they are asked for, and answers like an analyzer."""

    def __init__(self, url: str, user_id: str) -> None:
        super().__init__(
            url,
            user_id,
            (protocol.QUERY.filter(user_id=user_id), protocol.REQUEST.filter(user_id=user_id)),
        )
        self.run: Run | None = None
        self.revision = 0
        self.deaf = False
        self.refusal = ""
        self.asked: list[str] = []
        self.random = np.random.default_rng(7)

    def present(self, state: Any = "online", *, beat: datetime | None = None) -> None:
        now = datetime.now(UTC)
        presence = AnalyzerPresence(
            state=state,
            analyzer="stand-in",
            role="run",
            heartbeat_at=beat or now,
            since=now,
            version="0.1.0",
        )
        self.say(protocol.ANALYZER_PRESENCE, presence, analyzer="stand-in")

    def begin(
        self,
        settings: SessionSettings | None = None,
        name: str = "Aptamer A3",
        technique: Technique = "swv",
    ) -> Run:
        self.revision = next(REVISIONS)
        now = datetime.now(UTC)
        source = SourceSettings(
            handle="SWV_", extension=".txt", frequencies_hz=FREQUENCIES_HZ, last_number=199
        )
        document = SessionDocument(
            session_id=str(uuid.uuid4()),
            name=name,
            technique=technique,
            state="running",
            revision=self.revision,
            settings_revision=self.revision,
            started_at=now,
            changed_at=now,
            changed_by=self.user_id,
            settings=settings or SessionSettings(source=source),
        )
        self.run = Run(document)
        self._publish_session()
        return self.run

    def scans(self, count: int, *, live: bool = True, flagged: int | None = None) -> None:
        """Measure `count` scan numbers at both frequencies with two electrodes."""
        assert self.run is not None
        for _ in range(count):
            number = len(self.run.results) // len(FREQUENCIES_HZ) + 1
            for frequency_hz in FREQUENCIES_HZ:
                flags = ("peak_at_edge",) if flagged == number else ()
                result, curves = self._measure(number, frequency_hz, flags)
                self.run.curves[result.position] = curves
                self.run.results.append(result)
                if live:
                    self.say(protocol.RESULTS, result, user_id=self.user_id)
                    self.say(protocol.CURVES, curves, user_id=self.user_id)

    def answer(self, message: Message, asked: questions.Asked) -> None:
        self.asked.append(asked.question.verb)
        if self.deaf:
            return
        if asked.question is questions.EXPORT and not self.refusal:
            publication = questions.file_reply(
                asked, self._csv(), content_type="text/csv", properties={"parts": "1"}
            )
        else:
            publication = questions.reply(asked, self._reply(asked))
        if publication is not None:
            self.link.publish(publication)

    def _reply(self, asked: questions.Asked) -> Payload:
        match asked.payload:
            case ExportQuery():
                return Problem(type="not_found", title="No such export", detail=self.refusal)
            case StartRequest() as wanted:
                begun = self.begin(wanted.settings, wanted.name, wanted.technique)
                return SessionReply(session=begun.document)
            case StopRequest() | SettingsRequest() as wanted:
                return self._change(wanted)
            case HistoryQuery() as wanted if self.run is not None:
                return self._history(wanted)
            case ScanQuery() as wanted if result := self._at(wanted.position):
                return self._shown(result)
            case RevisionsQuery() if self.run is not None:
                return RevisionsReply(revisions=(self.run.document, *self.run.former))
            case MarksQuery() | MarkRequest() | UnmarkRequest() as wanted if self.run is not None:
                return self._marked(wanted)
            case TrialQuery() as wanted if result := self._at(wanted.position):
                return self._trial(wanted, result)
        return Problem(type="not_found", title="No session", detail="There is no session yet.")

    def _marked(self, wanted: MarksQuery | MarkRequest | UnmarkRequest) -> MarksReply:
        assert self.run is not None
        kept = [m for m in self.run.marks if m.mark_id != getattr(wanted, "mark_id", None)]
        if isinstance(wanted, MarkRequest):
            content = wanted.model_dump(exclude={"schema_number", "session_id"})
            if wanted.at is None and wanted.number is None:
                content["at"] = datetime.now(UTC)
            content["mark_id"] = wanted.mark_id or uuid.uuid4().hex
            kept.append(Mark(**content))
        self.run.marks = kept
        return MarksReply(session_id=self.run.document.session_id, marks=tuple(kept))

    def _at(self, position: int | None) -> Result | None:
        """The result at a position or the newest; None where a former run is asked about."""
        results = self.run.results if self.run is not None else []
        return next((r for r in reversed(results) if position in (None, r.position)), None)

    def _shown(self, result: Result) -> ScanReply:
        assert self.run is not None
        return ScanReply(result=result, curves=self.run.curves[result.position])

    def _trial(self, wanted: TrialQuery, result: Result) -> ScanReply:
        """Every setting but the default gives a tenth less."""
        share = 1.0 if wanted.peak in (None, PeakSettings()) else 0.9
        electrodes = tuple(
            e.model_copy(update={"peak_current_a": share * (e.peak_current_a or 0.0)})
            for e in result.electrodes
        )
        tried = {"electrodes": electrodes, "settings_revision": 0, "trend_revision": 0}
        return self._shown(result.model_copy(update=tried))

    def _history(self, wanted: HistoryQuery) -> HistoryReply:
        assert self.run is not None
        later = [r for r in self.run.results if r.position > wanted.after_position]
        return HistoryReply(
            session=self.run.document,
            results=tuple(later[: wanted.limit]),
            trend_revision=self.run.trend_revision,
            last_position=len(self.run.results),
            more=len(later) > wanted.limit,
        )

    def _change(self, wanted: StopRequest | SettingsRequest) -> Payload:
        assert self.run is not None
        if wanted.seen_revision != self.run.document.revision:
            return Problem(
                type="conflict",
                title="Changed meanwhile",
                detail="Somebody else changed the session first; look at it again.",
                revision=self.run.document.revision,
            )
        self.revision = next(REVISIONS)
        changes: dict[str, Any] = {"revision": self.revision, "changed_by": wanted.by}
        changes["changed_at"] = datetime.now(UTC)
        if isinstance(wanted, StopRequest):
            changes["state"] = "stopped"
        else:
            changes["settings"] = wanted.settings
            self.run.trend_revision += 1
        self.run.former.insert(0, self.run.document)
        self.run.document = self.run.document.model_copy(update=changes)
        self._publish_session()
        return SessionReply(session=self.run.document)

    def _publish_session(self) -> None:
        assert self.run is not None
        self.say(protocol.SESSION, self.run.document, user_id=self.user_id)

    def _csv(self) -> bytes:
        assert self.run is not None
        rows = ["position,file,electrode,peak_current_a"]
        for result in self.run.results:
            rows += [
                f"{result.position},{result.scan.file},{e.electrode},{e.peak_current_a}"
                for e in result.electrodes
            ]
        return "\n".join(rows).encode() + b"\n"

    def _measure(
        self, number: int, frequency_hz: float, flags: tuple[str, ...]
    ) -> tuple[Result, Curves]:
        assert self.run is not None
        position = len(self.run.results) + 1
        started_at = self.run.document.started_at
        scan = ScanReference(
            file=f"SWV_{frequency_hz:g}Hz_{number}.txt",
            technique="swv",
            format="chi-text",
            frequency_hz=frequency_hz,
            number=number,
            measured_at=started_at + timedelta(seconds=2 * number),
            measured_at_source="mtime",
        )
        electrodes, curves = [], []
        for electrode in (1, 2):
            relative = self._relative(number, frequency_hz, electrode)
            scale = 9.1e-7 * (1.0 if frequency_hz > 50 else 0.45) * (1.0, 0.82)[electrode - 1]
            height = scale * relative
            curves.append(self._curve(electrode, height))
            opposite = self._relative(number, 15.0, electrode)
            electrodes.append(
                ElectrodeResult(
                    electrode=electrode,
                    peak_current_a=height,
                    peak_potential_v=-0.262 + 0.0006 * float(self.random.normal()),
                    normalised=relative,
                    kdm=2 * (relative - opposite) / (relative + opposite)
                    if frequency_hz > 50
                    else None,
                    flags=flags if electrode == 1 else (),
                )
            )
        common: dict[str, Any] = {
            "session_id": self.run.document.session_id,
            "position": position,
            "scan": scan,
            "settings_revision": self.run.document.settings_revision,
        }
        result = Result(
            upload_id=hashlib.sha256(scan.file.encode()).hexdigest(),
            trend_revision=self.run.trend_revision,
            method="stand-in",
            version="0.1.0",
            electrodes=tuple(electrodes),
            **common,
        )
        return result, Curves(electrodes=tuple(curves), **common)

    def _relative(self, number: int, frequency_hz: float, electrode: int) -> float:
        """Drift, and a binding event half-way that raises one frequency and lowers the other."""
        bound = 1 / (1 + np.exp(-(number - 60) / 6.0)) if electrode == 1 else 0.0
        sign = 0.22 if frequency_hz > 50 else -0.12
        noise = 0.006 * float(self.random.normal())
        return float(1 - 0.0008 * number + sign * bound + noise)

    def _curve(self, electrode: int, height_a: float) -> ElectrodeCurves:
        baseline = 1.1e-7 + 2.4e-7 * np.exp(-(POTENTIALS_V + 0.45) / 0.12)
        smoothed = baseline + height_a / np.cosh((POTENTIALS_V + 0.262) / 0.037) ** 2
        noise = 6e-9 * self.random.normal(size=POTENTIALS_V.size)
        return ElectrodeCurves(
            electrode=electrode,
            potential_v=tuple(map(float, POTENTIALS_V)),
            current_a=tuple(map(float, smoothed + noise)),
            smoothed_a=tuple(map(float, smoothed)),
            baseline_a=tuple(map(float, baseline)),
            peak_current_a=height_a,
            peak_potential_v=-0.262,
        )


class AgentStandIn(Speaker):
    """Is present, and says what it sees: in a real folder if it has one."""

    def __init__(self, url: str, user_id: str, folder: Path | None = None) -> None:
        super().__init__(
            url,
            user_id,
            (
                protocol.AGENT_QUERY.filter(user_id=user_id),
                protocol.AGENT_REQUEST.filter(user_id=user_id),
            ),
        )
        self.folder = folder

    def present(
        self, state: Any = "online", *, beat: datetime | None = None, **changes: Any
    ) -> None:
        now = datetime.now(UTC)
        content: dict[str, Any] = {
            "state": state,
            "instance": "0123456789abcdef",
            "number": 1,
            "heartbeat_at": beat or now,
            "since": now,
            "version": "0.1.0",
            "host": "PC-LAB2",
            "source": "folder",
            "source_name": "C:\\CHI\\2026-11-22",
            "counters": UploadCounters(),
        }
        presence = AgentPresence(**(content | changes))
        self.say(protocol.AGENT_PRESENCE, presence, user_id=self.user_id)

    def answer(self, message: Message, asked: questions.Asked) -> None:
        publication = questions.reply(asked, self._reply(asked.payload))
        if publication is not None:
            self.link.publish(publication)

    def _reply(self, asked: Payload) -> Payload:
        match asked:
            case MeasureRequest() as wanted:
                return MeasureReply(session_id=wanted.session_id or "", number=12, scans=2)
            case ListQuery() as wanted if self.folder is not None:
                listing = list_folder(self.folder, subfolders=False)
                return listing_answer(wanted, str(self.folder), listing)
            case PreviewQuery() as wanted if self.folder is not None:
                return preview(wanted, self.folder, list_folder(self.folder, subfolders=False))
            case PreviewQuery():
                return Problem(type="not_found", title="No file", detail="There is no such file.")
        found = tuple(
            FoundFiles(
                handle="CHI_",
                extension=".txt",
                frequency_hz=f,
                files=40,
                first_number=1,
                last_number=40,
            )
            for f in FREQUENCIES_HZ
        )
        return ListReply(source_name="C:\\CHI", found=found)
