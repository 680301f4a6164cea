"""Where in the plane of ln K and ln h the best curve is, and all that the doses do not exclude.

The plane is searched row by row, a row for each h: good curves form a valley that can be long and
narrow, and a rectangular grid would step over it.
"""

from dataclasses import dataclass
from math import log
from typing import Final, Literal, Self

import numpy as np

from sacmes_core.analysis.calibration.family import Doses, Family, fit_family
from sacmes_core.analysis.calibration.isotherm import FloatArray

Hill = Literal["one", "free"]
"""Whether h is 1 or fitted as well."""

LN_BEYOND: Final = log(1e4)
"""K is sought from a 10,000th of the lowest dose above 0 to 10,000 times the highest."""
LN_H_RANGE: Final = (log(0.2), log(8.0))
_LN_K_STEP: Final = 0.1
_ROWS: Final = 61
_NODES: Final = 81
_ZOOMS: Final = 20
_ZOOM: Final = 0.4
_CLOSER_ROUNDS: Final = 5
_FILLED_MIN: Final = 0.5
_FINEST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of ln K and ln h; without height where h is 1."""

    ln_k: tuple[float, float]
    ln_h: tuple[float, float]

    @classmethod
    def of(cls, doses: Doses, hill: Hill) -> Self:
        """Where K and h are looked for."""
        positive = doses.concentration[doses.concentration > 0]
        ln_k = log(positive[0]) - LN_BEYOND, log(positive[-1]) + LN_BEYOND
        return cls(ln_k, LN_H_RANGE if hill == "free" else (0.0, 0.0))

    @property
    def is_flat(self) -> bool:
        """Whether there is one h only."""
        return self.ln_h[0] == self.ln_h[1]

    @property
    def height(self) -> float:
        """From the lowest to the highest ln h."""
        return self.ln_h[1] - self.ln_h[0]

    def rows(self) -> FloatArray:
        """Values of ln h from end to end, shape (r,)."""
        return np.linspace(*self.ln_h, 1 if self.is_flat else _ROWS)


def best_fit(doses: Doses, box: Box) -> Family:
    """The one best curve of a box: the lowest of the rows' best, then of ever closer rows."""
    rows = box.rows()
    ln_k, squares = _best_of_rows(doses, box, rows)
    best = int(np.argmin(squares))
    found = fit_family(doses, ln_k[[best]], rows[[best]])
    reach = 0.0 if box.is_flat else 1.5 * (rows[1] - rows[0])
    while reach > _FINEST:
        centre = float(found.ln_h[0])
        near = np.clip(np.linspace(centre - reach, centre + reach, 9), *box.ln_h)
        ln_k, squares = _best_of_rows(doses, box, near, about=float(found.ln_k[0]))
        best = int(np.argmin(squares))
        if squares[best] < found.squares[0]:
            found = fit_family(doses, ln_k[[best]], near[[best]])
        reach *= _ZOOM
    return found


def compatible_curves(doses: Doses, box: Box, best: Family, allowed: float) -> Family:
    """The curves of a box whose squares are at most `allowed`, the best one first.

    Rows are drawn closer until curves of most of them are compatible, and the nodes of each row
    until most of its nodes are.
    """
    near = box
    while True:
        rows = near.rows()
        ln_k, squares = _best_of_rows(doses, box, rows)
        inside = squares <= allowed
        found = np.append(rows[inside], best.ln_h)
        step = 0.0 if near.is_flat else rows[1] - rows[0]
        closer = Box(
            box.ln_k,
            (
                max(near.ln_h[0], float(found.min()) - step),
                min(near.ln_h[1], float(found.max()) + step),
            ),
        )
        if near.is_flat or closer.height > _FILLED_MIN * near.height or near.height < _FINEST:
            break
        near = closer
    curves = _compatible_in_rows(doses, box, (rows[inside], ln_k[inside]), allowed)
    return _joined(best, curves)


def _best_of_rows(
    doses: Doses, box: Box, ln_h: FloatArray, about: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """The best ln K at each ln h and the squares it leaves, shapes (r,)."""
    step = _LN_K_STEP
    if about is None:
        nodes = np.arange(*box.ln_k, step)
    else:
        nodes = np.clip(about + step * np.arange(-10, 11), *box.ln_k)
    ln_k = np.broadcast_to(nodes, (len(ln_h), len(nodes)))
    for _ in range(_ZOOMS):
        squares = _squares(doses, ln_k, ln_h)
        best = np.argmin(squares, axis=1)[:, None]
        centre = np.take_along_axis(ln_k, best, axis=1)
        least = np.take_along_axis(squares, best, axis=1)[:, 0]
        ln_k = np.clip(centre + 1.5 * step * np.linspace(-1.0, 1.0, 7), *box.ln_k)
        step *= _ZOOM
    return centre[:, 0], least


def _compatible_in_rows(
    doses: Doses, box: Box, rows: tuple[FloatArray, FloatArray], allowed: float
) -> Family:
    """All compatible curves at given ln h with their best ln K, on a grid that each row fills."""
    ln_h, centre = rows
    count = _NODES if len(ln_h) > 1 else 10 * _NODES
    low, high = np.full(len(ln_h), box.ln_k[0]), np.full(len(ln_h), box.ln_k[1])
    for _ in range(_CLOSER_ROUNDS):
        ln_k = np.linspace(low, high, count, axis=1)
        inside = _squares(doses, ln_k, ln_h) <= allowed
        step = (high - low) / (count - 1)
        lowest = np.minimum(centre, np.where(inside, ln_k, np.inf).min(axis=1))
        highest = np.maximum(centre, np.where(inside, ln_k, -np.inf).max(axis=1))
        low, high = np.maximum(low, lowest - step), np.minimum(high, highest + step)
    nodes = fit_family(doses, ln_k.ravel(), np.repeat(ln_h, count))
    return nodes.only(nodes.squares <= allowed)


def _squares(doses: Doses, ln_k: FloatArray, ln_h: FloatArray) -> FloatArray:
    """Squares left at nodes (r, n) of rows (r,)."""
    family = fit_family(doses, ln_k.ravel(), np.repeat(ln_h, ln_k.shape[1]))
    return family.squares.reshape(ln_k.shape)


def _joined(best: Family, others: Family) -> Family:
    def both(name: str) -> FloatArray:
        return np.concatenate([getattr(best, name), getattr(others, name)])

    return Family(
        both("ln_k"),
        both("ln_h"),
        both("gain"),
        both("squares"),
        best.mean_signal,
        best.weight,
        both("mean_occupancy"),
        both("spread"),
    )
