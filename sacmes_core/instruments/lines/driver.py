"""Speaking with an instrument that prints lines, as its description says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from sacmes_core.formats.lined import NUMBER, SUSPECT_SHARE, LineReading
from sacmes_core.instruments.driver import (
    LOST,
    NEVER,
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
    Pending,
    Ready,
    Record,
    Swallow,
    Tick,
    Write,
)
from sacmes_core.instruments.limits import Limits
from sacmes_core.instruments.lines.description import GROUPS, Description, filled, words_of
from sacmes_core.instruments.orders import Order

Phase = Literal["closed", "resetting", "ready", "answering", "waiting", "data", "ending"]

READING_MAX: Final = 12_000
"""Longest text of a reading, in characters."""
NOT_BEGUN: Final = "The instrument did not begin the scan."
END_S: Final = 0.5
"""How long the rest of the line that ends a scan may take."""
ENDING_S: Final = 3.0
"""How long an instrument is silent once it has ended a scan that nobody waits for."""


@dataclass(frozen=True, slots=True)
class Lines:
    """One instrument.

    Attributes
    ----------
    order
        The scan under way.
    answered
        How many prompts of the dialogue are answered.
    consumed
        How much of what has come of a line belongs to prompts that are answered.
    line_number, data_line
        Lines of the recording, and which of them is the newest that is not empty; a lone return
        ends a line for who reads the recording.
    stretches
        First and last line of each stretch of data.
    numbers
        Which number of a data line is which quantity; None before the first.
    pending
        An end that has come without the end of its line.
    began
        A start that was heard while no scan was asked for.
    """

    description: Description
    phase: Phase = "closed"
    due_at: float = NEVER
    order: Order | None = None
    answered: int = 0
    consumed: int = 0
    line_number: int = 0
    data_line: int = 0
    stretches: tuple[tuple[int, int], ...] = ()
    numbers: Mapping[str, int] | None = None
    bad_lines: int = 0
    pending: bytes = b""
    began: bytes = b""

    @property
    def eol(self) -> bytes:
        """What ends its lines, as the description says."""
        return self.description.eol.encode("latin-1")

    @property
    def limits(self) -> Limits:
        """What the description says of them."""
        return self.description.bounds

    def refusal(self, orders: Sequence[Order]) -> str | None:
        """Why the instrument cannot measure these."""
        name = self.description.name
        if any(order.kind not in self.description.techniques for order in orders):
            known = ", ".join(self.description.techniques)
            return f"The {name} measures {known}, as its description says, and nothing else."
        frequencies = {order.frequency_hz for order in orders}
        if len(frequencies) > 1 and not self.description.is_told_frequency:
            return (
                f"The {name} cannot be told a frequency, so that one run has one alone; name the "
                "one that is set in it."
            )
        if orders[0].electrode is not None and not self.description.is_told_electrode:
            return f"The {name} has no multiplexer that could be switched; name no electrodes."
        return None

    def step(self, event: Event, now: float) -> tuple["Lines", tuple[Effect, ...]]:
        """The driver after an event, and what to do."""
        match event:
            case Opened():
                wait_s = self.description.reset_s
                return replace(Lines(self.description), phase="resetting", due_at=now + wait_s), ()
            case Closed():
                lost = _finished(self, LOST) if self.order else ()
                return Lines(self.description), lost
            case Line():
                return self._hear(event, now)
            case Pending(content) if self.phase == "answering":
                return _answer(self, content.decode("latin-1"), now)
            case Pending(content) if self.phase == "data":
                return _maybe_ended(self, content, now), ()
            case Begin(order) if self.phase == "ready":
                return self._begin(order, now)
            case Abort(reason) if self.order is not None:
                return _break_off(self, reason, now)
            case Tick() if now >= self.due_at:
                return self._overdue(now)
            case _:
                return self, ()

    def _begin(self, order: Order, now: float) -> tuple["Lines", tuple[Effect, ...]]:
        start = self.description.start
        began = replace(Lines(self.description), order=order, began=self.began)
        sent: tuple[Effect, ...] = ()
        if start.send:
            sent = (Write(filled(start.send, words_of(order))),)
        if start.dialogue:
            return replace(began, phase="answering", due_at=now + start.wait_s), sent
        if self.began and not start.send:
            # It starts by itself, and did so before this scan was asked for.
            heard = replace(began, phase="data", line_number=1, began=b"")
            return _wait(heard, now), (Record(self.began),)
        return _wait(replace(began, began=b""), now), sent

    def _hear(self, line: Line, now: float) -> tuple["Lines", tuple[Effect, ...]]:
        start = self.description.start
        if self.order is None:
            starts = start.line is not None and re.search(start.line, line.text) is not None
            return _idle(replace(self, began=line.content if starts else b""), line, now), ()
        before, lines = _returns(line.content), 0
        if line.content.endswith(self.eol):
            lines = 1 + line.content.removesuffix(b"\n").removesuffix(b"\r").count(b"\r")
        after = replace(
            self, line_number=self.line_number + lines, data_line=self.line_number + 1 + before
        )
        recorded = (Record(line.content),)
        if self.phase == "answering":
            answered, effects = _answer(after, line.text, now)
            return replace(answered, consumed=0), recorded + effects
        if self.phase == "waiting":
            assert start.line is not None
            begins = not line.overlong and re.search(start.line, line.text)
            return (_begun(after, now) if begins else after), recorded
        after, effects = _data(after, line, now)
        return after, recorded + effects

    def _overdue(self, now: float) -> tuple["Lines", tuple[Effect, ...]]:
        description = self.description
        if self.phase == "resetting":
            rested = replace(self, phase="ready", due_at=NEVER)
            woken = (
                (Write(description.start.wake.encode("latin-1")),) if description.start.wake else ()
            )
            stop = _plain_stop(description)
            return rested, (*stop, *woken, Ready(description.name))
        if self.phase == "ending":
            return replace(self, phase="ready", due_at=NEVER), (Ready(description.name),)
        if self.pending:
            ended, effects = _over(self, None)
            return ended, (Record(self.pending), Swallow(), *effects)
        if self.phase == "data" and description.end.idle_s is not None:
            return _over(self, None)
        # Opening the port anew resets most boards.
        reason = SILENT if self.phase == "data" else NOT_BEGUN
        broken, effects = _break_off(self, reason, now)
        return replace(broken, phase="closed", due_at=NEVER), (*effects, Failed(reason))


def _data(lines: Lines, line: Line, now: float) -> tuple[Lines, tuple[Effect, ...]]:
    description, text = lines.description, line.text
    after = _awake(lines, now)
    if line.overlong:
        return replace(after, bad_lines=lines.bad_lines + 1), ()
    if description.end.line is not None and re.search(description.end.line, text):
        return _over(after, None)
    starts = description.start.line
    if lines.stretches and starts is not None and re.search(starts, text):
        again, effects = _over(after, "The instrument began anew in the middle of the scan.")
        return replace(again, began=line.content), effects
    if not text.strip() or (
        description.data.comment and text.lstrip().startswith(description.data.comment)
    ):
        return after, ()
    numbers = _numbers(re.search(description.data.line, text), text)
    if numbers is not None and lines.numbers in (None, numbers):
        return _with_data_line(after, numbers), ()
    if description.data.ignore is not None and re.search(description.data.ignore, text):
        return after, ()
    return replace(after, bad_lines=lines.bad_lines + 1), ()


def _over(lines: Lines, reason: str | None) -> tuple[Lines, tuple[Effect, ...]]:
    """The instrument has ended the scan, with a reason if it is not whole."""
    rested = replace(Lines(lines.description), phase="ready")
    return rested, (*_finished(lines, reason), Ready(lines.description.name))


def _break_off(lines: Lines, reason: str, now: float) -> tuple[Lines, tuple[Effect, ...]]:
    """End the scan; an instrument that cannot be stopped is waited for."""
    text = lines.description.stop.send
    ending = replace(Lines(lines.description), phase="ending", due_at=now + ENDING_S)
    effects = _finished(lines, reason)
    if text and lines.order is not None:
        effects = (Write(filled(text, words_of(lines.order))), *effects, CellOff())
    return ending, effects


def _idle(lines: Lines, line: Line, now: float) -> Lines:
    """Wait until nothing more comes of a scan that was broken off."""
    if lines.phase != "ending":
        return lines
    end = lines.description.end.line
    ended = end is not None and re.search(end, line.text) is not None
    return replace(lines, due_at=now if ended else now + ENDING_S)


def _plain_stop(description: Description) -> tuple[Effect, ...]:
    """The stop of a scan that may be under way when the port is opened."""
    text = description.stop.send
    return (Write(text.encode("latin-1")), CellOff()) if text and "{" not in text else ()


def _answer(lines: Lines, heard: str, now: float) -> tuple[Lines, tuple[Effect, ...]]:
    """Answer the prompt that is next in the dialogue, once it is there."""
    dialogue = lines.description.start.dialogue
    answer = dialogue[lines.answered]
    if not re.search(answer.prompt, heard[lines.consumed :]):
        return lines, ()
    assert lines.order is not None
    answered = replace(lines, answered=lines.answered + 1, consumed=len(heard))
    sent = (Write(filled(answer.send, words_of(lines.order))),) if answer.send else ()
    if answered.answered < len(dialogue):
        return answered, sent
    return _wait(answered, now), sent


def _wait(lines: Lines, now: float) -> Lines:
    """Wait for the line that the data come after, or for the data themselves."""
    if lines.phase == "data" or lines.description.start.line is None:
        return _begun(lines, now)
    return replace(lines, phase="waiting", due_at=now + _patience_s(lines))


def _begun(lines: Lines, now: float) -> Lines:
    return _awake(replace(lines, phase="data"), now)


def _patience_s(lines: Lines) -> float:
    """How long the beginning is waited for: without an end where the instrument starts itself."""
    start = lines.description.start
    return start.wait_s if start.send or start.dialogue else NEVER


def _awake(lines: Lines, now: float) -> Lines:
    """Data may pause as long as the method explains, or until the scan counts as ended."""
    description, order = lines.description, lines.order
    assert order is not None
    explained_s = order.method.quiet_s + order.method.conditioning_s
    wait_s = (description.start.wait_s if lines.stretches else _patience_s(lines)) + explained_s
    if description.end.idle_s is not None and lines.stretches:
        wait_s = description.end.idle_s
    return replace(lines, due_at=now + wait_s, pending=b"")


def _maybe_ended(lines: Lines, content: bytes, now: float) -> Lines:
    """Some print the end of a scan without that of its line; the rest of it may be on its way."""
    end = lines.description.end.line
    if end is None or not re.search(end, content.decode("latin-1")):
        return _awake(lines, now) if lines.pending else lines
    return replace(lines, pending=content, due_at=now + END_S)


def _numbers(match: re.Match[str] | None, text: str) -> dict[str, int] | None:
    """Which numbers of a line the groups of its expression have found; None if they are none."""
    if match is None:
        return None
    places = {found.span(): k for k, found in enumerate(NUMBER.finditer(text), 1)}
    spans = {
        GROUPS[name]: match.span(name) for name in match.re.groupindex if match[name] is not None
    }
    if not all(span in places for span in spans.values()):
        return None
    return {name: places[span] for name, span in spans.items()}


def _returns(content: bytes) -> int:
    """Returns ahead of the text of a line."""
    return len(content) - len(content.lstrip(b"\r"))


def _with_data_line(lines: Lines, numbers: Mapping[str, int]) -> Lines:
    k = lines.data_line
    *before, last = lines.stretches or ((k, k - 1),)
    if last[1] == k - 1:
        return replace(lines, numbers=numbers, stretches=(*before, (last[0], k)))
    return replace(lines, numbers=numbers, stretches=(*lines.stretches, (k, k)))


def _finished(lines: Lines, reason: str | None) -> tuple[Effect, ...]:
    good = sum(last - first + 1 for first, last in lines.stretches)
    if lines.numbers is None or lines.order is None:
        reason = reason or "The instrument sent no line that its description calls data."
        return (Finished(False, reason),)
    reading = LineReading(
        technique=lines.order.kind,
        numbers=lines.numbers,
        lines=lines.stretches,
        bad_lines=lines.bad_lines,
        **lines.description.data.scales,
    )
    text = reading.to_text()
    if len(text) > READING_MAX:
        whole = ((lines.stretches[0][0], lines.stretches[-1][1]),)
        text = replace(reading, lines=whole, bad_lines=0).to_text()
    suspect = lines.bad_lines > SUSPECT_SHARE * (lines.bad_lines + good)
    warning = f"{lines.bad_lines} of {lines.bad_lines + good} lines of the scan cannot be read."
    return (Finished(reason is None, reason or (warning if suspect else None), reading=text),)
