"""Scans of the sets are the same but for what is asked to differ."""

import numpy as np
import pytest
import scans


@pytest.mark.parametrize("name", scans.SETS)
def test_another_noise_leaves_peak_and_background(name):
    made = {
        noise: scans.make_scan(name, "spikes", 20.0, np.random.default_rng(5), noise)
        for noise in (None, "white", "mains", "1/f")
    }
    plain = made[None]
    for scan in made.values():
        assert (scan.peak_a == plain.peak_a).all()
        assert scan.truth == plain.truth
    differs = made[None].current_a != made["white"].current_a
    assert 1 <= differs.sum() <= 3
