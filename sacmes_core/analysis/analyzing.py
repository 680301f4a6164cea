"""From scans to peaks: choose the curves, cut the window, run the method, say what is wrong."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Final

import numpy as np

from sacmes_core.analysis.ca.steps import analyze_steps
from sacmes_core.analysis.checks import peak_flags
from sacmes_core.analysis.cv.cycles import analyze_cycles
from sacmes_core.analysis.methods import METHODS, Method
from sacmes_core.analysis.peaks import (
    FloatArray,
    Peak,
    PeakArrays,
    PeakCurves,
    ScanAnalysis,
    codes_of,
)
from sacmes_core.analysis.preparing import Batch, Prepared, prepare_all
from sacmes_core.errors import AnalysisError
from sacmes_core.formats.scan import Scan
from sacmes_core.settings.peak import PeakSettings

Analysis = Callable[[Sequence[Scan], PeakSettings, Sequence[int]], tuple[ScanAnalysis, ...]]
"""A function from scans of one technique to what each of them gave, in order."""


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
    peaks, curves = _found(prepared, method, len(wanted))
    analyses, start = [], 0
    for some in asked:
        own = slice(start, start + len(some))
        drawn = tuple([each for each in curves[own] if each is not None])
        analyses.append(ScanAnalysis(tuple(peaks[own]), drawn, settings.method, method.version))
        start = own.stop
    return tuple(analyses)


def _found(
    prepared: Prepared, method: Method, count: int
) -> tuple[list[Peak], list[PeakCurves | None]]:
    """Peaks and curves of all, in the order in which they were wanted."""
    peaks: dict[int, Peak] = {}
    curves: dict[int, PeakCurves | None] = {}
    for place, v in prepared.useless.items():
        peaks[place] = Peak(v.electrode, flags=v.flags)
        p, i = v.potential_v[v.shown], v.current_a[v.shown]
        curves[place] = PeakCurves(v.electrode, p, i) if len(p) else None
    for batch in prepared.batches:
        its_peaks, its_curves = _analyzed(batch, method)
        peaks.update(zip(batch.places, its_peaks, strict=True))
        curves.update(zip(batch.places, its_curves, strict=True))
    return [peaks[place] for place in range(count)], [curves[place] for place in range(count)]


def _analyzed(batch: Batch, method: Method) -> tuple[Iterable[Peak], Iterable[PeakCurves]]:
    """Peaks and curves of one batch, in its order."""
    found = method.analyze(batch.potential_v, batch.current_a, batch.settings)
    shown = batch.shown
    in_order = len(shown) == batch.current_a.shape[1] and bool((np.diff(shown) == 1).all())
    columns = slice(None) if in_order else shown
    arrays = (batch.potential_v, batch.current_a, found.smoothed_a, found.baseline_a)
    potential_v, current_a, smoothed_a, baseline_a = (array[:, columns] for array in arrays)
    noted = codes_of(peak_flags(found, potential_v, smoothed_a, method.sigmas_min))
    own = found.flags or ((),) * len(noted)
    codes = map(_all_codes, batch.flags, own, noted)
    has_baseline = np.asarray(np.isfinite(baseline_a).all(axis=1))
    baselines = [row if has else None for row, has in zip(baseline_a, has_baseline, strict=True)]
    return (
        map(Peak, batch.electrodes, *_numbers(found), codes),
        map(PeakCurves, batch.electrodes, potential_v, current_a, smoothed_a, baselines),
    )


def _all_codes(*parts: tuple[str, ...]) -> tuple[str, ...]:
    """All codes of several sources, each once."""
    return tuple(dict.fromkeys(chain(*parts))) if any(parts) else ()


def _numbers(found: PeakArrays) -> list[list[float | None]]:
    """The numbers of n peaks as lists, None for what is missing, in the order of `Peak`."""
    arrays = (
        found.height_a,
        found.height_se_a,
        found.potential_v,
        found.area_av,
        found.fwhm_v,
        found.potential_se_v,
        found.area_se_av,
        found.fwhm_se_v,
    )
    count = len(found.height_a)
    return [[None] * count if values is None else _finite(values) for values in arrays]


def _finite(values: FloatArray) -> list[float | None]:
    """Numbers as a list, None for what is not finite."""
    numbers: list[float | None] = values.tolist()
    for k in np.flatnonzero(~np.isfinite(values)):
        numbers[k] = None
    return numbers


ANALYSES: Final[Mapping[str, Analysis]] = MappingProxyType(
    {"swv": _square_wave, "cv": analyze_cycles, "lsv": analyze_cycles, "ca": analyze_steps}
)
"""How the scans of each technique are analysed; a technique is a function and a line here."""
