"""Points that never came are noticed, and what an instrument does by itself is not."""

import math
import random

import pytest

from sacmes_core.formats.gaps import has_gap

SWEEP = [-0.1 - 0.001 * k for k in range(401)]


@pytest.mark.parametrize("lost", [1, 2, 150])
@pytest.mark.parametrize("first", [1, 120, 249])
def test_points_that_are_missing_leave_a_gap(first: int, lost: int) -> None:
    assert has_gap(SWEEP[:first] + SWEEP[first + lost :])


def test_a_cycle_has_no_gap_where_it_turns() -> None:
    assert not has_gap([*SWEEP, *reversed(SWEEP), *SWEEP])
    assert not has_gap([*SWEEP, -0.50025, *reversed(SWEEP)])
    assert not has_gap([-0.1] * 50 + SWEEP)


@pytest.mark.parametrize("step_v", [1.2e-3, 1.5e-3, 2.1e-3, 2.7e-3])
def test_a_grid_coarser_than_the_step_is_no_gap(step_v: float) -> None:
    assert not has_gap([round(step_v * k, 3) for k in range(200)])


def test_measured_potentials_may_scatter() -> None:
    draws = random.Random(1)
    for _ in range(50):
        noisy = [volts + draws.gauss(0, 2e-4) for volts in SWEEP]
        assert not has_gap(noisy)
        assert has_gap(noisy[:100] + noisy[110:])


def test_logarithmic_times_have_no_gap() -> None:
    assert not has_gap([1e-4 * math.exp(k / 20) for k in range(200)])


def test_too_few_points_have_none() -> None:
    assert not has_gap([])
    assert not has_gap([1.0, 5.0])
