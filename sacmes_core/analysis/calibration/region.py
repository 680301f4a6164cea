"""Where in the plane of ln K and ln h the best curve is, and all that the doses do not exclude."""

from dataclasses import dataclass
from math import log
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from sacmes_core.analysis.calibration.family import Doses, Family, fit_family
from sacmes_core.analysis.calibration.isotherm import FloatArray

Hill = Literal["one", "free"]
"""Whether h is 1 or fitted as well."""

LN_BEYOND: Final = log(1e4)
"""K is sought from a 10,000th of the lowest dose above 0 to 10,000 times the highest."""
LN_H_RANGE: Final = (log(0.2), log(8.0))
_LN_K_STEP: Final = 0.15
_LN_H_STEP: Final = 0.1
_ZOOMS: Final = 40
_ROUNDS: Final = 12
_FILLED_MIN: Final = 0.5


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

    def grid(self, points: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
        """Nodes along both sides, shape (K · h,) each."""
        k = np.linspace(*self.ln_k, points[0])
        h = np.linspace(*self.ln_h, 1 if self.is_flat else points[1])
        ln_k, ln_h = np.meshgrid(k, h, indexing="ij")
        return ln_k.ravel(), ln_h.ravel()

    def about(self, family: Family, reach: tuple[float, float]) -> "Box":
        """The part of the box that holds these curves and reaches so far beyond them."""
        k, h = family.ln_k, family.ln_h
        return Box(
            (
                max(self.ln_k[0], float(k.min()) - reach[0]),
                min(self.ln_k[1], float(k.max()) + reach[0]),
            ),
            (
                max(self.ln_h[0], float(h.min()) - reach[1]),
                min(self.ln_h[1], float(h.max()) + reach[1]),
            ),
        )

    def steps(self, points: tuple[int, int]) -> tuple[float, float]:
        """Distance of the nodes along both sides."""
        return (
            (self.ln_k[1] - self.ln_k[0]) / (points[0] - 1),
            (self.ln_h[1] - self.ln_h[0]) / (points[1] - 1),
        )


def best_fit(doses: Doses, box: Box) -> Family:
    """The one best curve of a box: the lowest node of a grid, then of ever finer ones about it."""
    points = (
        round((box.ln_k[1] - box.ln_k[0]) / _LN_K_STEP) + 1,
        round((box.ln_h[1] - box.ln_h[0]) / _LN_H_STEP) + 1,
    )
    found = _lowest(fit_family(doses, *box.grid(points)))
    reach = 1.5 * _LN_K_STEP, 1.5 * _LN_H_STEP
    for _ in range(_ZOOMS):
        finer = _lowest(fit_family(doses, *box.about(found, reach).grid((9, 9))))
        found = finer if finer.squares[0] < found.squares[0] else found
        reach = 0.6 * reach[0], 0.6 * reach[1]
    return found


def compatible_curves(doses: Doses, box: Box, best: Family, allowed: float) -> Family:
    """The curves of a box whose squares are at most `allowed`, the best one first.

    The grid is drawn closer about them until they fill a good part of it, so that its step is
    small beside how far they reach.
    """
    points = (801, 2) if box.is_flat else (161, 61)
    near = box
    for _ in range(_ROUNDS):
        family = fit_family(doses, *near.grid(points))
        chosen = _with(best, family.only(family.squares <= allowed))
        closer = box.about(chosen, near.steps(points))
        if _share(closer.ln_k, near.ln_k) > _FILLED_MIN < _share(closer.ln_h, near.ln_h):
            break
        near = closer
    return chosen


def _share(part: tuple[float, float], whole: tuple[float, float]) -> float:
    width = whole[1] - whole[0]
    return (part[1] - part[0]) / width if width > 0 else 1.0


def _lowest(family: Family) -> Family:
    return family.only(np.array([int(np.argmin(family.squares))]))


def _with(best: Family, others: Family) -> Family:
    def both(name: str) -> NDArray[np.float64]:
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
