"""The upper parts of the window: how it stands, who this agent is, and where it sends."""

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Final, Literal

from agent.window.events import (
    ConnectAsked,
    Copied,
    Edited,
    Entry,
    Event,
    Pasted,
    StopAsked,
)
from agent.window.face import Face
from agent.window.model import Draft
from agent.window.theme import CARD, TEXT, TONES, Theme

Tell = Callable[[Event], None]

ENTRIES: Final[tuple[Entry, ...]] = ("server", "key", "folder")
_MASK: Final = "•"


class StatusBand(tk.Frame):
    """Sign, words and sentence on the ground of their tone, and the one button that matters."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, tell: Tell, settings: Callable[[], None]
    ) -> None:
        super().__init__(parent, padx=theme.px(18), pady=theme.px(12))
        self._tell = tell
        self.sign = tk.Label(self, font=theme.title)
        self.words = tk.Label(self, font=theme.title, anchor="w")
        self.sentence = tk.Label(self, font=theme.body, anchor="nw", justify="left")
        self.button = ttk.Button(
            self, style="Primary.TButton", width=9, command=self._pressed, underline=0
        )
        self.settings = ttk.Button(self, text="Settings …", underline=1, command=settings)
        self.sign.grid(row=0, column=0, padx=(0, theme.px(10)))
        self.words.grid(row=0, column=1, sticky="w")
        self.sentence.grid(row=1, column=1, columnspan=3, sticky="new", pady=(theme.px(2), 0))
        self.settings.grid(row=0, column=2, padx=theme.px(8))
        self.button.grid(row=0, column=3)
        self.columnconfigure(1, weight=1)
        wrap_to_width(self.sentence)

    def show(self, face: Face) -> None:
        """Show the status and what the button does now."""
        ink, ground = TONES[face.status.tone]
        self.configure(background=ground)
        for label in (self.sign, self.words, self.sentence):
            label.configure(background=ground, foreground=ink)
        self.sentence.configure(foreground=TEXT)
        self.sign.configure(text=face.status.sign)
        self.words.configure(text=face.status.words)
        self.sentence.configure(text=face.status.sentence)
        self.button.configure(
            text=face.button,
            state=state_of(face.button_works),
            style="Primary.TButton" if face.button == "Connect" else "Large.TButton",
        )

    def _pressed(self) -> None:
        asked = self.button.cget("text") == "Connect"
        self._tell(ConnectAsked() if asked else StopAsked())


class IdentityCard(ttk.Frame):
    """The user_id, large, with a button that copies it."""

    def __init__(self, parent: tk.Misc, theme: Theme, tell: Tell) -> None:
        super().__init__(parent, style="Card.TFrame", padding=theme.px(16))
        heading = ttk.Label(self, text="Your user_id", style="Heading.TLabel")
        self.user_id = tk.Entry(
            self, font=theme.identity, relief="flat", borderwidth=0, highlightthickness=0,
            readonlybackground=CARD, state="readonly", width=20, takefocus=False,
        )  # fmt: skip
        self.copy = ttk.Button(
            self, text="Copy", underline=3, width=9, command=lambda: tell(Copied())
        )
        heading.grid(row=0, column=0, sticky="w")
        self.copy.grid(row=0, column=1)
        self.user_id.grid(row=1, columnspan=2, sticky="ew", pady=(theme.px(6), 0))
        hint = ttk.Label(
            self, style="Soft.TLabel", text="Enter it in the dashboard to see the scans."
        )
        hint.grid(row=2, columnspan=2, sticky="w", pady=(theme.px(4), 0))
        self.columnconfigure(0, weight=1)
        self._theme = theme

    def show(self, face: Face) -> None:
        """Show the user_id, as large as it fits."""
        set_text(self.user_id, face.user_id)
        self._theme.identity.configure(size=17 if len(face.user_id) <= 22 else 11)
        self.copy.configure(text=face.copy_text, state=state_of(bool(face.user_id)))


class ConnectionCard(ttk.Frame):
    """Connection string, server, key and folder."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, tell: Tell, choose: Callable[[], str]
    ) -> None:
        super().__init__(parent, style="Card.TFrame", padding=theme.px(16))
        self._tell = tell
        self._choose = choose
        self._showing = False
        self.variables: dict[Entry, tk.StringVar] = {e: tk.StringVar(self) for e in ENTRIES}
        self.line = ttk.Entry(self, show=_MASK)
        self.paste = ttk.Button(self, text="Paste", underline=0, command=self._paste, width=8)
        self.server = ttk.Entry(self, textvariable=self.variables["server"])
        self.key = ttk.Entry(self, textvariable=self.variables["key"], show=_MASK)
        self.reveal = ttk.Button(self, text="Show", underline=1, command=self._reveal, width=8)
        self.folder = ttk.Entry(self, textvariable=self.variables["folder"])
        self.choose = ttk.Button(self, text="Choose …", underline=2, width=8, command=self._chosen)
        self.certificate = ttk.Label(self, style="Soft.TLabel")
        self.notice = ttk.Label(
            self, style="Notice.TLabel", justify="left", wraplength=theme.px(330)
        )
        self._place(theme)
        self._listen()

    def show(self, face: Face, draft: Draft) -> None:
        """Show what is typed, and what is wrong with it."""
        self._showing = True
        for entry, variable in self.variables.items():
            if variable.get() != (text := getattr(draft, entry)):
                variable.set(text)
        self._showing = False
        for widget in (self.line, self.paste, self.server, self.key, self.folder, self.choose):
            widget.configure(state=state_of(face.typing))
        self.certificate.configure(text=face.certificate)
        self.notice.configure(text=f"✕  {face.notice}" if face.notice else "")
        show_if(self.certificate, bool(face.certificate))
        show_if(self.notice, bool(face.notice))

    def _place(self, theme: Theme) -> None:
        px = theme.px
        ttk.Label(self, text="Connection", style="Heading.TLabel").grid(
            row=0, columnspan=3, sticky="w", pady=(0, px(6))
        )
        rows = (
            (1, "Connection string", 2, self.line, self.paste),
            (3, "Server", 3, self.server, None),
            (5, "Key", 0, self.key, self.reveal),
            (6, "Folder of the instrument's files", 0, self.folder, self.choose),
        )
        for row, name, underline, entry, button in rows:
            label = ttk.Label(self, text=name, style="Soft.TLabel", underline=underline)
            label.grid(row=2 * row, columnspan=3, sticky="w", pady=(px(6), px(2)))
            columns = 1 if button is not None else 2
            entry.grid(row=2 * row + 1, column=0, columnspan=columns, sticky="ew")
            if button is not None:
                button.grid(row=2 * row + 1, column=1, padx=(px(8), 0))
        self.certificate.grid(row=9, columnspan=2, sticky="w", pady=(px(3), 0))
        self.notice.grid(row=20, columnspan=2, sticky="ew", pady=(px(10), 0))
        self.columnconfigure(0, weight=1)
        wrap_to_width(self.notice)

    def _listen(self) -> None:
        for entry, variable in self.variables.items():
            variable.trace_add("write", lambda *_, entry=entry: self._typed(entry))
        self.line.bind("<Return>", self._put_in)
        self.line.bind("<<Paste>>", lambda _: self.after_idle(self._put_in))
        self.server.bind("<<Paste>>", lambda _: self.after_idle(self._recognise))
        for widget in (self.server, self.key, self.folder):
            widget.bind("<Return>", lambda _: self._tell(ConnectAsked()))

    def _typed(self, entry: Entry) -> None:
        if not self._showing:
            self._tell(Edited(entry, self.variables[entry].get()))

    def _put_in(self, event: "tk.Event[ttk.Entry] | None" = None) -> None:
        text = self.line.get()
        self.line.delete(0, "end")
        self._tell(Pasted(text) if text.strip() or event is None else ConnectAsked())

    def _recognise(self) -> None:
        """Take a connection string that was pasted beside its place for what it is."""
        text = self.server.get().strip()
        if text.startswith("sacmes://"):
            self._tell(Pasted(text))

    def _paste(self) -> None:
        try:
            text = self.clipboard_get()
        except tk.TclError:
            text = ""
        self._tell(Pasted(text))

    def _reveal(self) -> None:
        masked = bool(self.key.cget("show"))
        self.key.configure(show="" if masked else _MASK)
        self.reveal.configure(text="Hide" if masked else "Show", underline=0 if masked else 1)

    def _chosen(self) -> None:
        folder = self._choose()
        if folder:
            self._tell(Edited("folder", folder))


class SessionCard(ttk.Frame):
    """What is measured at the moment, as the dashboard has set it."""

    def __init__(self, parent: tk.Misc, theme: Theme) -> None:
        super().__init__(parent, style="Card.TFrame", padding=theme.px(16))
        ttk.Label(self, text="Session", style="Heading.TLabel").grid(row=0, sticky="w")
        width = theme.px(330)
        self.name = ttk.Label(self, style="Strong.TLabel", justify="left", wraplength=width)
        self.detail = ttk.Label(self, style="Soft.TLabel", justify="left", wraplength=width)
        self.name.grid(row=1, sticky="ew", pady=(theme.px(4), 0))
        self.detail.grid(row=2, sticky="ew", pady=(theme.px(2), 0))
        self.columnconfigure(0, weight=1)
        wrap_to_width(self.name)
        wrap_to_width(self.detail)

    def show(self, face: Face) -> None:
        """Show the session."""
        self.name.configure(text=face.session[0])
        self.detail.configure(text="\n".join(face.session[1:]))


class QuietScrollbar(ttk.Scrollbar):
    """A scroll bar that is there only while there is something to scroll."""

    def set(self, first: float | str, last: float | str) -> None:
        """Take the part in sight, and hide where that is all."""
        show_if(self, float(first) > 0 or float(last) < 1)
        super().set(first, last)


def state_of(works: bool) -> Literal["normal", "disabled"]:
    """The state of a widget that works or does not."""
    return "normal" if works else "disabled"


def set_text(entry: tk.Entry, text: str) -> None:
    """Put a text into an entry that nobody may type in."""
    if entry.get() != text:
        entry.configure(state="normal")
        entry.delete(0, "end")
        entry.insert(0, text)
        entry.configure(state="readonly")


def show_if(widget: tk.Widget, wanted: bool) -> None:
    """Give a widget its place in the grid, or take it away."""
    if wanted:
        widget.grid()
    else:
        widget.grid_remove()


def wrap_to_width(label: tk.Label | ttk.Label) -> None:
    """Let a label break its lines where its place ends."""
    label.bind("<Configure>", lambda event: label.configure(wraplength=max(50, event.width - 4)))
