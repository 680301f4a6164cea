"""Square-wave voltammograms to learn from, as they usually are.

Peaks of couples on the surface and of freely drawn shapes, 50 to 190 mV wide, over lines, tails,
steps and random smooth curves, with every noise. None is from the sets by which the method is
measured. `learning_scans` draws far more broadly.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from learning_peaks import REDUCED, FloatArray
from learning_scans import Drawn, between, gaussian_process
from scipy.special import expit

_SPANS_V: Final = (0.28, 0.3, 0.35, 0.4, 0.5, 0.5, 0.5, 0.6, 0.7)
_STEPS_V: Final = (0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.015)


def draw_usual(random: np.random.Generator, peaks: FloatArray, count: int) -> Drawn:
    """So many scans on one grid."""
    span, step = float(random.choice(_SPANS_V)), float(random.choice(_STEPS_V))
    x_v = np.arange(0, span + 1e-9, step)
    currents: list[FloatArray] = []
    truths: list[tuple[float, float, float, float]] = []
    while len(currents) < count:
        width = between(random, 0.05, 0.19)
        place = _place(random, width, span)
        if width > 0.45 * span or min(place, span - place) < 0.55 * width:
            continue
        shape = _shape(random, peaks)
        peak = np.interp((x_v - place) / width, REDUCED, shape, left=0.0, right=0.0)
        noise = _noise(random, len(x_v)) / between(random, 3, 300)
        currents.append(peak + _background(random, x_v, place, width) + noise)
        truths.append((1.0, place, width, float(np.trapezoid(shape, REDUCED)) * width))
    return Drawn(x_v, np.stack(currents), np.array(truths))


def draw_usual_blanks(random: np.random.Generator, count: int) -> Drawn:
    """So many scans without a peak: noise about some level, or a background with noise."""
    span, step = float(random.choice(_SPANS_V)), float(random.choice(_STEPS_V))
    x_v = np.arange(0, span + 1e-9, step)
    currents = []
    for _ in range(count):
        noise = _noise(random, len(x_v))
        if random.random() < 0.35:
            currents.append(noise + random.normal(0, 30))
        else:
            below = _background(random, x_v, span * random.uniform(0.2, 0.8), 0.1)
            currents.append(below + noise / between(random, 3, 300))
    return Drawn(x_v, np.stack(currents), np.zeros((count, 4)))


def _place(random: np.random.Generator, width: float, span: float) -> float:
    if random.random() < 0.75:
        return span * random.uniform(0.35, 0.65)
    distance = random.uniform(0.7, 1.4) * width
    return distance if random.random() < 0.5 else span - distance


def _shape(random: np.random.Generator, peaks: FloatArray) -> FloatArray:
    """A peak of unit height and width on `REDUCED`."""
    if random.random() < 0.6:
        return np.asarray(peaks[int(random.integers(len(peaks)))])
    side = np.exp(random.normal(0, 0.2))
    x = REDUCED * np.where(REDUCED > 0, side**0.5, side**-0.5)
    if random.random() < 0.3:
        power = random.uniform(0.8, 3)
        curve = 1 / np.cosh(2 * x / power**0.5) ** power
    else:
        share = random.uniform(0, 0.3) * float(random.random() < 0.5)
        power = random.uniform(1.6, 2.6)
        curve = (1 - share) * np.exp(-np.log(2) * np.abs(2 * x) ** power) + share / (1 + 4 * x**2)
    if random.random() < 0.25:
        shift = random.uniform(0.15, 0.6) * float(random.choice([-1, 1]))
        curve = curve + random.uniform(0.1, 1.0) * np.interp(REDUCED - shift, REDUCED, curve)
    top = int(curve.argmax())
    curve = curve / curve[top]
    left = np.interp(0.5, curve[: top + 1], REDUCED[: top + 1])
    right = np.interp(-0.5, -curve[top:], REDUCED[top:])
    return np.asarray(
        np.interp(REDUCED * (right - left) + REDUCED[top], REDUCED, curve, left=0.0, right=0.0)
    )


def _background(
    random: np.random.Generator, x_v: FloatArray, place: float, width: float
) -> FloatArray:
    """A sum of a line and some of what may lie below a peak, in units of its height."""
    span = x_v[-1]
    t = 2 * x_v / span - 1
    parts: tuple[tuple[float, Callable[[], FloatArray]], ...] = (
        (0.4, lambda: _tail(random, x_v)),
        (0.2, lambda: _tail(random, span - x_v)),
        (0.2, lambda: random.normal(0, 0.15) * t**2),
        (0.1, lambda: random.normal(0, 0.1) * t**3),
        (0.3, lambda: _smooth_curve(random, x_v)),
        (0.25, lambda: _step(random, x_v, place, width)),
    )
    total = random.normal(0, 1.5) + random.normal(0, 0.4) * t
    for chance, part in parts:
        if random.random() < chance:
            total = total + part()
    return np.asarray(total)


def _tail(random: np.random.Generator, x_v: FloatArray) -> FloatArray:
    sign = float(random.choice([1, 1, 1, -1]))
    return sign * between(random, 0.1, 1.5) * np.exp(-x_v / random.uniform(0.02, 0.12))


def _smooth_curve(random: np.random.Generator, x_v: FloatArray) -> FloatArray:
    curve = gaussian_process(random, x_v, between(random, 0.1, 0.4))
    return np.asarray(between(random, 0.01, 0.2) * curve)


def _step(random: np.random.Generator, x_v: FloatArray, place: float, width: float) -> FloatArray:
    away = random.uniform(0.9, 1.8) * width + 0.02
    middle = place + float(random.choice([-1, 1])) * away
    slope = float(random.choice([-1, 1])) / random.uniform(0.012, 0.04)
    return np.asarray(between(random, 0.05, 0.6) * expit(slope * (x_v - middle)))


def _noise(random: np.random.Generator, points: int) -> FloatArray:
    """Noise of unit rms: white, 1/f and mains in any mixture; sometimes with spikes."""
    kind = int(random.integers(5))
    shares = {2: np.array([0.2, 0.8, 0.0]), 3: np.array([0.3, 0.0, 0.7])}.get(
        kind, np.array([1.0, 0.0, 0.0])
    )
    if kind == 4:
        shares = random.dirichlet([1, 1, 1])
    frequency = np.fft.rfftfreq(points)
    frequency[0] = np.inf
    spectrum = np.fft.rfft(random.normal(size=points)) / frequency ** random.uniform(0.3, 0.6)
    pink = np.fft.irfft(spectrum, points)
    turns = random.uniform(0.03, 0.47) * np.arange(points) + random.random()
    parts = random.normal(size=points), pink / pink.std(), np.sqrt(2) * np.sin(2 * np.pi * turns)
    noise = sum(np.sqrt(share) * part for share, part in zip(shares, parts, strict=True))
    noise = np.asarray(noise / np.std(noise))
    if random.random() < 0.2:
        where = random.choice(points, int(random.integers(1, 4)), replace=False)
        noise[where] += random.uniform(5, 40, len(where)) * random.choice([-1, 1], len(where))
    return noise
