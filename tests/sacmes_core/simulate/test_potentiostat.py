"""The simulated potentiostat behaves like the instrument and the sensor it stands for."""

from collections.abc import Callable

import numpy as np
import pytest

from sacmes_core.analysis.analyzing import analyze_scan
from sacmes_core.formats.reading import read
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.simulate.potentiostat import (
    FARADAY_C_MOL,
    GAS_CONSTANT_J_MOL_K,
    Potentiostat,
    Run,
    Sensor,
    SquareWave,
    bound_share,
    file_name,
    pulse_currents,
)

RUN = Run(electrodes=(1, 3), binding_number=5, seed=7)


@pytest.mark.parametrize("frequency_hz", [0.5, 15.0, 200.0])
def test_file_reads_back_exactly(frequency_hz: float) -> None:
    potentiostat = Potentiostat(RUN)
    name = file_name(4, frequency_hz)
    (scan,) = read(potentiostat.file(4, frequency_hz), name=name)
    simulated = potentiostat.scan(4, frequency_hz)
    assert scan == simulated
    assert scan.complete
    assert scan.electrodes == (1, 3)
    assert scan.number == 4


def test_same_seed_same_scan_other_seed_other_noise() -> None:
    assert Potentiostat(RUN).file(2, 15) == Potentiostat(RUN).file(2, 15)
    assert Potentiostat(Run(seed=1)).file(2, 15) != Potentiostat(Run(seed=2)).file(2, 15)


def integrated(sensor: Sensor, wave: SquareWave, frequency_hz: float) -> np.ndarray:
    """Difference currents by small time steps through every pulse (Euler, independent of exp)."""
    factor = sensor.electrons * FARADAY_C_MOL / (GAS_CONSTANT_J_MOL_K * 298.15)
    direction = np.sign(wave.final_v - wave.initial_v)
    oxidised, steps, differences = 1.0, 4000, []
    dt = 1 / (2 * frequency_hz) / steps
    for potential in wave.potentials_v:
        ends = []
        for pulse in (direction, -direction):
            over = factor * (potential + pulse * wave.amplitude_v - sensor.formal_potential_v)
            red = sensor.rate_free_hz * np.exp(-sensor.transfer_coefficient * over)
            ox = sensor.rate_free_hz * np.exp((1 - sensor.transfer_coefficient) * over)
            for _ in range(steps):
                rate = red * oxidised - ox * (1 - oxidised)
                oxidised -= rate * dt
            ends.append(sensor.charge_c * (red * oxidised - ox * (1 - oxidised)))
        differences.append(ends[0] - ends[1])
    return np.array(differences)


def test_pulses_equal_a_numerical_integration() -> None:
    sensor = Sensor(spread_v=0.0)
    wave = SquareWave(initial_v=-0.2, final_v=-0.36, step_v=0.01)
    forward, reverse = pulse_currents(sensor, wave, 60.0, bound=0.0)
    expected = integrated(sensor, wave, 60.0)
    assert forward - reverse == pytest.approx(expected, rel=0.01, abs=expected.max() * 0.002)


def test_reversible_sweep_gives_the_same_peak_from_either_side() -> None:
    there = pulse_currents(Sensor(), SquareWave(), 15.0, 0.0)
    back = pulse_currents(Sensor(), SquareWave(initial_v=-0.5, final_v=0.0), 15.0, 0.0)
    assert np.ptp(there[0] - there[1]) == pytest.approx(np.ptp(back[1] - back[0]), rel=0.02)


def test_binding_drives_low_and_high_frequency_apart() -> None:
    potentiostat = Potentiostat(RUN)

    def height(number: int, frequency_hz: float) -> float:
        peaks = analyze_scan(potentiostat.scan(number, frequency_hz), PeakSettings()).peaks
        assert all(peak.flags == () for peak in peaks)
        return peaks[0].peak_current_a or 0.0

    assert 1e-7 < height(1, 15) < 1e-6 < height(1, 200) < 5e-6
    assert height(30, 15) / height(1, 15) < 0.8
    assert height(30, 200) / height(1, 200) > 1.3
    assert height(4, 15) / height(1, 15) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("number", "expected"), [(1, 0.0), (4, 0.0), (1000, 100 / 130)])
def test_langmuir(number: int, expected: float) -> None:
    assert bound_share(RUN, number) == pytest.approx(expected)


def test_peak_is_where_methylene_blue_is() -> None:
    analysis = analyze_scan(Potentiostat(RUN).scan(1, 200), PeakSettings())
    for peak in analysis.peaks:
        assert peak.peak_potential_v == pytest.approx(-0.28, abs=0.015)
        assert peak.fwhm_v is not None
        assert 0.05 < peak.fwhm_v < 0.12


@pytest.mark.parametrize("make", [lambda: SquareWave(final_v=-0.3), lambda: SquareWave()])
def test_steps_begin_behind_the_initial_potential(make: Callable[[], SquareWave]) -> None:
    wave = make()
    assert wave.potentials_v[0] == pytest.approx(wave.initial_v - wave.step_v)
    assert wave.potentials_v[-1] == pytest.approx(wave.final_v)
