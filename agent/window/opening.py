"""Opening the window: what was kept from the last time, where the log goes, and what is missing."""

import contextlib
import logging
import sys
import threading
from dataclasses import replace
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from agent.settings import AgentSettings, read_settings
from agent.window.model import Draft, Window
from sacmes_core.address import BrokerAddress
from sacmes_core.errors import ConfigError, SacmesError
from sacmes_core.logs import TextLines
from sacmes_core.shell import shell_settings, stop_on_signal

LOG_NAME: Final = "window.log"
LOG_BYTES: Final = 1_000_000


class NoWindowError(SacmesError):
    """There is no screen, or nothing that draws on it; the sentence says what to do."""


def open_window(home: Path, broker: str | None = None) -> None:
    """Show the window until somebody closes it.

    Raises
    ------
    NoWindowError
        If there is no screen or no tkinter.
    """
    try:
        import tkinter as tk

        from agent.window.app import App
        from agent.window.theme import see_sharp
    except ModuleNotFoundError as error:
        raise NoWindowError(
            f"The window needs {error.name}, which comes with Python; on Debian and Ubuntu: "
            "apt-get install python3-tk. `sacmes-agent watch` needs no window."
        ) from None
    see_sharp()
    try:
        root = tk.Tk(className="sacmes-agent")
    except tk.TclError as error:
        raise NoWindowError(
            f"There is no screen to open a window on ({error}). Use `sacmes-agent watch`."
        ) from None
    stop = threading.Event()
    stop_on_signal(stop)
    state = kept_state(home, broker)
    log_to_file(home, state.settings)
    app = App(root, home, state, stop)
    app.open()
    try:
        root.mainloop()
    finally:
        app.close()


def say_in_a_box(sentence: str) -> None:
    """Say what keeps the window from opening where there is no terminal to say it on."""
    try:
        from tkinter import TclError, messagebox
    except ModuleNotFoundError:
        return
    with contextlib.suppress(TclError):
        messagebox.showerror("sacmes agent", sentence)


def kept_state(home: Path, broker: str | None = None) -> Window:
    """The window as the settings of the home folder and the environment make it.

    What cannot be read is said in the window, since there may be no other place to say it.
    """
    notice: str | None = None
    settings, draft = AgentSettings(), Draft()
    try:
        settings, shell = read_settings(home), shell_settings(home, broker=broker)
        draft = Draft(folder=settings.folder, key=shell.key or "")
        if shell.broker:
            address = BrokerAddress.parse(shell.broker)
            named = replace(address, ca_pem=None).without_key()
            draft = replace(draft.of(address), server=named)
    except ConfigError as error:
        notice = str(error)
    return Window(draft=draft, settings=settings, notice=notice)


def log_to_file(home: Path, settings: AgentSettings) -> None:
    """Log to a file of bounded size in the home folder, and to the terminal where there is one."""
    root = logging.getLogger()
    root.handlers[:] = []
    handlers: list[logging.Handler] = []
    with contextlib.suppress(OSError):
        handlers.append(
            RotatingFileHandler(
                home / LOG_NAME, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8"
            )
        )
    if sys.stderr is not None:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(TextLines())
        root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
