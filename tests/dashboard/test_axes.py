"""Numbers as they stand on the pages."""

import math

import pytest

from dashboard.axes import Prefix, with_error

MICRO = Prefix("µA", 1e6)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (1.23456, 0.0123, "1.235 ± 0.012"),
        (-120.4, 3.2, "−120.4 ± 3.2"),
        (396.71, 51.2, "397 ± 51"),
        (396.71, 123.4, "397 ± 120"),
        (9.996, 0.0996, "10.00 ± 0.10"),
        (1.5, None, "1.500"),
        (1.5, math.inf, "1.500"),
        (1.0, 0.0, "1.000 ± 0"),
        (None, 0.1, "–"),
    ],
)
def test_no_more_digits_than_the_error_leaves(value, error, words):
    assert with_error(value, error, Prefix("", 1.0)) == words


def test_number_and_error_share_a_unit():
    assert with_error(-2.5e-6, 3e-8, MICRO) == "−2.500 ± 0.030 µA"
