"""From scans to peaks: choose the curves, cut the window, run the method, say what is wrong."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.ca.steps import analyze_steps
from sacmes_core.analysis.checks import has_second_peak, peak_flags
from sacmes_core.analysis.cv.cycles import analyze_cycles
from sacmes_core.analysis.methods import METHODS, Method
from sacmes_core.analysis.peaks import FloatArray, Peak, PeakArrays, PeakCurves, ScanAnalysis
from sacmes_core.analysis.preparing import Voltammogram, prepare
from sacmes_core.errors import AnalysisError
from sacmes_core.formats.scan import Scan
from sacmes_core.settings.peak import PeakSettings

Analysis = Callable[[Sequence[Scan], PeakSettings, Sequence[int]], tuple[ScanAnalysis, ...]]
"""A function from scans of one technique to what each of them gave, in order."""

BATCH_POINTS_MAX = 2_000_000
"""Points that a method is given at once, so that a long run needs no more memory."""


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
        f"The scan is {what}; this version takes peaks from square-wave, cyclic and linear "
        "sweep voltammograms only. The file is kept and can be analysed later."
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
        [prepare(scan, e, settings, method.prepare) for e in tuple(electrodes) or scan.electrodes]
        for scan in scans
    ]
    flat = [voltammogram for group in prepared for voltammogram in group]
    results = iter(_run(flat, method))
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


def _run(
    voltammograms: Sequence[Voltammogram], method: Method
) -> list[tuple[Peak, PeakCurves | None]]:
    """Peaks of all, those of equal length and settings in one batch."""
    results: list[tuple[Peak, PeakCurves | None]] = [_without_peak(v) for v in voltammograms]
    alike: dict[tuple[int, PeakSettings], list[int]] = defaultdict(list)
    for k, voltammogram in enumerate(voltammograms):
        if voltammogram.usable:
            alike[len(voltammogram.current_a), voltammogram.settings].append(k)
    for (length, settings), members in alike.items():
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


def _without_peak(voltammogram: Voltammogram) -> tuple[Peak, PeakCurves | None]:
    peak = Peak(voltammogram.electrode, flags=voltammogram.flags)
    return peak, _curves(voltammogram) if len(voltammogram.shown) else None


def _with_peak(
    voltammogram: Voltammogram, arrays: PeakArrays, row: int, method: Method
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
    smoothed = arrays.smoothed_a[row][voltammogram.shown]
    curves = _curves(voltammogram, smoothed, arrays.baseline_a[row][voltammogram.shown])
    found = [*voltammogram.flags, *(arrays.flags[row] if arrays.flags else ())]
    found += peak_flags(peak, curves.potential_v, method.sigmas_min)
    noise_a = float(arrays.smoothed_noise_a[row])
    if peak.peak_current_a and has_second_peak(smoothed, peak.peak_current_a, noise_a):
        found.append(flags.SECOND_PEAK)
    return replace(peak, flags=tuple(dict.fromkeys(found))), curves


def _curves(
    voltammogram: Voltammogram,
    smoothed_a: FloatArray | None = None,
    baseline_a: FloatArray | None = None,
) -> PeakCurves:
    known = baseline_a is not None and bool(np.isfinite(baseline_a).all())
    return PeakCurves(
        voltammogram.electrode,
        voltammogram.potential_v[voltammogram.shown],
        voltammogram.current_a[voltammogram.shown],
        smoothed_a,
        baseline_a if known else None,
    )


def _at(values: FloatArray | None, row: int) -> float | None:
    return None if values is None else _number(values[row])


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


ANALYSES: Final[Mapping[str, Analysis]] = MappingProxyType(
    {"swv": _square_wave, "cv": analyze_cycles, "lsv": analyze_cycles, "ca": analyze_steps}
)
"""How the scans of each technique are analysed; a technique is a function and a line here."""
