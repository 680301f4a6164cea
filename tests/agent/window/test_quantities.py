"""Numbers for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.window.quantities import count, measured, potential, scans


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (5.231e-7, 4.2e-9, "523.1 ± 4.2 nA"),
        (-1.2e-6, None, "−1.200 µA"),
        (1.678e-6, 0.034e-6, "1.678 ± 0.034 µA"),
        (1e-9, 5e-8, "1 ± 50 nA"),
        (0.0, None, "0 A"),
        (3e-17, None, "0.03000 fA"),
        (2.5, 0.5, "2.50 ± 0.50 A"),
        (None, 1e-9, "–"),
        (float("nan"), None, "–"),
        (1e-6, 0.0, "1.000 µA"),
    ],
)
def test_a_current_has_as_many_digits_as_its_error_bears(
    value: float | None, error: float | None, text: str
) -> None:
    assert measured(value, error, "A") == text


@given(st.floats(), st.one_of(st.none(), st.floats()))
def test_any_number_is_written(value: float, error: float | None) -> None:
    assert "e" not in measured(value, error, "A") or "nan" in measured(value, error, "A")


def test_potentials_and_counts() -> None:
    assert potential(-0.2621) == "−0.262 V"
    assert potential(0.1) == "+0.100 V"
    assert potential(None) == "–"
    assert count(1234567) == "1\u2009234\u2009567"
    assert (scans(1), scans(2)) == ("1 scan", "2 scans")
