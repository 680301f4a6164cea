"""How accurate the peak methods are, on scans whose truth is known.

    OMP_NUM_THREADS=1 python benchmarks/accuracy.py [--each 10] [--seed 0] [--no-peers]

For each set (see `scans.py`, and `blind.py` for the last three) and method: rms error of the
height in %, share of scans off by more than 25 %, share without a number; median bias; share of
95 % intervals that hold the truth; milliseconds a scan in a batch. Then the same of potential,
width and area, the errors by kind of scan, those relative to the noise limit (Cramér–Rao), and the
share of blanks in which a method sees a peak.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from blind import BlindScan, blind_scans
from limits import height_limit_a, line_columns, tail_columns
from peers import available, read_peaks
from scans import KINDS, SETS, SNRS, FloatArray, MadeScan, blank, scans

from sacmes_core.analysis.analyzing import analyze
from sacmes_core.analysis.methods import METHODS
from sacmes_core.analysis.peaks import Peak
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.peak import PeakSettings

BANDS = ((3, 5), (5, 10), (10, 20), (20, 50), (50, 100), (100, 201))
BLANKS = ("line", "tail", "sigmoid", "cubic", "power")
"""Smooth backgrounds that are no peaks themselves, as a hump or half a wave is."""
FAMILIES = ("surface", "diffusing", "analytic")
TAIL_DECAY_V = 0.05
QUANTITIES = {
    "potential": ("potential_v", "peak_potential_v", "peak_potential_se_v"),
    "width": ("width_v", "fwhm_v", "fwhm_se_v"),
    "area": ("area_av", "area_av", "area_se_av"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A scan and what a method should read of it; currents and areas carry their sign."""

    potential_v: FloatArray
    current_a: FloatArray
    peak_a: FloatArray
    height_a: float
    apex_v: float
    width_v: float
    area_av: float
    snr: float
    kind: str

    @property
    def is_plain(self) -> bool:
        """Whether the peak is away from the ends of a window of the usual length."""
        return self.kind not in ("edge", "narrow")


def from_set(made: MadeScan) -> Case:
    """A scan of sets A to D."""
    truth = made.truth
    return Case(
        made.potential_v,
        made.current_a,
        made.peak_a,
        truth.height_a,
        truth.potential_v,
        truth.width_v,
        truth.area_av,
        truth.snr,
        truth.kind,
    )


def from_blind(made: BlindScan) -> Case:
    """A scan of the blind families, in ascending order."""
    truth = made.truth
    if truth is None:
        raise ValueError("a blank has no truth")
    order = np.argsort(made.potential_v)
    return Case(
        made.potential_v[order],
        made.difference_a[order],
        made.peak_a[order],
        truth.height_a,
        truth.apex_v,
        truth.width_v,
        truth.area_av,
        made.snr,
        made.layout,
    )


def as_scan(potential_v: FloatArray, current_a: FloatArray) -> Scan:
    """What a reader would have made of the scan."""
    points = tuple(potential_v.tolist()), tuple(current_a.tolist())
    return Scan((Curve(1, "difference", *points),), "swv", "generic")


def peaks_of(ready: Sequence[Scan], method: str) -> tuple[list[Peak], float]:
    """The peaks, and milliseconds a scan."""
    settings = PeakSettings.model_validate({"method": method})
    start = time.process_time()
    peaks = [analysis.peaks[0] for analysis in analyze(ready, settings)]
    return peaks, (time.process_time() - start) / len(ready) * 1e3


def numbers(peaks: Sequence[Peak], name: str) -> FloatArray:
    """An attribute of the peaks, nan for None."""
    values = [getattr(peak, name) for peak in peaks]
    return np.array([np.nan if value is None else value for value in values])


def column(cases: Sequence[Case], name: str) -> FloatArray:
    """An attribute of the cases."""
    return np.array([getattr(case, name) for case in cases], dtype=float)


def spread(relative: FloatArray) -> str:
    """Rms in %, share off by more than 25 %, share without a number."""
    known = relative[np.isfinite(relative)]
    if len(known) == 0:
        return "   –     –     –"
    rms = 100 * np.sqrt(np.mean(known**2))
    off = 100 * np.mean(np.abs(known) > 0.25)
    return f"{rms:5.1f} {off:5.1f} {100 * np.mean(np.isnan(relative)):5.1f}"


def height_row(cases: Sequence[Case], height_a: FloatArray, error_a: FloatArray) -> str:
    """One line of the table of heights."""
    truth, snr = column(cases, "height_a"), column(cases, "snr")
    plain = np.array([case.is_plain for case in cases])
    relative = height_a / truth - 1
    parts = [
        spread(relative[chosen])
        for chosen in (plain & (snr >= 10), plain & (snr < 10), ~plain & (snr >= 10))
    ]
    bias = 100 * np.nanmedian(relative[plain & (snr >= 10)])
    return f"{' | '.join(parts)} | {bias:5.1f} | {held(cases, height_a - truth, error_a)}"


def held(cases: Sequence[Case], wrong: FloatArray, error: FloatArray) -> str:
    """Share of 95 % intervals that hold the truth, by ratio of height to noise."""
    snr, plain = column(cases, "snr"), np.array([case.is_plain for case in cases])
    shares = []
    for low, high in BANDS:
        band = plain & (snr >= low) & (snr < high) & np.isfinite(wrong) & np.isfinite(error)
        share = 100 * np.mean(np.abs(wrong[band]) < 1.96 * error[band]) if band.any() else np.nan
        shares.append(f"{share:3.0f}" if np.isfinite(share) else "  –")
    return " ".join(shares)


def quantity_rows(cases: Sequence[Case], peaks: Sequence[Peak]) -> str:
    """Rms error and coverage of potential, width and area."""
    good = np.array([case.is_plain and case.snr >= 10 for case in cases])
    parts = []
    for name, (truth_name, value_name, error_name) in QUANTITIES.items():
        truth = column(cases, "apex_v" if name == "potential" else truth_name)
        wrong = numbers(peaks, value_name) - truth
        scale = 1e-3 if name == "potential" else np.abs(truth) / 100
        rms = np.sqrt(np.nanmean((wrong / scale)[good] ** 2))
        unit = "mV" if name == "potential" else "%"
        parts.append(f"{name} {rms:.1f} {unit}, {held(cases, wrong, numbers(peaks, error_name))}")
    return " | ".join(parts)


def limit_row(cases: Sequence[Case], height_a: FloatArray) -> str:
    """Rms error over the noise limit on lines and on lines with a tail, by SNR."""
    parts = []
    for kind, name in zip(KINDS, ("line", "tail"), strict=False):
        for snr in SNRS:
            some = [k for k, case in enumerate(cases) if case.kind == kind and case.snr == snr]
            wrong = np.array([height_a[k] - cases[k].height_a for k in some])
            limits = np.array([_limit_a(cases[k], name) for k in some])
            ratio = np.sqrt(np.nanmean((wrong / limits) ** 2))
            parts.append(f"{name} {snr}: {ratio:.2f}")
    return "  ".join(parts)


def _limit_a(case: Case, background: str) -> float:
    columns = line_columns(case.potential_v)
    if background == "tail":
        columns = tail_columns(case.potential_v, np.array([TAIL_DECAY_V]))[0]
    limit = height_limit_a(
        case.potential_v,
        case.peak_a[np.newaxis],
        np.array([case.apex_v]),
        np.array([abs(case.height_a) / case.snr]),
        columns,
    )
    return float(limit[0])


def report(title: str, cases: Sequence[Case], peers: Sequence[str]) -> None:
    """Print the tables of one set."""
    ready = [as_scan(case.potential_v, case.current_a) for case in cases]
    print(f"\n{title}: {len(cases)} scans")
    for method in METHODS:
        peaks, milliseconds = peaks_of(ready, method)
        heights = numbers(peaks, "peak_current_a")
        line = height_row(cases, heights, numbers(peaks, "peak_current_se_a"))
        print(f"{title} {method:15s} {line} | {milliseconds:5.2f} ms", flush=True)
        if method == "median":
            print(f"   others: {quantity_rows(cases, peaks)}")
        if method in ("median", "sacmes-web") and title in SETS:
            print(f"   by kind at SNR 20: {by_kind(cases, heights)}")
        if method == "median" and title == "A":
            print(f"   over the noise limit: {limit_row(cases, heights)}")
    for peer in peers:
        good = [case for case in cases if case.is_plain and case.snr >= 10]
        # Peers look for peaks upwards.
        traces = [(c.potential_v, c.current_a * np.sign(c.height_a)) for c in good]
        read = read_peaks(peer, traces)
        relative = read.height_a / np.abs(column(good, "height_a")) - 1
        print(f"{title} {peer:15s} {spread(relative)} | {read.milliseconds:5.1f} ms", flush=True)


def by_kind(cases: Sequence[Case], height_a: FloatArray) -> str:
    """Rms error in % of each kind of scan at SNR 20."""
    relative = height_a / column(cases, "height_a") - 1
    parts = []
    for kind in KINDS:
        some = [k for k, case in enumerate(cases) if case.kind == kind and case.snr == 20]
        parts.append(f"{kind} {100 * np.sqrt(np.nanmean(relative[some] ** 2)):.1f}")
    return ", ".join(parts)


def blanks(count: int, seed: int) -> dict[str, list[Scan]]:
    """Scans without a peak, by kind."""
    random = np.random.default_rng((seed, 99))

    def many(make: Callable[[], MadeScan]) -> list[Scan]:
        made = (make() for _ in range(count))
        return [as_scan(each.potential_v, each.current_a) for each in made]

    smooth = many(
        lambda: blank(random, str(random.choice(BLANKS)), float(random.choice([10, 50, 200])))
    )
    other = [
        as_scan(np.sort(each.potential_v), each.difference_a[np.argsort(each.potential_v)])
        for each in blind_scans("blank", count, seed)
    ]
    return {
        "white noise": many(lambda: blank(random, None, noise="white")),
        "1/f noise": many(lambda: blank(random, None, noise="1/f")),
        "smooth backgrounds": smooth,
        "blind blanks": other,
    }


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=10, help="scans of each kind and ratio")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--blind", type=int, default=300, help="scans of each blind family")
    parser.add_argument("--no-peers", action="store_true", help="leave other tools out")
    options = parser.parse_args()
    peers = () if options.no_peers else available()
    print("rms % / off by > 25 % / no number %, of plain scans at SNR >= 10, < 10, edge and narrow")
    print("then median bias %, coverage of 95 % intervals at SNR 3-5-10-20-50-100-200, ms a scan")
    for name in SETS:
        report(name, [from_set(made) for made in scans(name, options.each, options.seed)], peers)
    for family in FAMILIES:
        made = blind_scans(family, options.blind, options.seed)
        report(family, [from_blind(each) for each in made], peers)
    print("\npeaks seen in blanks %, of these without any flag %")
    for kind, ready in blanks(300, options.seed).items():
        for method in METHODS:
            seen = [p for p in peaks_of(ready, method)[0] if p.peak_current_a is not None]
            share, clean = len(seen) / len(ready), sum(not p.flags for p in seen) / len(ready)
            print(f"  {kind:20s} {method:15s} {100 * share:5.1f} {100 * clean:5.1f}", flush=True)


if __name__ == "__main__":
    main()
