"""What a dashboard connection knows, and what its reducer asks the shell to do, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal, Self

from dashboard.journal import Journal
from dashboard.trend import Trend
from sacmes_core.payloads.alerts import Alert
from sacmes_core.payloads.common import Payload
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.presence import AgentPresence, AnalyzerPresence, ViewerPresence
from sacmes_core.payloads.results import Curves, Progress
from sacmes_core.payloads.session import SessionDocument
from sacmes_core.questions import Question

NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


def _nothing() -> Mapping[Any, Any]:
    return NOTHING


@dataclass(frozen=True, slots=True)
class Heard:
    """A retained presence as it was last heard.

    Attributes
    ----------
    heard_at
        Our clock when it came, in seconds since 1970.
    clock_lag_s
        How far the writer's clock is behind ours; known only from a message that was not
        retained, since a retained one may have waited.
    """

    presence: Any
    heard_at: float
    clock_lag_s: float = 0.0


@dataclass(frozen=True, slots=True)
class HeardAgent(Heard):
    """The presence of the agent."""

    presence: AgentPresence


@dataclass(frozen=True, slots=True)
class HeardAnalyzer(Heard):
    """The presence of an analyzer."""

    presence: AnalyzerPresence


@dataclass(frozen=True, slots=True)
class HeardViewer(Heard):
    """The presence of a dashboard connection."""

    presence: ViewerPresence


@dataclass(frozen=True, slots=True)
class Fetch:
    """A question to the analyzer that the reducer waits for.

    Attributes
    ----------
    after
        Position after which the next page begins; None for the first that is missing.
    after_index
        Index in its file of the scan after which it begins, where a page ended within a file.
    due_at
        When to ask: the end of the pause before asking, or of the wait for the answer.
    token
        Correlation data of the question that is open; 0 while the pause lasts.
    attempts
        How often it was asked without an answer.
    """

    due_at: float
    after: int | None = None
    after_index: int | None = None
    token: int = 0
    attempts: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class LiveState:
    """Everything that is known about one user at one moment; pages only read it.

    Attributes
    ----------
    link
        Where the connection to the broker stands, and in `link_reason` why.
    shown
        The trend on the screen.
    loading
        The same session's trend after a change of revision, until it is complete.
    history
        The open question for history, None when nothing is missing.
    refresh_at
        When to ask for history once more after a change of the settings, whose effect on the
        trend comes later than the document.
    missing_known
        How many positions were missing when history was last complete.
    curve_fetch
        Questions for the newest voltammograms: frequency to token, asked once a connection.
    marks
        The marks of the session; they are asked for at `marks_due_at`, and `marks_token` is the
        open question, 0 for none.
    last_result_at
        When the newest result came, by our clock, or was measured where that is earlier.
    intervals_s
        The last intervals between two results, for the judgement of "stale".
    """

    user_id: str
    link: Literal["connecting", "online", "offline", "refused"] = "connecting"
    link_reason: str = ""
    session: SessionDocument | None = None
    agent: HeardAgent | None = None
    analyzers: Mapping[str, HeardAnalyzer] = field(default_factory=_nothing)
    viewers: Mapping[str, HeardViewer] = field(default_factory=_nothing)
    shown: Trend | None = None
    loading: Trend | None = None
    history: Fetch | None = None
    history_problem: str | None = None
    refresh_at: tuple[float, ...] = ()
    missing_known: int = 0
    curves: Mapping[float | None, Curves] = field(default_factory=_nothing)
    curve_fetch: Mapping[float | None, int] = field(default_factory=_nothing)
    progress: Progress | None = None
    progress_at: float = 0.0
    alerts: tuple[Alert, ...] = ()
    marks: tuple[Mark, ...] = ()
    marks_due_at: float = 0.0
    marks_token: int = 0
    last_result_at: float | None = None
    intervals_s: tuple[float, ...] = ()
    next_token: int = 1
    counts: Mapping[str, int] = field(default_factory=_nothing)
    journal: Journal = field(default_factory=Journal)

    @property
    def newest_curves(self) -> Curves | None:
        """Those of the newest scan, whatever its frequency."""
        return max(self.curves.values(), key=lambda c: c.position, default=None)

    def count(self, name: str) -> int:
        """How often something was counted: malformed, late, duplicate, unasked."""
        return self.counts.get(name, 0)

    def counting(self, name: str) -> Self:
        """The state with one more of something counted."""
        return replace(self, counts={**self.counts, name: self.count(name) + 1})


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; nothing else happened."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Effect: ask the analyzer, with the token as correlation data."""

    question: Question
    payload: Payload
    token: int


Effect = Ask


def correlation(token: int) -> bytes:
    """The correlation data of the reducer's own questions."""
    return b"live-%d" % token
