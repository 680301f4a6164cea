"""Baselines that a fit may put under a peak: a line, tails, curvature, or any smooth curve.

Each comes with how large it may be in units of the peak height. Tails rise towards x = 0 unless
said otherwise.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.peaks import FloatArray

TAILS_V: Final = (0.03, 0.05, 0.08)
"""Decay of an oxygen or hydrogen tail from the end of the window."""
_TAIL_SPREAD: Final = 1.0
_CURVATURE_SPREAD: Final = 0.25
_WAVES_V: Final = (0.03, 0.06, 0.09, 0.12)
_WAVE_WIDTH_V: Final = 0.02
_WAVE_SPREAD: Final = 0.5
_TERMS_MAX: Final = 12
_SIZE_MIN: Final = 1e-4
"""Parts of a baseline that may never be larger than so much of the height are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Columns of a linear model, shape (K, q), and their standard deviations, shape (q,).

    A standard deviation is in units of the peak height, and infinite where anything goes.
    """

    columns: FloatArray
    spreads: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """A background turned into independent parts, for one grid of K potentials.

    Attributes
    ----------
    columns
        Shape (K, q), orthonormal.
    sizes
        Shape (q,); standard deviation of each part's factor in units of the peak height,
        infinite where anything goes.
    """

    columns: FloatArray
    sizes: FloatArray


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
    return joined(tailed(x_v), _curvature(x_v))


def two_tailed(x_v: FloatArray) -> Background:
    """A line, tails at both ends and curvature."""
    high = upper_tailed(x_v)
    tails = Background(high.columns[:, 2:], high.spreads[2:])
    return joined(tailed(x_v), tails, _curvature(x_v))


def upper_tailed(x_v: FloatArray, decays_v: tuple[float, ...] = TAILS_V) -> Background:
    """A line and exponential tails at the upper end."""
    mirrored = tailed(x_v[-1] - x_v[::-1], decays_v)
    return joined(line(x_v), Background(mirrored.columns[::-1, 2:], mirrored.spreads[2:]))


def wavy(x_v: FloatArray) -> Background:
    """A line, a tail and waves of reduction near the lower end, as that of oxygen."""
    places = np.array(_WAVES_V)
    waves = 1 / (1 + np.exp((x_v[:, np.newaxis] - places) / _WAVE_WIDTH_V))
    return joined(
        tailed(x_v, (0.05,)), Background(waves, np.full(len(places), _WAVE_SPREAD)), _curvature(x_v)
    )


def smooth(
    x_v: FloatArray, length_v: float, size: float, at_ends: tuple[float, float] = (0.0, 0.0)
) -> Background:
    """A line and any smooth curve: a Gaussian process of squared-exponential kernel.

    Parameters
    ----------
    length_v
        Over which the curve changes its course.
    size
        Its standard deviation in units of the peak height.
    at_ends
        What is added to the size at the lower and the upper end; it decays over 70 and 50 mV.
    """
    from_start, from_end = x_v - x_v[0], x_v[-1] - x_v
    sizes = size + at_ends[0] * np.exp(-from_start / 0.07) + at_ends[1] * np.exp(-from_end / 0.05)
    apart = (x_v[:, np.newaxis] - x_v) / length_v
    kernel = np.outer(sizes, sizes) * np.exp(-(apart**2) / 2)
    variances, modes = np.linalg.eigh(kernel)
    largest = np.argsort(variances)[::-1][:_TERMS_MAX]
    columns = modes[:, largest] * np.sqrt(np.maximum(variances[largest], 0.0))
    return joined(line(x_v), Background(columns, np.ones(len(largest))))


def unbound(background: Background) -> Background:
    """The same columns, of any size."""
    return Background(background.columns, np.full(len(background.spreads), np.inf))


def joined(*parts: Background) -> Background:
    """All columns of several baselines."""
    return Background(
        np.concatenate([part.columns for part in parts], axis=1),
        np.concatenate([part.spreads for part in parts]),
    )


def basis(background: Background) -> Basis:
    """Independent parts: those of any size first, then the principal ones of the others.

    What the parts of any size can do is taken off the others, which changes no fit.
    """
    anything = np.isinf(background.spreads)
    free, _ = np.linalg.qr(background.columns[:, anything])
    bound = background.columns[:, ~anything] * background.spreads[~anything]
    modes, sizes, _ = np.linalg.svd(bound - free @ (free.T @ bound), full_matrices=False)
    matters = sizes > _SIZE_MIN
    return Basis(
        np.concatenate([free, modes[:, matters]], axis=1),
        np.concatenate([np.full(free.shape[1], np.inf), sizes[matters]]),
    )


def _curvature(x_v: FloatArray) -> Background:
    across = line(x_v).columns[:, 1:]
    return Background(across**2 - 1 / 3, np.array([_CURVATURE_SPREAD]))
