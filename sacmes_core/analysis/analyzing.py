"""From scans to peaks: choose the curves, cut the window, run the method, say what is wrong."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import compress
from types import MappingProxyType
from typing import Final

import numpy as np

from sacmes_core.analysis.ca.steps import analyze_steps
from sacmes_core.analysis.checks import peak_flags
from sacmes_core.analysis.cv.cycles import analyze_cycles
from sacmes_core.analysis.methods import METHODS, Method
from sacmes_core.analysis.peaks import (
    BoolArray,
    Peak,
    PeakArrays,
    PeakCurves,
    ScanAnalysis,
)
from sacmes_core.analysis.preparing import Voltammogram, prepare_all
from sacmes_core.errors import AnalysisError
from sacmes_core.formats.scan import Scan
from sacmes_core.settings.peak import PeakSettings

_Result = tuple[Peak, PeakCurves | None]
_Numbers = Mapping[str, list[float | None]]

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
    asked = [tuple(electrodes) or scan.electrodes for scan in scans]
    wanted = [(scan, e) for scan, some in zip(scans, asked, strict=True) for e in some]
    prepared = prepare_all(wanted, settings, method.prepare, sorts=method.sorts)
    results = iter(_run(prepared, method))
    analyses = []
    for some in asked:
        pairs = [next(results) for _ in some]
        peaks = tuple([peak for peak, _ in pairs])
        curves = tuple([curves for _, curves in pairs if curves is not None])
        analyses.append(ScanAnalysis(peaks, curves, settings.method, method.version))
    return tuple(analyses)


def _run(voltammograms: Sequence[Voltammogram], method: Method) -> list[_Result]:
    """Peaks of all, those of equal length, settings and shown points in one batch."""
    results: list[_Result | None] = [None if v.usable else _without_peak(v) for v in voltammograms]
    alike: dict[tuple[int, PeakSettings, bytes], list[int]] = defaultdict(list)
    for k, voltammogram in enumerate(voltammograms):
        if voltammogram.usable:
            shown = voltammogram.shown.tobytes()
            alike[len(voltammogram.current_a), voltammogram.settings, shown].append(k)
    for (length, _, _), members in alike.items():
        size = max(1, BATCH_POINTS_MAX // length)
        for start in range(0, len(members), size):
            batch = members[start : start + size]
            found = _batch([voltammograms[k] for k in batch], method)
            for k, result in zip(batch, found, strict=True):
                results[k] = result
    return [result for result in results if result is not None]


def _without_peak(voltammogram: Voltammogram) -> _Result:
    """What is said of a voltammogram that no method was given."""
    v, shown = voltammogram, voltammogram.shown
    curves = PeakCurves(v.electrode, v.potential_v[shown], v.current_a[shown])
    return Peak(v.electrode, flags=v.flags), curves if len(shown) else None


def _batch(voltammograms: Sequence[Voltammogram], method: Method) -> list[_Result]:
    """Peaks of voltammograms of equal length, settings and shown points."""
    potential_v = np.stack([v.potential_v for v in voltammograms])
    current_a = np.stack([v.current_a for v in voltammograms])
    found = method.analyze(potential_v, current_a, voltammograms[0].settings)
    shown = voltammograms[0].shown
    in_order = len(shown) == len(current_a[0]) and bool((np.diff(shown) == 1).all())
    columns = slice(None) if in_order else shown
    arrays = (potential_v, current_a, found.smoothed_a, found.baseline_a)
    curves = [array[:, columns] for array in arrays]
    has_baseline = np.asarray(np.isfinite(curves[3]).all(axis=1))
    noted = _codes(peak_flags(found, curves[0], curves[2], method.sigmas_min))
    own = found.flags or ((),) * len(noted)
    numbers = _numbers(found)
    results: list[_Result] = []
    for k, v in enumerate(voltammograms):
        codes = dict.fromkeys((*v.flags, *own[k], *noted[k]))
        p, i, smoothed, baseline = (rows[k] for rows in curves)
        drawn = PeakCurves(v.electrode, p, i, smoothed, baseline if has_baseline[k] else None)
        results.append((_peak(v.electrode, numbers, k, tuple(codes)), drawn))
    return results


def _peak(electrode: int, numbers: _Numbers, row: int, codes: tuple[str, ...]) -> Peak:
    return Peak(
        electrode=electrode,
        peak_current_a=numbers["height_a"][row],
        peak_current_se_a=numbers["height_se_a"][row],
        peak_potential_v=numbers["potential_v"][row],
        area_av=numbers["area_av"][row],
        fwhm_v=numbers["fwhm_v"][row],
        peak_potential_se_v=numbers["potential_se_v"][row],
        area_se_av=numbers["area_se_av"][row],
        fwhm_se_v=numbers["fwhm_se_v"][row],
        flags=codes,
    )


def _codes(raised: Mapping[str, BoolArray]) -> list[tuple[str, ...]]:
    """The flags of each voltammogram; few have any."""
    rows = np.stack(list(raised.values()), axis=1)
    codes: list[tuple[str, ...]] = [()] * len(rows)
    for k in np.flatnonzero(rows.any(axis=1)):
        codes[k] = tuple(compress(raised, rows[k]))
    return codes


def _numbers(found: PeakArrays) -> _Numbers:
    """The arrays of one number a peak as lists, None for what is missing."""
    count = len(found.height_a)
    arrays = {field.name: getattr(found, field.name) for field in fields(found)}
    return {
        name: [None] * count
        if values is None
        else [value if math.isfinite(value) else None for value in values.tolist()]
        for name, values in arrays.items()
        if values is None or (name != "flags" and values.ndim == 1)
    }


ANALYSES: Final[Mapping[str, Analysis]] = MappingProxyType(
    {"swv": _square_wave, "cv": analyze_cycles, "lsv": analyze_cycles, "ca": analyze_steps}
)
"""How the scans of each technique are analysed; a technique is a function and a line here."""
