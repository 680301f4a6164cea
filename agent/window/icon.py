"""The program's picture: a voltammogram's peak on a round-cornered square."""

import math
import tkinter as tk
from typing import Final

SIZE: Final = 64
_GROUND: Final = "#0b6e8f"
_PEAK: Final = "#ffffff"
_CORNER: Final = 12


def draw_icon(root: tk.Misc) -> tk.PhotoImage:
    """The picture, drawn point by point so that no file has to be found."""
    image = tk.PhotoImage(master=root, width=SIZE, height=SIZE)
    for y in range(SIZE):
        for x in range(SIZE):
            colour = _colour(x, y)
            if colour is not None:
                image.put(colour, (x, y))
    return image


def _colour(x: int, y: int) -> str | None:
    from_corner_x = max(_CORNER - x, x - (SIZE - 1 - _CORNER), 0)
    from_corner_y = max(_CORNER - y, y - (SIZE - 1 - _CORNER), 0)
    if math.hypot(from_corner_x, from_corner_y) > _CORNER:
        return None
    curve = 48 - 34 * math.exp(-(((x - 32) / 9) ** 2))
    slope = abs(34 * 2 * (x - 32) / 81 * math.exp(-(((x - 32) / 9) ** 2)))
    inside = 8 <= x < SIZE - 8 and abs(y - curve) <= 2.5 * math.hypot(1, slope)
    return _PEAK if inside else _GROUND
