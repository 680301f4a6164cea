"""Where a peak is and what is read off it, on curves whose truth is known."""

import numpy as np
import pytest

from sacmes_core.analysis.apex import Reading, Start, find_start, read_peaks
from sacmes_core.analysis.peaks import FloatArray

GRID_V = np.round(np.arange(-0.5, 0.0005, 0.002), 6)[np.newaxis]


def gauss(at_v: float, width_v: float) -> FloatArray:
    return np.asarray(np.exp(-4 * np.log(2) * ((GRID_V - at_v) / width_v) ** 2))


def start_at(at_v: float, width_v: float, rows: int) -> Start:
    each = np.ones(rows)
    return Start(at_v * each, width_v * each, each, each, 10 * each)


def read(over_a: FloatArray, at_v: float, width_v: float) -> Reading:
    grid = np.broadcast_to(GRID_V, over_a.shape)
    return read_peaks(grid, over_a, start_at(at_v, width_v, len(over_a)))


@pytest.mark.parametrize("at_v", [-0.31, -0.2507, -0.2493])
@pytest.mark.parametrize("width_v", [0.06, 0.1, 0.18])
def test_numbers_of_a_gaussian(at_v: float, width_v: float) -> None:
    found = read(gauss(at_v, width_v) - 1e-4, at_v + 0.01, 1.2 * width_v)
    assert found.height_a[0] == pytest.approx(1.0, abs=0.005)
    assert found.potential_v[0] == pytest.approx(at_v, abs=1e-4)
    assert found.width_v[0] == pytest.approx(width_v, rel=0.005)
    area = width_v * np.sqrt(np.pi / np.log(2)) / 2
    assert found.area_av[0] == pytest.approx(area, rel=0.01)


def test_weights_carry_the_noise_of_the_points_through() -> None:
    noise = 0.005 * np.random.default_rng(0).normal(size=(2000, GRID_V.size))
    exact = read(gauss(-0.26, 0.1) - 0.02, -0.26, 0.1)
    found = read(gauss(-0.26, 0.1) - 0.02 + noise, -0.26, 0.1)
    for name in ("height", "potential", "width"):
        unit = "_a" if name == "height" else "_v"
        expected = 0.005 * np.sqrt(np.sum(getattr(exact, f"{name}_weights") ** 2))
        assert np.std(getattr(found, name + unit)) == pytest.approx(expected, rel=0.2), name


def test_what_never_falls_to_half_has_no_numbers() -> None:
    found = read(gauss(-0.02, 0.3), -0.02, 0.1)
    assert np.isnan([found.height_a[0], found.width_v[0], found.area_av[0]]).all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_peak_on_a_steep_tail_is_found(sign: float) -> None:
    tail = 2 * np.exp(-(GRID_V + 0.5) / 0.05)
    found = find_start(GRID_V, sign * (gauss(-0.25, 0.1) + tail), "either")
    assert found.sign[0] == sign
    assert found.potential_v[0] == pytest.approx(-0.25, abs=0.02)
    assert 0.05 < found.width_v[0] < 0.15


@pytest.mark.parametrize("curve", ["line", "tail", "mirrored tail"])
def test_what_bends_but_once_is_no_peak(curve: str) -> None:
    current = {
        "line": 2 * GRID_V,
        "tail": np.exp(-(GRID_V + 0.5) / 0.06),
        "mirrored tail": np.exp(GRID_V / 0.06),
    }[curve]
    noise = 0.01 * np.random.default_rng(1).normal(size=(50, GRID_V.size))
    found = find_start(np.broadcast_to(GRID_V, noise.shape), current + noise, "either")
    assert np.mean(found.sigmas > 5) < 0.05


@pytest.mark.parametrize("place", [0, 40, -1])
def test_one_bad_point_does_not_hide_the_peak(place: int) -> None:
    current = 4 + gauss(-0.3, 0.08)
    current[0, place] -= 1.2
    found = find_start(GRID_V, current, "either")
    assert found.sign[0] == 1
    assert found.potential_v[0] == pytest.approx(-0.3, abs=0.01)
