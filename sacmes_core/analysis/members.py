"""The fits and estimates whose median is the peak: members that fail differently."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Final, TypeVar

import numpy as np
from scipy.signal import savgol_filter

from sacmes_core.analysis.backgrounds import Background, curved, free, line, tailed
from sacmes_core.analysis.bank import Candidates, search
from sacmes_core.analysis.baseline import hull_edge, line_through
from sacmes_core.analysis.gridding import Binned
from sacmes_core.analysis.peaks import FloatArray, IntArray
from sacmes_core.analysis.separable import Fit, Problem, Start, fit_peaks
from sacmes_core.analysis.shapes import PeakShape, gaussian_shape, physical_shape

MODEL_ERROR: Final = 0.02
"""What no model gets right, in units of the height, added to the noise of a point."""
_HULL_WINDOW_V: Final = 0.024
_STIFF, _SMOOTH, _SMALL = (0, 1, 2), (0, 1, 3), 4
"""Fits that a member averages: line, tails, curvature; line, tails, free; the Gaussian's."""
_DOUBT: Final = 15.0
"""Evidence that a good fit may lack beyond half a unit a point."""


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """What each of M members says of n voltammograms; nan where it says nothing.

    Attributes
    ----------
    height_a, potential_v, width_v, area_av
        Shape (n, M), peaks upright; members: stiff baselines, smooth baselines, small Gaussian
        fit, template bank, rubber band.
    height_se_a, potential_se_v, width_se_v, area_se_av
        Shape (n, M), from the noise and the members' own spread over their baselines.
    sign
        Shape (n,); 1 for peaks, −1 for dips.
    gain
        Shape (n,); of the bank.
    fit_a, peak_a
        Shape (n, K), of the upright current; the fits' mean.
    rejected
        Shape (n,); share of the points that the fits left out.
    evidence
        Shape (n,); of the best fit.
    """

    height_a: FloatArray
    height_se_a: FloatArray
    potential_v: FloatArray
    potential_se_v: FloatArray
    width_v: FloatArray
    width_se_v: FloatArray
    area_av: FloatArray
    area_se_av: FloatArray
    sign: FloatArray
    gain: FloatArray
    fit_a: FloatArray
    peak_a: FloatArray
    rejected: FloatArray
    evidence: FloatArray


Record = TypeVar("Record", Candidates, Members)


def find_members(scans: Binned) -> Members:
    """Ask all members; where the fits are poor, the peak of the other direction is tried too."""
    candidates = _stacked(search(scans.x_v, scans.current_a, scans.noise_a))
    rows = np.arange(len(scans.noise_a))
    up, down = rows, rows + len(rows)
    is_up = candidates.evidence[up] >= candidates.evidence[down]
    likely = _taken(candidates, np.where(is_up, up, down))
    sigma_a = np.hypot(scans.noise_a, MODEL_ERROR * likely.height_a)
    found = _asked(scans, likely, sigma_a)
    poor = np.flatnonzero(found.evidence < -scans.weights.sum(axis=1) / 2 - _DOUBT)
    if len(poor) == 0:
        return found
    unlikely = _taken(candidates, np.where(is_up, down, up)[poor])
    other = _asked(scans.taken(poor), unlikely, sigma_a[poor])
    better = np.flatnonzero(other.evidence > found.evidence[poor])
    rows[poor[better]] = len(rows) + better
    return _taken(_stacked([found, other]), rows)


def _taken(record: Record, rows: IntArray) -> Record:
    return type(record)(*(getattr(record, field.name)[rows] for field in fields(record)))


def _stacked(records: Sequence[Record]) -> Record:
    names = [field.name for field in fields(records[0])]
    return type(records[0])(
        *(np.concatenate([getattr(record, name) for record in records]) for name in names)
    )


def _asked(scans: Binned, candidates: Candidates, sigma_a: FloatArray) -> Members:
    """All members on peaks of known direction; scans with the tail at the end are mirrored."""
    parts, order = [], []
    for mirror in (False, True):
        rows = np.flatnonzero(candidates.tail_at_end == mirror)
        if len(rows):
            some = _taken(candidates, rows)
            parts.append(_one_way(scans.taken(rows), some, sigma_a[rows], mirror=mirror))
            order.append(rows)
    return _taken(_stacked(parts), np.argsort(np.concatenate(order)))


def _one_way(
    scans: Binned, candidates: Candidates, sigma_a: FloatArray, *, mirror: bool
) -> Members:
    way = slice(None, None, -1) if mirror else slice(None)
    end_v = scans.x_v[0] + scans.x_v[-1]
    x_v = (end_v - scans.x_v)[way] if mirror else scans.x_v
    upright = scans.current_a * candidates.sign[:, np.newaxis]
    start = Start(
        end_v - candidates.potential_v if mirror else candidates.potential_v,
        candidates.width_v,
        candidates.height_a,
        sigma_a,
        scans.weights[:, way],
    )
    fits = [
        fit_peaks(Problem(x_v, upright[:, way], shape, background), start)
        for shape, background in _models(np.ascontiguousarray(x_v).tobytes())
    ]
    averages = [_averaged(fits, chosen) for chosen in (_STIFF, _SMOOTH, (_SMALL,))]
    peak = np.mean([a.peak_a for a in averages], axis=0)[:, way]
    fit = np.mean([a.baseline_a + a.peak_a for a in averages], axis=0)[:, way]
    if mirror:
        averages = [replace(a, potential_v=end_v - a.potential_v) for a in averages]
    hull = _rubber_band(scans.x_v, upright, averages[2])
    bank_area = candidates.height_a * candidates.width_v * physical_shape().areas[0]
    none = np.full(len(hull), np.nan)

    def each(name: str, *others: FloatArray) -> FloatArray:
        return np.stack([*(getattr(a, name) for a in averages), *others], axis=1)

    return Members(
        height_a=each("height_a", candidates.height_a, hull),
        height_se_a=each("height_se_a", none, none),
        potential_v=each("potential_v", candidates.potential_v, none),
        potential_se_v=each("potential_se_v", none, none),
        width_v=each("width_v", candidates.width_v, none),
        width_se_v=each("width_se_v", none, none),
        area_av=each("area_av", bank_area, none),
        area_se_av=each("area_se_av", none, none),
        sign=candidates.sign,
        gain=candidates.gain,
        fit_a=fit,
        peak_a=peak,
        rejected=fits[1].rejected / len(x_v),
        evidence=np.max([f.evidence for f in fits[:_SMALL]], axis=0),
    )


@lru_cache(maxsize=8)
def _models(grid: bytes) -> tuple[tuple[PeakShape, Background], ...]:
    x_v = np.frombuffer(grid)
    small = tailed(x_v, (0.05,))
    physical = physical_shape()
    return (
        (physical, line(x_v)),
        (physical, tailed(x_v)),
        (physical, curved(x_v)),
        (physical, free(x_v)),
        (gaussian_shape(), Background(small.columns, np.full(3, np.inf))),
    )


def _averaged(fits: Sequence[Fit], chosen: tuple[int, ...]) -> Fit:
    """Mean of fits that differ in the baseline, weighted by their evidence.

    The variance is the mean variance and that of the means.
    """
    evidence = np.stack([fits[k].evidence for k in chosen])
    weights = np.exp(evidence - evidence.max(axis=0))
    weights /= weights.sum(axis=0)

    def mean(name: str) -> FloatArray:
        values = np.stack([getattr(fits[k], name) for k in chosen])
        return np.asarray(np.einsum("fn,fn...->n...", weights, values))

    def error(name: str, error_name: str) -> FloatArray:
        values = np.stack([getattr(fits[k], name) for k in chosen])
        errors = np.stack([getattr(fits[k], error_name) for k in chosen])
        return np.asarray(
            np.sqrt(np.sum(weights * ((values - mean(name)) ** 2 + errors**2), axis=0))
        )

    return Fit(
        mean("height_a"),
        error("height_a", "height_se_a"),
        mean("potential_v"),
        error("potential_v", "potential_se_v"),
        mean("width_v"),
        error("width_v", "width_se_v"),
        mean("area_av"),
        error("area_av", "area_se_av"),
        evidence.max(axis=0),
        mean("peak_a"),
        mean("baseline_a"),
        mean("rejected"),
    )


def _rubber_band(x_v: FloatArray, upright_a: FloatArray, near: Fit) -> FloatArray:
    """Heights over the edge of the convex hull under each peak, after Savitzky–Golay; (n,)."""
    step_v = float(np.median(np.diff(x_v)))
    window = min(2 * round(_HULL_WINDOW_V / step_v / 2) + 1, len(x_v) - 1 + len(x_v) % 2)
    smoothed = savgol_filter(upright_a, window, 2, axis=1) if window > 2 else upright_a
    is_near = np.abs(x_v - near.potential_v[:, np.newaxis]) <= near.width_v[:, np.newaxis] / 3
    top = np.where(is_near, smoothed, -np.inf).argmax(axis=1)
    top = np.clip(top, 1, len(x_v) - 2)
    grid = np.broadcast_to(x_v, smoothed.shape)
    edge = line_through(grid, smoothed, *hull_edge(grid, smoothed, top))
    return np.asarray(np.where(is_near, smoothed - edge, -np.inf).max(axis=1))
