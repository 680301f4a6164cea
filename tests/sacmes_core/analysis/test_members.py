"""What noise the members reckon with."""

import numpy as np
import pytest

from sacmes_core.analysis.gridding import binned
from sacmes_core.analysis.members import CURVED, Members, find_members
from sacmes_core.analysis.peaks import FloatArray

X = np.arange(0.0, 0.5001, 0.004)
PEAK = np.exp(-4 * np.log(2) * ((X - 0.25) / 0.1) ** 2) + 0.4 * np.exp(-X / 0.05)


def white(count: int, snr: float) -> FloatArray:
    return np.asarray(np.random.default_rng(4).normal(size=(count, len(X))) / snr)


def flicker(count: int, snr: float) -> FloatArray:
    frequency = np.fft.rfftfreq(len(X))
    frequency[0] = np.inf
    noise = np.fft.irfft(np.fft.rfft(white(count, 1.0)) / np.sqrt(frequency), len(X))
    return np.asarray(noise / noise.std() / snr)


def asked(current: FloatArray) -> tuple[FloatArray, Members]:
    scans = binned(X, current)
    return scans.noise_a, find_members(scans)


def test_white_noise_is_taken_as_it_is() -> None:
    noise, members = asked(PEAK + white(60, 20.0))
    assert (members.noise_a == noise).mean() > 0.96


def test_fits_know_how_far_1_over_f_noise_moves_their_heights() -> None:
    noise, members = asked(PEAK + flicker(200, 20.0))
    assert (members.noise_a > noise).mean() > 0.75
    scatter = members.height_a[:, CURVED].std()
    assert 0.6 < scatter / np.median(members.height_se_a[:, CURVED]) < 1.3


def test_what_a_model_may_get_wrong_is_no_noise() -> None:
    noise, members = asked(PEAK + 0.01 * np.sin(X / 0.02) + white(20, 1000.0))
    assert (members.noise_a == noise).all()


def test_coloured_noise_of_another_scan_changes_nothing() -> None:
    clean, rough = PEAK + white(3, 20.0), PEAK + flicker(20, 20.0)
    alone, together = asked(clean)[1], asked(np.concatenate([clean, rough]))[1]
    assert together.height_a[:3] == pytest.approx(alone.height_a, rel=1e-6)
    assert (together.sign == 1).all()
