"""What a driver hears and what it wants done: the vocabulary that all instruments share.

A driver is a value. `step` takes what happened and the time and returns the driver afterwards with
its effects, in the order in which they are to be performed. It opens no port and asks no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

from sacmes_core.instruments.limits import Limits
from sacmes_core.instruments.orders import Order

NEVER: Final = float("inf")
ANSWER_S: Final = 2.0
"""How long an instrument may take to answer a command."""
SILENCE_S: Final = 10.0
"""How long it may be silent in a scan beyond what the method explains."""
LOST: Final = "The line to the instrument was lost in the middle of the scan."
SILENT: Final = "The instrument fell silent in the middle of the scan."
CELL_UNSURE: Final = (
    "The instrument does not confirm that the cell is off. Look after the cell: disconnect it, or "
    "unplug the instrument."
)


@dataclass(frozen=True, slots=True)
class Opened:
    """The port is open; nothing is known of the instrument, which may be measuring."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The port is gone."""


@dataclass(frozen=True, slots=True)
class Line:
    """A whole line with its end.

    Attributes
    ----------
    overlong
        Whether it is longer than any line that is understood, or a part of such a one.
    """

    content: bytes
    overlong: bool = False

    @property
    def text(self) -> str:
        """The line without its end; blanks stay, since they may mean something."""
        return self.content.decode("ascii", "replace").strip("\r\n")


@dataclass(frozen=True, slots=True)
class Pending:
    """What has come of a line that has no end yet: a prompt, or the middle of a line."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Begin:
    """Measure one scan; only to a driver that said `Ready`."""

    order: Order


@dataclass(frozen=True, slots=True)
class Abort:
    """End what is measured and switch the cell off; the reason is kept with the scan."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by."""


Event = Opened | Closed | Line | Pending | Begin | Abort | Tick


@dataclass(frozen=True, slots=True)
class Write:
    """Send these bytes."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """The instrument is there, its cell is off, and it can measure."""

    identity: str


@dataclass(frozen=True, slots=True)
class Record:
    """These bytes of the instrument belong to the scan under way."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Swallow:
    """What is pending counts as a line: it was recorded, and its end is not waited for."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The scan under way is over, and its recording whole.

    Attributes
    ----------
    complete
        Whether the instrument came to the end of it.
    reason
        Why it did not, or what is to be said of it otherwise.
    hopeless
        Whether the same method would fail again, so that the run is not gone on with.
    reading
        How the lines of the recording are to be read where their form is not known by itself.
    """

    complete: bool
    reason: str | None = None
    hopeless: bool = False
    reading: str | None = None


@dataclass(frozen=True, slots=True)
class CellOff:
    """The instrument has confirmed that the cell is off."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The instrument cannot be used at the moment; the port is to be opened anew."""

    sentence: str


Effect = Write | Ready | Record | Swallow | Finished | CellOff | Failed


class Driver(Protocol):
    """How one kind of instrument is spoken to."""

    @property
    def eol(self) -> bytes:
        """What ends the instrument's lines."""

    @property
    def due_at(self) -> float:
        """When a `Tick` is needed at the latest."""

    @property
    def limits(self) -> Limits:
        """What the instrument itself can do, as far as is known of it."""

    def refusal(self, orders: Sequence[Order]) -> str | None:
        """Why the instrument cannot measure the scans of a round; None if it can."""

    def step(self, event: Event, now: float) -> tuple[Self, tuple[Effect, ...]]:
        """The driver after an event, and what to do."""
