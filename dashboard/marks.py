"""Marks on a run: where they stand on a chart, and how they are said."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from dashboard.columns import Columns
from dashboard.series import Abscissa
from sacmes_core.payloads.marks import Mark, MarkRequest

KINDS: Final = {"injection": "Injection", "event": "Event", "wash": "Wash"}


def mark_x(mark: Mark, columns: Columns, abscissa: Abscissa) -> float | None:
    """Where a mark stands, between two scans; in scan numbers, or in seconds since 1970.

    None where nothing tells: a mark before a scan number that has no time yet, over time.
    """
    known = np.isfinite(columns.number) & ~columns.old
    number, at_s = columns.number[known], columns.measured_at[known]
    if abscissa == "number":
        if mark.number is not None:
            return mark.number - 0.5
        if mark.at is None or number.size == 0:
            return None
        later = number[at_s >= mark.at.timestamp()]
        return float(later.min()) - 0.5 if later.size else float(number.max()) + 0.5
    if mark.at is not None:
        return mark.at.timestamp()
    return _time_before(mark.number, number, at_s)


def mark_words(mark: Mark) -> str:
    """What a mark says, in one line."""
    dose = ""
    if mark.concentration is not None:
        dose = f"{mark.concentration:g} {mark.concentration_unit}".strip()
    return " · ".join(part for part in (mark.label or KINDS[mark.kind], dose) if part)


def request_again(mark: Mark, session_id: str) -> MarkRequest:
    """The request that brings a mark back that was taken away."""
    return MarkRequest(session_id=session_id, **mark.model_dump())


def in_order(marks: Sequence[Mark], columns: Columns) -> list[Mark]:
    """The marks in the order in which they stand on the chart."""

    def place(mark: Mark) -> float:
        x = mark_x(mark, columns, "number")
        return np.inf if x is None else x

    return sorted(marks, key=place)


def _time_before(first: int | None, number: np.ndarray, at_s: np.ndarray) -> float | None:
    """The middle between the scan with this number and the one before it."""
    timed = np.isfinite(at_s)
    number, at_s = number[timed], at_s[timed]
    if first is None or not (number >= first).any():
        return None
    after = float(at_s[number >= first].min())
    earlier = at_s[number < first]
    return (after + float(earlier.max())) / 2 if earlier.size else after
