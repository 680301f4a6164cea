"""Template bank: every peak on a grid of potentials and widths, tried at once by one product.

It finds where the fits start, which way the peak points and at which end the tail is, and gives a
height of its own.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sacmes_core.analysis.backgrounds import (
    Background,
    line,
    tailed,
    two_tailed,
    upper_tailed,
)
from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray
from sacmes_core.analysis.shapes import physical_shape

_WIDTHS_V: Final = np.geomspace(0.035, 0.26, 12)
_POTENTIAL_SPACING_V: Final = 0.008
_SIGMA: Final = 0.03
"""Noise and model error relative to the range of the current, for the weight of the priors."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The best peak of one direction in each of n voltammograms, shapes (n,).

    `height_a` is positive, `sign` the same for all; `gain` is by how much the peak raises the
    logarithm of the likelihood over none; `evidence` compares directions; `tail_at_end` says that
    a tail at the upper end explains more than one at the lower.
    """

    sign: FloatArray
    potential_v: FloatArray
    width_v: FloatArray
    height_a: FloatArray
    gain: FloatArray
    evidence: FloatArray
    tail_at_end: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class _Bank:
    """Templates with each of B baselines projected out, for one grid of K potentials.

    `templates` (B·P·W, K), `norms` (B, P, W), `projections` (B, K, K), `volumes` (B,) the part of
    the evidence that is the same for all voltammograms.
    """

    potentials_v: FloatArray
    templates: NDArray[np.float32]
    norms: FloatArray
    projections: FloatArray
    volumes: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """Every template tried on n voltammograms, shapes (n, B, P, W).

    `gains` say by how much the misfit falls, with the sign of the template's factor.
    """

    products: NDArray[np.float32]
    gains: NDArray[np.float32]


def search(
    x_v: FloatArray, current_a: FloatArray, noise_a: FloatArray
) -> tuple[Candidates, Candidates]:
    """Find upward and downward peaks of n voltammograms of K points on one grid.

    Parameters
    ----------
    x_v
        Shape (K,), ascending.
    current_a
        Shape (n, K).
    noise_a
        Shape (n,); standard deviation of a point.
    """
    bank = _bank(np.ascontiguousarray(x_v).tobytes())
    straight = line(x_v).columns
    # Sums by einsum, not by a matrix product: a scan must give the same digits alone and in a
    # batch, and BLAS adds in an order that depends on the number of rows.
    smooth_part = straight @ np.linalg.pinv(straight)
    level = current_a - np.einsum("nk,lk->nl", current_a, smooth_part)
    scale_a = np.maximum(np.ptp(level, axis=1), np.finfo(float).tiny)
    scaled = level / scale_a[:, np.newaxis]
    sigma = np.hypot(noise_a / scale_a, _SIGMA / 2)
    products = np.einsum("nk,tk->nt", scaled.astype(np.float32), bank.templates)
    products = products.reshape(-1, *bank.norms.shape)
    tried = _Tried(products, products * np.abs(products) / bank.norms.astype(np.float32))
    left = np.einsum("nk,blk->nbl", scaled, bank.projections)
    rest = np.sum(left * scaled[:, np.newaxis], axis=2)
    up = _best(bank, tried, rest, sigma, 1.0)
    down = _best(bank, tried, rest, sigma, -1.0)
    return _scaled(up, scale_a), _scaled(down, scale_a)


def _scaled(found: Candidates, scale_a: FloatArray) -> Candidates:
    return replace(found, height_a=found.height_a * scale_a)


def _best(
    bank: _Bank, tried: _Tried, rest: FloatArray, sigma: FloatArray, sign: float
) -> Candidates:
    gains = tried.gains.reshape(*tried.gains.shape[:2], -1)
    index = gains.argmax(axis=2) if sign > 0 else gains.argmin(axis=2)
    best = sign * np.take_along_axis(gains, index[..., np.newaxis], axis=2)[..., 0]
    best = np.maximum(best.astype(np.float64), 0.0)
    evidence = (best - rest) / 2 / sigma[:, np.newaxis] ** 2 + bank.volumes
    rows, first = np.arange(len(rest)), evidence.argmax(axis=1)
    heights, potentials, widths = _refined(bank, tried, index, sign)
    weights = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return Candidates(
        np.full(len(rest), sign),
        potentials[rows, first],
        widths[rows, first],
        np.sum(weights * heights, axis=1),
        best[rows, first] / 2 / sigma**2,
        evidence[rows, first],
        evidence[:, 2] > evidence[:, 1],
    )


@lru_cache(maxsize=32)
def _bank(grid: bytes) -> _Bank:
    x_v = np.frombuffer(grid)
    count = max(3, round((x_v[-1] - x_v[0]) / _POTENTIAL_SPACING_V) + 1)
    potentials_v = np.linspace(x_v[0], x_v[-1], count)
    reduced = (x_v - potentials_v[:, None, None]) / _WIDTHS_V[:, None]
    shapes = physical_shape().at(reduced)[0][..., 0]
    templates, norms, projections, volumes = [], [], [], []
    for background in _backgrounds(x_v):
        penalty = (_SIGMA / background.spreads) ** 2
        columns = background.columns
        normal = columns.T @ columns + np.diag(penalty)
        projection = np.eye(len(x_v)) - columns @ np.linalg.solve(normal, columns.T)
        cleaned = shapes @ projection
        templates.append(cleaned.reshape(-1, len(x_v)))
        norms.append(np.maximum(np.sum(cleaned * shapes, axis=2), 1e-6))
        projections.append(projection)
        bound = np.sum(np.log(penalty[penalty > 0]))
        volumes.append((bound - np.linalg.slogdet(normal)[1]) / 2)
    return _Bank(
        potentials_v,
        np.concatenate(templates).astype(np.float32),
        np.stack(norms),
        np.stack(projections),
        np.array(volumes),
    )


def _backgrounds(x_v: FloatArray) -> tuple[Background, ...]:
    """A line, tails at the lower end, at the upper end, at both with curvature."""
    return line(x_v), tailed(x_v), upper_tailed(x_v), two_tailed(x_v)


def _refined(
    bank: _Bank, tried: _Tried, index: IntArray, sign: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Heights, potentials and widths at the top of a quadratic about the best, shapes (n, B)."""
    n, count, places, widths = tried.gains.shape
    rows, kinds = np.arange(n)[:, None], np.arange(count)
    place = np.clip(index // widths, 1, places - 2)
    width = np.clip(index % widths, 1, widths - 2)
    step = np.arange(-1, 2)
    near = (
        rows[..., None, None],
        kinds[:, None, None],
        place[..., None, None] + step[:, None],
        width[..., None, None] + step,
    )
    around = np.maximum(sign * tried.gains[near].astype(np.float64), 0.0)
    height = np.maximum(sign * tried.products[near].astype(np.float64), 0.0) / bank.norms[near[1:]]
    slope, bend = _quadratic(around)
    determinant = bend[0] * bend[2] - bend[1] ** 2
    peaked = (determinant > 0) & (bend[0] < 0)
    determinant = np.where(peaked, determinant, 1.0)
    shift = -np.stack(
        [bend[2] * slope[0] - bend[1] * slope[1], bend[0] * slope[1] - bend[1] * slope[0]]
    )
    shift = np.clip(np.where(peaked, shift / determinant, 0.0), -1, 1)
    slope, bend = _quadratic(height)
    refined = height[..., 1, 1] + slope[0] * shift[0] + slope[1] * shift[1]
    refined += (bend[0] * shift[0] ** 2 + bend[2] * shift[1] ** 2) / 2
    refined += bend[1] * shift[0] * shift[1]
    spacing_v = bank.potentials_v[1] - bank.potentials_v[0]
    ratio = _WIDTHS_V[1] / _WIDTHS_V[0]
    return (
        refined,
        np.asarray(bank.potentials_v[place] + shift[0] * spacing_v),
        np.asarray(_WIDTHS_V[width] * ratio ** shift[1]),
    )


def _quadratic(
    near: FloatArray,
) -> tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]:
    """First and second differences at the middle of 3 × 3 values, the last two axes."""
    middle = near[..., 1, 1]
    slope = (
        (near[..., 2, 1] - near[..., 0, 1]) / 2,
        (near[..., 1, 2] - near[..., 1, 0]) / 2,
    )
    mixed = (near[..., 2, 2] - near[..., 2, 0] - near[..., 0, 2] + near[..., 0, 0]) / 4
    bend = (
        near[..., 2, 1] - 2 * middle + near[..., 0, 1],
        mixed,
        near[..., 1, 2] - 2 * middle + near[..., 1, 0],
    )
    return slope, bend
