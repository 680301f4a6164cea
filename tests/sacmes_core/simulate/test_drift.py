"""Signals fall exponentially, then on a line; peaks move."""

import pytest

from sacmes_core.simulate.drift import Drift, potential_shift_v, remaining_signal


def test_the_first_scan_has_everything() -> None:
    drift = Drift(fast_share=0.4, loss_per_scan=0.01, shift_v=0.02)
    assert remaining_signal(drift, 1) == 1.0
    assert potential_shift_v(drift, 1) == 0.0


def test_the_fast_part_falls_to_one_over_e() -> None:
    drift = Drift(fast_share=0.4, fast_scans=50, loss_per_scan=0.0)
    assert remaining_signal(drift, 51) == pytest.approx(0.6 + 0.4 / 2.718281828)
    assert remaining_signal(drift, 100_000) == pytest.approx(0.6)


def test_the_slow_part_falls_on_a_line_to_nothing() -> None:
    drift = Drift(loss_per_scan=0.001)
    assert remaining_signal(drift, 501) == pytest.approx(0.5)
    assert remaining_signal(drift, 5_000) == 0.0


def test_the_peak_moves_to_its_new_place() -> None:
    drift = Drift(shift_v=-0.012, shift_scans=100)
    assert potential_shift_v(drift, 101) == pytest.approx(-0.012 * (1 - 1 / 2.718281828))
    assert potential_shift_v(drift, 10_000) == pytest.approx(-0.012)
