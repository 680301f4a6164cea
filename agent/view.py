"""What an agent looks like from outside, as one value, for a window or a line on the screen."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from agent.outbox import Outbox, RefusedUpload
from agent.problems import Problems
from sacmes_core.payloads.presence import AnalyzerPresence, UploadCounters
from sacmes_core.payloads.results import Result
from sacmes_core.payloads.session import SessionDocument


@dataclass(frozen=True, slots=True)
class AgentView:
    """The state of an agent at one moment.

    Attributes
    ----------
    problems
        Cause and sentence of each thing that needs a person, in the order they began.
    refusals
        What was refused for good, with its reason.
    last_file
        Name of the file that was taken last.
    result
        The newest numbers that came back from the analyzer.
    analyzers
        The analyzers that say they are online.
    """

    user_id: str
    source_name: str
    connected: bool = False
    session: SessionDocument | None = None
    counters: UploadCounters = field(default_factory=UploadCounters)
    problems: tuple[tuple[str, str], ...] = ()
    refusals: tuple[RefusedUpload, ...] = ()
    last_file: str | None = None
    result: Result | None = None
    analyzers: tuple[AnalyzerPresence, ...] = ()


class Onlooker:
    """Shows each new state of an agent to whoever wants to see it.

    Parameters
    ----------
    show
        Called in the agent's thread with each view that differs from the one before; None where
        nobody looks.
    """

    def __init__(self, show: Callable[[AgentView], None] | None, user_id: str, source: str) -> None:
        self._show = show
        self._view = AgentView(user_id, source)
        self._shown: AgentView | None = None

    @property
    def wanted(self) -> bool:
        """Whether anybody looks."""
        return self._show is not None

    def count(self, counters: UploadCounters, outbox: Outbox) -> None:
        """Note what was counted, and what stands behind the numbers where they changed."""
        if self.wanted and (self._shown is None or counters != self._view.counters):
            self._view = replace(
                self._view,
                counters=counters,
                refusals=outbox.refused(),
                last_file=outbox.last_file(),
            )

    def hear(self, result: Result) -> None:
        """Show numbers that came back, each of them."""
        self._view = replace(self._view, result=result)
        self._show_if_new()

    def look(
        self,
        *,
        connected: bool,
        session: SessionDocument | None,
        problems: Problems,
        analyzers: Iterable[AnalyzerPresence],
    ) -> None:
        """Show the agent as it is now, if that is new."""
        if not self.wanted:
            return
        self._view = replace(
            self._view,
            connected=connected,
            session=session,
            problems=problems.sentences,
            analyzers=tuple(one for one in analyzers if one.state == "online"),
        )
        self._show_if_new()

    def _show_if_new(self) -> None:
        if self._show is not None and self._view != self._shown:
            self._shown = self._view
            self._show(self._view)
