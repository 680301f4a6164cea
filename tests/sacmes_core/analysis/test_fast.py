"""The fast method: two members, the same promises."""

from dataclasses import fields
from types import ModuleType

import numpy as np
import pytest

from sacmes_core import flags
from sacmes_core.analysis import fast as fast_method
from sacmes_core.analysis.bank import search, search_likelier
from sacmes_core.analysis.fast import fast
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.settings.peak import PeakSettings

SETTINGS = PeakSettings(method="fast")
POTENTIAL = np.round(np.arange(-0.5, 0.0005, 0.002), 4)


def peak(at: float = -0.27) -> FloatArray:
    return np.asarray(np.exp(-4 * np.log(2) * ((POTENTIAL - at) / 0.1) ** 2))


def noise(count: int, snr: float) -> FloatArray:
    return np.random.default_rng(4).normal(size=(count, len(POTENTIAL))) / snr


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("at", [-0.3, -0.2])
def test_height_potential_and_area_of_a_peak_on_a_tail(sign: float, at: float) -> None:
    tail = 0.5 * np.exp(-(POTENTIAL + 0.5) / 0.05)
    current = sign * (peak(at) + tail + noise(30, 50))
    found = fast(np.broadcast_to(POTENTIAL, current.shape), current, SETTINGS)
    assert found.height_a == pytest.approx(sign * np.ones(30), rel=0.1)
    assert found.potential_v == pytest.approx(np.full(30, at), abs=0.004)
    assert found.area_av == pytest.approx(sign * 0.1064 * np.ones(30), rel=0.15)
    inside = np.abs(found.height_a - sign) < 1.96 * found.height_se_a
    assert inside.mean() > 0.85


def test_scans_of_the_benchmark(accuracy: ModuleType) -> None:
    made = [m for m in accuracy.scans("A", 2, 5) if m.truth.is_plain and m.truth.snr >= 10]
    wrong = []
    for each in made:
        found = fast(each.potential_v[np.newaxis], each.current_a[np.newaxis], SETTINGS)
        wrong.append(found.height_a[0] / each.truth.height_a - 1)
    assert np.isnan(wrong).mean() < 0.05
    assert np.sqrt(np.nanmean(np.square(wrong))) < 0.1


def test_noise_alone_has_no_peak() -> None:
    current = noise(200, 1.0)
    found = fast(np.broadcast_to(POTENTIAL, current.shape), current, SETTINGS)
    assert np.isfinite(found.height_a).sum() <= 2


def test_peak_at_the_edge_gives_no_number() -> None:
    current = peak(-0.485)[np.newaxis] + noise(1, 100)
    found = fast(POTENTIAL[np.newaxis], current, SETTINGS)
    assert np.isnan(found.height_a[0])


def test_too_few_points_give_no_number() -> None:
    found = fast(POTENTIAL[np.newaxis, :10], peak()[np.newaxis, :10], SETTINGS)
    assert np.isnan(found.height_a[0])
    assert found.flags == ((flags.TOO_FEW_POINTS,),)


def test_scan_alone_gives_the_same_candidate_as_in_a_batch() -> None:
    current = peak() + noise(75, 20)
    level = np.full(75, 0.05)
    together = search(POTENTIAL, current, level)
    for row in (0, 31, 32, 74):
        alone = search(POTENTIAL, current[row : row + 1], level[:1])
        for one, many in zip(alone, together, strict=True):
            for field in fields(one):
                assert getattr(one, field.name)[0] == getattr(many, field.name)[row], field.name


def test_the_likelier_candidate_is_that_of_the_better_direction() -> None:
    current = np.where(np.arange(75) % 2, 1.0, -1.0)[:, np.newaxis] * peak() + noise(75, 5)
    level = np.full(75, 0.2)
    up, down = search(POTENTIAL, current, level)
    found = search_likelier(POTENTIAL, current, level)
    assert (found.sign == np.where(np.arange(75) % 2, 1.0, -1.0)).mean() > 0.95
    for field in fields(found):
        better = np.where(
            up.evidence >= down.evidence, getattr(up, field.name), getattr(down, field.name)
        )
        assert (getattr(found, field.name) == better).all(), field.name


def test_scan_alone_gives_the_same_peak_as_in_a_batch() -> None:
    current = peak() + 0.5 * np.exp(-(POTENTIAL + 0.5) / 0.05) + noise(75, 20)
    current[5, 60] += 1.0
    together = fast(np.broadcast_to(POTENTIAL, current.shape), current, SETTINGS)
    assert together.flags[5] == (flags.SPIKES_REMOVED,)
    for row in (0, 5, 31, 74):
        alone = fast(POTENTIAL[np.newaxis], current[row : row + 1], SETTINGS)
        assert alone.flags[0] == together.flags[row]
        for name in ("height_a", "height_se_a", "potential_v", "area_av", "fwhm_v"):
            one, many = getattr(alone, name)[0], getattr(together, name)[row]
            assert one == pytest.approx(many, rel=1e-9), name


def test_more_steps_of_the_fit_move_a_peak_by_little_of_its_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    current = peak() + 0.5 * np.exp(-(POTENTIAL + 0.5) / 0.05) + noise(200, 20)
    potential = np.broadcast_to(POTENTIAL, current.shape)
    few = fast(potential, current, SETTINGS)
    monkeypatch.setattr(fast_method, "_STEPS", 8)
    many = fast(potential, current, SETTINGS)
    assert np.abs(few.height_a - many.height_a).max() < 0.1 * np.median(many.height_se_a)
