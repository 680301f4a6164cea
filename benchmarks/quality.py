"""Whether bad scans are flagged and good ones are not.

    OMP_NUM_THREADS=1 python benchmarks/quality.py [--scans 40] [--method median] [--kind dropout]

Each kind of bad scan is made from good ones (`couples.py`) at four ratios of height to noise. For
each: the share that is flagged, or has no number, which says `no_peak`; the share that is silently
wrong: a number without a flag where there is no peak, or more than 25 % off; and the flags. Then
good scans by background with the share of them that is flagged, and how often a peak is seen where
there is none.
"""

import argparse
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
from couples import BACKGROUNDS, FloatArray, Trace, as_scan, draw_trace
from limits import height_limit_a, line_columns

from sacmes_core.analysis.analyzing import analyze
from sacmes_core.analysis.methods import METHODS
from sacmes_core.analysis.peaks import Peak
from sacmes_core.formats.completeness import why_incomplete
from sacmes_core.formats.scan import Scan
from sacmes_core.settings.peak import PeakSettings

SNRS: Final = (5.0, 20.0, 50.0, 200.0)
WRONG: Final = 0.25
GOOD: Final = "good"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A scan as a reader hands it over, and the height of its peak, nan where there is none."""

    scan: Scan
    height_a: float
    electrode: int = 1
    background: str = ""


def make(kind: str, rng: np.random.Generator, snr: float) -> Sample:
    """A scan of one of `KINDS`, or a good one.

    Parameters
    ----------
    snr
        Height of the peak over the noise of one point; of one without a peak, the height that a
        peak would have.
    """
    if kind == GOOD:
        return _sample(draw_trace(rng, snr))
    return KINDS[kind](rng, snr)


def no_peak(rng: np.random.Generator, snr: float) -> Sample:
    """A background alone."""
    trace = draw_trace(rng, snr)
    return _sample(trace, trace.background_a + trace.noise_a, math.nan)


def blank(rng: np.random.Generator, snr: float) -> Sample:
    """A line alone: an electrode without its layer."""
    trace = draw_trace(rng, snr)
    slope = np.linspace(0, rng.uniform(-0.5, 0.5) * trace.height_a, len(trace.noise_a))
    return _sample(trace, slope + trace.noise_a, math.nan)


def pure_noise(rng: np.random.Generator, snr: float) -> Sample:
    """White noise about zero: nothing connected."""
    trace = draw_trace(rng, snr)
    return _sample(trace, trace.noise_a, math.nan)


def flat(rng: np.random.Generator, snr: float) -> Sample:
    """The same current throughout, exactly, or to the last of four digits."""
    trace = draw_trace(rng, snr)
    toggles = rng.random(len(trace.noise_a)) < rng.choice([0.0, 0.05])
    return _sample(trace, trace.height_a * (1 + 1e-4 * toggles), math.nan)


def clipped(rng: np.random.Generator, snr: float) -> Sample:
    """The amplifier's limit is at 50 to 90 % of the peak."""
    trace = draw_trace(rng, snr)
    clean = trace.peak_a + trace.background_a
    at_apex = int(trace.peak_a.argmax())
    limit = clean[at_apex] - rng.uniform(0.1, 0.5) * trace.height_a
    return _sample(trace, np.minimum(trace.current_a, limit))


def truncated(rng: np.random.Generator, snr: float) -> Sample:
    """Aborted after 30 to 90 % of the sweep."""
    trace = draw_trace(rng, snr)
    whole = _sample(trace)
    count = int(rng.uniform(0.3, 0.9) * len(trace.potential_v))
    (curve,) = whole.scan.curves
    part = replace(curve, potential_v=curve.potential_v[:count], current_a=curve.current_a[:count])
    scan = replace(whole.scan, curves=(part,))
    flags = () if why_incomplete(scan) is None else ("truncated_scan",)
    return replace(whole, scan=replace(scan, flags=flags))


def not_a_number(rng: np.random.Generator, snr: float) -> Sample:
    """One to ten points in a row without a number."""
    trace = draw_trace(rng, snr)
    return _sample(trace, _stretch(rng, trace, 1, 10, lambda _: np.nan))


def range_change(rng: np.random.Generator, snr: float) -> Sample:
    """The current jumps by 0.4 to 1.2 heights somewhere in the middle 80 % and stays there."""
    trace = draw_trace(rng, snr)
    count = len(trace.potential_v)
    at = int(rng.uniform(0.1, 0.9) * count)
    jump = rng.uniform(0.4, 1.2) * rng.choice([-1, 1]) * trace.height_a
    return _sample(trace, trace.current_a + jump * (np.arange(count) >= at))


def too_noisy(rng: np.random.Generator, snr: float) -> Sample:
    """Noise of which the limit of the height's error is 30 to 60 % of the height."""
    del snr
    trace = draw_trace(rng, 1.0)
    order = np.argsort(trace.potential_v)
    limit_a = height_limit_a(
        trace.potential_v[order],
        trace.peak_a[np.newaxis, order],
        np.array([trace.apex_v]),
        np.array([trace.height_a]),
        line_columns(trace.potential_v[order]),
    )
    wanted = rng.uniform(0.3, 0.6) * trace.height_a / float(limit_a[0])
    return _sample(replace(trace, noise_a=trace.noise_a * wanted))


def second_peak(rng: np.random.Generator, snr: float) -> Sample:
    """Another peak of 40 to 100 % of the height, 1.3 to 1.8 of the wider one's widths away."""
    while True:
        trace, other = draw_trace(rng, snr), draw_trace(rng, snr)
        distance_v = rng.choice([-1, 1]) * rng.uniform(1.3, 1.8) * max(trace.width_v, other.width_v)
        low_v, high_v = trace.potential_v.min(), trace.potential_v.max()
        margin_v = 0.6 * other.width_v
        if low_v + margin_v < trace.apex_v + distance_v < high_v - margin_v:
            break
    order = np.argsort(other.potential_v)
    shifted_v = trace.potential_v - trace.apex_v - distance_v + other.apex_v
    second = np.interp(shifted_v, other.potential_v[order], other.peak_a[order])
    share = rng.uniform(0.4, 1.0) * trace.height_a / other.height_a
    return _sample(replace(trace, peak_a=trace.peak_a + share * second))


def at_edge(rng: np.random.Generator, snr: float) -> Sample:
    """The apex is within 20 mV of an end, or just outside the window."""
    wanted_v = rng.uniform(-0.02, 0.02)
    trace = draw_trace(rng, snr, apex_v=wanted_v)
    if rng.random() < 0.5:
        return _sample(trace)
    flipped = replace(trace, peak_a=trace.peak_a[::-1])
    return _sample(flipped)


def dropout(rng: np.random.Generator, snr: float) -> Sample:
    """Contact is lost for 4 to 12 points in a row where half a height or more flows."""
    trace = draw_trace(rng, snr)
    lift = np.maximum(0, 0.5 * trace.height_a - np.min(trace.background_a + trace.peak_a))
    trace = replace(trace, background_a=trace.background_a + lift)
    noise_a = trace.height_a / snr
    return _sample(trace, _stretch(rng, trace, 4, 12, lambda size: rng.normal(0, noise_a, size)))


def spikes(rng: np.random.Generator, snr: float) -> Sample:
    """One to four single points, 0.5 to 3 heights off and never less than 8 σ."""
    trace = draw_trace(rng, snr)
    current_a = trace.current_a
    places = rng.choice(len(current_a), size=int(rng.integers(1, 5)), replace=False)
    sizes = np.maximum(rng.uniform(0.5, 3.0, len(places)), 8 / snr)
    current_a[places] += trace.height_a * sizes * rng.choice([-1, 1], len(places))
    return _sample(trace, current_a)


def wrong_electrode(rng: np.random.Generator, snr: float) -> Sample:
    """An electrode is asked for that the file does not have."""
    return replace(_sample(draw_trace(rng, snr)), electrode=2)


KINDS: Final[Mapping[str, Callable[[np.random.Generator, float], Sample]]] = MappingProxyType(
    {
        "no peak": no_peak,
        "blank": blank,
        "pure noise": pure_noise,
        "flat": flat,
        "clipped": clipped,
        "truncated": truncated,
        "not a number": not_a_number,
        "range change": range_change,
        "too noisy": too_noisy,
        "second peak": second_peak,
        "at the edge": at_edge,
        "dropout": dropout,
        "spikes": spikes,
        "wrong electrode": wrong_electrode,
    }
)
BLANKS: Final = ("no peak", "blank", "pure noise")


def _sample(
    trace: Trace, current_a: FloatArray | None = None, height_a: float | None = None
) -> Sample:
    scan = as_scan(trace.potential_v, trace.current_a if current_a is None else current_a)
    height_a = trace.height_a if height_a is None else height_a
    return Sample(scan, height_a, background=trace.background)


def _stretch(
    rng: np.random.Generator,
    trace: Trace,
    least: int,
    most: int,
    values: Callable[[int], float | FloatArray],
) -> FloatArray:
    current_a = trace.current_a
    size = int(rng.integers(least, most + 1))
    start = int(rng.integers(0, len(current_a) - size + 1))
    current_a[start : start + size] = values(size)
    return current_a


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one sample."""

    flagged: bool
    silently_wrong: bool
    has_number: bool
    flags: tuple[str, ...]


def judge(sample: Sample, peak: Peak) -> Verdict:
    """Flagged, and silently wrong: a number without a flag that is off by over a quarter."""
    number = peak.peak_current_a
    off = number is not None and not abs(number - sample.height_a) <= WRONG * sample.height_a
    return Verdict(bool(peak.flags), off and not peak.flags, number is not None, peak.flags)


def verdicts(samples: Sequence[Sample], method: str) -> list[Verdict]:
    """What a method makes of samples of one electrode number."""
    settings = PeakSettings.model_validate({"method": method})
    electrodes = (samples[0].electrode,)
    found = analyze([sample.scan for sample in samples], settings, electrodes)
    return [judge(s, a.peaks[0]) for s, a in zip(samples, found, strict=True)]


def samples(kind: str, count: int, snr: float, seed: int) -> list[Sample]:
    """The same samples for the same seed."""
    number = (GOOD, *KINDS).index(kind)
    return [
        make(kind, np.random.default_rng((seed, number, int(snr), k)), snr) for k in range(count)
    ]


def row(found: Sequence[Verdict]) -> str:
    """Flagged %, silently wrong %, and the flags with how often each is raised, in %."""
    if not found:
        return "  none"
    count = len(found)
    flagged = 100 * sum(v.flagged for v in found) / count
    wrong = 100 * sum(v.silently_wrong for v in found) / count
    raised = Counter(flag for v in found for flag in v.flags)
    which = ", ".join(f"{flag} {100 * n / count:.0f}" for flag, n in raised.most_common(5))
    return f"{flagged:6.1f} {wrong:6.1f}  {which}"


def report(method: str, kinds: Sequence[str], count: int, seed: int) -> None:
    """Print the tables of one method."""
    print(f"{method}: flagged %, silently wrong %, flags in %")
    everything: dict[str, list[Verdict]] = {}
    for kind in kinds:
        for snr in SNRS:
            found = verdicts(samples(kind, count, snr, seed), method)
            everything.setdefault(kind, []).extend(found)
            print(f"  {kind:16s} {snr:4.0f} {row(found)}", flush=True)
    print("all ratios together")
    for kind, found in everything.items():
        print(f"  {kind:16s}  all {row(found)}")
    for kind in (kind for kind in BLANKS if kind in kinds):
        seen = everything[kind]
        share = 100 * sum(v.has_number for v in seen) / len(seen)
        print(f"  a peak is seen in {kind}: {share:.1f} %")
    print("good scans")
    for snr in SNRS:
        made = samples(GOOD, 5 * count, snr, seed)
        found = verdicts(made, method)
        for background in BACKGROUNDS:
            some = [v for s, v in zip(made, found, strict=True) if s.background == background]
            print(f"  {background:16s} {snr:4.0f} {row(some)}", flush=True)
        print(f"  {'all':16s} {snr:4.0f} {row(found)}", flush=True)


def main() -> None:
    """Print the tables of the methods asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scans", type=int, default=40, help="scans of each kind and ratio")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--method", choices=list(METHODS), action="append")
    parser.add_argument("--kind", choices=list(KINDS), action="append", help="only these kinds")
    options = parser.parse_args()
    for method in options.method or ["median"]:
        report(method, options.kind or list(KINDS), options.scans, options.seed)


if __name__ == "__main__":
    main()
