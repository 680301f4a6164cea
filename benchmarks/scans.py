"""Square-wave voltammograms with a known truth, to judge peak methods by.

Four sets: A has the exact peaks of surface-confined couples on common backgrounds, B other peak
shapes, C backgrounds of other families, D other shapes and yet other backgrounds together. No
method was built from B, C or D. Each set has nine kinds of scan at seven ratios of height to noise.
`blind.py` has scans of other physics still.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.special import expit

from sacmes_core.simulate.square_wave import SquareWave, SurfaceCouple, pulse_currents

FloatArray = NDArray[np.float64]

SETS: Final = ("A", "B", "C", "D")
SNRS: Final = (3, 5, 10, 20, 50, 100, 200)
KINDS: Final = ("first", "second", "third", "1/f", "spikes", "mains", "mixed", "edge", "narrow")
"""Three backgrounds under white noise, four other noises on the first two backgrounds, and two
hard places of the peak."""
NOISES: Final = KINDS[3:7]
BACKGROUNDS: Final = {
    "A": ("line", "tail", "sigmoid"),
    "B": ("line", "tail", "sigmoid"),
    "C": ("wave", "shoulder", "hump"),
    "D": ("cubic", "power", "steps"),
}
SHAPES: Final = {
    "A": ("couple",),
    "B": ("gauss", "sech2", "lorentz", "skewed", "two"),
    "C": ("couple",),
    "D": ("flat", "pointed", "uneven", "voigt"),
}
STEPS_V: Final = (0.001, 0.002, 0.004)
FINE_V: Final = np.arange(-0.55, 0.5505, 0.0005)
LOWEST_V: Final = -0.45
_COUPLES: Final = 256


@dataclass(frozen=True, slots=True)
class Truth:
    """What a scan was made of; `snr` is the height over the rms noise of one point."""

    height_a: float
    potential_v: float
    width_v: float
    area_av: float
    snr: float
    kind: str
    shape: str
    background: str

    @property
    def is_plain(self) -> bool:
        """Whether the peak is away from the ends of a window of the usual length."""
        return self.kind not in ("edge", "narrow")


@dataclass(frozen=True, slots=True, eq=False)
class MadeScan:
    """A voltammogram, potentials ascending, its truth, and its peak alone."""

    potential_v: FloatArray
    current_a: FloatArray
    truth: Truth
    peak_a: FloatArray


def scans(name: str, each: int, seed: int = 0) -> Iterator[MadeScan]:
    """The scans of a set, `each` of every kind at every ratio; the same ones for the same seed."""
    for kind_number, kind in enumerate(KINDS):
        for snr in SNRS:
            for k in range(each):
                random = np.random.default_rng((seed, ord(name), kind_number, snr, k))
                yield make_scan(name, kind, float(snr), random)


def make_scan(
    name: str, kind: str, snr: float, random: np.random.Generator, noise: str | None = None
) -> MadeScan:
    """One scan of a set; with another noise than that of its kind the rest is the same."""
    shape = str(random.choice(SHAPES[name]))
    backgrounds = BACKGROUNDS[name]
    background = str(random.choice(backgrounds[:2] if kind in NOISES else backgrounds))
    if kind in KINDS[:3]:
        background = backgrounds[KINDS.index(kind)]
    curve = peak_curve(shape, random)
    above = FINE_V[curve >= 0.5]
    span = 0.3 if kind == "narrow" else 0.5
    place = span * random.uniform(0.4, 0.6)
    if kind == "edge":
        place = random.uniform(0.06, 0.1)
        place = place if random.random() < 0.5 else span - place
    height = float(np.exp(random.uniform(np.log(5e-8), np.log(2e-6))))
    x = np.arange(0, span + 1e-9, float(random.choice(STEPS_V)))
    peak = np.interp(x - place, FINE_V, curve, left=0.0, right=0.0)
    below = background_curve(background, x, place, random)
    noise_kind = noise or (kind if kind in NOISES else "white")
    truth = Truth(
        height_a=height,
        potential_v=place + LOWEST_V,
        width_v=float(above[-1] - above[0]),
        area_av=height * float(np.trapezoid(curve, FINE_V)),
        snr=snr,
        kind=kind,
        shape=shape,
        background=background,
    )
    current = height * (peak + below + noise_curve(noise_kind, x, random) / snr)
    return MadeScan(x + LOWEST_V, current, truth, height * peak)


def blank(
    random: np.random.Generator, background: str | None, snr: float = 50.0, noise: str = "white"
) -> MadeScan:
    """A scan without a peak: a background of one family, or noise alone for None.

    `snr` is the size that a peak would have, relative to the noise.
    """
    x = np.arange(0, 0.5 + 1e-9, float(random.choice(STEPS_V)))
    below = np.zeros_like(x)
    if background is not None:
        below = background_curve(background, x, 0.25, random)
    current = 1e-7 * (below + noise_curve(noise, x, random) / snr)
    truth = Truth(0.0, 0.0, 0.0, 0.0, 0.0, noise, "none", str(background))
    return MadeScan(x + LOWEST_V, current, truth, np.zeros_like(x))


def peak_curve(shape: str, random: np.random.Generator) -> FloatArray:
    """A peak of unit height with its apex at 0, on `FINE_V`."""
    if shape == "couple":
        return np.asarray(_couples()[int(random.integers(_COUPLES))])
    x = FINE_V / random.uniform(0.055, 0.18)
    side = random.uniform(1.1, 1.4) ** float(random.choice([-1, 1]))
    uneven = x * np.where(x > 0, side**0.5, side**-0.5)
    gauss = np.exp(-4 * np.log(2) * x**2)
    if shape == "gauss":
        curve = gauss
    elif shape == "sech2":
        curve = 1 / np.cosh(1.763 * x) ** 2
    elif shape in ("lorentz", "voigt"):
        share = random.uniform(0.05, 0.2) if shape == "lorentz" else random.uniform(0.1, 0.25)
        curve = (1 - share) * gauss + share / (1 + 4 * x**2)
    elif shape == "skewed":
        curve = np.exp(-4 * np.log(2) * uneven**2)
    elif shape == "two":
        shift, share = random.uniform(0.2, 0.45), random.uniform(0.25, 0.5)
        second = np.exp(-4 * np.log(2) * (x * 1.2 - shift) ** 2)
        curve = (1 - share) * np.exp(-4 * np.log(2) * (x * 1.2) ** 2) + share * second
    elif shape == "flat":
        curve = np.exp(-np.log(2) * np.abs(2 * x) ** random.uniform(2.1, 2.6))
    elif shape == "pointed":
        curve = 1 / np.cosh(2.634 * x)
    else:
        curve = 1 / np.cosh(1.763 * uneven) ** 2
    apex = int(curve.argmax())
    return np.asarray(np.interp(FINE_V + FINE_V[apex], FINE_V, curve / curve[apex]))


@cache
def _couples() -> FloatArray:
    """Exact difference currents of couples on the surface, 55 to 190 mV wide, shape (256, K)."""
    random = np.random.default_rng(20)
    wave = SquareWave(0.55, -0.55, 0.004, 0.025)
    curves: list[FloatArray] = []
    while len(curves) < _COUPLES:
        rate = float(np.exp(random.uniform(np.log(8), np.log(150))))
        couple = SurfaceCouple(
            formal_potential_v=0.0,
            rate_hz=rate,
            electrons=int(random.choice([1, 2])),
            transfer_coefficient=random.uniform(0.4, 0.6),
            spread_v=random.uniform(0.0, 0.03),
        )
        wave = SquareWave(0.55, -0.55, 0.004, random.uniform(0.025, 0.05))
        frequency = float(np.exp(random.uniform(np.log(20), np.log(300))))
        forward, reverse = pulse_currents(couple, wave, frequency)
        difference = (forward - reverse)[::-1]
        spline = CubicSpline(wave.potentials_v[::-1], difference)(FINE_V)
        apex = int(spline.argmax())
        spline = spline / spline[apex]
        width = np.ptp(FINE_V[spline >= 0.5])
        turns = np.sum((difference[1:-1] > difference[:-2]) & (difference[1:-1] > difference[2:]))
        if 0.055 <= width <= 0.19 and turns == 1:
            shifted = np.interp(FINE_V + FINE_V[apex], FINE_V, spline, left=0.0, right=0.0)
            curves.append(shifted)
    return np.stack(curves)


def background_curve(
    kind: str, x: FloatArray, place: float, random: np.random.Generator
) -> FloatArray:
    """A background in units of the peak height; x counts from the lower end."""
    span = x[-1]
    t = 2 * x / span - 1
    base = random.uniform(0.2, 1.0) + random.uniform(-0.3, 0.3) * t
    size = random.uniform(0.3, 1.0)
    way = float(random.choice([-1, 1]))
    shapes: dict[str, Callable[[], FloatArray]] = {
        "line": lambda: 0 * x,
        "tail": lambda: size * np.exp(-x / random.uniform(0.03, 0.08)),
        "sigmoid": lambda: (
            0.8 * size * expit((random.uniform(0.03, 0.1) - x) / 0.02) + 0.15 * way * size * t**2
        ),
        "wave": lambda: 0.12 * size * np.sin(2 * np.pi * (x / random.uniform(0.4, 0.8) + size)),
        "shoulder": lambda: 0.25 * size * expit(way * (x - place - way * 0.15) / 0.025),
        "hump": lambda: 0.3 * size * np.exp(-(((x - (way > 0) * span) / 0.1) ** 2)),
        "cubic": lambda: 0.2 * size * (way * t**3 - 0.5 * t**2),
        "power": lambda: size * (0.04 / (x + 0.04)) ** random.uniform(0.7, 1.5),
        "steps": lambda: (
            0.3 * size * (expit((0.06 - x) / 0.025) + way * expit((x - span + 0.07) / 0.03))
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
        noise[where] += random.uniform(6, 20, len(where)) * random.choice([-1, 1], len(where))
    return np.asarray(noise)
