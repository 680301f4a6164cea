"""Where a peak may be in a sweep: a grid of peaks, compared with it in one product."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.cv.backgrounds import Kind, background, projector
from sacmes_core.analysis.cv.preparing import Sweep
from sacmes_core.analysis.cv.shapes import surface_shape
from sacmes_core.analysis.peaks import FloatArray

_WIDTHS_V: Final = (0.03, 0.042, 0.06, 0.084, 0.115, 0.16, 0.22)
_STEPS_PER_WIDTH: Final = 6.0
_MARGIN_WIDTHS: Final = 0.3
_GROUPS: Final = 90
_KNOWN_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Candidate:
    """The most likely peak of one direction.

    `height_a` has the current's sign and is 0 where there is none; `gain` is by how much the sum
    of squares of all points falls with the peak, in A².
    """

    way_v: float
    width_v: float
    height_a: float
    gain: float


def way_of(sweep: Sweep) -> FloatArray:
    """How far the sweep has gone at each bin, shape (K,), from 0 at the turn."""
    segment = sweep.segment
    return np.asarray(segment.direction * (sweep.bin_v - segment.start_v))


def best_candidates(sweep: Sweep, kind: Kind) -> tuple[Candidate, Candidate]:
    """The best peak upwards and the best one downwards, over a baseline of this kind."""
    way_v, current, counts = _coarse(sweep)
    weights = np.sqrt(counts)
    places, widths = _grid(way_v)
    reduced = (way_v[:, np.newaxis] - places) / widths
    peaks = surface_shape().mean_at(reduced) * weights[:, np.newaxis]
    basis, _ = np.linalg.qr(projector(background(way_v, kind)) * weights[:, np.newaxis])
    current = current * weights
    current = current - basis @ (basis.T @ current)
    whole = np.sum(peaks**2, axis=0)
    size = whole - np.sum((basis.T @ peaks) ** 2, axis=0)
    # A peak that the baseline explains nearly as well cannot tell a height.
    known = size > _KNOWN_SHARE * whole
    along = np.where(known, current @ peaks, 0.0) / np.where(known, size, 1.0)
    gains = along**2 * size
    found = []
    for sign in (1.0, -1.0):
        k = int(np.argmax(np.where(sign * along > 0, gains, -1.0)))
        height_a = float(along[k]) if sign * along[k] > 0 else 0.0
        gain = float(gains[k]) if height_a else 0.0
        found.append(Candidate(float(places[k]), float(widths[k]), height_a, gain))
    return found[0], found[1]


def _coarse(sweep: Sweep) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ways, currents and points of groups of bins, enough for a search."""
    way_v = way_of(sweep)
    groups = np.arange(len(way_v)) // max(1, len(way_v) // _GROUPS)
    counts = np.asarray(np.bincount(groups, sweep.counts), np.float64)
    return (
        np.bincount(groups, way_v * sweep.counts) / counts,
        np.bincount(groups, sweep.bin_a * sweep.counts) / counts,
        counts,
    )


def _grid(way_v: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Places and widths of all peaks of the grid, shape (t,) each."""
    places, widths = [], []
    span_v = way_v[-1] - way_v[0]
    for width_v in _WIDTHS_V:
        first, last = way_v[0] + _MARGIN_WIDTHS * width_v, way_v[-1] - _MARGIN_WIDTHS * width_v
        if last <= first or width_v > span_v:
            continue
        count = int(np.ceil((last - first) / width_v * _STEPS_PER_WIDTH)) + 1
        places.append(np.linspace(first, last, count))
        widths.append(np.full(count, width_v))
    if not places:
        middle = (way_v[0] + way_v[-1]) / 2
        return np.array([middle]), np.array([span_v / 2])
    return np.concatenate(places), np.concatenate(widths)
