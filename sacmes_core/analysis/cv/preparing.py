"""From a scan to the two sweeps that are analysed: chosen, cut to windows, averaged to bins."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.checks import current_flags
from sacmes_core.analysis.cv.segments import Segment, choose_pair, find_segments
from sacmes_core.analysis.gridding import isolated_spikes
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.formats.scan import Curve
from sacmes_core.settings.cv import CvSettings

BINS_MAX: Final = 400
BIN_V: Final = 0.0025
"""Averaging over so much takes 0.2 % off a peak 30 mV wide."""
POINTS_MIN: Final = 20
_BINS_MIN: Final = 40
_EARLIER_MAX: Final = 6
_PARTIAL_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """One segment within its window.

    Attributes
    ----------
    potential_v, current_a
        Shape (M,), every point in order of measurement.
    bin_v, bin_a, counts
        Shape (K,); bins along the sweep, their mean potentials and currents, spikes left out, and
        how many points each holds.
    noise_a
        Standard deviation of the white noise of one point.
    spikes
        Points that were left out of the bins.
    """

    segment: Segment
    potential_v: FloatArray
    current_a: FloatArray
    bin_v: FloatArray
    bin_a: FloatArray
    counts: FloatArray
    noise_a: float
    spikes: int

    @property
    def usable(self) -> bool:
        """Whether there is enough of the sweep for a peak."""
        return len(self.bin_v) >= POINTS_MIN and float(np.ptp(self.bin_a)) > 0


@dataclass(frozen=True, slots=True, eq=False)
class Cycle:
    """The chosen sweeps of one electrode; None where there is none.

    Attributes
    ----------
    segments
        How many segments the scan has.
    corners_v
        Potentials between which the sweep ran, from the start of what matters for the
        concentrations in solution to the end of the last segment.
    first_corner
        Number of the segment that starts at the first of the corners; less than 1 for cycles that
        went before the file's first one.
    flags
        What the choice of segments and the currents say.
    """

    forward: Sweep | None
    reverse: Sweep | None
    segments: int
    corners_v: tuple[float, ...]
    first_corner: int
    flags: tuple[str, ...]

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """The sweeps that can be analysed, forward first."""
        return tuple(s for s in (self.forward, self.reverse) if s is not None and s.usable)


def prepare_cycle(
    curve: Curve, settings: CvSettings, *, technique: str, cycles_before: int = 0
) -> Cycle:
    """Choose and cut the sweeps of a curve.

    Parameters
    ----------
    technique
        A linear sweep (``lsv``) is whole without a reverse one.
    cycles_before
        Cycles of the same kind that the instrument wrote before this one as scans of their own.
    """
    potential_v = np.array(curve.potential_v, dtype=np.float64)
    current_a = np.array(curve.current_a, dtype=np.float64)
    known = np.isfinite(potential_v)
    potential_v, current_a = potential_v[known], current_a[known]
    segments = find_segments(potential_v)
    if not segments:
        return Cycle(None, None, 0, (), 1, (flags.TOO_FEW_POINTS,))
    chosen_forward, chosen_reverse = choose_pair(segments)
    if technique == "lsv":
        chosen_forward, chosen_reverse = max(segments, key=lambda s: s.span_v), None
    found: list[str] = []
    forward = _named(segments, settings.forward_segment, chosen_forward, found)
    reverse = _named(segments, settings.reverse_segment, chosen_reverse, found)
    if technique == "cv":
        found += _partial(forward, reverse)
    window = (settings.forward_min_v, settings.forward_max_v)
    forward_sweep = _sweep(forward, potential_v, current_a, window, found)
    window = (settings.reverse_min_v, settings.reverse_max_v)
    reverse_sweep = _sweep(reverse, potential_v, current_a, window, found)
    last = max(s.number for s in (forward, reverse, segments[0]) if s is not None)
    corners_v, first = _corners(segments[:last], cycles_before)
    codes = tuple(dict.fromkeys(found))
    return Cycle(forward_sweep, reverse_sweep, len(segments), corners_v, first, codes)


def _named(
    segments: tuple[Segment, ...], number: int | None, chosen: Segment | None, found: list[str]
) -> Segment | None:
    if number is None:
        return chosen
    if number > len(segments):
        found.append(flags.MISSING_SEGMENT)
        return None
    return segments[number - 1]


def _partial(forward: Segment | None, reverse: Segment | None) -> list[str]:
    if forward is None or reverse is None:
        return [flags.INCOMPLETE_CYCLE]
    short, long = sorted((forward.span_v, reverse.span_v))
    return [flags.INCOMPLETE_CYCLE] if short < _PARTIAL_SHARE * long else []


def _sweep(
    segment: Segment | None,
    potential_v: FloatArray,
    current_a: FloatArray,
    window: tuple[float | None, float | None],
    found: list[str],
) -> Sweep | None:
    if segment is None:
        return None
    # The current of a turning point belongs to the way there.
    start = segment.start + (1 if segment.number > 1 else 0)
    here = slice(start, segment.end + 1)
    low = -np.inf if window[0] is None else window[0]
    high = np.inf if window[1] is None else window[1]
    inside = (potential_v[here] >= low) & (potential_v[here] <= high)
    at_v, a = potential_v[here][inside], current_a[here][inside]
    finite = np.isfinite(a)
    if not finite.all():
        found.append(flags.NOT_FINITE)
        at_v, a = at_v[finite], a[finite]
    found += current_flags(a)
    return _binned(segment, at_v, a, found)


def _binned(
    segment: Segment, potential_v: FloatArray, current_a: FloatArray, found: list[str]
) -> Sweep:
    if len(current_a) < POINTS_MIN:
        found.append(flags.TOO_FEW_POINTS)
        return Sweep(
            segment, potential_v, current_a, potential_v, current_a, np.ones(len(current_a)), 0.0, 0
        )
    noise = point_noise_a(current_a[np.newaxis])
    spike = isolated_spikes(current_a[np.newaxis], noise)[0][0]
    if spike.any():
        found.append(flags.SPIKES_REMOVED)
    way_v = segment.direction * (potential_v - segment.start_v)
    bins = int(np.clip(np.ptp(way_v) / BIN_V, _BINS_MIN, BINS_MAX))
    size_v = np.ptp(way_v) / bins
    which = np.clip(((way_v - way_v.min()) / size_v).astype(np.intp), 0, bins - 1)[~spike]
    counts = np.bincount(which, minlength=bins).astype(np.float64)
    filled = counts > 0
    with np.errstate(invalid="ignore"):
        at_v = np.bincount(which, potential_v[~spike], minlength=bins) / counts
        mean_a = np.bincount(which, current_a[~spike], minlength=bins) / counts
    return Sweep(
        segment=segment,
        potential_v=potential_v,
        current_a=current_a,
        bin_v=at_v[filled],
        bin_a=mean_a[filled],
        counts=counts[filled],
        noise_a=float(noise[0]),
        spikes=int(spike.sum()),
    )


def _corners(segments: tuple[Segment, ...], cycles_before: int) -> tuple[tuple[float, ...], int]:
    """Corners that the concentrations remember: six segments back, and cycles before the file."""
    kept = segments[-_EARLIER_MAX - 2 :]
    corners = [kept[0].start_v, *(s.end_v for s in kept)]
    first = kept[0].number
    closed = len(segments) > 1 and abs(segments[1].end_v - segments[0].start_v) < (
        0.1 * segments[1].span_v
    )
    if first == 1 and closed:
        for _ in range(min(cycles_before, _EARLIER_MAX // 2)):
            corners = [segments[0].start_v, segments[0].end_v, *corners]
            first -= 2
    return tuple(corners), first
