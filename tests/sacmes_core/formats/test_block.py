"""Regular lines are split all at once; what is no number to the patient way is none to this one."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sacmes_core.formats import block as blocks
from sacmes_core.formats.block import Block, read_block
from sacmes_core.formats.layout import Layout
from sacmes_core.formats.scan import Decimal, Delimiter

COMMA = Layout("comma", "point")
ROWS = 12


def lines_with(cell: str, line: int, column: int = 1) -> list[str]:
    rows = [[f"{-0.001 * k:.3f}", f"{k}.5e-7", f"{k}"] for k in range(1, ROWS + 1)]
    rows[line][column] = cell
    return [", ".join(row) for row in rows]


def second_column(lines: list[str], layout: Layout = COMMA) -> tuple[float | None, ...]:
    block = read_block(lines, 0, len(lines), layout, (True, True, True))
    return block.columns[1] if block.end == ROWS else ()


def test_numbers_are_those_of_float() -> None:
    lines = lines_with("-4.2E-008", 3)
    columns = list(zip(*(map(float, line.split(",")) for line in lines), strict=True))
    block = read_block(lines, 0, ROWS, COMMA, (True, True, True))
    assert list(block.columns) == columns
    assert all(isinstance(value, float) for column in block.columns for value in column)


@pytest.mark.parametrize("end", ["", ","])
def test_a_single_column_is_read_as_any_other(end: str) -> None:
    lines = [f"{k}.5e-7{end}" for k in range(ROWS)]
    block = read_block(lines, 0, ROWS, COMMA, (True,))
    assert block == Block((tuple(float(f"{k}.5e-7") for k in range(ROWS)),), (True,), ROWS)


def test_scans_of_a_run_have_their_potentials_in_common() -> None:
    one, another = (
        read_block(lines_with(cell, 3), 0, ROWS, COMMA, (True, True, True)).columns
        for cell in ("1e-9", "2e-9")
    )
    assert one[0] is another[0]
    assert one[1] != another[1]


@pytest.mark.parametrize("cell", ["+4.2e-8", ".042e-6", "042e-9", "4.2e-8\t", "42.e-9"])
def test_numbers_of_any_form_are_read(cell: str) -> None:
    assert second_column(lines_with(cell, 3))[3] == float(cell)


@pytest.mark.parametrize("cell", ["true", "false", "null", "NaN", "[]", '"a"', "1e999", "{}", ""])
def test_words_and_signs_are_no_numbers(cell: str) -> None:
    value = second_column(lines_with(cell, 3))[3]
    assert value is None or value != value


@pytest.mark.parametrize("cell", ["1.5e-7, 2", "1.5e-7, null", "null, null"])
def test_a_longer_line_ends_the_block(cell: str) -> None:
    block = read_block(lines_with(cell, 3), 0, ROWS, COMMA, (True, True, True))
    assert block.end < ROWS or all(len(column) == ROWS for column in block.columns)
    assert block.columns[1][:3] == (1.5e-7, 2.5e-7, 3.5e-7)
    assert 2.0 not in block.columns[2][3:4]


def test_nested_brackets_exhaust_nothing() -> None:
    assert second_column(lines_with("[" * 50_000, 3))[3] is None


@pytest.mark.parametrize("delimiter", ["tab", "semicolon"])
@pytest.mark.parametrize("decimal", ["point", "comma"])
def test_other_delimiters_and_decimal_signs_give_the_same_numbers(
    delimiter: Delimiter, decimal: Decimal
) -> None:
    layout = Layout(delimiter, decimal)
    lines = [line.replace(", ", layout.separator or "") for line in lines_with("7.25e-8", 3)]
    if decimal == "comma":
        lines = [line.replace(".", ",") for line in lines]
    assert second_column(lines, layout)[3] == 7.25e-8


ODD = [
    "1e999",
    "+1.5",
    ".5",
    "5.",
    "007",
    "1_0",
    "0x1",
    "1D-7",
    "nan",
    "inf",
    "true",
    "null",
    "[1]",
]
CELLS = st.one_of(
    st.floats(allow_nan=False, width=32).map(str),
    st.sampled_from(ODD),
    st.text(' ,;.-+eEdD01nrs"[]{}\t\u0663', max_size=6),
)
NUMBERS = st.integers(-99_999, 99_999).map(lambda k: f"{k / 1e3:.3e}")


@st.composite
def mutated_lines(draw: st.DrawFn) -> tuple[list[str], Layout]:
    """Lines of three numbers of which some have got other cells, more cells or fewer."""
    layout = Layout(draw(st.sampled_from(["comma", "semicolon", "tab", "space"])), "point")
    separator = draw(st.sampled_from(["", " "])).join([layout.separator or " ", ""])
    rows = draw(st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=9))
    for _ in range(draw(st.integers(0, 2))):
        rows[draw(st.integers(0, len(rows) - 1))] = draw(st.lists(CELLS, max_size=5))
    return [separator.join(row) for row in rows], layout


@given(mutated_lines())
def test_the_quick_ways_read_what_the_patient_one_reads(case: tuple[list[str], Layout]) -> None:
    lines, layout = case
    with patch.object(blocks, "_regular", lambda *_: None):
        patient = read_block(lines, 0, len(lines), layout, (True, True, True))
    assert written(read_block(lines, 0, len(lines), layout, (True, True, True))) == written(patient)


def written(block: Block) -> tuple[str, int]:
    """What a block holds, with nan equal to nan."""
    return repr(block.columns), block.end
