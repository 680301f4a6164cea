"""What the fits leave unexplained, and what that says about a scan."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import uniform_filter1d

from sacmes_core.analysis.gridding import Binned
from sacmes_core.analysis.peaks import BoolArray, FloatArray

_SLOW_V: Final = 0.024
_SLOW_SHARE: Final = 0.06
_STEP_BINS: Final = 4
_STEP_SHARE: Final = 0.2
_NOISE_SIGMAS: Final = 4.5


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Residuals of a fit, shapes (n,).

    `slow_a` is the rms of the residual averaged over 24 mV, `step_a` the largest difference
    between the medians of four points and the next four, `slow_noise_a` and `step_noise_a` what
    white noise alone makes of them.
    """

    slow_a: FloatArray
    slow_noise_a: FloatArray
    step_a: FloatArray
    step_noise_a: FloatArray

    def is_slow(self, height_a: FloatArray) -> BoolArray:
        """Whether the fits miss something wide: over 6 % of the height and noise's share."""
        return np.asarray(self.slow_a > np.hypot(_SLOW_SHARE * height_a, 2 * self.slow_noise_a))

    def is_step(self, height_a: FloatArray) -> BoolArray:
        """Whether the current jumps: by over 20 % of the height and 4.5 σ of noise."""
        limit = np.hypot(_STEP_SHARE * height_a, _NOISE_SIGMAS * self.step_noise_a)
        return np.asarray(self.step_a > limit)


def residuals(scans: Binned, sign: FloatArray, fit_a: FloatArray) -> Residuals:
    """Judge what is left of binned scans, turned upright by `sign`, when a fit is taken off."""
    upright = scans.current_a * sign[:, np.newaxis]
    residual = np.where(scans.weights > 0, upright - fit_a, 0.0)
    step_v = float(np.median(np.diff(scans.x_v)))
    size = max(3, round(_SLOW_V / step_v))
    slow = uniform_filter1d(residual, size, axis=1)
    around = np.lib.stride_tricks.sliding_window_view(residual, _STEP_BINS, axis=1)
    level = np.median(around, axis=2)
    jump = np.abs(level[:, _STEP_BINS:] - level[:, :-_STEP_BINS])
    return Residuals(
        np.sqrt(np.mean(slow**2, axis=1)),
        scans.noise_a / np.sqrt(size),
        jump.max(axis=1),
        scans.noise_a * np.sqrt(2 / _STEP_BINS),
    )
