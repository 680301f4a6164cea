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
EACH = 2


def gauss(at: float = -0.27, width: float = 0.09) -> FloatArray:
    return np.asarray(np.exp(-4 * np.log(2) * ((POTENTIAL - at) / width) ** 2))


def noise(seed: int, snr: float) -> FloatArray:
    return np.asarray(np.random.default_rng(seed).normal(size=len(POTENTIAL)) / snr)


def found(current: FloatArray, potential: FloatArray = POTENTIAL) -> PeakArrays:
    current = np.atleast_2d(current)
    return median_of_fits(np.broadcast_to(potential, current.shape), current, SETTINGS)


class Set:
    """The cases of a set and what the method reads of them."""

    def __init__(self, accuracy: ModuleType, cases: list[Any]) -> None:
        self.cases = cases
        self.ready = [accuracy.as_scan(case.potential_v, case.current_a) for case in cases]
        self.peaks = peaks_of(self.ready, "median")
        self.snr = np.array([case.snr for case in cases])
        self.plain = np.array([case.is_plain for case in cases])
        self.height = np.array([case.height_a for case in cases])

    def wrong(self, name: str, truth: str) -> FloatArray:
        """Differences to the truth, nan without a number."""
        return column(self.peaks, name) - np.array([getattr(c, truth) for c in self.cases])


def peaks_of(ready: list[Any], method: str) -> list[Peak]:
    settings = PeakSettings.model_validate({"method": method})
    return [analysis.peaks[0] for analysis in analyze(ready, settings)]


def column(peaks: list[Peak], name: str) -> FloatArray:
    values = [getattr(peak, name) for peak in peaks]
    return np.array([np.nan if value is None else value for value in values])


@pytest.fixture(scope="module")
def sets(accuracy: ModuleType) -> dict[str, Set]:
    made = {
        name: [accuracy.from_set(each) for each in accuracy.scans(name, EACH, 11)]
        for name in accuracy.SETS
    }
    made["blind"] = [
        accuracy.from_blind(each)
        for family in accuracy.FAMILIES
        for each in accuracy.blind_scans(family, 20, 11)
    ]
    return {name: Set(accuracy, cases) for name, cases in made.items()}


@pytest.mark.parametrize(
    ("name", "rms"), [("A", 0.07), ("B", 0.08), ("C", 0.08), ("D", 0.1), ("blind", 0.1)]
)
def test_heights_are_accurate(sets: dict[str, Set], name: str, rms: float) -> None:
    some = sets[name]
    good = some.plain & (some.snr >= 10)
    relative = (some.wrong("peak_current_a", "height_a") / some.height)[good]
    assert np.isnan(relative).mean() < 0.05
    assert np.sqrt(np.nanmean(relative**2)) < rms
    assert abs(np.nanmedian(relative)) < 0.03


@pytest.mark.parametrize("name", ["A", "B", "C", "D"])
def test_heights_beat_the_web_port(sets: dict[str, Set], name: str) -> None:
    some = sets[name]
    good = some.plain & (some.snr >= 10)
    web = column(peaks_of(some.ready, "sacmes-web"), "peak_current_a") / some.height - 1
    ours = some.wrong("peak_current_a", "height_a") / some.height
    known = good & np.isfinite(ours) & np.isfinite(web)
    assert np.sqrt(np.mean(ours[known] ** 2)) < 0.65 * np.sqrt(np.mean(web[known] ** 2))


@pytest.mark.parametrize(
    ("value", "error", "truth"),
    [
        ("peak_current_a", "peak_current_se_a", "height_a"),
        ("peak_potential_v", "peak_potential_se_v", "apex_v"),
        ("fwhm_v", "fwhm_se_v", "width_v"),
        ("area_av", "area_se_av", "area_av"),
    ],
)
@pytest.mark.parametrize("band", [(5, 20), (20, 100), (100, 201)])
def test_intervals_hold_the_truth(
    sets: dict[str, Set], value: str, error: str, truth: str, band: tuple[int, int]
) -> None:
    reduced = np.concatenate(
        [
            (each.wrong(value, truth) / column(each.peaks, error))[
                each.plain & (each.snr >= band[0]) & (each.snr < band[1])
            ]
            for each in sets.values()
        ]
    )
    inside = np.abs(reduced[np.isfinite(reduced)]) < 1.96
    assert 0.88 < inside.mean() <= 0.995


def test_blanks_have_no_peak(accuracy: ModuleType) -> None:
    blanks = accuracy.blanks(100, 3)
    for kind, most in (("white noise", 0.01), ("1/f noise", 0.03), ("smooth backgrounds", 0.03)):
        peaks = peaks_of(blanks[kind], "median")
        seen = [peak for peak in peaks if peak.peak_current_a is not None]
        assert len(seen) <= most * len(peaks)
        assert all(flags.NO_PEAK in p.flags for p in peaks if p.peak_current_a is None)


def test_peaks_in_slow_noise_are_seen(accuracy: ModuleType) -> None:
    made = [case for case in accuracy.scans("A", 20, 3) if case.truth.kind == "1/f"]
    clear = [case for case in made if case.truth.snr in (5, 10)]
    ready = [accuracy.as_scan(case.potential_v, case.current_a) for case in clear]
    seen = [peak.peak_current_a is not None for peak in peaks_of(ready, "median")]
    assert np.mean(seen) >= 0.9


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
    assert plain.height_a == pytest.approx(turned.height_a[::-1], rel=1e-9)
    assert plain.baseline_a == pytest.approx(turned.baseline_a[::-1], rel=1e-7)


def test_scans_of_two_grids_in_one_batch_are_kept_apart() -> None:
    potential = np.stack([POTENTIAL, POTENTIAL * 1.2, POTENTIAL])
    current = np.stack([gauss() + noise(k, 50) for k in range(3)])
    together = median_of_fits(potential, current, SETTINGS)
    for k in range(3):
        alone = median_of_fits(potential[k : k + 1], current[k : k + 1], SETTINGS)
        assert together.height_a[k] == pytest.approx(alone.height_a[0], rel=1e-9)


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
    return np.asarray(gauss(-0.47) + noise(10, snr))


def plateau(snr: float) -> FloatArray:
    """Half the scan explained by nothing: a broad shoulder with an edge on either side."""
    inside = (POTENTIAL > -0.16) & (POTENTIAL < -0.05)
    return np.asarray(gauss(-0.33) + 0.5 * inside + noise(9, snr))


@pytest.mark.parametrize("snr", [5, 50, 200])
@pytest.mark.parametrize(
    ("codes", "make"),
    [
        ({flags.SECOND_PEAK, flags.POOR_FIT, flags.BASELINE_AMBIGUOUS, flags.NO_PEAK}, hump),
        ({flags.CURRENT_STEP, flags.POOR_FIT, flags.SECOND_PEAK, flags.NO_PEAK}, jump),
        ({flags.PEAK_AT_EDGE}, end),
        ({flags.POOR_FIT, flags.CURRENT_STEP, flags.SECOND_PEAK, flags.NO_PEAK}, plateau),
    ],
)
def test_bad_scans_are_flagged(
    codes: set[str], make: Any, snr: float, accuracy: ModuleType
) -> None:
    (peak,) = analyze([accuracy.as_scan(POTENTIAL, make(snr))], SETTINGS)[0].peaks
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


@pytest.mark.parametrize("points", [20, 30, 60])
def test_coarse_scans_are_analysed(points: int) -> None:
    potential = np.linspace(-0.5, 0.0, points)
    current = np.exp(-4 * np.log(2) * ((potential + 0.27) / 0.12) ** 2) + 0.2
    arrays = found(current, potential)
    assert arrays.height_a[0] == pytest.approx(1.0, rel=0.1)


def test_a_foot_between_peak_and_end_is_no_dip(accuracy: ModuleType) -> None:
    """Most fits would have a dip as deep as the peak is high where the peak's flank ends."""
    case = [accuracy.from_blind(each) for each in accuracy.blind_scans("analytic", 44, 777001)][43]
    (peak,) = peaks_of([accuracy.as_scan(case.potential_v, case.current_a)], "median")
    assert peak.peak_current_a is None or peak.peak_current_a > 0
