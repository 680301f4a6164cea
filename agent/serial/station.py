"""An instrument on its port, and the run that is measured on it; performs what is decided.

The drivers and the campaign of `sacmes_core.instruments` say what to do; here it is done.
"""

import logging
import random
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from agent.database import OutboxError
from agent.outbox import Outbox
from agent.recordings import Label, Recordings, keep_position, kept_position
from agent.serial.port import Port, PortError, open_port
from agent.source import SourceReport
from sacmes_core.instruments import campaign, driver
from sacmes_core.instruments.campaign import Campaign, first_number
from sacmes_core.instruments.conversation import Conversation, Received
from sacmes_core.instruments.driver import Driver, Finished
from sacmes_core.instruments.limits import Limits
from sacmes_core.instruments.orders import Order, Position
from sacmes_core.payloads.presence import MeasurementLimits
from sacmes_core.payloads.session import SessionDocument

logger = logging.getLogger(__name__)

BACK_OFF_FIRST_S: Final = 1.0
BACK_OFF_MAX_S: Final = 30.0
RETRY_S: Final = 5.0
STOP_S: Final = 12.0
"""How long an instrument may take to come to rest when the agent ends."""


@dataclass(frozen=True, slots=True)
class StationOptions:
    """The port, how its instrument is spoken to, and what may be done to a cell.

    Attributes
    ----------
    fresh
        The driver before the port is open.
    bauds
        Rates to try in turn.
    recordings
        Folder of the recordings.
    """

    port: str
    fresh: Driver
    bauds: tuple[int, ...]
    limits: Limits
    user_id: str
    recordings: Path
    stop_after_offline_s: float = driver.NEVER
    flow_control: bool = False


class Station:
    """Lives in one thread; the owner calls `turn` again and again, and `close` at the end."""

    def __init__(self, options: StationOptions, outbox: Outbox) -> None:
        self._options = options
        self._outbox = outbox
        self._conversation = Conversation(options.fresh)
        self._campaign = Campaign(options.limits, options.stop_after_offline_s)
        self._judged: Campaign | None = None
        self._due_at = driver.NEVER
        self._problem: str | None = None
        self._said_limits: Limits | None = None
        self._measurement_limits: MeasurementLimits | None = None
        self._port: Port | None = None
        self._baud = 0
        self._failures = 0
        self._reopen_at = float("-inf")
        self._hold_until = float("-inf")
        self._recordings: Recordings | None = None
        self._untaken: deque[tuple[Recordings, Label]] = deque()
        self._identity = ""
        self._at_rest = False
        self._port_problem: str | None = None
        self._disk_problem: str | None = None
        self._taken = 0

    @property
    def run(self) -> Campaign:
        """The run, for those who ask."""
        return self._campaign

    @property
    def limits(self) -> Limits:
        """What the agent and the instrument both allow."""
        mine, its = self._options.limits, self._conversation.driver.limits
        return Limits(
            max(mine.min_v, its.min_v),
            min(mine.max_v, its.max_v),
            min(mine.max_current_a, its.max_current_a),
            min(mine.max_scans, its.max_scans),
            min(mine.max_duration_s, its.max_duration_s),
        )

    def report(self) -> SourceReport:
        """How it stands, and how many scans were taken since the last report."""
        taken, self._taken = self._taken, 0
        self._judge()
        sentences = (self._port_problem, self._problem)
        if (limits := self.limits) != self._said_limits:
            self._said_limits = limits
            self._measurement_limits = MeasurementLimits(**asdict(limits))
        return SourceReport(
            taken,
            " ".join(filter(None, sentences)) or None,
            self._disk_problem,
            self._identity,
            self._measurement_limits,
        )

    def follow(self, document: SessionDocument, *, allowed: bool) -> None:
        """Measure for this session from now on, where its method may be run.

        Raises
        ------
        OutboxError
            If the outbox cannot be read.
        """
        now = time.monotonic()
        position = None
        before = self._campaign.document
        if before is None or before.session_id != document.session_id:
            position = self._resume(document)
        if self._campaign.scanning is None:
            self._recordings = Recordings(self._options.recordings, document)
        self._decide(campaign.Follow(document, allowed, position), now)

    def decide(self, event: campaign.Event) -> None:
        """Let the run know of something."""
        self._decide(event, time.monotonic())

    def turn(self) -> bool:
        """Hear the instrument and do what is due; whether anything was waited for on a port."""
        now = time.monotonic()
        self._take(now)
        if self._port is None and now >= self._reopen_at:
            self._open(now)
        if self._port is not None:
            self._listen(self._port)
        now = time.monotonic()
        self._conversation, effects = self._conversation.tick(now)
        self._perform(effects, now)
        ready = self._at_rest and now >= self._hold_until
        if ready and self._campaign.driver is None and self._campaign.scanning is None:
            self._decide(campaign.Present(self._conversation.driver), now)
        self._judge()
        if now >= self._due_at:
            self._decide(campaign.Tick(), now)
        return self._port is not None

    def close(self) -> None:
        """Bring the instrument to rest, as far as it can be reached, and let the port go."""
        until = time.monotonic() + STOP_S
        self._tell(driver.Abort("The agent was stopped."), time.monotonic())
        while self._port is not None and not self._at_rest and time.monotonic() < until:
            self._listen(self._port)
            now = time.monotonic()
            self._conversation, effects = self._conversation.tick(now)
            self._perform(effects, now)
        if self._campaign.scanning is not None:
            self._lose(time.monotonic())
        if self._port is not None:
            self._port.close()
            self._port = None
        self._take(time.monotonic())

    def _judge(self) -> None:
        """Work out what follows from the run, which takes a check of its whole method."""
        if self._judged is not self._campaign:
            self._judged = self._campaign
            self._due_at, self._problem = self._campaign.due_at, self._campaign.problem

    def _resume(self, document: SessionDocument) -> Position:
        """The scan to go on with; what an earlier run left on the disk is taken first."""
        self._outbox.forget_sessions(document.session_id)
        known = {file for file, _ in self._outbox.sightings(document.session_id)}
        noted = kept_position(self._outbox, document.session_id)
        recordings = Recordings(self._options.recordings, document)
        last = first_number(document) - 1
        # A scan's place is noted before it begins: what the outbox knows comes before that place.
        for label in recordings.left_behind(frozenset() if noted is None else known):
            last = max(last, label.number)
            if label.file not in known:
                self._untaken.append((recordings, label))
        if noted is None or noted.number < last or noted == Position(last):
            return Position(last + 1)
        return noted

    def _open(self, now: float) -> None:
        options = self._options
        baud = options.bauds[self._baud % len(options.bauds)]
        try:
            self._port = open_port(options.port, baud, flow_control=options.flow_control)
        except PortError as error:
            self._wait_to_reopen(str(error), now)
            return
        logger.info("Opened %s at %d baud", options.port, baud)
        self._tell(driver.Opened(), now)

    def _wait_to_reopen(self, sentence: str, now: float) -> None:
        self._port_problem = sentence
        wait_s = min(BACK_OFF_MAX_S, BACK_OFF_FIRST_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._reopen_at = now + wait_s * random.uniform(0.8, 1.0)

    def _listen(self, port: Port) -> None:
        try:
            content = port.read()
        except PortError as error:
            self._drop(str(error))
            return
        if content:
            now = time.monotonic()
            self._conversation, effects = self._conversation.step(Received(content), now)
            self._perform(effects, now)

    def _drop(self, sentence: str) -> None:
        """Let the port go, and tell everybody that depends on it."""
        now = time.monotonic()
        logger.warning("%s", sentence)
        if self._port is not None:
            self._port.close()
            self._port = None
        self._wait_to_reopen(sentence, now)
        self._lose(now)

    def _lose(self, now: float) -> None:
        self._at_rest = False
        self._tell(driver.Closed(), now)
        self._decide(campaign.Absent(), now)

    def _tell(self, event: driver.Event, now: float) -> None:
        self._conversation, effects = self._conversation.step(event, now)
        self._perform(effects, now)

    def _perform(self, effects: tuple[driver.Effect, ...], now: float) -> None:
        for effect in effects:
            match effect:
                case driver.Write(content):
                    self._write(content)
                case driver.Record(content):
                    self._record(content, now)
                case driver.Finished() as finished:
                    self._finish(finished, now)
                case driver.Ready(identity):
                    self._ready(identity)
                case driver.CellOff():
                    logger.debug("The cell is off")
                case driver.Failed(sentence):
                    self._baud += 1
                    self._drop(sentence)

    def _write(self, content: bytes) -> None:
        if self._port is None:
            return
        self._at_rest = False
        try:
            self._port.write(content)
        except PortError as error:
            self._drop(str(error))

    def _ready(self, identity: str) -> None:
        self._at_rest = True
        self._failures = 0
        self._port_problem = None
        if identity != self._identity:
            logger.info("%s at %s", identity, self._options.port)
        self._identity = identity

    def _record(self, content: bytes, now: float) -> None:
        if self._recordings is None:
            return
        try:
            self._recordings.append(content)
        except OSError as error:
            self._disk_problem = _disk_sentence(error)
            self._tell(driver.Abort(self._disk_problem), now)

    def _finish(self, finished: Finished, now: float) -> None:
        if finished.reason is not None:
            logger.warning("%s", finished.reason)
        if self._recordings is not None:
            try:
                label = self._recordings.finish(finished)
            except OSError as error:
                self._disk_problem = _disk_sentence(error)
            else:
                if label is not None:
                    self._untaken.append((self._recordings, label))
                    self._take(now)
        self._decide(campaign.Ended(finished), now)
        document = self._campaign.document
        if document is not None and self._campaign.scanning is None:
            self._recordings = Recordings(self._options.recordings, document)

    def _take(self, now: float) -> None:
        """Put finished recordings into the outbox, in the order they were made."""
        if not self._untaken or now < self._hold_until:
            return
        try:
            while self._untaken:
                recordings, label = self._untaken[0]
                self._outbox.add([recordings.taken(label, self._options.user_id)])
                self._untaken.popleft()
                self._taken += 1
                logger.info("Taken: %s", label.file)
            self._disk_problem = None
        except (OutboxError, OSError) as error:
            self._disk_problem = _disk_sentence(error, reading=self._untaken[0][1].file)
            self._hold_until = now + RETRY_S

    def _decide(self, event: campaign.Event, now: float) -> None:
        self._campaign, effects = campaign.step(self._campaign, event, now)
        for effect in effects:
            match effect:
                case campaign.Start(order, after):
                    self._start(order, after, now)
                case campaign.Stop(reason):
                    logger.info("%s", reason)
                    self._tell(driver.Abort(reason), now)

    def _start(self, order: Order, after: Position, now: float) -> None:
        document = self._campaign.document
        assert document is not None
        assert self._recordings is not None
        try:
            keep_position(self._outbox, document.session_id, after)
            self._recordings.begin(order, self._identity)
        except (OutboxError, OSError) as error:
            self._disk_problem = _disk_sentence(error)
            self._hold_until = now + RETRY_S
            self._decide(campaign.Ended(Finished(False, None)), now)
            return
        logger.debug("Measuring %s", order.name)
        self._tell(driver.Begin(order), now)


def _disk_sentence(error: OutboxError | OSError, *, reading: str | None = None) -> str:
    """Why a recording is not kept; `reading` names the one that was to be read, not written."""
    if isinstance(error, OutboxError):
        return str(error)
    why = error.strerror or error
    if reading is not None:
        return (
            f"The recording {reading} cannot be read from the agent's disk ({why}); put it back, "
            "or check who may read it. Nothing is measured until it can be read."
        )
    return (
        f"The agent's disk does not take the recording ({why}); make room. "
        "Nothing is measured until it does."
    )
