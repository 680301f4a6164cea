"""The fits and estimates that are asked about a peak: members that fail differently."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Final, TypeVar

import numpy as np

from sacmes_core.analysis.backgrounds import (
    Background,
    basis,
    curved,
    line,
    smooth,
    tailed,
    two_tailed,
    unbound,
    wavy,
)
from sacmes_core.analysis.bank import Candidates, search
from sacmes_core.analysis.baseline import hull_edge, line_through
from sacmes_core.analysis.filters import filter_matrix
from sacmes_core.analysis.gridding import Binned
from sacmes_core.analysis.noise import averaged, coloured_noise_a
from sacmes_core.analysis.peaks import FloatArray, IntArray
from sacmes_core.analysis.separable import Model, Start, fit_peaks
from sacmes_core.analysis.shape_tables import Gaussian
from sacmes_core.analysis.shapes import physical_shape

MODEL_ERROR: Final = 0.02
"""What no model gets right, in units of the height, added to the noise of a point."""
_HULL_WINDOW_V: Final = 0.024
_DOUBT: Final = 15.0
"""Evidence that a good fit may lack beyond half a unit a point."""
_APART_MAX: Final = 150.0
"""Evidence by which the bank is sure of a peak's direction."""
_SWALLOWED: Final = 2.0
"""1/f noise of averages over 24 mV, over what the fit leaves of it: the slowest it takes."""
_COLOURED_MAX: Final = 4.0
"""Noise that fits reckon with over that of neighbouring points; what seems more is misfit."""
_SPREAD_MAX: Final = 0.2
_SPREAD_MIN: Final = 0.05
_SPREAD_LIMIT: Final = 1e6
_DISAGREEMENT: Final = 10.0

_PHYSICAL: Final[tuple[tuple[str, Callable[[FloatArray], Background]], ...]] = (
    ("line", line),
    ("tails", tailed),
    ("curved", curved),
    ("two tails", two_tailed),
    ("smooth", lambda x_v: smooth(x_v, 0.15, 0.2)),
    ("waves", wavy),
    ("bent ends", lambda x_v: smooth(x_v, 0.08, 0.1, (0.5, 0.3))),
    ("rough", lambda x_v: smooth(x_v, 0.045, 0.04, (0.9, 0.3))),
)
"""Baselines under the physical shape; the last fit is a Gaussian over a line and one tail."""
FITS: Final = len(_PHYSICAL) + 1
"""The fits come first among the members; the template bank and the rubber band follow."""
LINE: Final = 0
CURVED: Final = 2
PHYSICAL: Final = slice(0, FITS - 1)
"""Fits of one shape, whose evidence can be compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """What each member says of n voltammograms, peaks upright.

    Attributes
    ----------
    height_a
        Shape (n, FITS + 2): the fits, the template bank, the rubber band.
    potential_v, width_v
        Shape (n, FITS + 1): the fits and the template bank.
    area_av, height_se_a, potential_se_v, width_se_v, area_se_av, evidence
        Shape (n, FITS); the errors are those of the noise.
    sign
        Shape (n,); 1 for peaks, −1 for dips.
    gain
        Shape (n,); of the bank.
    peak_a, baseline_a
        Shape (n, FITS, K), of the upright current.
    rejected
        Shape (n,); share of the points that most fits left out.
    noise_a
        Shape (n,); what the fits took for the noise of a binned point.
    """

    height_a: FloatArray
    height_se_a: FloatArray
    potential_v: FloatArray
    potential_se_v: FloatArray
    width_v: FloatArray
    width_se_v: FloatArray
    area_av: FloatArray
    area_se_av: FloatArray
    evidence: FloatArray
    sign: FloatArray
    gain: FloatArray
    peak_a: FloatArray
    baseline_a: FloatArray
    rejected: FloatArray
    noise_a: FloatArray


Record = TypeVar("Record", Candidates, Members)


def find_members(scans: Binned) -> Members:
    """Ask all members; where noise turns out to be coloured, once more with what it amounts to."""
    found = _either_way(scans)
    noise_a = _coloured_a(scans, found)
    some = np.flatnonzero(noise_a > scans.noise_a)
    if len(some) == 0:
        return found
    _write(found, some, _either_way(replace(scans.taken(some), noise_a=noise_a[some])))
    return found


def _coloured_a(scans: Binned, members: Members) -> FloatArray:
    """White noise of a point that would move a peak as much as coloured noise does, else 0; (n,).

    What is less than the error of the models may be one, and no noise.
    """
    upright = scans.current_a * members.sign[:, np.newaxis]
    fit = members.peak_a[:, CURVED] + members.baseline_a[:, CURVED]
    residual = np.where(scans.weights > 0, upright - fit, 0.0)
    slow, size = averaged(scans.x_v, residual)
    left_a = np.sqrt(size) * slow.std(axis=1)
    is_noise = coloured_noise_a(residual, slow, size) > 0
    is_noise &= left_a > MODEL_ERROR * members.height_a[:, CURVED]
    amounts_to = np.minimum(_SWALLOWED * left_a, _COLOURED_MAX * scans.noise_a)
    return np.where(is_noise, amounts_to, 0.0)


def _either_way(scans: Binned) -> Members:
    """Ask all members; where they are in doubt, about a peak of the other direction too."""
    candidates = _stacked(search(scans.x_v, scans.current_a, scans.noise_a))
    rows = np.arange(len(scans.noise_a))
    up, down = rows, rows + len(rows)
    is_up = candidates.evidence[up] >= candidates.evidence[down]
    likely = _taken(candidates, np.where(is_up, up, down))
    sigma_a = np.hypot(scans.noise_a, MODEL_ERROR * likely.height_a)
    found = _asked(scans, likely, sigma_a)
    poor = found.evidence[:, PHYSICAL].max(axis=1) < -scans.weights.sum(axis=1) / 2 - _DOUBT
    apart = np.abs(candidates.evidence[up] - candidates.evidence[down])
    doubtful = np.flatnonzero((poor | (_spread(found) > _SPREAD_MAX)) & (apart < _APART_MAX))
    if len(doubtful) == 0:
        return found
    unlikely = _taken(candidates, np.where(is_up, down, up)[doubtful])
    other = _asked(scans.taken(doubtful), unlikely, sigma_a[doubtful])
    better = np.flatnonzero(_support(other) > _support(found)[doubtful])
    _write(found, doubtful[better], _taken(other, better))
    return found


def _write(members: Members, rows: IntArray, others: Members) -> None:
    """Write others over some rows: far fewer bytes than new arrays of all."""
    for field in fields(Members):
        getattr(members, field.name)[rows] = getattr(others, field.name)


def _support(members: Members) -> FloatArray:
    """Evidence of the best fit, less what members that contradict each other cost; shape (n,).

    A direction that is wrong is fitted well by some baseline, but not by all with one height.
    """
    spread = np.maximum(_spread(members), _SPREAD_MIN)
    return np.asarray(members.evidence[:, PHYSICAL].max(axis=1) - _DISAGREEMENT * np.log(spread))


def _spread(members: Members) -> FloatArray:
    """Standard deviation of the heights over their median, shape (n,)."""
    heights = members.height_a[:, LINE + 1 :]
    scatter = heights.std(axis=1)
    least = np.maximum(scatter / _SPREAD_LIMIT, np.finfo(float).tiny)
    return np.asarray(scatter / np.maximum(np.median(heights, axis=1), least))


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
    upright_one_way = np.ascontiguousarray(upright[:, way])
    fits = [
        fit_peaks(model, upright_one_way, start)
        for model in _models(np.ascontiguousarray(x_v).tobytes())
    ]

    def each(name: str, *others: FloatArray) -> FloatArray:
        """An attribute of all fits, shape (n, FITS, …), and those of other members."""
        by_fit = np.moveaxis(np.concatenate([getattr(fit, name) for fit in fits]), 0, 1)
        return np.concatenate([by_fit, *(other[:, np.newaxis] for other in others)], axis=1)

    potentials = each("potential_v")
    if mirror:
        potentials = end_v - potentials
    hull = _rubber_band(scans.x_v, upright, potentials[:, -1], fits[-1].width_v[0])

    return Members(
        height_a=each("height_a", candidates.height_a, hull),
        height_se_a=each("height_se_a"),
        potential_v=np.column_stack([potentials, candidates.potential_v]),
        potential_se_v=each("potential_se_v"),
        width_v=each("width_v", candidates.width_v),
        width_se_v=each("width_se_v"),
        area_av=each("area_av"),
        area_se_av=each("area_se_av"),
        evidence=each("evidence"),
        sign=candidates.sign,
        gain=candidates.gain,
        peak_a=each("peak_a")[:, :, way],
        baseline_a=each("baseline_a")[:, :, way],
        rejected=np.median(each("rejected"), axis=1) / len(x_v),
        noise_a=scans.noise_a.copy(),
    )


@lru_cache(maxsize=32)
def _models(grid: bytes) -> tuple[Model, ...]:
    """The fits' models, those of one shape together."""
    x_v = np.frombuffer(grid)
    physical = [basis(background(x_v)) for _, background in _PHYSICAL]
    small = basis(unbound(tailed(x_v, (0.05,))))
    return Model.of(x_v, physical_shape(), physical), Model.of(x_v, Gaussian(), [small])


def _rubber_band(
    x_v: FloatArray, upright_a: FloatArray, potential_v: FloatArray, width_v: FloatArray
) -> FloatArray:
    """Heights over the edge of the convex hull under each peak, after Savitzky–Golay; (n,)."""
    points, step_v = len(x_v), float(np.median(np.diff(x_v)))
    window = min(2 * round(_HULL_WINDOW_V / step_v / 2) + 1, points - 1 + points % 2)
    smoothed = upright_a
    if window >= 3:
        smoothed = upright_a @ filter_matrix("savitzky-golay", points, window, 2).T
    is_near = np.abs(x_v - potential_v[:, np.newaxis]) <= width_v[:, np.newaxis] / 3
    top = np.where(is_near, smoothed, -np.inf).argmax(axis=1)
    top = np.clip(top, 1, len(x_v) - 2)
    grid = np.broadcast_to(x_v, smoothed.shape)
    edge = line_through(grid, smoothed, *hull_edge(grid, smoothed, top))
    return np.asarray(np.where(is_near, smoothed - edge, -np.inf).max(axis=1))
