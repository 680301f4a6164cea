"""Steady state: a wave with a plateau, as at microelectrodes and rotating ones, has no peak."""

from typing import Final

import numpy as np

from sacmes_core.analysis.cv.backgrounds import Kind, background
from sacmes_core.analysis.cv.bank import way_of
from sacmes_core.analysis.cv.errors import sigma_of
from sacmes_core.analysis.cv.fitting import Data, Model, fit
from sacmes_core.analysis.cv.preparing import Cycle, Sweep
from sacmes_core.analysis.cv.results import ModelResult, SweepResult
from sacmes_core.analysis.peaks import FloatArray

_FALL_SHARE: Final = 0.3
"""A current that rises or falls by less than so much of the height may be a step."""
_KINDS: Final[tuple[Kind, ...]] = ("line", "tails")
_WIDE_V: Final = 0.14
_FALL_WIDTHS: Final = 2.5
_CROSSED_V: Final = 0.03
_RISE_PRIOR: Final = (np.log(0.03), 0.6)
_RISE_RANGE_V: Final = (0.006, 0.15)
_STARTS: Final = (-0.5, 0.0, 0.5)


def looks_steady(cycle: Cycle, result: ModelResult) -> bool:
    """Whether the peaks may be steps: none rises and falls, or they are wide, or of a slow wave."""
    peaks = [(s, r) for s, r in zip(cycle.sweeps, result.sweeps, strict=True) if r.peak is not None]
    if result.model == "surface" and any(_is_wide(r) for _, r in peaks):
        return True
    if result.quasi_reversible and peaks:
        return True
    return bool(peaks) and all(not _is_two_sided(s, r) for s, r in peaks)


def is_crossed(cycle: Cycle, result: ModelResult) -> bool:
    """Whether the reduction's peak lies above that of the oxidation, as no couple's do."""
    pairs = zip(cycle.sweeps, result.sweeps, strict=True)
    at_v = {s.segment.direction: r.peak.potential_v.value for s, r in pairs if r.peak is not None}
    oxidation_v, reduction_v = at_v.get(1), at_v.get(-1)
    if oxidation_v is None or reduction_v is None:
        return False
    return reduction_v - oxidation_v > _CROSSED_V


def steady_evidence(cycle: Cycle, result: ModelResult, scale_a: float) -> float:
    """Logarithm of the marginal likelihood of a sigmoid in each sweep; comparable to a model's."""
    return sum(
        _evidence(sweep, _place_v(sweep, swept), scale_a)
        for sweep, swept in zip(cycle.sweeps, result.sweeps, strict=True)
    )


def _is_wide(result: SweepResult) -> bool:
    return result.peak is not None and (result.peak.width_v.value or 0.0) > _WIDE_V


def _is_two_sided(sweep: Sweep, result: SweepResult) -> bool:
    peak = result.peak
    assert peak is not None
    assert peak.current_a.value is not None
    place_v = _place_v(sweep, result)
    reach_v = _FALL_WIDTHS * (peak.width_v.value or 0.1)
    way_v = way_of(sweep)
    ahead = (way_v <= place_v) & (way_v >= place_v - reach_v)
    behind = (way_v >= place_v) & (way_v <= place_v + reach_v)
    if min(np.count_nonzero(ahead), np.count_nonzero(behind)) < 3:
        return False
    upwards = np.sign(peak.current_a.value) * result.fitted_a
    top, least = upwards[behind][0], _FALL_SHARE * abs(peak.current_a.value)
    return bool(top - upwards[behind].min() > least and top - upwards[ahead].min() > least)


def _place_v(sweep: Sweep, result: SweepResult) -> float:
    if result.peak is None or result.peak.potential_v.value is None:
        return float(way_of(sweep).mean())
    segment = sweep.segment
    return segment.direction * (result.peak.potential_v.value - segment.start_v)


def _evidence(sweep: Sweep, place_v: float, scale_a: float) -> float:
    way_v = way_of(sweep)
    data = Data(sweep.bin_a, sigma_of(sweep, scale_a))
    found = []
    for kind in _KINDS:
        model = _model(way_v, kind, scale_a)
        for shift in _STARTS:
            start = np.array([place_v + 0.1 * shift, _RISE_PRIOR[0]])
            found.append(fit(model, data, start, scale_a).evidence)
    return max(found)


def _model(way_v: FloatArray, kind: Kind, scale_a: float) -> Model:
    floor = background(way_v, kind)

    def columns(parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        rise_v = np.exp(parameters[1])
        reduced = (way_v - parameters[0]) / rise_v
        value = (1 + np.tanh(reduced / 2)) / 2
        slope = value * (1 - value)
        bends = -slope * np.stack([np.full_like(reduced, 1 / rise_v), reduced])
        return np.column_stack([value, floor.columns]), bends[..., np.newaxis]

    low, high = (np.log(v) for v in _RISE_RANGE_V)
    return Model(
        columns=columns,
        means=np.array([way_v.mean(), _RISE_PRIOR[0]]),
        spreads=np.array([1.0, _RISE_PRIOR[1]]),
        low=np.array([way_v[0], low]),
        high=np.array([way_v[-1], high]),
        factor_spreads=np.concatenate([[np.inf], floor.spreads]) * scale_a,
    )
