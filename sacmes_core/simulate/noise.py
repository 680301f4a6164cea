"""Noise of a current as a square wave samples it: white, 1/f, mains, spikes.

A scan is one series of samples, two a period, forward and reverse in turn. Noise slower than the
period is therefore nearly the same in both and falls out of the difference; what remains of the
mains stands at another place and height for each frequency (see `mains_alias`).
"""

from dataclasses import dataclass

import numpy as np

from sacmes_core.simulate.square_wave import FloatArray

_EXTRA_LENGTH = 4
"""1/f noise is cut out of a series so many times as long, or it would end where it begins."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise of each sampled current.

    Attributes
    ----------
    white_a
        Standard deviation of a sample.
    flicker_a
        Density of the 1/f noise at 1 Hz, A/√Hz: the one-sided spectrum is flicker² / f.
    mains_a
        Amplitude of the mains; its phase is another in every scan.
    spike_share, spike_a
        Share of the samples with a spike, and the mean size of spikes (exponential, either sign).
    """

    white_a: float = 2e-9
    flicker_a: float = 0.0
    mains_a: float = 0.0
    mains_hz: float = 50.0
    spike_share: float = 0.0
    spike_a: float = 2e-7


def noise_series(
    noise: Noise, count: int, sample_hz: float, random: np.random.Generator
) -> FloatArray:
    """Noise of samples taken one after the other, A, shape (`count`,).

    Parameters
    ----------
    sample_hz
        Samples a second: twice the frequency of a square wave.
    """
    series = random.normal(scale=noise.white_a, size=count)
    if noise.flicker_a:
        series += noise.flicker_a * flicker(count, sample_hz, random)
    if noise.mains_a:
        phases = noise.mains_hz * np.arange(1, count + 1) / sample_hz + random.random()
        series += noise.mains_a * np.sin(2 * np.pi * phases)
    if noise.spike_share:
        hit = random.random(count) < noise.spike_share
        series += hit * random.laplace(scale=noise.spike_a, size=count)
    return np.asarray(series)


def flicker(count: int, sample_hz: float, random: np.random.Generator) -> FloatArray:
    """1/f noise with the one-sided spectrum 1 / f, shape (`count`,).

    The spectrum of white noise is shaped, as J. Timmer and M. König do (Astron. Astrophys. 300
    (1995) 707).
    """
    length = _EXTRA_LENGTH * count
    frequencies_hz = np.fft.rfftfreq(length, 1 / sample_hz)[1:]
    sizes = np.sqrt(sample_hz * length / (4 * frequencies_hz))
    parts = random.normal(size=(2, len(frequencies_hz)))
    spectrum = np.concatenate([[0], sizes * (parts[0] + 1j * parts[1])])
    return np.asarray(np.fft.irfft(spectrum, length)[:count])


def mains_alias(mains_hz: float, frequency_hz: float) -> tuple[float, float]:
    """Where the mains stand in a difference current, and how large.

    A difference is taken of samples half a period apart, once a period 1/f: the mains of frequency
    m appear with m/f cycles a step, less the nearest whole number, and are 2 |sin(π m / 2f)| times
    as large. At f = m they are a constant; at f = m/2 nothing is left of them.

    Returns
    -------
    cycles_per_step
        0 to 0.5.
    gain
        Amplitude in the difference over that of the current.
    """
    turns = mains_hz / frequency_hz
    return abs(turns - round(turns)), float(2 * abs(np.sin(np.pi * turns / 2)))
