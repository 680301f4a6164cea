"""Where scans come from, as the agent sees it: a watched folder, or an instrument on a line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from agent.home import Home
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.presence import MeasurementLimits
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.questions import Asked


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a source did and how it stands.

    Attributes
    ----------
    taken
        Scans that were decided on since the last report.
    source_problem, outbox_problem
        What needs a person; None while all is well.
    instrument, limits
        What is on the line and what it may do to a cell; nothing for a folder.
    """

    taken: int
    source_problem: str | None = None
    outbox_problem: str | None = None
    instrument: str = ""
    limits: MeasurementLimits | None = None


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """The answer to a viewer's question."""

    asked: Asked
    reply: Payload


SourceEvent = SourceReport | SourceAnswer


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What presence says of a source for as long as the agent runs."""

    kind: Literal["folder", "serial"]
    name: str
    remote_start: bool = False


class Source(Protocol):
    """A thread that takes scans into the outbox; its methods are called by the agent's thread."""

    @property
    def facts(self) -> SourceFacts:
        """What it is."""

    def start(self) -> None:
        """Begin; nothing is taken before `work_on`."""

    def work_on(self, document: SessionDocument) -> None:
        """Take scans for this session from now on."""

    def ask(self, asked: Asked) -> None:
        """Answer a viewer's question, in a `SourceAnswer`."""

    def tell_connected(self, *, connected: bool) -> None:
        """Say whether the broker is reached."""

    def stop(self) -> None:
        """End, leaving everything safe behind."""


SourceMaker = Callable[[Home, Callable[[SourceEvent], None]], Source]
"""Makes a source that takes scans for an open home and reports what happens."""
