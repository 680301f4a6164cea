"""The results of a run as a grid of frequency, scan number and electrode, as SACMES lays them out.

A missing number is `N/A`. Means leave out what is missing and what is zero; the deviation is that
of a sample (n − 1), and 0 for one value.
"""

import csv
import io
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from analyzer.exporting.material import ExportError
from sacmes_core.payloads.results import ElectrodeResult, Result
from sacmes_core.settings.source import SourceSettings

Number = Callable[[ElectrodeResult], float | None]
Values = Sequence[float | None]

MISSING: Final = "N/A"
ROWS_MAX: Final = 200_000


@dataclass(frozen=True, slots=True)
class Grid:
    """Results by frequency in Hz, scan number and electrode.

    Attributes
    ----------
    measured_s
        When each scan number was first measured, in seconds since 1970, where that is known.
    """

    frequencies_hz: tuple[float, ...]
    numbers: tuple[int, ...]
    electrodes: tuple[int, ...]
    cells: dict[tuple[float, int, int], ElectrodeResult]
    measured_s: dict[int, float]

    def values(self, frequency_hz: float, number: int, take: Number) -> list[float | None]:
        """A number of each electrode at one frequency in one scan."""
        return [self.value(frequency_hz, number, e, take) for e in self.electrodes]

    def value(self, frequency_hz: float, number: int, electrode: int, take: Number) -> float | None:
        """A number of one electrode at one frequency in one scan."""
        found = self.cells.get((frequency_hz, number, electrode))
        return None if found is None else take(found)

    def completed(self, number: int, electrode: int, take: Number) -> float | None:
        """A number that only the scan carries which completes its pair of frequencies."""
        found = (self.value(f, number, electrode, take) for f in self.frequencies_hz)
        return next((value for value in found if value is not None), None)


def grid_of(results: Iterable[Result], *, first_wins: bool = False) -> Grid:
    """Arrange results; a scan without a number is the k-th of its frequency.

    Raises
    ------
    ExportError
        If no scan has a frequency.
    """
    cells: dict[tuple[float, int, int], ElectrodeResult] = {}
    seen: defaultdict[float, int] = defaultdict(int)
    measured_s: dict[int, float] = {}
    for result in results:
        hertz = result.scan.frequency_hz
        if hertz is None:
            continue
        seen[hertz] += 1
        number = seen[hertz] if result.scan.number is None else result.scan.number
        if result.scan.measured_at is not None:
            measured_s.setdefault(number, result.scan.measured_at.timestamp())
        for electrode in result.electrodes:
            key = (hertz, number, electrode.electrode)
            if not (first_wins and key in cells):
                cells[key] = electrode
    if not cells:
        raise ExportError(
            "not_found",
            "The session has no analysed scan with a frequency, which this layout is made of; "
            "choose csv, which has every scan.",
        )
    frequencies, numbers, electrodes = (tuple(sorted(set(k))) for k in zip(*cells, strict=True))
    return Grid(frequencies, numbers, electrodes, cells, measured_s)


def every_number(numbers: Sequence[int], source: SourceSettings) -> range:
    """The scan numbers of a whole run, whether or not the scan is there.

    Raises
    ------
    ExportError
        If they are too many to be written out.
    """
    last = max(numbers[-1], source.last_number or 0)
    rows = range(min(1, numbers[0]), last + 1)
    if len(rows) > ROWS_MAX:
        raise ExportError(
            "too_large",
            f"The scan numbers go up to {last:,}, and this layout has a row for each of them; "
            f"at most {ROWS_MAX:,} are written. Choose csv.",
        )
    return rows


def hertz_text(frequency_hz: float) -> str:
    """A frequency as SACMES names it: whole where it is."""
    return f"{frequency_hz:.10g}"


def number_text(value: float | None, form: str) -> str:
    """A number in its form, or what stands for a missing one."""
    return MISSING if value is None else format(value, form)


def mean_and_deviation(values: Values, form: str, *, zeros: bool = False) -> list[str]:
    """Two cells: mean and sample deviation of what is there; zeros count only where asked for."""
    there = [v for v in values if v is not None and (zeros or v != 0)]
    if not there:
        return [MISSING, MISSING]
    deviation = statistics.stdev(there) if len(there) > 1 else 0.0
    return [format(statistics.fmean(there), form), format(deviation, form)]


def finite(value: float | None) -> float:
    """A number for a program that knows no missing one."""
    return math.nan if value is None else value


def written(rows: Iterable[Sequence[object]], delimiter: str = ",") -> bytes:
    """Rows as the text that SACMES writes."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()
