"""The simulated potentiostat behaves like the instrument and the sensor it stands for."""

from dataclasses import replace

import numpy as np
import pytest

from sacmes_core.analysis.analyzing import analyze_scan
from sacmes_core.errors import AnalysisError
from sacmes_core.flags import OVERLOAD
from sacmes_core.formats.reading import read
from sacmes_core.settings.peak import PeakSettings
from sacmes_core.simulate.acquisition import CurrentRange, Faults
from sacmes_core.simulate.backgrounds import Background, DoubleLayer, background_current
from sacmes_core.simulate.chronoamperometry import PotentialStep
from sacmes_core.simulate.constants import PER_THERMAL_VOLT
from sacmes_core.simulate.dissolved import DissolvedCouple
from sacmes_core.simulate.drift import Drift
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.noise import Noise
from sacmes_core.simulate.potentiostat import Potentiostat, Run, file_name
from sacmes_core.simulate.sensor import Sensor
from sacmes_core.simulate.square_wave import SquareWave, SurfaceCouple
from sacmes_core.simulate.writers.chi import chi_text

RUN = Run(electrodes=(1, 3), additions=(Addition(5),), seed=7)


@pytest.mark.parametrize("frequency_hz", [0.5, 15.0, 200.0])
def test_file_reads_back_exactly(frequency_hz: float) -> None:
    potentiostat = Potentiostat(RUN)
    name = file_name(4, frequency_hz)
    (scan,) = read(potentiostat.file(4, frequency_hz), name=name)
    simulated = potentiostat.scan(4, frequency_hz)
    assert replace(scan, parameters={}) == simulated
    assert scan.complete
    assert scan.electrodes == (1, 3)
    assert scan.number == 4


def test_a_cyclic_voltammogram_reads_back_exactly() -> None:
    simulated = Potentiostat(RUN).cycle(4)
    (scan,) = read(chi_text(simulated), name="CV_4.txt")
    assert replace(scan, parameters={}) == simulated
    assert scan.complete


def test_a_cyclic_voltammogram_shows_the_couple_both_ways() -> None:
    """Oxidation positive; peaks near E° of n²F²vΓA/4RT over the charging current."""
    sensor = Sensor(noise=Noise(white_a=0.0), couple=SurfaceCouple(spread_v=0.0, rate_hz=1e3))
    (curve,) = Potentiostat(Run(electrodes=(1,), sensor=sensor)).cycle(1).curves
    potentials, currents = np.array(curve.potential_v), np.array(curve.current_a)
    down, up = currents[:701], currents[700:]
    assert potentials[down.argmin()] == pytest.approx(-0.28, abs=0.015)
    assert potentials[700:][up.argmax()] == pytest.approx(-0.28, abs=0.015)
    charging = 5e-7 * 0.1
    height = 4e-8 * 2 * PER_THERMAL_VOLT / 4 * 0.1
    assert up.max() - charging == pytest.approx(height, rel=0.5)
    assert up.max() == pytest.approx(-down.min(), rel=0.02)
    assert up[300] == pytest.approx(charging, rel=0.3)


def test_a_potential_step_shows_the_lifetimes_of_both_layers() -> None:
    """ln I falls by Δt/τ, and τ = 1/λ of Butler and Volmer is shorter with target."""
    step = PotentialStep(0.0, -0.33, duration_s=0.04)
    layer = SurfaceCouple(spread_v=0.0)
    no_charging = DoubleLayer(capacitance_f=1e-12)
    sensor = Sensor(layer, 60.0, double_layer=no_charging, noise=Noise(white_a=0.0))
    run = Run(electrodes=(1,), sensor=sensor, step=step)
    (alone,) = Potentiostat(run).step(1).curves
    (bound,) = Potentiostat(replace(run, additions=(Addition(1, 1.0),))).step(200).curves
    assert alone.time_s is not None
    assert len(alone.time_s) == 400
    assert set(alone.potential_v) == {-0.33}
    taus = [
        (alone.time_s[199] - alone.time_s[99]) / np.log(c.current_a[99] / c.current_a[199])
        for c in (alone, bound)
    ]
    assert all(i < 0 for i in alone.current_a[50:])
    over = 2 * PER_THERMAL_VOLT * 0.05
    expected = 1 / (17.0 * (np.exp(over / 2) + np.exp(-over / 2)))
    # Each electrode has a rate and a potential of its own, some per cent off.
    assert taus[0] == pytest.approx(expected, rel=0.5)
    assert taus[0] / taus[1] == pytest.approx(60 / 17, rel=0.02)
    passed = -np.trapezoid(alone.current_a, alone.time_s)
    assert passed == pytest.approx(4e-8, rel=0.5)


def test_a_dissolved_couple_has_no_lifetime() -> None:
    run = Run(sensor=Sensor(couple=DissolvedCouple()))
    with pytest.raises(AnalysisError, match="bound one"):
        Potentiostat(run).step(1)


def test_same_seed_same_scan_other_seed_other_noise() -> None:
    assert Potentiostat(RUN).file(2, 15) == Potentiostat(RUN).file(2, 15)
    assert Potentiostat(Run(seed=1)).file(2, 15) != Potentiostat(Run(seed=2)).file(2, 15)


def test_a_scan_does_not_depend_on_those_before_it() -> None:
    potentiostat = Potentiostat(RUN)
    for number in range(1, 7):
        potentiostat.scan(number, 15)
    assert potentiostat.scan(7, 15) == Potentiostat(RUN).scan(7, 15)


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


def test_peak_is_where_methylene_blue_is() -> None:
    analysis = analyze_scan(Potentiostat(RUN).scan(1, 200), PeakSettings())
    for peak in analysis.peaks:
        assert peak.peak_potential_v == pytest.approx(-0.28, abs=0.015)
        assert peak.fwhm_v is not None
        assert 0.05 < peak.fwhm_v < 0.12


def differences(run: Run, number: int = 1, frequency_hz: float = 200.0) -> np.ndarray:
    curve = Potentiostat(run).scan(number, frequency_hz).curve(1, "difference")
    assert curve is not None
    return np.array(curve.current_a)


def test_a_dissolved_couple_takes_the_place_of_the_layer() -> None:
    couple = DissolvedCouple()
    current = differences(Run(sensor=Sensor(couple=couple)))
    assert np.ptp(current) == pytest.approx(couple.cottrell_a(1 / 400), rel=0.5)


def test_drift_lowers_the_peak_and_moves_it() -> None:
    quiet = Sensor(noise=Noise(white_a=0.0))
    drift = Drift(fast_share=0.3, fast_scans=5, loss_per_scan=0.0, shift_v=0.02, shift_scans=5)
    run = Run(sensor=replace(quiet, drift=drift))
    first, late = differences(run, 1), differences(run, 200)
    below = differences(Run(sensor=replace(quiet, couple=SurfaceCouple(charge_c=0.0))))
    assert np.max(late - below) == pytest.approx(0.7 * np.max(first - below), rel=0.01)
    assert np.argmax(first - below) - np.argmax(late - below) == pytest.approx(20, abs=1)


def test_without_a_couple_the_difference_is_the_background() -> None:
    sensor = Sensor(couple=SurfaceCouple(charge_c=0.0), noise=Noise(white_a=0.0))
    scan = Potentiostat(Run(electrodes=(1,), sensor=sensor)).scan(1, 60.0)
    difference, forward, reverse = (np.array(curve.current_a) for curve in scan.curves)
    assert forward == pytest.approx(-reverse)
    shape = background_current(Background(), SquareWave().potentials_v, 60.0)
    assert difference / shape == pytest.approx(np.full(500, difference[0] / shape[0]), rel=1e-3)
    assert difference[0] / shape[0] == pytest.approx(1, rel=0.5)


def test_faults_leave_the_noise_as_it_is() -> None:
    broken = Sensor(faults=Faults(range_change_share=1.0, range_gain=1.0, range_offset_a=0.0))
    assert differences(Run(sensor=broken)) == pytest.approx(differences(Run()))


def test_a_small_range_is_overloaded_and_said_to_be() -> None:
    run = Run(current_range=CurrentRange(full_scale_a=5e-7, bits=12))
    scan = Potentiostat(run).scan(1, 200)
    assert scan.flags == (OVERLOAD,)
    assert max(abs(i) for c in scan.curves if c.role == "forward" for i in c.current_a) == 5e-7
    assert Potentiostat(replace(run, current_range=CurrentRange(1e-3))).scan(1, 200).flags == ()


def test_a_dropout_leaves_no_current() -> None:
    run = Run(sensor=Sensor(faults=Faults(dropout_share=1.0, dropout_points=9)))
    assert np.sum(differences(run) == 0.0) == 9
