"""Lines of which an agent has said where the numbers are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sacmes_core.errors import FormatError
from sacmes_core.flags import LINES_LOST
from sacmes_core.formats.lined import LineReading, reading_from_text
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping

ROWS = [f"{-200 - k},{-15 - k / 10:.1f}" for k in range(30)]
CONTENT = "\r\n".join(["hello 1,2", *ROWS, "Ep: -0.2,3", ""]).encode()
READING = LineReading(
    "swv",
    {"potential": 1, "current": 2},
    ((2, 31),),
    potential_scale=1e-3,
    current_scale=1e-6,
)


def text(**changes: Any) -> str:
    return json.dumps(json.loads(READING.to_text()) | changes)


def test_the_lines_that_are_named_are_read_and_no_others() -> None:
    (scan,) = read(CONTENT, name="SWV_15Hz_4.txt", described=READING.to_text())
    (curve,) = scan.curves
    assert (scan.number, scan.frequency_hz, scan.technique) == (4, 15.0, "swv")
    assert (curve.role, len(curve.current_a)) == ("difference", 30)
    assert curve.potential_v[0] == -0.2
    assert curve.current_a[:2] == (-15e-6, -15.1e-6)


@pytest.mark.parametrize(("name", "frequency_hz"), [("", 15.0), ("SWV_80Hz_4.txt", 80.0)])
def test_what_came_with_it_counts_where_the_name_is_silent(name: str, frequency_hz: float) -> None:
    (scan,) = read(CONTENT, name=name, described=READING.to_text(), frequency_hz=15.0)
    assert scan.frequency_hz == frequency_hz


def test_small_units_keep_decimal_numbers_exact() -> None:
    (scan,) = read(CONTENT, described=text(current_scale=1e-9))
    assert scan.curves[0].current_a[:2] == (-15e-9, -15.1e-9)


def test_it_travels_as_text() -> None:
    assert reading_from_text(READING.to_text()) == READING


def test_what_a_person_says_of_the_columns_wins() -> None:
    mapping = ColumnMapping(potential_unit="mV", current_unit="nA")
    (scan,) = read(CONTENT, mapping=mapping, described=READING.to_text())
    assert scan.format != "lines"
    assert scan.curves[0].current_a[-1] == pytest.approx(-17.9e-9)


def test_the_sign_may_be_changed_all_the_same() -> None:
    mapping = ColumnMapping(invert_current=True)
    (scan,) = read(CONTENT, mapping=mapping, described=READING.to_text())
    assert scan.curves[0].current_a[0] == 15e-6


@pytest.mark.parametrize(("bad", "flags"), [(1, ()), (2, (LINES_LOST,))])
def test_many_lines_that_could_not_be_read_are_flagged(bad: int, flags: tuple[str, ...]) -> None:
    (scan,) = read(CONTENT, described=text(bad_lines=bad))
    assert scan.flags == flags


def test_points_that_are_missing_are_said() -> None:
    content = "\r\n".join([*ROWS[:9], *ROWS[19:], ""]).encode()
    (scan,) = read(content, described=text(lines=[[1, 20]]))
    assert scan.flags == (LINES_LOST,)


def test_chronoamperometry_is_over_time() -> None:
    reading = LineReading(
        "ca", {"time": 1, "current": 2}, ((1, 20),), time_scale=1e-3, current_scale=1e-9
    )
    content = "\n".join(f"{k * 10} ms: {100 / (k + 1):.2f} nA" for k in range(20)) + "\n"
    (scan,) = read(content.encode(), described=reading.to_text())
    assert scan.curves[0].time_s is not None
    assert scan.curves[0].time_s[1] == 0.01
    assert scan.curves[0].current_a[1] == pytest.approx(50e-9)


@pytest.mark.parametrize(
    "damaged",
    [
        "", "{", "null", "[]", text(numbers={}), text(numbers={"current": 0}),
        text(numbers={"current": 1, "strange": 2}), text(lines=[[1]]), text(lines=[[1, 1e9]]),
        text(potential_scale=0), text(current_scale="x"), text(lines=None), text(lines=[[1, True]]),
    ],
)  # fmt: skip
def test_a_damaged_one_is_a_sentence(damaged: str) -> None:
    with pytest.raises(FormatError, match="reading settings"):
        read(CONTENT, described=damaged)


def test_too_few_points_are_a_sentence() -> None:
    with pytest.raises(FormatError):
        read(CONTENT, described=text(lines=[[2, 3]]))


@given(st.binary(max_size=300), st.text(max_size=100))
def test_nothing_else_comes_of_any_bytes(content: bytes, described: str) -> None:
    for reading in (described, READING.to_text()):
        try:
            read(content, described=reading)
        except FormatError:
            continue
