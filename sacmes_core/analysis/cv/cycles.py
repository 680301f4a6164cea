"""From cyclic and linear sweep voltammograms to peaks with their numbers, curves and flags."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.cv.bank import way_of
from sacmes_core.analysis.cv.choosing import Chosen, choose
from sacmes_core.analysis.cv.numbers import CyclicNumbers, SweepPeak
from sacmes_core.analysis.cv.preparing import Cycle, Sweep, prepare_cycle
from sacmes_core.analysis.cv.probes import read_probes
from sacmes_core.analysis.cv.results import SweepResult
from sacmes_core.analysis.peaks import FloatArray, Peak, PeakCurves, ScanAnalysis
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.cv import CvSettings
from sacmes_core.settings.peak import PeakSettings

VERSION: Final = 3
"""Counts changes of numbers."""


def analyze_cycles(
    scans: Sequence[Scan], settings: PeakSettings, electrodes: Sequence[int]
) -> tuple[ScanAnalysis, ...]:
    """Analyse cyclic or linear sweep voltammograms, each on its own."""
    return tuple(_analyze(scan, settings.cv, electrodes) for scan in scans)


def scan_rate_v_s(scan: Scan, curve: Curve, settings: CvSettings) -> float | None:
    """Scan rate: the file's header, else the settings, else the file's times; None for none."""
    declared = scan.declared.scan_rate_v_s
    if declared is not None and declared > 0:
        return declared
    if settings.scan_rate_v_s is not None:
        return settings.scan_rate_v_s
    if curve.time_s is None or len(curve.time_s) < 3:
        return None
    steps_s = np.diff(np.array(curve.time_s))
    going = steps_s > 0
    if not going.any():
        return None
    # The median of the whole ways, so that a hold and measured jitter count little.
    rates = np.abs(np.diff(np.array(curve.potential_v)))[going] / steps_s[going]
    rate = float(np.median(rates))
    return rate if np.isfinite(rate) and rate > 0 else None


def _analyze(scan: Scan, settings: CvSettings, electrodes: Sequence[int]) -> ScanAnalysis:
    peaks, curves = [], []
    for electrode in tuple(electrodes) or scan.electrodes:
        curve = scan.curve(electrode, "total")
        if curve is None:
            peaks.append(Peak(electrode, flags=(*scan.flags, flags.MISSING_ELECTRODE)))
            continue
        peak, drawn = _electrode(scan, curve, settings)
        peaks.append(peak)
        if drawn is not None:
            curves.append(drawn)
    return ScanAnalysis(tuple(peaks), tuple(curves), f"cv-{settings.model}", VERSION)


def _electrode(scan: Scan, curve: Curve, settings: CvSettings) -> tuple[Peak, PeakCurves | None]:
    cycle = prepare_cycle(
        curve,
        settings,
        technique=scan.technique or "",
        cycles_before=scan.index if scan.technique == "cv" else 0,
    )
    noted = [*scan.flags, *cycle.flags]
    if not cycle.sweeps:
        codes = tuple(dict.fromkeys([*noted, flags.NO_PEAK]))
        return Peak(curve.electrode, flags=codes), None
    chosen = choose(cycle, settings)
    rate = scan_rate_v_s(scan, curve, settings)
    numbers = _numbers(cycle, chosen, settings, rate)
    noted += [*chosen.flags, *_missing(cycle, numbers)]
    return (
        _peak(curve.electrode, numbers, tuple(dict.fromkeys(noted))),
        _curves(curve.electrode, cycle, chosen.result.sweeps),
    )


def _numbers(
    cycle: Cycle, chosen: Chosen, settings: CvSettings, rate_v_s: float | None
) -> CyclicNumbers:
    by_sweep = dict(zip(cycle.sweeps, chosen.result.sweeps, strict=True))

    def peak_of(sweep: Sweep | None) -> SweepPeak | None:
        return by_sweep[sweep].peak if sweep in by_sweep else None

    return CyclicNumbers(
        model=chosen.result.model,
        model_log_odds=chosen.log_odds,
        segments=cycle.segments,
        scan_rate_v_s=rate_v_s,
        forward=peak_of(cycle.forward),
        reverse=peak_of(cycle.reverse),
        separation_v=chosen.result.separation_v,
        half_wave_v=chosen.result.half_wave_v,
        probes=read_probes(cycle, settings.probe_potentials_v),
    )


def _missing(cycle: Cycle, numbers: CyclicNumbers) -> list[str]:
    codes = []
    if numbers.forward is None:
        codes.append(flags.NO_PEAK)
    elif cycle.reverse is not None and numbers.reverse is None:
        codes.append(flags.NO_REVERSE_PEAK)
    if numbers.scan_rate_v_s is None:
        codes.append(flags.SCAN_RATE_UNKNOWN)
    return codes


def _peak(electrode: int, numbers: CyclicNumbers, codes: tuple[str, ...]) -> Peak:
    forward = numbers.forward
    if forward is None:
        return Peak(electrode, flags=codes, cv=numbers)
    return Peak(
        electrode=electrode,
        peak_current_a=forward.current_a.value,
        peak_current_se_a=forward.current_a.error,
        peak_potential_v=forward.potential_v.value,
        area_av=forward.area_av.value,
        fwhm_v=forward.width_v.value,
        peak_potential_se_v=forward.potential_v.error,
        area_se_av=forward.area_av.error,
        fwhm_se_v=forward.width_v.error,
        flags=codes,
        cv=numbers,
    )


def _curves(electrode: int, cycle: Cycle, results: tuple[SweepResult, ...]) -> PeakCurves:
    """The chosen sweeps one after another, as they were measured, with what was fitted."""
    pairs = sorted(zip(cycle.sweeps, results, strict=True), key=lambda pair: pair[0].segment.number)

    def on_points(sweep: Sweep, bins_a: FloatArray) -> FloatArray:
        way_v = sweep.segment.direction * (sweep.potential_v - sweep.segment.start_v)
        return np.asarray(np.interp(way_v, way_of(sweep), bins_a))

    return PeakCurves(
        electrode=electrode,
        potential_v=np.concatenate([s.potential_v for s, _ in pairs]),
        current_a=np.concatenate([s.current_a for s, _ in pairs]),
        smoothed_a=np.concatenate([on_points(s, r.fitted_a) for s, r in pairs]),
        baseline_a=np.concatenate([on_points(s, r.baseline_a) for s, r in pairs]),
    )
