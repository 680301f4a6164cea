"""Numbers with units as people type them."""

import pytest

from sacmes_core.settings.quantities import quantity


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1mV", "V", 1e-3),
        ("-0.5", "V", -0.5),
        ("−500 mV", "V", -0.5),
        ("10 µA", "A", 1e-5),
        ("10uA", "A", 1e-5),
        ("100nA", "A", 1e-7),
        (".5", "V", 0.5),
        ("1e-3", "V", 1e-3),
        ("2min", "s", 120.0),
        ("1.5 h", "s", 5400.0),
        ("20ms", "s", 0.02),
        ("3d", "s", 259200.0),
    ],
)
def test_what_people_type(text: str, unit: str, value: float) -> None:
    assert quantity(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit"),
    [("", "V"), ("x", "V"), ("1 mA", "V"), ("1 m", "V"), ("1 GV", "V"), ("1,5", "V"), ("--1", "V")],
)
def test_anything_else_is_a_sentence(text: str, unit: str) -> None:
    with pytest.raises(ValueError, match=unit):
        quantity(text, unit)
