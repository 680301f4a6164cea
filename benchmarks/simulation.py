"""How exactly the simulator obeys the textbook: theory, simulation and difference, line by line.

    OMP_NUM_THREADS=1 python benchmarks/simulation.py

The page on simulation says where each theory is from.
"""

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.signal import welch
from scipy.special import expit, lambertw

from sacmes_core.simulate.acquisition import CurrentRange, digitised
from sacmes_core.simulate.constants import PER_THERMAL_VOLT
from sacmes_core.simulate.cyclic import CyclicCell, DiffusingCouple, SurfaceCouple, TriangularSweep
from sacmes_core.simulate.dissolved import DissolvedCouple, dissolved_pulse_currents
from sacmes_core.simulate.isotherm import Isotherm, equilibrium_share
from sacmes_core.simulate.noise import Noise, flicker, mains_alias, noise_series
from sacmes_core.simulate.potentiostat import Potentiostat, Run
from sacmes_core.simulate.square_wave import SquareWave, pulse_currents
from sacmes_core.simulate.square_wave import SurfaceCouple as PulsedCouple

FloatArray = NDArray[np.float64]
Row = tuple[str, float, float]
"""What, the theory's number, the simulated one."""

PUBLISHED_PEAKS = ((1, 10, 0.2376), (1, 50, 0.9098), (5, 20, 0.4686), (10, 50, 0.9281))
DERIVATIVE_WIDTH = 2 * np.log(3 + 2 * np.sqrt(2))


def net(
    rate_hz: float, wave: SquareWave, frequency_hz: float = 100.0
) -> tuple[FloatArray, FloatArray]:
    """Potentials ascending, and the net current of a layer of 1 C at E° = 0, one electron."""
    couple = PulsedCouple(1.0, 0.0, rate_hz, 1, 0.5, 0.0)
    forward, reverse = pulse_currents(couple, wave, frequency_hz)
    return wave.potentials_v[::-1], (forward - reverse)[::-1]


def refined_maximum(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Place and height of the highest point of a curve."""
    fine = np.linspace(x[0], x[-1], 50_001)
    curve = CubicSpline(x, y)(fine)
    return float(fine[curve.argmax()]), float(curve.max())


def width(x: FloatArray, y: FloatArray) -> float:
    """Full width at half height."""
    fine = np.linspace(x[0], x[-1], 50_001)
    above = fine[CubicSpline(x, y)(fine) > y.max() / 2]
    return float(above[-1] - above[0])


def surface_rows() -> Iterator[Row]:
    """A couple on the surface under a square wave."""
    wave = SquareWave(0.4, -0.4, 0.00001, 0.001)
    potentials, current = net(100.0, wave)
    half = PER_THERMAL_VOLT * potentials / 2
    closed = 2 * 100.0 * PER_THERMAL_VOLT * 0.001 / np.cosh(half) * expit(-np.cosh(half))
    yield "surface: small amplitude, k/f = 1, net peak over Q, 1/s", closed.max(), current.max()
    kappas = np.linspace(0.6, 1.5, 19)
    for amplitude_v in (0.005, 0.025, 0.05):
        sweep = SquareWave(0.15, -0.1, 0.0001, amplitude_v)
        heights = np.array([net(kappa * 100.0, sweep)[1].max() for kappa in kappas])
        theory = (1 + np.real(lambertw(1 / np.e))) / np.cosh(PER_THERMAL_VOLT * amplitude_v / 2)
        name = f"surface: k/f of the quasi-reversible maximum, E_sw {1e3 * amplitude_v:g} mV"
        yield name, float(theory), refined_maximum(kappas, heights)[0]
    slow = SquareWave(0.2, -1.0, 0.001, 0.025)
    peaks = [refined_maximum(*net(1e-3, slow, f))[0] for f in (50.0, 500.0)]
    name = "surface: irreversible peak, mV for a decade of f (α = ½)"
    yield name, 1e3 * np.log(10) / (0.5 * PER_THERMAL_VOLT), 1e3 * (peaks[0] - peaks[1])


def dissolved_rows() -> Iterator[Row]:
    """A dissolved couple under a square wave."""

    def peak(step_v: float, amplitude_v: float) -> tuple[FloatArray, FloatArray]:
        couple = DissolvedCouple(formal_potential_v=0.0)
        wave = SquareWave(0.4, -0.4, step_v, amplitude_v)
        forward, reverse = dissolved_pulse_currents(couple, wave, 25.0)
        return wave.potentials_v[::-1], (forward - reverse)[::-1] / couple.cottrell_a(0.02)

    for step_mv, amplitude_mv, published in PUBLISHED_PEAKS:
        name = f"dissolved: net peak ΔΨ, step {step_mv} mV, E_sw {amplitude_mv} mV"
        yield name, published, refined_maximum(*peak(step_mv / 1e3, amplitude_mv / 1e3))[1]
    exact = 1e3 * DERIVATIVE_WIDTH / PER_THERMAL_VOLT
    yield "dissolved: width at small amplitude, mV", exact, 1e3 * width(*peak(0.0001, 0.0005))


def cyclic_rows() -> Iterator[Row]:
    """Cyclic voltammograms."""
    sweep = TriangularSweep(0.3, -0.7, 0.3)
    half = len(sweep.potentials_v()) // 2
    solved = CyclicCell(sweep, DiffusingCouple(formal_potential_v=-0.2)).faradaic_a()
    potentials = sweep.potentials_v()
    down = refined_maximum(potentials[half::-1], -solved[half::-1])[0]
    up = refined_maximum(potentials[half:], solved[half:])[0]
    yield (
        "cyclic: ΔEp of a reversible dissolved couple, mV (vertex 500 mV away)",
        57.0,
        1e3 * (up - down),
    )
    bound = CyclicCell(sweep, SurfaceCouple(charge_c=1e-6)).faradaic_a()
    yield (
        "cyclic: peak of a bound couple, µA",
        1e6 * 1e-6 * PER_THERMAL_VOLT / 4 * 0.1,
        1e6 * bound.max(),
    )


def instrument_rows() -> Iterator[Row]:
    """Noise, mains, converter, isotherm."""
    random = np.random.default_rng(1)
    frequencies, density = welch(flicker(1 << 17, 400.0, random), 400.0, nperseg=1 << 12)
    band = (frequencies > 1) & (frequencies < 100)
    slope, level = np.polyfit(np.log10(frequencies[band]), np.log10(density[band]), 1)
    yield "1/f noise: slope of the spectrum", -1.0, slope
    yield "1/f noise: density at 1 Hz over that asked for", 1.0, 10**level
    for frequency_hz in (15.0, 40.0, 60.0, 150.0):
        series = noise_series(Noise(0.0, mains_a=1.0), 12_000, 2 * frequency_hz, random)
        spectrum = np.abs(np.fft.rfft(series[0::2] - series[1::2])) / 3_000
        cycles, gain = mains_alias(50.0, frequency_hz)
        line = int(spectrum.argmax())
        yield f"mains of 50 Hz at {frequency_hz:g} Hz: cycles a step", cycles, line / 6_000
        yield f"mains of 50 Hz at {frequency_hz:g} Hz: gain", gain, spectrum[line]
    current_range = CurrentRange(1e-6, bits=12)
    currents = random.uniform(-9e-7, 9e-7, 200_000)
    error = float(np.std(digitised(currents, current_range)[0] - currents))
    yield "converter: rms error over its step", 1 / np.sqrt(12), error / current_range.step_a
    yield "isotherm: bound at K_D", 0.5, equilibrium_share(Isotherm(), Isotherm().dissociation_m)


def main() -> None:
    """Print the table."""
    print("| what | theory | simulated | difference |\n|---|---|---|---|")
    for rows in (surface_rows(), dissolved_rows(), cyclic_rows(), instrument_rows()):
        for what, theory, simulated in rows:
            gap = simulated - theory
            share = f"{100 * gap / theory:+.2f} %" if theory else f"{gap:+.2g}"
            print(f"| {what} | {theory:.4g} | {simulated:.4g} | {share} |")
    potentiostat = Potentiostat(Run())
    for name, make in (
        ("square wave", lambda n: potentiostat.scan(n, 15.0)),
        ("cycle", potentiostat.cycle),
    ):
        make(1)
        start = time.process_time()
        for number in range(2, 12):
            make(number)
        print(f"{name}: {100 * (time.process_time() - start):.1f} ms a scan of two electrodes")


if __name__ == "__main__":
    main()
