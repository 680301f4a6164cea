"""Baselines that a fit may put under a peak: a line, with tails, with curvature, or a free one.

Each comes with how large it may be in units of the peak height; tails rise towards x = 0.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.peaks import FloatArray

TAILS_V: Final = (0.03, 0.05, 0.08)
"""Decay of an oxygen or hydrogen tail from the end of the window."""
_TAIL_SPREAD: Final = 1.0
_CURVATURE_SPREAD: Final = 0.25
_FREE_LENGTH_V: Final = 0.045
_FREE_TERMS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Columns of a linear model, shape (K, q), and their standard deviations, shape (q,).

    A standard deviation is in units of the peak height, and infinite where anything goes.
    """

    columns: FloatArray
    spreads: FloatArray


def line(x_v: FloatArray) -> Background:
    """A straight line."""
    half = (x_v[-1] - x_v[0]) / 2
    columns = np.stack([np.ones_like(x_v), (x_v - x_v[0]) / half - 1], axis=1)
    return Background(columns, np.full(2, np.inf))


def tailed(x_v: FloatArray, decays_v: tuple[float, ...] = TAILS_V) -> Background:
    """A line and exponential tails at the lower end."""
    tails = np.exp(-(x_v - x_v[0])[:, np.newaxis] / np.array(decays_v))
    return joined(line(x_v), Background(tails, np.full(len(decays_v), _TAIL_SPREAD)))


def curved(x_v: FloatArray) -> Background:
    """A line, tails and curvature."""
    across = line(x_v).columns[:, 1:]
    bend = Background(across**2 - 1 / 3, np.array([_CURVATURE_SPREAD]))
    return joined(tailed(x_v), bend)


def free(x_v: FloatArray) -> Background:
    """A line and any smooth curve, large near the ends and small in the middle.

    The curve is a Gaussian process of squared-exponential kernel and length 45 mV, cut to its ten
    largest terms.
    """
    from_start, from_end = x_v - x_v[0], x_v[-1] - x_v
    size = 0.04 + 0.9 * np.exp(-from_start / 0.07) + 0.3 * np.exp(-from_end / 0.05)
    apart = (x_v[:, np.newaxis] - x_v) / _FREE_LENGTH_V
    kernel = np.outer(size, size) * np.exp(-(apart**2) / 2)
    variances, modes = np.linalg.eigh(kernel)
    largest = np.argsort(variances)[::-1][:_FREE_TERMS]
    columns = modes[:, largest] * np.sqrt(np.maximum(variances[largest], 0.0))
    return joined(line(x_v), Background(columns, np.ones(len(largest))))


def joined(*parts: Background) -> Background:
    """All columns of several baselines."""
    return Background(
        np.concatenate([part.columns for part in parts], axis=1),
        np.concatenate([part.spreads for part in parts]),
    )
