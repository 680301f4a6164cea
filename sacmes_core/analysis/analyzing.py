"""From scans to peaks: choose the curves, cut the window, run the method, say what is wrong."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.checks import (
    current_flags,
    difference_agrees,
    has_second_peak,
    peak_flags,
)
from sacmes_core.analysis.methods import METHODS, Method
from sacmes_core.analysis.peaks import FloatArray, Peak, PeakArrays, PeakCurves, ScanAnalysis
from sacmes_core.errors import AnalysisError
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.peak import PeakSettings

Analysis = Callable[[Sequence[Scan], PeakSettings, Sequence[int]], tuple[ScanAnalysis, ...]]
"""A function from scans of one technique to what each of them gave, in order."""

BATCH_POINTS_MAX = 2_000_000
"""Points that a method is given at once, so that a long run needs no more memory."""


@dataclass(frozen=True, slots=True, eq=False)
class _Voltammogram:
    """One electrode of one scan, ready for a method: potentials ascending, currents finite."""

    electrode: int
    potential_v: FloatArray
    current_a: FloatArray
    flags: tuple[str, ...]
    usable: bool


def analyze(
    scans: Sequence[Scan], settings: PeakSettings, electrodes: Sequence[int] = ()
) -> tuple[ScanAnalysis, ...]:
    """Analyse scans, all of equal length in one batch.

    Parameters
    ----------
    scans
        Scans as they were read, of any lengths and techniques; `ANALYSES` says how each technique
        is analysed.
    settings
        Method, window and smoothing, the same for all.
    electrodes
        Electrodes to analyse; empty for all that a scan has. One that a scan does not have gets
        a peak without numbers and the flag ``missing_electrode``.

    Returns
    -------
    tuple of ScanAnalysis
        One for each scan, in order; a scan that cannot be analysed has a sentence in `error`.

    Raises
    ------
    AnalysisError
        If the settings name a method that does not exist.
    """
    by_technique: dict[str | None, list[int]] = defaultdict(list)
    for k, scan in enumerate(scans):
        by_technique[scan.technique].append(k)
    analysed: dict[int, ScanAnalysis] = {}
    for technique, members in by_technique.items():
        analysis = ANALYSES.get(technique or "", _refuse)
        found = analysis([scans[k] for k in members], settings, electrodes)
        analysed.update(zip(members, found, strict=True))
    return tuple(analysed[k] for k in range(len(scans)))


def analyze_scan(
    scan: Scan, settings: PeakSettings, electrodes: Sequence[int] = ()
) -> ScanAnalysis:
    """Analyse one scan; see `analyze`."""
    (analysis,) = analyze((scan,), settings, electrodes)
    return analysis


def _refuse(
    scans: Sequence[Scan], settings: PeakSettings, electrodes: Sequence[int]
) -> tuple[ScanAnalysis, ...]:
    """Say of each scan that its technique cannot be analysed."""
    return tuple(ScanAnalysis((), (), settings.method, 0, error=_why_not(scan)) for scan in scans)


def _why_not(scan: Scan) -> str:
    what = {
        "dpv": "a differential pulse voltammogram",
        None: "of an unknown technique",
    }.get(scan.technique, f"of the technique {scan.technique}")
    return (
        f"The scan is {what}; this version takes peaks from square-wave voltammograms "
        "only. The file is kept and can be analysed later."
    )


def _square_wave(
    scans: Sequence[Scan], settings: PeakSettings, electrodes: Sequence[int]
) -> tuple[ScanAnalysis, ...]:
    """The peaks of square-wave voltammograms; see `analyze`."""
    method = METHODS.get(settings.method)
    if method is None:
        raise AnalysisError(
            f"There is no peak method {settings.method!r}; the methods are {', '.join(METHODS)}."
        )
    prepared = [
        [_prepare(scan, e, settings) for e in tuple(electrodes) or scan.electrodes]
        for scan in scans
    ]
    flat = [voltammogram for group in prepared for voltammogram in group]
    results = iter(_run(flat, method, settings))
    analyses = []
    for group in prepared:
        pairs = [next(results) for _ in group]
        analyses.append(
            ScanAnalysis(
                peaks=tuple(peak for peak, _ in pairs),
                curves=tuple(curves for _, curves in pairs if curves is not None),
                method=settings.method,
                version=method.version,
            )
        )
    return tuple(analyses)


def _prepare(scan: Scan, electrode: int, settings: PeakSettings) -> _Voltammogram:
    difference, found = _difference(scan, electrode)
    noted = [*scan.flags, *found]
    if difference is None:
        empty = np.empty(0)
        noted.append(flags.MISSING_ELECTRODE)
        return _Voltammogram(electrode, empty, empty, tuple(noted), usable=False)
    potential_v = np.array(difference.potential_v, dtype=np.float64)
    current_a = np.array(difference.current_a, dtype=np.float64)
    low = -math.inf if settings.potential_min_v is None else settings.potential_min_v
    high = math.inf if settings.potential_max_v is None else settings.potential_max_v
    inside = (potential_v >= low) & (potential_v <= high)
    finite = np.isfinite(current_a)
    if not finite[inside].all():
        noted.append(flags.NOT_FINITE)
    potential_v, current_a = _ascending(potential_v[inside & finite], current_a[inside & finite])
    found = current_flags(current_a)
    usable = flags.TOO_FEW_POINTS not in found and flags.CONSTANT not in found
    return _Voltammogram(electrode, potential_v, current_a, (*noted, *found), usable)


def _difference(scan: Scan, electrode: int) -> tuple[Curve | None, tuple[str, ...]]:
    """The difference current of an electrode, rebuilt from forward and reverse if need be."""
    difference = scan.curve(electrode, "difference")
    forward, reverse = scan.curve(electrode, "forward"), scan.curve(electrode, "reverse")
    if forward is None or reverse is None:
        return difference, ()
    if difference is not None:
        agrees = difference_agrees(difference, forward, reverse)
        return difference, () if agrees else (flags.DIFFERENCE_MISMATCH,)
    if len(forward.current_a) != len(reverse.current_a):
        return None, ()
    currents = tuple(f - r for f, r in zip(forward.current_a, reverse.current_a, strict=True))
    return replace(forward, role="difference", current_a=currents), ()


def _ascending(potential_v: FloatArray, current_a: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sort by potential, and take the mean current where a potential occurs more than once."""
    unique, which, counts = np.unique(potential_v, return_inverse=True, return_counts=True)
    if len(unique) == len(potential_v):
        order = np.argsort(potential_v, kind="stable")
        return potential_v[order], current_a[order]
    return unique, np.bincount(which.reshape(-1), weights=current_a) / counts


def _run(
    voltammograms: Sequence[_Voltammogram], method: Method, settings: PeakSettings
) -> list[tuple[Peak, PeakCurves | None]]:
    results: list[tuple[Peak, PeakCurves | None]] = [_without_peak(v) for v in voltammograms]
    by_length: dict[int, list[int]] = defaultdict(list)
    for k, voltammogram in enumerate(voltammograms):
        if voltammogram.usable:
            by_length[len(voltammogram.current_a)].append(k)
    for length, members in by_length.items():
        size = max(1, BATCH_POINTS_MAX // length)
        for start in range(0, len(members), size):
            batch = members[start : start + size]
            arrays = method.analyze(
                np.stack([voltammograms[k].potential_v for k in batch]),
                np.stack([voltammograms[k].current_a for k in batch]),
                settings,
            )
            for row, k in enumerate(batch):
                results[k] = _with_peak(voltammograms[k], arrays, row, method)
    return results


def _without_peak(voltammogram: _Voltammogram) -> tuple[Peak, PeakCurves | None]:
    peak = Peak(voltammogram.electrode, flags=voltammogram.flags)
    if len(voltammogram.current_a) == 0:
        return peak, None
    curves = PeakCurves(voltammogram.electrode, voltammogram.potential_v, voltammogram.current_a)
    return peak, curves


def _with_peak(
    voltammogram: _Voltammogram, arrays: PeakArrays, row: int, method: Method
) -> tuple[Peak, PeakCurves]:
    peak = Peak(
        electrode=voltammogram.electrode,
        peak_current_a=_number(arrays.height_a[row]),
        peak_current_se_a=_number(arrays.height_se_a[row]),
        peak_potential_v=_number(arrays.potential_v[row]),
        area_av=_number(arrays.area_av[row]),
        fwhm_v=_number(arrays.fwhm_v[row]),
        peak_potential_se_v=_at(arrays.potential_se_v, row),
        area_se_av=_at(arrays.area_se_av, row),
        fwhm_se_v=_at(arrays.fwhm_se_v, row),
    )
    found = [*voltammogram.flags, *(arrays.flags[row] if arrays.flags else ())]
    found += peak_flags(peak, voltammogram.potential_v, method.sigmas_min)
    smoothed = arrays.smoothed_a[row]
    noise_a = float(arrays.smoothed_noise_a[row])
    if peak.peak_current_a and has_second_peak(smoothed, peak.peak_current_a, noise_a):
        found.append(flags.SECOND_PEAK)
    baseline = arrays.baseline_a[row]
    curves = PeakCurves(
        voltammogram.electrode,
        voltammogram.potential_v,
        voltammogram.current_a,
        smoothed,
        baseline if np.isfinite(baseline).all() else None,
    )
    return replace(peak, flags=tuple(dict.fromkeys(found))), curves


def _at(values: FloatArray | None, row: int) -> float | None:
    return None if values is None else _number(values[row])


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


ANALYSES: Final[Mapping[str, Analysis]] = MappingProxyType({"swv": _square_wave})
"""How the scans of each technique are analysed; a technique is a function and a line here."""
