"""The foot of the window: the log, and what was refused."""

import tkinter as tk
from datetime import datetime
from tkinter import ttk

from agent.window.cards import QuietScrollbar, Tell, state_of, wrap_to_width
from agent.window.events import RetryAsked
from agent.window.face import Face
from agent.window.model import LOG_MAX
from agent.window.record import LogLine
from agent.window.theme import CARD, SOFT, TEXT, TONES, Theme


class Pages(ttk.Notebook):
    """Two pages, each with its scroll bar."""

    def __init__(self, parent: tk.Misc, theme: Theme, tell: Tell) -> None:
        super().__init__(parent)
        self.log = LogPage(self, theme)
        self.refused = RefusedPage(self, theme, tell)
        self.add(self.log, text="Log", underline=0)
        self.add(self.refused, text="Refused", underline=0)
        self.enable_traversal()

    def show(self, face: Face) -> None:
        """Show what is refused now; the log has a `show` of its own."""
        self.refused.show(face)
        self.tab(self.refused, text=face.refusals_title)  # type: ignore[no-untyped-call]


class LogPage(ttk.Frame):
    """What happened, with the time; the newest line stays in sight unless one reads above."""

    def __init__(self, parent: tk.Misc, theme: Theme) -> None:
        super().__init__(parent, style="Plain.TFrame")
        self.text = tk.Text(
            self, font=theme.fixed, background=CARD, foreground=TEXT, relief="flat", wrap="word",
            height=6, width=40, padx=theme.px(12), pady=theme.px(8), highlightthickness=0,
            state="disabled", takefocus=True,
        )  # fmt: skip
        bar = QuietScrollbar(self, command=self.text.yview)
        self.text.configure(yscrollcommand=bar.set)
        self.text.grid(row=0, column=0, sticky="nsew")
        bar.grid(row=0, column=1, sticky="ns")
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.text.tag_configure("time", foreground=SOFT)
        self.text.tag_configure("warning", foreground=TONES["warning"][0])
        self.text.tag_configure("error", foreground=TONES["bad"][0])
        hanging = theme.fixed.measure("00:00:00  ")
        self.text.tag_configure("line", lmargin2=hanging, spacing3=theme.px(2))
        self._shown = 0

    def show(self, lines: tuple[LogLine, ...]) -> None:
        """Add the lines that are new."""
        new = [line for line in lines if line.number > self._shown]
        if not new:
            return
        self._shown = new[-1].number
        at_end = self.text.yview()[1] >= 0.999
        self.text.configure(state="normal")
        for line in new:
            self._add(line)
        surplus = int(self.text.index("end-1c").split(".")[0]) - 1 - LOG_MAX
        if surplus > 0:
            self.text.delete("1.0", f"{surplus + 1}.0")
        self.text.configure(state="disabled")
        if at_end:
            self.text.see("end")

    def _add(self, line: LogLine) -> None:
        time = f"{datetime.fromtimestamp(line.created_s).astimezone():%H:%M:%S}  "
        sign = {"warning": "▲ ", "error": "✕ ", "critical": "✕ "}.get(line.level, "")
        tag = "error" if line.level == "critical" else line.level
        self.text.insert("end", time, ("line", "time"))
        self.text.insert("end", f"{sign}{line.text}\n", ("line", tag))


class RefusedPage(ttk.Frame):
    """Each refused file with its reason."""

    def __init__(self, parent: tk.Misc, theme: Theme, tell: Tell) -> None:
        super().__init__(parent, style="Plain.TFrame", padding=theme.px(8))
        self.list = ttk.Treeview(self, columns=("file", "reason"), show="headings", height=4)
        self.list.heading("file", text="File", anchor="w")
        self.list.heading("reason", text="Why it was refused", anchor="w")
        self.list.column("file", width=theme.px(170), stretch=False)
        self.list.column("reason", width=theme.px(320))
        bar = QuietScrollbar(self, command=self.list.yview)
        self.list.configure(yscrollcommand=bar.set)
        self.reason = ttk.Label(self, style="Soft.TLabel", justify="left")
        self.retry = ttk.Button(
            self, text="Send again", underline=5, command=lambda: tell(RetryAsked())
        )
        self.list.grid(row=0, column=0, columnspan=2, sticky="nsew")
        bar.grid(row=0, column=2, sticky="ns")
        self.reason.grid(row=1, column=0, sticky="ew", padx=theme.px(4))
        self.retry.grid(row=1, column=1, pady=(theme.px(6), 0))
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.list.bind("<<TreeviewSelect>>", lambda _: self._explain())
        wrap_to_width(self.reason)
        self._shown: tuple[object, ...] | None = None

    def show(self, face: Face) -> None:
        """Show what is refused now."""
        self.retry.configure(state=state_of(face.retry_works))
        if face.refusals == self._shown:
            return
        self._shown = face.refusals
        self.list.delete(*self.list.get_children())
        for refusal in face.refusals:
            self.list.insert("", "end", values=(refusal.file, refusal.reason))
        self._explain()

    def _explain(self) -> None:
        """Write the whole reason of the chosen line, which the list may cut off."""
        chosen = self.list.selection()
        if chosen:
            text = str(self.list.item(chosen[0], "values")[1])
        elif self._shown:
            text = "Choose a line to read its whole reason."
        else:
            text = "Nothing was refused."
        self.reason.configure(text=text)
