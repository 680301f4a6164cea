"""From points and numbers of a file to curves in volts, amperes and seconds."""

import math

import pytest

from sacmes_core.errors import FormatError
from sacmes_core.formats.curves import curves_of, divisor
from sacmes_core.formats.reading import read


def test_curves_are_in_the_order_of_electrodes_and_roles() -> None:
    point = [(0.1, 1e-6, 0.0)]
    curves = curves_of({(2, "total"): point, (1, "reverse"): point, (1, "difference"): point})
    said = [(curve.electrode, curve.role) for curve in curves]
    assert said == [(1, "difference"), (1, "reverse"), (2, "total")]


@pytest.mark.parametrize("missing", [math.nan, math.inf])
def test_a_curve_has_times_if_all_of_its_points_have(missing: float) -> None:
    whole, gap = [(0.1, 1e-6, 0.0), (0.2, 2e-6, 1.0)], [(0.1, 1e-6, 0.0), (0.2, 2e-6, missing)]
    first, second = curves_of({(1, "total"): whole, (2, "total"): gap})
    assert (first.potential_v, first.current_a) == ((0.1, 0.2), (1e-6, 2e-6))
    assert (first.time_s, second.time_s) == ((0.0, 1.0), None)


@pytest.mark.parametrize(
    ("scale", "by"),
    [
        (None, 1.0),
        (1.0, 1.0),
        (1e-3, 1e3),
        (1e-15, 1e15),
        (-1e-9, -1e9),
        (1e3, 1e-3),
        (0.3, 1 / 0.3),
    ],
)
def test_it_divides_by_a_whole_number_where_it_can(scale: float | None, by: float) -> None:
    assert divisor(scale) == by


def test_a_short_voltammogram_may_lack_a_point() -> None:
    rows = [f"{-0.01 * k:.2f},{'nan' if k in (3, 4) else f'{k}e-8'}" for k in range(40)]
    (scan,) = read(("Potential/V,Current/A\n" + "\n".join(rows) + "\n").encode())
    assert sum(map(math.isnan, scan.curves[0].current_a)) == 2
    with pytest.raises(FormatError, match="not numbers"):
        read(("Potential/V,Current/A\n" + "\n".join(rows) + "\n").replace(",5e-8", ",nan").encode())


def test_a_word_in_place_of_a_current_is_a_missing_current() -> None:
    rows = [f"{-0.01 * k:.2f},{'OVL' if k == 7 else f'{k}e-8'}" for k in range(40)]
    (scan,) = read(("Potential/V,Current/A\n" + "\n".join(rows) + "\nPeak at,-0.2 V\n").encode())
    (curve,) = scan.curves
    assert [k for k, current in enumerate(curve.current_a) if math.isnan(current)] == [7]
    assert len(curve.current_a) == 40
