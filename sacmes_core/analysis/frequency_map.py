"""The frequency map: peak current and charge of each electrode over the square wave's frequency.

The charge is peak current / frequency, in coulombs. Over the logarithm of the frequency it has a
maximum where the electron transfer keeps up with half of the pulses only, so that the map shows at
which frequencies a sensor gains and loses signal when its target binds (Dauphin-Ducharme and
Plaxco, Anal. Chem. 88 (2016) 11654). The apparent rate constant
that goes with it is fitted in `sacmes_core.analysis.kinetics`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import chi2

from sacmes_core.analysis.peaks import FloatArray, IntArray
from sacmes_core.errors import AnalysisError

_SAME: Final = 1e-6
"""Frequencies that differ by less than this share are the same."""


@dataclass(frozen=True, slots=True)
class MapPoint:
    """The peak of one electrode in one scan; None where there is no number."""

    electrode: int
    frequency_hz: float
    peak_current_a: float | None
    peak_current_se_a: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FrequencyMap:
    """Peak currents and charges, a row for each electrode, a column for each frequency.

    Attributes
    ----------
    electrodes
        Numbers, ascending, E of them.
    frequency_hz
        Ascending, shape (F,).
    peak_current_a, peak_current_se_a, charge_c, charge_se_c
        Shape (E, F); nan where there is no number.
    scans
        Number of scans with a peak, shape (E, F).
    """

    electrodes: tuple[int, ...]
    frequency_hz: FloatArray
    peak_current_a: FloatArray
    peak_current_se_a: FloatArray
    charge_c: FloatArray
    charge_se_c: FloatArray
    scans: IntArray


def charge_c(peak_current_a: float | None, frequency_hz: float | None) -> float | None:
    """Charge of a peak, current / frequency; None where either is missing.

    >>> charge_c(3e-6, 15.0)
    2e-07
    """
    if peak_current_a is None or not frequency_hz:
        return None
    return peak_current_a / frequency_hz


def frequency_map(points: Iterable[MapPoint]) -> FrequencyMap:
    """The map of all points; scans of one electrode at one frequency are averaged.

    Raises
    ------
    AnalysisError
        If a frequency is not above 0.
    """
    points = list(points)
    if any(not point.frequency_hz > 0 for point in points):
        raise AnalysisError(
            "A scan of the frequency map has no frequency above 0 Hz; set it in the file's name, "
            "for example SWV_15Hz_1.txt, or in the reading settings."
        )
    electrodes = tuple(sorted({point.electrode for point in points}))
    frequencies = _distinct(sorted({point.frequency_hz for point in points}))
    shape = (len(electrodes), len(frequencies))
    peak, error = np.full(shape, np.nan), np.full(shape, np.nan)
    scans = np.zeros(shape, dtype=np.intp)
    cells: dict[tuple[int, int], list[MapPoint]] = {}
    for point in points:
        column = int(np.argmin(np.abs(np.log(frequencies / point.frequency_hz))))
        cells.setdefault((electrodes.index(point.electrode), column), []).append(point)
    for cell, found in cells.items():
        known = [p for p in found if p.peak_current_a is not None]
        scans[cell] = len(known)
        if known:
            values = np.array([p.peak_current_a for p in known], dtype=np.float64)
            errors = np.array([p.peak_current_se_a for p in known], dtype=np.float64)
            peak[cell], error[cell] = mean_of_repeats(values, errors)
    return FrequencyMap(
        electrodes, frequencies, peak, error, peak / frequencies, error / frequencies, scans
    )


def mean_of_repeats(values: FloatArray, errors: FloatArray) -> tuple[float, float]:
    """Weighted mean of repeated measurements and its standard error.

    What repeats scatter by falls with their number. What their standard errors say beyond the
    largest variance that the scatter can stand for (95 %) is common to all, the baseline's choice
    say, and does not fall.

    Parameters
    ----------
    values, errors
        Shape (r,); errors are nan where they are not known.

    Returns
    -------
    mean, error
        The error is nan of one value without one.
    """
    known = np.isfinite(errors) & (errors > 0)
    # Where not every error is known, all repeats count the same.
    weights = 1 / errors**2 if known.all() else np.ones_like(values)
    weights = weights / weights.sum()
    mean = float(weights @ values)
    own = float(weights @ errors**2) if known.all() else np.nan
    spare = 1 - float(weights @ weights)
    if len(values) < 2 or spare <= 0:
        return mean, float(np.sqrt(own))
    scatter = float(weights @ (values - mean) ** 2) / spare
    most = scatter * _upper(len(values) - 1)
    common = max(own - most, 0.0) if np.isfinite(own) else 0.0
    random = max(scatter, own - common) if np.isfinite(own) else scatter
    return mean, float(np.sqrt(random * float(weights @ weights) + common))


def _upper(freedom: int) -> float:
    """By how much a variance can be larger than its estimate, at 95 %."""
    return float(freedom / chi2.ppf(0.05, freedom))


def _distinct(ordered: list[float]) -> FloatArray:
    """Frequencies without those that rounding makes differ."""
    kept: list[float] = []
    for frequency in ordered:
        if not kept or frequency - kept[-1] > _SAME * frequency:
            kept.append(frequency)
    return np.array(kept, dtype=np.float64)
