"""Accuracy of cyclic voltammetry: heights, potentials, coverage, models, blanks, by SNR.

Couples are simulated with `sacmes_core.simulate.cyclic`: those that diffuse by finite differences,
while the analysis solves an integral equation. SNR is the forward peak over the rms noise of a
point.

    python benchmarks/cyclic.py [--scans 60] [--kinds KIND ...]
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sacmes_core.analysis.analyzing import analyze_scan
from sacmes_core.analysis.cv.numbers import CyclicNumbers, SweepPeak
from sacmes_core.formats.scan import Scan
from sacmes_core.settings.cv import CvSettings
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.simulate.cyclic import (
    DiffusingCouple,
    Instrument,
    SurfaceCouple,
    TriangularSweep,
)

FloatArray = NDArray[np.float64]
Couple = SurfaceCouple | DiffusingCouple

SNRS = (200, 50, 20, 10, 5)
PER_V = 38.92
DIFFUSION_M2_S = 7e-10


@dataclass(frozen=True, slots=True)
class Truth:
    """Height and potential of a sweep's peak, without noise."""

    height_a: float
    potential_v: float


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A couple in a sweep, with what is true of it."""

    sweep: TriangularSweep
    faradaic_a: FloatArray
    forward: Truth
    reverse: Truth
    instrument: Instrument


def surface(random: np.random.Generator, sweep: TriangularSweep) -> Couple:
    """A couple on the surface: equilibrium to slow, alike or spread."""
    electrons = int(random.choice([1, 1, 2]))
    rate = np.exp(random.uniform(np.log(0.3), np.log(300))) * sweep.scan_rate_v_s * PER_V
    return SurfaceCouple(
        formal_potential_v=random.uniform(-0.06, 0.06),
        electrons=electrons,
        rate_hz=float(rate * electrons),
        transfer_coefficient=random.uniform(0.4, 0.6),
        spread_v=random.uniform(0.0, 0.03),
    )


def reversible(random: np.random.Generator, sweep: TriangularSweep) -> Couple:
    """A fast couple in solution, the coefficients of diffusion up to a quarter apart."""
    del sweep
    return DiffusingCouple(
        formal_potential_v=random.uniform(-0.06, 0.06),
        electrons=int(random.choice([1, 1, 2])),
        oxidised_diffusion_m2_s=DIFFUSION_M2_S * random.uniform(0.75, 1.25),
    )


def quasi_reversible(random: np.random.Generator, sweep: TriangularSweep) -> Couple:
    """A slow couple in solution: ψ from 0.06 to 3."""
    layer = np.sqrt(DIFFUSION_M2_S * sweep.scan_rate_v_s * PER_V)
    return DiffusingCouple(
        formal_potential_v=random.uniform(-0.04, 0.04),
        rate_m_s=float(np.exp(random.uniform(np.log(0.1), np.log(5))) * layer),
        transfer_coefficient=random.uniform(0.4, 0.6),
    )


KINDS: dict[str, Callable[[np.random.Generator, TriangularSweep], Couple]] = {
    "surface": surface,
    "reversible": reversible,
    "quasi-reversible": quasi_reversible,
}
KINDS_AND_BLANKS = (*KINDS, "blanks")


def random_sweep(random: np.random.Generator) -> TriangularSweep:
    """Windows of 0.45 to 0.85 V in either direction, steps of 1 to 4 mV, 10 mV/s to 1 V/s."""
    low, high = -random.uniform(0.25, 0.45), random.uniform(0.2, 0.4)
    first, second = (low, high) if random.random() < 0.7 else (high, low)
    return TriangularSweep(
        initial_v=second,
        first_vertex_v=first,
        second_vertex_v=second,
        cycles=int(random.choice([1, 1, 2])),
        step_v=float(random.choice([0.001, 0.002, 0.004])),
        scan_rate_v_s=float(10 ** random.uniform(-2, 0)),
    )


def random_instrument(
    random: np.random.Generator, sweep: TriangularSweep, height_a: float
) -> Instrument:
    """Charging of 0.1 to 1 of the height, its rounding after the turn, offset and slope."""
    return Instrument(
        capacitance_f=height_a * random.uniform(0.1, 1.0) / sweep.scan_rate_v_s,
        charging_s=float(random.choice([0.0, 0.005])) / sweep.scan_rate_v_s,
        offset_a=height_a * random.uniform(-0.3, 0.3),
        slope_a_v=height_a * random.uniform(-0.5, 0.5),
    )


def make_case(kind: str, seed: int) -> Case:
    """One couple with the truth about its last cycle."""
    random = np.random.default_rng((seed, len(kind)))
    sweep = random_sweep(random)
    couple = KINDS[kind](random, sweep)
    current = couple.current_a(sweep)
    corners, potentials = _corner_points(sweep), sweep.potentials_v()
    truths = []
    for start, end in (corners[-3:-1], corners[-2:]):
        here = slice(start, end + 1)
        direction = np.sign(potentials[end] - potentials[start])
        over = direction * (current[here] - _continued(couple, sweep, start)[: end + 1 - start])
        truths.append(_apex(potentials[here], direction * current[here], over))
    height = truths[0].height_a
    return Case(sweep, current, truths[0], truths[1], random_instrument(random, sweep, height))


def _corner_points(sweep: TriangularSweep) -> list[int]:
    steps = [
        max(1, round(abs(b - a) / sweep.step_v))
        for a, b in zip(sweep.corners_v[:-1], sweep.corners_v[1:], strict=True)
    ]
    return [0, *np.cumsum(steps).tolist()]


def _continued(couple: Couple, sweep: TriangularSweep, start: int) -> FloatArray:
    """The current of a diffusing couple had the sweep gone on at a turn; 0 for a bound one."""
    count = len(sweep.potentials_v()) - start
    if start == 0 or isinstance(couple, SurfaceCouple):
        return np.zeros(count)
    turns = _corner_points(sweep).index(start)
    corners = sweep.corners_v[: turns + 1]
    way = np.sign(corners[-1] - corners[-2]) * count * sweep.step_v
    longer = _Longer(corners=(*corners[:-1], corners[-1] + way), like=sweep)
    return couple.current_a(longer)[start : start + count]  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Longer:
    """A programme with any corners, for the couples of the simulator."""

    corners: tuple[float, ...]
    like: TriangularSweep

    @property
    def step_v(self) -> float:
        return self.like.step_v

    @property
    def scan_rate_v_s(self) -> float:
        return self.like.scan_rate_v_s

    def potentials_v(self, parts: int = 1) -> FloatArray:
        runs = [np.array([self.corners[0]])]
        for start, end in zip(self.corners[:-1], self.corners[1:], strict=True):
            count = max(1, round(abs(end - start) / self.step_v)) * parts
            runs.append(start + (end - start) * np.arange(1, count + 1) / count)
        return np.concatenate(runs)


def _apex(potential_v: FloatArray, current_a: FloatArray, over_a: FloatArray) -> Truth:
    k = int(np.clip(np.argmax(current_a), 3, len(current_a) - 4))
    near = slice(k - 3, k + 4)
    at = np.arange(-3.0, 4.0)
    bend = np.polynomial.Polynomial.fit(at, current_a[near], 2)
    top = float(np.clip(bend.deriv().roots()[0], -3, 3))
    height = np.polynomial.Polynomial.fit(at, over_a[near], 2)(top)
    step_v = potential_v[k] - potential_v[k - 1]
    return Truth(float(height), float(potential_v[k] + top * step_v))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the analysis says of a case, against its truth; rows (error, its standard error)."""

    heights: tuple[tuple[float, float], ...]
    potentials: tuple[tuple[float, float], ...]
    model: str
    flags: tuple[str, ...]
    seconds: float


def measure(case: Case, snr: float, seed: int, settings: CvSettings) -> Found:
    """Analyse one noisy measurement of a case; a third are written with reduction positive."""
    random = np.random.default_rng((seed, round(snr)))
    instrument = replace(case.instrument, noise_a=case.forward.height_a / snr)
    current = instrument.measure(case.sweep, case.faradaic_a, random)
    sign = -1.0 if seed % 3 == 0 else 1.0
    scan = case.sweep.scan(sign * current)
    began = time.process_time()
    (peak,) = analyze_scan(scan, PeakSettings(cv=settings)).peaks
    seconds = time.process_time() - began
    numbers = peak.cv
    pairs = _pairs(case, numbers)
    return Found(
        heights=tuple(_height(p, t, case.forward.height_a) for p, t in pairs),
        potentials=tuple(_potential(p, t) for p, t in pairs),
        model="none" if numbers is None else numbers.model,
        flags=peak.flags,
        seconds=seconds,
    )


def _pairs(
    case: Case, numbers: CyclicNumbers | None
) -> tuple[tuple[SweepPeak | None, Truth], tuple[SweepPeak | None, Truth]]:
    forward = None if numbers is None else numbers.forward
    reverse = None if numbers is None else numbers.reverse
    return (forward, case.forward), (reverse, case.reverse)


def _height(peak: SweepPeak | None, truth: Truth, unit_a: float) -> tuple[float, float]:
    if peak is None or peak.current_a.value is None or peak.current_a.error is None:
        return np.nan, np.nan
    return (abs(peak.current_a.value) - truth.height_a) / unit_a, peak.current_a.error / unit_a


def _potential(peak: SweepPeak | None, truth: Truth) -> tuple[float, float]:
    if peak is None or peak.potential_v.value is None or peak.potential_v.error is None:
        return np.nan, np.nan
    return peak.potential_v.value - truth.potential_v, peak.potential_v.error


def blank_scans(seed: int) -> Iterator[tuple[str, Scan]]:
    """One cycle without a couple of each kind of background."""
    random = np.random.default_rng((seed, 99))
    sweep = random_sweep(random)
    at_v = sweep.potentials_v()
    ends = (at_v - at_v.min()) / np.ptp(at_v)
    extras = {
        "line": np.zeros(len(at_v)),
        "tail": -np.exp(-(at_v - at_v.min()) / random.uniform(0.03, 0.08)),
        "both tails": np.exp((at_v - at_v.max()) / 0.05) - np.exp(-(at_v - at_v.min()) / 0.05),
        "curvature": random.uniform(-2, 2) * ends**2,
        "step": random.uniform(-1, 1) / (1 + np.exp(-(at_v - random.uniform(-0.1, 0.1)) / 0.03)),
        "1/f": np.zeros(len(at_v)),
    }
    for kind, extra in extras.items():
        noise = float(10 ** random.uniform(-2.5, -0.7))
        instrument = replace(random_instrument(random, sweep, 1e-6), noise_a=noise * 1e-6)
        if kind == "1/f":
            instrument = replace(instrument, pink_a=noise * 1e-6)
        yield kind, sweep.scan(instrument.measure(sweep, 1e-6 * extra, random))


def has_peak(scan: Scan) -> bool:
    """Whether the analysis sees a peak in either sweep."""
    (peak,) = analyze_scan(scan, PeakSettings()).peaks
    return peak.cv is not None and (peak.cv.forward or peak.cv.reverse) is not None


def blanks(count: int) -> None:
    """Cycles without a couple: how many get a peak."""
    seen: dict[str, list[bool]] = {}
    for seed in range(count):
        for kind, scan in blank_scans(seed):
            seen.setdefault(kind, []).append(has_peak(scan))
    print("\nblanks: share with a peak, %")
    seen["all"] = [peak for found in seen.values() for peak in found]
    for kind, found in seen.items():
        print(f"  {kind:12s} {100 * sum(found) / len(found):5.1f}")


def report(kind: str, cases: Sequence[Case], settings: CvSettings, title: str) -> None:
    """Print a line for each SNR."""
    print(f"\n{title}")
    for snr in SNRS:
        found = [measure(case, snr, seed, settings) for seed, case in enumerate(cases)]
        cells = []
        for sweep in (0, 1):
            heights = np.array([f.heights[sweep] for f in found])
            places = np.array([f.potentials[sweep] for f in found])
            known = np.isfinite(heights[:, 0])
            errors, places = heights[known], places[known]
            inside = np.abs(errors[:, 0]) < 1.96 * errors[:, 1]
            there = np.abs(places[:, 0]) < 1.96 * places[:, 1]
            cells.append(
                f"rms {100 * np.sqrt(np.mean(errors[:, 0] ** 2)):5.2f} bias "
                f"{100 * np.median(errors[:, 0]):+5.2f} cover {100 * inside.mean():3.0f} | Ep rms "
                f"{1e3 * np.sqrt(np.mean(places[:, 0] ** 2)):4.2f} mV cover "
                f"{100 * there.mean():3.0f} none {100 * (1 - known.mean()):3.0f}"
            )
        expected = "surface" if kind == "surface" else "diffusing"
        right = np.mean([f.model == expected for f in found])
        noticed = np.mean(["model_mismatch" in f.flags for f in found])
        ms = 1e3 * float(np.median([f.seconds for f in found]))
        print(
            f"  SNR {snr:3d} forward {cells[0]} || reverse {cells[1]} || model {100 * right:3.0f} "
            f"mismatch {100 * noticed:3.0f} | {ms:.0f} ms"
        )


def main() -> None:
    """Run all kinds, each with the model found, the line, and the wrong model set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scans", type=int, default=60, help="of each kind and ratio")
    parser.add_argument("--kinds", nargs="+", choices=KINDS_AND_BLANKS, default=KINDS_AND_BLANKS)
    options = parser.parse_args()
    count, wanted = options.scans, options.kinds
    for kind in filter(wanted.__contains__, KINDS):
        cases = [make_case(kind, seed) for seed in range(count)]
        report(kind, cases, CvSettings(), f"{kind}, model found; %, of the forward height")
        report(kind, cases, CvSettings(model="line"), f"{kind}, line ahead of the wave")
        wrong: CvSettings = CvSettings(model="diffusing" if kind == "surface" else "surface")
        report(kind, cases, wrong, f"{kind}, wrong model set")
    if "blanks" in wanted:
        blanks(count)


if __name__ == "__main__":
    main()
