"""What a square-wave voltammogram shows besides its peak: backgrounds, and the noise on top.

Backgrounds are in units of the peak's height. None of them looks like a peak of the peak's own
width: a smooth curve drawn through the background on both sides of the peak meets the true one
below it (`drawable`). Noise has a given rms; its kinds are those that potentiostats show.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

THERMAL_VOLTAGE_V = 0.025693
SMALLEST_SPAN, LARGEST_SPAN = 0.1, 1.5
"""Span of a background over the window as drawn, in peak heights."""
COARSEST_STEP = 0.15
"""Coarsest step of a converter, in peak heights."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """The potentials of one scan, in the order in which they were measured, and its peak."""

    potential_v: FloatArray
    apex_v: float
    width_v: float

    @property
    def time(self) -> FloatArray:
        """Time since the start, 0 to 1, shape (n_points,)."""
        return np.linspace(0.0, 1.0, self.potential_v.size)

    @property
    def low_v(self) -> float:
        """Negative end of the window in volts."""
        return float(self.potential_v.min())

    @property
    def high_v(self) -> float:
        """Positive end of the window in volts."""
        return float(self.potential_v.max())

    @property
    def span_v(self) -> float:
        """Length of the window in volts."""
        return self.high_v - self.low_v


@dataclass(frozen=True, slots=True)
class Background:
    """A background in peak heights, shape (n_points,), and the names of what it is made of."""

    height: FloatArray
    kind: str


def draw_background(rng: np.random.Generator, sweep: Sweep) -> Background:
    """Draw one or two processes and an offset: a baseline that a chemist could still draw.

    Returns heights of shape (n_points,) in units of the peak's height.
    """
    kinds = rng.permutation(list(BACKGROUNDS))[: rng.choice([1, 2], p=[0.55, 0.45])]
    total = np.zeros(sweep.potential_v.size)
    for kind in kinds:
        draw, largest = BACKGROUNDS[kind]
        curve = draw(rng, sweep)
        total += curve * rng.uniform(SMALLEST_SPAN, largest) / np.ptp(curve)
    total *= min(1.0, LARGEST_SPAN / float(np.ptp(total)))
    total = drawable(total, sweep)
    offset = rng.uniform(-LARGEST_SPAN, LARGEST_SPAN) - float(np.median(total))
    return Background(height=total + offset, kind="+".join(sorted(kinds)))


def drawable(background: FloatArray, sweep: Sweep) -> FloatArray:
    """Shrink a background until a chemist can draw it below the peak.

    A smooth curve through its flanks (a cubic through what lies 0.9 to 2 widths from the apex, a
    line where the window shows one flank only) comes within 8 % of the peak's height of it at the
    apex, and within 16 % anywhere below the peak. It has no hump of its own as wide as the peak
    and higher than a fifth of it, and within one width of the apex no such dip.
    """
    apart = (sweep.potential_v - sweep.apex_v) / sweep.width_v
    hump = _hump(background, sweep)
    limits = [np.nanmax(hump, initial=0.0) / 0.2]
    limits.append(np.nanmax(-hump[np.abs(apart) <= 1], initial=0.0) / 0.2)
    left, right = (apart > -2) & (apart < -0.9), (apart < 2) & (apart > 0.9)
    flanks = left | right
    if flanks.sum() >= 5:
        degree = 3 if min(left.sum(), right.sum()) >= 4 else 1
        drawn = np.polynomial.Polynomial.fit(apart[flanks], background[flanks], degree)
        miss = np.abs(np.asarray(drawn(apart)) - background)
        limits.append(miss[np.argmin(np.abs(apart))] / 0.08)
        limits.append(miss[np.abs(apart) <= 0.9].max() / 0.16)
    return np.asarray(background / max(1.0, *map(float, limits)))


def _hump(background: FloatArray, sweep: Sweep) -> FloatArray:
    """Height above the chord between one width to the left and to the right; nan near the ends."""
    order = np.argsort(sweep.potential_v)
    known = sweep.potential_v[order], background[order]
    sides = [
        np.interp(sweep.potential_v + side * sweep.width_v, *known, left=np.nan, right=np.nan)
        for side in (-1, 1)
    ]
    return np.asarray(background - (sides[0] + sides[1]) / 2)


def add_noise(
    rng: np.random.Generator, kind: str, clean: FloatArray, rms: float, points_per_width: float
) -> FloatArray:
    """Add noise of one kind and of the given rms at one point to a curve of shape (n_points,).

    Curve and rms are in peak heights. Spikes come on top of the rms. `points_per_width` (points
    within the peak's width) keeps the beat of the mains faster than the peak.
    """
    size = clean.size
    match kind:
        case "white":
            return np.asarray(clean + rms * rng.standard_normal(size))
        case "ar1":
            return clean + rms * _autoregressive(rng, size)
        case "pink":
            return clean + rms * _pink(rng, size)
        case "mains":
            share = rng.uniform(0.5, 0.9)
            beat = np.sqrt(share) * _mains(rng, size, points_per_width)
            return np.asarray(clean + rms * (beat + np.sqrt(1 - share) * rng.standard_normal(size)))
        case "quantised":
            step = min(rms * np.sqrt(12 * rng.uniform(0.2, 0.7)), COARSEST_STEP)
            share = (step / rms) ** 2 / 12
            noisy = clean + rms * np.sqrt(1 - share) * rng.standard_normal(size)
            return np.asarray(step * np.round(noisy / step))
        case "spikes":
            return np.asarray(clean + rms * rng.standard_normal(size) + _spikes(rng, size, rms))
        case "mixed":
            parts = np.sqrt(rng.dirichlet([1.0, 1.0, 1.0, 1.0]))
            noise = parts[0] * rng.standard_normal(size) + parts[1] * _autoregressive(rng, size)
            noise += parts[2] * _pink(rng, size) + parts[3] * _mains(rng, size, points_per_width)
            return np.asarray(clean + rms * noise)
    raise ValueError(f"There is no noise called {kind!r}; choose one of {', '.join(NOISES)}.")


def _charging(rng: np.random.Generator, sweep: Sweep) -> FloatArray:
    """Charging current that the cell's resistance leaves at the end of the pulse.

    What is left is exp(-pulse / (R C)), so that a capacitance that grows a little with the
    potential shows as a curve.
    """
    apart_v = sweep.potential_v - rng.uniform(sweep.low_v, sweep.high_v)
    capacitance = 1 + rng.uniform(-0.3, 0.3) * np.tanh(apart_v / rng.uniform(0.2, 0.4))
    capacitance += rng.uniform(0.0, 0.8) * apart_v**2
    return np.asarray(np.exp(-rng.uniform(2.0, 6.0) / capacitance))


def _tafel(rng: np.random.Generator, sweep: Sweep) -> FloatArray:
    """Evolution of hydrogen at the negative end, of oxide or oxygen at the positive, or both."""
    slopes_v = THERMAL_VOLTAGE_V / rng.uniform(0.3, 0.9, 2)
    ends = [(1.0, 0.0), (0.0, 1.0), (1.0, rng.uniform(0.2, 0.8))][rng.choice(3, p=[0.6, 0.2, 0.2])]
    hydrogen = np.exp((sweep.low_v - sweep.potential_v) / slopes_v[0])
    oxide = np.exp((sweep.potential_v - sweep.high_v) / slopes_v[1])
    return np.asarray(ends[0] * hydrogen + ends[1] * oxide)


def _oxygen(rng: np.random.Generator, sweep: Sweep) -> FloatArray:
    """Reduction of dissolved oxygen: rises into a plateau that mass transport sets."""
    half_wave_v = sweep.low_v + rng.uniform(-0.05, 0.35) * sweep.span_v
    reduced = 1 / (1 + np.exp((sweep.potential_v - half_wave_v) / rng.uniform(0.05, 0.11)))
    return np.asarray(rng.choice([1.0, -1.0], p=[0.75, 0.25]) * reduced)


def _desorption(rng: np.random.Generator, sweep: Sweep) -> FloatArray:
    """Onset of the desorption of the thiol layer: flat, then a rise that turns straight."""
    onset_v = sweep.low_v + rng.uniform(0.05, 0.25) * sweep.span_v
    scale_v = rng.uniform(0.015, 0.05)
    return np.asarray(np.logaddexp(0.0, (onset_v - sweep.potential_v) / scale_v))


def _random_curve(rng: np.random.Generator, sweep: Sweep) -> FloatArray:
    """A curve of a Gaussian process, 0.15 to 0.4 V long and longer than the peak is wide."""
    length_v = max(rng.uniform(0.15, 0.4), 1.5 * sweep.width_v)
    angles = rng.standard_normal(120)[:, None] / length_v * sweep.potential_v
    return np.asarray(np.cos(angles + rng.uniform(0, 2 * np.pi, (120, 1))).sum(axis=0))


def _settling(rng: np.random.Generator, sweep: Sweep) -> FloatArray:
    """An electrode that settles after the start of the scan."""
    return np.asarray(rng.choice([1.0, -1.0]) * np.exp(-sweep.time / rng.uniform(0.04, 0.5)))


def _polynomial(rng: np.random.Generator, sweep: Sweep) -> FloatArray:
    """A line, a parabola and perhaps a cubic over the window."""
    place = 2 * (sweep.potential_v - sweep.low_v) / sweep.span_v - 1
    coefficients = rng.standard_normal(4) * [0.0, 1.0, 0.7, rng.choice([0.0, 0.5])]
    return np.asarray(np.polynomial.legendre.legval(place, coefficients))


BACKGROUNDS: dict[str, tuple[Callable[[np.random.Generator, Sweep], FloatArray], float]] = {
    "charging": (_charging, 1.5),
    "tafel": (_tafel, 1.5),
    "oxygen": (_oxygen, 1.0),
    "desorption": (_desorption, 1.5),
    "random": (_random_curve, 1.0),
    "settling": (_settling, 1.0),
    "polynomial": (_polynomial, 1.0),
}
"""Each kind of background, and its largest span in peak heights."""

NOISES = {
    "white": 0.3,
    "ar1": 0.15,
    "pink": 0.1,
    "mains": 0.12,
    "quantised": 0.13,
    "spikes": 0.1,
    "mixed": 0.1,
}
"""Each kind of noise and its share among the scans."""


def _autoregressive(rng: np.random.Generator, size: int) -> FloatArray:
    memory = rng.uniform(0.3, 0.85)
    noise = rng.standard_normal(size)
    noise[1:] *= np.sqrt(1 - memory**2)
    for point in range(1, size):
        noise[point] += memory * noise[point - 1]
    return noise


def _pink(rng: np.random.Generator, size: int) -> FloatArray:
    """Noise whose power falls as 1/f, down to a quarter of the scan's own lowest frequency."""
    long = 4 * size
    power = np.zeros(long // 2 + 1)
    power[1:] = 1 / np.arange(1, power.size)
    shape = (2, power.size)
    real, imaginary = rng.standard_normal(shape) * np.sqrt(power / (4 * power.sum()))
    return np.asarray(np.fft.irfft((real + 1j * imaginary) * long, long)[:size])


def _mains(rng: np.random.Generator, size: int, points_per_width: float) -> FloatArray:
    """The beat of 50 or 60 Hz with the pulses, and some of its third harmonic."""
    period = rng.uniform(2.1, max(2.5, 0.6 * points_per_width))
    phase = 2 * np.pi * (np.arange(size) / period + rng.uniform())
    third = rng.uniform(0.0, 0.3)
    beat = np.sin(phase) + third * np.sin(3 * phase + rng.uniform(0, 2 * np.pi))
    return np.asarray(beat * np.sqrt(2 / (1 + third**2)))


def _spikes(rng: np.random.Generator, size: int, rms: float) -> FloatArray:
    """One to three single points 0.2 to 3 peak heights off, and never less than 8 times the rms."""
    spikes = np.zeros(size)
    count = rng.integers(1, 4)
    sizes = np.maximum(10 ** rng.uniform(-0.7, 0.5, count), 8 * rms)
    spikes[rng.choice(size, count, replace=False)] = rng.choice([-1.0, 1.0], count) * sizes
    return spikes
