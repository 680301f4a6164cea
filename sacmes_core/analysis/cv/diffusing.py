"""A couple that diffuses: one model for the whole cycle, with charging and a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.cv.backgrounds import Kind, background
from sacmes_core.analysis.cv.bank import way_of
from sacmes_core.analysis.cv.diffusion import (
    FARADAY_C_MOL,
    GAS_CONSTANT_J_MOL_K,
    Programme,
    currents,
    programme,
    wave,
)
from sacmes_core.analysis.cv.errors import sigma_of
from sacmes_core.analysis.cv.fitting import Columns, Data, Fit, Model, fit
from sacmes_core.analysis.cv.preparing import Cycle
from sacmes_core.analysis.peaks import FloatArray, IntArray
from sacmes_core.settings.cv import CvSettings

_LOG_RATE_MAX: Final = 6.0
_LOG_RATE_MIN: Final = -9.0
_LOG_RATE_PRIOR: Final = (3.0, 3.0)
_ALPHA_PRIOR: Final = (0.5, 0.06)
_HALF_WAVE_SPREAD_V: Final = 1.0
_GRID: Final = 0.3
"""Distance of half-wave potentials in the search, in units of RT / nF."""
_FAST: Final = 50.0
_KINDS: Final[tuple[Kind, ...]] = ("line", "tails")
_START_RATES: Final = (3.0, 0.8, 0.2, 0.05, 0.01)
_PROMISING_SHARE: Final = 0.85
_SLOPE_SPREAD: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A cycle laid on the nodes of a programme; all sweeps' bins in one row, shape (K,).

    Attributes
    ----------
    below, share
        The node below each bin, and the share of the next one.
    segments
        For each sweep its segment in the programme, counted from 0.
    current_a, sigma_a, direction
        Of each bin.
    floors
        Baselines of each kind, columns (K, q) and the spreads of their factors.
    """

    of: Programme
    electrons: int
    below: IntArray
    share: FloatArray
    segments: tuple[int, ...]
    current_a: FloatArray
    sigma_a: FloatArray
    floors: dict[Kind, tuple[FloatArray, FloatArray]]

    def at_bins(self, nodes: FloatArray) -> FloatArray:
        """Values at the bins from values at the nodes, shape (…, N) to (…, K)."""
        return nodes[..., self.below] * (1 - self.share) + nodes[..., self.below + 1] * self.share


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Parameters to start from, shape (3,), and by how much that wave helps."""

    placed: Placed
    parameters: FloatArray
    gain: float


@dataclass(frozen=True, slots=True, eq=False)
class CycleFit:
    """The best fit of a cycle."""

    placed: Placed
    result: Fit
    floor_columns: FloatArray
    gain: float


def place(cycle: Cycle, settings: CvSettings, electrons: int, scale_a: float) -> Placed:
    """Lay a cycle on nodes for so many electrons."""
    kelvin = settings.temperature_c + 273.15
    per_v = electrons * FARADAY_C_MOL / (GAS_CONSTANT_J_MOL_K * kelvin)
    segments = tuple(s.segment.number - cycle.first_corner for s in cycle.sweeps)
    of = programme(cycle.corners_v, tuple(sorted(segments)), per_v)
    places = []
    for sweep, segment in zip(cycle.sweeps, segments, strict=True):
        first, last = of.starts[segment], of.starts[segment + 1]
        along = np.clip(way_of(sweep) / sweep.segment.span_v, 0.0, 1.0)
        places.append(first + along * (last - first))
    at = np.concatenate(places)
    below = np.minimum(at.astype(np.intp), len(of.potential_v) - 2)
    return Placed(
        of=of,
        electrons=electrons,
        below=below,
        share=at - below,
        segments=segments,
        current_a=np.concatenate([s.bin_a for s in cycle.sweeps]),
        sigma_a=np.concatenate([sigma_of(s, scale_a) for s in cycle.sweeps]),
        floors={kind: _floor(cycle, kind) for kind in _KINDS},
    )


def find_waves(placed: Placed) -> dict[int, tuple[float, float]]:
    """The best reversible wave of each orientation: its half-wave potential and gain.

    The gain is half the fall of the weighted sum of squares.
    """
    of = placed.of
    low, high = of.potential_v.min(), of.potential_v.max()
    grid_v = np.arange(low, high, _GRID / of.per_v)
    over = np.clip(of.per_v * (of.potential_v[:, np.newaxis] - grid_v), -200, 200)
    reduced = 1 / (1 + np.exp(over))
    waves = -(of.semi @ (reduced - reduced[0])).T
    along, gains = _projected(placed, placed.at_bins(waves))
    best = {}
    for orientation in (1, -1):
        right = np.where(orientation * along > 0, gains, 0.0)
        k = int(np.argmax(right))
        best[orientation] = (float(grid_v[k]), float(right[k]))
    return best


def fit_cycle(starts: Sequence[Start], scale_a: float) -> CycleFit:
    """Fit the whole cycle from the promising starts, over the baseline that suits it best."""
    most = max(start.gain for start in starts)
    promising = [s for s in starts if s.gain >= _PROMISING_SHARE * most]
    simple = [_fit(s.placed, "line", s.parameters, scale_a) for s in promising]
    best = max(simple, key=lambda f: f.result.evidence)
    fits = [_fit(best.placed, kind, best.result.parameters, scale_a) for kind in _KINDS[1:]]
    return max([best, *fits], key=lambda f: f.result.evidence)


def best_start(placed: Placed, orientation: int, wave_v: float, middle_v: float) -> Start:
    """Parameters to start from.

    A fast couple at the best reversible wave, or slow ones there or in the middle of both peaks.
    """
    slow = [(at_v, rate) for at_v in (wave_v, middle_v) for rate in _START_RATES]
    pairs = [(wave_v, _FAST), *slow]
    tried = [np.array([at_v, np.log(rate), _ALPHA_PRIOR[0]]) for at_v, rate in pairs]
    waves = np.stack([wave(placed.of, p) for p in tried])
    along, gains = _projected(placed, placed.at_bins(waves))
    right = np.where(orientation * along > 0, gains, -1.0)
    best = int(np.argmax(right))
    return Start(placed, tried[best], float(right[best]))


def _projected(placed: Placed, waves: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sizes of waves (g, K) over the line, and by how much each helps, shapes (g,)."""
    columns = placed.floors["line"][0] / placed.sigma_a[:, np.newaxis]
    basis, _ = np.linalg.qr(columns)
    current = placed.current_a / placed.sigma_a
    current = current - basis @ (basis.T @ current)
    scaled = waves / placed.sigma_a
    size = np.sum(scaled**2, axis=1) - np.sum((scaled @ basis) ** 2, axis=1)
    known = size > 1e-3 * np.sum(scaled**2, axis=1)
    along = np.where(known, scaled @ current, 0.0) / np.where(known, size, 1.0)
    return along, along**2 * size / 2


def _fit(placed: Placed, kind: Kind, start: FloatArray, scale_a: float) -> CycleFit:
    floor, spreads = placed.floors[kind]
    data = Data(placed.current_a, placed.sigma_a)
    potentials_v = placed.of.potential_v
    model = Model(
        columns=_columns(placed, floor),
        means=np.array([potentials_v.mean(), _LOG_RATE_PRIOR[0], _ALPHA_PRIOR[0]]),
        spreads=np.array([_HALF_WAVE_SPREAD_V, _LOG_RATE_PRIOR[1], _ALPHA_PRIOR[1]]),
        low=np.array([potentials_v.min(), _LOG_RATE_MIN, 0.2]),
        high=np.array([potentials_v.max(), _LOG_RATE_MAX, 0.8]),
        factor_spreads=np.concatenate([[np.inf], spreads * scale_a]),
    )
    found = fit(model, data, start, scale_a)
    empty = Model(
        columns=lambda _: (floor, np.zeros((0, len(floor), 0))),
        means=np.zeros(0),
        spreads=np.ones(0),
        low=np.zeros(0),
        high=np.zeros(0),
        factor_spreads=spreads * scale_a,
    )
    without = fit(empty, data, np.zeros(0), scale_a)
    gain = _squares(without, data) - _squares(found, data)
    return CycleFit(placed, found, floor, gain / 2)


def _columns(placed: Placed, floor: FloatArray) -> Columns:
    def columns(parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        current, by_parameter = currents(placed.of, parameters)
        bends = placed.at_bins(by_parameter)[..., np.newaxis]
        return np.column_stack([placed.at_bins(current), floor]), bends

    return columns


def _squares(of: Fit, data: Data) -> float:
    return float(np.sum(np.minimum((of.residual_a / data.sigma_a) ** 2, 20.0)))


def _floor(cycle: Cycle, kind: Kind) -> tuple[FloatArray, FloatArray]:
    """Charging, a line over potential, and for tails what each sweep may have of its own."""
    sweeps = cycle.sweeps
    at_v = np.concatenate([s.bin_v for s in sweeps])
    across = (at_v - at_v.mean()) / max(float(np.ptp(at_v)) / 2, 1e-12)
    columns = [np.ones_like(across), across]
    spreads = [np.inf, np.inf]
    lengths = [len(s.bin_v) for s in sweeps]
    direction = np.repeat([float(s.segment.direction) for s in sweeps], lengths)
    if len(sweeps) > 1:
        columns.append(direction)
        spreads.append(np.inf)
    if kind == "tails":
        columns.append(direction * across)
        spreads.append(_SLOPE_SPREAD)
        ends = np.cumsum([0, *lengths])
        for k, sweep in enumerate(sweeps):
            own = background(way_of(sweep), "tails")
            for column, spread in zip(own.columns.T[2:], own.spreads[2:], strict=True):
                placed = np.zeros(len(at_v))
                placed[ends[k] : ends[k + 1]] = column
                columns.append(placed)
                spreads.append(float(spread))
    return np.stack(columns, axis=1), np.array(spreads)
