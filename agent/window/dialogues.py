"""The small windows: the notice before the first start, the question at the end, the settings."""

import contextlib
import sys
import tkinter as tk
from collections.abc import Callable
from functools import partial
from tkinter import ttk
from typing import Any, Final, Literal, get_args

from pydantic import ValidationError

from agent.settings import AgentSettings
from agent.window.cards import QuietScrollbar, show_if, wrap_to_width
from agent.window.theme import CARD, EDGE, TEXT, Theme
from sacmes_core.logs import LogLevel
from sacmes_core.settings.parts import Technique

_BY_ITSELF: Final[dict[str, Technique | None]] = {
    "No: the dashboard does": None,
    "Square-wave voltammetry": "swv",
    "Cyclic voltammetry": "cv",
    "Frequency map": "frequency_map",
    "Chronoamperometry": "ca",
}
_BACKLOG: Final[dict[str, Literal["all", "since", "none"]]] = {
    "All of them": "all",
    "Those written since the start": "since",
    "None": "none",
}


class Dialogue(tk.Toplevel):
    """A window above the main one; Return is its first button, Escape and the cross its last.

    Parameters
    ----------
    done
        Called once, with the name of the button.
    """

    def __init__(self, parent: tk.Tk, theme: Theme, title: str, done: Callable[[str], None]):
        super().__init__(parent, background=CARD, highlightthickness=1, highlightbackground=EDGE)
        self.withdraw()
        self.title(title)
        self.transient(parent)
        self._done = done
        self.theme = theme
        self.body = ttk.Frame(self, style="Plain.TFrame", padding=theme.px(20))
        self.body.grid(row=0, column=0, sticky="nsew")
        self.foot = ttk.Frame(self, style="Plain.TFrame", padding=theme.px(16))
        self.foot.grid(row=1, column=0, sticky="e")
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.buttons: dict[str, ttk.Button] = {}

    def offer(self, *names: str, escape: str | None = None) -> None:
        """Put the buttons there, the first one as what is proposed, and show the window.

        Escape and the cross are the last button, or the one that `escape` names.
        """
        left = escape or names[-1]
        for k, name in enumerate(names):
            style = "TButton" if k else "Primary.TButton"
            pressed = partial(self._pressed, name)
            button = ttk.Button(self.foot, text=name, style=style, command=pressed)
            button.grid(row=0, column=len(names) - k, padx=(self.theme.px(8), 0))
            button.bind("<Return>", pressed)
            self.buttons[name] = button
        self.bind("<Escape>", lambda _: self.answer(left))
        self.protocol("WM_DELETE_WINDOW", lambda: self.answer(left))
        self._centre()
        self.buttons[names[0]].focus_set()

    def answer(self, name: str) -> None:
        """Close the window with a button."""
        self.grab_release()
        self.destroy()
        self._done(name)

    def _pressed(self, name: str, _event: object = None) -> None:
        self.answer(name)

    def _centre(self) -> None:
        parent = self.master
        self.update_idletasks()
        x = parent.winfo_rootx() + (parent.winfo_width() - self.winfo_reqwidth()) // 2
        y = parent.winfo_rooty() + (parent.winfo_height() - self.winfo_reqheight()) // 3
        self.geometry(f"+{max(0, x)}+{max(0, y)}")
        self.resizable(False, False)
        self.deiconify()
        self.lift()
        with contextlib.suppress(tk.TclError):
            self.wait_visibility()
            self.grab_set()


class ConsentDialogue(Dialogue):
    """The notice, to be read in whole and accepted or not."""

    def __init__(
        self, parent: tk.Tk, theme: Theme, text: str, answered: Callable[[bool], None]
    ) -> None:
        super().__init__(
            parent, theme, "Before the first start", lambda name: answered(name == "Accept")
        )
        ttk.Label(self.body, text="What this program sends", style="Strong.TLabel").grid(
            sticky="w", pady=(0, theme.px(10))
        )
        height = min(18, 1 + sum(1 + len(line) // 76 for line in text.splitlines()))
        self.text = tk.Text(
            self.body, width=66, height=height, wrap="word", font=theme.body, background=CARD,
            foreground=TEXT, relief="flat", highlightthickness=0, spacing1=theme.px(2),
        )  # fmt: skip
        self.text.insert("1.0", text)
        self.text.configure(state="disabled")
        bar = QuietScrollbar(self.body, command=self.text.yview)
        self.text.configure(yscrollcommand=bar.set)
        self.text.grid(row=1, column=0)
        bar.grid(row=1, column=1, sticky="ns")
        self.offer("Accept", "Cancel")


class QuitDialogue(Dialogue):
    """Whether to quit while scans are waiting; to stay is proposed."""

    def __init__(
        self, parent: tk.Tk, theme: Theme, sentence: str, confirmed: Callable[[], None]
    ) -> None:
        def done(name: str) -> None:
            if name == "Quit":
                confirmed()

        super().__init__(parent, theme, "Scans are waiting", done)
        self.sentence = ttk.Label(
            self.body, text=sentence, style="Card.TLabel", wraplength=theme.px(400)
        )
        self.sentence.grid()
        self.offer("Stay", "Quit", escape="Stay")


class SettingsDialogue(Dialogue):
    """How files are watched, and what the program does by itself."""

    def __init__(
        self,
        parent: tk.Tk,
        theme: Theme,
        settings: AgentSettings,
        chosen: Callable[[AgentSettings], None],
    ) -> None:
        super().__init__(parent, theme, "Settings", lambda _: None)
        self._settings = settings
        self._chosen = chosen
        self._row = 0
        self.quiet = tk.StringVar(self, "" if settings.quiet is None else f"{settings.quiet:g}")
        self.subfolders = tk.BooleanVar(self, settings.subfolders)
        self.take_over = tk.BooleanVar(self, settings.take_over)
        self.connect = tk.BooleanVar(self, settings.connect)
        self.technique = tk.StringVar(self, _name_of(_BY_ITSELF, settings.start))
        self.handle = tk.StringVar(self, settings.handle)
        self.backlog = tk.StringVar(self, _name_of(_BACKLOG, settings.backlog))
        self.log_level = tk.StringVar(self, settings.log_level)
        self.error = ttk.Label(self.body, style="Notice.TLabel", wraplength=theme.px(420))
        self._fill()
        self.body.columnconfigure(1, weight=1)
        self.offer("Save", "Cancel")

    def answer(self, name: str) -> None:
        """Save what was chosen if it makes sense, or leave everything as it was."""
        if name == "Save":
            try:
                self._chosen(self._read())
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                place = str(first["loc"][0]).replace("_", " ")
                self.error.configure(text=f"✕  {place}: {first['msg']}.")
                show_if(self.error, True)
                return
        super().answer(name)

    def _fill(self) -> None:
        self._heading("Watching")
        spin = ttk.Spinbox(
            self.body, from_=0.5, to=600, increment=0.5, width=8, textvariable=self.quiet
        )
        self._labelled("Seconds that a file is left alone (empty: 2, or 5 on a network)", spin)
        self._check("Watch the folders in the folder as well", self.subfolders)
        self._heading("Without a dashboard")
        self._labelled("Start a session by itself", self._choice(self.technique, tuple(_BY_ITSELF)))
        self._labelled(
            "Start of the file names, for example SWV_",
            ttk.Entry(self.body, textvariable=self.handle, width=26),
        )
        self._labelled("Files that are there already", self._choice(self.backlog, tuple(_BACKLOG)))
        self._heading("This program")
        self._check("Connect as soon as the window opens", self.connect)
        self._check("Take the user_id over from another computer that uses it", self.take_over)
        self._labelled("Log", self._choice(self.log_level, get_args(LogLevel)))
        login = ttk.Label(self.body, style="Soft.TLabel", text=login_hint(sys.platform))
        self._span(login)
        wrap_to_width(login)
        self._span(self.error)
        show_if(self.error, False)

    def _read(self) -> AgentSettings:
        changes: dict[str, Any] = {
            "quiet": self.quiet.get().replace(",", ".") or None,
            "subfolders": self.subfolders.get(),
            "take_over": self.take_over.get(),
            "connect": self.connect.get(),
            "start": _BY_ITSELF[self.technique.get()],
            "handle": self.handle.get().strip(),
            "backlog": _BACKLOG[self.backlog.get()],
            "log_level": self.log_level.get(),
        }
        return AgentSettings.model_validate(self._settings.model_dump() | changes)

    def _choice(self, variable: tk.StringVar, names: tuple[str, ...]) -> ttk.Combobox:
        return ttk.Combobox(
            self.body, textvariable=variable, values=names, state="readonly", width=25
        )

    def _heading(self, text: str) -> None:
        label = ttk.Label(self.body, text=text, style="Heading.TLabel")
        label.grid(row=self._row, columnspan=2, sticky="w", pady=(self.theme.px(10), 0))
        self._row += 1

    def _labelled(self, text: str, widget: tk.Widget) -> None:
        pad = self.theme.px(4)
        label = ttk.Label(self.body, text=text, style="Card.TLabel")
        label.grid(row=self._row, column=0, sticky="w", pady=pad, padx=(0, self.theme.px(16)))
        widget.grid(row=self._row, column=1, sticky="e", pady=pad)
        self._row += 1

    def _check(self, text: str, variable: tk.BooleanVar) -> None:
        self._span(ttk.Checkbutton(self.body, text=text, variable=variable))

    def _span(self, widget: tk.Widget) -> None:
        widget.grid(row=self._row, columnspan=2, sticky="ew", pady=self.theme.px(3))
        self._row += 1


def login_hint(platform: str) -> str:
    """How to start the program when somebody logs in, on this kind of computer."""
    if platform == "win32":
        how = (
            "press Windows+R, enter shell:startup, and put a shortcut to sacmes-agent-gui into the "
            "folder that opens"
        )
    elif platform == "darwin":
        how = "add sacmes-agent-gui to the login items in the system settings"
    else:
        how = "add sacmes-agent-gui to the programs that your desktop starts by itself"
    return (
        f"To start it when you log in, {how}; then let it connect as soon as it opens. "
        "Changes hold from the next connection on."
    )


def _name_of(names: dict[str, Any], value: object) -> str:
    return next(name for name, one in names.items() if one == value)
