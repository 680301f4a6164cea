"""The span method of the desktop program against a slow twin, step by step."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.analysis.sacmes_desktop import sacmes_desktop
from sacmes_core.settings.peak import PeakSettings


def voltammogram(seed: int, count: int) -> tuple[FloatArray, FloatArray]:
    random = np.random.default_rng(seed)
    potential = np.linspace(-0.5, 0.0, count)
    peak = 1e-6 * np.exp(-(((potential + 0.28) / 0.04) ** 2))
    return potential, peak - 3e-7 * potential + 2e-8 * random.normal(size=count)


def twin(potentials: FloatArray, currents: FloatArray) -> tuple[float, float]:
    window = sum(1 for e in potentials if e - potentials[0] <= 0.005)
    window = max(window, 2)
    window += window % 2 == 0
    smoothed = savgol_filter(currents, window, 1)
    fitted = [float(v) for v in np.polyval(np.polyfit(potentials, smoothed, 15), potentials)]
    lowest = min(float(v) for v in smoothed)
    area = 0.0
    for k in range(len(potentials) - 1):
        mean = (smoothed[k] + smoothed[k + 1]) / 2 - lowest
        area += mean * (potentials[k + 1] - potentials[k])
    return max(fitted) - min(fitted), float(area)


@pytest.mark.filterwarnings("ignore:Polyfit may be poorly conditioned")
@pytest.mark.parametrize("count", [101, 251, 500])
def test_equals_the_slow_twin(count: int) -> None:
    scans = [voltammogram(seed, count) for seed in range(8)]
    arrays = sacmes_desktop(
        np.stack([e for e, _ in scans]), np.stack([i for _, i in scans]), PeakSettings()
    )
    for k, (potential, current) in enumerate(scans):
        height, area = twin(potential, current)
        assert arrays.height_a[k] == pytest.approx(height, rel=1e-9)
        assert arrays.area_av[k] == pytest.approx(area, rel=1e-9)


def test_a_slope_counts_as_a_peak_and_a_constant_does_not() -> None:
    potential = np.linspace(-0.5, 0.0, 101)
    current = np.stack([1e-6 * potential, np.full(101, 2e-7)])
    arrays = sacmes_desktop(np.stack([potential, potential]), current, PeakSettings())
    assert arrays.height_a[0] == pytest.approx(5e-7, rel=1e-6)
    assert np.isnan(arrays.height_a[1])
