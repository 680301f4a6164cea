"""Tables of curves one below the other, whose scans, electrodes or frequencies columns name."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.table import TABLES_MAX, Table

_NUMBER: Final = r"(?:[ _]?(?:number|no\.?|nr\.?|id|#))?"
SCAN: Final = re.compile(rf"scan{_NUMBER}", re.IGNORECASE)
ELECTRODE: Final = re.compile(rf"(?:electrode|channel|chan|ch){_NUMBER}", re.IGNORECASE)
FREQUENCY: Final = re.compile(r"freq(?:uency)?(?:\s*[(\[/]\s*Hz\s*[)\]]?|_Hz|, Hz)?", re.IGNORECASE)

ELECTRODE_MAX: Final = 256


def parts_by(
    table: Table, heading: re.Pattern[str], points_min: int
) -> Sequence[tuple[float | None, Table]]:
    """The rows of each value in a column, by value, in order of appearance.

    Parts that are too short, as the first rows of a scan that is being measured, are left out.

    Returns
    -------
    sequence of (value, part)
        The table itself, with None, if no column of this heading tells parts of it apart.

    Raises
    ------
    FormatError
        If there are more parts than a series of scans has.
    """
    names = table.layout.cells(table.above[0]) if table.above else []
    place = next((k for k, name in enumerate(names) if heading.fullmatch(name)), None)
    if place is None or len(names) != len(table.columns) or not table.gapless[place]:
        return [(None, table)]
    column = table.columns[place]
    # A column that counts the rows has no value that comes back.
    if not 1 < len(set(column)) <= len(column) // 2:
        return [(None, table)]
    rows: dict[float, list[int]] = {}
    for k, value in enumerate(column):
        if value is not None:
            rows.setdefault(value, []).append(k)
    long = {value: kept for value, kept in rows.items() if len(kept) >= points_min}
    if not long:
        return [(None, table)]
    if len(long) > TABLES_MAX:
        raise FormatError(
            f"The column “{names[place]}” names more than {TABLES_MAX:,} scans; export one "
            "scan, or one series of scans, into each file."
        )
    last = len(column) - 1
    return [
        (
            value,
            replace(
                table,
                columns=tuple(tuple(cells[k] for k in kept) for cells in table.columns),
                cut=table.cut and kept[-1] == last,
            ),
        )
        for value, kept in long.items()
    ]


def numbers_of(values: Sequence[float | None]) -> list[int] | None:
    """The values as numbers of electrodes, from 1; None if they are none.

    >>> numbers_of([0, 1, 2])
    [1, 2, 3]
    """
    whole = [int(value) for value in values if value is not None and value.is_integer()]
    first = 1 if 0 in whole else 0
    if len(whole) < len(values) or not all(0 < k + first <= ELECTRODE_MAX for k in whole):
        return None
    return [k + first for k in whole]
