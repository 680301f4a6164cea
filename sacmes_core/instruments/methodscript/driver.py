"""Speaking with a MethodSCRIPT instrument, as a value that takes events and returns effects.

At each opening the instrument is brought to rest first: what it measures is aborted, the cell
switched off, its kind asked for. A run-time error leaves the cell on, and so does a lost line:
both end with a script that does nothing but switch it off.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

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
from sacmes_core.instruments.methodscript.codes import error_sentence, is_error, is_hopeless
from sacmes_core.instruments.methodscript.devices import BOOT_LOADER, Device, device_of
from sacmes_core.instruments.methodscript.script import CELL_OFF, Multiplexer, script
from sacmes_core.instruments.orders import Order

Phase = Literal[
    "closed", "syncing", "draining", "pausing", "switching off", "identifying", "ready",
    "starting", "measuring", "aborting", "failed",
]  # fmt: skip

ABORT_S: Final = 5.0
PAUSE_S: Final = 0.1
"""An instrument that has answered with an error takes no command for 50 ms."""
TRIES: Final = 4
MISSING_SHARE: Final = 0.05
"""Points of a square wave, beside two, that may be missing: instruments round its ends."""

_LOOP: Final = re.compile(r"e?M[0-9A-F]{4}\s*")
_SCANS: Final = re.compile(r"C[0-9A-Fa-f]{4}")


@dataclass(frozen=True, slots=True)
class MethodScript:
    """One instrument.

    Attributes
    ----------
    tries
        How often what is awaited was asked for.
    echoed
        Whether the script that runs was accepted.
    order
        The scan under way.
    measured
        Whether a measurement loop of it came to its end.
    points
        Data packages of it that came.
    failure
        Why it will not be complete.
    """

    multiplexer: Multiplexer = "common"
    phase: Phase = "closed"
    due_at: float = NEVER
    tries: int = 0
    echoed: bool = False
    identity: str = ""
    device: Device | None = None
    order: Order | None = None
    measured: bool = False
    points: int = 0
    looping: bool = False
    failure: str | None = None

    @property
    def eol(self) -> bytes:
        """What ends its lines."""
        return b"\n"

    @property
    def limits(self) -> Limits:
        """The bounds of the kind of instrument; the narrowest before it is known."""
        return (self.device or device_of("")).limits

    def refusal(self, orders: Sequence[Order]) -> str | None:
        """Why the instrument cannot measure these."""
        device = self.device or device_of("")
        return next(filter(None, map(device.refusal, orders)), None)

    def step(self, event: Event, now: float) -> tuple["MethodScript", tuple[Effect, ...]]:
        """The driver after an event, and what to do."""
        match event:
            case Opened():
                fresh = MethodScript(self.multiplexer)
                return _ask(fresh, "syncing", b"\nZ\n", now)
            case Closed():
                lost = (Finished(False, self.failure or LOST),) if self.order else ()
                return MethodScript(self.multiplexer), lost
            case Line():
                return self._hear(event, now)
            case Begin(order) if self.phase == "ready":
                assert self.device is not None
                begun = replace(
                    self, order=order, measured=False, points=0, looping=False, failure=None
                )
                command = script(order, self.device, self.multiplexer)
                return _ask(begun, "starting", command, now)
            case Abort(reason) if self.phase in ("starting", "measuring"):
                return self._abort(reason, now)
            case Tick() if now >= self.due_at:
                return self._overdue(now)
            case _:
                return self, ()

    def _abort(self, reason: str, now: float) -> tuple["MethodScript", tuple[Effect, ...]]:
        failing = replace(self, failure=self.failure or reason)
        return _ask(failing, "aborting", b"Z\n", now)

    def _hear(self, line: Line, now: float) -> tuple["MethodScript", tuple[Effect, ...]]:
        if self.order is not None:
            after, effects = self._measuring(line, now)
            return after, (Record(line.content), *effects)
        text = line.text
        match self.phase:
            case "syncing" if text.startswith("Z!"):
                return _pause(self, now)
            case "syncing" if text == "Z":
                return replace(self, phase="draining", due_at=now + ABORT_S), ()
            case "draining" if text == "":
                return _pause(self, now)
            case "switching off" if text == "e":
                return replace(self, echoed=True), ()
            case "switching off" if is_error(text):
                return replace(self, due_at=now + PAUSE_S), ()
            case "switching off" if text == "" and self.echoed:
                return self._switched_off(now)
            case "identifying":
                return self._identify(text)
            case _:
                return self, ()

    def _switched_off(self, now: float) -> tuple["MethodScript", tuple[Effect, ...]]:
        if self.device is None:
            after, effects = _ask(self, "identifying", b"t\n", now)
        else:
            after, effects = _rest(self)
        return after, (CellOff(), *effects)

    def _identify(self, text: str) -> tuple["MethodScript", tuple[Effect, ...]]:
        """The answer has two lines: the type with its version, and one that ends with a star."""
        if text.startswith(f"t{BOOT_LOADER}"):
            return _fail(self, "The instrument waits for new firmware; load it with PSTrace.")
        if text.startswith("t") and "#" in text:
            device = device_of(text)
            words = f"{device.words}, firmware {text.removeprefix('t')}"
            return replace(self, device=device, identity=words), ()
        if self.device is not None and text.endswith("*"):
            return _rest(self)
        return self, ()

    def _measuring(self, line: Line, now: float) -> tuple["MethodScript", tuple[Effect, ...]]:
        """A line while a script runs; the empty one is its end."""
        if line.overlong:
            return self._quiet_until(now), ()
        text = line.text
        if is_error(text):
            # After an abort Z!0006 says that nothing runs any more.
            sentence = self.failure or error_sentence(text)
            return self._over(Finished(False, sentence, is_hopeless(text)), now)
        if text == "":
            return self._ended(now)
        return self._running(text, now), ()

    def _running(self, text: str, now: float) -> "MethodScript":
        after = self if self.phase == "aborting" else self._quiet_until(now)
        if text.startswith("e") and self.phase == "starting":
            after = replace(after, phase="measuring", echoed=True)
        if _LOOP.fullmatch(text) or _SCANS.fullmatch(text):
            return replace(after, looping=True)
        if text.startswith("P"):
            return replace(after, points=after.points + 1)
        if text == "*":
            return replace(after, looping=False, measured=True)
        return after

    def _quiet_until(self, now: float) -> "MethodScript":
        """Wait as long as the method may be silent."""
        if self.phase == "aborting" or self.order is None:
            return self
        order = self.order
        silent_s = order.method.conditioning_s + order.method.quiet_s + 2 / order.samples_per_s
        return replace(self, due_at=now + SILENCE_S + silent_s)

    def _ended(self, now: float) -> tuple["MethodScript", tuple[Effect, ...]]:
        if self.phase == "starting":
            return self, ()
        if self.failure is None and self.measured and not self.looping and self._missing:
            return self._over(Finished(False, self._missing), now)
        if self.failure is None and self.measured and not self.looping:
            rested, ready = _rest(replace(self, order=None))
            return rested, (Finished(True), *ready)
        sentence = self.failure or "The instrument ended the script before it had measured."
        return self._over(Finished(False, sentence), now)

    @property
    def _missing(self) -> str | None:
        """What is to be said of a square wave that lost points at its ends, where no gap shows."""
        if self.order is None or self.order.kind != "swv":
            return None
        wanted = self.order.method.swv.points
        if self.points >= wanted * (1 - MISSING_SHARE) - 2:
            return None
        return f"Only {self.points} of {wanted} points of the scan came; check the cable."

    def _over(self, finished: Finished, now: float) -> tuple["MethodScript", tuple[Effect, ...]]:
        """The scan is over but not whole; the cell is switched off whatever became of it."""
        after, effects = _pause(replace(self, order=None), now)
        return after, (finished, *effects)

    def _overdue(self, now: float) -> tuple["MethodScript", tuple[Effect, ...]]:
        match self.phase:
            case "syncing" if self.tries < TRIES:
                return _ask(self, "syncing", b"\nZ\n", now)
            case "draining":
                return _ask(self, "syncing", b"\nZ\n", now)
            case "pausing":
                return _ask(self, "switching off", CELL_OFF, now)
            case "switching off" if self.tries < TRIES:
                return _ask(self, "switching off", CELL_OFF, now)
            case "identifying" if self.tries < TRIES:
                return _ask(self, "identifying", b"t\n", now)
            case "starting" | "measuring":
                return self._abort(SILENT, now)
            case "aborting":
                return self._over(Finished(False, self.failure), now)
            case "switching off":
                return _fail(self, CELL_UNSURE)
            case _:
                return _fail(
                    self,
                    "The instrument does not answer; is it a MethodSCRIPT instrument, at this "
                    "port and baud rate, and does no other program use it?",
                )


def _ask(
    driver: MethodScript, phase: Phase, command: bytes, now: float
) -> tuple[MethodScript, tuple[Effect, ...]]:
    tries = driver.tries + 1 if phase == driver.phase else 1
    wait_s = ABORT_S if phase == "aborting" else ANSWER_S
    asked = replace(driver, phase=phase, due_at=now + wait_s, tries=tries, echoed=False)
    return asked, (Write(command),)


def _pause(driver: MethodScript, now: float) -> tuple[MethodScript, tuple[Effect, ...]]:
    """Let an error's time go by before the cell is switched off."""
    return replace(driver, phase="pausing", due_at=now + PAUSE_S, tries=0), ()


def _rest(driver: MethodScript) -> tuple[MethodScript, tuple[Effect, ...]]:
    rested = replace(driver, phase="ready", due_at=NEVER, tries=0)
    return rested, (Ready(driver.identity),)


def _fail(driver: MethodScript, sentence: str) -> tuple[MethodScript, tuple[Effect, ...]]:
    return replace(driver, phase="failed", due_at=NEVER), (Failed(sentence),)
