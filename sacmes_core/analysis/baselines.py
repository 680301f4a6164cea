"""The baselines that a person can choose, all drawn under upright peaks.

The line, the hull and the polynomial are drawn for all voltammograms at once; the others are those
of pybaselines, one voltammogram at a time. A baseline that cannot be drawn or does not settle is
nan.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from sacmes_core.analysis.apex import Start, step_v
from sacmes_core.analysis.baseline import hull_edge, line_through
from sacmes_core.analysis.filters import stiffness
from sacmes_core.analysis.peaks import BoolArray, FloatArray
from sacmes_core.errors import AnalysisError

FOOT_WIDTHS: Final = 1.25
"""Distance of the feet from the apex in full widths at half height."""
FOOT_LENGTH_WIDTHS: Final = 0.5
STRETCHES: Final = (0.7, 1.4)
"""Windows about the chosen one; how far the numbers move with them is part of their error."""
_FOOT_POINTS_LEAST: Final = 3
_ROUNDS_MAX: Final = 200
_SLOW_ROUNDS_MAX: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class Upright:
    """Voltammograms with their peaks upwards, shapes (n, K), and where the peaks roughly are."""

    potential_v: FloatArray
    current_a: FloatArray
    start: Start


@dataclass(frozen=True, slots=True)
class Choice:
    """A baseline by name; `window_v` None for one that suits the width of each peak."""

    name: str
    degree: int
    window_v: float | None = None
    stretch: float = 1.0

    def alternatives(self) -> tuple["Choice", ...]:
        """The choice itself and those that are as reasonable, the choice first."""
        if BASELINES[self.name].by_degree:
            others = [replace(self, degree=self.degree + 1)]
        elif self.name == "hull":
            others = []
        else:
            others = [replace(self, stretch=stretch) for stretch in STRETCHES]
        quick = (Choice("line", 1), Choice("hull", 1), Choice("polynomial", 2))
        return (self, *others, *(each for each in quick if each.name != self.name))


@dataclass(frozen=True, slots=True)
class Named:
    """A kind of baseline.

    Attributes
    ----------
    draw
        From voltammograms and a choice to baselines of shape (n, K).
    widths
        The window that suits a peak, in its full widths at half height.
    by_degree
        Whether the degree of a polynomial tells it, and no window.
    """

    draw: Callable[[Upright, Choice], FloatArray]
    widths: float = 1.0
    by_degree: bool = False


def draw_baselines(upright: Upright, choice: Choice) -> FloatArray:
    """Baselines of the choice, shape (n, K); nan where it cannot be drawn.

    Raises
    ------
    AnalysisError
        If the baseline is one of pybaselines and that is not installed.
    """
    return BASELINES[choice.name].draw(upright, choice)


def flanks(upright: Upright) -> BoolArray:
    """The points beside each peak that are no part of it, shape (n, K)."""
    distance = np.abs(upright.potential_v - upright.start.potential_v[:, np.newaxis])
    return np.asarray(distance >= FOOT_WIDTHS * upright.start.width_v[:, np.newaxis])


def feet(upright: Upright, stretch: float = 1.0) -> tuple[BoolArray, BoolArray]:
    """The left and the right foot of each peak, shapes (n, K).

    Where the window ends before three points are in a foot, the outermost three points are.
    """
    width = upright.start.width_v[:, np.newaxis]
    offset = upright.potential_v - upright.start.potential_v[:, np.newaxis]
    near, far = stretch * FOOT_WIDTHS * width, (stretch * FOOT_WIDTHS + FOOT_LENGTH_WIDTHS) * width
    count = upright.potential_v.shape[1]
    index = np.arange(count)
    found = []
    for side, outermost in (
        (-offset, index < _FOOT_POINTS_LEAST),
        (offset, index >= count - _FOOT_POINTS_LEAST),
    ):
        foot = (side >= near) & (side <= far)
        few = foot.sum(axis=1) < _FOOT_POINTS_LEAST
        found.append(np.where(few[:, np.newaxis], outermost[np.newaxis, :], foot))
    return found[0], found[1]


def _line(upright: Upright, choice: Choice) -> FloatArray:
    """The straight line through the mean points of both feet."""
    points = []
    for foot in feet(upright, choice.stretch):
        count = foot.sum(axis=1)
        points.append(
            (
                np.sum(upright.potential_v * foot, axis=1) / count,
                np.sum(upright.current_a * foot, axis=1) / count,
            )
        )
    (left_v, left_a), (right_v, right_a) = points
    slope = (right_a - left_a) / (right_v - left_v)
    return np.asarray(
        left_a[:, np.newaxis] + slope[:, np.newaxis] * (upright.potential_v - left_v[:, np.newaxis])
    )


def _hull(upright: Upright, choice: Choice) -> FloatArray:
    """The edge of the lower convex hull under the peak, as a straight line."""
    last = upright.potential_v.shape[1] - 2
    near = np.abs(upright.potential_v - upright.start.potential_v[:, np.newaxis])
    apex = np.minimum(near.argmin(axis=1), last)
    left, right = hull_edge(upright.potential_v, upright.current_a, apex)
    return line_through(upright.potential_v, upright.current_a, left, right)


def _polynomial(upright: Upright, choice: Choice) -> FloatArray:
    """The least-squares polynomial through both flanks, the peak left out."""
    inside = np.asarray(flanks(upright), dtype=np.float64)
    ends = upright.potential_v[:, :1], upright.potential_v[:, -1:]
    x = 2 * (upright.potential_v - ends[0]) / (ends[1] - ends[0]) - 1
    columns = np.polynomial.legendre.legvander(x, choice.degree)
    weighted = columns * inside[..., np.newaxis]
    moments = np.einsum("nkp,nkq->npq", weighted, columns)
    sides = [np.sum(inside * side, axis=1) for side in (x < 0, x > 0)]
    enough = np.minimum(*sides) > choice.degree
    moments[~enough] = np.eye(choice.degree + 1)
    sums = np.einsum("nkp,nk->np", weighted, upright.current_a)
    coefficients = np.linalg.solve(moments, sums[..., np.newaxis])
    drawn = np.einsum("nkp,npz->nk", columns, coefficients)
    return np.where(enough[:, np.newaxis], drawn, np.nan)


def _by_pybaselines(
    method: str, parameters: Callable[[float, Choice], Mapping[str, Any]]
) -> Callable[[Upright, Choice], FloatArray]:
    """A baseline of pybaselines; `parameters` are told the window in points."""

    def draw(upright: Upright, choice: Choice) -> FloatArray:
        window_v = choice.window_v or BASELINES[choice.name].widths * upright.start.width_v
        periods = choice.stretch * window_v / step_v(upright.potential_v)
        baseline_class = _baseline_class(choice.name)
        drawn = np.empty_like(upright.current_a)
        rows = zip(upright.potential_v, upright.current_a, periods, strict=True)
        for k, (grid, row, period) in enumerate(rows):
            fitter = baseline_class(grid, check_finite=False, assume_sorted=True)
            drawn[k] = _drawn(fitter, method, row, parameters(float(period), choice))
        return drawn

    return draw


def _drawn(
    fitter: Any, method: str, current_a: FloatArray, parameters: Mapping[str, Any]
) -> FloatArray:
    """One baseline, in units of the current's range so that no tolerance depends on amperes."""
    nothing = np.full(len(current_a), np.nan)
    low, span = float(current_a.min()), float(np.ptp(current_a))
    if span == 0:
        return nothing
    try:
        with warnings.catch_warnings():
            # What pybaselines warns of, the history of its rounds tells as well.
            warnings.simplefilter("ignore")
            found, told = getattr(fitter, method)((current_a - low) / span, **parameters)
    except (ValueError, ArithmeticError):
        return nothing
    history = told.get("tol_history")
    settled = history is None or (len(history) > 0 and history[-1] <= _tolerance(parameters))
    if not settled or not np.isfinite(found).all():
        return nothing
    return np.asarray(low + span * found)


def _tolerance(parameters: Mapping[str, Any]) -> float:
    """The change from round to round below which a baseline has settled."""
    return float(parameters.get("tol", np.inf))


def _baseline_class(name: str) -> Any:
    try:
        from pybaselines import Baseline
    except ImportError:
        raise AnalysisError(
            f"The baseline {name!r} is one of the package pybaselines, which is not installed; "
            "install it with: pip install 'sacmes[analyzer]'. The baselines line, hull and "
            "polynomial need nothing more."
        ) from None
    return Baseline


def _whittaker(period: float, choice: Choice) -> Mapping[str, Any]:
    return {"lam": stiffness(period), "tol": 1e-3, "max_iter": _ROUNDS_MAX}


def _degree(period: float, choice: Choice) -> Mapping[str, Any]:
    return {"poly_order": choice.degree, "tol": 1e-3, "max_iter": _ROUNDS_MAX}


def _snip(period: float, choice: Choice) -> Mapping[str, Any]:
    return {"max_half_window": max(1, round(period / 2)), "decreasing": True}


def _mor(period: float, choice: Choice) -> Mapping[str, Any]:
    return {"half_window": max(1, round(period / 2))}


def _beads(period: float, choice: Choice) -> Mapping[str, Any]:
    return {"freq_cutoff": min(0.4, 1 / period), "tol": 1e-2, "max_iter": _SLOW_ROUNDS_MAX}


BASELINES: Final[Mapping[str, Named]] = MappingProxyType(
    {
        "line": Named(_line),
        "hull": Named(_hull),
        "polynomial": Named(_polynomial, by_degree=True),
        "asls": Named(_by_pybaselines("asls", _whittaker), widths=6.0),
        "arpls": Named(_by_pybaselines("arpls", _whittaker), widths=4.0),
        "airpls": Named(_by_pybaselines("airpls", _whittaker), widths=6.0),
        "modpoly": Named(_by_pybaselines("modpoly", _degree), by_degree=True),
        "imodpoly": Named(_by_pybaselines("imodpoly", _degree), by_degree=True),
        "snip": Named(_by_pybaselines("snip", _snip), widths=1.5),
        "mor": Named(_by_pybaselines("mor", _mor), widths=2.75),
        "beads": Named(_by_pybaselines("beads", _beads), widths=16.0),
    }
)
"""The baselines by name; a new one is a function and a line here and in the settings."""
