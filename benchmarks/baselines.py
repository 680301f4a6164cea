"""How accurate the baselines and smoothings of method "classic" are, on scans whose truth is known.

    OMP_NUM_THREADS=1 python benchmarks/baselines.py [--each 1] [--seed 0] [--blind 60]

For sets A to D of `scans.py` and the blind families of `blind.py` together: rms error, median
error and share off by more than 25 % of the height; the same rms in edge and narrow windows and
below an SNR of 10; share without a number; share of 95 % intervals that hold the truth of height,
potential, width and area; milliseconds a scan. Then the share of blanks taken for a peak.
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from accuracy import BLANKS, FAMILIES, Case, as_scan, from_blind, from_set
from blind import blind_scans
from scans import SETS, FloatArray, blank, scans

from sacmes_core.analysis.analyzing import analyze
from sacmes_core.analysis.peaks import Peak
from sacmes_core.formats.scan import Scan
from sacmes_core.settings.peak import PeakSettings

CHOICES: tuple[Mapping[str, Any], ...] = (
    *({"baseline": name} for name in ("mor", "line", "hull", "asls", "arpls", "airpls")),
    *({"baseline": name} for name in ("snip", "beads")),
    *({"baseline": "polynomial", "baseline_degree": degree} for degree in (1, 2, 3)),
    *({"baseline": "modpoly", "baseline_degree": degree} for degree in (1, 2)),
    {"baseline": "imodpoly", "baseline_degree": 1},
    {"baseline": "mor", "smoothing": "off"},
    {"baseline": "mor", "smoothing_filter": "whittaker"},
    {"baseline": "mor", "smoothing_filter": "loess"},
    {"baseline": "mor", "smoothing": "manual", "smoothing_window_v": 0.06},
    {"baseline": "mor", "smoothing": "manual", "smoothing_window_v": 0.06, "smoothing_degree": 1},
)
QUANTITIES = (
    ("height_a", "peak_current_a", "peak_current_se_a"),
    ("apex_v", "peak_potential_v", "peak_potential_se_v"),
    ("width_v", "fwhm_v", "fwhm_se_v"),
    ("area_av", "area_av", "area_se_av"),
)
"""Truth, number and standard error of what a peak has."""
HEAD = (
    "| choice | rms %, median %, off by > 25 % (SNR ≥ 10) | rms %: edge, narrow | rms %: SNR < 10 "
    "| no number % (SNR ≥ 10; < 10) | coverage % of height, potential, width, area | ms a scan |\n"
    "|---|---|---|---|---|---|---|"
)


def cases(each: int, blind: int, seed: int) -> Iterator[Case]:
    """The scans that have a peak."""
    for name in SETS:
        yield from (from_set(made) for made in scans(name, each, seed))
    for family in FAMILIES:
        made = blind_scans(family, blind, seed)
        yield from (from_blind(one) for one in made if one.truth is not None)


def peaks_of(ready: Sequence[Scan], choice: Mapping[str, Any]) -> tuple[list[Peak], float]:
    """The peaks, and milliseconds a scan."""
    settings = PeakSettings.model_validate({"method": "classic", **choice})
    start = time.process_time()
    peaks = [analysis.peaks[0] for analysis in analyze(ready, settings)]
    return peaks, (time.process_time() - start) / len(ready) * 1e3


def row(made: Sequence[Case], peaks: Sequence[Peak], milliseconds: float) -> str:
    """A line of the table, without its first cell."""
    truth = values(made, "height_a")
    error = (values(peaks, "peak_current_a") - truth) / np.abs(truth)
    clear = np.array([case.snr >= 10 for case in made])
    plain = np.array([case.is_plain for case in made])
    read = np.isfinite(error)
    good = error[clear & plain & read]
    faint = plain & ~clear
    held = [covered(made, peaks, names) for names in QUANTITIES]
    return (
        f"{rms(good):.1f}, {100 * np.median(good):+.1f}, {100 * np.mean(abs(good) > 0.25):.1f} "
        f"| {rms(error[clear & ~plain & read]):.1f} | {rms(error[faint & read]):.1f} "
        f"| {100 * np.mean(~read[clear]):.1f}; {100 * np.mean(~read[faint]):.1f} "
        f"| {', '.join(f'{100 * share:.0f}' for share in held)} | {milliseconds:.1f} |"
    )


def covered(made: Sequence[Case], peaks: Sequence[Peak], names: tuple[str, str, str]) -> float:
    """Share of the 95 % intervals that hold the truth, SNR 5 and above."""
    truth, found, error = names
    off = values(peaks, found) - values(made, truth)
    known = np.isfinite(off) & np.array([case.is_plain and case.snr >= 5 for case in made])
    return float(np.mean(np.abs(off[known]) < 1.96 * values(peaks, error)[known]))


def values(records: Sequence[Any], name: str) -> FloatArray:
    """One number of each record, nan for none."""
    found = [getattr(record, name) for record in records]
    return np.array([np.nan if value is None else value for value in found])


def rms(errors: FloatArray) -> float:
    """In %."""
    return float(100 * np.sqrt(np.mean(errors**2)))


def blanks(count: int, seed: int) -> list[Scan]:
    """Smooth backgrounds and noise, half of each."""
    made = [
        blank(np.random.default_rng((seed, 9, k)), BLANKS[k % len(BLANKS)] if k % 2 else None)
        for k in range(count)
    ]
    return [as_scan(one.potential_v, one.current_a) for one in made]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--blind", type=int, default=60)
    parser.add_argument("--blanks", type=int, default=240)
    given = parser.parse_args()
    made = list(cases(given.each, given.blind, given.seed))
    ready = [as_scan(case.potential_v, case.current_a) for case in made]
    empty = blanks(given.blanks, given.seed)
    print(f"{len(made)} scans, {len(empty)} blanks\n\n{HEAD}")
    false: list[str] = []
    for choice in CHOICES:
        name = ", ".join(str(value) for value in choice.values())
        print(f"| {name} | {row(made, *peaks_of(ready, choice))}", flush=True)
        found, _ = peaks_of(empty, choice)
        unflagged = [p for p in found if p.peak_current_a is not None and not p.flags]
        seen = sum(peak.peak_current_a is not None for peak in found)
        shares = (f"{100 * number / len(empty):.1f}" for number in (seen, len(unflagged)))
        false.append(f"| {name} | {', '.join(shares)} |")
    print("\n| choice | peaks seen in blanks %, without a flag |\n|---|---|", *false, sep="\n")


if __name__ == "__main__":
    main()
