"""The simulated step against textbook formulas."""

import numpy as np
import pytest

from sacmes_core.simulate.chronoamperometry import (
    BoundCouple,
    Cell,
    PotentialStep,
    chronoamperogram,
    lifetime_s,
)

RANDOM = np.random.default_rng(0)
LONG = PotentialStep(duration_s=1.0, interval_s=1e-5)


def test_the_couple_transfers_its_whole_charge() -> None:
    scan = chronoamperogram(LONG, (BoundCouple(4e-8, 0.02),), Cell(), RANDOM)
    assert np.trapezoid(scan.current_a, scan.time_s) == pytest.approx(4e-8, rel=1e-3)


def test_the_double_layer_takes_its_charge() -> None:
    scan = chronoamperogram(LONG, (), Cell(capacitance_f=1e-6, resistance_ohm=1e3), RANDOM)
    charge = scan.current_a.sum() * LONG.interval_s
    assert charge == pytest.approx(1e-6 * -0.4, rel=0.01)


def test_cottrell_falls_with_the_root_of_time() -> None:
    scan = chronoamperogram(LONG, (), Cell(cottrell_a_sqrt_s=1e-8), RANDOM)
    np.testing.assert_allclose(scan.current_a * np.sqrt(scan.time_s), 1e-8)


@pytest.mark.parametrize("overpotential", [0.0, -0.1, 0.1])
def test_the_lifetime_follows_butler_and_volmer(overpotential: float) -> None:
    over = 38.92174 * overpotential
    expected = 1 / (20 * (np.exp(-0.5 * over) + np.exp(0.5 * over)))
    assert lifetime_s(20.0, overpotential, electrons=1) == pytest.approx(expected, rel=1e-6)


def test_tafel_slope_of_two_electrons_is_59_mv_per_decade() -> None:
    far = [lifetime_s(20.0, eta, electrons=2) for eta in (-0.3, -0.3 - 0.05916)]
    assert far[0] / far[1] == pytest.approx(10, rel=1e-3)


def test_what_an_amplifier_does() -> None:
    cell = Cell(noise_a=1e-8, flicker_a=1e-8, mains_a=1e-8, resolution_a=1e-8, limit_a=5e-7)
    scan = chronoamperogram(
        PotentialStep(before_s=0.01), (BoundCouple(1e-8, 0.01),), cell, np.random.default_rng(1)
    )
    assert np.abs(scan.current_a).max() == pytest.approx(5e-7)
    np.testing.assert_allclose(np.round(scan.current_a / 1e-8), scan.current_a / 1e-8, atol=1e-6)
    assert scan.potential_v[0] == 0.0
    assert scan.potential_v[-1] == -0.4
    assert (scan.time_s[scan.potential_v == 0.0] <= 1e-12).all()
