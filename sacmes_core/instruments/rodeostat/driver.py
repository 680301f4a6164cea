"""Speaking with a Rodeostat: each command waits for the answer to the one before."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from sacmes_core.instruments.driver import (
    ANSWER_S,
    CELL_UNSURE,
    LOST,
    NEVER,
    SILENCE_S,
    SILENT,
    Abort,
    Begin,
    CellOff,
    Closed,
    Effect,
    Event,
    Failed,
    Finished,
    Line,
    Opened,
    Ready,
    Record,
    Tick,
    Write,
)
from sacmes_core.instruments.limits import Limits
from sacmes_core.instruments.orders import Order
from sacmes_core.instruments.rodeostat.commands import (
    IDENTIFY,
    REST,
    STOP,
    Command,
    commands_of,
    ranges_of,
    refusal,
)

Phase = Literal[
    "closed", "resetting", "resting", "identifying", "ready", "preparing", "measuring",
    "stopping", "failed",
]  # fmt: skip

RESET_S: Final = 2.0
"""Opening the port may reset the board."""
STOP_S: Final = 5.0
TRIES: Final = 3
_NO_ANSWER: Final = (
    "The instrument does not answer; is it a Rodeostat, at this port, and does no other program "
    "use it?"
)
WINDOW_V: Final = 10.0
LIMITED: Final = "The current went beyond the range at some points; choose a larger current range."


@dataclass(frozen=True, slots=True)
class Rodeostat:
    """One instrument.

    Attributes
    ----------
    queue
        Commands to be sent; the first of them waits for its answer.
    known
        Whether version and variant were asked for.
    limited
        Whether the instrument has marked points of the scan as beyond the range.
    """

    phase: Phase = "closed"
    due_at: float = NEVER
    queue: tuple[Command, ...] = ()
    tries: int = 0
    known: bool = False
    version: str = ""
    variant: str = ""
    order: Order | None = None
    limited: bool = False
    failure: str | None = None

    @property
    def identity(self) -> str:
        """The instrument in words."""
        return f"Rodeostat {self.variant}, firmware {self.version}".replace(" ,", ",")

    @property
    def eol(self) -> bytes:
        """What ends its lines."""
        return b"\n"

    @property
    def limits(self) -> Limits:
        """The bounds of the board."""
        return Limits(-WINDOW_V, WINDOW_V, max(ranges_of(self.variant).values()))

    def refusal(self, orders: Sequence[Order]) -> str | None:
        """Why it cannot measure these."""
        return refusal(orders, self.variant)

    def step(self, event: Event, now: float) -> tuple["Rodeostat", tuple[Effect, ...]]:
        """The driver after an event, and what to do."""
        match event:
            case Opened():
                return Rodeostat("resetting", now + RESET_S), ()
            case Closed():
                lost = (Finished(False, self.failure or LOST),) if self.order else ()
                return Rodeostat(), lost
            case Line() if self.order is not None:
                after, effects = self._measuring(event, now)
                return after, (Record(event.content), *effects)
            case Line():
                return self._hear(_message(event), now)
            case Begin(order) if self.phase == "ready":
                begun = replace(self, order=order, limited=False, failure=None)
                return _send(begun, "preparing", commands_of(order, self.variant), now)
            case Abort(reason) if self.phase in ("preparing", "measuring"):
                failing = replace(self, failure=self.failure or reason)
                return _send(failing, "stopping", (STOP,), now)
            case Tick() if now >= self.due_at:
                return self._overdue(now)
            case _:
                return self, ()

    def _hear(
        self, message: dict[str, Any] | None, now: float
    ) -> tuple["Rodeostat", tuple[Effect, ...]]:
        """A line while nothing is measured."""
        if message is None or not self.queue or not _answers(message, self.queue[0]):
            return self, ()
        named = _named(message)
        version, variant = named.get("version", self.version), named.get("variant", self.variant)
        heard = replace(self, version=version, variant=variant)
        return _next(heard, succeeded=message.get("success") is True, now=now)

    def _measuring(self, line: Line, now: float) -> tuple["Rodeostat", tuple[Effect, ...]]:
        message = None if line.overlong else _message(line)
        if message is None:
            return self, ()
        if self.phase == "measuring":
            if message == {}:
                return _over(self, Finished(True, LIMITED if self.limited else None), now)
            if message.get("success") is False:
                said = str(message.get("message", ""))[:200] or "it gives no reason"
                return _over(self, Finished(False, f"The Rodeostat stopped: {said}."), now)
            limited = self.limited or message.get("le") is True
            return replace(_awake(self, now), limited=limited), ()
        if self.phase == "stopping":
            ended = message == {} or _answers(message, STOP)
            return _over(self, Finished(False, self.failure), now) if ended else (self, ())
        command = self.queue[0]
        if not _answers(message, command):
            return self, ()
        if message.get("success") is not True and command.required:
            said = str(message.get("message", ""))[:200]
            sentence = f"The Rodeostat refuses {command.name}: {said or 'it gives no reason'}."
            return _over(self, Finished(False, sentence, hopeless=True), now)
        return _next(self, succeeded=message.get("success") is True, now=now)

    def _overdue(self, now: float) -> tuple["Rodeostat", tuple[Effect, ...]]:
        match self.phase:
            case "resetting":
                return _send(self, "resting", REST, now)
            case "measuring" | "preparing":
                return _send(replace(self, failure=SILENT), "stopping", (STOP,), now)
            case "stopping":
                return _over(self, Finished(False, self.failure), now)
            case _ if self.tries < TRIES:
                again = replace(self, tries=self.tries + 1, due_at=now + ANSWER_S)
                return again, (Write(self.queue[0].line),)
            case _:
                unsure = self.phase == "resting" and self.known
                failed = replace(self, phase="failed", due_at=NEVER, queue=())
                return failed, (Failed(CELL_UNSURE if unsure else _NO_ANSWER),)


def _send(
    rodeostat: Rodeostat, phase: Phase, commands: tuple[Command, ...], now: float
) -> tuple[Rodeostat, tuple[Effect, ...]]:
    wait_s = STOP_S if phase == "stopping" else ANSWER_S
    sent = replace(rodeostat, phase=phase, queue=commands, tries=1, due_at=now + wait_s)
    return sent, (Write(commands[0].line),)


def _next(
    rodeostat: Rodeostat, *, succeeded: bool, now: float
) -> tuple[Rodeostat, tuple[Effect, ...]]:
    """Go on after an answer: with the next command, or with what the commands were for."""
    done, *rest = rodeostat.queue
    if not succeeded and done.otherwise is not None:
        rest = [done.otherwise, *rest]
    if rest:
        return _send(rodeostat, rodeostat.phase, tuple(rest), now)
    idle = replace(rodeostat, queue=())
    if rodeostat.phase == "preparing":
        return _awake(replace(idle, phase="measuring"), now), ()
    if rodeostat.phase == "resting" and not rodeostat.known:
        asking, effects = _send(replace(idle, known=True), "identifying", IDENTIFY, now)
        return asking, (CellOff(), *effects)
    off = (CellOff(),) if rodeostat.phase == "resting" else ()
    rested = replace(idle, phase="ready", due_at=NEVER)
    return rested, (*off, Ready(rested.identity))


def _over(
    rodeostat: Rodeostat, finished: Finished, now: float
) -> tuple[Rodeostat, tuple[Effect, ...]]:
    """The scan is over; the cell is switched off whatever became of it."""
    after, effects = _send(replace(rodeostat, order=None), "resting", REST, now)
    return after, (finished, *effects)


def _awake(rodeostat: Rodeostat, now: float) -> Rodeostat:
    """Samples may pause as long as the method explains."""
    assert rodeostat.order is not None
    silent_s = rodeostat.order.method.quiet_s + 2 / rodeostat.order.samples_per_s
    return replace(rodeostat, due_at=now + SILENCE_S + silent_s)


def _message(line: Line) -> dict[str, Any] | None:
    try:
        message = json.loads(line.text)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def _answers(message: dict[str, Any], command: Command) -> bool:
    """Whether a message is the answer to a command; a refusal does not say to which."""
    if "success" not in message:
        return False
    response = message.get("response")
    named = response.get("command") if isinstance(response, dict) else None
    return named in (None, command.name)


def _named(message: dict[str, Any]) -> dict[str, str]:
    response = message.get("response")
    if not isinstance(response, dict):
        return {}
    return {key: str(response[key])[:60] for key in ("version", "variant") if key in response}
