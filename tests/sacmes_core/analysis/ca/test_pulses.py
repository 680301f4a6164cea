"""The step is found where it is, and what comes before it or after the pulse does not count."""

import numpy as np
import pytest

from sacmes_core import flags
from sacmes_core.analysis.ca.decays import lifetimes
from sacmes_core.analysis.ca.pulses import merged, steps
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.settings.ca import CaSettings
from sacmes_core.simulate.chronoamperometry import (
    BoundCouple,
    Cell,
    Chronoamperogram,
    PotentialStep,
    chronoamperogram,
)

NOISE_A = 5e-9


def pulse(lifetime_s: float, sign: float = 1.0, *, before_s: float = 0.02) -> Chronoamperogram:
    step = PotentialStep(before_s=before_s)
    couples = (BoundCouple(sign * 1e-6 * lifetime_s, lifetime_s),)
    random = np.random.default_rng(3)
    return chronoamperogram(step, couples, Cell(noise_a=NOISE_A, offset_a=5e-8), random)


def two_pulses() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Forth with 10 ms, back with 4 ms."""
    forth, back = pulse(0.01), pulse(0.004, -1.0, before_s=0.0)
    time = np.concatenate([forth.time_s, forth.time_s[-1] + back.time_s]) + 1.0
    current = np.concatenate([forth.current_a, back.current_a])
    potential = np.concatenate([forth.potential_v, np.zeros(len(back.time_s))])
    return time, current, potential


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_step_is_found_by_its_current(sign: float) -> None:
    recorded = pulse(0.01, sign)
    first = steps(recorded.time_s, recorded.current_a)
    np.testing.assert_array_equal(first, [np.flatnonzero(recorded.time_s > 0)[0]])
    decays = lifetimes(recorded.time_s, recorded.current_a[np.newaxis], CaSettings())
    assert decays.lifetime_s[0, 0] == pytest.approx(0.01, rel=0.02)
    assert decays.step_s[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("with_potential", [True, False])
def test_each_of_two_pulses_can_be_chosen(with_potential: bool) -> None:
    time, current, potential = two_pulses()
    known = potential if with_potential else None
    for number, lifetime in ((1, 0.01), (2, 0.004)):
        decays = lifetimes(time, current[np.newaxis], CaSettings(pulse=number), known)
        assert decays.lifetime_s[0, 0] == pytest.approx(lifetime, rel=0.02)
        assert flags.DECAY_MISFIT not in decays.flags[0]


def test_a_step_that_is_set_ends_with_the_next_one() -> None:
    time, current, _ = two_pulses()
    decays = lifetimes(time, current[np.newaxis], CaSettings(step_s=1.0))
    assert decays.lifetime_s[0, 0] == pytest.approx(0.01, rel=0.02)
    assert decays.to_s[0] == pytest.approx(0.1)


def test_noise_and_single_points_are_no_steps() -> None:
    random = np.random.default_rng(5)
    current = random.normal(size=2000)
    current[700] += 60
    assert len(steps(np.arange(2000.0), current)) == 0
    decay = pulse(0.01, before_s=0.0)
    assert len(steps(decay.time_s, decay.current_a)) == 0


def test_the_window_of_the_fit_is_obeyed() -> None:
    recorded = pulse(0.01)
    settings = CaSettings(fit_from_s=0.005, fit_to_s=0.06)
    decays = lifetimes(recorded.time_s, recorded.current_a[np.newaxis], settings)
    assert (decays.from_s[0], decays.to_s[0]) == (pytest.approx(0.005), pytest.approx(0.06))
    assert decays.lifetime_s[0, 0] == pytest.approx(0.01, rel=0.04)
    outside = (recorded.time_s < 0.00495) | (recorded.time_s > 0.06005)
    assert np.isnan(decays.fit_a[0, outside]).all()
    assert np.isfinite(decays.fit_a[0, ~outside]).all()


def test_a_window_must_have_a_length() -> None:
    with pytest.raises(ValueError, match="not after its start"):
        CaSettings(fit_from_s=0.02, fit_to_s=0.01)


def test_two_recordings_are_merged_by_time() -> None:
    fast = PotentialStep(duration_s=0.01, interval_s=2e-5)
    slow = PotentialStep(duration_s=0.2, interval_s=1e-3)
    couples = (BoundCouple(1e-6 * 0.003, 0.003), BoundCouple(3e-7 * 0.04, 0.04))
    random = np.random.default_rng(1)
    parts = [chronoamperogram(step, couples, Cell(noise_a=2e-9), random) for step in (fast, slow)]
    time, current = merged(*((part.time_s, part.current_a) for part in parts))
    assert (np.diff(time) >= 0).all()
    assert len(time) == len(fast.time_s) + len(slow.time_s)
    decays = lifetimes(time, current[np.newaxis], CaSettings(step_s=0.0))
    np.testing.assert_allclose(decays.lifetime_s[0], [0.003, 0.04], rtol=0.05)
