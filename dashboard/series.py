"""What is drawn of a trend: the lines with their errors, before any chart, and for the export."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final, Literal

import numpy as np

from dashboard.columns import NO_ELECTRODE, BoolArray, Columns, FloatArray, IntArray, columns_of
from dashboard.trend import Trend
from sacmes_core.analysis.trend.electrodes import over_electrodes

Quantity = Literal[
    "absolute",
    "normalised",
    "kdm",
    "ratio",
    "concentration",
    "potential",
    "area",
    "charge",
    "width",
    "snr",
]
Abscissa = Literal["number", "elapsed", "clock"]
Arrangement = Literal["overlaid", "side_by_side", "averaged"]

HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity that can be drawn: its name, its unit, and where its numbers stand."""

    name: str
    unit: str
    value: str
    error: str
    of_pairs: bool = False


MEASURES: Final[Mapping[Quantity, Measure]] = {
    "absolute": Measure("Peak current", "A", "current_a", "current_se_a"),
    "normalised": Measure("Normalised peak current", "", "normalised", "normalised_se"),
    "kdm": Measure("KDM", "", "kdm", "kdm_se", of_pairs=True),
    "ratio": Measure(
        "Ratio of normalised currents, high to low frequency", "", "ratio", "ratio_se", True
    ),
    "concentration": Measure(
        "Concentration", "M", "concentration_molar", "concentration_se_molar", of_pairs=True
    ),
    "potential": Measure("Peak potential", "V", "potential_v", "potential_se_v"),
    "area": Measure("Peak area", "A·V", "area_av", "area_se_av"),
    "charge": Measure("Charge (peak current / frequency)", "C", "current_a", "current_se_a"),
    "width": Measure("Width at half height", "V", "width_v", "width_se_v"),
    "snr": Measure("Peak current / its standard error", "", "current_a", "current_se_a"),
}


@dataclass(frozen=True, slots=True)
class TrendView:
    """What a page wants to see of a trend.

    Attributes
    ----------
    electrodes
        Electrodes to draw; empty for all.
    pale
        Whether the numbers are not of the present and are drawn pale.
    zone
        Time zone of the viewer, for the clock.
    arrangement
        Electrodes in one chart, each in its own, or their mean with its standard deviation.
    group
        So many consecutive scans are drawn as one, their mean with its standard error.
    bands
        Whether the errors are drawn.
    """

    quantity: Quantity = "absolute"
    abscissa: Abscissa = "number"
    electrodes: tuple[int, ...] = ()
    pale: bool = False
    zone: tzinfo | None = None
    arrangement: Arrangement = "overlaid"
    group: int = 1
    bands: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One line, in drawing order, in SI units; nan where there is no number.

    Attributes
    ----------
    electrode
        None for the mean over electrodes.
    x
        Scan number, or seconds since the first scan, or since 1970; shape (n,), as what follows.
    number
        Scan number, or place in the line where the scans have none; a mean for a group.
    error
        Standard error; for a mean over electrodes the standard deviation between them.
    position, index
        Of the scan; -1 for a point of several.
    scans
        How many numbers a point is made of.
    """

    electrode: int | None
    frequency_hz: float | None
    x: FloatArray
    number: FloatArray
    y: FloatArray
    error: FloatArray
    flagged: BoolArray
    position: IntArray
    index: IntArray
    scans: IntArray


def series_of(trend: Trend, view: TrendView) -> tuple[Series, ...]:
    """The lines that a view shows, electrodes first, then frequencies."""
    columns = columns_of(trend)
    measure = MEASURES[view.quantity]
    wanted = view.electrodes or columns.electrodes
    value, error = _values(columns, view.quantity)
    lines = [
        line
        for electrode in wanted
        for frequency_hz in columns.frequencies_hz
        if (line := _line(columns, electrode, frequency_hz, value, error)) is not None
        and (not measure.of_pairs or bool(np.isfinite(line.y).any()))
    ]
    lines = [_placed(line, view.abscissa, start_of(columns)) for line in lines]
    if view.arrangement == "averaged":
        lines = _averaged(lines)
    if view.group > 1:
        lines = [grouped(line, view.group) for line in lines]
    return tuple(lines)


def start_of(columns: Columns) -> float:
    """When the first scan was measured, in seconds since 1970; 0 where no scan says it."""
    times = columns.measured_at
    known = times[np.isfinite(times)]
    return float(known.min()) if known.size else 0.0


def grouped(line: Series, size: int) -> Series:
    """Every `size` consecutive scan numbers as one point: mean and standard error of the mean.

    As `sacmes_core.analysis.trend.replicates.group_replicates`, for many scans at once. A group
    that is not complete yet is drawn with what is there.
    """
    if line.y.size == 0:
        return line
    place = ((line.number - line.number.min()) // size).astype(np.int64)
    _, group = np.unique(place, return_inverse=True)
    there = np.isfinite(line.y)
    count = np.bincount(group, weights=there)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(group, weights=np.where(there, line.y, 0.0)) / count
        squares = np.bincount(group, weights=np.where(there, line.y - mean[group], 0.0) ** 2)
        error = np.sqrt(squares / (count - 1) / count)
    error[count < 2] = np.nan
    members = np.bincount(group)
    several = np.full(members.size, -1)
    return replace(
        line,
        x=np.bincount(group, weights=line.x) / members,
        number=np.bincount(group, weights=line.number) / members,
        y=mean,
        error=error,
        flagged=np.bincount(group, weights=line.flagged) > 0,
        position=several,
        index=several,
        scans=count.astype(np.int64),
    )


def _values(columns: Columns, quantity: Quantity) -> tuple[FloatArray, FloatArray]:
    """Value and standard error of each row."""
    measure = MEASURES[quantity]
    value, error = columns.values(measure.value), columns.values(measure.error)
    if quantity == "charge":
        return value / columns.frequency_hz, error / columns.frequency_hz
    if quantity == "snr":
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.abs(value) / error
        return np.where(np.isfinite(ratio), ratio, np.nan), np.full(value.shape, np.nan)
    return value, error


def _line(
    columns: Columns,
    electrode: int,
    frequency_hz: float | None,
    value: FloatArray,
    error: FloatArray,
) -> Series | None:
    """One electrode at one frequency in the order of the scan numbers; x is still the time."""
    mine = (columns.electrode == electrode) | (columns.electrode == NO_ELECTRODE)
    if frequency_hz is None:
        mine = mine & np.isnan(columns.frequency_hz)
    else:
        mine = mine & (columns.frequency_hz == frequency_hz)
    rows = np.flatnonzero(mine & ~columns.old)
    if not (columns.electrode[rows] == electrode).any():
        return None
    order = np.where(np.isnan(columns.number), columns.position, columns.number)[rows]
    if (np.diff(order) < 0).any():
        rows = rows[np.lexsort((columns.position[rows], order))]
    number = columns.number[rows]
    return Series(
        electrode,
        frequency_hz,
        x=columns.measured_at[rows],
        number=np.where(np.isnan(number), np.arange(1, rows.size + 1), number),
        y=value[rows],
        error=error[rows],
        flagged=columns.flagged[rows],
        position=columns.position[rows],
        index=columns.index[rows],
        scans=np.isfinite(value[rows]).astype(np.int64),
    )


def _placed(line: Series, abscissa: Abscissa, start_s: float) -> Series:
    """The line over its abscissa; what has no place there is left out."""
    if abscissa == "number":
        return replace(line, x=line.number)
    x = line.x - start_s if abscissa == "elapsed" else line.x
    return taken(replace(line, x=x), np.flatnonzero(np.isfinite(x)))


def taken(line: Series, rows: IntArray) -> Series:
    """Some points of a line."""
    if rows.size == line.x.size:
        return line
    return replace(
        line,
        x=line.x[rows],
        number=line.number[rows],
        y=line.y[rows],
        error=line.error[rows],
        flagged=line.flagged[rows],
        position=line.position[rows],
        index=line.index[rows],
        scans=line.scans[rows],
    )


def _averaged(lines: Sequence[Series]) -> list[Series]:
    """The mean over electrodes at each frequency, scan number by scan number."""
    frequencies = dict.fromkeys(line.frequency_hz for line in lines)
    return [_mean([line for line in lines if line.frequency_hz == f]) for f in frequencies]


def _mean(lines: Sequence[Series]) -> Series:
    numbers, place = np.unique(np.concatenate([line.number for line in lines]), return_inverse=True)
    ends = np.cumsum([line.number.size for line in lines])[:-1]
    table = np.full((len(lines), numbers.size), np.nan)
    for row, line, where in zip(table, lines, np.split(place, ends), strict=True):
        row[where] = line.y
    found = over_electrodes(table)
    members = np.bincount(place)
    x = np.bincount(place, weights=np.concatenate([line.x for line in lines])) / members
    flagged = np.concatenate([line.flagged for line in lines])
    several = np.full(numbers.size, -1)
    return Series(
        None,
        lines[0].frequency_hz,
        x=x,
        number=numbers,
        y=found.mean,
        error=found.sd,
        flagged=np.bincount(place, weights=flagged) > 0,
        position=several,
        index=several,
        scans=found.count.astype(np.int64),
    )
