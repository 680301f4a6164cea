"""Which columns of a table are potentials, which is the time and which are whose currents."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.headings import Heading, is_unit_row, parse_heading
from sacmes_core.formats.scan import CURRENT_UNITS, POTENTIAL_UNITS, ColumnMapping, Role
from sacmes_core.formats.table import Table, uncomment

POTENTIAL_PLAUSIBLE_MAX_V: Final = 10.0
CURRENT_PLAUSIBLE_MAX_A: Final = 1e-2
"""Median |I| above which amperes are not believed of a file that names no unit."""

_TRIPLE_TOLERANCE: Final = 2e-3
_TRIPLE_SHARE: Final = 0.98
_GRID_SHARE: Final = 0.9
_LEVELS: Final = 3
"""Different values that a column of held potentials has at most."""


@dataclass(frozen=True, slots=True)
class CurrentColumn:
    """One current: the columns of its potential, its time and itself, and their factors to SI."""

    potential: int | None
    current: int
    electrode: int | None = None
    role: Role | None = None
    time: int | None = None
    potential_scale: float | None = None
    current_scale: float | None = None
    time_scale: float | None = None


def choose_columns(
    table: Table, mapping: ColumnMapping, *, over_time: bool = False
) -> tuple[CurrentColumn, ...]:
    """Say which columns hold what: by the mapping, else the headings, else the numbers.

    Parameters
    ----------
    over_time
        Whether the file names a technique whose currents are over time.

    Raises
    ------
    FormatError
        If there is no pair of potential and current, or a unit cannot be guessed.
    """
    headings = find_headings(table)
    if mapping.names_columns:
        chosen = _by_mapping(table, headings, mapping, over_time=over_time)
    elif any(heading.quantity in ("potential", "current") for heading in headings):
        chosen = _by_headings(table, headings, mapping, over_time=over_time)
    elif over_time or mapping.first_is_time or mapping.time_column:
        chosen = _over_time(table, mapping)
    else:
        _refuse_unfitting_headings(table)
        chosen = _by_numbers(table, mapping)
    chosen = _numbered(_with_triples(table, chosen))
    return tuple(_with_units(table, headings, column, mapping) for column in chosen)


def find_headings(table: Table) -> list[Heading]:
    """The headings above a table, one for each column; all unknown if there are none."""
    width = len(table.columns)
    unknown = [Heading("unknown")] * width
    units: list[str] | None = None
    for line in table.above[:6]:
        cells = _heading_cells(line, table)
        if cells is None:
            if units is None and _is_prose(line):
                continue
            break
        if units is None and is_unit_row(cells):
            units = cells
            continue
        if units is not None:
            cells = [
                f"{name} ({unit.strip(' ()[]')})" if unit.strip(" ()[]") else name
                for name, unit in zip(cells, units, strict=True)
            ]
        headings = [parse_heading(cell) for cell in cells]
        if any(heading.quantity != "unknown" for heading in headings):
            return headings
        break
    return [parse_heading(f"({unit})") for unit in units] if units else unknown


def _is_prose(line: str) -> bool:
    """Whether a line above the numbers may be skipped in the search for headings."""
    return not any(character.isalpha() for character in line)


def _heading_cells(line: str, table: Table) -> list[str] | None:
    """The line as one heading for each column, or None if it does not fit."""
    plain = uncomment(line)
    width = len(table.columns)
    cells = table.layout.cells(line)
    if len(cells) == width:
        return cells
    candidates = [
        cells,
        table.layout.cells(plain),
        *([cell.strip() for cell in plain.split(sign)] for sign in "\t;,"),
        [cell.strip() for cell in re.split(r"\s{2,}|\t", plain)],
        re.findall(r"[^\s(\[]+(?:\s*[(\[][^)\]]*[)\]]\S*)*", plain),
    ]
    fitting = (cells for cells in candidates if len(cells) == width)
    # One heading more than columns: some instruments name a time that they do not write.
    one_more = (cells[:width] for cells in candidates if len(cells) == width + 1)
    # One less: R does not name the numbers of its rows, others not their last column.
    one_less = (
        ["", *cells] if _counts_up(table.columns[0]) else [*cells, ""]
        for cells in candidates
        if len(cells) == width - 1 > 1
    )
    return next(fitting, None) or next(one_more, None) or next(one_less, None)


def _refuse_unfitting_headings(table: Table) -> None:
    """Refuse to guess where there are headings, but not one for each of several columns."""
    if len(table.columns) <= 2:
        return
    for line in table.above[:2]:
        for sign in ("\t", ";", ",", None):
            quantities = {parse_heading(cell).quantity for cell in uncomment(line).split(sign)}
            if {"potential", "current"} <= quantities:
                raise FormatError(
                    f"The headings “{line.strip()[:80]}” do not fit the {len(table.columns)} "
                    "columns; name the columns in the reading settings."
                )


def _by_mapping(
    table: Table, headings: Sequence[Heading], mapping: ColumnMapping, *, over_time: bool
) -> list[CurrentColumn]:
    width = len(table.columns)
    time = mapping.time_column - 1 if mapping.time_column else None
    potential = mapping.potential_column - 1 if mapping.potential_column else None
    times = _best(table, headings, "time")
    if time is None and (over_time or mapping.first_is_time):
        time = times[0] if times else 0
    if time is None and potential is None:
        potential = 0
    first = (mapping.current_column or 2) - 1
    named = [column for column in (time, potential, first) if column is not None]
    if max(named) >= width:
        raise FormatError(
            f"The file has {width} columns, so there is no column {max(named) + 1}; "
            "correct the columns in the reading settings."
        )
    if len(set(named)) < len(named):
        raise FormatError(
            "Time, potential and current are set to the same column; correct the reading settings."
        )
    if time is None:
        time = next(iter(times), None)
    step = mapping.column_spacing or width
    chosen = []
    for order, current in enumerate(range(first, width, step)):
        if current in (time, potential) or not _holds_numbers(table, current):
            continue
        electrode = headings[current].electrode or order + 1
        chosen.append(CurrentColumn(potential, current, electrode, headings[current].role, time))
    if not chosen or not all(_holds_numbers(table, column) for column in named):
        raise FormatError(
            "The columns named in the reading settings hold no numbers; correct the settings."
        )
    return chosen


def _by_headings(
    table: Table, headings: Sequence[Heading], mapping: ColumnMapping, *, over_time: bool
) -> list[CurrentColumn]:
    potentials = _best(table, headings, "potential")
    currents = _best(table, headings, "current")
    times = _best(table, headings, "time")
    if mapping.potential_column and mapping.potential_column <= len(table.columns):
        potentials = [mapping.potential_column - 1]
    if mapping.time_column and mapping.time_column <= len(table.columns):
        times = [mapping.time_column - 1]
    if not currents or not (potentials or times) or (over_time and not times):
        missing = "current" if not currents else "time" if over_time else "potential"
        raise FormatError(
            f"No column with a {missing} was found by its heading; export potential and current, "
            "or name the columns in the reading settings."
        )
    return [
        CurrentColumn(
            _beside(potentials, current),
            current,
            headings[current].electrode,
            headings[current].role,
            _beside(times, current),
        )
        for current in currents
    ]


def _beside(columns: Sequence[int], current: int) -> int | None:
    """The nearest of the columns to the left of a current, else the first; None of none."""
    left = [column for column in columns if column < current]
    return left[-1] if left else next(iter(columns), None)


def _best(table: Table, headings: Sequence[Heading], quantity: str) -> list[int]:
    found = [
        k
        for k, heading in enumerate(headings)
        if heading.quantity == quantity and _holds_numbers(table, k)
    ]
    lowest = min((headings[k].rank for k in found), default=0)
    return [k for k in found if headings[k].rank == lowest]


def _by_numbers(table: Table, mapping: ColumnMapping) -> list[CurrentColumn]:
    usable = [k for k in range(len(table.columns)) if _holds_numbers(table, k)]
    if len(usable) > 2 and _counts_up(table.columns[usable[0]]):
        usable = usable[1:]
    time = None
    if mapping.potential_column:
        potential = mapping.potential_column - 1
    else:
        grids = [k for k in usable if _is_grid(table.columns[k])]
        potential = usable[0]
        if len(usable) > 2:
            # Of columns in equal steps the first may be time; currents never go in equal steps.
            leading = [
                k for order, k in enumerate(usable) if usable[: order + 1] == grids[: order + 1]
            ]
            potential = leading[-1] if leading and leading[-1] != usable[-1] else potential
            usable = [k for k in usable if k == potential or k not in grids]
            time = leading[0] if leading and leading[0] != potential else None
    currents = [k for k in usable if k > potential]
    if not currents:
        raise FormatError(
            "No column with a current was found; name the columns in the reading settings."
        )
    return [CurrentColumn(potential, k, time=time) for k in currents]


def _over_time(table: Table, mapping: ColumnMapping) -> list[CurrentColumn]:
    """Bare columns of chronoamperometry: time, perhaps the potential that is held, currents."""
    usable = [k for k in range(len(table.columns)) if _holds_numbers(table, k)]
    time = mapping.time_column - 1 if mapping.time_column else usable[0]
    potential = mapping.potential_column - 1 if mapping.potential_column else None
    currents = [k for k in usable if k > time and k != potential]
    if potential is None and len(currents) > 1 and len(set(table.columns[currents[0]])) <= _LEVELS:
        potential, *currents = currents
    if not currents or time not in usable:
        raise FormatError(
            "No columns with a time and a current were found; name them in the reading settings."
        )
    return [CurrentColumn(potential, k, time=time) for k in currents]


def _holds_numbers(table: Table, column: int) -> bool:
    return table.numeric[column]


def _counts_up(column: Sequence[float | None]) -> bool:
    """Whether a column is an index: whole numbers, each one more than the last."""
    values = [value for value in column if value is not None]
    return all(
        value == math.floor(value) and (k == 0 or value == values[k - 1] + 1)
        for k, value in enumerate(values)
        if not math.isnan(value)
    ) and not any(math.isnan(value) for value in values)


def _is_grid(column: Sequence[float | None]) -> bool:
    """Whether a column goes up and down in steps of one size."""
    values = [value for value in column if value is not None and math.isfinite(value)]
    steps = [abs(b - a) for a, b in pairwise(values) if b != a]
    if len(steps) < 3:
        return False
    step = median(steps)
    return sum(abs(s - step) < 1e-3 * step for s in steps) >= _GRID_SHARE * len(steps)


def _with_triples(table: Table, chosen: list[CurrentColumn]) -> list[CurrentColumn]:
    """Name difference, forward and reverse where the numbers show them and no heading does."""
    if len(chosen) % 3 or any(c.role is not None for c in chosen):
        return chosen
    if len({c.electrode for c in chosen}) == len(chosen) and chosen[0].electrode is not None:
        return chosen
    named = []
    for k in range(0, len(chosen), 3):
        triple = chosen[k : k + 3]
        if not _is_triple(*(table.columns[c.current] for c in triple)):
            return chosen
        electrode = triple[0].electrode or k // 3 + 1
        roles: tuple[Role, Role, Role] = ("difference", "forward", "reverse")
        named += [
            replace(c, role=role, electrode=electrode)
            for c, role in zip(triple, roles, strict=True)
        ]
    return named


def _is_triple(
    difference: Sequence[float | None],
    forward: Sequence[float | None],
    reverse: Sequence[float | None],
) -> bool:
    rows = [
        (d, f, r)
        for d, f, r in zip(difference, forward, reverse, strict=True)
        if d is not None and f is not None and r is not None
    ]
    fitting = sum(
        abs(d - (f - r)) <= _TRIPLE_TOLERANCE * max(abs(d), abs(f), abs(r)) for d, f, r in rows
    )
    return len(rows) > 0 and fitting >= _TRIPLE_SHARE * len(rows)


def _numbered(chosen: list[CurrentColumn]) -> list[CurrentColumn]:
    """Give unnumbered currents of several electrodes their numbers, in order of the columns."""
    taken = Counter((c.electrode, c.role) for c in chosen)
    numbered = []
    seen: Counter[Role | None] = Counter()
    for column in chosen:
        if column.electrode is None or taken[column.electrode, column.role] > 1:
            seen[column.role] += 1
            several = sum(1 for c in chosen if c.role == column.role) > 1
            numbered.append(replace(column, electrode=seen[column.role] if several else None))
        else:
            numbered.append(column)
    return numbered


def _with_units(
    table: Table, headings: Sequence[Heading], column: CurrentColumn, mapping: ColumnMapping
) -> CurrentColumn:
    current_scale = headings[column.current].scale
    if mapping.current_unit is not None:
        current_scale = CURRENT_UNITS[mapping.current_unit]
    elif current_scale is None:
        _expect(
            table.columns[column.current],
            CURRENT_PLAUSIBLE_MAX_A,
            "currents",
            "amperes",
            headings[column.current],
        )
    column = replace(column, current_scale=current_scale)
    if column.time is not None:
        column = replace(column, time_scale=headings[column.time].scale)
    if column.potential is None:
        return column
    potential_scale = headings[column.potential].scale
    if mapping.potential_unit is not None:
        potential_scale = POTENTIAL_UNITS[mapping.potential_unit]
    elif potential_scale is None:
        _expect(
            table.columns[column.potential],
            POTENTIAL_PLAUSIBLE_MAX_V,
            "potentials",
            "volts",
            headings[column.potential],
        )
    return replace(column, potential_scale=potential_scale)


def _expect(
    values: Sequence[float | None], largest: float, what: str, unit: str, heading: Heading
) -> None:
    if heading.unit_unreadable:
        raise FormatError(
            f"The unit of the {what} cannot be read from the file; set it in the reading settings."
        )
    sizes = [abs(value) for value in values if value is not None and math.isfinite(value)]
    if sizes and median(sizes) > largest:
        raise FormatError(
            f"The file names no unit, and its {what} of about {median(sizes):.3g} are too large "
            f"to be {unit}; set the unit in the reading settings."
        )
