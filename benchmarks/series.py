"""How precise a series is: normalised current and KDM over 1,000 scans at each of two frequencies.

    OMP_NUM_THREADS=1 python benchmarks/series.py [--scans 1000] [--seed 0] [--peers]

One sensor at 40 and 300 Hz, SNR 30: a quarter of the signal is lost on the way, the peak moves by
12 mV, the oxygen tail grows, and at two fifths of the series the concentration steps up, from one
scan to the next. Printed for each method: rms error of the normalised current at both frequencies
in %, rms error and bias of KDM in points (hundredths), the share of the step that the very next
scan shows at both frequencies, in %, with the scatter of the ten scans before it, and the scans
without a number. With `--peers`, other people's tools (`peers.py`) as well; aswift takes minutes.

Normalised to the mean of the first ten scans, in the truth too, so that the reference's own error
does not count a thousand times.
"""

import argparse
from dataclasses import dataclass, replace

import numpy as np
from couples import FloatArray, as_scan
from peers import available, read_peaks

from sacmes_core.analysis.analyzing import analyze
from sacmes_core.analysis.methods import METHODS
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.simulate.square_wave import SquareWave, SurfaceCouple, pulse_currents

LOW_HZ, HIGH_HZ = 40.0, 300.0
SNR = 30.0
LOST = 0.25
SHIFT_V = 0.012
TAIL_GROWTH = 1.0
"""Of the oxygen tail over the series, relative to its size at the start."""
STEP_AT = 0.4
BOUND_BEFORE, BOUND_AFTER = 0.0, 0.5
RATE_FREE_HZ, RATE_BOUND_HZ = 40.0, 90.0
REFERENCE_SCANS = 10
WAVE = SquareWave(0.0, -0.5, 0.002, 0.025)
WINDOWS_V = {"sacmes-desktop": (-0.4, -0.14)}
"""What a method gets that has no baseline and asks its user for a window about the peak."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Scans of one frequency, shape (n, K), and the true heights, shape (n,)."""

    potential_v: FloatArray
    current_a: FloatArray
    height_a: FloatArray


def make_series(
    frequency_hz: float, count: int, rng: np.random.Generator, snr: float = SNR
) -> Series:
    """A series of `count` scans; `snr` is that of the first one."""
    potential_v = WAVE.potentials_v
    progress = np.arange(count) / max(1, count - 1)
    bound = np.where(progress >= STEP_AT, BOUND_AFTER, BOUND_BEFORE)
    kept = 1 - LOST * progress
    fine_v = np.arange(0.05, -0.5501, -0.0005)
    free, with_target = (_difference(rate, frequency_hz, fine_v) for rate in _rates())
    peaks = kept[:, np.newaxis] * (free + bound[:, np.newaxis] * (with_target - free))
    height_a = peaks.max(axis=1)
    shifted = potential_v + SHIFT_V * progress[:, np.newaxis]
    rows = zip(shifted, peaks, strict=True)
    peak_a = np.stack([np.interp(-at, -fine_v, row) for at, row in rows])
    first_a = height_a[0]
    tail = np.exp(-(potential_v - potential_v.min()) / 0.045)
    growth = 0.6 * first_a * (1 + TAIL_GROWTH * progress)
    below = first_a * (0.8 - 0.5 * potential_v) + growth[:, np.newaxis] * tail
    noise = rng.normal(scale=first_a / snr, size=peak_a.shape)
    return Series(potential_v, peak_a + below + noise, height_a)


def heights(series: Series, method: str) -> FloatArray:
    """Peak currents of a method or a peer, nan where it gives none, shape (n,)."""
    if method not in METHODS:
        ascending_v = series.potential_v[::-1]
        return read_peaks(method, [(ascending_v, i[::-1]) for i in series.current_a]).height_a
    scans = [as_scan(series.potential_v, current_a) for current_a in series.current_a]
    low_v, high_v = WINDOWS_V.get(method, (None, None))
    window = {"potential_min_v": low_v, "potential_max_v": high_v}
    found = analyze(scans, PeakSettings.model_validate({"method": method, **window}))
    values = [analysis.peaks[0].peak_current_a for analysis in found]
    return np.array([np.nan if value is None else value for value in values])


def normalised(height_a: FloatArray) -> FloatArray:
    """Relative to the mean of the first ten scans, shape (n,)."""
    return height_a / np.nanmean(height_a[:REFERENCE_SCANS])


def row(low: Series, high: Series, method: str) -> str:
    """One line of the table."""
    found = [heights(series, method) for series in (low, high)]
    values = [normalised(height_a) for height_a in found]
    truths = [normalised(series.height_a) for series in (low, high)]
    errors = [
        100 * np.sqrt(np.nanmean((value / truth - 1) ** 2))
        for value, truth in zip(values, truths, strict=True)
    ]
    wrong = 100 * ((values[1] - values[0]) - (truths[1] - truths[0]))
    missing = sum(int(np.isnan(value).sum()) for value in values)
    steps = " ".join(_step(value, truth) for value, truth in zip(values, truths, strict=True))
    return (
        f"{method:15s} {errors[0]:6.2f} {errors[1]:6.2f}"
        f" {np.sqrt(np.nanmean(wrong**2)):6.2f} {np.nanmean(wrong):6.2f}  {steps} {missing:5d}"
    )


def _step(value: FloatArray, truth: FloatArray) -> str:
    """Share of the true step between two scans that the very next scan shows, in %."""
    at, expected = _true_step(truth)
    jump = value[at] - np.nanmean(value[at - REFERENCE_SCANS : at])
    scatter = np.nanstd(value[at - REFERENCE_SCANS : at])
    return f"{100 * jump / expected:5.0f} ± {100 * abs(scatter / expected):3.0f}"


def _true_step(truth: FloatArray) -> tuple[int, float]:
    """The first scan after the step, and by how much the normalised current has changed."""
    changes = np.diff(truth)
    before = int(np.argmax(np.abs(changes)))
    return before + 1, float(changes[before])


def _rates() -> tuple[SurfaceCouple, SurfaceCouple]:
    free = SurfaceCouple(rate_hz=RATE_FREE_HZ, formal_potential_v=-0.27)
    return free, replace(free, rate_hz=RATE_BOUND_HZ)


def _difference(couple: SurfaceCouple, frequency_hz: float, at_v: FloatArray) -> FloatArray:
    """Difference current on other potentials than those of the wave."""
    wide = SquareWave(WAVE.initial_v + 0.1, WAVE.final_v - 0.1, 0.002, WAVE.amplitude_v)
    forward, reverse = pulse_currents(couple, wide, frequency_hz)
    return np.interp(-at_v, -wide.potentials_v, forward - reverse)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scans", type=int, default=1000, help="scans at each frequency")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers", action="store_true", help="other people's tools as well")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    low, high = (make_series(hz, options.scans, rng) for hz in (LOW_HZ, HIGH_HZ))
    print(f"{options.scans} scans at {LOW_HZ:g} and {HIGH_HZ:g} Hz, SNR {SNR:g}")
    steps = [100 * _true_step(normalised(series.height_a))[1] for series in (low, high)]
    print(f"the step changes the normalised currents by {steps[0]:.0f} and {steps[1]:.0f} %")
    print("method          normalised rms %  KDM rms, bias  step % at once (both)  no number")
    for method in (*METHODS, *(available() if options.peers else ())):
        print(row(low, high, method), flush=True)


if __name__ == "__main__":
    main()
