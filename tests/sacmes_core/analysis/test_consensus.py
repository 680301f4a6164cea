"""The median of fits: accurate where the truth is known, honest about its error, and no number."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sacmes_core import flags
from sacmes_core.analysis.analyzing import analyze
from sacmes_core.analysis.consensus import median_of_fits
from sacmes_core.analysis.peaks import FloatArray, Peak, PeakArrays
from sacmes_core.settings.peak import PeakSettings

SETTINGS = PeakSettings(method="median")
POTENTIAL = np.round(np.arange(-0.5, 0.0005, 0.002), 4)
EACH = 60


def gauss(at: float = -0.27, width: float = 0.09) -> FloatArray:
    return np.asarray(np.exp(-4 * np.log(2) * ((POTENTIAL - at) / width) ** 2))


def noise(seed: int, snr: float) -> FloatArray:
    return np.asarray(np.random.default_rng(seed).normal(size=len(POTENTIAL)) / snr)


def found(current: FloatArray, potential: FloatArray = POTENTIAL) -> PeakArrays:
    current = np.atleast_2d(current)
    return median_of_fits(np.broadcast_to(potential, current.shape), current, SETTINGS)


@pytest.fixture(scope="module")
def judged(accuracy: ModuleType) -> dict[str, tuple[list[Any], list[Peak]]]:
    sets = {kind: list(accuracy.scans(kind, EACH, seed=11)) for kind in accuracy.SETS}
    return {kind: (made, accuracy.peaks_of(made, "median")[0]) for kind, made in sets.items()}


@pytest.mark.parametrize(("kind", "rms"), [("A", 0.06), ("B", 0.1), ("C", 0.1), ("D", 0.14)])
def test_heights_are_accurate(
    accuracy: ModuleType, judged: dict[str, Any], kind: str, rms: float
) -> None:
    made, peaks = judged[kind]
    good = [k for k, m in enumerate(made) if m.truth.snr >= 10 and m.truth.layout == "plain"]
    relative, _ = accuracy.errors(made, peaks)
    assert np.isnan(relative[good]).mean() < 0.05
    assert np.sqrt(np.nanmean(relative[good] ** 2)) < rms
    assert abs(np.nanmedian(relative[good])) < 0.04


def test_heights_beat_the_web_port(accuracy: ModuleType, judged: dict[str, Any]) -> None:
    for made, peaks in judged.values():
        web, _ = accuracy.errors(made, accuracy.peaks_of(made, "sacmes-web")[0])
        ours, _ = accuracy.errors(made, peaks)
        known = np.isfinite(ours) & np.isfinite(web)
        assert np.sqrt(np.mean(ours[known] ** 2)) < 0.65 * np.sqrt(np.mean(web[known] ** 2))


def test_intervals_hold_the_truth(accuracy: ModuleType, judged: dict[str, Any]) -> None:
    reduced = np.concatenate([accuracy.errors(*pair)[1] for pair in judged.values()])
    snr = np.array([m.truth.snr for made, _ in judged.values() for m in made])
    for low, high in ((5, 20), (20, 200)):
        band = (snr >= low) & (snr < high) & np.isfinite(reduced)
        assert 0.86 < np.mean(np.abs(reduced[band]) < 1.96) <= 1.0


def test_other_quantities_have_right_errors(judged: dict[str, Any]) -> None:
    for name, error, truth, least in (
        ("peak_potential_v", "peak_potential_se_v", "potential_v", 0.85),
        ("fwhm_v", "fwhm_se_v", "width_v", 0.85),
        ("area_av", "area_se_av", "area_av", 0.75),
    ):
        inside = [
            abs(getattr(peak, name) - getattr(m.truth, truth)) < 1.96 * getattr(peak, error)
            for made, peaks in judged.values()
            for m, peak in zip(made, peaks, strict=True)
            if peak.peak_current_a is not None and m.truth.layout == "plain"
        ]
        assert np.mean(inside) > least, name


def test_blanks_have_no_peak(accuracy: ModuleType) -> None:
    white, smooth = accuracy.blanks(300, seed=3)
    for made in (white, smooth):
        peaks, _ = accuracy.peaks_of(made, "median")
        seen = [peak for peak in peaks if peak.peak_current_a is not None]
        assert len(seen) <= 0.02 * len(made)
        assert all(flags.NO_PEAK in p.flags for p in peaks if p.peak_current_a is None)


def test_sign_and_scale_of_the_current_carry_over() -> None:
    current = gauss() + 0.4 * np.exp(-(POTENTIAL + 0.5) / 0.05) + noise(1, 40)
    plain = found(current)
    for factor in (-1.0, 1e-9, -2.5e3):
        other = found(factor * current)
        assert other.height_a[0] == pytest.approx(factor * plain.height_a[0], rel=1e-6)
        assert other.area_av[0] == pytest.approx(factor * plain.area_av[0], rel=1e-6)
        assert other.height_se_a[0] == pytest.approx(abs(factor) * plain.height_se_a[0], rel=1e-6)
        assert other.potential_v[0] == pytest.approx(plain.potential_v[0], abs=1e-8)


def test_offset_of_the_potential_shifts_the_peak_alone() -> None:
    current = gauss() + noise(2, 40)
    plain, shifted = found(current), found(current, POTENTIAL + 1.25)
    assert shifted.potential_v[0] == pytest.approx(plain.potential_v[0] + 1.25, abs=1e-9)
    assert shifted.height_a[0] == pytest.approx(plain.height_a[0], rel=1e-9)


def test_mirrored_scan_gives_the_same_height() -> None:
    current = gauss(-0.2) + 0.8 * np.exp(-(POTENTIAL + 0.5) / 0.05) + noise(3, 60)
    plain, mirrored = found(current), found(current[::-1])
    # The shapes' mean is not quite symmetric.
    assert mirrored.height_a[0] == pytest.approx(plain.height_a[0], rel=0.02)
    assert mirrored.potential_v[0] == pytest.approx(-0.5 - plain.potential_v[0], abs=2e-3)


def test_order_of_the_scans_does_not_matter() -> None:
    currents = np.stack([gauss(-0.3 + 0.01 * k) + noise(k, 30) for k in range(7)])
    plain, turned = found(currents), found(currents[::-1].copy())
    assert np.array_equal(plain.height_a, turned.height_a[::-1])
    assert np.array_equal(plain.baseline_a, turned.baseline_a[::-1])


def test_scans_of_two_grids_in_one_batch_are_kept_apart() -> None:
    potential = np.stack([POTENTIAL, POTENTIAL * 1.2, POTENTIAL])
    current = np.stack([gauss() + noise(k, 50) for k in range(3)])
    together = median_of_fits(potential, current, SETTINGS)
    for k in range(3):
        alone = median_of_fits(potential[k : k + 1], current[k : k + 1], SETTINGS)
        assert together.height_a[k] == alone.height_a[0]


def test_spikes_are_left_out_and_said() -> None:
    clean = gauss() + noise(4, 100)
    spiked = clean.copy()
    spiked[[100, 118, 160]] += [2.0, -1.0, 0.7]
    plain, other = found(clean), found(spiked)
    assert other.height_a[0] == pytest.approx(plain.height_a[0], rel=0.02)
    assert flags.SPIKES_REMOVED in other.flags[0]
    assert plain.flags[0] == ()


def test_drawn_curves_belong_to_the_number() -> None:
    current = gauss() + 0.3 * np.exp(-(POTENTIAL + 0.5) / 0.05) + noise(5, 50)
    arrays = found(current)
    assert arrays.smoothed_a.shape == arrays.baseline_a.shape == (1, len(POTENTIAL))
    top = np.max(arrays.smoothed_a[0] - arrays.baseline_a[0])
    assert top == pytest.approx(arrays.height_a[0], rel=0.05)


def hump(snr: float) -> FloatArray:
    return np.asarray(gauss() + 0.6 * gauss(-0.12, 0.06) + noise(6, snr))


def jump(snr: float) -> FloatArray:
    return np.asarray(gauss() + 0.8 * (POTENTIAL > -0.1) + noise(7, snr))


def end(snr: float) -> FloatArray:
    return np.asarray(gauss(-0.47) + noise(8, snr))


def plateau(snr: float) -> FloatArray:
    """Half the scan explained by nothing: a broad shoulder with an edge on either side."""
    inside = (POTENTIAL > -0.16) & (POTENTIAL < -0.05)
    return np.asarray(gauss(-0.33) + 0.5 * inside + noise(9, snr))


@pytest.mark.parametrize("snr", [5, 50, 200])
@pytest.mark.parametrize(
    ("codes", "make"),
    [
        ({flags.SECOND_PEAK, flags.POOR_FIT, flags.BASELINE_AMBIGUOUS}, hump),
        ({flags.CURRENT_STEP, flags.POOR_FIT, flags.NO_PEAK}, jump),
        ({flags.PEAK_AT_EDGE}, end),
        ({flags.POOR_FIT, flags.CURRENT_STEP, flags.SECOND_PEAK, flags.NO_PEAK}, plateau),
    ],
)
def test_bad_scans_are_flagged(
    codes: set[str], make: Any, snr: float, accuracy: ModuleType
) -> None:
    (peak,) = analyze([accuracy.as_scan(accuracy.MadeScan(POTENTIAL, make(snr), None))], SETTINGS)[
        0
    ].peaks
    assert codes & set(peak.flags)


@pytest.mark.parametrize("snr", [10, 50, 200])
def test_good_scans_are_not_flagged(snr: float) -> None:
    arrays = found(np.stack([gauss(-0.3 + 0.002 * k) + noise(k, snr) for k in range(50)]))
    assert sum(bool(codes) for codes in arrays.flags) <= 1
    assert np.isfinite(arrays.height_a).all()


@pytest.mark.parametrize("points", [5, 14])
def test_too_few_points_give_no_number(points: int) -> None:
    arrays = found(gauss()[:points], POTENTIAL[:points])
    assert np.isnan(arrays.height_a).all()
    assert arrays.flags == ((flags.TOO_FEW_POINTS,),)


@pytest.mark.parametrize("points", [15, 30, 60])
def test_coarse_scans_are_analysed(points: int) -> None:
    potential = np.linspace(-0.5, 0.0, points)
    current = np.exp(-4 * np.log(2) * ((potential + 0.27) / 0.12) ** 2) + 0.2
    arrays = found(current, potential)
    assert arrays.height_a[0] == pytest.approx(1.0, rel=0.1)
