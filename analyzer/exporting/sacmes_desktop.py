"""The text of the desktop SACMES: columns with a space between, currents in µA."""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Final

from analyzer.exporting.grid import Grid, Number, finite, grid_of, hertz_text, written
from analyzer.exporting.material import Material
from sacmes_core.settings.trend import TrendSettings

_UA_PER_A: Final = 1e6
_S_PER_H: Final = 3600.0
_current = attrgetter("peak_current_a")
_charge = attrgetter("charge_c")
_normalised = attrgetter("normalised")


def desktop_text(material: Material) -> bytes:
    """The continuous scan's text, or for a frequency map that of the map.

    A missing number is `nan`, which every program reads as one.
    """
    if material.document.technique == "frequency_map":
        return written(_map_rows(grid_of(material.results, first_wins=True)), " ")
    grid = grid_of(material.results)
    shift = _low_shift(grid, material.document.settings.trend)
    return written(_rows(grid, _hours(grid, material), shift), " ")


def _columns(grid: Grid) -> list[str]:
    hertz = [hertz_text(f) for f in grid.frequencies_hz]
    electrodes, several = grid.electrodes, len(grid.electrodes) > 1
    columns = ["File", "Time(Hrs)"]
    columns += [f"PeakHeight_E{e}_{f}Hz" for f in hertz for e in electrodes]
    columns += [f"Avg_PeakHeight_{f}Hz" for f in hertz if several]
    columns += [f"Norm_E{e}_{f}Hz" for f in hertz for e in electrodes]
    columns += [f"{of}_Norm_{f}Hz" for of in ("Average", "SD") for f in hertz if several]
    if len(hertz) > 1:
        columns += [f"NormalizedRatio_E{e}" for e in electrodes]
        columns += ["NormalizedRatioAvg", "NormalizedRatioSTD"] if several else []
        columns += [f"KDM_E{e}" for e in electrodes]
        columns += ["AvgKDM", "KDM_STD"] if several else []
    return columns


def _rows(
    grid: Grid, hours: Callable[[int], float], shift: Callable[[float, int], float]
) -> Iterator[Sequence[object]]:
    several, frequencies = len(grid.electrodes) > 1, grid.frequencies_hz
    yield _columns(grid)
    for number in grid.numbers:
        heights = [_micro(grid.values(f, number, _current)) for f in frequencies]
        norms = [
            [finite(v) + shift(f, number) for v in grid.values(f, number, _normalised)]
            for f in frequencies
        ]
        row: list[object] = [number, hours(number)]
        row += [v for values in heights for v in values]
        row += [_mean(values) for values in heights if several]
        row += [v for values in norms for v in values]
        row += [_mean(values) for values in norms if several]
        row += [_deviation(values) for values in norms if several]
        if len(frequencies) > 1:
            for name in ("ratio", "kdm"):
                take: Number = attrgetter(name)
                pair = [finite(grid.completed(number, e, take)) for e in grid.electrodes]
                row += [*pair, _mean(pair), _deviation(pair)] if several else pair
        yield row


def _map_rows(grid: Grid) -> Iterator[Sequence[object]]:
    columns = ["Frequency(Hz)"]
    for e in grid.electrodes:
        columns += [f"PeakHeight_E{e}(uA)", f"Charge_E{e}(uC)"]
    several = len(grid.electrodes) > 1
    if several:
        columns += ["Avg.PeakHeight(uA)", "Standard_Deviation(uA)"]
        columns += ["Avg.Charge(uC)", "Standard_Deviation(uC)"]
    yield columns
    for hertz in grid.frequencies_hz:
        first = next(
            n for n in grid.numbers if any((hertz, n, e) in grid.cells for e in grid.electrodes)
        )
        heights = _micro(grid.values(hertz, first, _current))
        charges = _micro(grid.values(hertz, first, _charge))
        row: list[object] = [hertz_text(hertz)]
        row += [v for pair in zip(heights, charges, strict=True) for v in pair]
        for values in (heights, charges) if several else ():
            row += [_mean(values), _deviation(values)]
        yield row


def _low_shift(grid: Grid, trend: TrendSettings) -> Callable[[float, int], float]:
    """What the normalised current of the low frequency has added in the desktop's text."""
    low = trend.low_frequency_hz or grid.frequencies_hz[0]
    several = len(grid.frequencies_hz) > 1
    return lambda frequency_hz, number: (
        trend.low_offset + trend.low_slope_per_scan * number
        if several and frequency_hz == low
        else 0.0
    )


def _hours(grid: Grid, material: Material) -> Callable[[int], float]:
    """Time of a scan: by its number and the interval that is set, else since the first scan."""
    method = material.document.settings.source.method
    if method is not None:
        return lambda number: number * method.interval_s / _S_PER_H
    first = min(grid.measured_s.values(), default=math.nan)
    return lambda number: (grid.measured_s.get(number, math.nan) - first) / _S_PER_H


def _micro(values: Sequence[float | None]) -> list[float]:
    return [_UA_PER_A * finite(value) for value in values]


def _mean(values: Sequence[float]) -> float:
    there = [v for v in values if not math.isnan(v)]
    return statistics.fmean(there) if there else math.nan


def _deviation(values: Sequence[float]) -> float:
    there = [v for v in values if not math.isnan(v)]
    return statistics.stdev(there) if len(there) > 1 else math.nan
