"""Lifetimes: right where the truth is known, honest intervals, and no number without a decay."""

import numpy as np
import pytest

from sacmes_core import flags
from sacmes_core.analysis.ca.decays import lifetimes
from sacmes_core.analysis.ca.results import DecayArrays
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.settings.ca import CaSettings
from sacmes_core.simulate.chronoamperometry import (
    BoundCouple,
    Cell,
    PotentialStep,
    chronoamperogram,
)

STEP = PotentialStep()
FAST_S, SLOW_S = 0.004, 0.03


def couple(amplitude_a: float, lifetime_s: float) -> BoundCouple:
    return BoundCouple(amplitude_a * lifetime_s, lifetime_s)


MONO = (couple(1e-6, 0.01),)
BI = (couple(6e-7, FAST_S), couple(4e-7, SLOW_S))


def currents(
    couples: tuple[BoundCouple, ...],
    cell: Cell,
    *,
    n: int = 1,
    step: PotentialStep = STEP,
    seed: int = 0,
) -> FloatArray:
    random = np.random.default_rng(seed)
    return np.stack([chronoamperogram(step, couples, cell, random).current_a for _ in range(n)])


def found(
    current_a: FloatArray, settings: CaSettings | None = None, step: PotentialStep = STEP
) -> DecayArrays:
    return lifetimes(step.time_s, current_a, settings or CaSettings())


def share_held(low: FloatArray, high: FloatArray, truth: float) -> float:
    known = np.isfinite(low)
    return float(((low < truth) & (truth < high))[known].mean())


@pytest.mark.parametrize("lifetime", [0.01, 0.004])
@pytest.mark.parametrize("exponentials", ["auto", "mono"])
def test_one_lifetime_without_noise(lifetime: float, exponentials: str) -> None:
    settings = CaSettings.model_validate({"exponentials": exponentials})
    decays = found(currents((couple(-1e-6, lifetime),), Cell(offset_a=2e-8)), settings)
    assert decays.lifetime_s[0, 0] == pytest.approx(lifetime, rel=1e-4)
    assert np.isnan(decays.lifetime_s[0, 1])
    assert decays.amplitude_a[0, 0] == pytest.approx(-1e-6, rel=1e-3)
    assert decays.offset_a[0] == pytest.approx(2e-8, rel=0.02)
    assert decays.flags == ((),)


def test_two_lifetimes_without_noise_fast_first() -> None:
    decays = found(currents(BI, Cell()))
    np.testing.assert_allclose(decays.lifetime_s[0], [FAST_S, SLOW_S], rtol=1e-4)
    np.testing.assert_allclose(decays.amplitude_a[0], [6e-7, 4e-7], rtol=1e-3)
    assert decays.mean_lifetime_s[0] == pytest.approx(0.6 * FAST_S + 0.4 * SLOW_S, rel=1e-4)
    assert decays.flags == ((),)


def test_two_lifetimes_of_one_decay_are_refused() -> None:
    decays = found(currents(MONO, Cell(noise_a=1e-8), n=40), CaSettings(exponentials="bi"))
    assert np.isnan(decays.lifetime_s[:, 1]).mean() > 0.95
    assert np.isfinite(decays.lifetime_s[:, 0]).all()
    refused = [flags.SECOND_LIFETIME_UNSUPPORTED in said for said in decays.flags]
    assert np.mean(refused) > 0.95


@pytest.mark.parametrize("snr", [10, 100])
def test_intervals_of_one_lifetime_hold(snr: float) -> None:
    decays = found(currents(MONO, Cell(noise_a=1e-6 / snr), n=80))
    error = decays.lifetime_s[:, 0] / 0.01 - 1
    assert np.isfinite(error).all()
    assert abs(np.median(error)) < 1 / snr / 5
    assert np.sqrt(np.mean(error**2)) < 0.4 / snr
    # The spread of what is found, in units of what is said of it: sharper than a share of 80.
    assert 0.75 < np.std(error * 0.01 / decays.lifetime_se_s[:, 0]) < 1.25
    assert share_held(decays.lifetime_low_s[:, 0], decays.lifetime_high_s[:, 0], 0.01) > 0.85


def test_intervals_of_two_lifetimes_hold() -> None:
    decays = found(currents(BI, Cell(noise_a=1e-8), n=80))
    for k, truth in enumerate((FAST_S, SLOW_S)):
        assert share_held(decays.lifetime_low_s[:, k], decays.lifetime_high_s[:, k], truth) > 0.88
    mean = 0.6 * FAST_S + 0.4 * SLOW_S
    assert share_held(decays.mean_lifetime_low_s, decays.mean_lifetime_high_s, mean) > 0.88
    assert np.isfinite(decays.lifetime_s).all()


def test_the_mean_lifetime_knows_of_a_second_one_that_is_not_proven() -> None:
    # Fast and slow at SNR 10: many decays are given one lifetime, between the two.
    couples = (couple(6e-7, 0.004), couple(4e-7, 0.016))
    decays = found(currents(couples, Cell(noise_a=1e-7), n=60, seed=4))
    known = np.isfinite(decays.mean_lifetime_s)
    assert np.isnan(decays.lifetime_s[known, 1]).mean() > 0.2
    mean = 0.6 * 0.004 + 0.4 * 0.016
    assert share_held(decays.mean_lifetime_low_s, decays.mean_lifetime_high_s, mean) > 0.88
    single = found(currents(MONO, Cell(noise_a=1e-8), n=20))
    np.testing.assert_allclose(single.mean_lifetime_s, single.lifetime_s[:, 0], rtol=0.01)


def test_charging_a_thousand_times_the_couple_does_not_matter() -> None:
    cell = Cell(noise_a=1e-8, capacitance_f=3e-7, resistance_ohm=400.0)
    decays = found(currents(MONO, cell, n=30))
    assert np.sqrt(np.mean((decays.lifetime_s[:, 0] / 0.01 - 1) ** 2)) < 0.006
    off = found(currents(MONO, cell, n=5), CaSettings(charging_max_s=0, exponentials="mono"))
    assert not np.allclose(off.lifetime_s[:, 0], 0.01, rtol=0.1, equal_nan=False)


def test_a_diffusing_species_is_told_from_a_second_lifetime() -> None:
    cell = Cell(noise_a=1e-8, cottrell_a_sqrt_s=2e-8)
    decays = found(currents(MONO, cell, n=30))
    assert np.isnan(decays.lifetime_s[:, 1]).all()
    assert np.sqrt(np.mean((decays.lifetime_s[:, 0] / 0.01 - 1) ** 2)) < 0.006
    assert all(flags.DIFFUSION_CURRENT in said for said in decays.flags)


@pytest.mark.parametrize(
    "cell",
    [
        Cell(noise_a=1e-8, offset_a=3e-8),
        Cell(noise_a=1e-8, capacitance_f=3e-7, resistance_ohm=400.0),
        Cell(noise_a=1e-8, cottrell_a_sqrt_s=2e-8),
        Cell(noise_a=5e-9, mains_a=1e-8),
    ],
    ids=["noise", "charging", "diffusion", "mains"],
)
def test_no_couple_has_no_lifetime(cell: Cell) -> None:
    decays = found(currents((), cell, n=30))
    assert np.isnan(decays.lifetime_s).all()
    assert np.isnan(decays.fit_a).all()
    none = {flags.NO_DECAY, flags.LIFETIME_OUT_OF_REACH}
    assert all(none & set(said) for said in decays.flags)


def test_a_flat_line_is_constant() -> None:
    decays = found(np.full((1, len(STEP.time_s)), 1e-7))
    assert decays.flags == ((flags.CONSTANT,),)
    assert np.isnan(decays.lifetime_s).all()


def test_too_few_points_are_said() -> None:
    current = currents(MONO, Cell())[:, :8]
    decays = lifetimes(STEP.time_s[:8], current, CaSettings())
    assert decays.flags == ((flags.TOO_FEW_POINTS,),)
    assert lifetimes(np.empty(0), np.empty((2, 0)), CaSettings()).flags[0] == (
        flags.TOO_FEW_POINTS,
    )


def test_a_decay_longer_than_the_pulse_is_out_of_reach() -> None:
    decays = found(currents((couple(1e-6, 0.5),), Cell(noise_a=1e-9)))
    assert np.isnan(decays.lifetime_s).all()
    assert flags.LIFETIME_OUT_OF_REACH in decays.flags[0]


def test_saturated_first_points_are_left_out() -> None:
    decays = found(currents(MONO, Cell(noise_a=5e-9, limit_a=7e-7)))
    assert decays.lifetime_s[0, 0] == pytest.approx(0.01, rel=0.02)
    assert flags.SATURATED in decays.flags[0]
    assert decays.from_s[0] > 0.003


def test_coarse_steps_of_the_converter() -> None:
    decays = found(currents(MONO, Cell(noise_a=1e-9, resolution_a=3e-8), n=40))
    assert share_held(decays.lifetime_low_s[:, 0], decays.lifetime_high_s[:, 0], 0.01) > 0.88
    assert np.sqrt(np.mean((decays.lifetime_s[:, 0] / 0.01 - 1) ** 2)) < 0.02


def test_single_outliers_are_left_out() -> None:
    current = currents(MONO, Cell(noise_a=5e-9))
    current[0, [100, 300, 700]] += 2e-6
    decays = found(current)
    assert decays.lifetime_s[0, 0] == pytest.approx(0.01, rel=0.01)
    assert decays.flags == ((flags.SPIKES_REMOVED,),)


def test_missing_points_stay_missing() -> None:
    current = currents(MONO, Cell(noise_a=5e-9))
    current[0, 50:80] = np.nan
    decays = found(current)
    assert decays.lifetime_s[0, 0] == pytest.approx(0.01, rel=0.01)


def test_alone_and_in_a_batch_the_digits_are_the_same() -> None:
    cell = Cell(noise_a=2e-8, capacitance_f=1e-7)
    current = np.concatenate(
        [
            currents(MONO, cell, n=3, seed=1),
            currents((), cell, n=2, seed=2),
            currents(BI, cell, n=3, seed=3),
        ]
    )
    together = found(current)
    for k in range(len(current)):
        alone = found(current[k : k + 1])
        np.testing.assert_array_equal(alone.lifetime_s[0], together.lifetime_s[k])
        np.testing.assert_array_equal(alone.lifetime_se_s[0], together.lifetime_se_s[k])
        assert alone.flags[0] == together.flags[k]


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e6])
def test_the_unit_of_the_current_does_not_matter(unit: float) -> None:
    current = currents(BI, Cell(noise_a=1e-8))
    np.testing.assert_allclose(
        found(current * unit).lifetime_s, found(current).lifetime_s, rtol=1e-6
    )
