"""Template bank: every peak on a grid of potentials and widths, tried at once by one product.

It finds where the fits start, which way the peak points and at which end the tail is, and gives a
height of its own.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

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
_BLOCK: Final = 64
_STEPS: Final = np.arange(-1, 2)
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
    """Templates for one grid of K potentials, and what of them each of B baselines explains.

    `templates` (K, P·W) have unit height, `sizes` (B, P, W) is the root of the squares of what a
    baseline leaves of each; `baselines` (K, B·q) are parts that a baseline explains and
    `explained` (B, q, P·W) the templates' products with them; `volumes` (B,) is the part of the
    evidence that is the same for all voltammograms.
    """

    potentials_v: FloatArray
    templates: FloatArray
    sizes: FloatArray
    baselines: FloatArray
    explained: FloatArray
    volumes: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """The best templates upwards and downwards over each baseline, shapes (2, n, B).

    `scores` (2, n, B, 3, 3) are products with those about `place` and `width`, positive for the
    direction; the best one is among them.
    """

    place: IntArray
    width: IntArray
    scores: FloatArray

    def of(self, ways: IntArray) -> "_Best":
        """Those of one direction in each voltammogram, shapes (n, B)."""
        rows = np.arange(len(ways))
        return _Best(self.place[ways, rows], self.width[ways, rows], self.scores[ways, rows])


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What the bank sees of n voltammograms; `gain` and `evidence` (2, n, B), `scale_a` (n,)."""

    bank: _Bank
    best: _Best
    gain: FloatArray
    evidence: FloatArray
    scale_a: FloatArray


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
    seen = _seen(x_v, current_a, noise_a)
    up = np.zeros(len(noise_a), dtype=np.intp)
    return _candidates(seen, up), _candidates(seen, up + 1)


def search_likelier(x_v: FloatArray, current_a: FloatArray, noise_a: FloatArray) -> Candidates:
    """Find the peak of the direction with the better evidence in each; see `search`."""
    seen = _seen(x_v, current_a, noise_a)
    return _candidates(seen, seen.evidence.max(axis=-1).argmax(axis=0))


def _seen(x_v: FloatArray, current_a: FloatArray, noise_a: FloatArray) -> _Seen:
    bank = _bank(np.ascontiguousarray(x_v).tobytes())
    straight, _ = np.linalg.qr(line(x_v).columns)
    level = current_a - _product(_product(current_a, straight), straight.T)
    # Of a scan that does not change, what is left is one rounding error, whose span is none.
    span_a = np.maximum(np.ptp(level, axis=1), np.abs(level).max(axis=1))
    scale_a = np.maximum(span_a, np.finfo(float).tiny)
    scaled = level / scale_a[:, np.newaxis]
    sigma = np.hypot(noise_a / scale_a, _SIGMA / 2)[:, np.newaxis]
    explained = _product(scaled, bank.baselines).reshape(len(scaled), len(bank.sizes), -1)
    rest = np.sum(scaled**2, axis=1)[:, np.newaxis] - np.sum(explained**2, axis=2)
    found = _compared(bank, scaled, explained)
    best = found.scores.max(axis=(-2, -1)) ** 2
    evidence = (best - rest) / 2 / sigma**2 + bank.volumes
    return _Seen(bank, found, best / 2 / sigma**2, evidence, scale_a)


def _compared(bank: _Bank, scaled: FloatArray, explained: FloatArray) -> _Best:
    """The best templates for n voltammograms, shape (n, K), of which baselines explain (n, B, q).

    Products with all that a baseline leaves of the templates are those with the templates less
    those of what it explains, which are few.
    """
    parts = []
    per_size = (1 / bank.sizes).reshape(len(bank.sizes), -1)
    own = _blocks(explained.reshape(len(explained), -1))
    scores = np.empty((_BLOCK, *per_size.shape))
    for block, parts_of_block in zip(_blocks(scaled), own, strict=True):
        whole = block @ bank.templates
        for k, part in enumerate(np.split(parts_of_block, len(bank.sizes), axis=1)):
            np.subtract(whole, part @ bank.explained[k], out=scores[:, k])
        scores *= per_size
        parts.append(_best(scores.reshape(_BLOCK, *bank.sizes.shape)))
    places, widths, near = (
        np.concatenate(some, axis=1)[:, : len(scaled)] for some in zip(*parts, strict=True)
    )
    signs = np.array([1.0, -1.0])[:, np.newaxis, np.newaxis, np.newaxis, np.newaxis]
    return _Best(places, widths, np.maximum(signs * near, 0.0))


def _product(rows: FloatArray, columns: FloatArray) -> FloatArray:
    """Rows (n, K) times columns (K, q), each row as if it were alone; see `_blocks`."""
    products = _blocks(rows) @ columns
    return np.asarray(products.reshape(-1, columns.shape[1])[: len(rows)])


def _blocks(rows: FloatArray) -> FloatArray:
    """Rows (n, K) in blocks of always as many, the last one filled with zeros, (blocks, m, K).

    A scan must give the same digits alone and in a batch, and BLAS adds in an order that depends
    on the number of rows; in single precision, on many processors, even on their place in a block.
    They are so few that products stay within a processor's cache.
    """
    count = -(-len(rows) // _BLOCK)
    blocks = np.zeros((count * _BLOCK, rows.shape[1]))
    blocks[: len(rows)] = rows
    return blocks.reshape(count, _BLOCK, -1)


def _best(scores: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Places, widths and scores about the largest and the smallest score, see `_Best`."""
    n, count, places, widths = scores.shape
    flat = scores.reshape(n, count, -1)
    index = np.stack([flat.argmax(axis=2), flat.argmin(axis=2)])
    place = np.clip(index // widths, 1, places - 2)
    width = np.clip(index % widths, 1, widths - 2)
    first = places * widths * np.arange(n * count).reshape(n, count)
    middle = (first + place * widths + width)[..., np.newaxis, np.newaxis]
    return place, width, scores.reshape(-1)[middle + widths * _STEPS[:, np.newaxis] + _STEPS]


def _candidates(seen: _Seen, ways: IntArray) -> Candidates:
    """The best peak of each voltammogram in a direction, 0 for upwards and 1 for downwards."""
    rows = np.arange(len(ways))
    evidence = seen.evidence[ways, rows]
    heights, potentials, widths = _refined(seen.bank, seen.best.of(ways))
    weights = np.exp(evidence - evidence.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    first = evidence.argmax(axis=-1)
    return Candidates(
        np.where(ways == 0, 1.0, -1.0),
        potentials[rows, first],
        widths[rows, first],
        np.sum(weights * heights, axis=-1) * seen.scale_a,
        seen.gain[ways, rows, first],
        evidence[rows, first],
        evidence[:, 2] > evidence[:, 1],
    )


@lru_cache(maxsize=32)
def _bank(grid: bytes) -> _Bank:
    x_v = np.frombuffer(grid)
    count = max(3, round((x_v[-1] - x_v[0]) / _POTENTIAL_SPACING_V) + 1)
    potentials_v = np.linspace(x_v[0], x_v[-1], count)
    reduced = (x_v - potentials_v[:, None, None]) / _WIDTHS_V[:, None]
    shapes = physical_shape().columns_at(reduced)[0]
    backgrounds = _backgrounds(x_v)
    most = max(len(background.spreads) for background in backgrounds)
    sizes, volumes = [], []
    baselines = np.zeros((len(backgrounds), len(x_v), most))
    for k, background in enumerate(backgrounds):
        penalty = (_SIGMA / background.spreads) ** 2
        columns = background.columns
        normal = columns.T @ columns + np.diag(penalty)
        explained = np.linalg.solve(np.linalg.cholesky(normal), columns.T).T
        baselines[k, :, : len(penalty)] = explained
        left = np.sum(shapes**2, axis=2) - np.sum((shapes @ explained) ** 2, axis=2)
        sizes.append(np.sqrt(np.maximum(left, 1e-6)))
        bound = np.sum(np.log(penalty[penalty > 0]))
        volumes.append((bound - np.linalg.slogdet(normal)[1]) / 2)
    templates = shapes.reshape(-1, len(x_v)).T
    return _Bank(
        potentials_v,
        np.ascontiguousarray(templates),
        np.stack(sizes),
        np.concatenate(baselines, axis=1),
        np.ascontiguousarray(np.swapaxes(baselines, 1, 2) @ templates),
        np.array(volumes),
    )


def _backgrounds(x_v: FloatArray) -> tuple[Background, ...]:
    """A line, tails at the lower end, at the upper end, at both with curvature."""
    return line(x_v), tailed(x_v), upper_tailed(x_v), two_tailed(x_v)


def _refined(bank: _Bank, found: _Best) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Heights, potentials and widths at the top of a quadratic about the best, shapes (n, B)."""
    kinds = np.arange(len(bank.sizes))[:, np.newaxis, np.newaxis]
    place = found.place[..., np.newaxis, np.newaxis] + _STEPS[:, np.newaxis]
    width = found.width[..., np.newaxis, np.newaxis] + _STEPS
    around = found.scores**2
    height = found.scores / bank.sizes[kinds, place, width]
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
        np.asarray(bank.potentials_v[found.place] + shift[0] * spacing_v),
        np.asarray(_WIDTHS_V[found.width] * ratio ** shift[1]),
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
