"""The thread of the instrument: takes orders from the agent and keeps its station turning."""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from agent.database import OutboxError
from agent.home import Home
from agent.outbox import Outbox
from agent.serial.station import STOP_S, Station, StationOptions
from agent.source import SourceAnswer, SourceEvent, SourceFacts, SourceMaker, SourceReport
from agent.starting import Granted, Wish
from sacmes_core.instruments import campaign
from sacmes_core.instruments.limits import refusal
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.questions import ListQuery, MeasureRequest
from sacmes_core.payloads.replies import ListReply, MeasureReply, Problem
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.questions import Asked

logger = logging.getLogger(__name__)

IDLE_S: Final = 0.1
RETRY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Session:
    """A session to follow, and whether its method may be run."""

    document: SessionDocument
    allowed: bool


_Order = _Session | Asked | campaign.Connected


class SerialSource:
    """Owns the thread, the port and the outbox connection that it writes through.

    Parameters
    ----------
    report
        Called in the thread with everything that happens; puts it on its owner's queue.
    wish
        The session that the command line asks for; until there is such a one nothing is measured,
        least of all with the potentials of an earlier session.
    """

    def __init__(
        self,
        options: StationOptions,
        home: Home,
        report: Callable[[SourceEvent], None],
        *,
        allow_remote: bool,
        wish: Wish | None = None,
    ) -> None:
        self._wish = wish
        self._options = options
        self._home = home
        self._report = report
        self._allow_remote = allow_remote
        self._orders: queue.SimpleQueue[_Order] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._session: _Session | None = None
        self._connected = campaign.Connected(False)
        self._last: SourceReport | None = None
        self._thread = threading.Thread(target=self._run, name="instrument", daemon=True)

    @property
    def facts(self) -> SourceFacts:
        """The port."""
        return SourceFacts("serial", self._options.port, self._allow_remote)

    def start(self) -> None:
        """Begin to speak with the instrument; nothing is measured before `work_on`."""
        self._thread.start()

    def work_on(self, document: SessionDocument) -> None:
        """Measure for this session from now on, if its method came from here or may come so."""
        granted = self._home.granted()
        if self._wish is not None and (granted is None or granted.wish != self._wish):
            return
        allowed = self._allow_remote or _is_own(document, granted)
        self._orders.put(_Session(document, allowed))

    def ask(self, asked: Asked) -> None:
        """Answer a viewer's question."""
        self._orders.put(asked)

    def tell_connected(self, *, connected: bool) -> None:
        """Say whether the broker is reached: a run may be bounded without it."""
        self._orders.put(campaign.Connected(connected))

    def stop(self) -> None:
        """End the scan under way, switch the cell off and end the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S + 2.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with contextlib.closing(Outbox.open(self._home.outbox_path)) as outbox:
                    self._measure(Station(self._options, outbox))
            except OutboxError as error:
                self._say(SourceReport(0, None, str(error)))
                self._stopping.wait(RETRY_S)
            except Exception:
                logger.exception("Measuring failed; it goes on in %g s", RETRY_S)
                self._stopping.wait(RETRY_S)

    def _measure(self, station: Station) -> None:
        try:
            station.decide(self._connected)
            if self._session is not None:
                station.follow(self._session.document, allowed=self._session.allowed)
            while not self._stopping.is_set():
                self._follow_orders(station)
                if not station.turn():
                    self._stopping.wait(IDLE_S)
                self._say(station.report())
        finally:
            station.close()
            self._say(station.report())

    def _follow_orders(self, station: Station) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                match self._orders.get_nowait():
                    case _Session() as session:
                        self._session = session
                        station.follow(session.document, allowed=session.allowed)
                    case campaign.Connected() as connected:
                        self._connected = connected
                        station.decide(connected)
                    case asked:
                        self._report(SourceAnswer(asked, self._answer(station, asked)))

    def _answer(self, station: Station, asked: Asked) -> Payload:
        if isinstance(asked.payload, ListQuery):
            return ListReply(source_name=self._options.port, found=())
        if not isinstance(asked.payload, MeasureRequest):
            return _refused(
                "unavailable", "This agent measures on a line; there is no folder to look into."
            )
        if not self._allow_remote:
            return _refused(
                "forbidden",
                "This agent may not be started remotely. Start it with --allow-remote to allow "
                "that.",
            )
        return _measured(station, asked.payload)

    def _say(self, report: SourceReport) -> None:
        if report.taken or report != self._last:
            self._report(report)
        self._last = replace(report, taken=0)


def serial_source(
    make_options: Callable[[Home], StationOptions],
    *,
    allow_remote: bool,
    wish: Wish | None = None,
) -> SourceMaker:
    """An instrument as an agent's source."""

    def make(home: Home, report: Callable[[SourceEvent], None]) -> SerialSource:
        options = make_options(home)
        return SerialSource(options, home, report, allow_remote=allow_remote, wish=wish)

    return make


def _is_own(document: SessionDocument, granted: Granted | None) -> bool:
    return (
        granted is not None
        and granted.session_id == document.session_id
        and granted.wish.settings.source == document.settings.source
    )


def _measured(station: Station, request: MeasureRequest) -> Payload:
    """Begin a round at once where nothing is in its way."""
    run = station.run
    refused = run.refusal() or run.halted
    document = run.document
    meant = request.session_id
    if document is not None and meant not in (None, document.session_id):
        return _refused("conflict", "Another session is running by now; look at it first.")
    if refused is None and run.driver is None and run.scanning is None:
        refused = "The instrument is not ready; it is being looked for."
    number = run.position.number if run.position.scan == 0 else run.position.number + 1
    if refused is None and number * len(run.orders) > station.limits.max_scans:
        refused = refusal(run.orders, replace(station.limits, max_scans=0))
    if refused is not None or document is None:
        return _refused("unavailable", refused or "No session is running.")
    station.decide(campaign.Measure())
    return MeasureReply(session_id=document.session_id, number=number, scans=len(run.orders))


def _refused(kind: str, sentence: str) -> Problem:
    return Problem.model_validate({"type": kind, "title": "Not done", "detail": sentence})
