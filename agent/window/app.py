"""The window itself: puts events into the reducer, does what it wants, and shows the face."""

import gc
import logging
import queue
import threading
import time
import tkinter as tk
from collections import deque
from functools import partial
from pathlib import Path
from tkinter import filedialog, ttk
from types import TracebackType
from typing import Final

from agent.window import events
from agent.window.cards import ConnectionCard, IdentityCard, SessionCard, StatusBand
from agent.window.dialogues import ConsentDialogue, QuitDialogue, SettingsDialogue
from agent.window.events import Effect, Event
from agent.window.face import Face, face
from agent.window.icon import draw_icon
from agent.window.model import Window, step
from agent.window.pages import Pages
from agent.window.record import LogLine
from agent.window.scans import CountersCard, ScanCard
from agent.window.theme import Theme, make_theme
from agent.window.worker import Worker

logger = logging.getLogger(__name__)

POLL_MS: Final = 100
COLLECT_EVERY_S: Final = 5.0
EVENTS_PER_POLL: Final = 200
LINES_HELD: Final = 1000
"""Lines that wait for the screen at most; a storm of them does not fill the memory."""


class LogLines(logging.Handler):
    """Holds the log's newest lines until the window fetches them; any thread may log."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=LINES_HELD)

    def emit(self, record: logging.LogRecord) -> None:
        """Hold a line."""
        line = LogLine(record.created, record.levelname.lower(), record.getMessage())
        self._lines.append(line)

    def fetched(self) -> tuple[LogLine, ...]:
        """What has come since the last time."""
        return tuple(self._lines.popleft() for _ in range(len(self._lines)))


class App:
    """One window with its worker; made and run in the main thread, which alone touches widgets.

    Parameters
    ----------
    state
        What was kept from the last time.
    stop
        Set from outside, by a signal, to end it without a question.
    """

    def __init__(self, root: tk.Tk, home: Path, state: Window, stop: threading.Event) -> None:
        self.root = root
        self.state = state
        self.dialogue: tk.Toplevel | None = None
        self._stop = stop
        self._told: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._worker = Worker(home, self._told.put)
        self._lines = LogLines()
        self._shown: Face | None = None
        self._shown_log: tuple[LogLine, ...] = ()
        self._closed = False
        self._next_poll = ""
        self._collect_at = 0.0
        self.theme = make_theme(root)
        self._build(self.theme)
        self._bind()

    def open(self) -> None:
        """Show the window and begin to work."""
        _collect_here_alone()
        logging.getLogger().addHandler(self._lines)
        self._worker.open()
        self._show()
        self.root.update_idletasks()
        self.root.minsize(self.root.winfo_reqwidth(), self.root.winfo_reqheight())
        self.root.deiconify()
        if not self.state.draft.server:
            self.connection.line.focus_set()
        self._poll()

    def tell(self, event: Event) -> None:
        """Put an event into the reducer, and do what comes of it."""
        self._put(event)
        self._show()

    def close(self) -> None:
        """End the worker and the window."""
        if self._closed:
            return
        self._closed = True
        if self._next_poll:
            self.root.after_cancel(self._next_poll)
        self.root.withdraw()
        self._worker.close()
        logging.getLogger().removeHandler(self._lines)
        self.root.destroy()
        gc.collect()
        gc.enable()

    def _build(self, theme: Theme) -> None:
        root, px = self.root, theme.px
        root.withdraw()
        root.iconphoto(True, draw_icon(root))
        self.band = StatusBand(root, theme, self.tell, self._settings)
        self.band.grid(row=0, column=0, columnspan=2, sticky="ew")
        left, right = ttk.Frame(root), ttk.Frame(root)
        gap = px(12)
        left.grid(row=1, column=0, sticky="nsew", padx=gap, pady=gap)
        right.grid(row=1, column=1, sticky="nsew", padx=(0, gap), pady=gap)
        self.identity = IdentityCard(left, theme, self.tell)
        self.connection = ConnectionCard(left, theme, self.tell, self._choose_folder)
        self.session = SessionCard(left, theme)
        self.identity.grid(row=0, sticky="ew")
        self.connection.grid(row=1, sticky="ew", pady=gap)
        self.session.grid(row=2, sticky="nsew")
        self.counters = CountersCard(right, theme)
        self.scan = ScanCard(right, theme)
        self.pages = Pages(right, theme, self.tell)
        self.counters.grid(row=0, sticky="ew")
        self.scan.grid(row=1, sticky="ew", pady=gap)
        self.pages.grid(row=2, sticky="nsew")
        left.columnconfigure(0, weight=1, minsize=px(380))
        left.rowconfigure(2, weight=1)
        right.columnconfigure(0, weight=1)
        right.rowconfigure(2, weight=1)
        root.columnconfigure(1, weight=1)
        root.rowconfigure(1, weight=1)
        root.geometry(f"{px(1040)}x{px(700)}")

    def _bind(self) -> None:
        root, line = self.root, self.connection
        root.protocol("WM_DELETE_WINDOW", lambda: self.tell(events.QuitAsked()))
        root.report_callback_exception = self._failed
        for key, button in (
            ("c", self.band.button), ("s", self.band.button), ("e", self.band.settings),
            ("y", self.identity.copy), ("p", line.paste), ("h", line.reveal), ("o", line.choose),
            ("a", self.pages.refused.retry),
        ):  # fmt: skip
            root.bind(f"<Alt-{key}>", partial(_press, button))
        for key, entry in (
            ("n", line.line), ("v", line.server), ("k", line.key), ("f", line.folder),
        ):  # fmt: skip
            root.bind(f"<Alt-{key}>", partial(_enter, entry))

    def _poll(self) -> None:
        """Take what the worker and the log have said, and come again."""
        if self._stop.is_set():
            self.close()
            return
        try:
            self._take_what_was_told()
        finally:
            if not self._closed:
                self._next_poll = self.root.after(POLL_MS, self._poll)

    def _take_what_was_told(self) -> None:
        """Put everything into the reducer that came meanwhile; what it comes to is shown once."""
        try:
            self._put_what_was_told()
        finally:
            self._show()
        if time.monotonic() >= self._collect_at and not self._closed:
            gc.collect()
            self._collect_at = time.monotonic() + COLLECT_EVERY_S

    def _put_what_was_told(self) -> None:
        for _ in range(EVENTS_PER_POLL):
            try:
                self._put(self._told.get_nowait())
            except queue.Empty:
                break
            if self._closed:
                return
        if lines := self._lines.fetched():
            self._put(events.Logged(lines))
        self._put(events.Ticked(time.time()))

    def _put(self, event: Event) -> None:
        self.state, effects = step(self.state, event, time.monotonic())
        for effect in effects:
            self._perform(effect)

    def _show(self) -> None:
        if self._closed:
            return
        shown, log = face(self.state, time.monotonic()), self.state.log
        if log is not self._shown_log:
            self.pages.log.show(log)
            self._shown_log = log
        if shown == self._shown:
            return
        self._shown = shown
        self.pages.show(shown)
        self.root.title(shown.title)
        self.band.show(shown)
        self.identity.show(shown)
        self.connection.show(shown, self.state.draft)
        self.session.show(shown)
        self.counters.show(shown)
        self.scan.show(shown, self.state.record.peaks)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case events.Adopt(address):
                self._worker.adopt(address)
            case events.Copy(text):
                self.root.clipboard_clear()
                self.root.clipboard_append(text)
            case events.Keep(changes):
                self._worker.keep(changes)
                logging.getLogger().setLevel(self.state.settings.log_level.upper())
            case events.RememberConsent(text):
                self._worker.remember_consent(text)
            case events.Start(order):
                self._worker.start(order)
            case events.Stop():
                self._worker.stop()
            case events.Retry():
                self._worker.retry()
            case events.AskConsent(text):
                self.dialogue = ConsentDialogue(
                    self.root, self.theme, text, lambda yes: self.tell(events.Consented(yes))
                )
            case events.AskQuit(sentence):
                self.dialogue = QuitDialogue(
                    self.root, self.theme, sentence, lambda: self.tell(events.QuitConfirmed())
                )
            case events.Close():
                self.close()

    def _settings(self) -> None:
        self.dialogue = SettingsDialogue(
            self.root,
            self.theme,
            self.state.settings,
            lambda settings: self.tell(events.SettingsChosen(settings)),
        )

    def _choose_folder(self) -> str:
        before = self.state.draft.folder or str(Path.home())
        return str(
            filedialog.askdirectory(
                parent=self.root, title="Folder of the instrument's files", initialdir=before
            )
            or ""
        )

    def _failed(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """What Tk calls when a button's work fails: said in the log, and the window goes on."""
        logger.error("The window failed", exc_info=(kind, error, trace))


def _collect_here_alone() -> None:
    """Leave the collecting of garbage to the main thread.

    Python collects in whichever thread allocates next; a variable or a picture of a dialogue that
    is gone would call Tk from there.
    """
    gc.collect()
    gc.disable()


def _press(button: ttk.Button, _event: object) -> None:
    button.invoke()


def _enter(entry: ttk.Entry, _event: object) -> None:
    entry.focus_set()
