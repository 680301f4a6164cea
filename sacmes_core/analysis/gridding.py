"""Voltammograms made ready for a fit: spikes and mains out, dense points averaged, noise judged."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.mains import mains_a
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import BoolArray, FloatArray, IntArray

BIN_V: Final = 0.005
"""Averaging over so much takes 0.2 % off the height of the narrowest peak (55 mV)."""
_BINS_MIN: Final = 40
_SPIKE_SIGMAS: Final = 6.0
_SPIKE_SHARE: Final = 0.01
_ALMOST_TWICE: Final = 2 - 1e-6
_SORTING: Final = tuple(
    zip((0, 1, 2, 1, 3, 0, 2, 0, 2, 4, 1, 3), (5, 3, 4, 2, 4, 3, 5, 1, 3, 5, 2, 4), strict=True)
)
"""Pairs to be put in order, one after the other, so that six values are sorted: many at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Binned:
    """n voltammograms on one grid of K potentials, counted from the lowest potential of each.

    Attributes
    ----------
    x_v
        Shape (K,), ascending from about 0.
    current_a, weights
        Shape (n, K); the weight is the share of a bin's points that were no spikes.
    noise_a
        Shape (n,); standard deviation of one binned point's noise.
    spikes
        Shape (n,); how many points were set aside.
    repaired_a
        Shape (n, points of the scan); without mains, spikes replaced by what their neighbours say.
    """

    x_v: FloatArray
    current_a: FloatArray
    weights: FloatArray
    noise_a: FloatArray
    spikes: FloatArray
    repaired_a: FloatArray

    def taken(self, rows: IntArray) -> "Binned":
        """Some of the voltammograms."""
        return Binned(
            self.x_v,
            self.current_a[rows],
            self.weights[rows],
            self.noise_a[rows],
            self.spikes[rows],
            self.repaired_a[rows],
        )


def binned(x_v: FloatArray, current_a: FloatArray) -> Binned:
    """Average neighbouring points to bins of up to 5 mV, at least 40 of them where there are.

    Parameters
    ----------
    x_v
        Shape (K,), ascending.
    current_a
        Shape (n, K).
    """
    spike, repaired, noise = _cleaned(x_v, current_a)
    good, spikes = (~spike).astype(np.float64), spike.sum(axis=1).astype(np.float64)
    step_v = float(np.median(np.diff(x_v)))
    size = min(int(BIN_V / step_v + 1e-6), len(x_v) // _BINS_MIN)
    if size < 2:
        return Binned(x_v, repaired, good, noise, spikes, repaired)
    counts = _sums(np.ones_like(x_v), size)
    means = _sums(repaired, size) / counts
    return Binned(
        _sums(x_v, size) / counts,
        means,
        _sums(good, size) / size,
        np.maximum(noise / np.sqrt(size), point_noise_a(means)),
        spikes,
        repaired,
    )


def _cleaned(x_v: FloatArray, current_a: FloatArray) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Spikes (n, K), currents without them and mains (n, K), and the noise of a point (n,)."""
    noise = point_noise_a(current_a)
    spike, repaired = _repaired(current_a, noise)
    mains = mains_a(x_v, repaired)
    some = np.flatnonzero(mains.any(axis=1))
    if len(some):
        # Spikes stand out of less noise now.
        quiet, repaired = current_a[some] - mains[some], repaired.copy()
        noise[some] = point_noise_a(quiet)
        spike[some], repaired[some] = _repaired(quiet, noise[some])
    return spike, repaired, noise


def _sums(values: FloatArray, size: int) -> FloatArray:
    """Sums of so many neighbours along the last axis; the last sum is of those that are left."""
    sums = np.zeros((*values.shape[:-1], -(-values.shape[-1] // size)))
    for k in range(size):
        some = values[..., k::size]
        sums[..., : some.shape[-1]] += some
    return sums


def _repaired(current_a: FloatArray, noise_a: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Which points are spikes, and the currents without them, shapes (n, K)."""
    spike = np.zeros(current_a.shape, dtype=np.bool_)
    suspects = np.flatnonzero(_may_have_spikes(current_a, noise_a))
    if len(suspects) == 0:
        return spike, current_a
    some, repaired = current_a[suspects], current_a.copy()
    spike[suspects], neighbours = isolated_spikes(some, noise_a[suspects])
    repaired[suspects] = np.where(spike[suspects], neighbours, some)
    return spike, repaired


def _may_have_spikes(current_a: FloatArray, noise_a: FloatArray) -> BoolArray:
    """Which voltammograms `isolated_spikes` must look at, shape (n,).

    A spike is far beyond at least five of its six neighbours, hence beyond both of the nearest or
    both of the second nearest.
    """
    # Beyond its ends the current goes on as turned about them: second differences of 0 there.
    second = np.zeros_like(current_a)
    np.subtract(current_a[:, 2:], current_a[:, 1:-1], out=second[:, 1:-1])
    second[:, 1:-1] -= current_a[:, 1:-1]
    second[:, 1:-1] += current_a[:, :-2]
    limit = _ALMOST_TWICE * _far_a(current_a, noise_a)
    over_two = second[:, :-2] + second[:, 2:]
    over_two += second[:, 1:-1]
    over_two += second[:, 1:-1]
    is_suspect = np.zeros(len(current_a), dtype=np.bool_)
    for bend in (second, over_two):
        is_suspect |= np.maximum(bend.max(axis=1), -bend.min(axis=1)) > limit
    return is_suspect


def _far_a(current_a: FloatArray, noise_a: FloatArray) -> FloatArray:
    """How far off a spike is at least, shape (n,)."""
    return np.asarray(np.maximum(_SPIKE_SIGMAS * noise_a, _SPIKE_SHARE * np.ptp(current_a, axis=1)))


def on_grid(x_v: FloatArray, values: FloatArray, at_v: FloatArray) -> FloatArray:
    """Linear interpolation of rows, (n, K), at other potentials, continued beyond the ends."""
    below = np.clip(np.searchsorted(x_v, at_v) - 1, 0, len(x_v) - 2)
    share = (at_v - x_v[below]) / (x_v[below + 1] - x_v[below])
    return np.asarray(values[:, below] * (1 - share) + values[:, below + 1] * share)


def isolated_spikes(current_a: FloatArray, noise_a: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Points far from the median of their six neighbours, and these medians, shapes (n, K).

    Far means 6 σ and 1 % of the current's range beyond the range of the middle neighbours, so that
    the apex of a narrow peak on a coarse grid is none.
    """
    around = np.pad(current_a, ((0, 0), (3, 3)), mode="reflect", reflect_type="odd")
    count = current_a.shape[1]
    near = [around[:, k : k + count] for k in (0, 1, 2, 4, 5, 6)]
    for low, high in _SORTING:
        pair = near[low], near[high]
        near[low], near[high] = np.minimum(*pair), np.maximum(*pair)
    median = (near[2] + near[3]) / 2
    limit = _far_a(current_a, noise_a)[:, np.newaxis] + near[4] - near[1]
    return np.abs(current_a - median) > limit, median
