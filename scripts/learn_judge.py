"""Learn how to weigh the members of the method "median", from simulated scans.

    OMP_NUM_THREADS=2 python scripts/learn_judge.py [--scans 40000] [--seed 1]

Writes `sacmes_core/analysis/judge_weights.py` (about ten minutes). The scans are drawn as broadly
as square-wave voltammograms may be: peaks of surface-confined couples and of freely chosen shapes,
on lines, tails, steps and random smooth curves, with every noise. None is taken from the sets by
which the method is measured (`benchmarks/`).

Two stages: corrections and errors together by the likelihood of Student's t, which a few hopeless
scans do not rule; then, with only the share of the corrections that `judge.BELIEF` applies, the
errors alone.
"""

import argparse
import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize
from scipy.special import expit

from sacmes_core.analysis import judge as judging
from sacmes_core.analysis import judge_weights
from sacmes_core.analysis.gridding import binned
from sacmes_core.analysis.members import find_members
from sacmes_core.analysis.shapes import physical_peaks

FloatArray = NDArray[np.float64]

FILE: Final = Path(__file__).parent.parent / "sacmes_core" / "analysis" / "judge_weights.py"
REDUCED: Final = np.linspace(-5, 5, 1001)
BATCH: Final = 64
HIDDEN: Final = 12
NETWORKS: Final = 3
"""Their answers are averaged, which takes off what chance taught each of them."""
PENALTY: Final = 1e-3
FREEDOM: Final = 5.0
"""Degrees of freedom of Student's t."""
SPANS_V: Final = (0.28, 0.3, 0.35, 0.4, 0.5, 0.5, 0.5, 0.6, 0.7)
STEPS_V: Final = (0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.015)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Scans of one grid, currents (n, K), and their truths, (n, 4): height, place, width, area."""

    x_v: FloatArray
    current_a: FloatArray
    truths: FloatArray


def draw(random: np.random.Generator, peaks: FloatArray) -> Drawn:
    """A batch of scans on one grid."""
    span, step = float(random.choice(SPANS_V)), float(random.choice(STEPS_V))
    x_v = np.arange(0, span + 1e-9, step)
    currents: list[FloatArray] = []
    truths: list[tuple[float, float, float, float]] = []
    while len(currents) < BATCH:
        width = _between(random, 0.05, 0.19)
        place = _place(random, width, span)
        if width > 0.45 * span or min(place, span - place) < 0.55 * width:
            continue
        shape = _shape(random, peaks)
        peak = np.interp((x_v - place) / width, REDUCED, shape, left=0.0, right=0.0)
        noise = _noise(random, len(x_v)) / _between(random, 3, 300)
        currents.append(peak + _background(random, x_v, place, width) + noise)
        truths.append((1.0, place, width, float(np.trapezoid(shape, REDUCED)) * width))
    return Drawn(x_v, np.stack(currents), np.array(truths))


def _between(random: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


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
    return sign * _between(random, 0.1, 1.5) * np.exp(-x_v / random.uniform(0.02, 0.12))


def _smooth_curve(random: np.random.Generator, x_v: FloatArray) -> FloatArray:
    """A Gaussian process of squared-exponential kernel."""
    knots = np.linspace(0, x_v[-1], 24)
    length = _between(random, 0.1, 0.4)
    kernel = np.exp(-((knots[:, np.newaxis] - knots) ** 2) / 2 / length**2) + 1e-6 * np.eye(24)
    curve = np.linalg.cholesky(kernel) @ random.normal(size=24)
    return np.asarray(_between(random, 0.01, 0.2) * CubicSpline(knots, curve)(x_v))


def _step(random: np.random.Generator, x_v: FloatArray, place: float, width: float) -> FloatArray:
    away = random.uniform(0.9, 1.8) * width + 0.02
    middle = place + float(random.choice([-1, 1])) * away
    slope = float(random.choice([-1, 1])) / random.uniform(0.012, 0.04)
    return np.asarray(_between(random, 0.05, 0.6) * expit(slope * (x_v - middle)))


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


def examples(count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Inputs, shape (n, P), and by how much the medians are wrong, shape (n, 4)."""
    inputs, wrong = [], []
    for drawn in _batches(count, seed):
        scans = binned(drawn.x_v, drawn.current_a)
        members = find_members(scans)
        middle = judging.medians(members)
        height, place, width, area = drawn.truths.T
        usable = (members.sign > 0) & (np.abs(np.log(np.maximum(middle.height_a, 0.01))) < 1.1)
        with np.errstate(invalid="ignore", divide="ignore"):
            errors = np.stack(
                [
                    np.log(height / middle.height_a),
                    (place - middle.potential_v) / middle.width_v,
                    np.log(width / middle.width_v),
                    np.log(area / middle.area_av),
                ],
                axis=1,
            )
        usable &= np.isfinite(errors).all(axis=1)
        inputs.append(judging.features(scans, members, middle)[usable])
        wrong.append(errors[usable])
    return np.concatenate(inputs), np.concatenate(wrong)


def presence(count: int, seed: int) -> FloatArray:
    """Logistic regression of whether there is a peak: a factor for each trait, and a constant."""
    random = np.random.default_rng(seed)
    peaks = physical_peaks(REDUCED, seed + 1000)
    traits, is_peak = [], []
    for _ in range(count // BATCH):
        for with_peak in (True, False):
            drawn = draw(random, peaks) if with_peak else _blanks(random)
            scans = binned(drawn.x_v, drawn.current_a)
            members = find_members(scans)
            traits.append(judging.traits(scans, members, judging.judge(scans, members)))
            is_peak.append(np.full(len(scans.noise_a), 1.0 if with_peak else -1.0))
    inputs = np.column_stack([np.concatenate(traits), np.ones(2 * (count // BATCH) * BATCH)])
    sides = np.concatenate(is_peak)
    held = np.append(np.full(inputs.shape[1] - 1, 1e-4), 0.0)

    def cost(factors: FloatArray) -> tuple[float, FloatArray]:
        margin = sides * (inputs @ factors)
        value = np.mean(np.logaddexp(0, -margin)) + held @ factors**2 / 2
        gradient = -(sides * expit(-margin)) @ inputs / len(sides) + held * factors
        return float(value), gradient

    return np.asarray(minimize(cost, np.zeros(len(held)), jac=True, method="L-BFGS-B").x)


def _blanks(random: np.random.Generator) -> Drawn:
    """Scans without a peak: noise about some level, or a background with noise."""
    span, step = float(random.choice(SPANS_V)), float(random.choice(STEPS_V))
    x_v = np.arange(0, span + 1e-9, step)
    currents = []
    for _ in range(BATCH):
        noise = _noise(random, len(x_v))
        if random.random() < 0.35:
            currents.append(noise + random.normal(0, 30))
        else:
            below = _background(random, x_v, span * random.uniform(0.2, 0.8), 0.1)
            currents.append(below + noise / _between(random, 3, 300))
    return Drawn(x_v, np.stack(currents), np.zeros((BATCH, 4)))


def _batches(count: int, seed: int) -> Iterator[Drawn]:
    random = np.random.default_rng(seed)
    peaks = physical_peaks(REDUCED, seed + 1000)
    for _ in range(count // BATCH):
        yield draw(random, peaks)


class Network:
    """One hidden layer; its weights are one vector, as the optimiser wants it."""

    def __init__(self, inputs: FloatArray, outputs: int, random: np.random.Generator) -> None:
        self.centres, self.scales = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
        self.shapes = ((inputs.shape[1], HIDDEN), (HIDDEN,), (HIDDEN, outputs), (outputs,))
        start = np.concatenate([np.zeros(outputs // 2), np.full(outputs // 2, -2.5)])
        self.weights = np.concatenate(
            [
                random.normal(0, 0.3 / inputs.shape[1] ** 0.5, self.shapes[0]).ravel(),
                np.zeros(HIDDEN),
                random.normal(0, 0.05, self.shapes[2]).ravel(),
                start,
            ]
        )

    def scaled(self, inputs: FloatArray) -> FloatArray:
        """Inputs as the network takes them."""
        return np.asarray(
            np.clip((inputs - self.centres) / self.scales, -judging.INPUT_MAX, judging.INPUT_MAX)
        )

    def parts(self, weights: FloatArray) -> list[FloatArray]:
        """The vector cut into matrices and vectors."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        pieces = np.split(weights, ends[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, self.shapes, strict=True)]

    def learn(self, inputs: FloatArray, wrong: FloatArray, *, belief: float | None = None) -> None:
        """Minimise the negative log likelihood; with a `belief` only that of the errors."""
        scaled, count = self.scaled(inputs), wrong.shape[1]
        fixed = None if belief is None else self.weights.copy()

        def cost(weights: FloatArray) -> tuple[float, FloatArray]:
            hidden_w, bias, output_w, offset = self.parts(weights)
            hidden = np.tanh(scaled @ hidden_w + bias)
            output = hidden @ output_w + offset
            shift, log_error = output[:, :count], output[:, count:]
            if belief is not None:
                shift = belief * shift
            reduced = (wrong - shift) * np.exp(-log_error)
            inner = 1 + reduced**2 / FREEDOM
            value = np.mean(log_error + (FREEDOM + 1) / 2 * np.log(inner)) * count
            pull = (FREEDOM + 1) / FREEDOM * reduced / inner
            by_output = np.concatenate([-pull * np.exp(-log_error), 1 - pull * reduced], axis=1)
            if belief is not None:
                by_output[:, :count] = 0.0
            by_output /= len(wrong)
            by_hidden = by_output @ output_w.T * (1 - hidden**2)
            gradient = np.concatenate(
                [
                    (scaled.T @ by_hidden).ravel(),
                    by_hidden.sum(axis=0),
                    (hidden.T @ by_output).ravel(),
                    by_output.sum(axis=0),
                ]
            )
            held = np.concatenate([hidden_w.ravel(), 0 * bias, output_w.ravel(), 0 * offset])
            value += PENALTY * float(held @ held) / 2
            gradient += PENALTY * held
            if fixed is not None:
                gradient[: hidden_w.size + bias.size] = 0.0
            return float(value), gradient

        found = minimize(
            cost, self.weights, jac=True, method="L-BFGS-B", options={"maxiter": 500, "maxfun": 900}
        )
        self.weights = found.x


def written(networks: Sequence[Network], present: FloatArray) -> str:
    """The module with the numbers to five digits: the mean of networks is a wider one."""
    parts = [network.parts(network.weights) for network in networks]
    hidden, biases, output, offsets = (list(each) for each in zip(*parts, strict=True))
    lines = [
        '"""What `judge` has learned; made by scripts/learn_judge.py, not to be edited."""',
        "",
        "import numpy as np",
        "",
        "# fmt: off",
    ]
    tables = {
        "CENTRES": networks[0].centres,
        "SCALES": networks[0].scales,
        "HIDDEN": np.concatenate(hidden, axis=1),
        "BIASES": np.concatenate(biases),
        "OUTPUT": np.concatenate(output) / len(networks),
        "OFFSETS": np.mean(offsets, axis=0),
        "PRESENCE": present,
    }
    for name, table in tables.items():
        shape = table.shape
        numbers = [f"{value:.5g}" for value in table.ravel()]
        lines.append(f"{name} = np.array([")
        row = "   "
        for number in numbers:
            if len(row) + len(number) + 2 > 99:
                lines.append(row)
                row = "   "
            row += f" {number},"
        lines += [row, f"]).reshape({shape})"]
    return "\n".join([*lines, "# fmt: on", ""])


def main() -> None:
    """Learn and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scans", type=int, default=40_000, help="simulated scans to learn from")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    inputs, wrong = examples(options.scans, options.seed)
    networks = []
    for seed in range(NETWORKS):
        network = Network(inputs, 2 * wrong.shape[1], np.random.default_rng(seed))
        network.learn(inputs, wrong)
        network.learn(inputs, wrong, belief=judging.BELIEF)
        networks.append(network)
    FILE.write_text(written(networks, np.zeros(5)), encoding="utf-8")
    importlib.reload(judge_weights)
    present = presence(options.scans // 8, options.seed + 1)
    FILE.write_text(written(networks, present), encoding="utf-8")
    print(f"learned from {len(wrong)} scans; median error of the height before: "
          f"{100 * np.median(np.abs(wrong[:, 0])):.1f} %")  # fmt: skip


if __name__ == "__main__":
    main()
