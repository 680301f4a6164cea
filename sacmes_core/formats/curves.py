"""From a table's columns to curves in volts and amperes, and what the sweep looks like."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from statistics import median
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.flags import TECHNIQUE_ASSUMED, UNITS_ASSUMED
from sacmes_core.formats.columns import CurrentColumn, choose_columns
from sacmes_core.formats.scan import (
    PULSE_TECHNIQUES,
    ROLES,
    TIME_TECHNIQUES,
    ColumnMapping,
    Curve,
    Role,
    Scan,
)
from sacmes_core.formats.table import Table

Points = dict[tuple[int, Role], list[tuple[float, float, float]]]
"""Potential, current and time of each point by electrode and role, nan where one is missing."""

POINTS_MIN: Final = 10
SHORT_MIN: Final = 3
"""Points that are enough where the format leaves no doubt about what they are."""

_NAN_SHARE_MAX: Final = 0.01
_NAN_COUNT_MAX: Final = 2
"""Currents that a voltammogram of any length may lack."""

_TURN_SHARE: Final = 0.1


_STILL_V: Final = 5e-3
"""Deviation of a potential that counts as held: the noise of instruments that measure it."""
_STILL_SHARE: Final = 0.95
"""Share of the points that are held where a potential is; the first one is often off."""


def build_curves(
    table: Table, technique: str | None, mapping: ColumnMapping, *, unturned: str | None = None
) -> tuple[tuple[Curve, ...], str, tuple[str, ...]]:
    """Make the curves of a table.

    Parameters
    ----------
    technique
        From the header; None to tell ``cv`` from ``swv`` by whether the sweep turns, and ``ca`` by
        a time without a potential that moves.
    unturned
        As in `convert_columns`.

    Returns
    -------
    curves, technique, flags

    Raises
    ------
    FormatError
        If the table has no voltammogram or chronoamperogram of at least ten points.
    """
    curves, technique, flags = convert_columns(table, technique, mapping, unturned=unturned)
    expect_points(curves, technique, POINTS_MIN)
    return curves, technique, flags


def convert_columns(
    table: Table, technique: str | None, mapping: ColumnMapping, *, unturned: str | None = None
) -> tuple[tuple[Curve, ...], str, tuple[str, ...]]:
    """Make the curves of a table as `build_curves` does, of any number of points.

    Parameters
    ----------
    unturned
        What a sweep that does not turn is where nothing names it; None to assume a square wave.
        Formats whose square waves have columns of their own know better.
    """
    columns = choose_columns(table, mapping, over_time=technique in TIME_TECHNIQUES)
    assumed: list[str] = []
    if technique is None:
        technique = _technique(table, columns[0])
        if technique == "swv" and all(column.role is None for column in columns):
            if mapping.technique == "cv":
                technique = "cv"
            elif unturned is not None:
                technique = unturned
            else:
                assumed.append(TECHNIQUE_ASSUMED)
    axis = "time" if technique in TIME_TECHNIQUES else "potential"
    if any((c.time if axis == "time" else c.potential) is None for c in columns):
        raise FormatError(
            f"No column with a {axis} was found; export {axis} and current, or name the columns in "
            "the reading settings."
        )
    curves = tuple(
        _curve(table, column, technique, invert=mapping.invert_current) for column in columns
    )
    if any(_unit_missing(column) for column in columns):
        assumed.append(UNITS_ASSUMED)
    return curves, technique, tuple(assumed)


def expect_points(
    curves: Sequence[Curve], technique: str | None, points_min: int = SHORT_MIN
) -> None:
    """Refuse curves of which none has enough points and a potential, or a time, that changes.

    Raises
    ------
    FormatError
        With the number of points that are missing.
    """
    longest = max(curves, key=lambda curve: len(curve.current_a), default=None)
    points = len(longest.current_a) if longest else 0
    if longest is None or points < points_min:
        raise FormatError(
            f"The file has {points} points, fewer than the {points_min} of the shortest "
            "voltammogram; wait until the scan is finished, or check the file."
        )
    over_time = technique in TIME_TECHNIQUES
    axis = longest.time_s if over_time else longest.potential_v
    if axis is None:
        raise FormatError(
            "The currents of chronoamperometry have no times; record or export the time as well."
        )
    if all(place == axis[0] for place in axis):
        raise FormatError(
            f"The {'time' if over_time else 'potential'} does not change, so this is no "
            f"{'chronoamperogram' if over_time else 'voltammogram'}; check the columns in the "
            "reading settings."
        )


def expect_scans(scans: Sequence[Scan]) -> None:
    """Refuse a file of whose scans none has enough points.

    Raises
    ------
    FormatError
        With the number of points that are missing.
    """
    longest = max(scans, key=lambda scan: scan.points, default=None)
    expect_points(longest.curves if longest else (), longest.technique if longest else None)


def turns(potentials: Sequence[float | None]) -> bool:
    """Whether a sweep comes back by more than a tenth of its range."""
    values = [value for value in potentials if value is not None and math.isfinite(value)]
    if len(values) < 3:
        return False
    span = max(values) - min(values)
    return span - abs(values[-1] - values[0]) > _TURN_SHARE * span


def since_first_point(curve: Curve) -> Curve:
    """The curve with its clock set to 0 at its first point, for clocks that began before it."""
    if not curve.time_s:
        return curve
    first = curve.time_s[0]
    return replace(curve, time_s=tuple(time - first for time in curve.time_s))


def curves_of(points: Points) -> tuple[Curve, ...]:
    """The curves of points by electrode and role; one has times if all of its points have."""
    curves = []
    for electrode, role in sorted(points, key=lambda key: (key[0], ROLES.index(key[1]))):
        potentials, currents, times = zip(*points[electrode, role], strict=True)
        timed = all(map(math.isfinite, times))
        curves.append(Curve(electrode, role, potentials, currents, times if timed else None))
    return tuple(curves)


# All columns of a file have one of few scales.
@lru_cache(maxsize=64)
def divisor(scale: float | None) -> float:
    """The number to divide by; a whole one where it can be, which keeps decimal numbers exact."""
    if scale is None:
        return 1.0
    whole = float(round(1 / scale))
    return whole if math.isclose(whole * scale, 1.0, rel_tol=1e-12) else 1 / scale


def _technique(table: Table, column: CurrentColumn) -> str:
    if column.potential is None:
        return "ca"
    potentials = table.columns[column.potential]
    if column.time is not None and _is_held(potentials, divisor(column.potential_scale)):
        return "ca"
    return "cv" if turns(potentials) else "swv"


def _is_held(potentials: Sequence[float | None], by: float) -> bool:
    values = [value / by for value in potentials if value is not None and math.isfinite(value)]
    if not values:
        return False
    middle = median(values)
    return sum(abs(value - middle) < _STILL_V for value in values) > _STILL_SHARE * len(values)


def _unit_missing(column: CurrentColumn) -> bool:
    potential = column.potential is not None and column.potential_scale is None
    time = column.potential is None and column.time_scale is None
    return potential or time or column.current_scale is None


def _curve(table: Table, column: CurrentColumn, technique: str, *, invert: bool) -> Curve:
    potentials, currents, times = _rows(table, column, over_time=technique in TIME_TECHNIQUES)
    missing = 0 if table.gapless[column.current] else sum(map(math.isnan, currents))
    if missing > max(_NAN_COUNT_MAX, _NAN_SHARE_MAX * len(currents)):
        raise FormatError(
            f"{missing} of {len(currents)} currents are not numbers; the measurement failed or the "
            "wrong column was taken; check the file."
        )
    curve = Curve(
        column.electrode or 1,
        column.role or ("difference" if technique in PULSE_TECHNIQUES else "total"),
        _divided(potentials, divisor(column.potential_scale)),
        _divided(currents, divisor(column.current_scale) * (-1.0 if invert else 1.0)),
        None if times is None else _divided(times, divisor(column.time_scale)),
    )
    seconds = curve.time_s
    # A clock that shows more than the whole scan at its first point began before it.
    earlier = seconds and seconds[0] > seconds[-1] - seconds[0] > 0
    return since_first_point(curve) if earlier else curve


def _rows(
    table: Table, column: CurrentColumn, *, over_time: bool
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...] | None]:
    """Potentials, currents and times of the rows that have a current and a place on the axis."""
    axis = column.time if over_time else column.potential
    kept: Sequence[int] | None = None
    if axis is not None and not (table.gapless[axis] and table.gapless[column.current]):
        kept = [
            k
            for k, (place, current) in enumerate(
                zip(table.columns[axis], table.columns[column.current], strict=True)
            )
            if place is not None and current is not None and math.isfinite(place)
        ]
    currents = _numbers(table, column.current, kept)
    if column.potential is None:
        potentials = (math.nan,) * len(currents)
    else:
        potentials = _numbers(table, column.potential, kept)
    return potentials, currents, None if column.time is None else _numbers(table, column.time, kept)


def _numbers(table: Table, column: int, kept: Sequence[int] | None) -> tuple[float, ...]:
    """The cells of some rows, all of them if None; nan where a cell is empty."""
    cells = table.columns[column]
    if kept is not None:
        cells = tuple(cells[k] for k in kept)
    if not table.gapless[column]:
        cells = tuple(math.nan if cell is None else cell for cell in cells)
    return cells  # type: ignore[return-value]


def _divided(values: tuple[float, ...], by: float) -> tuple[float, ...]:
    return values if by == 1.0 else tuple(value / by for value in values)
