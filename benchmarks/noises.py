"""What noises of equal size cost: errors of the height on the same peaks and backgrounds.

    OMP_NUM_THREADS=1 python benchmarks/noises.py [--scans 800] [--snr 20] [--method median]

Peaks on the first two backgrounds of each set (`scans.py`), once under each noise. Printed for each
set: rms error of the height in %, share off by more than 25 % and without a number; median error;
rms of what the noise adds to the error that white noise makes of the same scan; coverage of the
95 % intervals. Then the rms over all sets. Hardly any noise shows what the baselines alone cost,
and white noise of 0.39 of the size what is left where mains are taken off entirely.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from accuracy import as_scan, numbers, peaks_of, spread
from scans import SETS, FloatArray, make_scan

from sacmes_core.analysis.methods import METHODS

NOISES: Final = {
    "hardly any": ("white", 1000.0),
    "white, 0.39": ("white", 1 / 0.39),
    "white": ("white", 1.0),
    "spikes": ("spikes", 1.0),
    "mains": ("mains", 1.0),
    "1/f": ("1/f", 1.0),
    "mixed": ("mixed", 1.0),
}
"""What is made, and how much quieter."""


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Of n heights, relative to the truth, and whether 95 % intervals hold it; shapes (n,)."""

    relative: FloatArray
    is_held: FloatArray

    @property
    def rms(self) -> float:
        """In %."""
        return rms(self.relative)

    def row(self, white: FloatArray) -> str:
        """A line of the table; `white` are the errors under white noise."""
        middle = 100 * np.nanmedian(np.abs(self.relative))
        is_held = 100 * self.is_held[np.isfinite(self.relative)].mean()
        added = rms(self.relative - white)
        return f"{spread(self.relative)} {middle:6.2f} {added:6.2f} {is_held:5.1f}"


def rms(values: FloatArray) -> float:
    """Root of the mean square of those that are known, in %."""
    return float(100 * np.sqrt(np.nanmean(values**2)))


def errors(
    name: str, noise: str, snr: float, seeds: Sequence[tuple[int, int, int]], method: str
) -> Errors:
    """Of one set under one noise."""
    made = [make_scan(name, "spikes", snr, np.random.default_rng(seed), noise) for seed in seeds]
    peaks, _ = peaks_of([as_scan(scan.potential_v, scan.current_a) for scan in made], method)
    truth = np.array([scan.truth.height_a for scan in made])
    error = numbers(peaks, "peak_current_a") - truth
    is_held = np.abs(error) < 1.96 * numbers(peaks, "peak_current_se_a")
    return Errors(error / truth, is_held.astype(np.float64))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scans", type=int, default=800, help="scans of each set")
    parser.add_argument("--snr", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--method", choices=list(METHODS), default="median")
    options = parser.parse_args()
    print(f"{'':14s}   rms   off  none median  added  held")
    squares: dict[str, list[float]] = {title: [] for title in NOISES}
    for name in SETS:
        seeds = [(options.seed, ord(name), k) for k in range(options.scans)]
        found = {
            title: errors(name, noise, options.snr * quieter, seeds, options.method)
            for title, (noise, quieter) in NOISES.items()
        }
        for title, each in found.items():
            print(f"{name} {title:12s} {each.row(found['white'].relative)}", flush=True)
            squares[title].append(each.rms**2)
    for title, some in squares.items():
        print(f"all {title:10s} {np.sqrt(np.mean(some)):5.2f}")


if __name__ == "__main__":
    main()
