"""How accurate the peak methods are, on scans whose truth is known.

    OMP_NUM_THREADS=1 python benchmarks/accuracy.py [--scans 240] [--seed 0]

For each set (see `scans.py`) and method: rms error of the height in %, share of scans off by more
than 25 %, median bias, share without a number, share of 95 % intervals that hold the truth, and
time a scan in a batch. Then the share of blanks in which a method sees a peak.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np
from scans import SETS, FloatArray, MadeScan, blank, scans

from sacmes_core.analysis.analyzing import analyze
from sacmes_core.analysis.methods import METHODS
from sacmes_core.analysis.peaks import Peak
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.peak import PeakSettings

BANDS = ((3, 5), (5, 10), (10, 20), (20, 50), (50, 100), (100, 201))
BLANKS = ("line", "tail", "sigmoid", "curved", "cubic", "far tail", "power")
"""Smooth backgrounds that are no peaks themselves, as a hump or half a wave is."""


def as_scan(made: MadeScan) -> Scan:
    """What a reader would have made of the scan."""
    points = tuple(made.potential_v.tolist()), tuple(made.current_a.tolist())
    return Scan((Curve(1, "difference", *points),), "swv", "generic")


def peaks_of(made: Sequence[MadeScan], method: str) -> tuple[list[Peak], float]:
    """The peaks, and milliseconds a scan."""
    ready = [as_scan(each) for each in made]
    settings = PeakSettings.model_validate({"method": method})
    start = time.process_time()
    peaks = [analysis.peaks[0] for analysis in analyze(ready, settings)]
    return peaks, (time.process_time() - start) / len(made) * 1e3


def numbers(peaks: Sequence[Peak], name: str) -> FloatArray:
    """An attribute of the peaks, nan for None."""
    values = [getattr(peak, name) for peak in peaks]
    return np.array([np.nan if value is None else value for value in values])


def errors(made: Sequence[MadeScan], peaks: Sequence[Peak]) -> tuple[FloatArray, FloatArray]:
    """Relative errors of the heights, and errors in units of their standard errors."""
    truth = np.array([each.truth.height_a for each in made])
    wrong = numbers(peaks, "peak_current_a") - truth
    return wrong / truth, wrong / numbers(peaks, "peak_current_se_a")


def row(made: Sequence[MadeScan], peaks: Sequence[Peak], milliseconds: float) -> str:
    """One line of the table."""
    snr = np.array([each.truth.snr for each in made])
    plain = np.array([each.truth.layout == "plain" for each in made])
    relative, reduced = errors(made, peaks)
    parts = []
    for chosen in (plain & (snr >= 10), plain & (snr < 10), ~plain & (snr >= 10)):
        known = relative[chosen & np.isfinite(relative)]
        off = 100 * np.mean(np.abs(known) > 0.25)
        none = 100 * np.mean(np.isnan(relative[chosen]))
        parts.append(f"{100 * np.sqrt(np.mean(known**2)):6.1f} {off:5.1f} {none:5.1f}")
    good = relative[plain & (snr >= 10)]
    inside = np.abs(reduced) < 1.96
    shares = []
    for low, high in BANDS:
        band = plain & (snr >= low) & (snr < high) & np.isfinite(reduced)
        shares.append(f"{100 * np.mean(inside[band]):3.0f}" if band.any() else "  –")
    bias = 100 * np.nanmedian(good)
    return f"{' | '.join(parts)} | {bias:5.1f} | {' '.join(shares)} | {milliseconds:6.2f}"


def blanks(count: int, seed: int) -> tuple[list[MadeScan], list[MadeScan]]:
    """Scans of white noise alone, and of smooth backgrounds with white noise."""
    random = np.random.default_rng((seed, 99))
    noise: list[MadeScan] = []
    while len(noise) < count:
        made = blank(random, None)
        noise += [made] if made.truth.noise == "white" else []
    smooth = [
        blank(random, str(random.choice(BLANKS)), float(random.choice([10, 50, 200])))
        for _ in range(count)
    ]
    return noise, smooth


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scans", type=int, default=240, help="scans of each set")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("rms % / off by > 25 % / no number %, of plain scans at SNR >= 10, < 10, edge and narrow")
    print("then median bias %, coverage of 95 % intervals at SNR 3-5-10-20-50-100-200, ms a scan")
    for kind in SETS:
        made = list(scans(kind, options.scans, options.seed))
        for method in METHODS:
            print(f"{kind} {method:15s}", row(made, *peaks_of(made, method)), flush=True)
    noise, smooth = blanks(options.scans * 2, options.seed)
    print("peaks seen in white noise %, on smooth backgrounds %; of these without any flag %")
    for method in METHODS:
        shares = []
        for made in (noise, smooth):
            peaks, _ = peaks_of(made, method)
            seen = [peak for peak in peaks if peak.peak_current_a is not None]
            clean = sum(not peak.flags for peak in seen)
            shares.append(f"{100 * len(seen) / len(made):5.1f} ({100 * clean / len(made):.1f})")
        print(f"  {method:15s}", "  ".join(shares), flush=True)


if __name__ == "__main__":
    main()
