"""Which columns of a table are potentials, which is the time and which are whose currents."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import Final

from sacmes_core.errors import FormatError
from sacmes_core.formats.heading_rows import counts_up, find_headings, refuse_unfitting_headings
from sacmes_core.formats.headings import Heading
from sacmes_core.formats.scan import CURRENT_UNITS, POTENTIAL_UNITS, ColumnMapping, Role
from sacmes_core.formats.table import Table

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
    _refuse_impossible(table, mapping)
    headings = find_headings(table)
    chosen: Sequence[CurrentColumn]
    if mapping.names_columns:
        chosen = _by_mapping(table, headings, mapping, over_time=over_time)
    elif any(heading.quantity in ("potential", "current") for heading in headings):
        chosen = _by_headings(headings, table.numeric, mapping, over_time)
    elif over_time or mapping.first_is_time or mapping.time_column:
        chosen = _over_time(table, headings, mapping)
    else:
        refuse_unfitting_headings(table, headings)
        chosen = _by_numbers(table, headings, mapping)
    chosen = _numbered(_with_triples(table, chosen))
    for column in chosen:
        _expect_units(table, headings, column)
    return tuple(chosen)


def _refuse_impossible(table: Table, mapping: ColumnMapping) -> None:
    """Refuse a mapping to columns that are not there or hold no numbers."""
    named = (mapping.time_column, mapping.potential_column, mapping.current_column)
    width = len(table.columns)
    for column in named:
        if column is not None and column > width:
            raise FormatError(
                f"The file has {width} columns, so there is no column {column}; correct the "
                "columns in the reading settings."
            )
        if column is not None and not _holds_numbers(table, column - 1):
            raise FormatError(
                f"Column {column}, which the reading settings name, holds no numbers; correct the "
                "settings."
            )
    if mapping.column_spacing is not None and mapping.current_column is None:
        raise FormatError(
            "The reading settings name the distance of the currents' columns but not the first of "
            "them; set the current's column as well."
        )


def _by_mapping(
    table: Table, headings: Sequence[Heading], mapping: ColumnMapping, *, over_time: bool
) -> list[CurrentColumn]:
    width = len(table.columns)
    time = mapping.time_column - 1 if mapping.time_column else None
    potential = mapping.potential_column - 1 if mapping.potential_column else None
    times = _best(headings, table.numeric, "time")
    if time is None and (over_time or mapping.first_is_time):
        time = times[0] if times else 0
    if time is None and potential is None:
        potential = 0
    first = (mapping.current_column or 2) - 1
    named = [column for column in (time, potential, first) if column is not None]
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
        column = _column(headings, mapping, potential, current, time)
        # Whatever its heading says: the current that is named is the one to be analysed.
        chosen.append(replace(column, electrode=column.electrode or order + 1, role=None))
    if not chosen or not all(_holds_numbers(table, column) for column in named):
        raise FormatError(
            "The columns named in the reading settings hold no numbers; correct the settings."
        )
    return chosen


# The scans of a run share their headings.
@lru_cache(maxsize=16)
def _by_headings(
    headings: tuple[Heading, ...],
    numeric: tuple[bool, ...],
    mapping: ColumnMapping,
    over_time: bool,
) -> tuple[CurrentColumn, ...]:
    potentials = _best(headings, numeric, "potential")
    currents = _without_raw(headings, _best(headings, numeric, "current"))
    times = _best(headings, numeric, "time")
    if mapping.potential_column:
        potentials = [mapping.potential_column - 1]
    if mapping.time_column:
        times = [mapping.time_column - 1]
    if not currents or not (potentials or times) or (over_time and not times):
        missing = "current" if not currents else "time" if over_time else "potential"
        raise FormatError(
            f"No column with a {missing} was found by its heading; export potential and current, "
            "or name the columns in the reading settings."
        )
    return tuple(
        _column(
            headings,
            mapping,
            _beside(potentials, current, currents),
            current,
            _beside(times, current, currents),
        )
        for current in currents
        if current + 1 not in (mapping.potential_column, mapping.time_column)
    )


def _without_raw(headings: Sequence[Heading], currents: Sequence[int]) -> list[int]:
    """The currents without those of no role beside a difference of the same electrode."""
    named = {headings[k].electrode for k in currents if headings[k].role == "difference"}
    return [k for k in currents if headings[k].role or headings[k].electrode not in named]


def _column(
    headings: Sequence[Heading],
    mapping: ColumnMapping,
    potential: int | None,
    current: int,
    time: int | None,
) -> CurrentColumn:
    """A current with what its heading and those of its potential and time say."""
    heading = headings[current]
    potential_scale = None if potential is None else headings[potential].scale
    if mapping.potential_unit is not None:
        potential_scale = POTENTIAL_UNITS[mapping.potential_unit]
    current_scale = heading.scale
    if mapping.current_unit is not None:
        current_scale = CURRENT_UNITS[mapping.current_unit]
    return CurrentColumn(
        potential,
        current,
        heading.electrode,
        heading.role,
        time,
        potential_scale,
        current_scale,
        None if time is None else headings[time].scale,
    )


def _beside(columns: Sequence[int], current: int, currents: Sequence[int]) -> int | None:
    """Which of the columns goes with a current: of those nearest to its left the first.

    Where curves stand side by side each current has its own; where several potentials stand
    together the first is that of the working electrode.
    """
    left = [column for column in columns if column < current]
    if not left:
        return next(iter(columns), None)
    before = max((other for other in currents if other < left[-1]), default=-1)
    return next(column for column in left if column > before)


def _best(headings: Sequence[Heading], numeric: Sequence[bool], quantity: str) -> list[int]:
    """The columns of numbers of a quantity, measured ones before derived ones."""
    found = [
        k
        for k, (heading, is_numeric) in enumerate(zip(headings, numeric, strict=True))
        if heading.quantity == quantity and is_numeric
    ]
    lowest = min((headings[k].rank for k in found), default=0)
    return [k for k in found if headings[k].rank == lowest]


def _by_numbers(
    table: Table, headings: Sequence[Heading], mapping: ColumnMapping
) -> list[CurrentColumn]:
    usable = [k for k in range(len(table.columns)) if _holds_numbers(table, k)] or [0]
    if len(usable) > 2 and counts_up(table.columns[usable[0]]):
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
    currents = [k for k in usable if k > potential] or [k for k in usable if k < potential]
    if not currents:
        raise FormatError(
            "No column with a current was found; name the columns in the reading settings."
        )
    return [_column(headings, mapping, potential, k, time) for k in currents]


def _over_time(
    table: Table, headings: Sequence[Heading], mapping: ColumnMapping
) -> list[CurrentColumn]:
    """Bare columns of time, perhaps the potential, and currents; mostly of chronoamperometry."""
    usable = [k for k in range(len(table.columns)) if _holds_numbers(table, k)]
    time = mapping.time_column - 1 if mapping.time_column else usable[0]
    potential = mapping.potential_column - 1 if mapping.potential_column else None
    currents = [k for k in usable if k > time and k != potential]
    if potential is None and len(currents) > 1:
        beside = table.columns[currents[0]]
        if len(set(beside)) <= _LEVELS or _is_grid(beside):
            potential, *currents = currents
    if not currents or time not in usable:
        raise FormatError(
            "No columns with a time and a current were found; name them in the reading settings."
        )
    return [_column(headings, mapping, potential, k, time) for k in currents]


def _holds_numbers(table: Table, column: int) -> bool:
    return table.numeric[column]


def _is_grid(column: Sequence[float | None]) -> bool:
    """Whether a column goes up and down in steps of one size."""
    values = [value for value in column if value is not None and math.isfinite(value)]
    steps = [abs(b - a) for a, b in pairwise(values) if b != a]
    if len(steps) < 3:
        return False
    step = median(steps)
    return sum(abs(s - step) < 1e-3 * step for s in steps) >= _GRID_SHARE * len(steps)


def _with_triples(table: Table, chosen: Sequence[CurrentColumn]) -> Sequence[CurrentColumn]:
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


def _numbered(chosen: Sequence[CurrentColumn]) -> Sequence[CurrentColumn]:
    """Give unnumbered currents of several electrodes their numbers, in order of the columns."""
    if len(chosen) == 1:
        return chosen
    named = [(c.electrode, c.role) for c in chosen]
    if len(set(named)) == len(named) and all(electrode is not None for electrode, _ in named):
        return chosen
    taken = Counter(named)
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


def _expect_units(table: Table, headings: Sequence[Heading], column: CurrentColumn) -> None:
    """Refuse numbers without a unit that cannot be volts and amperes."""
    if column.current_scale is None:
        _expect(
            table.columns[column.current],
            CURRENT_PLAUSIBLE_MAX_A,
            "currents",
            "amperes",
            headings[column.current],
        )
    if column.potential is not None and column.potential_scale is None:
        _expect(
            table.columns[column.potential],
            POTENTIAL_PLAUSIBLE_MAX_V,
            "potentials",
            "volts",
            headings[column.potential],
        )


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
