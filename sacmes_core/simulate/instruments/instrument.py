"""What the simulated instruments share: time, what they say and when, and faults of the line."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sacmes_core.simulate.instruments.cell import Cell
from sacmes_core.simulate.instruments.faults import Fault, FaultPlan

STEPS_AT_ONCE: Final = 5_000
"""A script that loops without end gives way to the host after so many steps."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Say:
    """The instrument sends bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Mute:
    """For a while nothing is sent and nothing heard, and the measurement goes on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Unplug:
    """The plug is taken out and comes back; the instrument goes on without it."""

    seconds: float


Step = Wait | Say | Mute | Unplug
Effect = Say | Unplug
Steps = Generator[Step, None, None]


class Instrument(ABC):
    """An instrument on a line: `receive` what the host sends, `advance` to what it has to say.

    All times are those of the instrument, s, from any zero, and never go back.
    """

    def __init__(self, cell: Cell, plan: FaultPlan | None = None) -> None:
        self._cell = cell
        self._plan = plan or FaultPlan()
        self._steps: Steps | None = None
        self._due_s = 0.0
        self._muted_until_s = float("-inf")
        self._effects: list[Effect] = []

    @property
    @abstractmethod
    def cell_is_on(self) -> bool:
        """Whether a potential is applied to the electrodes."""

    @property
    @abstractmethod
    def potential_v(self) -> float:
        """The potential that is applied, or will be when the cell is switched on."""

    @property
    @abstractmethod
    def scans(self) -> int:
        """Scans that were begun."""

    @property
    def is_running(self) -> bool:
        """Whether a measurement is under way."""
        return self._steps is not None

    @property
    def due_s(self) -> float | None:
        """When there will be something to say, None while nothing happens by itself."""
        return None if self._steps is None else self._due_s

    def opened(self, now_s: float) -> None:  # noqa: B027
        """A host has opened the line; most instruments do not notice."""

    def receive(self, data: bytes, now_s: float) -> None:
        """Take bytes from the host."""
        if now_s >= self._muted_until_s:
            self._received(data, now_s)

    def advance(self, now_s: float) -> list[Effect]:
        """Do what is due by now and return what the host notices of it, in order."""
        for _ in range(STEPS_AT_ONCE):
            due_s = self.due_s
            if due_s is None or due_s > now_s:
                break
            self._pull()
        effects, self._effects = self._effects, []
        return effects

    @abstractmethod
    def _received(self, data: bytes, now_s: float) -> None:
        """Understand bytes from the host; answer with `_say`, measure with `_start`."""

    def _say(self, data: bytes) -> None:
        self._effects.append(Say(data))

    def _start(self, steps: Steps, now_s: float) -> None:
        self._steps, self._due_s = steps, now_s
        self._pull()

    def _interrupt(self, reason: Exception, now_s: float) -> None:
        """Raise an exception where the measurement stands."""
        if self._steps is None:
            return
        self._due_s = now_s
        steps = self._steps
        try:
            self._take(steps.throw(reason))
        except StopIteration:
            self._steps = None

    def _pull(self) -> None:
        if self._steps is None:
            return
        try:
            self._take(next(self._steps))
        except StopIteration:
            self._steps = None

    def _take(self, step: Step) -> None:
        match step:
            case Wait(seconds):
                self._due_s += seconds
            case Mute(seconds):
                self._muted_until_s = self._due_s + seconds
            case Say() if self._due_s < self._muted_until_s:
                pass
            case Say() | Unplug():
                self._effects.append(step)


def transmitted(line: bytes, faults: Iterable[Fault]) -> Iterator[Step]:
    """What becomes of a line on its way to the host."""
    for fault in faults:
        match fault.kind:
            case "slow":
                yield Wait(fault.duration_s)
            case "silence":
                yield Mute(fault.duration_s)
            case "cut":
                line = line[: len(line) // 2]
            case "drop":
                line = line[: len(line) // 2] + line[len(line) // 2 + 1 :]
            case "unplug":
                yield Say(line[: len(line) // 2])
                yield Unplug(fault.duration_s)
                line = line[len(line) // 2 :]
    yield Say(line)
