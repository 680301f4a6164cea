"""Shapes of square-wave peaks: three families of physics, and shapes that nobody uses here.

All are functions of the potential alone, on a sweep to positive potentials, scaled to height 1.
Kinetics are computed pulse by pulse in units of the pulse's length and of kT/e.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from blind_backgrounds import THERMAL_VOLTAGE_V, FloatArray
from scipy.interpolate import CubicSpline
from scipy.special import voigt_profile
from scipy.stats import exponnorm

REACH_V = 0.6
"""How far from the formal potential a peak is computed; beyond, it stays what it is there."""

SHORTEST_WIDTH_V, LONGEST_WIDTH_V = 0.05, 0.2
MOST_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Shape:
    """A peak of height 1 with its apex at 0 V, on a sweep to positive potentials."""

    kind: str
    curve: CubicSpline
    width_v: float
    area_v: float

    def at(self, offset_v: FloatArray) -> FloatArray:
        """Height at potentials relative to the apex, in volts."""
        first, last = self.curve.x[0], self.curve.x[-1]
        return np.asarray(self.curve(np.clip(offset_v, first, last)), dtype=np.float64)

    def area_between(self, first_v: float, last_v: float) -> float:
        """Area between two potentials relative to the apex, in volts."""
        low_v, high_v = np.clip([first_v, last_v], self.curve.x[0], self.curve.x[-1])
        return float(self.curve.integrate(low_v, high_v))


def draw_shape(rng: np.random.Generator, family: str, step_v: float, widest_v: float) -> Shape:
    """Draw a peak with one apex, between 50 mV and `widest_v` wide, sampled at steps of `step_v`.

    Kinetics are computed pulse by pulse at these steps; a cubic spline joins them.
    """
    models = FAMILIES[family]
    potential_v = np.arange(-REACH_V, REACH_V, step_v) + rng.uniform(0, step_v)
    for draw in range(MOST_DRAWS):
        # A kind that is seldom so narrow gives way to another one.
        if draw % 50 == 0:
            kind = str(rng.choice(list(models)))
        shape = _normalise(kind, potential_v, models[kind](rng, potential_v))
        if shape is not None and SHORTEST_WIDTH_V <= shape.width_v <= widest_v:
            return shape
    raise RuntimeError(f"No plain peak of {family} in {MOST_DRAWS} draws; check its models.")


def _normalise(kind: str, potential_v: FloatArray, current: FloatArray) -> Shape | None:
    """Scale a curve to height 1 and apex 0 V; None where it is no plain peak.

    A plain peak has one maximum and no shoulder, and does not dip below zero.
    """
    scale = float(current.max())
    curve = CubicSpline(potential_v, current / scale)
    turns_v = curve.derivative().roots(extrapolate=False)
    maxima_v = turns_v[(curve(turns_v) > 0.02) & (curve(turns_v, 2) < 0)]
    bends_v = curve.derivative(2).roots(extrapolate=False)
    shouldered = np.sum(curve(bends_v) > 0.1) != 2
    if len(maxima_v) != 1 or shouldered or current.min() < -0.01 * scale:
        return None
    apex_v, height = float(maxima_v[0]), float(curve(maxima_v[0]))
    curve = CubicSpline(potential_v - apex_v, current / (scale * height))
    crossings_v = curve.solve(0.5, extrapolate=False)
    return Shape(
        kind=kind,
        curve=curve,
        width_v=float(crossings_v[-1] - crossings_v[0]),
        area_v=float(curve.integrate(curve.x[0], curve.x[-1])),
    )


def _pulses(rng: np.random.Generator, potential_v: FloatArray, electrons: int) -> FloatArray:
    """Dimensionless drive of the forward and reverse pulse of each step, shape (n_steps, 2)."""
    amplitude_v = rng.uniform(0.015, 0.05)
    pulses_v = potential_v[:, None] + [amplitude_v, -amplitude_v]
    return np.asarray(electrons * pulses_v / THERMAL_VOLTAGE_V)


def _confined(oxidation: FloatArray, reduction: FloatArray, interaction: float = 0.0) -> FloatArray:
    """Difference current of a surface-confined couple, from its rates in each part of each pulse.

    Rates per part have shape (n_steps, 2, parts); the current is the mean over the last part.
    Each part relaxes exactly at the rates of its start; like species repel each other where
    `interaction` is positive (Frumkin; Laviron, J. Electroanal. Chem. 52 (1974) 395).
    """
    covered = 0.0
    changes = []
    for forward, backward in zip(
        oxidation.ravel().tolist(), reduction.ravel().tolist(), strict=True
    ):
        pull = math.exp(-interaction * covered)
        total = forward * pull + backward / pull
        changes.append((forward * pull / total - covered) * -math.expm1(-total))
        covered += changes[-1]
    sampled = np.reshape(changes, oxidation.shape)[:, :, -1]
    return np.asarray(sampled[:, 0] - sampled[:, 1])


def _chidsey(
    drive: FloatArray, reorganisation: float, rate: float
) -> tuple[FloatArray, FloatArray]:
    """Rates of oxidation and reduction after Marcus, Hush and Chidsey.

    `reorganisation` is in units of kT, `rate` is the standard rate constant. Electrons come from
    and go to all levels of the metal (Chidsey, Science 251 (1991) 919).
    """
    level = np.linspace(-60, 60, 601)
    nodes = np.linspace(-60, 60, 601)
    barrier = (reorganisation + level - nodes[:, None]) ** 2 / (4 * reorganisation)
    log_rate = np.log(np.sum(np.exp(-barrier - np.logaddexp(0, -level)), axis=1))
    log_rate += np.log(rate) - log_rate[300]
    table = CubicSpline(nodes, log_rate)
    return np.exp(table(drive)), np.exp(table(-drive))


def _marcus_hush(drive: FloatArray, reorganisation: float, rate: float) -> FloatArray:
    """Difference current of a surface-confined couple, sampled over the last sixth of a pulse.

    `drive` has shape (n_steps, 2); `rate` is per sixth of the pulse.
    """
    oxidation, reduction = _chidsey(drive, reorganisation, rate)
    parts = np.array([5.0, 1.0])
    return _confined(oxidation[..., None] * parts, reduction[..., None] * parts)


def _marcus(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    drive = _pulses(rng, potential_v, int(rng.choice([1, 2])))
    return _marcus_hush(drive, rng.uniform(12, 40), 10 ** rng.uniform(-2.2, 0.0))


def _two_populations(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    """Molecules near and far from the metal, with slightly different formal potentials."""
    drive = _pulses(rng, potential_v, int(rng.choice([1, 2])))
    far, rate, slower = rng.uniform(0.2, 0.8), 10 ** rng.uniform(-1.0, 0.2), rng.uniform(5, 50)
    reorganisation = rng.uniform(20, 40)
    near = _marcus_hush(drive, reorganisation, rate)
    shifted = drive - rng.uniform(-2.0, 2.0)
    return (1 - far) * near + far * _marcus_hush(shifted, reorganisation, rate / slower)


def _frumkin(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    interaction = rng.uniform(-0.9, 0.9)
    drive = _pulses(rng, potential_v, int(rng.choice([1, 2])))
    drive = np.repeat(drive[..., None], 10, axis=-1) + interaction
    rate, transfer = 10 ** rng.uniform(-2.2, -0.2), rng.uniform(0.4, 0.6)
    oxidation, reduction = np.exp((1 - transfer) * drive), np.exp(-transfer * drive)
    return _confined(rate * oxidation, rate * reduction, interaction)


def _ohmic(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    """A couple that sees each pulse through the resistance and the double layer of the cell."""
    drive = _pulses(rng, potential_v, int(rng.choice([1, 2])))
    before = np.concatenate([drive[:1, 0], drive.ravel()[:-1]]).reshape(drive.shape)
    middle = (np.arange(6) + 0.5) / 6
    lag = np.exp(-middle / rng.uniform(0.05, 0.4))
    seen = drive[..., None] + (before - drive)[..., None] * lag
    rate, transfer = 10 ** rng.uniform(-2.0, 0.2), rng.uniform(0.4, 0.6)
    return _confined(rate * np.exp((1 - transfer) * seen), rate * np.exp(-transfer * seen))


def reversible_flux(drive: FloatArray) -> FloatArray:
    """Normalised current at the end of each pulse, for a reversible couple that diffuses.

    `drive` and the result have shape (n_pulses,). Source: Bard and Faulkner, Electrochemical
    Methods, 2nd ed., eq. 7.3.20.
    """
    oxidised = 1 / (1 + np.exp(-drive))
    jumps = np.diff(oxidised, prepend=0.0)
    memory = 1 / np.sqrt(np.arange(1, drive.size + 1))
    return np.asarray(np.convolve(jumps, memory)[: drive.size])


def slow_flux(drive: FloatArray, rate: float, transfer: float, parts: int = 6) -> FloatArray:
    """Mean current over the last part of each pulse, for a quasi-reversible couple that diffuses.

    `drive` and the result have shape (n_pulses,). `rate` is k / sqrt(D) per square root of the
    pulse's length; the flux is constant within each part (Nicholson and Olmstead's method).
    Normalised as `reversible_flux`.
    """
    oxidation = rate * np.repeat(np.exp((1 - transfer) * drive), parts)
    reduction = rate * np.repeat(np.exp(-transfer * drive), parts)
    size = oxidation.size
    memory = 2 * np.diff(np.sqrt(np.arange(size + 1) / (np.pi * parts)))
    backwards = memory[::-1].copy()
    flux = np.zeros(size)
    for part in range(size):
        total = oxidation[part] + reduction[part]
        oxidised = float(backwards[size - 1 - part : size - 1] @ flux[:part])
        flux[part] = (oxidation[part] - total * oxidised) / (1 + total * memory[0])
    return np.asarray(np.sqrt(np.pi) * flux[parts - 1 :: parts])


def _reversible(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    drive = _pulses(rng, potential_v, int(rng.choice([1, 2])))
    flux = reversible_flux(drive.ravel())
    return np.asarray(flux[::2] - flux[1::2])


def _quasi_reversible(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    drive = _pulses(rng, potential_v, int(rng.choice([1, 2])))
    flux = slow_flux(drive.ravel(), 10 ** rng.uniform(-1.5, 1.0), rng.uniform(0.35, 0.65))
    return np.asarray(flux[::2] - flux[1::2])


def _microelectrode(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    """Steady diffusion to a microdisc, so that each pulse forgets those before it."""
    drive = _pulses(rng, potential_v, int(rng.choice([1, 2])))
    slowness, transfer = 10 ** rng.uniform(-1.5, 1.5), rng.uniform(0.35, 0.65)
    wave = 1 / (1 + np.exp(-drive) + slowness * np.exp(-(1 - transfer) * drive))
    return np.asarray(wave[:, 0] - wave[:, 1])


def _scaled(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    """Potentials in units of about half a width, from either side: shapes lean both ways."""
    half_width_v = np.exp(rng.uniform(np.log(0.022), np.log(0.105)))
    return np.asarray(rng.choice([1.0, -1.0]) * potential_v / half_width_v)


def _voigt(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    return np.asarray(voigt_profile(_scaled(rng, potential_v), 0.8, rng.uniform(0.03, 0.35)))


def _modified_gauss(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    return np.asarray(exponnorm.pdf(_scaled(rng, potential_v), rng.uniform(0.3, 2.0), 0.0, 0.65))


def _fraser_suzuki(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    lean = rng.uniform(0.1, 0.5)
    inside = np.maximum(1 + lean * _scaled(rng, potential_v), 1e-12)
    return np.asarray(np.exp(-np.log(2) * (np.log(inside) / lean) ** 2))


def _log_normal(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    spread = rng.uniform(0.1, 0.4)
    place = np.maximum(1 + spread * _scaled(rng, potential_v), 1e-12)
    return np.asarray(np.exp(-((np.log(place) / spread) ** 2) / 1.4) / place)


def _double_sigmoid(rng: np.random.Generator, potential_v: FloatArray) -> FloatArray:
    place, steeper = _scaled(rng, potential_v), rng.uniform(1.0, 2.2)
    rise = 1 / (1 + np.exp(-2.2 * place))
    return np.asarray(rise / (1 + np.exp(2.2 * steeper * (place - 0.3))))


FAMILIES: dict[str, dict[str, Callable[[np.random.Generator, FloatArray], FloatArray]]] = {
    "surface": {
        "marcus-hush-chidsey": _marcus,
        "two populations": _two_populations,
        "frumkin": _frumkin,
        "ohmic": _ohmic,
    },
    "diffusing": {
        "reversible": _reversible,
        "quasi-reversible": _quasi_reversible,
        "microelectrode": _microelectrode,
    },
    "analytic": {
        "voigt": _voigt,
        "modified gauss": _modified_gauss,
        "fraser-suzuki": _fraser_suzuki,
        "log-normal": _log_normal,
        "double sigmoid": _double_sigmoid,
    },
    "blank": {},
}
