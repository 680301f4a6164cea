"""Several sessions over one another: aligned, with their start, end, slope and change."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from dashboard.columns import FloatArray, columns_of
from dashboard.marks import mark_x
from dashboard.series import (
    HOUR_S,
    MEASURES,
    Abscissa,
    Quantity,
    Series,
    TrendView,
    series_of,
    start_of,
)
from dashboard.trend import Trend
from sacmes_core.analysis.trend.drift import fit_drift
from sacmes_core.errors import AnalysisError
from sacmes_core.payloads.marks import Mark

Alignment = Literal["number", "elapsed", "mark_number", "mark_elapsed"]
END_SCANS: Final = 10
"""Start and end are the means of so many scans, of a fifth of them where there are fewer."""
SLOPE_POINTS: Final = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A session that is compared; `mark` is what it is aligned at."""

    name: str
    session_id: str
    trend: Trend
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class CompareView:
    """What is compared: electrodes and frequencies are all of them where none is named."""

    quantity: Quantity = "normalised"
    alignment: Alignment = "number"
    electrodes: tuple[int, ...] = ()
    frequencies_hz: tuple[float | None, ...] = ()

    @property
    def abscissa(self) -> Abscissa:
        """What the alignment is over."""
        return "number" if self.alignment in ("number", "mark_number") else "elapsed"


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One electrode of one session at one frequency; `series.x` is aligned.

    Attributes
    ----------
    member
        Place of the session among those that are compared.
    """

    member: int
    name: str
    session_id: str
    series: Series


@dataclass(frozen=True, slots=True)
class Figures:
    """A value with its standard error; None where there is none."""

    value: float | None = None
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers of one line, in SI units; the slope is per hour, the change a fraction."""

    line: Line
    scans: int
    start: Figures
    end: Figures
    slope_per_h: Figures
    change: Figures


def lines_of(members: Sequence[Member], view: CompareView) -> tuple[Line, ...]:
    """The lines of all sessions that can be aligned, in order."""
    seen = TrendView(view.quantity, view.abscissa, view.electrodes)
    found: list[Line] = []
    for place, member in enumerate(members):
        origin = _origin(member, view)
        if origin is None:
            continue
        for series in series_of(member.trend, seen):
            if view.frequencies_hz and series.frequency_hz not in view.frequencies_hz:
                continue
            if not np.isfinite(series.y).any():
                continue
            aligned = replace(series, x=series.x - origin)
            found.append(Line(place, member.name, member.session_id, aligned))
    return tuple(found)


def unaligned(members: Sequence[Member], view: CompareView) -> tuple[str, ...]:
    """Names of the sessions that have nothing to be aligned at."""
    return tuple(m.name for m in members if _origin(m, view) is None)


def unlike(members: Sequence[Member], lines: Sequence[Line]) -> tuple[str, ...]:
    """Names of the sessions that have no line, for want of such numbers."""
    drawn = {line.session_id for line in lines}
    return tuple(m.name for m in members if m.session_id not in drawn)


def summary_of(line: Line, hours: FloatArray) -> Summary:
    """Start, end, slope and change of a line.

    Parameters
    ----------
    hours
        Time of each point of the line in hours, nan for none; shape (n,).

    Returns
    -------
    Summary
        Start and end are means over a few scans with the standard error of the mean; the slope is
        that of a straight line through all scans, its standard error as large as the scatter and
        the likeness of neighbours ask for.
    """
    y = line.series.y
    known = np.flatnonzero(np.isfinite(y))
    count = known.size
    ends = min(END_SCANS, max(1, count // 5))
    start = _mean(y[known[:ends]], line.series.error[known[:ends]])
    end = _mean(y[known[-ends:]], line.series.error[known[-ends:]])
    return Summary(line, count, start, end, _slope(hours, y), _change(start, end))


def hours_of(member: Member, line: Line) -> FloatArray:
    """When each point of a line was measured, in hours since the session's first scan."""
    columns = columns_of(member.trend)
    start_s = start_of(columns)
    by_place = dict(
        zip(
            zip(columns.position.tolist(), columns.index.tolist(), strict=True),
            columns.measured_at.tolist(),
            strict=True,
        )
    )
    places = zip(line.series.position.tolist(), line.series.index.tolist(), strict=True)
    at_s = np.array([by_place.get(place, np.nan) for place in places], dtype=np.float64)
    return (at_s - start_s) / HOUR_S


def points_csv(lines: Sequence[Line], view: CompareView) -> bytes:
    """What is drawn, a line of text for each point, in SI units."""
    measure = MEASURES[view.quantity]
    unit = f"_{measure.unit.lower().replace('·', '')}" if measure.unit else ""
    value = f"{view.quantity}{unit}"
    x = "aligned_number" if view.abscissa == "number" else "aligned_s"
    heads = ("session", "session_id", "electrode", "frequency_hz", "number", x, value)
    rows: list[Sequence[object]] = [(*heads, f"{view.quantity}_se{unit}", "flagged")]
    for line in lines:
        s = line.series
        about = (line.name, line.session_id, _cell(s.electrode), _cell(s.frequency_hz))
        for k in np.flatnonzero(np.isfinite(s.y)):
            numbers = (s.number[k], s.x[k], s.y[k], s.error[k])
            rows.append((*about, *map(_cell, numbers), int(s.flagged[k])))
    return _written(rows)


def summaries_csv(summaries: Sequence[Summary], quantity: Quantity) -> bytes:
    """The table of the page as text, in SI units; change is a fraction."""
    unit = MEASURES[quantity].unit.lower().replace("·", "")
    of = f"_{unit}" if unit else ""
    heads = ["session", "session_id", "electrode", "frequency_hz", "quantity", "scans"]
    for name in (f"start{of}", f"end{of}", f"slope{of}_per_h", "change"):
        heads += [name, f"{name}_se"]
    rows: list[Sequence[object]] = [heads]
    for found in summaries:
        line = found.line
        about = (line.name, line.session_id, _cell(line.series.electrode))
        figures = (found.start, found.end, found.slope_per_h, found.change)
        cells = [_cell(cell) for f in figures for cell in (f.value, f.error)]
        rows.append((*about, _cell(line.series.frequency_hz), quantity, found.scans, *cells))
    return _written(rows)


def _origin(member: Member, view: CompareView) -> float | None:
    """What is taken from the abscissa of a session; None where it cannot be aligned."""
    if view.alignment in ("number", "elapsed"):
        return 0.0
    if member.mark is None:
        return None
    columns = columns_of(member.trend)
    if view.alignment == "mark_number":
        return mark_x(member.mark, columns, "number")
    at_s = mark_x(member.mark, columns, "elapsed")
    return None if at_s is None else at_s - start_of(columns)


def _mean(values: FloatArray, errors: FloatArray) -> Figures:
    if values.size == 0:
        return Figures()
    mean = float(values.mean())
    if values.size == 1:
        return Figures(mean, _number(errors[0]))
    return Figures(mean, float(values.std(ddof=1) / np.sqrt(values.size)))


def _slope(hours: FloatArray, y: FloatArray) -> Figures:
    known = np.flatnonzero(np.isfinite(hours) & np.isfinite(y))
    kept = known[:: max(1, -(-known.size // SLOPE_POINTS))]
    try:
        slope = fit_drift(hours[kept], y[kept], model="line").slope
    except AnalysisError:
        return Figures()
    return Figures(slope.value, slope.se)


def _change(start: Figures, end: Figures) -> Figures:
    """The end relative to the start, minus 1."""
    if start.value is None or end.value is None or start.value == 0.0:
        return Figures()
    change = (end.value - start.value) / abs(start.value)
    if start.error is None or end.error is None:
        return Figures(change)
    error = np.hypot(end.error, start.error * end.value / start.value) / abs(start.value)
    return Figures(change, float(error))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _cell(value: object) -> str:
    """A cell of the table: empty for a missing value, never a zero."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return ""
    return repr(float(value)) if isinstance(value, float) else str(value)


def _written(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
