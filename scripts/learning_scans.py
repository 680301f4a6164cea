"""Square-wave voltammograms to learn from, drawn as broadly as they may be.

Peaks 45 to 220 mV wide anywhere in windows of 0.25 to 0.8 V, over sums of tails, waves, bends and
random smooth curves, with every noise. None is from the sets by which the method is measured.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from learning_peaks import REDUCED, FloatArray, Shapes, draw_shape
from scipy.interpolate import CubicSpline
from scipy.special import expit

SPANS_V: Final = (0.25, 0.28, 0.3, 0.3, 0.35, 0.4, 0.45, 0.5, 0.5, 0.55, 0.6, 0.7, 0.8)
STEPS_V: Final = (0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01)
_WIDTHS_V: Final = (0.045, 0.22)
_SNRS: Final = (3.0, 300.0)
_POINTS_MIN: Final = 30


@dataclass(frozen=True, slots=True)
class Breadth:
    """How far from the common scans are drawn.

    Attributes
    ----------
    shapes
        Of the peaks.
    width_share_max
        Widest peak over the window.
    from_end_min
        Least distance of the apex from the ends, in widths.
    parts
        Chances of none, one, two and three processes below the peak besides a line.
    hidden
        Smallest and largest share of the height by which the flanks may mislead about what lies
        below the peak.
    """

    shapes: Shapes
    width_share_max: float
    from_end_min: float
    parts: tuple[float, float, float, float]
    hidden: tuple[float, float]


COMMON: Final = Breadth(
    Shapes(couples=0.45, diffusing=0.15, mixed=0.15, bent=0.2, smeared=0.15),
    width_share_max=0.6,
    from_end_min=0.4,
    parts=(0.2, 0.4, 0.3, 0.1),
    hidden=(0.02, 0.15),
)
ODD: Final = Breadth(
    Shapes(couples=0.35, diffusing=0.15, mixed=0.2, bent=0.3, smeared=0.2),
    width_share_max=0.45,
    from_end_min=0.55,
    parts=(0.1, 0.4, 0.35, 0.15),
    hidden=(0.03, 0.2),
)
"""Other shapes and backgrounds more often, and further off."""
FEW: Final = Breadth(
    Shapes(couples=0.6, diffusing=0.1, mixed=0.1, bent=0.12, smeared=0.1),
    width_share_max=0.65,
    from_end_min=0.3,
    parts=(0.15, 0.55, 0.3, 0.0),
    hidden=(0.05, 1.0),
)
"""Few processes, which may hide below peaks that are near an end or wide for their window."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Scans of one grid, currents (n, K), and their truths, (n, 4): height, place, width, area."""

    x_v: FloatArray
    current_a: FloatArray
    truths: FloatArray


def draw_scans(
    random: np.random.Generator,
    pools: tuple[FloatArray, FloatArray],
    breadth: Breadth,
    count: int,
) -> Drawn:
    """So many scans on one grid, their peaks of unit height."""
    x_v = _grid(random)
    currents: list[FloatArray] = []
    truths: list[tuple[float, float, float, float]] = []
    while len(currents) < count:
        width = between(random, *_WIDTHS_V)
        if width > breadth.width_share_max * x_v[-1]:
            continue
        place = _place(random, breadth, width, float(x_v[-1]))
        shape = draw_shape(random, pools, breadth.shapes)
        reduced = (x_v - place) / width
        peak = np.interp(reduced, REDUCED, shape, left=0.0, right=0.0)
        snr = between(random, *_SNRS)
        below = drawable(random, draw_background(random, x_v, breadth), reduced, breadth)
        currents.append(with_noise(random, peak + below, 1 / snr))
        truths.append((1.0, place, width, float(np.trapezoid(shape, REDUCED)) * width))
    return Drawn(x_v, np.stack(currents), np.array(truths))


def between(random: np.random.Generator, low: float, high: float) -> float:
    """A number between two, as likely in each octave."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def _grid(random: np.random.Generator) -> FloatArray:
    while True:
        span, step = float(random.choice(SPANS_V)), float(random.choice(STEPS_V))
        if span / step >= _POINTS_MIN:
            return np.arange(0, span + 1e-9, step)


def _place(random: np.random.Generator, breadth: Breadth, width: float, span: float) -> float:
    least = breadth.from_end_min * width
    if random.random() < 0.65:
        return float(np.clip(span * random.uniform(0.3, 0.7), least, span - least))
    distance = min(random.uniform(breadth.from_end_min, 1.5) * width, 0.5 * span)
    return distance if random.random() < 0.5 else span - distance


def draw_background(random: np.random.Generator, x_v: FloatArray, breadth: Breadth) -> FloatArray:
    """A line and up to three of what may lie below a peak, in units of its height."""
    span = float(x_v[-1])
    t = 2 * x_v / span - 1
    total = random.normal(0, 1.5) + random.normal(0, 0.3) * t
    for part in random.permutation(len(_PARTS))[: random.choice(4, p=breadth.parts)]:
        curve = _PARTS[part](random, x_v)
        if random.random() < 0.5:
            curve = curve[::-1]
        size = between(random, 0.05, 1.5) * float(random.choice([1, 1, 1, -1]))
        total = total + size * curve / max(float(np.ptp(curve)), 1e-3)
    return np.asarray(total)


def drawable(
    random: np.random.Generator, background: FloatArray, apart: FloatArray, breadth: Breadth
) -> FloatArray:
    """A background shrunk until what lies beside the peak tells what lies below it.

    A cubic through 0.9 to 2.2 widths on both sides (a line where one side is missing) comes within
    a random share of the height (`Breadth.hidden`) of the background below the peak.
    """
    left, right = (apart > -2.2) & (apart < -0.9), (apart < 2.2) & (apart > 0.9)
    beside, below = left | right, np.abs(apart) < 0.9
    if beside.sum() < 4 or not below.any():
        return background
    powers = np.vander(apart, 4 if min(left.sum(), right.sum()) >= 3 else 2)
    factors = np.linalg.lstsq(powers[beside], background[beside])[0]
    miss = float(np.abs(powers[below] @ factors - background[below]).max())
    return background / max(1.0, miss / between(random, *breadth.hidden))


def _tail(random: np.random.Generator, x_v: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-x_v / between(random, 0.02, 0.3)))


def _power(random: np.random.Generator, x_v: FloatArray) -> FloatArray:
    return np.asarray((1 + x_v / between(random, 0.02, 0.1)) ** -random.uniform(0.5, 2.0))


def _wave(random: np.random.Generator, x_v: FloatArray) -> FloatArray:
    middle = x_v[-1] * random.uniform(-0.1, 0.5)
    return np.asarray(expit((middle - x_v) / between(random, 0.012, 0.11)))


def _knee(random: np.random.Generator, x_v: FloatArray) -> FloatArray:
    knee, scale = x_v[-1] * random.uniform(0.0, 0.35), between(random, 0.01, 0.06)
    return np.asarray(np.logaddexp(0, (knee - x_v) / scale))


def _hump(random: np.random.Generator, x_v: FloatArray) -> FloatArray:
    middle = x_v[-1] * random.uniform(-0.2, 0.1)
    return np.asarray(np.exp(-(((x_v - middle) / random.uniform(0.05, 0.2)) ** 2)))


def _polynomial(random: np.random.Generator, x_v: FloatArray) -> FloatArray:
    t = 2 * x_v / x_v[-1] - 1
    factors = random.normal(size=4) * [0.0, 0.0, 1.0, random.choice([0.0, 1.0])]
    return np.asarray(np.polynomial.legendre.legval(t, factors))


def _smooth_curve(random: np.random.Generator, x_v: FloatArray) -> FloatArray:
    return gaussian_process(random, x_v, between(random, 0.1, 0.5))


def gaussian_process(random: np.random.Generator, x_v: FloatArray, length_v: float) -> FloatArray:
    """A random smooth curve of unit size: a Gaussian process of squared-exponential kernel."""
    knots = np.linspace(0, x_v[-1], 24)
    kernel = np.exp(-((knots[:, np.newaxis] - knots) ** 2) / 2 / length_v**2) + 1e-6 * np.eye(24)
    return np.asarray(CubicSpline(knots, np.linalg.cholesky(kernel) @ random.normal(size=24))(x_v))


_PARTS: Final[tuple[Callable[[np.random.Generator, FloatArray], FloatArray], ...]] = (
    _tail,
    _tail,
    _power,
    _wave,
    _wave,
    _knee,
    _hump,
    _polynomial,
    _smooth_curve,
    _smooth_curve,
)


def with_noise(random: np.random.Generator, clean: FloatArray, rms: float) -> FloatArray:
    """A curve with white noise, noise with a memory, mains, a coarse converter, or spikes."""
    points = len(clean)
    kind = random.random()
    shares = np.array([1.0, 0.0, 0.0, 0.0])
    if kind > 0.4:
        shares = random.dirichlet([0.3, 0.3, 0.3, 0.3])
    white, own, slow = random.normal(size=(3, points))
    turns = random.uniform(0.03, 0.47) * np.arange(points) + random.random()
    parts = (
        white,
        _coloured(slow, random.uniform(0.3, 0.6)),
        _remembering(own, random.uniform(0.3, 0.9)),
        np.sqrt(2) * np.sin(2 * np.pi * turns),
    )
    noise = sum(np.sqrt(share) * part for share, part in zip(shares, parts, strict=True))
    measured = clean + rms * np.asarray(noise)
    if random.random() < 0.12:
        step = min(rms * random.uniform(0.5, 3.0), 0.15)
        measured = step * np.round(measured / step)
    if random.random() < 0.15:
        where = random.choice(points, int(random.integers(1, 4)), replace=False)
        sizes = np.maximum(rms * random.uniform(5, 40, len(where)), random.uniform(0, 0.5))
        measured[where] += sizes * random.choice([-1, 1], len(where))
    return np.asarray(measured)


def _coloured(white: FloatArray, slope: float) -> FloatArray:
    """Noise of unit rms whose amplitudes fall with the frequency."""
    frequency = np.fft.rfftfreq(len(white))
    frequency[0] = np.inf
    pink = np.fft.irfft(np.fft.rfft(white) / frequency**slope, len(white))
    return np.asarray(pink / pink.std())


def _remembering(white: FloatArray, memory: float) -> FloatArray:
    """Noise of which each point keeps a share of the last one's."""
    lag = np.fft.rfft(white) / (1 - memory * np.exp(-2j * np.pi * np.fft.rfftfreq(len(white))))
    noise = np.fft.irfft(lag, len(white))
    return np.asarray(noise / noise.std())
