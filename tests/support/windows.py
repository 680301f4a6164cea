"""What the tests of the agent's window share: views, results, and events one after the other."""

import gc
import logging
import threading
import time
import tkinter as tk
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tkinter import ttk
from typing import Any

import pytest
from support.agents import SESSION_ID, session_document

from agent.outbox import RefusedUpload
from agent.view import AgentView
from agent.window.app import App
from agent.window.dialogues import Dialogue
from agent.window.events import Effect, Event
from agent.window.model import Window, step
from agent.window.opening import kept_state
from sacmes_core.payloads.presence import AnalyzerPresence, UploadCounters
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference

CA_PEM = "-----BEGIN CERTIFICATE-----\nMIIBdummy+/=\n-----END CERTIFICATE-----\n"


def analyzer() -> AnalyzerPresence:
    now = session_document().started_at
    return AnalyzerPresence(
        state="online", analyzer="a", role="run", heartbeat_at=now, since=now, version="0.1.0"
    )


def view(**changes: Any) -> AgentView:
    """A view of an agent that is at work; counters may be given by name."""
    counted = {name: changes.pop(name) for name in UploadCounters.model_fields if name in changes}
    fields: dict[str, Any] = {
        "user_id": "lab-7",
        "source_name": "C:\\CHI",
        "connected": True,
        "session": session_document(name="Aptamer A3"),
        "counters": UploadCounters(**counted),
        "analyzers": (analyzer(),),
    }
    return AgentView(**(fields | changes))


def refusal(file: str = "a.txt", *, kept: bool = True) -> RefusedUpload:
    return RefusedUpload(file, "It is no text.", kept)


def electrode(number: int = 1, **changes: Any) -> ElectrodeResult:
    fields: dict[str, Any] = {
        "electrode": number,
        "peak_current_a": 5.231e-7,
        "peak_current_se_a": 4.2e-9,
        "peak_potential_v": -0.2621,
    }
    return ElectrodeResult(**(fields | changes))


def result(position: int = 1, **changes: Any) -> Result:
    """The numbers of a scan at 200 Hz; `scan` may be a dict of changes to its reference."""
    reference: dict[str, Any] = {
        "file": f"SWV_200Hz_{position}.txt",
        "technique": "swv",
        "frequency_hz": 200.0,
        "number": position,
    }
    fields: dict[str, Any] = {
        "session_id": SESSION_ID,
        "position": position,
        "upload_id": "0" * 64,
        "scan": ScanReference(**(reference | changes.pop("scan", {}))),
        "settings_revision": 1,
        "trend_revision": 1,
        "version": "0.1.0",
        "electrodes": (electrode(1), electrode(2)),
    }
    return Result(**(fields | changes))


def stepped(state: Window, *happened: Event, now: float = 100.0) -> tuple[Window, list[Effect]]:
    """The window after several events, and all that it wanted on the way."""
    wanted: list[Effect] = []
    for event in happened:
        state, effects = step(state, event, now)
        wanted.extend(effects)
    return state, wanted


@contextmanager
def open_app(home: Path, display: str) -> Iterator["OpenApp"]:
    """A real window on a screen without a monitor, run by the test itself."""
    environment = pytest.MonkeyPatch()
    environment.setenv("DISPLAY", display)
    for name in ("BROKER", "KEY", "HOME", "LOG_LEVEL", "LOG_FORMAT"):
        environment.delenv(f"SACMES_{name}", raising=False)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.INFO)
    home.mkdir(parents=True, exist_ok=True)
    one = OpenApp(home)
    try:
        yield one
    finally:
        one.forget()
        logging.getLogger().setLevel(level)
        environment.undo()


class OpenApp:
    """A window that is looked at and clicked on as a person does."""

    def __init__(self, home: Path) -> None:
        self.root = tk.Tk(className="sacmes-agent")
        self.stop = threading.Event()
        self.app = App(self.root, home, kept_state(home), self.stop)
        self.app.open()
        self.until(lambda: self.app.state.user_id or self.app.state.notice, what="the home folder")

    def forget(self) -> None:
        """Close the window, and let go of it here: other threads must not collect its remains."""
        self.app.close()
        vars(self.app).clear()
        vars(self).clear()
        gc.collect()

    def until(self, condition: Callable[[], object], *, timeout: float = 30, what: str) -> None:
        """Let the window live until something is there."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come; it says {self.words}"
            self.live()

    def live(self, for_s: float = 0.01) -> None:
        """Let the window live for a while."""
        end = time.monotonic() + for_s
        while True:
            self.root.update()
            if time.monotonic() >= end:
                return
            time.sleep(0.005)

    @property
    def words(self) -> str:
        """What the window says about how it stands."""
        band = self.app.band
        return f"{band.sign['text']} {band.words['text']}: {band.sentence['text']}"

    @property
    def log(self) -> str:
        """What stands on the log's page."""
        return self.app.pages.log.text.get("1.0", "end")

    def counter(self, name: str) -> str:
        """A number as it is shown."""
        return str(self.app.counters.numbers[name]["text"])

    def put_on_clipboard(self, text: str) -> None:
        self.root.clipboard_clear()
        self.root.clipboard_append(text)

    def type(self, widget: ttk.Entry, text: str) -> None:
        """Type into an entry instead of what it holds."""
        widget.focus_force()
        widget.delete(0, "end")
        widget.insert(0, text)
        self.live()

    def press(self, widget: tk.Misc, keys: str) -> None:
        """Press a key where the focus is."""
        widget.focus_force()
        self.root.update()
        widget.event_generate(keys)
        self.live()

    def answer(self, name: str) -> None:
        """Press a button of the small window that is open."""
        dialogue = self.app.dialogue
        assert isinstance(dialogue, Dialogue)
        dialogue.buttons[name].invoke()
        self.live()
