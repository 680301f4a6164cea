"""How numbers are written for people."""

import pytest

from analyzer.tables import quantity


@pytest.mark.parametrize(
    ("value", "unit", "digits", "expected"),
    [
        (1.234e-7, "A", 4, "123.4 nA"),
        (1.6e-7, "A", 2, "160 nA"),
        (-3.1349e-6, "A", 4, "-3.135 µA"),
        (-0.27791, "V", 4, "-0.2779 V"),
        (0.0, "A", 4, "0 A"),
        (None, "A", 4, "–"),
        (float("nan"), "A", 4, "–"),
    ],
)
def test_quantities_have_a_prefix_and_no_exponent(
    value: float | None, unit: str, digits: int, expected: str
) -> None:
    assert quantity(value, unit, digits=digits) == expected
