"""What the judge makes of members: medians where they agree, doubt where they do not."""

from dataclasses import replace

import numpy as np
import pytest

from sacmes_core.analysis.gridding import Binned, binned
from sacmes_core.analysis.judge import (
    CORRECTION_MAX,
    MARGIN,
    NOISE_MARGIN,
    features,
    judge,
    learned,
    medians,
    noise_of_height_a,
    odds,
)
from sacmes_core.analysis.members import FITS, Members, _spread, find_members

X = np.arange(0.0, 0.5001, 0.004)


def scans(snr: float = 50.0, height: float = 1.0) -> Binned:
    random = np.random.default_rng(2)
    peak = np.exp(-4 * np.log(2) * ((X - 0.25) / 0.1) ** 2)
    return binned(X, height * (peak + 0.3 + random.normal(size=(8, len(X))) / snr))


@pytest.fixture(scope="module")
def members() -> Members:
    return find_members(scans())


def test_members_that_agree_are_believed(members: Members) -> None:
    found = judge(scans(), members)
    assert found.height_a == pytest.approx(np.ones(8), abs=0.03)
    assert (found.height_se_a < 0.06).all()
    assert (found.height_se_a > 0.002).all()


def test_disagreement_makes_the_error_larger(members: Members) -> None:
    apart = np.linspace(0.7, 1.4, members.height_a.shape[1])
    doubtful = replace(members, height_a=members.height_a * apart)
    assert (judge(scans(), doubtful).height_se_a > 2 * judge(scans(), members).height_se_a).all()


def test_a_correction_is_bounded(members: Members) -> None:
    wild = replace(members, height_a=members.height_a * np.geomspace(0.01, 100, FITS + 2))
    middle = medians(wild)
    found = judge(scans(), wild)
    assert (np.abs(np.log(found.height_a / middle.height_a)) <= CORRECTION_MAX + 1e-12).all()


def test_the_correction_is_that_of_the_networks(members: Members) -> None:
    middle = medians(members)
    said = learned(features(scans(), members, middle))
    found = judge(scans(), members)
    assert np.log(found.height_a / middle.height_a) == pytest.approx(said[:, 0])


def test_what_noise_makes_of_an_error_gets_the_smaller_margin(members: Members) -> None:
    middle = medians(members)
    for noise_a, margin in ((1e-9, MARGIN), (1.0, NOISE_MARGIN)):
        noisy = replace(members, noise_a=np.full(8, noise_a))
        found = judge(scans(), noisy)
        said = learned(features(scans(), noisy, middle))
        assert found.width_se_v / found.width_v == pytest.approx(margin * np.exp(said[:, 6]))


def test_noise_of_a_height_falls_with_the_points_of_its_peak(members: Members) -> None:
    width_v = np.full(8, 0.1)
    wide, narrow = (noise_of_height_a(scans(), members, k * width_v) for k in (4, 1))
    assert wide == pytest.approx(narrow / 2)


def test_the_unit_of_the_current_does_not_matter(members: Members) -> None:
    small = scans(height=1e-9)
    found = judge(small, find_members(small))
    assert found.height_a * 1e9 == pytest.approx(judge(scans(), members).height_a, rel=1e-6)


def test_odds_tell_a_peak_from_noise(members: Members) -> None:
    assert (odds(scans(), members, judge(scans(), members)) > 3).all()
    noise = binned(X, np.random.default_rng(3).normal(size=(50, len(X))))
    blank = find_members(noise)
    assert (odds(noise, blank, judge(noise, blank)) < 0).mean() > 0.95


def test_the_nearer_end_is_seen_on_the_same_side() -> None:
    random = np.random.default_rng(5)
    peak = np.exp(-4 * np.log(2) * ((X - 0.15) / 0.1) ** 2) + 0.4 * np.exp(-X / 0.05)
    current = peak + random.normal(size=(4, len(X))) / 100
    plain, mirrored = binned(X, current), binned(X, current[:, ::-1].copy())
    found = judge(plain, find_members(plain))
    other = judge(mirrored, find_members(mirrored))
    # The shapes' mean is not quite symmetric.
    assert other.height_a == pytest.approx(found.height_a, rel=0.03)
    assert other.potential_v == pytest.approx(X[-1] - found.potential_v, abs=1.5e-3)


@pytest.mark.filterwarnings("error")
def test_members_that_see_no_peak_at_all_are_judged_without_overflow(members: Members) -> None:
    none = replace(members, height_a=-np.abs(members.height_a), area_av=-np.abs(members.area_av))
    found = judge(scans(), none)
    assert (found.height_a < 0).all()
    assert (odds(scans(), none, found) < odds(scans(), members, judge(scans(), members))).all()
    assert np.isfinite(_spread(none)).all()
