"""How accurate lifetimes are, on currents after potential steps whose truth is known.

    OMP_NUM_THREADS=1 python benchmarks/decay.py [--decays 100] [--seed 0]

Each set is a couple with one or two lifetimes (drawn anew for each decay, 2 to 25 ms; the second 4
to 10 times the first), 1,000 points in 100 ms, alone or with what real cells add: charging of the
double layer up to a thousand times the couple's current, a diffusing species, 1/f noise, mains,
coarse steps, a saturated start. SNR is the couple's current at the step over the rms noise of a
point. Printed for each method: median bias and rms error in %, share of 95 % intervals that hold
the truth, share without a number, share with a wrong number of lifetimes, all in %, and ms a decay.

The peer is what the desktop program does: `scipy.optimize.curve_fit` of one exponential or of two
with an offset, unweighted, from a guess at the data (here: the right number of exponentials is
told, the first 0.5 ms are left out where there is charging, and the offset is fitted too). Then
currents without any couple: the share in which a lifetime is seen.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeWarning, curve_fit

from sacmes_core.analysis.ca.decays import lifetimes
from sacmes_core.settings.ca import CaSettings
from sacmes_core.simulate.chronoamperometry import (
    BoundCouple,
    Cell,
    PotentialStep,
    chronoamperogram,
)

FloatArray = NDArray[np.float64]
Extra = Callable[[Cell, np.random.Generator], Cell]

STEP = PotentialStep()
AMPLITUDE_A = 1e-6
SNRS = (10, 30, 100, 1000)
CHARGING_S = 5e-4


@dataclass(frozen=True, slots=True)
class Found:
    """Lifetimes of n decays, their intervals' ends and the mean lifetime; nan for none."""

    lifetime_s: FloatArray
    low_s: FloatArray
    high_s: FloatArray
    mean_s: FloatArray
    mean_held: FloatArray
    milliseconds: float


def charging(cell: Cell, random: np.random.Generator) -> Cell:
    """A double layer of 0.1 to 0.6 µF behind 400 Ω."""
    return replace(cell, resistance_ohm=400, capacitance_f=10 ** random.uniform(-7, -6.2))


def diffusion(cell: Cell, random: np.random.Generator) -> Cell:
    """A dissolved species, as large as a tenth of the couple after 40 ms."""
    return replace(cell, cottrell_a_sqrt_s=random.uniform(1e-8, 3e-8))


def flicker(cell: Cell, _random: np.random.Generator) -> Cell:
    """As much 1/f noise as white noise."""
    return replace(cell, flicker_a=cell.noise_a / np.sqrt(2), noise_a=cell.noise_a / np.sqrt(2))


def mains(cell: Cell, _random: np.random.Generator) -> Cell:
    """Hum of 50 Hz with the power of the white noise."""
    return replace(cell, mains_a=cell.noise_a, noise_a=cell.noise_a / np.sqrt(2))


def coarse(cell: Cell, _random: np.random.Generator) -> Cell:
    """A converter with steps of three times the noise."""
    return replace(cell, resolution_a=3 * cell.noise_a)


def clipped(cell: Cell, _random: np.random.Generator) -> Cell:
    """An amplifier that ends at 70 % of the couple's current."""
    return replace(cell, limit_a=0.7 * AMPLITUDE_A)


EXTRAS: dict[str, Extra | None] = {
    "plain": None,
    "charging": charging,
    "diffusion": diffusion,
    "1/f": flicker,
    "mains": mains,
    "coarse": coarse,
    "clipped": clipped,
}


def drawn(
    count: int, extra: Extra | None, noise_a: float, n: int, random: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Currents, shape (n, K), lifetimes and amplitudes, shape (n, count)."""
    lifetimes_s = np.exp(random.uniform(np.log(0.002), np.log(0.025), size=(n, max(count, 1))))
    shares = np.ones((n, 1))
    if count == 2:
        lifetimes_s[:, 0] = np.exp(random.uniform(np.log(0.001), np.log(0.004), size=n))
        lifetimes_s[:, 1] = lifetimes_s[:, 0] * random.uniform(4, 10, size=n)
        shares = random.uniform(0.3, 0.7, size=(n, 1))
        shares = np.concatenate([shares, 1 - shares], axis=1)
    rows = []
    for k in range(n):
        cell = Cell(noise_a=noise_a, offset_a=2e-8)
        cell = extra(cell, random) if extra else cell
        couples = tuple(
            BoundCouple(AMPLITUDE_A * share * tau, tau)
            for share, tau in zip(shares[k][:count], lifetimes_s[k][:count], strict=True)
        )
        rows.append(chronoamperogram(STEP, couples, cell, random).current_a)
    return np.stack(rows), lifetimes_s[:, :count], AMPLITUDE_A * shares[:, :count]


def ours(current_a: FloatArray, mean_s: FloatArray) -> Found:
    """The product's lifetimes, all in one batch."""
    start = time.process_time()
    found = lifetimes(STEP.time_s, current_a, CaSettings())
    spent = 1e3 * (time.process_time() - start) / len(current_a)
    held = (found.mean_lifetime_low_s < mean_s) & (mean_s < found.mean_lifetime_high_s)
    return Found(
        found.lifetime_s,
        found.lifetime_low_s,
        found.lifetime_high_s,
        found.mean_lifetime_s,
        np.where(np.isfinite(found.mean_lifetime_s), held, np.nan),
        spent,
    )


def desktop(current_a: FloatArray, count: int, *, skip: bool) -> Found:
    """Lifetimes by curve_fit, each decay on its own."""
    used = STEP.time_s > (CHARGING_S if skip else 0)
    time_s = STEP.time_s[used]
    out = np.full((3, len(current_a), 2), np.nan)
    start = time.process_time()
    for k, row in enumerate(current_a[:, used]):
        try:
            found, covariance = _curve_fit(time_s, row, count)
        except (RuntimeError, ValueError):
            continue
        rates = found[0 : 2 * count : 2]
        errors = np.sqrt(np.diagonal(covariance))[0 : 2 * count : 2]
        order = np.argsort(-rates)
        out[0, k, :count] = (1 / rates)[order]
        wide = 1.96 * (errors / rates**2)[order]
        out[1, k, :count] = out[0, k, :count] - wide
        out[2, k, :count] = out[0, k, :count] + wide
    spent = 1e3 * (time.process_time() - start) / len(current_a)
    none = np.full(len(current_a), np.nan)
    return Found(out[0], out[1], out[2], none, none, spent)


def _curve_fit(time_s: FloatArray, current_a: FloatArray, count: int) -> tuple[FloatArray, ...]:
    def model(t: FloatArray, *p: float) -> FloatArray:
        parts = [p[2 * k + 1] * np.exp(-p[2 * k] * t) for k in range(count)]
        return np.asarray(sum(parts) + p[-1])

    first, last = float(current_a[5]), float(np.median(current_a[-20:]))
    third = int(np.argmin(np.abs(current_a - last - (first - last) / 3)))
    rate = 1 / max(float(time_s[third]), 1e-4)
    guess = [rate, first - last, last]
    if count == 2:
        guess = [2 * rate, (first - last) / 2, rate / 3, (first - last) / 2, last]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OptimizeWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        return tuple(curve_fit(model, time_s, current_a, p0=guess))


def row(found: Found, truth_s: FloatArray) -> str:
    """Bias, rms, coverage, no number, wrong number of lifetimes."""
    count = truth_s.shape[1]
    got = np.isfinite(found.lifetime_s).sum(axis=1)
    right = got == count
    error = 100 * (found.lifetime_s[right, :count] / truth_s[right] - 1)
    held = (found.low_s[right, :count] < truth_s[right]) & (
        truth_s[right] < found.high_s[right, :count]
    )
    cells = []
    for k in range(count):
        if right.any():
            rms = np.sqrt(np.mean(error[:, k] ** 2))
            cells.append(f"{np.median(error[:, k]):6.2f} {rms:8.2f} {100 * held[:, k].mean():4.0f}")
        else:
            cells.append("     –        –    –")
    wrong = 100 * ((got > 0) & ~right).mean()
    return "  ".join(cells) + f"  none {100 * (got == 0).mean():5.1f}  wrong {wrong:5.1f}"


def blank_row(extra: Extra | None, n: int, random: np.random.Generator) -> str:
    """Shares of currents without a couple in which a lifetime is seen, in %."""
    noise_a = AMPLITUDE_A / 30
    current, _, _ = drawn(0, extra, noise_a, n, random)
    found = ours(current, np.full(n, np.nan))
    seen = 100 * np.isfinite(found.lifetime_s[:, 0]).mean()
    peer = desktop(current, 1, skip=extra is charging)
    positive = np.isfinite(peer.lifetime_s[:, 0])
    return f"ours {seen:5.1f}   curve_fit {100 * positive.mean():5.1f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--decays", type=int, default=100, help="decays of each set and SNR")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(
        "for each lifetime: median bias %, rms %, 95 % intervals that hold %; then decays without"
    )
    print("a number and with a wrong number of lifetimes %, and ms a decay in a batch")
    for count in (1, 2):
        for name, extra in EXTRAS.items():
            for snr in SNRS if extra in (None, charging) else (30, 100):
                random = np.random.default_rng((options.seed, count, snr, len(name)))
                current, truth, amplitudes = drawn(
                    count, extra, AMPLITUDE_A / snr, options.decays, random
                )
                mean = (truth * amplitudes).sum(axis=1) / amplitudes.sum(axis=1)
                found = ours(current, mean)
                label = f"{count} {name:10s} SNR {snr:5d}"
                tail = f"  {found.milliseconds:5.1f} ms"
                if count == 2:
                    error = 100 * (found.mean_s / mean - 1)
                    rms = np.sqrt(np.nanmean(error**2))
                    tail += f"   mean {rms:6.2f} {100 * np.nanmean(found.mean_held):4.0f}"
                print(f"{label} ours      {row(found, truth)}{tail}", flush=True)
                peer = desktop(current, count, skip=extra is charging)
                print(f"{label} curve_fit {row(peer, truth)}  {peer.milliseconds:5.1f} ms")
    print("currents without a couple in which a lifetime is seen, %")
    for name, extra in EXTRAS.items():
        random = np.random.default_rng((options.seed, len(name)))
        print(f"  {name:10s} {blank_row(extra, 2 * options.decays, random)}", flush=True)
    current, _, _ = drawn(1, None, AMPLITUDE_A / 30, 5, np.random.default_rng(1))
    alone = [ours(current[k : k + 1], np.zeros(1)).milliseconds for k in range(5)]
    print(f"one decay alone: {np.median(alone):.0f} ms")


if __name__ == "__main__":
    main()
