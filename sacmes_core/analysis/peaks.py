"""What an analysis returns: peaks with units, uncertainty and flags, and curves to look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from sacmes_core.analysis.ca.numbers import DecayNumbers
from sacmes_core.analysis.cv.numbers import CyclicNumbers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Peak:
    """The peak of one electrode in one scan; None where there is no number.

    Attributes
    ----------
    peak_current_a
        Height over the baseline, signed: negative where the current dips.
    peak_current_se_a, peak_potential_se_v, area_se_av, fwhm_se_v
        Standard errors, as far as the method knows them; see `docs/algorithms.md`.
    area_av
        Area in ampere volts, as the method defines it.
    fwhm_v
        Full width at half height over the baseline.
    flags
        Codes of `sacmes_core.flags`, those of the scan among them.
    cv
        All numbers of a cycle, of which the forward peak is repeated above.
    ca
        Lifetimes of a current after a potential step, which has no peak.
    """

    electrode: int
    peak_current_a: float | None = None
    peak_current_se_a: float | None = None
    peak_potential_v: float | None = None
    area_av: float | None = None
    fwhm_v: float | None = None
    peak_potential_se_v: float | None = None
    area_se_av: float | None = None
    fwhm_se_v: float | None = None
    flags: tuple[str, ...] = ()
    cv: CyclicNumbers | None = None
    ca: DecayNumbers | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PeakCurves:
    """What was analysed within the window, shape (K,).

    Potentials ascend; those of a cycle are in the order of measurement. After a potential step
    there are times since it and no potentials; what is smoothed is the fit.
    """

    electrode: int
    potential_v: FloatArray
    current_a: FloatArray
    smoothed_a: FloatArray | None = None
    baseline_a: FloatArray | None = None
    time_s: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ScanAnalysis:
    """All that one scan gave.

    Attributes
    ----------
    error
        A sentence that says why the scan could not be analysed; then there are no peaks.
    method, version
        What made the numbers.
    """

    peaks: tuple[Peak, ...]
    curves: tuple[PeakCurves, ...]
    method: str
    version: int
    error: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PeakArrays:
    """What a method returns for n voltammograms of K points; nan where there is no number.

    Attributes
    ----------
    height_a, height_se_a, potential_v, area_av, fwhm_v
        Shape (n,).
    smoothed_a, baseline_a
        Shape (n, K); the baseline of a voltammogram without a peak is nan.
    smoothed_noise_a
        Shape (n,); standard deviation of the noise that a smoothed point still has.
    potential_se_v, area_se_av, fwhm_se_v
        Shape (n,); None of a method that does not know them.
    flags
        For each voltammogram the codes that the method itself raises; empty for none at all.
    """

    height_a: FloatArray
    height_se_a: FloatArray
    potential_v: FloatArray
    area_av: FloatArray
    fwhm_v: FloatArray
    smoothed_a: FloatArray
    smoothed_noise_a: FloatArray
    baseline_a: FloatArray
    potential_se_v: FloatArray | None = None
    area_se_av: FloatArray | None = None
    fwhm_se_v: FloatArray | None = None
    flags: tuple[tuple[str, ...], ...] = ()


def codes_of(raised: Mapping[str, BoolArray]) -> tuple[tuple[str, ...], ...]:
    """The flags of each of n voltammograms, given where each is raised, shapes (n,).

    There are few combinations, so each is put together once.
    """
    rows = np.stack(list(raised.values()), axis=1)
    which = rows @ (1 << np.arange(len(raised)))
    combinations, first = np.unique(which, return_index=True)
    known = {
        combination: tuple(compress(raised, rows[row]))
        for combination, row in zip(combinations.tolist(), first, strict=True)
    }
    return tuple([known[combination] for combination in which.tolist()])


def nothing_found(current_a: FloatArray, flag: str) -> PeakArrays:
    """What a method returns where it cannot begin, for a reason that holds for all; (n, K)."""
    none = np.full(len(current_a), np.nan)
    return PeakArrays(
        height_a=none,
        height_se_a=none,
        potential_v=none,
        area_av=none,
        fwhm_v=none,
        smoothed_a=current_a,
        smoothed_noise_a=none,
        baseline_a=np.full(current_a.shape, np.nan),
        flags=((flag,),) * len(current_a),
    )


def over_grids(
    potential_v: FloatArray,
    current_a: FloatArray,
    batch: int,
    analyze: Callable[[FloatArray, FloatArray, FloatArray], PeakArrays],
) -> PeakArrays:
    """Analyse voltammograms, shapes (n, K), grid by grid, at most `batch` at once.

    `analyze` is given potentials counted from the lowest one, shape (K,), the lowest ones, (m,),
    and currents, (m, K).
    """
    grids, which = _grids(potential_v)
    parts, order = [], []
    for k, x_v in enumerate(grids):
        rows = np.flatnonzero(which == k)
        for start in range(0, len(rows), batch):
            some = rows[start : start + batch]
            parts.append(analyze(x_v, potential_v[some, 0], current_a[some]))
            order.append(some)
    return _joined(parts, np.argsort(np.concatenate(order)))


def _grids(potential_v: FloatArray) -> tuple[FloatArray, IntArray]:
    """The different grids from their starts on, and which of them each row has.

    Quick where all rows are the same.
    """
    is_one = (potential_v == potential_v[0]).all()
    rows = potential_v[:1] if is_one else potential_v
    from_start = np.round(rows - rows[:, :1], 7)
    if (from_start == from_start[0]).all():
        return from_start[:1], np.zeros(len(potential_v), dtype=np.intp)
    grids, which = np.unique(from_start, axis=0, return_inverse=True)
    return grids, which.reshape(-1)


def _joined(parts: list[PeakArrays], order: IntArray) -> PeakArrays:
    """Batches put together, in the order of the scans."""
    if len(parts) == 1:
        return parts[0]

    def all_of(name: str) -> FloatArray:
        return np.asarray(np.concatenate([getattr(part, name) for part in parts])[order])

    found = [codes for part in parts for codes in part.flags]
    names = [field.name for field in fields(PeakArrays) if field.name != "flags"]
    arrays = {name: all_of(name) for name in names}
    return PeakArrays(**arrays, flags=tuple(found[k] for k in order))
