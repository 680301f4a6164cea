"""The middle of the window: what was counted, the newest scan, and a small trend of the peaks."""

import tkinter as tk
from tkinter import ttk

from agent.window.cards import show_if, wrap_to_width
from agent.window.face import Face
from agent.window.record import Peak
from agent.window.scan_lines import LINES_MAX
from agent.window.theme import CARD, CURVES, LINE, SOFT, TONES, Theme
from agent.window.trend import curves, span


class CountersCard(ttk.Frame):
    """How many scans have come how far."""

    def __init__(self, parent: tk.Misc, theme: Theme) -> None:
        super().__init__(parent, style="Card.TFrame", padding=(theme.px(16), theme.px(10)))
        self._warning = TONES["bad"][0]
        self.numbers: dict[str, ttk.Label] = {}
        for column, name in enumerate(("seen", "sent", "stored", "waiting", "refused")):
            number = ttk.Label(self, style="Figure.TLabel", text="0")
            number.grid(row=0, column=column, sticky="w")
            ttk.Label(self, style="Soft.TLabel", text=name).grid(row=1, column=column, sticky="w")
            self.columnconfigure(column, weight=1, uniform="counters")
            self.numbers[name] = number

    def show(self, face: Face) -> None:
        """Show the counters."""
        for name, text in face.counters:
            alarm = name == "refused" and text != "0"
            ink = self._warning if alarm else ""
            self.numbers[name].configure(text=text, foreground=ink)


class ScanCard(ttk.Frame):
    """The newest scan with its peaks, and the peaks before it."""

    def __init__(self, parent: tk.Misc, theme: Theme) -> None:
        super().__init__(parent, style="Card.TFrame", padding=theme.px(16))
        px = theme.px
        ttk.Label(self, text="Last scan", style="Heading.TLabel").grid(row=0, sticky="w")
        self.title = ttk.Label(self, style="Strong.TLabel")
        self.detail = ttk.Label(self, style="Soft.TLabel")
        self.lines = ttk.Frame(self, style="Plain.TFrame")
        self.remark = ttk.Label(self, style="Remark.TLabel", justify="left")
        self.trend = TrendCanvas(self, theme)
        self.title.grid(row=1, column=0, sticky="w", pady=(px(4), 0))
        self.detail.grid(row=2, column=0, sticky="w")
        self.lines.grid(row=3, column=0, sticky="nw", pady=(px(8), 0))
        self.trend.grid(row=0, column=1, rowspan=4, sticky="nsew", padx=(px(20), 0))
        self.remark.grid(row=4, columnspan=2, sticky="ew", pady=(px(8), 0))
        self.columnconfigure(0, weight=1, minsize=px(250))
        self.columnconfigure(1, weight=1)
        self.rowconfigure(3, weight=1, minsize=px(64))
        self._cells = [self._row(k, theme) for k in range(LINES_MAX)]
        wrap_to_width(self.remark)

    def show(self, face: Face, peaks: tuple[Peak, ...]) -> None:
        """Show the newest scan."""
        scan = face.scan
        self.title.configure(text=scan.title)
        self.detail.configure(text=scan.detail)
        for k, (name, height, place) in enumerate(self._cells):
            line = scan.lines[k] if k < len(scan.lines) else None
            name.configure(text=line.electrode if line else "")
            height.configure(text=line.height if line else "")
            place.configure(text=f"at {line.place}" if line and line.place else "")
            for label in (name, height, place):
                show_if(label, line is not None)
        self.remark.configure(text=f"▲  {scan.remark}" if scan.remark else "")
        show_if(self.remark, bool(scan.remark))
        self.trend.show(peaks)

    def _row(self, k: int, theme: Theme) -> tuple[ttk.Label, ttk.Label, ttk.Label]:
        name = ttk.Label(self.lines, style="Soft.TLabel")
        height = ttk.Label(self.lines, style="Strong.TLabel")
        place = ttk.Label(self.lines, style="Card.TLabel")
        name.grid(row=k, column=0, sticky="w", padx=(0, theme.px(10)), pady=theme.px(1))
        height.grid(row=k, column=1, sticky="w", padx=(0, theme.px(10)))
        place.grid(row=k, column=2, sticky="w")
        return name, height, place


class TrendCanvas(tk.Canvas):
    """The peak currents of the first electrode over the scans of this run."""

    def __init__(self, parent: tk.Misc, theme: Theme) -> None:
        px = theme.px
        super().__init__(
            parent, width=px(260), height=px(120), background=CARD, highlightthickness=0
        )
        self._theme = theme
        self._peaks: tuple[Peak, ...] = ()
        self.bind("<Configure>", lambda _: self._draw())

    def show(self, peaks: tuple[Peak, ...]) -> None:
        """Draw these peaks."""
        if peaks != self._peaks:
            self._peaks = peaks
            self._draw()

    def _draw(self) -> None:
        self.delete("all")
        px = self._theme.px
        width, height = self.winfo_width(), self.winfo_height()
        found = curves(self._peaks)
        if not found:
            return
        title = f"Peak current of E1: {span(self._peaks)}"
        self.create_text(0, 0, anchor="nw", text=title, fill=SOFT, font=self._theme.small)
        top, foot = px(24), height - px(22)
        self.create_line(0, foot, width, foot, fill=LINE)
        left = 0
        for k, curve in enumerate(found):
            ink = CURVES[k % len(CURVES)]
            spots = [
                (px(3) + x * (width - px(8)), foot - px(6) - y * (foot - px(6) - top))
                for x, y in curve.points
            ]
            if len(spots) > 1:
                self.create_line(spots, fill=ink, width=max(1, px(1.6)), joinstyle="round")
            x, y = spots[-1]
            r = px(3)
            self.create_oval(x - r, y - r, x + r, y + r, fill=ink, outline=CARD)
            name = self.create_text(
                left, height, anchor="sw", text=curve.name, fill=ink, font=self._theme.small
            )
            left = self.bbox(name)[2] + px(12)
