"""Square-wave voltammograms with a known truth, to judge peak methods by.

Four sets: A has the exact peaks of surface-confined couples on common backgrounds, B other peak
shapes, C backgrounds of other families, D other shapes and yet other backgrounds together. No
method was built from B, C or D.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import expit

from sacmes_core.simulate.square_wave import SquareWave, SurfaceCouple, pulse_currents

FloatArray = NDArray[np.float64]

SETS = ("A", "B", "C", "D")
LAYOUTS = ("plain", "plain", "plain", "plain", "plain", "plain", "plain", "edge", "narrow")
NOISES = ("white", "white", "1/f", "spikes", "mains", "mixed")
BACKGROUNDS = {
    "A": ("line", "tail", "sigmoid", "curved"),
    "B": ("line", "tail", "sigmoid", "curved"),
    "C": ("wave", "shoulder", "hump"),
    "D": ("cubic", "far tail", "steps", "power", "tail and hump"),
}
SHAPES = {
    "A": ("couple",),
    "B": ("gauss", "sech2", "lorentz", "skewed", "two"),
    "C": ("couple",),
    "D": ("flat", "pointed", "uneven", "couple"),
}
FINE_V = np.arange(-0.55, 0.5505, 0.0005)


@dataclass(frozen=True, slots=True)
class Truth:
    """What a scan was made of; `snr` is the height over the rms noise of one point."""

    height_a: float
    potential_v: float
    width_v: float
    area_av: float
    snr: float
    shape: str
    background: str
    noise: str
    layout: str


@dataclass(frozen=True, slots=True, eq=False)
class MadeScan:
    """A voltammogram, potentials ascending, and its truth."""

    potential_v: FloatArray
    current_a: FloatArray
    truth: Truth


def scans(kind: str, count: int, seed: int = 0) -> Iterator[MadeScan]:
    """The scans of a set, the same ones for the same seed."""
    for k in range(count):
        yield make_scan(kind, np.random.default_rng((seed, ord(kind), k)))


def make_scan(kind: str, random: np.random.Generator, snr: float | None = None) -> MadeScan:
    """One scan of a set, of a given ratio of height to noise or one of 3 to 200."""
    layout = str(random.choice(LAYOUTS))
    shape = str(random.choice(SHAPES[kind]))
    background = str(random.choice(BACKGROUNDS[kind]))
    noise = str(random.choice(NOISES))
    snr = float(np.exp(random.uniform(np.log(3), np.log(200)))) if snr is None else snr
    curve = peak_curve(shape, random)
    span = 0.3 if layout == "narrow" else 0.5
    if layout == "edge":
        place = random.uniform(0.06, 0.1)
        place = place if random.random() < 0.5 else span - place
    else:
        place = span * random.uniform(0.38, 0.62)
    height = float(np.exp(random.uniform(np.log(5e-8), np.log(2e-6))))
    x = np.arange(0, span + 1e-9, float(random.choice([0.001, 0.002, 0.004])))
    clean = np.interp(x - place, FINE_V, curve, left=0.0, right=0.0)
    below = background_curve(background, x, place, random)
    current = height * (clean + below + noise_curve(noise, x, random) / snr)
    above = FINE_V[curve >= 0.5]
    truth = Truth(
        height,
        place - 0.55 + 0.1,
        float(above[-1] - above[0]),
        height * float(np.trapezoid(curve, FINE_V)),
        snr,
        shape,
        background,
        noise,
        layout,
    )
    return MadeScan(x - 0.45, current, truth)


def blank(random: np.random.Generator, background: str | None, snr: float = 50.0) -> MadeScan:
    """A scan without a peak: a smooth background of one family, or noise alone for None.

    `snr` is the size that a peak would have, relative to the noise.
    """
    x = np.arange(0, 0.5 + 1e-9, float(random.choice([0.001, 0.002, 0.004])))
    below = np.zeros_like(x)
    if background is not None:
        below = background_curve(background, x, 0.25, random)
    noise = random.choice(["white", "1/f", "mains"]) if background is None else "white"
    current = 1e-7 * (below + noise_curve(str(noise), x, random) / snr)
    truth = Truth(0.0, 0.0, 0.0, 0.0, 0.0, "none", str(background), str(noise), "plain")
    return MadeScan(x - 0.45, current, truth)


def peak_curve(shape: str, random: np.random.Generator) -> FloatArray:
    """A peak of unit height with its apex at 0, on `FINE_V`."""
    width = random.uniform(0.06, 0.18)
    x = FINE_V / width
    side = random.uniform(1.1, 1.5) ** float(random.choice([-1, 1]))
    if shape == "couple":
        return _couple(random)
    if shape == "gauss":
        curve = np.exp(-4 * np.log(2) * x**2)
    elif shape == "sech2":
        curve = 1 / np.cosh(1.763 * x) ** 2
    elif shape == "lorentz":
        share = random.uniform(0.1, 0.35)
        curve = (1 - share) * np.exp(-4 * np.log(2) * x**2) + share / (1 + 4 * x**2)
    elif shape == "skewed":
        curve = np.exp(-4 * np.log(2) * (x * np.where(x > 0, side**0.5, side**-0.5)) ** 2)
    elif shape == "two":
        shift, share = random.uniform(0.2, 0.45), random.uniform(0.25, 0.5)
        second = np.exp(-4 * np.log(2) * (x * 1.2 - shift) ** 2)
        curve = (1 - share) * np.exp(-4 * np.log(2) * (x * 1.2) ** 2) + share * second
    elif shape == "flat":
        curve = np.exp(-np.log(2) * np.abs(2 * x) ** random.uniform(2.2, 2.8))
    elif shape == "pointed":
        curve = 1 / np.cosh(2.634 * x)
    else:
        x = x * np.where(x > 0, side**0.5, side**-0.5)
        curve = 1 / np.cosh(1.763 * x) ** 2
    apex = int(curve.argmax())
    return np.interp(FINE_V + FINE_V[apex], FINE_V, curve / curve[apex])


def _couple(random: np.random.Generator) -> FloatArray:
    """The exact difference current of a couple on the surface, 55 to 190 mV wide."""
    wave = SquareWave(0.55, -0.55, 0.004, random.uniform(0.025, 0.05))
    while True:
        rate = float(np.exp(random.uniform(np.log(8), np.log(150))))
        couple = SurfaceCouple(
            formal_potential_v=0.0,
            rate_hz=rate,
            electrons=int(random.choice([1, 2])),
            transfer_coefficient=random.uniform(0.4, 0.6),
            spread_v=random.uniform(0.0, 0.03),
        )
        frequency = float(np.exp(random.uniform(np.log(20), np.log(300))))
        forward, reverse = pulse_currents(couple, wave, frequency)
        difference = (forward - reverse)[::-1]
        spline = CubicSpline(wave.potentials_v[::-1], difference)(FINE_V)
        apex = int(spline.argmax())
        spline = spline / spline[apex]
        width = np.ptp(FINE_V[spline >= 0.5])
        turns = np.sum((difference[1:-1] > difference[:-2]) & (difference[1:-1] > difference[2:]))
        if 0.055 <= width <= 0.19 and turns == 1:
            return np.interp(FINE_V + FINE_V[apex], FINE_V, spline, left=0.0, right=0.0)


def background_curve(
    kind: str, x: FloatArray, place: float, random: np.random.Generator
) -> FloatArray:
    """A background in units of the peak height; x counts from the lower end."""
    span = x[-1]
    t = 2 * x / span - 1
    base = random.uniform(-0.5, 2) + random.uniform(-0.6, 0.6) * t
    size = random.uniform(0.2, 1.2)
    way = float(random.choice([-1, 1]))
    shapes = {
        "line": lambda: 0 * x,
        "tail": lambda: size * np.exp(-x / random.uniform(0.03, 0.08)),
        "sigmoid": lambda: size * expit((random.uniform(0.0, 0.12) - x) / 0.02),
        "curved": lambda: 0.4 * way * size * t**2,
        "wave": lambda: 0.15 * size * np.sin(2 * np.pi * (x / random.uniform(0.4, 0.8) + size)),
        "shoulder": lambda: 0.4 * size * expit(way * (x - place - way * 0.14) / 0.025),
        "hump": lambda: 0.5 * size * np.exp(-(((x - (way > 0) * span) / 0.13) ** 2)),
        "cubic": lambda: 0.3 * size * (way * t**3 - t**2),
        "far tail": lambda: size * np.exp((x - span) / random.uniform(0.03, 0.08)),
        "steps": lambda: (
            0.3 * size * (expit((0.06 - x) / 0.025) + way * expit((x - span + 0.07) / 0.03))
        ),
        "power": lambda: size * (0.04 / (x + 0.04)) ** random.uniform(0.7, 1.5),
        "tail and hump": lambda: (
            size * np.exp(-x / 0.05) + 0.25 * np.exp(-(((x - span) / 0.12) ** 2))
        ),
    }
    return np.asarray(base + shapes[kind]())


def noise_curve(kind: str, x: FloatArray, random: np.random.Generator) -> FloatArray:
    """Noise of unit rms; spikes come on top of it."""
    white = random.normal(size=len(x))
    if kind in ("white", "spikes"):
        noise = white
    else:
        frequency = np.fft.rfftfreq(len(x))
        frequency[0] = np.inf
        pink = np.fft.irfft(np.fft.rfft(random.normal(size=len(x))) / frequency**0.5, len(x))
        turns = random.uniform(0.05, 0.45)
        mains = np.sin(2 * np.pi * (turns * np.arange(len(x)) + random.random()))
        parts = {
            "1/f": pink / pink.std() + 0.3 * white,
            "mains": mains + 0.3 * white,
            "mixed": 0.6 * pink / pink.std() + 0.5 * mains + 0.6 * white,
        }
        noise = parts[kind]
    noise = noise / noise.std()
    if kind in ("spikes", "mixed"):
        where = random.choice(len(x), size=int(random.integers(1, 4)), replace=False)
        noise[where] += random.uniform(8, 40, len(where)) * random.choice([-1, 1], len(where))
    return np.asarray(noise)
