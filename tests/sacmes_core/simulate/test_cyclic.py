"""Simulated cyclic voltammograms against the textbook."""

from dataclasses import replace

import numpy as np
import pytest

from sacmes_core.simulate.constants import FARADAY_C_MOL, GAS_CONSTANT_J_MOL_K
from sacmes_core.simulate.cyclic import (
    CyclicCell,
    DiffusingCouple,
    Instrument,
    SurfaceCouple,
    TriangularSweep,
)

THERMAL_V = GAS_CONSTANT_J_MOL_K * 298.15 / FARADAY_C_MOL
WIDE = TriangularSweep(initial_v=0.35, first_vertex_v=-0.55, second_vertex_v=0.35)


def halves(sweep, current_a):
    potential_v = sweep.potentials_v()
    turn = len(potential_v) // 2
    return (potential_v[: turn + 1], current_a[: turn + 1]), (
        potential_v[turn + 1 :],
        current_a[turn + 1 :],
    )


def apex(potential_v, current_a):
    """Potential and height of the largest current, by a parabola through seven points."""
    k = int(np.argmax(current_a))
    near = slice(k - 3, k + 4)
    bend = np.polynomial.Polynomial.fit(potential_v[near], current_a[near], 2)
    top = float(bend.deriv().roots()[0])
    return top, float(bend(top))


def width(potential_v, current_a):
    above = potential_v[current_a >= current_a.max() / 2]
    return np.ptp(above)


@pytest.mark.parametrize("electrons", [1, 2])
def test_surface_couple_at_equilibrium(electrons):
    couple = SurfaceCouple(charge_c=2e-6 * electrons, electrons=electrons)
    (down_v, down_a), (up_v, up_a) = halves(WIDE, couple.current_a(WIDE))
    # n²F²νΓA / 4RT with Q = nFΓA.
    expected = electrons * couple.charge_c * WIDE.scan_rate_v_s / 4 / THERMAL_V
    (down_at, down), (up_at, up) = apex(down_v, -down_a), apex(up_v, up_a)
    assert down == pytest.approx(expected, rel=1e-4)
    assert up == pytest.approx(expected, rel=1e-4)
    assert down_at == pytest.approx(up_at, abs=1e-5)
    assert width(up_v, up_a) == pytest.approx(0.0906 / electrons, abs=2e-3)
    charge = np.trapezoid(up_a, up_v) / WIDE.scan_rate_v_s
    assert charge == pytest.approx(couple.charge_c, rel=1e-4)


def test_fast_surface_kinetics_becomes_equilibrium():
    couple = SurfaceCouple()
    exact = couple.current_a(WIDE)
    kinetic = replace(couple, rate_hz=1e6).current_a(WIDE)
    assert np.abs(kinetic - exact).max() < 2e-4 * exact.max()


@pytest.mark.parametrize("alpha", [0.4, 0.5])
def test_slow_surface_kinetics_follows_laviron(alpha):
    """Laviron: irreversible peaks are 62.5 mV/αn wide and lie at RT/αnF · ln(RT k₀ / αnFν)."""
    couple = SurfaceCouple(rate_hz=0.01, transfer_coefficient=alpha, formal_potential_v=0.0)
    sweep = TriangularSweep(initial_v=0.6, first_vertex_v=-0.9, second_vertex_v=0.6)
    (down_v, down_a), _ = halves(sweep, couple.current_a(sweep))
    at, height = apex(down_v, -down_a)
    expected = THERMAL_V / alpha * np.log(THERMAL_V * 0.01 / alpha / 0.1)
    assert at == pytest.approx(expected, abs=1e-3)
    assert height == pytest.approx(alpha * couple.charge_c * 0.1 / np.e / THERMAL_V, rel=2e-3)
    assert width(down_v, -down_a) == pytest.approx(0.0625 / alpha, abs=2e-3)


@pytest.mark.parametrize("electrons", [1, 2])
def test_reversible_diffusing_couple(electrons):
    couple = DiffusingCouple(electrons=electrons)
    (down_v, down_a), (up_v, up_a) = halves(WIDE, couple.current_a(WIDE))
    per_v = electrons / THERMAL_V
    layer = np.sqrt(per_v * WIDE.scan_rate_v_s * couple.oxidised_diffusion_m2_s)
    scale = electrons * FARADAY_C_MOL * couple.area_m2 * couple.concentration_mol_m3 * layer
    (down_at, down), (up_at, _) = apex(down_v, -down_a), apex(up_v, up_a)
    assert down == pytest.approx(0.4463 * scale, rel=1e-3)
    assert down_at - couple.formal_potential_v == pytest.approx(-0.0285 / electrons, abs=3e-4)
    # 57 mV for a turn far behind the peak, a little more for one 400 mV behind it.
    assert (up_at - down_at) * electrons == pytest.approx(0.0572, abs=6e-4)


NICHOLSON = {20: 61, 7: 63, 6: 64, 5: 65, 4: 66, 3: 68, 2: 72, 1: 84, 0.75: 92, 0.5: 105, 0.25: 141}
"""ψ and the separation in mV for one electron (Anal. Chem. 37 (1965) 1351, table I)."""


@pytest.mark.parametrize("psi", [7, 3, 1, 0.5, 0.25])
def test_separation_follows_nicholson(psi):
    couple = DiffusingCouple(formal_potential_v=0.0)
    rate = psi * np.sqrt(np.pi * couple.oxidised_diffusion_m2_s * 0.1 / THERMAL_V)
    # Nicholson turned 141 mV behind the half-wave potential.
    sweep = TriangularSweep(initial_v=0.4, first_vertex_v=-0.141, second_vertex_v=0.4)
    (down_v, down_a), (up_v, up_a) = halves(sweep, replace(couple, rate_m_s=rate).current_a(sweep))
    separation = apex(up_v, up_a)[0] - apex(down_v, -down_a)[0]
    assert separation * 1e3 == pytest.approx(NICHOLSON[psi], abs=1.5)


def test_slow_diffusing_couple_is_irreversible():
    """Nicholson and Shain: ip = 0.4958 nFAC (αnFνD/RT)^½ for an irreversible wave."""
    couple = DiffusingCouple(rate_m_s=1e-9, formal_potential_v=0.3)
    sweep = TriangularSweep(initial_v=0.4, first_vertex_v=-0.9, second_vertex_v=0.4)
    (down_v, down_a), _ = halves(sweep, couple.current_a(sweep))
    layer = np.sqrt(0.5 / THERMAL_V * 0.1 * couple.oxidised_diffusion_m2_s)
    scale = FARADAY_C_MOL * couple.area_m2 * couple.concentration_mol_m3 * layer
    assert apex(down_v, -down_a)[1] == pytest.approx(0.4958 * scale, rel=2e-3)


def test_unequal_diffusion_shifts_the_half_wave_potential():
    """E½ = E⁰′ + RT/nF · ln √(D_R / D_O)."""
    couple = DiffusingCouple()
    slow = replace(couple, reduced_diffusion_m2_s=couple.oxidised_diffusion_m2_s / 4)
    (down_v, equal_a), _ = halves(WIDE, couple.current_a(WIDE))
    _, slow_a = down_v, halves(WIDE, slow.current_a(WIDE))[0][1]
    shift = apex(down_v, -slow_a)[0] - apex(down_v, -equal_a)[0]
    assert shift == pytest.approx(THERMAL_V * np.log(0.5), abs=3e-4)


def test_oxidation_first_is_the_mirror_image():
    couple = DiffusingCouple(formal_potential_v=0.0)
    up = TriangularSweep(initial_v=-0.3, first_vertex_v=0.3, second_vertex_v=-0.3)
    down = TriangularSweep(initial_v=0.3, first_vertex_v=-0.3, second_vertex_v=0.3)
    np.testing.assert_allclose(couple.current_a(up), -couple.current_a(down), atol=1e-9)


def test_cycles_follow_one_another():
    sweep = TriangularSweep(initial_v=0.0, first_vertex_v=0.3, second_vertex_v=-0.4, cycles=3)
    potential_v = sweep.potentials_v()
    assert len(potential_v) == 1 + 300 + 700 * 5
    turns = np.flatnonzero(np.diff(np.sign(np.diff(potential_v)))) + 1
    np.testing.assert_allclose(potential_v[turns], [0.3, -0.4, 0.3, -0.4, 0.3])


def test_instrument_adds_box_line_noise_and_digits():
    sweep = TriangularSweep()
    instrument = Instrument(capacitance_f=1e-6, offset_a=1e-8, slope_a_v=2e-8)
    cell = CyclicCell(sweep, None, instrument)
    curve = cell.scan().curves[0]
    current = np.array(curve.current_a)
    np.testing.assert_allclose(current[1], -1e-7 + 1e-8 + 2e-8 * curve.potential_v[1])
    np.testing.assert_allclose(current[-1], 1e-7 + 1e-8 + 2e-8 * curve.potential_v[-1])
    noisy = replace(instrument, noise_a=1e-8, pink_a=1e-8, digit_a=1e-9)
    first, again = (CyclicCell(sweep, None, noisy).scan(seed=3).curves[0] for _ in range(2))
    assert first == again
    digits = np.array(first.current_a) / 1e-9
    np.testing.assert_allclose(digits, np.round(digits), atol=1e-6)
    left = np.array(first.current_a) - current
    assert left.std() == pytest.approx(np.sqrt(2) * 1e-8, rel=0.1)


def test_charging_takes_its_time_after_a_turn():
    instrument = Instrument(capacitance_f=1e-6, charging_s=0.1)
    current = np.array(CyclicCell(TriangularSweep(), None, instrument).scan().curves[0].current_a)
    # 0.1 s are ten steps: 1 − 1/e of −2 → 0 after the turn at point 700.
    assert current[700] == pytest.approx(-1e-7, rel=1e-3)
    assert current[710] == pytest.approx(1e-7 - 2e-7 / np.e, rel=1e-3)
