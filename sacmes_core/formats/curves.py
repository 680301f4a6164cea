"""From a table's columns to curves in volts and amperes, and what the sweep looks like."""

import math
from collections.abc import Sequence
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.flags import TECHNIQUE_ASSUMED, UNITS_ASSUMED
from sacmes_core.formats.columns import CurrentColumn, choose_columns
from sacmes_core.formats.scan import PULSE_TECHNIQUES, ColumnMapping, Curve, Role
from sacmes_core.formats.table import Table

POINTS_MIN: Final = 10
SHORT_MIN: Final = 3
"""Points that are enough where the format leaves no doubt about what they are."""

_NAN_SHARE_MAX: Final = 0.01
_TURN_SHARE: Final = 0.1


def build_curves(
    table: Table, technique: str | None, mapping: ColumnMapping
) -> tuple[tuple[Curve, ...], str, tuple[str, ...]]:
    """Make the curves of a table.

    Parameters
    ----------
    technique
        From the header; None to tell ``cv`` from ``swv`` by whether the sweep turns.

    Returns
    -------
    curves, technique, flags

    Raises
    ------
    FormatError
        If the table has no voltammogram of at least ten points.
    """
    curves, technique, flags = convert_columns(table, technique, mapping)
    expect_voltammogram(curves, POINTS_MIN)
    return curves, technique, flags


def convert_columns(
    table: Table, technique: str | None, mapping: ColumnMapping
) -> tuple[tuple[Curve, ...], str, tuple[str, ...]]:
    """Make the curves of a table as `build_curves` does, of any number of points."""
    columns = choose_columns(table, mapping)
    first = table.columns[columns[0].potential]
    assumed: list[str] = []
    if technique is None:
        technique = "cv" if turns(first) else "swv"
        if technique == "swv" and all(column.role is None for column in columns):
            assumed.append(TECHNIQUE_ASSUMED)
    curves = tuple(
        _curve(table, column, technique, invert=mapping.invert_current) for column in columns
    )
    if any(c.potential_scale is None or c.current_scale is None for c in columns):
        assumed.append(UNITS_ASSUMED)
    return curves, technique, tuple(assumed)


def expect_voltammogram(curves: Sequence[Curve], points_min: int = SHORT_MIN) -> None:
    """Refuse curves of which none has enough points and a potential that changes.

    Raises
    ------
    FormatError
        With the number of points that are missing.
    """
    longest = max(curves, key=lambda curve: len(curve.potential_v), default=None)
    points = len(longest.potential_v) if longest else 0
    if longest is None or points < points_min:
        raise FormatError(
            f"The file has {points} points, fewer than the {points_min} of the shortest "
            "voltammogram; wait until the scan is finished, or check the file."
        )
    if min(longest.potential_v) == max(longest.potential_v):
        raise FormatError(
            "The potential does not change, so this is no voltammogram; check the columns in the "
            "reading settings."
        )


def turns(potentials: Sequence[float | None]) -> bool:
    """Whether a sweep comes back by more than a tenth of its range."""
    values = [value for value in potentials if value is not None and math.isfinite(value)]
    if len(values) < 3:
        return False
    span = max(values) - min(values)
    return span - abs(values[-1] - values[0]) > _TURN_SHARE * span


def _curve(table: Table, column: CurrentColumn, technique: str, *, invert: bool) -> Curve:
    potential_scale = divisor(column.potential_scale)
    current_scale = divisor(column.current_scale)
    sign = -1.0 if invert else 1.0
    points = [
        (potential, current)
        for potential, current in zip(
            table.columns[column.potential], table.columns[column.current], strict=True
        )
        if potential is not None and current is not None and math.isfinite(potential)
    ]
    missing = sum(math.isnan(current) for _, current in points)
    if missing > _NAN_SHARE_MAX * len(points):
        raise FormatError(
            f"{missing} of {len(points)} currents are not numbers; the measurement failed or the "
            "wrong column was taken; check the file."
        )
    default: Role = "difference" if technique in PULSE_TECHNIQUES else "total"
    return Curve(
        electrode=column.electrode or 1,
        role=column.role or default,
        potential_v=tuple(potential / potential_scale for potential, _ in points),
        current_a=tuple(sign * current / current_scale for _, current in points),
    )


def divisor(scale: float | None) -> float:
    """The number to divide by; a whole one for small units, which keeps decimal numbers exact."""
    if scale is None:
        return 1.0
    return 1.0 / scale if scale >= 1 else float(round(1 / scale))
