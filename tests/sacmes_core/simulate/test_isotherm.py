"""Binding follows Langmuir's and Hill's isotherm and gets there exponentially."""

import math

import numpy as np
import pytest

from sacmes_core.simulate.isotherm import Addition, Isotherm, bound_share, equilibrium_share


@pytest.mark.parametrize("hill", [0.7, 1.0, 2.5])
def test_half_is_bound_at_the_dissociation_constant(hill: float) -> None:
    assert equilibrium_share(Isotherm(30e-6, hill), 30e-6) == pytest.approx(0.5)


def test_hill_coefficient_is_the_slope_of_the_logit() -> None:
    isotherm = Isotherm(30e-6, 2.5)
    low, high = (equilibrium_share(isotherm, c) for c in (1e-6, 1e-5))
    logits = [math.log10(share / (1 - share)) for share in (low, high)]
    assert logits[1] - logits[0] == pytest.approx(2.5)


@pytest.mark.parametrize(("number", "expected"), [(1, 0.0), (4, 0.0), (1000, 100 / 130)])
def test_before_the_addition_nothing_is_bound_and_in_the_end_langmuir_s_share(
    number: int, expected: float
) -> None:
    assert bound_share(Isotherm(), [Addition(5)], number) == pytest.approx(expected)


def test_the_way_there_is_langmuir_s_rate_equation() -> None:
    """dθ/dn = k_on c (1 − θ) − k_off θ, by small steps, through two additions and a wash."""
    isotherm = Isotherm(dissociation_m=30e-6, residence_scans=8.0)
    additions = [Addition(20, 0.0), Addition(3, 10e-6), Addition(10, 200e-6)]
    off = 1 / isotherm.residence_scans
    on = off / isotherm.dissociation_m
    share, fine = 0.0, 4000
    for number in range(1, 31):
        past = [a for a in additions if a.number <= number]
        concentration = max(past, key=lambda a: a.number).concentration_m if past else 0.0
        for _ in range(fine):
            share += (on * concentration * (1 - share) - off * share) / fine
        assert bound_share(isotherm, additions, number) == pytest.approx(share, abs=2e-4)


def test_more_target_binds_faster() -> None:
    isotherm = Isotherm()
    done = [
        bound_share(isotherm, [Addition(1, c)], 2) / equilibrium_share(isotherm, c)
        for c in (1e-6, 1e-5, 1e-4, 1e-3)
    ]
    assert np.all(np.diff(done) > 0)
    assert done[2] == pytest.approx(1 - math.exp(-2 / 3))
