"""Slow noise: intervals hold though the fit takes it for white, and none is no lifetime."""

import numpy as np
import pytest

from sacmes_core import flags
from sacmes_core.analysis.ca.decays import lifetimes
from sacmes_core.analysis.ca.results import DecayArrays
from sacmes_core.settings.ca import CaSettings
from sacmes_core.simulate.chronoamperometry import (
    BoundCouple,
    Cell,
    PotentialStep,
    chronoamperogram,
)

STEP = PotentialStep()
SETTINGS = CaSettings(charging_max_s=0, diffusion=False)


def found(couples: tuple[BoundCouple, ...], cell: Cell, n: int) -> DecayArrays:
    random = np.random.default_rng(7)
    current = [chronoamperogram(STEP, couples, cell, random).current_a for _ in range(n)]
    return lifetimes(STEP.time_s, np.stack(current), SETTINGS)


@pytest.mark.parametrize(
    "cell", [Cell(noise_a=7e-9, flicker_a=7e-9), Cell(noise_a=7e-9, mains_a=1e-8)]
)
def test_intervals_hold_under_slow_noise(cell: Cell) -> None:
    decays = found((BoundCouple(1e-8, 0.01),), cell, 60)
    held = (decays.lifetime_low_s[:, 0] < 0.01) & (decays.lifetime_high_s[:, 0] > 0.01)
    assert np.isfinite(decays.lifetime_s[:, 0]).all()
    assert held.mean() > 0.9
    assert np.isnan(decays.lifetime_s[:, 1]).all()
    assert all(flags.DECAY_MISFIT in said for said in decays.flags)


def test_slow_noise_widens_and_white_noise_does_not() -> None:
    couple = (BoundCouple(1e-8, 0.01),)
    white = found(couple, Cell(noise_a=1e-8), 20)
    slow = found(couple, Cell(noise_a=7e-9, flicker_a=7e-9), 20)
    ratio = np.median(slow.lifetime_se_s[:, 0]) / np.median(white.lifetime_se_s[:, 0])
    assert 3 < ratio < 15
    assert np.median(white.lifetime_se_s[:, 0]) == pytest.approx(3.3e-5, rel=0.15)


def test_slow_noise_alone_has_no_lifetime() -> None:
    decays = found((), Cell(noise_a=7e-9, flicker_a=1e-8), 60)
    assert np.isfinite(decays.lifetime_s[:, 0]).mean() < 0.03
