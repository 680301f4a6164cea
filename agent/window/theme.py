"""Colours, fonts and measures of the window, and the styles of its widgets."""

import sys
import tkinter as tk
from dataclasses import dataclass
from tkinter import font, ttk
from typing import Any, Final

from agent.window.face import Tone

GROUND: Final = "#eef1f5"
CARD: Final = "#ffffff"
LINE: Final = "#d5dce4"
EDGE: Final = "#aebac6"
TEXT: Final = "#17212b"
SOFT: Final = "#566473"
ACCENT: Final = "#0b6e8f"
ACCENT_DARK: Final = "#085a76"
ENTRY_OFF: Final = "#f4f6f8"

TONES: Final[dict[Tone, tuple[str, str]]] = {
    "off": ("#4d5a68", "#e4e9ee"),
    "busy": ("#0b5cad", "#e3eefa"),
    "good": ("#14703f", "#e0f2e8"),
    "warning": ("#965000", "#fdeed8"),
    "bad": ("#b3261e", "#fbe6e4"),
}
"""Ink and ground of each tone; each pair has a contrast above 4.5."""

CURVES: Final = ("#0b6e8f", "#d1660f", "#6b4fa0", "#2f7d32", "#a8324a", "#5b6770")

_FAMILIES: Final = ("Segoe UI", "Inter", "SF Pro Text", "Noto Sans", "Ubuntu", "Cantarell")
_FIXED: Final = ("Cascadia Mono", "Consolas", "SF Mono", "DejaVu Sans Mono", "Liberation Mono")


@dataclass(frozen=True, slots=True)
class Theme:
    """What the widgets of one screen share; lengths of 96 dots to the inch are made to fit it."""

    scale: float
    body: font.Font
    small: font.Font
    strong: font.Font
    title: font.Font
    figure: font.Font
    identity: font.Font
    fixed: font.Font

    def px(self, length: float) -> int:
        """A length in dots of this screen."""
        return round(length * self.scale)


def see_sharp() -> None:
    """Tell Windows that this program draws sharply by itself; to be called before the window."""
    if sys.platform == "win32":
        import contextlib
        import ctypes

        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shcore.SetProcessDpiAwareness(1)


def make_theme(root: tk.Tk) -> Theme:
    """The styles of the widgets, set for all windows of `root`."""
    known = set(font.families(root))
    default = font.nametofont("TkDefaultFont", root)
    family = next((f for f in _FAMILIES if f in known), default.actual("family"))
    fixed = next((f for f in _FIXED if f in known), "TkFixedFont")
    for name in ("TkDefaultFont", "TkTextFont", "TkMenuFont", "TkHeadingFont"):
        font.nametofont(name, root).configure(family=family, size=10, weight="normal")

    def made(family: str, size: int, weight: str = "normal") -> font.Font:
        return font.Font(root, family=family, size=size, weight=weight)  # type: ignore[arg-type]

    theme = Theme(
        scale=root.winfo_fpixels("1i") / 96,
        body=made(family, 10),
        small=made(family, 9),
        strong=made(family, 10, "bold"),
        title=made(family, 16, "bold"),
        figure=made(family, 18),
        identity=made(fixed, 15, "bold"),
        fixed=made(fixed, 9),
    )
    root.configure(background=GROUND)
    _style(ttk.Style(root), theme)
    return theme


def _style(style: ttk.Style, theme: Theme) -> None:
    px = theme.px
    style.theme_use("clam")
    style.configure(
        ".", background=GROUND, foreground=TEXT, font=theme.body, bordercolor=LINE,
        lightcolor=CARD, darkcolor=CARD, troughcolor=GROUND, focuscolor=ACCENT,
    )  # fmt: skip
    style.configure("Card.TFrame", background=CARD, bordercolor=LINE, relief="raised")
    style.configure("Plain.TFrame", background=CARD)
    for name, ink, face in (
        ("Card.TLabel", TEXT, theme.body),
        ("Soft.TLabel", SOFT, theme.small),
        ("Heading.TLabel", SOFT, theme.strong),
        ("Strong.TLabel", TEXT, theme.strong),
        ("Figure.TLabel", TEXT, theme.figure),
        ("Notice.TLabel", TONES["bad"][0], theme.body),
        ("Remark.TLabel", TONES["warning"][0], theme.small),
    ):
        style.configure(name, background=CARD, foreground=ink, font=face)
    _style_buttons(style, theme)
    style.configure(
        "TEntry", fieldbackground=CARD, padding=(px(7), px(5)), bordercolor=LINE, lightcolor=CARD
    )
    style.map(
        "TEntry",
        bordercolor=[("focus", ACCENT)],
        lightcolor=[("focus", ACCENT), ("disabled", ENTRY_OFF)],
        fieldbackground=[("disabled", ENTRY_OFF), ("readonly", ENTRY_OFF)],
        foreground=[("disabled", SOFT), ("readonly", TEXT)],
    )
    style.configure("TCheckbutton", background=CARD, padding=(0, px(3)), indicatorsize=px(14))
    style.map("TCheckbutton", background=[("active", CARD)])
    style.map("TCombobox", fieldbackground=[("readonly", CARD)], bordercolor=[("focus", ACCENT)])
    style.configure("TCombobox", padding=(px(6), px(4)), arrowsize=px(12))
    style.configure("TSpinbox", padding=(px(6), px(4)), arrowsize=px(11), fieldbackground=CARD)
    _style_lists(style, theme)


def _style_buttons(style: ttk.Style, theme: Theme) -> None:
    px = theme.px
    style.configure("TButton", background=CARD, padding=(px(12), px(5)), bordercolor=EDGE)
    style.map(
        "TButton",
        background=[("disabled", CARD), ("active", "#e8eef3"), ("pressed", "#dde5ec")],
        foreground=[("disabled", "#a3adb8")],
        bordercolor=[("focus", ACCENT), ("disabled", LINE)],
        lightcolor=[("active", "#e8eef3"), ("pressed", "#dde5ec")],
        darkcolor=[("active", "#e8eef3"), ("pressed", "#dde5ec")],
    )
    style.configure(
        "Primary.TButton", background=ACCENT, foreground="#ffffff", font=theme.strong,
        bordercolor=ACCENT, lightcolor=ACCENT, darkcolor=ACCENT, padding=(px(22), px(8)),
        focuscolor="#ffffff",
    )  # fmt: skip
    style.configure("Large.TButton", font=theme.strong, padding=(px(22), px(8)))
    style.map(
        "Primary.TButton",
        background=[("disabled", "#a9c6d0"), ("active", ACCENT_DARK), ("pressed", ACCENT_DARK)],
        foreground=[("disabled", "#ffffff")],
        bordercolor=[("disabled", "#a9c6d0"), ("focus", TEXT)],
        lightcolor=[("disabled", "#a9c6d0"), ("active", ACCENT_DARK)],
        darkcolor=[("disabled", "#a9c6d0"), ("active", ACCENT_DARK)],
    )


def _style_lists(style: ttk.Style, theme: Theme) -> None:
    px = theme.px
    row_height = theme.body.metrics("linespace") + px(8)
    style.configure(
        "Treeview", background=CARD, fieldbackground=CARD, rowheight=row_height, borderwidth=0,
        bordercolor=CARD, lightcolor=CARD,
    )  # fmt: skip
    style.configure(
        "Treeview.Heading", background=CARD, foreground=SOFT, font=theme.small, relief="flat",
        padding=(px(4), px(3)),
    )  # fmt: skip
    style.map("Treeview", background=[("selected", "#d8eaf0")], foreground=[("selected", TEXT)])
    style.map("Treeview.Heading", background=[("active", CARD)])
    style.configure("TNotebook", background=GROUND, bordercolor=LINE, tabmargins=(0, 0, 0, 0))
    style.configure(
        "TNotebook.Tab", background=GROUND, foreground=SOFT, padding=(px(14), px(5)),
        bordercolor=LINE, lightcolor=GROUND,
    )  # fmt: skip
    style.map(
        "TNotebook.Tab",
        background=[("selected", CARD)],
        foreground=[("selected", TEXT)],
        lightcolor=[("selected", CARD)],
        padding=[("selected", (px(14), px(5)))],
    )
    thumb: Any = {"expand": "1", "sticky": "nswe"}
    trough: Any = {"sticky": "ns", "children": [("Vertical.Scrollbar.thumb", thumb)]}
    style.layout("Vertical.TScrollbar", [("Vertical.Scrollbar.trough", trough)])
    style.configure(
        "Vertical.TScrollbar", background=EDGE, troughcolor=CARD, bordercolor=CARD,
        lightcolor=EDGE, darkcolor=EDGE, gripcount=0, arrowsize=px(9),
    )  # fmt: skip
    style.map("Vertical.TScrollbar", background=[("active", SOFT)])
