"""The integral equation of a diffusing couple against limits, tables and another method."""

import numpy as np
import pytest

from sacmes_core.analysis.cv.diffusion import currents, programme, wave
from sacmes_core.simulate.cyclic import FARADAY_C_MOL, DiffusingCouple, TriangularSweep

PER_V = 38.92174
CORNERS = (0.4, -0.4, 0.4)


def apex(way, current):
    k = int(np.argmax(current))
    bend = np.polynomial.Polynomial.fit(way[k - 1 : k + 2], current[k - 1 : k + 2], 2)
    at = float(bend.deriv().roots()[0])
    return at, float(bend(at))


def test_reversible_peak_has_the_textbook_height_and_place():
    of = programme(CORNERS, (0, 1), PER_V)
    current = wave(of, np.array([0.0, np.log(1e9), 0.5]))
    down = slice(0, of.starts[1] + 1)
    at, height = apex(of.potential_v[down], -current[down])
    assert height == pytest.approx(0.4463, rel=1.5e-3)
    assert at == pytest.approx(-0.0285, abs=5e-4)


@pytest.mark.parametrize(("rate", "alpha"), [(1e6, 0.5), (1.0, 0.4), (0.1, 0.6)])
def test_agrees_with_finite_differences(rate, alpha):
    sweep = TriangularSweep(0.4, -0.4, 0.4, cycles=2, step_v=0.002)
    couple = DiffusingCouple(
        formal_potential_v=0.0,
        rate_m_s=rate * np.sqrt(7e-10 * 0.1 * PER_V),
        transfer_coefficient=alpha,
    )
    layer = np.sqrt(7e-10 * 0.1 * PER_V)
    scale = FARADAY_C_MOL * couple.area_m2 * couple.concentration_mol_m3 * layer
    expected = couple.current_a(sweep) / scale
    of = programme(sweep.corners_v, (0, 1, 2, 3), PER_V)
    found = wave(of, np.array([0.0, np.log(rate), alpha]))
    at = np.arange(len(expected)) * sweep.step_v
    nodes = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(of.potential_v)))])
    assert np.abs(np.interp(at, nodes, found) - expected).max() < 3e-3


def test_derivatives_are_those_of_the_current():
    of = programme((0.3, -0.3, 0.3), (0, 1), PER_V)
    at = np.array([0.02, np.log(0.5), 0.45])
    current, slopes = currents(of, at)
    np.testing.assert_allclose(current, wave(of, at), rtol=1e-12, atol=1e-15)
    for k, step in enumerate((1e-5, 1e-4, 1e-4)):
        moved = at.copy()
        moved[k] += step
        above = wave(of, moved)
        moved[k] -= 2 * step
        expected = (above - wave(of, moved)) / (2 * step)
        np.testing.assert_allclose(slopes[k], expected, atol=2e-6 * np.abs(expected).max())


def test_oxidation_first_is_the_mirror_image():
    down, up = programme((0.3, -0.3), (0,), PER_V), programme((-0.3, 0.3), (0,), PER_V)
    at, mirrored = np.array([0.0, 0.0, 0.4]), np.array([0.0, 0.0, 0.6])
    np.testing.assert_allclose(wave(down, at), -wave(up, mirrored), atol=1e-12)


def test_continued_goes_on_where_the_sweep_turned():
    of = programme((0.3, -0.3, 0.3), (0, 1), PER_V)
    going_on = of.continued(1)
    turn = of.starts[1]
    np.testing.assert_allclose(going_on[: turn + 1], of.potential_v[: turn + 1])
    assert going_on[-1] == pytest.approx(-0.9)
