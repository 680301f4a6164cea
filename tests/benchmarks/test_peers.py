import numpy as np
import pytest
from peers import PEERS, read_peak, read_peaks, stiffness

X_V = np.arange(-0.5, 0.0, 0.002)
LINE_A = 3e-7 + 2e-7 * X_V
PEAK_A = 1e-7 * np.exp(-4 * np.log(2) * ((X_V + 0.26) / 0.09) ** 2)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_reads_a_plain_peak(name):
    noise = np.random.default_rng(2).normal(scale=1e-9, size=X_V.size)
    height_a, potential_v = read_peak(name, X_V, LINE_A + PEAK_A + noise)
    assert height_a == pytest.approx(1e-7, rel=0.12)
    assert potential_v == pytest.approx(-0.26, abs=0.006)


@pytest.mark.parametrize("name", PEERS)
def test_what_cannot_be_read_is_no_number(name):
    height_a, _ = read_peak(name, X_V, np.full(X_V.size, np.nan))
    assert np.isnan(height_a)


def test_many_scans_are_read_one_by_one():
    readings = read_peaks("gauss-line", [(X_V, LINE_A + PEAK_A), (X_V, LINE_A + 2 * PEAK_A)])
    np.testing.assert_allclose(readings.height_a, [1e-7, 2e-7], rtol=1e-3)
    assert readings.milliseconds > 0


def test_the_cut_off_in_volts_does_not_depend_on_the_step():
    assert stiffness(8, 0.001) == pytest.approx(1e8)
    assert stiffness(8, 0.002) == pytest.approx(1e8 / 16)
