"""Shapes of square-wave peaks to learn from: simulated ones, and any with one apex.

A shape has unit height at x = 0 and unit full width at half maximum, on `REDUCED`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.signal import fftconvolve

from sacmes_core.analysis.shapes import physical_peaks

FloatArray = NDArray[np.float64]

REDUCED: Final = np.linspace(-5, 5, 1001)
_COUPLES: Final = 256
_STEP_V: Final = 0.005
_HALF_SPAN_V: Final = 0.45
_PARTS: Final = 3
"""Parts of a half-pulse in which the flux of a diffusing couple is taken as constant."""
_THERMAL_PER_V: Final = 38.92
"""F / RT at 25 °C."""
_TRIES: Final = 50


@dataclass(frozen=True, slots=True)
class Shapes:
    """How shapes are drawn: shares of them, from 0 to 1.

    `couples` on the surface and `diffusing` ones are simulated, the others follow a formula;
    of all, some are then `mixed` with a second one, `bent`, and `smeared`.
    """

    couples: float
    diffusing: float
    mixed: float
    bent: float
    smeared: float


def simulated(seed: int) -> tuple[FloatArray, FloatArray]:
    """Peaks of couples on the surface and of diffusing ones, shapes (n, len(REDUCED))."""
    potential_v, currents = _diffusing(np.random.default_rng(seed))
    fine_v = np.arange(potential_v[0], potential_v[-1], _STEP_V / 8)
    curves = CubicSpline(potential_v, currents, axis=1)(fine_v)
    shapes = (at_unit_size(fine_v, curve) for curve in curves)
    return physical_peaks(REDUCED, seed), np.stack([each for each in shapes if each is not None])


def draw_shape(
    random: np.random.Generator, pools: tuple[FloatArray, FloatArray], shapes: Shapes
) -> FloatArray:
    """A simulated peak, one of a formula, or a mixture; often bent, smeared or leaning."""
    for _ in range(_TRIES):
        curve = _pure(random, pools, shapes)
        if random.random() < shapes.mixed:
            shift, share = random.uniform(0.1, 0.6), random.uniform(0.1, 1.0)
            shift *= float(random.choice([-1, 1]))
            scale = np.exp(random.normal(0, 0.25))
            curve = curve + share * np.interp((REDUCED - shift) * scale, REDUCED, curve)
        if random.random() < shapes.bent:
            curve = np.interp(_bent(random), REDUCED, curve, left=0.0, right=0.0)
        if random.random() < shapes.smeared:
            curve = _smeared(curve, random.uniform(0.05, 0.8) * float(random.choice([-1, 1])))
        shape = at_unit_size(REDUCED, curve)
        if shape is not None:
            return shape
    raise RuntimeError("No shape with one apex was drawn; check the formulas.")


def at_unit_size(x: FloatArray, curve: FloatArray) -> FloatArray | None:
    """A curve at unit height and width with its apex at 0; None where it has not one apex."""
    rise = np.sign(np.diff(curve)) * (np.abs(np.diff(curve)) > 1e-9 * np.ptp(curve))
    turns = np.diff(rise[rise != 0])
    top = int(curve.argmax())
    if np.sum(turns < 0) != 1 or np.sum(turns > 0) > 0 or curve[top] <= 0:
        return None
    curve = curve / curve[top]
    if curve[0] > 0.3 or curve[-1] > 0.3:
        return None
    left = np.interp(0.5, curve[: top + 1], x[: top + 1])
    right = np.interp(-0.5, -curve[top:], x[top:])
    return np.asarray(np.interp(REDUCED * (right - left) + x[top], x, curve, left=0.0, right=0.0))


def _pure(
    random: np.random.Generator, pools: tuple[FloatArray, FloatArray], shapes: Shapes
) -> FloatArray:
    kind = random.random()
    if kind < shapes.couples:
        return np.asarray(pools[0][int(random.integers(len(pools[0])))])
    if kind < shapes.couples + shapes.diffusing:
        mirrored = slice(None, None, int(random.choice([-1, 1])))
        return np.asarray(pools[1][int(random.integers(len(pools[1])))][mirrored])
    side = np.exp(random.normal(0, 0.25))
    x = REDUCED * np.where(REDUCED > 0, side**0.5, side**-0.5)
    formulas: tuple[Callable[[], FloatArray], ...] = (
        lambda: 1 / np.cosh(1.763 * x) ** np.exp(random.normal(0.7, 0.4)),
        lambda: _powered(random, x),
        lambda: _between_waves(random),
    )
    return np.asarray(formulas[int(random.integers(len(formulas)))]())


def _powered(random: np.random.Generator, x: FloatArray) -> FloatArray:
    """A Gaussian of another power, sometimes with the tails of a Lorentzian."""
    share = random.uniform(0, 0.4) * float(random.random() < 0.5)
    curve = np.exp(-np.log(2) * np.abs(2 * x) ** random.uniform(1.6, 2.6))
    return np.asarray((1 - share) * curve + share / (1 + 4 * x**2))


def _between_waves(random: np.random.Generator) -> FloatArray:
    """A wave up and a wave down of different steepness."""
    steep = 4 * np.exp(random.normal(0, 0.4, 2))
    apart = random.uniform(0.0, 0.6)
    up = 1 / (1 + np.exp(-steep[0] * (REDUCED + apart)))
    return np.asarray(up / (1 + np.exp(steep[1] * (REDUCED - apart))))


def _bent(random: np.random.Generator) -> FloatArray:
    """Places that a shape is read at: `REDUCED` stretched by up to a half, differently along it."""
    knots = np.linspace(-5, 5, 16)
    stretch = np.exp(CubicSpline(knots, random.normal(0, 0.25, len(knots)))(REDUCED))
    places = np.cumsum(stretch) * (REDUCED[1] - REDUCED[0])
    return np.asarray(places - places[len(places) // 2])


def _smeared(curve: FloatArray, memory: float) -> FloatArray:
    """A shape that each point hands on: convolved with an exponential, forwards or backwards."""
    lag = np.arange(0, 5 * abs(memory), REDUCED[1] - REDUCED[0])
    kernel = np.exp(-lag / abs(memory))
    if memory < 0:
        return np.asarray(fftconvolve(curve[::-1], kernel)[: len(curve)][::-1])
    return np.asarray(fftconvolve(curve, kernel)[: len(curve)])


def _diffusing(random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Potentials, shape (K,), and difference currents of diffusing couples, (couples, K).

    The flux is constant within each part of a half-pulse, and what has diffused away since goes
    as differences of roots (Nicholson and Olmstead). Rate constant over the root of diffusion and
    frequency 0.02 to 30, amplitude 15 to 60 mV, transfer coefficient 0.35 to 0.65, one or two
    electrons.
    """
    draw = random.uniform(size=(4, _COUPLES, 1))
    rate = np.exp(np.log(0.02) + draw[0] * np.log(30 / 0.02))
    amplitude_v, alpha = 0.015 + 0.045 * draw[1], 0.35 + 0.3 * draw[2]
    factor = _THERMAL_PER_V * np.where(draw[3] < 0.5, 1.0, 2.0)
    stairs_v = np.arange(-_HALF_SPAN_V, _HALF_SPAN_V, _STEP_V)
    pulses_v = stairs_v[:, np.newaxis] + np.array([1.0, -1.0]) * amplitude_v[..., np.newaxis]
    over = factor * np.repeat(pulses_v.reshape(_COUPLES, -1), _PARTS, axis=1)
    forward = rate * np.exp(np.minimum((1 - alpha) * over, 25.0))
    backward = rate * np.exp(np.minimum(-alpha * over, 25.0))
    count = over.shape[1]
    memory = 2 * np.diff(np.sqrt(np.arange(count + 1) / (np.pi * _PARTS)))
    flux = np.zeros((_COUPLES, count))
    for k in range(count):
        gone = flux[:, :k] @ memory[k:0:-1]
        total = forward[:, k] + backward[:, k]
        flux[:, k] = (forward[:, k] - total * gone) / (1 + total * memory[0])
    sampled = flux[:, _PARTS - 1 :: _PARTS]
    return stairs_v, sampled[:, ::2] - sampled[:, 1::2]
