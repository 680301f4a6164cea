"""A couple on the surface: in each sweep a peak of its own over a baseline of its own."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from sacmes_core.analysis.cv.backgrounds import KINDS, Background, Kind, background
from sacmes_core.analysis.cv.bank import best_candidates, way_of
from sacmes_core.analysis.cv.errors import (
    PLACE_V,
    SHAPE_SHARE,
    Residual,
    propagated,
    residual_of,
    sigma_of,
)
from sacmes_core.analysis.cv.fitting import Data, Fit, Model, fit
from sacmes_core.analysis.cv.numbers import Quantity, SweepPeak
from sacmes_core.analysis.cv.preparing import Cycle, Sweep
from sacmes_core.analysis.cv.results import ModelResult, SweepResult
from sacmes_core.analysis.cv.shapes import MODES, surface_shape
from sacmes_core.analysis.peaks import FloatArray

WIDTH_MIN_V: Final = 0.02
WIDTH_MAX_V: Final = 0.35
_WIDTH_PRIOR: Final = (np.log(0.1), 0.6)
"""Mean and standard deviation of ln w, w in V."""
_PLACE_SPREAD_V: Final = 1.0
_REACH: Final = 4.0
_TABLE: Final = 801
_GAIN_MIN: Final = 15.0
_SIGMAS_MIN: Final = 4.0
_MISFITS_MIN: Final = 5.0
_EDGE_WIDTHS: Final = 0.3
_WEIGHT_MIN: Final = 0.01
_UNKNOWN_BASELINE: Final = 1.25
"""Factor on a fit's own errors, as measured: each knows its baseline better than it is known."""
_PAIR_V: Final = 0.2
"""Distance of two peaks up to which they are those of one couple."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepFit:
    """The best fit of one sweep, currents turned so that the peak points upwards."""

    sweep: Sweep
    upwards: float
    result: Fit
    floor: Background
    without_a: FloatArray
    gain: float
    evidence: float
    residual: Residual


def fit_surface(cycle: Cycle, orientation: int, scale_a: float) -> ModelResult:
    """Fit the peaks of both sweeps.

    Parameters
    ----------
    orientation
        1 where oxidation is positive, −1 where reduction is.
    scale_a
        Size of the peaks, for priors and for what no model gets right.
    """
    by_kind = [
        [_fit(sweep, orientation, scale_a, kind) for kind in KINDS] for sweep in cycle.sweeps
    ]
    fits = [max(same, key=lambda f: f.evidence) for same in by_kind]
    peaks = [_peak(f, same) for f, same in zip(fits, by_kind, strict=True)]
    if len(fits) > 1 and not _is_pair(peaks):
        # A peak without its counterpart may be slow noise; it must stand out twice as far.
        peaks = [p if _stands_out(p, f) else None for p, f in zip(peaks, fits, strict=True)]
    sweeps = tuple(_sweep_result(f, peak) for f, peak in zip(fits, peaks, strict=True))
    separation, half_wave = between(peaks)
    heights = [abs(p.current_a.value) for p in peaks if p is not None and p.current_a.value]
    slow = float(np.sqrt(np.mean([f.residual.excess_a**2 for f in fits])))
    return ModelResult(
        model="surface",
        sweeps=sweeps,
        half_wave_v=half_wave,
        separation_v=separation,
        evidence=sum(f.evidence for f in fits),
        misfit=slow / max(heights) if heights else float("nan"),
    )


def between(peaks: list[SweepPeak | None]) -> tuple[Quantity, Quantity]:
    """Separation and middle of two peaks whose potentials are known independently."""
    known = [p.potential_v for p in peaks if p is not None and p.potential_v.value is not None]
    if len(known) != 2:
        return Quantity(), Quantity()
    (a, a_error), (b, b_error) = ((q.value or 0.0, q.error or 0.0) for q in known)
    error = float(np.hypot(a_error, b_error))
    return Quantity(abs(a - b), error), Quantity((a + b) / 2, error / 2)


def _fit(sweep: Sweep, orientation: int, scale_a: float, kind: Kind) -> SweepFit:
    upwards = float(orientation * sweep.segment.direction)
    way_v = way_of(sweep)
    candidate = best_candidates(sweep, kind)[0 if upwards > 0 else 1]
    floor = background(way_v, kind)
    data = Data(upwards * sweep.bin_a, sigma_of(sweep, scale_a))
    model = _model(way_v, floor, scale_a)
    found = fit(model, data, np.array([candidate.way_v, np.log(candidate.width_v)]), scale_a)
    empty = Model(
        columns=lambda _: (floor.columns, np.zeros((0, len(way_v), 0))),
        means=np.zeros(0),
        spreads=np.ones(0),
        low=np.zeros(0),
        high=np.zeros(0),
        factor_spreads=floor.spreads * scale_a,
    )
    without = fit(empty, data, np.zeros(0), scale_a)
    gain = _squares(without, data) - _squares(found, data)
    return SweepFit(
        sweep=sweep,
        upwards=upwards,
        result=found,
        floor=floor,
        without_a=without.fitted_a,
        gain=gain / 2,
        evidence=found.evidence,
        residual=residual_of(found.residual_a, found.used, data.sigma_a, way_v),
    )


def _squares(of: Fit, data: Data) -> float:
    return float(np.sum(np.minimum((of.residual_a / data.sigma_a) ** 2, 20.0)))


def _model(way_v: FloatArray, floor: Background, scale_a: float) -> Model:
    shape = surface_shape()

    def columns(parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        width = np.exp(parameters[1])
        reduced = (way_v - parameters[0]) / width
        values, slopes = shape.at(reduced)
        bends = np.stack([-slopes / width, -slopes * reduced[:, np.newaxis]])
        return np.concatenate([values, floor.columns], axis=1), bends

    spreads = np.concatenate([[np.inf], shape.spreads, floor.spreads])
    return Model(
        columns=columns,
        means=np.array([way_v.mean(), _WIDTH_PRIOR[0]]),
        spreads=np.array([_PLACE_SPREAD_V, _WIDTH_PRIOR[1]]),
        low=np.array([way_v[0], np.log(WIDTH_MIN_V)]),
        high=np.array([way_v[-1], np.log(WIDTH_MAX_V)]),
        factor_spreads=spreads * scale_a,
    )


def _peak(found: SweepFit, same: list[SweepFit]) -> SweepPeak | None:
    """The peak of the best fit, its numbers averaged over the baselines by their evidence."""
    weights = np.exp([f.evidence - found.evidence for f in same])
    likely = [k for k in range(len(same)) if weights[k] > _WEIGHT_MIN]
    weights = weights[likely] / np.sum(weights[likely])
    pairs = np.array([_values(same[k]) for k in likely])
    values = weights @ pairs[:, 0]
    variances = (_UNKNOWN_BASELINE * pairs[:, 1]) ** 2 + (pairs[:, 0] - values) ** 2
    errors = np.sqrt(weights @ variances)
    errors[0] = np.hypot(errors[0], SHAPE_SHARE * values[0])
    errors[[1, 3]] = np.hypot(errors[[1, 3]], PLACE_V)
    height, place, width, half, area = (
        Quantity(float(v), float(e)) for v, e in zip(values, errors, strict=True)
    )
    if not _is_peak(found, values, errors):
        return None
    segment = found.sweep.segment

    def at(way: Quantity) -> Quantity:
        assert way.value is not None
        return Quantity(segment.start_v + segment.direction * way.value, way.error)

    return SweepPeak(
        segment=segment.number,
        current_a=height.times(found.upwards),
        potential_v=at(place),
        half_potential_v=at(half),
        width_v=width,
        area_av=area.times(found.upwards),
    )


def _values(found: SweepFit) -> tuple[FloatArray, FloatArray]:
    """The numbers of one fit and their standard errors."""
    count = 3 + MODES
    theta = np.concatenate([found.result.parameters, found.result.factors[: MODES + 1]])
    covariance = found.result.covariance[:count, :count] * found.residual.inflation
    return propagated(_numbers, theta, covariance)


def _numbers(theta: FloatArray) -> FloatArray:
    """Height, place of the apex, width, place of half the height ahead, and area."""
    x, columns = _table()
    curve = columns @ theta[2:]
    width = np.exp(theta[1])
    apex = int(np.clip(np.argmax(curve * (np.abs(x) < 1)), 1, _TABLE - 2))
    below, top, above = curve[apex - 1 : apex + 2]
    bend = below - 2 * top + above
    shift = 0.5 * (below - above) / bend if bend < 0 else 0.0
    height = top - 0.25 * (below - above) * shift
    at = x[apex] + shift * (x[1] - x[0])
    rising = _crossing(x[apex::-1], curve[apex::-1], height / 2)
    falling = _crossing(x[apex:], curve[apex:], height / 2)
    area = np.trapezoid(curve, x)
    way = theta[0] + width * np.array([at, rising])
    return np.array([height, way[0], width * (falling - rising), way[1], width * area])


@cache
def _table() -> tuple[FloatArray, FloatArray]:
    """Places about the apex, shape (G,), and the shape's columns there, shape (G, 1 + m)."""
    x = np.linspace(-_REACH, _REACH, _TABLE)
    return x, surface_shape().at(x)[0]


def _crossing(x: FloatArray, curve: FloatArray, level: float) -> float:
    """Where a curve first falls to a level, its end if it does not."""
    under = curve <= level
    if not under.any() or under[0]:
        return float(x[-1])
    k = int(np.argmax(under))
    share = (curve[k - 1] - level) / (curve[k - 1] - curve[k])
    return float(x[k - 1] + share * (x[k] - x[k - 1]))


def _is_peak(found: SweepFit, values: FloatArray, errors: FloatArray) -> bool:
    """Whether there is a peak rather than noise, a tail or a bend; all must hold."""
    height, place, width = values[:3]
    way_v = way_of(found.sweep)
    margin = min(place - way_v[0], way_v[-1] - place)
    return bool(
        height > 0
        and found.gain > _GAIN_MIN
        and height > _SIGMAS_MIN * errors[0]
        and height > _MISFITS_MIN * found.residual.slow_a
        and width < WIDTH_MAX_V
        and margin > _EDGE_WIDTHS * width
    )


def _is_pair(peaks: list[SweepPeak | None]) -> bool:
    separation, _ = between(peaks)
    return separation.value is not None and separation.value < _PAIR_V


def _stands_out(peak: SweepPeak | None, found: SweepFit) -> bool:
    if peak is None or peak.current_a.value is None or peak.current_a.error is None:
        return False
    height = abs(peak.current_a.value)
    sigmas, misfits = 2 * _SIGMAS_MIN, 2 * _MISFITS_MIN
    return height > sigmas * peak.current_a.error and height > misfits * found.residual.slow_a


def _sweep_result(found: SweepFit, peak: SweepPeak | None) -> SweepResult:
    if peak is None:
        without = found.upwards * found.without_a
        return SweepResult(None, without, without)
    floor = found.floor.columns @ found.result.factors[MODES + 1 :]
    return SweepResult(peak, found.upwards * floor, found.upwards * found.result.fitted_a)
