"""Good square-wave voltammograms of surface-confined couples, with a known truth.

What the benchmarks beside the one of accuracy are made of: the exact difference current of a
couple, over a line, an oxygen tail or a sigmoid, with white noise.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import expit

from sacmes_core.formats.scan import Curve, DeclaredSweep, Scan
from sacmes_core.simulate.square_wave import SquareWave, SurfaceCouple, pulse_currents

FloatArray = NDArray[np.float64]

BACKGROUNDS: Final = ("line", "oxygen tail", "sigmoid")
STEPS_V: Final = (0.001, 0.002, 0.004)
_WIDTHS_V: Final = (0.055, 0.19)
_AROUND_V: Final = np.arange(-0.595, 0.5951, 0.0005)
_NEAR_PEAK: Final = 0.02
COUPLES: Final = 128
"""So many different couples are simulated."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A voltammogram in parts, shape (K,) each, in the order of measurement: to lower potentials.

    `height_a`, `apex_v` and `width_v` (full width at half height) are those of the couple's own
    current within the window.
    """

    potential_v: FloatArray
    peak_a: FloatArray
    background_a: FloatArray
    noise_a: FloatArray
    height_a: float
    apex_v: float
    width_v: float
    background: str

    @property
    def current_a(self) -> FloatArray:
        """What the instrument would have measured, shape (K,)."""
        return self.peak_a + self.background_a + self.noise_a

    @property
    def step_v(self) -> float:
        """Distance of neighbouring potentials."""
        return float(np.abs(self.potential_v[1] - self.potential_v[0]))


def draw_trace(rng: np.random.Generator, snr: float, apex_v: float | None = None) -> Trace:
    """A trace with its peak near the middle of a window of 0.4 to 0.6 V, three widths at least.

    Parameters
    ----------
    snr
        Height over the standard deviation of one point's noise.
    apex_v
        About where the peak is to be instead, counted from the lower end of the window.
    """
    couple = _couple(int(rng.integers(COUPLES)))
    span_v = max(rng.uniform(0.4, 0.6), 3 * couple.width_v)
    low_v, step_v = rng.uniform(-0.55, -0.4), float(rng.choice(STEPS_V))
    potential_v = low_v + np.arange(round(span_v / step_v), -1, -1, dtype=np.float64) * step_v
    place_v = low_v + (span_v * rng.uniform(0.42, 0.58) if apex_v is None else apex_v)
    height_a = float(np.exp(rng.uniform(np.log(2e-8), np.log(5e-6))))
    background = str(rng.choice(BACKGROUNDS))
    below = background_heights(background, potential_v - low_v, rng)
    noise = rng.normal(size=len(potential_v)) / snr
    return Trace(
        potential_v,
        height_a * couple.at(potential_v - place_v),
        height_a * below,
        height_a * noise,
        height_a,
        place_v,
        couple.width_v,
        background,
    )


def background_heights(kind: str, x_v: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A background in units of the peak's height; `x_v` counts from the lower end, shape (K,)."""
    level = rng.uniform(0.3, 2.0) + rng.uniform(-0.8, 0.8) * (x_v / x_v.max() - 0.5)
    size = rng.uniform(0.2, 1.2)
    if kind == "oxygen tail":
        level = level + size * np.exp(-x_v / rng.uniform(0.03, 0.08))
    elif kind == "sigmoid":
        level = level + size * expit((rng.uniform(0.0, 0.08) - x_v) / rng.uniform(0.015, 0.025))
    return np.asarray(level)


def as_scan(potential_v: FloatArray, current_a: FloatArray) -> Scan:
    """What a reader would have made of one electrode's difference current."""
    curve = Curve(1, "difference", tuple(potential_v.tolist()), tuple(current_a.tolist()))
    step_v = abs(float(potential_v[1] - potential_v[0]))
    declared = DeclaredSweep(float(potential_v[0]), float(potential_v[-1]), step_v)
    return Scan((curve,), "swv", "chi", frequency_hz=100.0, declared=declared)


@dataclass(frozen=True, slots=True, eq=False)
class _Couple:
    """A couple's difference current on `_AROUND_V`, of unit height with its apex at 0."""

    current: FloatArray
    width_v: float

    def at(self, x_v: FloatArray) -> FloatArray:
        return np.interp(x_v, _AROUND_V, self.current, left=0.0, right=0.0)


@cache
def _couple(number: int) -> _Couple:
    """One of the couples: with one maximum, 55 to 190 mV wide."""
    rng = np.random.default_rng((number, 17))
    while True:
        wave = SquareWave(0.6, -0.6, 0.002, rng.uniform(0.02, 0.05))
        couple = SurfaceCouple(
            formal_potential_v=0.0,
            rate_hz=float(np.exp(rng.uniform(np.log(8), np.log(150)))),
            electrons=int(rng.choice([1, 2])),
            transfer_coefficient=rng.uniform(0.4, 0.6),
            spread_v=rng.uniform(0.0, 0.03),
        )
        frequency_hz = float(np.exp(rng.uniform(np.log(20), np.log(300))))
        forward, reverse = pulse_currents(couple, wave, frequency_hz)
        fine = CubicSpline(wave.potentials_v[::-1], (forward - reverse)[::-1])(_AROUND_V)
        top = int(fine.argmax())
        fine /= fine[top]
        width_v = float(np.ptp(_AROUND_V[fine >= 0.5]))
        turns = np.count_nonzero(np.diff(np.sign(np.diff(fine[fine > _NEAR_PEAK]))))
        if turns == 1 and _WIDTHS_V[0] <= width_v <= _WIDTHS_V[1]:
            centred = np.interp(_AROUND_V + _AROUND_V[top], _AROUND_V, fine)
            return _Couple(centred, width_v)
