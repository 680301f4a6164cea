"""What can happen to the window, and what it can want done."""

from dataclasses import dataclass
from typing import Literal

from agent.settings import AgentSettings, Value
from agent.view import AgentView
from agent.window.record import LogLine
from sacmes_core.address import BrokerAddress

Entry = Literal["server", "key", "folder"]


@dataclass(frozen=True, slots=True)
class Order:
    """What the agent shall do."""

    address: BrokerAddress
    folder: str
    settings: AgentSettings


@dataclass(frozen=True, slots=True)
class HomeRead:
    """The home folder was read: who this agent is, what waits, and whether to connect at once.

    `consent` is the text that nobody agreed to yet; empty where there is nothing to agree to.
    """

    user_id: str
    waiting: int
    connect: bool = False
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """Something was typed."""

    entry: Entry
    text: str


@dataclass(frozen=True, slots=True)
class Pasted:
    """A connection string was put in."""

    text: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """The home folder now belongs to the user of this address."""

    address: BrokerAddress
    user_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Something that was asked for cannot be done; nothing was changed."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Copied:
    """The button beside the user_id was pressed."""


@dataclass(frozen=True, slots=True)
class ConnectAsked:
    """The agent shall run."""


@dataclass(frozen=True, slots=True)
class Consented:
    """The notice was answered."""

    accepted: bool


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The agent shall stop."""


@dataclass(frozen=True, slots=True)
class RetryAsked:
    """What was refused shall be sent again."""


@dataclass(frozen=True, slots=True)
class SettingsChosen:
    """The settings were changed."""

    settings: AgentSettings


@dataclass(frozen=True, slots=True)
class Viewed:
    """The agent looks like this now."""

    view: AgentView


@dataclass(frozen=True, slots=True)
class Ended:
    """The agent has stopped; `sentence` says why where nobody asked for it."""

    sentence: str | None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Logged:
    """Lines were logged."""

    lines: tuple[LogLine, ...]


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time went by; `wall_s` is the clock on the wall, which goes on while a computer sleeps."""

    wall_s: float


@dataclass(frozen=True, slots=True)
class QuitAsked:
    """The window shall close."""


@dataclass(frozen=True, slots=True)
class QuitConfirmed:
    """The window shall close although scans are waiting."""


Event = (
    HomeRead
    | Edited
    | Pasted
    | Adopted
    | Failed
    | Copied
    | ConnectAsked
    | Consented
    | StopAsked
    | RetryAsked
    | SettingsChosen
    | Viewed
    | Ended
    | Logged
    | Ticked
    | QuitAsked
    | QuitConfirmed
)


@dataclass(frozen=True, slots=True)
class Adopt:
    """Make the home folder belong to the user of this address."""

    address: BrokerAddress


@dataclass(frozen=True, slots=True)
class Copy:
    """Put a text on the clipboard."""

    text: str


@dataclass(frozen=True, slots=True)
class AskConsent:
    """Show the notice and wait for its answer."""

    text: str


@dataclass(frozen=True, slots=True)
class RememberConsent:
    """Keep that somebody agreed to this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep these lines in `settings.toml`."""

    changes: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Start:
    """Run the agent."""

    order: Order


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop the agent."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Send again what was refused."""


@dataclass(frozen=True, slots=True)
class AskQuit:
    """Ask whether to close all the same."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close the window."""


Effect = Adopt | Copy | AskConsent | RememberConsent | Keep | Start | Stop | Retry | AskQuit | Close
