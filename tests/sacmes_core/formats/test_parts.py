"""Parts of a table by the values of a column: short ones, counters, too many."""

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.parts import SCAN, parts_by
from sacmes_core.formats.table import TABLES_MAX, Table, find_tables


def table(numbers: list[int], heading: str = "Scan") -> Table:
    lines = [f"{heading};E/V;I/A", *(f"{k};0.{n};1e-6" for n, k in enumerate(numbers)), ""]
    return next(find_tables(lines))


def lengths(numbers: list[int], heading: str = "Scan") -> list[tuple[float | None, int]]:
    parts = parts_by(table(numbers, heading), SCAN, 3)
    return [(value, len(part.columns[0])) for value, part in parts]


@pytest.mark.parametrize("heading", ["Scan", "scan number", "Scan #", "scan_id"])
def test_each_value_is_a_part(heading: str) -> None:
    assert lengths([4] * 5 + [7] * 6, heading) == [(4, 5), (7, 6)]


def test_short_parts_are_left_out() -> None:
    assert lengths([1] * 5 + [2] * 6 + [3]) == [(1, 5), (2, 6)]


@pytest.mark.parametrize("numbers", [[1] * 12, list(range(12)), [k // 2 for k in range(12)]])
def test_what_tells_no_parts_apart(numbers: list[int]) -> None:
    assert lengths(numbers) == [(None, 12)]


def test_other_headings_tell_no_parts_apart() -> None:
    assert lengths([1] * 5 + [2] * 5, "Scan rate") == [(None, 10)]


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(FormatError, match="names more than 2,000 scans"):
        lengths([k // 3 for k in range(3 * TABLES_MAX + 3)])
