"""From recordings of a potential step to lifetimes: the curves of all electrodes in batches."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sacmes_core import flags
from sacmes_core.analysis.ca.decays import VERSION, lifetimes
from sacmes_core.analysis.ca.numbers import DecayNumbers, Exponential, Lifetime
from sacmes_core.analysis.ca.results import DecayArrays
from sacmes_core.analysis.peaks import FloatArray, IntArray, Peak, PeakCurves, ScanAnalysis
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.ca import CaSettings
from sacmes_core.settings.peak import PeakSettings


@dataclass(frozen=True, slots=True, eq=False)
class _Recording:
    """One electrode of one scan; arrays of shape (K,), empty for an electrode that is not there."""

    electrode: int
    time_s: FloatArray
    current_a: FloatArray
    potential_v: FloatArray | None
    flags: tuple[str, ...]


def analyze_steps(
    scans: Sequence[Scan], settings: PeakSettings, electrodes: Sequence[int]
) -> tuple[ScanAnalysis, ...]:
    """Analyse recordings of a potential step, those of equal length in one batch."""
    groups = [
        [_recording(scan, electrode) for electrode in tuple(electrodes) or scan.electrodes]
        for scan in scans
    ]
    found = iter(_found([r for group in groups for r in group], settings.ca))
    analyses = []
    for group in groups:
        pairs = [next(found) for _ in group]
        curves = tuple(curve for _, curve in pairs if curve is not None)
        method = f"ca-{settings.ca.exponentials}"
        analyses.append(ScanAnalysis(tuple(p for p, _ in pairs), curves, method, VERSION))
    return tuple(analyses)


def _recording(scan: Scan, electrode: int) -> _Recording:
    curve = scan.curve(electrode, "total")
    if curve is None or curve.time_s is None:
        return _nothing(electrode, (*scan.flags, flags.MISSING_ELECTRODE))
    time_s = np.array(curve.time_s, dtype=np.float64)
    order = np.argsort(time_s, kind="stable")
    current_a = np.array(curve.current_a, dtype=np.float64)[order]
    noted = scan.flags
    if not np.isfinite(current_a).all():
        noted = (*noted, flags.NOT_FINITE)
    return _Recording(electrode, time_s[order], current_a, _potential_v(curve, order), noted)


def _potential_v(curve: Curve, order: IntArray) -> FloatArray | None:
    """The applied potentials, or None where the file does not know them all."""
    potential_v = np.array(curve.potential_v, dtype=np.float64)
    known = len(potential_v) == len(order) and np.isfinite(potential_v).all()
    return potential_v[order] if known else None


def _nothing(electrode: int, noted: tuple[str, ...]) -> _Recording:
    return _Recording(electrode, np.empty(0), np.empty(0), None, noted)


def _found(
    recordings: Sequence[_Recording], settings: CaSettings
) -> list[tuple[Peak, PeakCurves | None]]:
    """Numbers and curves of all, those of one length in one batch."""
    results: list[tuple[Peak, PeakCurves | None]] = [
        (Peak(r.electrode, flags=r.flags), None) for r in recordings
    ]
    alike: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for k, recording in enumerate(recordings):
        if len(recording.time_s):
            alike[len(recording.time_s), recording.potential_v is None].append(k)
    for (_, blind), members in alike.items():
        arrays = lifetimes(
            np.stack([recordings[k].time_s for k in members]),
            np.stack([recordings[k].current_a for k in members]),
            settings,
            None if blind else np.stack([_volts(recordings[k]) for k in members]),
        )
        for row, k in enumerate(members):
            results[k] = _result(recordings[k], arrays, row)
    return results


def _volts(recording: _Recording) -> FloatArray:
    return np.empty(0) if recording.potential_v is None else recording.potential_v


def _result(recording: _Recording, arrays: DecayArrays, row: int) -> tuple[Peak, PeakCurves]:
    noted = tuple(dict.fromkeys((*recording.flags, *arrays.flags[row])))
    peak = Peak(recording.electrode, flags=noted, ca=_numbers(arrays, row))
    fit_a = arrays.fit_a[row]
    fitted = np.isfinite(fit_a)
    since_s = recording.time_s - arrays.step_s[row]
    shown = fitted if fitted.any() else np.isfinite(recording.current_a) & (since_s > 0)
    return peak, PeakCurves(
        recording.electrode,
        np.empty(0),
        recording.current_a[shown],
        fit_a[shown] if fitted.any() else None,
        time_s=since_s[shown],
    )


def _numbers(arrays: DecayArrays, row: int) -> DecayNumbers:
    """The numbers of one of many decays."""
    exponentials = tuple(
        Exponential(
            Lifetime(
                float(arrays.lifetime_s[row, k]),
                float(arrays.lifetime_se_s[row, k]),
                float(arrays.lifetime_low_s[row, k]),
                float(arrays.lifetime_high_s[row, k]),
            ),
            float(arrays.amplitude_a[row, k]),
            float(arrays.amplitude_se_a[row, k]),
        )
        for k in range(2)
        if np.isfinite(arrays.lifetime_s[row, k])
    )
    mean = Lifetime(
        float(arrays.mean_lifetime_s[row]),
        float(arrays.mean_lifetime_se_s[row]),
        float(arrays.mean_lifetime_low_s[row]),
        float(arrays.mean_lifetime_high_s[row]),
    )
    return DecayNumbers(
        exponentials,
        mean if exponentials else None,
        _known(arrays.offset_a[row]),
        _known(arrays.step_s[row]),
        _known(arrays.from_s[row]),
        _known(arrays.to_s[row]),
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
