"""The batched fit against a slow twin that knows nothing of variable projection."""

from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from scipy.optimize import least_squares

from sacmes_core.analysis import bank
from sacmes_core.analysis.backgrounds import (
    Background,
    basis,
    curved,
    line,
    smooth,
    tailed,
    two_tailed,
    unbound,
)
from sacmes_core.analysis.bank import search
from sacmes_core.analysis.gridding import binned, isolated_spikes
from sacmes_core.analysis.mains import mains_a
from sacmes_core.analysis.noise import point_noise_a
from sacmes_core.analysis.peaks import FloatArray
from sacmes_core.analysis.separable import Fit, Model, Start, fit_peaks
from sacmes_core.analysis.shape_tables import Gaussian, PeakShape
from sacmes_core.analysis.shapes import physical_shape

X = np.arange(0.0, 0.5001, 0.005)
BACKGROUNDS = {
    "line": line(X),
    "tailed": tailed(X),
    "curved": curved(X),
    "two tails": two_tailed(X),
    "smooth": smooth(X, 0.15, 0.2),
    "rough": smooth(X, 0.045, 0.04, (0.9, 0.3)),
}


def made(seed: int, snr: float = 50.0, tail: float = 0.5) -> FloatArray:
    random = np.random.default_rng(seed)
    width = random.uniform(0.07, 0.14)
    peak = physical_shape().at((X - random.uniform(0.2, 0.3)) / width)[0][:, 0]
    below = tail * np.exp(-X / 0.05)
    return np.asarray(peak + below + 0.3 * X + random.normal(size=len(X)) / snr)


def start_of(currents: FloatArray, sigma: float) -> Start:
    count = len(currents)
    return Start(
        np.full(count, 0.25),
        np.full(count, 0.1),
        np.ones(count),
        np.full(count, sigma),
        np.ones(currents.shape),
    )


def start_near(currents: FloatArray, sigma: float) -> Start:
    """Where the template bank lets a fit start."""
    found, _ = search(X, currents, np.full(len(currents), sigma))
    return replace(start_of(currents, sigma), potential_v=found.potential_v, width_v=found.width_v)


def fitted(currents: FloatArray, shape: PeakShape, background: Background, start: Start) -> Fit:
    fit = fit_peaks(Model.of(X, shape, [basis(background)]), currents, start)
    return Fit(*(getattr(fit, field.name)[0] for field in fields(Fit)))


def twin(current: FloatArray, sigma: float, kind: str) -> FloatArray:
    """Height, Ep, w by general least squares over all factors at once."""
    shape = physical_shape()
    background = BACKGROUNDS[kind]
    spreads = np.concatenate([[np.inf], shape.spreads, background.spreads])
    count = len(shape.areas)

    def misfit(p: FloatArray) -> FloatArray:
        factors = p[2:]
        values = shape.at((X - p[0]) / np.exp(p[1]))[0]
        model = values @ factors[:count] + background.columns @ factors[count:]
        prior = factors / spreads
        width = (p[1] - np.log(0.1)) / 0.6
        return np.concatenate([(current - model) / sigma, prior[np.isfinite(spreads)], [width]])

    first = np.concatenate([[0.25, np.log(0.1), 0.8], np.zeros(len(spreads) - 1)])
    best = least_squares(misfit, first, xtol=1e-12, ftol=1e-12, gtol=1e-12).x
    return np.array([best[2], best[0], np.exp(best[1])])


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_equals_the_slow_twin(kind: str) -> None:
    tail, sigma = 0.0 if kind == "line" else 0.5, 0.03
    currents = np.stack([made(k, tail=tail) for k in range(4)])
    fit = fitted(currents, physical_shape(), BACKGROUNDS[kind], start_near(currents, sigma))
    for k, current in enumerate(currents):
        if fit.rejected[k]:
            continue
        height, potential, width = twin(current, sigma, kind)
        assert fit.height_a[k] == pytest.approx(height, rel=1e-2)
        assert fit.potential_v[k] == pytest.approx(potential, abs=5e-4)
        assert fit.width_v[k] == pytest.approx(width, rel=1e-2)
    assert (fit.rejected == 0).sum() >= 1


def test_standard_errors_are_the_scatter_of_repeats() -> None:
    random = np.random.default_rng(0)
    peak = Gaussian().columns_at((X - 0.25) / 0.1)[0]
    currents = peak + 0.1 * X + random.normal(size=(400, len(X))) * 0.05
    fit = fitted(currents, Gaussian(), line(X), start_of(currents, 0.05))
    for value, error in (
        (fit.height_a, fit.height_se_a),
        (fit.potential_v, fit.potential_se_v),
        (fit.width_v, fit.width_se_v),
        (fit.area_av, fit.area_se_av),
    ):
        assert error.mean() == pytest.approx(value.std(), rel=0.15)
    assert fit.height_a.mean() == pytest.approx(1.0, abs=0.01)
    assert fit.area_av.mean() == pytest.approx(0.1 * np.sqrt(np.pi / 4 / np.log(2)), rel=0.02)


def test_baselines_fitted_together_and_alone_say_the_same() -> None:
    currents = np.stack([made(k) for k in range(5)])
    start = start_of(currents, 0.03)
    bases = [basis(background) for background in BACKGROUNDS.values()]
    together = fit_peaks(Model.of(X, physical_shape(), bases), currents, start)
    for k, background in enumerate(BACKGROUNDS.values()):
        alone = fitted(currents, physical_shape(), background, start)
        assert together.height_a[k] == pytest.approx(alone.height_a, rel=1e-9)
        assert together.evidence[k] == pytest.approx(alone.evidence, abs=1e-6)
        assert together.baseline_a[k] == pytest.approx(alone.baseline_a, abs=1e-9)


def test_many_voltammograms_are_fitted_as_few_are() -> None:
    currents = np.stack([made(k) for k in range(600)])
    many = fitted(currents, physical_shape(), tailed(X), start_of(currents, 0.03))
    for rows in (slice(0, 1), slice(510, 514), slice(599, 600)):
        few = fitted(currents[rows], physical_shape(), tailed(X), start_of(currents[rows], 0.03))
        assert many.height_a[rows] == pytest.approx(few.height_a, rel=1e-9)
        assert many.peak_a[rows] == pytest.approx(few.peak_a, abs=1e-9)


def test_points_that_do_not_count_change_nothing() -> None:
    currents = np.stack([made(k) for k in range(6)])
    weights = np.ones(currents.shape)
    weights[:, [40, 72]] = 0.0
    start = replace(start_near(currents, 0.03), weights=weights)
    clean = fitted(currents, physical_shape(), tailed(X), start)
    currents[:, [40, 72]] += 0.2
    spoilt = fitted(currents, physical_shape(), tailed(X), start)
    assert spoilt.height_a == pytest.approx(clean.height_a, rel=3e-2)
    assert spoilt.potential_v == pytest.approx(clean.potential_v, abs=1e-3)


def test_parts_of_a_background_are_orthonormal_and_say_the_same() -> None:
    background = curved(X)
    parts = basis(background)
    assert parts.columns.T @ parts.columns == pytest.approx(np.eye(len(parts.sizes)), abs=1e-9)
    assert np.isinf(parts.sizes).sum() == 2
    assert np.isinf(basis(unbound(background)).sizes).all()
    tail = np.exp(-X / 0.05)
    assert parts.columns @ (parts.columns.T @ tail) == pytest.approx(tail, abs=1e-3)


def test_neighbours_median_is_that_of_sorting() -> None:
    current = np.random.default_rng(8).normal(size=(50, 40))
    _, median = isolated_spikes(current, np.ones(50))
    around = np.pad(current, ((0, 0), (3, 3)), mode="reflect", reflect_type="odd")
    others = np.delete(sliding_window_view(around, 7, axis=1), 3, axis=2)
    assert median.tolist() == np.median(others, axis=2).tolist()


def test_evidence_prefers_the_background_that_was_there() -> None:
    currents = np.stack([made(k) for k in range(10)])
    start = start_of(currents, 0.02)
    by_line = fitted(currents, physical_shape(), line(X), start)
    by_tail = fitted(currents, physical_shape(), tailed(X), start)
    assert (by_tail.evidence > by_line.evidence).all()


def test_physical_shape_has_unit_height_and_width() -> None:
    shape = physical_shape()
    x = np.linspace(-2, 2, 2001)
    values, slopes = shape.at(x)
    assert values[1000] == pytest.approx([1, 0, 0, 0, 0], abs=1e-4)
    assert np.ptp(x[values[:, 0] >= 0.5]) == pytest.approx(1.0, abs=0.01)
    assert np.gradient(values[:, 0], x) == pytest.approx(slopes[:, 0], abs=0.04)
    assert (np.diff(shape.spreads) < 0).all()


def test_physical_shape_is_always_the_same() -> None:
    first = physical_shape()
    physical_shape.cache_clear()
    again = physical_shape()
    assert np.array_equal(first.table, again.table)
    assert first.spreads == pytest.approx([0.3453, 0.1780, 0.1234, 0.1017], rel=0.05)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_bank_finds_the_peak_and_its_direction(sign: float) -> None:
    current = sign * made(3, 200)[np.newaxis]
    up, down = search(X, current, np.array([0.005]))
    best, other = (up, down) if sign > 0 else (down, up)
    assert best.evidence[0] > other.evidence[0]
    assert best.sign[0] == sign
    assert best.height_a[0] == pytest.approx(1.0, rel=0.1)
    assert not best.tail_at_end[0]
    mirrored, _ = search(X, abs(sign) * made(3, 200)[np.newaxis, ::-1], np.array([0.005]))
    assert mirrored.tail_at_end[0]


@pytest.mark.parametrize("points", [41, 59])
def test_bank_searches_scans_that_do_not_change(points: int) -> None:
    levels_a = np.geomspace(1e-9, 1e-5, 400)[:, np.newaxis]
    x = np.linspace(-0.5, 0.0, points)
    for found in search(x, np.broadcast_to(levels_a, (400, points)), np.zeros(400)):
        assert np.isfinite(found.evidence).all()


def test_dense_points_are_averaged_and_spikes_set_aside() -> None:
    x = np.arange(0, 0.5001, 0.001)
    random = np.random.default_rng(0)
    currents = np.exp(-(((x - 0.25) / 0.05) ** 2)) + 0.01 * random.normal(size=(20, len(x)))
    currents[3, 222] += 1.0
    scans = binned(x, currents)
    assert scans.current_a.shape == (20, 101)
    assert scans.spikes.tolist() == [0.0] * 3 + [1.0] + [0.0] * 16
    assert scans.weights[3].sum() == pytest.approx(scans.weights[0].sum() - 0.2)
    assert np.median(scans.noise_a) == pytest.approx(0.01 / np.sqrt(5), rel=0.3)


@pytest.mark.parametrize("points", [200, 203])
def test_all_spikes_are_found_where_only_suspects_are_looked_at(points: int) -> None:
    x = np.linspace(0, 0.1, points)
    random = np.random.default_rng(1)
    currents = random.normal(size=(300, points))
    currents[::2] += np.cumsum(random.normal(size=(150, points)), axis=1)
    for row in range(0, 300, 3):
        currents[row, random.integers(0, points, 3)] += random.uniform(-30, 30)
    noise = point_noise_a(currents)
    expected, medians = isolated_spikes(currents, noise)
    scans = binned(x, currents)
    assert scans.spikes.tolist() == expected.sum(axis=1).tolist()
    repaired = np.where(expected, medians, currents)
    plain = ~mains_a(x, repaired).any(axis=1)
    assert plain.sum() > 280
    assert np.array_equal(scans.repaired_a[plain], repaired[plain])
    assert 20 < expected.any(axis=1).sum() < 200
    ends = [part.mean(axis=1) for part in np.split(scans.repaired_a, range(5, points, 5), axis=1)]
    assert scans.current_a == pytest.approx(np.stack(ends, axis=1))


@pytest.mark.parametrize("width", [0.03, 0.06, 0.2])
def test_apex_of_a_noiseless_peak_is_no_spike(width: float) -> None:
    current = np.exp(-4 * np.log(2) * ((X - 0.25) / width) ** 2)[np.newaxis]
    assert not isolated_spikes(current, np.zeros(1))[0].any()


def test_a_gaussian_has_unit_height_width_and_its_own_slope() -> None:
    value, slope = Gaussian().columns_at(np.array([-0.5, 0.0, 0.5, 0.3]))
    assert value[:3] == pytest.approx([0.5, 1.0, 0.5])
    near = Gaussian().columns_at(np.array([0.3 - 1e-6, 0.3 + 1e-6]))[0]
    assert slope[3] == pytest.approx(float(np.diff(near)[0] / 2e-6), rel=1e-6)


def test_products_with_the_bank_are_those_with_templates_off_which_baselines_are_taken() -> None:
    x_v = np.arange(0.0, 0.5001, 0.005)
    tables = bank._bank(x_v.tobytes())
    scan = np.exp(-(((x_v - 0.2) / 0.05) ** 2)) + np.exp(-x_v / 0.05)
    templates = tables.templates.astype(float)
    parts = np.split(tables.baselines, len(tables.sizes), axis=1)
    for part, explained, size in zip(parts, tables.explained, tables.sizes, strict=True):
        left = (templates - part @ (part.T @ templates)) / size.ravel()
        whole = (scan @ templates - (scan @ part) @ explained) / size.ravel()
        assert whole == pytest.approx(scan @ left, abs=1e-5)
        own = np.sum(left * templates, axis=0) / size.ravel()
        assert own[size.ravel() > 0.01] == pytest.approx(1.0, rel=1e-3)
