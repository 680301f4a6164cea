"""How accurate rate constants from frequency maps are, on maps whose truth is known.

    OMP_NUM_THREADS=1 python benchmarks/frequency_map.py [--maps 100] [--seed 0]

Each map has the peaks of a bound couple (two electrons, 25 mV, steps of 2 mV) at 12 frequencies
from 5 to 1,000 Hz, with random errors of 1, 3 or 10 % of the peak and a twentieth of the largest.
Rate constants are drawn between 10 and 300 per s, of two populations 4 to 12 times apart. Printed:
median bias and rms error of each rate in %, share of 95 % intervals that hold, share without a
number and with a wrong number of populations, all in %, and ms a map. Then what a wrong assumption
does: another transfer coefficient, amplitude, number of electrons, or a spread of formal potentials
that nobody knows of.

The peer is `scipy.optimize.curve_fit` of the closed form at the formal potential, for one
population: Q·f·4u·tanh(φ/2)/(1 + e^u). It is wrong where the peaks split.
"""

import argparse
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from sacmes_core.analysis.kinetics.rates import RateFit, fit_rates
from sacmes_core.analysis.kinetics.response import SquareWaveCouple
from sacmes_core.simulate.square_wave import SquareWave, SurfaceCouple, pulse_currents

FloatArray = NDArray[np.float64]

FREQUENCIES_HZ = np.array([5, 8, 15, 25, 40, 60, 100, 150, 250, 400, 700, 1000.0])
WAVE = SquareWave(0.0, -0.75, 0.002)
COUPLE = SquareWaveCouple(step_v=0.002)
ERRORS = (0.01, 0.03, 0.10)
THERMAL_PER_V = 38.921740
CHARGE_C = 4e-8


def peaks(couples: list[SurfaceCouple], wave: SquareWave = WAVE) -> FloatArray:
    """Net peaks at all frequencies, as the simulated instrument shows them."""
    found = []
    for frequency_hz in FREQUENCIES_HZ:
        net = np.zeros(len(wave.potentials_v))
        for couple in couples:
            forward, reverse = pulse_currents(couple, wave, float(frequency_hz))
            net += forward - reverse
        found.append(net.max())
    return np.array(found)


def layer(rate_hz: float, share: float = 1.0) -> SurfaceCouple:
    """A couple at the default settings of the fit."""
    return SurfaceCouple(charge_c=share * CHARGE_C, rate_hz=rate_hz, spread_v=0.0)


def closed_form(frequency_hz: FloatArray, rate_hz: float, charge_c: float) -> FloatArray:
    """Peak current of a layer at small steps, in A."""
    half = 2 * THERMAL_PER_V * WAVE.amplitude_v / 2
    u = np.minimum(rate_hz / frequency_hz * np.cosh(half), 500)
    return np.asarray(charge_c * frequency_hz * 4 * u * np.tanh(half) / (1 + np.exp(u)))


def row(fits: list[RateFit], rates: FloatArray, spent: float) -> str:
    """Bias, rms, coverage of each rate; none, wrong number; ms."""
    count = rates.shape[1]
    populations = np.array([fit.populations for fit in fits])
    right = populations == count
    cells = []
    for k in range(count):
        found = np.array([fit.rate_hz[k] for fit in fits])[right]
        low = np.array([fit.rate_low_hz[k] for fit in fits])[right]
        high = np.array([fit.rate_high_hz[k] for fit in fits])[right]
        truth = rates[right, k]
        error = 100 * (found / truth - 1)
        held = 100 * ((low < truth) & (truth < high)).mean()
        cells.append(f"{np.median(error):6.2f} {np.sqrt(np.mean(error**2)):6.2f} {held:4.0f}")
    none, wrong = 100 * (populations == 0).mean(), 100 * ((populations > 0) & ~right).mean()
    return "  ".join(cells) + f"  none {none:4.1f}  wrong {wrong:4.1f}  {spent:5.1f} ms"


def accuracy(count: int, error: float, maps: int, random: np.random.Generator) -> None:
    """One line for the product, one for the peer."""
    rates = np.exp(random.uniform(np.log(10), np.log(300), size=(maps, 1)))
    if count == 2:
        slow = np.exp(random.uniform(np.log(8), np.log(60), size=(maps, 1)))
        rates = np.concatenate([slow, slow * random.uniform(4, 12, size=(maps, 1))], axis=1)
    shares = random.uniform(0.35, 0.65, size=maps)
    fits, seen = [], []
    spent = 0.0
    peer = np.full((maps, 3), np.nan)
    for k in range(maps):
        parts = [1.0] if count == 1 else [shares[k], 1 - shares[k]]
        layers = [layer(float(rate), part) for rate, part in zip(rates[k], parts, strict=True)]
        truth = peaks(layers)
        sigma = error * np.hypot(truth, 0.05 * truth.max())
        peak = truth + sigma * random.normal(size=len(truth))
        seen.append(peak)
        start = time.process_time()
        fits.append(fit_rates(FREQUENCIES_HZ, peak, sigma, COUPLE))
        spent += time.process_time() - start
        found, covariance = curve_fit(
            closed_form, FREQUENCIES_HZ, peak, p0=(50.0, CHARGE_C), sigma=sigma
        )
        peer[k] = found[0], *(found[0] + 1.96 * np.sqrt(covariance[0, 0]) * np.array([-1, 1]))
    label = f"{count} error {100 * error:3.0f} %"
    print(f"{label} ours      {row(fits, rates, 1e3 * spent / maps)}", flush=True)
    if count == 1:
        off = 100 * (peer[:, 0] / rates[:, 0] - 1)
        held = 100 * ((peer[:, 1] < rates[:, 0]) & (rates[:, 0] < peer[:, 2])).mean()
        print(
            f"{label} curve_fit {np.median(off):6.2f} {np.sqrt(np.mean(off**2)):6.2f} {held:4.0f}"
        )


def assumptions() -> None:
    """What is wrong with the rate where an assumption is."""
    cases: dict[str, tuple[SurfaceCouple, SquareWave]] = {
        "transfer coefficient 0.4": (replace(layer(60.0), transfer_coefficient=0.4), WAVE),
        "transfer coefficient 0.6": (replace(layer(60.0), transfer_coefficient=0.6), WAVE),
        "spread of 15 mV": (replace(layer(60.0), spread_v=0.015), WAVE),
        "spread of 30 mV": (replace(layer(60.0), spread_v=0.030), WAVE),
        "amplitude 30 mV": (layer(60.0), SquareWave(0.0, -0.75, 0.002, 0.030)),
        "steps of 4 mV": (layer(60.0), SquareWave(0.0, -0.75, 0.004)),
        "one electron": (replace(layer(60.0), electrons=1), WAVE),
    }
    print("without noise, k = 60 per s, one thing other than assumed: k, charge in % off; flags")
    for name, (couple, wave) in cases.items():
        peak = peaks([couple], wave)
        found = fit_rates(FREQUENCIES_HZ, peak, 0.02 * peak, COUPLE, two=False)
        off = 100 * (found.rate_hz[0] / 60 - 1), 100 * (found.charge_c[0] / CHARGE_C - 1)
        print(f"  {name:26s} {off[0]:6.1f} {off[1]:6.1f}  {' '.join(found.flags)}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--maps", type=int, default=100, help="maps of each kind and error")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(
        "for each rate: median bias %, rms %, 95 % intervals that hold %; then none, wrong number"
    )
    for count in (1, 2):
        for error in ERRORS:
            random = np.random.default_rng((options.seed, count, round(1e3 * error)))
            accuracy(count, error, options.maps, random)
    assumptions()


if __name__ == "__main__":
    main()
