"""Numbers of a couple that diffuses: what the fitted wave says of each sweep's peak.

The height of a peak is measured over the current as it would have been, had the sweep gone on
instead of turning before it (Nicholson and Shain 1964; Bard and Faulkner, Electrochemical Methods,
2nd ed., 6.5), and over charging and leakage.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from sacmes_core.analysis.cv.bank import way_of
from sacmes_core.analysis.cv.diffusing import CycleFit
from sacmes_core.analysis.cv.diffusion import PARAMETERS, currents
from sacmes_core.analysis.cv.errors import PLACE_V, SHAPE_SHARE, Residual, jacobian_of, residual_of
from sacmes_core.analysis.cv.numbers import Quantity, SweepPeak
from sacmes_core.analysis.cv.preparing import Cycle
from sacmes_core.analysis.cv.results import ModelResult, SweepResult
from sacmes_core.analysis.cv.segments import Segment
from sacmes_core.analysis.peaks import FloatArray

QUASI_REVERSIBLE_LOG_RATE: Final = 2.5
"""ln Λ below which, by a standard error, a couple is quasi-reversible: ψ = 7, 63 mV apart."""
_GAIN_MIN: Final = 15.0
_SIGMAS_MIN: Final = 4.0
_MISFITS_MIN: Final = 6.0
_NUMBERS: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class _Wave:
    """One sweep's wave on its nodes, shape (M,), and its derivatives, shape (3, M).

    `apart_v` is the way of the sweep from its start; the wave is `current`, and what it would have
    been without the turn before it is `continued`.
    """

    apart_v: FloatArray
    upwards: float
    current: FloatArray
    by_parameter: FloatArray
    continued: FloatArray
    continued_by: FloatArray

    def numbers(self, theta: FloatArray, centre: FloatArray) -> FloatArray:
        """Height, place, place of half the height ahead, width, area; nan where there is none.

        `theta` are the parameters and the amplitude; the curves are linear about `centre`.
        """
        off = theta[:PARAMETERS] - centre
        amplitude = self.upwards * theta[PARAMETERS]
        current = amplitude * (self.current + off @ self.by_parameter)
        over = current - amplitude * (self.continued + off @ self.continued_by)
        k = int(np.argmax(current))
        if k in (0, len(current) - 1):
            return np.full(_NUMBERS, np.nan)
        step_v = self.apart_v[1] - self.apart_v[0]
        shift = _vertex(current[k - 1 : k + 2])
        height = _parabola(over[k - 1 : k + 2], shift)
        ahead = _crossing(over[k::-1], height / 2)
        behind = _crossing(over[k:], height / 2)
        return np.array(
            [
                height,
                self.apart_v[k] + shift * step_v,
                self.apart_v[k] - ahead * step_v,
                (ahead + behind) * step_v,
                np.trapezoid(over, self.apart_v),
            ]
        )


def cycle_result(cycle: Cycle, found: CycleFit) -> ModelResult:
    """The peaks of each sweep, their separation and the half-wave potential."""
    fit, count = found.result, PARAMETERS + 1
    waves = _waves(cycle, found)
    left = [_residual(cycle, found, k) for k in range(len(waves))]
    inflation = float(np.mean([r.inflation for r in left]))
    theta, centre = np.append(fit.parameters, fit.factors[0]), fit.parameters
    covariance = fit.covariance[:count, :count] * inflation

    def numbers(at: FloatArray) -> FloatArray:
        return np.concatenate([*(w.numbers(at, centre) for w in waves), at[:1]])

    values, slopes = jacobian_of(numbers, theta, covariance)
    spread = slopes @ covariance @ slopes.T
    for k in range(len(waves)):
        height, place, half = (k * _NUMBERS + offset for offset in range(3))
        spread[height, height] += (SHAPE_SHARE * values[height]) ** 2
        spread[[place, half], [place, half]] += PLACE_V**2
    peaks = [
        _peak(cycle.sweeps[k].segment, w.upwards, values[_part(k)], np.diag(spread)[_part(k)])
        if _is_peak(found, values[_part(k)], np.diag(spread)[_part(k)], left[k])
        else None
        for k, w in enumerate(waves)
    ]
    if len(peaks) > 1 and peaks.count(None) == len(peaks) - 1:
        # A peak without its counterpart may be a tail or slow noise: it must stand out twice.
        peaks = [p if _stands_out(p, r) else None for p, r in zip(peaks, left, strict=True)]
    known = [abs(p.current_a.value or 0.0) for p in peaks if p is not None]
    slow = float(np.sqrt(np.mean([r.excess_a**2 for r in left])))
    return ModelResult(
        model="diffusing",
        sweeps=tuple(_sweep_result(cycle, found, w, k, peaks[k]) for k, w in enumerate(waves)),
        half_wave_v=_quantity(values[-1], spread[-1, -1]) if known else Quantity(),
        separation_v=_separation(peaks, spread),
        evidence=fit.evidence,
        misfit=slow / max(known) if known else float("nan"),
        quasi_reversible=bool(
            fit.parameters[1] + np.sqrt(fit.covariance[1, 1]) < QUASI_REVERSIBLE_LOG_RATE
        ),
    )


def _waves(cycle: Cycle, found: CycleFit) -> list[_Wave]:
    placed, parameters = found.placed, found.result.parameters
    of = placed.of
    current, by_parameter = currents(of, parameters)
    waves = []
    for sweep, segment in zip(cycle.sweeps, placed.segments, strict=True):
        here = slice(of.starts[segment], of.starts[segment + 1] + 1)
        going_on, going_on_by = currents(of, parameters, of.continued(segment))
        waves.append(
            _Wave(
                apart_v=np.abs(of.potential_v[here] - of.potential_v[here.start]),
                upwards=float(sweep.segment.direction * np.sign(found.result.factors[0])),
                current=current[here],
                by_parameter=by_parameter[:, here],
                continued=going_on[here],
                continued_by=going_on_by[:, here],
            )
        )
    return waves


def _residual(cycle: Cycle, found: CycleFit, k: int) -> Residual:
    here = _bins(cycle, k)
    fit = found.result
    way_v = way_of(cycle.sweeps[k])
    return residual_of(fit.residual_a[here], fit.used[here], found.placed.sigma_a[here], way_v)


def _bins(cycle: Cycle, k: int) -> slice:
    ends = np.cumsum([0, *(len(s.bin_v) for s in cycle.sweeps)])
    return slice(int(ends[k]), int(ends[k + 1]))


def _part(k: int) -> slice:
    return slice(k * _NUMBERS, (k + 1) * _NUMBERS)


def _is_peak(found: CycleFit, values: FloatArray, variances: FloatArray, left: Residual) -> bool:
    """Whether the wave has a peak in a sweep that stands out of noise and misfit."""
    height = abs(values[0])
    return bool(
        np.isfinite(height)
        and height > 0
        and found.gain > _GAIN_MIN
        and height > _SIGMAS_MIN * np.sqrt(variances[0])
        and height > _MISFITS_MIN * left.slow_a
    )


def _stands_out(peak: SweepPeak | None, left: Residual) -> bool:
    if peak is None or peak.current_a.value is None or peak.current_a.error is None:
        return False
    height = abs(peak.current_a.value)
    sigmas, misfits = 2 * _SIGMAS_MIN, 2 * _MISFITS_MIN
    return height > sigmas * peak.current_a.error and height > misfits * left.slow_a


def _peak(segment: Segment, upwards: float, values: FloatArray, variances: FloatArray) -> SweepPeak:
    height, place, half, width, area = (
        _quantity(v, e) for v, e in zip(values, variances, strict=True)
    )

    def at(way: Quantity) -> Quantity:
        if way.value is None:
            return way
        return Quantity(segment.start_v + segment.direction * way.value, way.error)

    return SweepPeak(
        segment=segment.number,
        current_a=height.times(upwards),
        potential_v=at(place),
        half_potential_v=at(half),
        width_v=width,
        area_av=area.times(upwards),
    )


def _separation(peaks: list[SweepPeak | None], spread: FloatArray) -> Quantity:
    if len(peaks) != 2 or None in peaks:
        return Quantity()
    first, second = (peak.potential_v.value for peak in peaks if peak is not None)
    assert first is not None
    assert second is not None
    # Both are ways from their own start, in opposite directions: the errors add.
    a, b = 1, _NUMBERS + 1
    variance = spread[a, a] + spread[b, b] + 2 * spread[a, b]
    return Quantity(abs(first - second), float(np.sqrt(max(variance, 0.0))))


def _sweep_result(
    cycle: Cycle, found: CycleFit, wave: _Wave, k: int, peak: SweepPeak | None
) -> SweepResult:
    here, fit = _bins(cycle, k), found.result
    floor = (found.floor_columns @ fit.factors[1:])[here]
    along = np.interp(way_of(cycle.sweeps[k]), wave.apart_v, wave.continued)
    return SweepResult(peak, floor + fit.factors[0] * along, fit.fitted_a[here])


def _vertex(three: FloatArray) -> float:
    """Where the parabola through three neighbours has its extreme, in steps from the middle."""
    below, top, above = three
    bend = below - 2 * top + above
    return float(np.clip((below - above) / (2 * bend), -1, 1)) if bend < 0 else 0.0


def _parabola(three: FloatArray, at: float) -> float:
    below, top, above = three
    return float(top + (above - below) / 2 * at + (below - 2 * top + above) / 2 * at**2)


def _crossing(curve: FloatArray, level: float) -> float:
    """Steps until a curve first falls to a level; nan if it does not."""
    under = curve <= level
    if not under.any() or under[0]:
        return float("nan")
    k = int(np.argmax(under))
    return k - 1 + float((curve[k - 1] - level) / (curve[k - 1] - curve[k]))


def _quantity(value: float, variance: float) -> Quantity:
    if not (np.isfinite(value) and np.isfinite(variance)):
        return Quantity()
    return Quantity(float(value), float(np.sqrt(max(variance, 0.0))))
