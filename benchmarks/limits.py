"""The noise limit: how well any unbiased method could know a peak's height (Cramér–Rao).

The inverse of Fisher's information of a scan with white noise, where the height, potential and
width of the peak and the coefficients of its background are unknown and the shape is known:

    var(h) ≥ σ² [(JᵀJ)⁻¹]ₕₕ,   J = ∂I/∂(h, E_p, ln w, b₁, …).

A method that does better knows something more: a prior, or a bias that happens to suit.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

FloatArray = NDArray[np.float64]


def height_limit_a(
    potential_v: FloatArray,
    peak_a: FloatArray,
    apex_v: FloatArray,
    sigma_a: FloatArray,
    background: FloatArray,
) -> FloatArray:
    """Smallest standard error that an unbiased estimate of the heights can have, shape (n,), A.

    Parameters
    ----------
    potential_v
        Shape (K,), ascending, V.
    peak_a
        Shape (n, K): the true peaks alone, without background and noise, A.
    apex_v
        Shape (n,): true peak potentials, V.
    sigma_a
        Shape (n,): standard deviation of the white noise of one point, A.
    background
        Shape (K, p) or (n, K, p): derivatives of the background by its coefficients, as
        `line_columns` and `tail_columns` give; in any units.

    References
    ----------
    S. M. Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, Prentice Hall
    1993, sections 3.7 and 3.9.
    """
    count, points = peak_a.shape
    height_a = np.max(peak_a, axis=1, keepdims=True)
    shape = peak_a / height_a
    slope = CubicSpline(potential_v, shape, axis=1)(potential_v, 1)
    by_width = slope * (potential_v - apex_v[:, np.newaxis])
    columns = np.broadcast_to(background, (count, points, background.shape[-1]))
    jacobian = np.concatenate([np.stack([shape, slope, by_width], axis=2), columns], axis=2)
    scale = np.linalg.norm(jacobian, axis=1, keepdims=True)
    jacobian = jacobian / scale
    information = np.swapaxes(jacobian, 1, 2) @ jacobian
    variance = np.linalg.inv(information)[:, 0, 0] / scale[:, 0, 0] ** 2
    return np.asarray(sigma_a * np.sqrt(variance))


def line_columns(potential_v: FloatArray) -> FloatArray:
    """Derivatives of a straight background by its two coefficients, shape (K, 2)."""
    return np.stack([np.ones_like(potential_v), potential_v - potential_v.mean()], axis=1)


def tail_columns(potential_v: FloatArray, decay_v: FloatArray) -> FloatArray:
    """Derivatives of a line and an exponential tail at the lower end, shape (n, K, 4).

    By the line's coefficients, the tail's amplitude and its decay; the size of the tail does not
    matter where both are unknown.

    Parameters
    ----------
    potential_v
        Shape (K,), ascending.
    decay_v
        Shape (n,): distance in which the tail falls to 1/e.
    """
    reduced = (potential_v - potential_v[0]) / decay_v[:, np.newaxis]
    tail = np.exp(-reduced)
    line = np.broadcast_to(line_columns(potential_v), (*tail.shape, 2))
    return np.concatenate([line, np.stack([tail, reduced * tail], axis=2)], axis=2)
