"""What the window knows, as a reducer: what is typed, what the agent shows, what is to be done."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from agent.settings import AgentSettings, Value
from agent.view import AgentView
from agent.window.events import (
    Adopt,
    Adopted,
    AskConsent,
    AskQuit,
    Close,
    ConnectAsked,
    Consented,
    Copied,
    Copy,
    Edited,
    Effect,
    Ended,
    Event,
    Failed,
    HomeRead,
    Keep,
    Logged,
    Order,
    Pasted,
    QuitAsked,
    QuitConfirmed,
    RememberConsent,
    Retry,
    RetryAsked,
    SettingsChosen,
    Start,
    Stop,
    StopAsked,
    Ticked,
    Viewed,
)
from agent.window.record import LogLine, Record, heard
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError

COPIED_S: Final = 2.0
SLEPT_S: Final = 60.0
"""Ticks come many times a second; a gap this long means that the computer slept."""
LOG_MAX: Final = 500

Phase = Literal["stopped", "starting", "running", "stopping"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is typed.

    Attributes
    ----------
    ca_pem, ca_host
        Certificate of a private authority from a connection string, and the host it came for.
    """

    server: str = ""
    key: str = field(default="", repr=False)
    folder: str = ""
    ca_pem: str | None = field(default=None, repr=False)
    ca_host: str = ""

    def address(self, user_id: str) -> BrokerAddress:
        """The broker that is typed, with the credentials to use there.

        Raises
        ------
        ConfigError
            If it is no address.
        """
        text = self.server.strip()
        typed = BrokerAddress.parse(text if "://" in text else f"mqtts://{text}")
        if typed.ca_pem is None and self.ca_pem and typed.host == self.ca_host:
            typed = replace(typed, ca_pem=self.ca_pem)
        return typed.as_user(typed.username or user_id, typed.key or self.key or None)

    def without_user(self, user_id: str) -> "Draft":
        """The same, without the username in the server's address where it is this one."""
        try:
            address = BrokerAddress.parse(self.server)
        except ConfigError:
            return self
        return replace(self, server=str(address)) if address.username == user_id else self

    def of(self, address: BrokerAddress) -> "Draft":
        """The same folder with another broker; a key or certificate it lacks stays if it fits."""
        kept = self.ca_pem if address.host == self.ca_host else None
        ca_pem = address.ca_pem or kept
        return replace(
            self,
            server=str(address),
            key=address.key or self.key,
            ca_pem=ca_pem,
            ca_host=address.host if ca_pem else "",
        )


@dataclass(frozen=True, slots=True)
class Window:
    """The state of the window.

    Attributes
    ----------
    waiting
        Scans in the outbox when no agent ran last.
    ended
        Why the agent ended by itself; None where it was asked to, or runs.
    notice
        What went wrong with what was typed.
    connect_next
        Whether to connect as soon as the user_id of the address is adopted.
    was_connected
        Whether the present run has reached the broker.
    connected_at
        When the present connection began.
    closing
        Whether the window closes once the agent has stopped.
    """

    user_id: str = ""
    waiting: int = 0
    draft: Draft = Draft()
    settings: AgentSettings = field(default_factory=AgentSettings)
    consent: str = ""
    phase: Phase = "stopped"
    view: AgentView | None = None
    record: Record = field(default_factory=Record)
    ended: str | None = None
    notice: str | None = None
    connect_next: bool = False
    was_connected: bool = False
    connected_at: float = float("-inf")
    copied_until: float = float("-inf")
    ticked_at_s: float | None = None
    log: tuple[LogLine, ...] = ()
    closing: bool = False


Step = tuple[Window, tuple[Effect, ...]]


def step(state: Window, event: Event, now: float) -> Step:
    """The window after an event, and what to do."""
    match event:
        case Viewed() | Ended() | Logged() | Ticked():
            return _happened(state, event, now)
        case HomeRead() | Pasted() | Edited() | Adopted() | Failed() | SettingsChosen():
            return _filled_in(state, event)
        case Copied():
            return replace(state, copied_until=now + COPIED_S), (Copy(state.user_id),)
        case RetryAsked():
            return state, (Retry(),)
        case ConnectAsked():
            return _connect(state)
        case Consented(accepted):
            return _consented(state, accepted=accepted)
        case StopAsked():
            if state.phase in ("starting", "running"):
                return replace(state, phase="stopping"), (Stop(),)
            return state, ()
        case QuitAsked() | QuitConfirmed():
            return _quit(state, confirmed=isinstance(event, QuitConfirmed))


def waiting(state: Window) -> int:
    """Scans that are not sent yet, as far as the window knows."""
    runs = state.phase != "stopped" and state.view is not None
    return state.view.counters.waiting if runs and state.view is not None else state.waiting


def settings_lines(settings: AgentSettings) -> tuple[tuple[str, Value], ...]:
    """The lines of `settings.toml` for what the dialogue can change; a usual value needs none."""
    usual = AgentSettings()
    names = tuple(AgentSettings.model_fields.keys() - {"folder", "consent"})
    return tuple(
        (name, value if (value := getattr(settings, name)) != getattr(usual, name) else None)
        for name in sorted(names)
    )


def _happened(state: Window, event: Viewed | Ended | Logged | Ticked, now: float) -> Step:
    match event:
        case Viewed(view):
            before = state.view is not None and state.view.connected
            return replace(
                state,
                user_id=view.user_id,
                view=view,
                record=heard(state.record, view),
                phase="running" if state.phase == "starting" else state.phase,
                was_connected=state.was_connected or view.connected,
                connected_at=state.connected_at if before or not view.connected else now,
            ), ()
        case Ended(sentence, left):
            state = replace(state, phase="stopped", ended=sentence, waiting=left)
            return state, (Close(),) if state.closing else ()
        case Logged(lines):
            return _logged(state, *lines), ()
        case Ticked(wall_s):
            return _ticked(state, wall_s), ()


def _ticked(state: Window, wall_s: float) -> Window:
    before, state = state.ticked_at_s, replace(state, ticked_at_s=wall_s)
    if before is None or wall_s - before < SLEPT_S:
        return state
    minutes = round((wall_s - before) / 60)
    text = f"This computer slept for about {minutes} min; the agent goes on."
    return _logged(state, LogLine(wall_s, "info", text))


def _logged(state: Window, *lines: LogLine) -> Window:
    last = state.log[-1].number if state.log else 0
    numbered = (replace(line, number=number) for number, line in enumerate(lines, last + 1))
    return replace(state, log=(*state.log, *numbered)[-LOG_MAX:])


def _filled_in(
    state: Window, event: HomeRead | Pasted | Edited | Adopted | Failed | SettingsChosen
) -> Step:
    match event:
        case HomeRead(user_id, left, connect, consent):
            draft = state.draft.without_user(user_id)
            state = replace(state, user_id=user_id, waiting=left, consent=consent, draft=draft)
            return _connect(state) if connect else (state, ())
        case Pasted(text):
            return _pasted(state, text)
        case Edited(entry, text):
            changed = replace(state.draft, **{entry: text})
            return replace(state, draft=changed, notice=None), ()
        case Adopted(address, user_id):
            state = replace(
                state, user_id=user_id, draft=state.draft.of(address), notice=None, ended=None
            )
            keep = _keep(state.draft.address(user_id), state.draft.folder)
            if not state.connect_next:
                return state, (keep,)
            state, effects = _connect(replace(state, connect_next=False))
            return state, (keep, *effects)
        case Failed(sentence):
            return replace(state, notice=sentence, connect_next=False), ()
        case SettingsChosen(settings):
            return replace(state, settings=settings), (Keep(settings_lines(settings)),)


def _pasted(state: Window, text: str) -> Step:
    if not text.strip():
        return state, ()
    if state.phase != "stopped":
        return replace(state, notice="Stop the agent first; then paste the line again."), ()
    try:
        address = BrokerAddress.parse(text)
    except ConfigError as error:
        return replace(state, notice=str(error)), ()
    return replace(state, notice=None, connect_next=False), (Adopt(address),)


def _connect(state: Window) -> Step:
    if state.phase != "stopped":
        return state, ()
    if not state.draft.server.strip():
        return replace(
            state,
            notice="Paste the connection string from the administrator, or type the server's name.",
        ), ()
    if not state.draft.folder.strip():
        sentence = "Choose the folder in which the instrument saves its files."
        return replace(state, notice=sentence), ()
    try:
        address = state.draft.address(state.user_id)
    except ConfigError as error:
        return replace(state, notice=str(error)), ()
    if state.consent:
        return replace(state, notice=None), (AskConsent(state.consent),)
    if address.username != state.user_id:
        return replace(state, notice=None, connect_next=True), (Adopt(address),)
    state = replace(
        state,
        draft=state.draft.of(address),
        phase="starting",
        view=None,
        record=Record(),
        ended=None,
        notice=None,
        was_connected=False,
    )
    order = Order(address, state.draft.folder.strip(), state.settings)
    return state, (_keep(address, order.folder), Start(order))


def _consented(state: Window, *, accepted: bool) -> Step:
    if not accepted:
        return replace(state, notice="Nothing is sent until somebody agrees to the notice."), ()
    text, state = state.consent, replace(state, consent="")
    state, effects = _connect(state)
    return state, (RememberConsent(text), *effects)


def _quit(state: Window, *, confirmed: bool) -> Step:
    left = waiting(state)
    if state.closing:
        return state, (Close(),)
    if left and not confirmed:
        scans = "1 scan is" if left == 1 else f"{left} scans are"
        sentence = (
            f"{scans} not sent yet. They are kept on this computer and sent when the agent is "
            "started again. Quit all the same?"
        )
        return state, (AskQuit(sentence),)
    if state.phase == "stopped":
        return state, (Close(),)
    return replace(state, phase="stopping", closing=True), (Stop(),)


def _keep(address: BrokerAddress, folder: str) -> Keep:
    return Keep(
        (
            ("broker", address.without_key()),
            ("key", address.key),
            ("folder", folder.strip() or None),
        )
    )
