"""Scripts that are wrong, each with the error and the place that the instrument names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sacmes_core.simulate.instruments.script import Number, ScriptError, parse_script


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (["foo"], "!4001: Line 1, Col 1"),
        (["var p", "  set_gain 3"], "!4001: Line 2, Col 3"),
        (["# nothing", "wait 1s"], "!4004: Line 2, Col 7"),
        (["wait 0.5"], "!4004: Line 1, Col 7"),
        (["wait 5e3"], "!4004: Line 1, Col 7"),
        (["wait -"], "!4004: Line 1, Col 6"),
        (["wait\r"], "!4002: Line 1, Col 6"),
        (["wait"], "!4002: Line 1, Col 5"),
        (["wait 1 2"], "!4004: Line 1, Col 8"),
        (["wait é"], "!4004: Line 1, Col 6"),
        (["var p", "var q", "var p"], "!4026: Line 3, Col 5"),
        (["set_e p"], "!420B: Line 1, Col 7"),
        (["var p", "copy_var p q"], "!420B: Line 2, Col 12"),
        (["var p", "store_var p 1 QQ"], "!4004: Line 2, Col 15"),
        (["var p", "loop p => 2", "endloop"], "!4004: Line 2, Col 8"),
        (["endloop"], "!400C: Line 1, Col 1"),
        (["breakloop"], "!400C: Line 1, Col 1"),
        (["pck_add 1"], "!400C: Line 1, Col 1"),
        (["pck_end"], "!400C: Line 1, Col 1"),
        (["pck_start", "pck_start"], "!400C: Line 2, Col 1"),
        (["pck_start", "pck_add 1"], "!4018: Line 3, Col 1"),
        (["on_finished:", "on_finished:"], "!400C: Line 2, Col 1"),
        (["loop 1 < 2", "on_finished:"], "!400C: Line 2, Col 1"),
        (["loop 1 < 2"], "!4018: Line 2, Col 1"),
        (["loop 1 < 2"] * 9, "!400D: Line 9, Col 1"),
        (
            ["var p", "var c", "meas_loop_ca p c 0 1 1", "\tmeas_loop_ca p c 0 1 1"],
            "!400B: Line 4, Col 2",
        ),
        (["var p", "var c", "meas_loop_cv p c 0 1 0 1m 1 nscan(2)"], "!4008: Line 3, Col 29"),
        (["var p", "var c", "meas_loop_cv p c 0 1 0 1m 1 nscans(a)"], "!4002: Line 3, Col 29"),
        (["var p", "var c", "meas_loop_lsv p c 0 1 1m 1 nscans(2)"], "!4008: Line 3, Col 28"),
        (['send_string "no end'], "!4004: Line 1, Col 13"),
    ],
)
def test_wrong_scripts(lines: list[str], error: str) -> None:
    with pytest.raises(ScriptError) as raised:
        parse_script(lines)
    assert str(raised.value) == error


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("-500m", Number(-0.5)),
        ("51i", Number(51, integer=True)),
        ("0x3FFi", Number(1023, integer=True)),
        ("0b111", Number(7, integer=True)),
        ("2100n", Number(2.1e-6)),
        ("100000", Number(1e5)),
        ("4k", Number(4e3)),
    ],
)
def test_numbers_are_whole_with_a_prefix(text: str, number: Number) -> None:
    ((statement,), _) = parse_script([f"wait {text}"])
    assert statement.arguments == (number,)


def test_loops_hold_what_they_repeat_and_the_end_stands_by_itself() -> None:
    script = parse_script(
        ["var i", "loop i < 3i", " add_var i 1i # next", "endloop", "on_finished:", "cell_off"]
    )
    assert [statement.command for statement in script.main] == ["var", "loop"]
    assert [statement.command for statement in script.main[1].body] == ["add_var"]
    assert [(statement.command, statement.line) for statement in script.finish] == [("cell_off", 6)]


def error_of(lines: list[str]) -> ScriptError | None:
    try:
        parse_script(lines)
    except ScriptError as error:
        return error
    return None


@given(st.lists(st.text(alphabet=st.characters(max_codepoint=255), max_size=40), max_size=10))
def test_any_text_is_a_script_or_an_error_with_its_place(lines: list[str]) -> None:
    if error := error_of(lines):
        assert 1 <= error.line <= len(lines) + 1
        assert error.column >= 1
