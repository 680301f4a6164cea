"""Every flag is raised by what it stands for, by nothing else, and is documented."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from sacmes_core import flags
from sacmes_core.analysis.analyzing import analyze, analyze_scan
from sacmes_core.analysis.checks import current_flags, has_second_peak
from sacmes_core.analysis.peaks import FloatArray, Peak
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.peak import PeakSettings

DOCUMENT = Path(__file__).parents[3] / "docs" / "algorithms.md"
POTENTIAL = np.round(np.arange(-0.5, 0.0005, 0.001), 4)


def peak_shape(at: float = -0.28) -> FloatArray:
    return np.asarray(np.exp(-(((POTENTIAL - at) / 0.04) ** 2)))


def noisy(snr: float, seed: int = 1) -> FloatArray:
    random = np.random.default_rng(seed)
    return np.asarray(1e-6 * peak_shape() + 1e-6 / snr * random.normal(size=len(POTENTIAL)) + 3e-7)


def analyzed(current: FloatArray, options: PeakSettings | None = None) -> Peak:
    curve = Curve(1, "difference", tuple(POTENTIAL.tolist()), tuple(current.tolist()))
    scan = Scan((curve,), "swv", "generic")
    (peak,) = analyze_scan(scan, options or PeakSettings()).peaks
    return peak


def clipped(snr: float) -> FloatArray:
    return np.minimum(noisy(snr), 1e-6)


BAD: list[tuple[str, Callable[[float], FloatArray]]] = [
    (flags.CONSTANT, lambda snr: np.full_like(POTENTIAL, 1e-7)),
    (flags.NO_PEAK, lambda snr: 1e-6 - 1e-6 * POTENTIAL),
    (flags.SATURATED, clipped),
    (flags.NOT_FINITE, lambda snr: np.where(POTENTIAL == -0.1, np.nan, noisy(snr))),
    (flags.PEAK_AT_EDGE, lambda snr: noisy(snr)[::-1] * 0 + 1e-6 * peak_shape(-0.49)),
    (flags.SECOND_PEAK, lambda snr: noisy(max(snr, 20)) + 5e-7 * peak_shape(-0.08)),
]


@pytest.mark.parametrize("snr", [5, 50, 200])
@pytest.mark.parametrize(("code", "make"), BAD)
def test_bad_scans_are_flagged(code: str, make: Callable[[float], FloatArray], snr: float) -> None:
    assert code in analyzed(make(snr)).flags


@pytest.mark.parametrize("snr", [0.3, 0.6])
def test_height_near_its_noise_is_said(snr: float) -> None:
    said = {flags.TOO_NOISY, flags.DOUBTFUL_PEAK, flags.NO_PEAK}
    assert all(said & set(analyzed(noisy(snr, seed)).flags) for seed in range(20))


@pytest.mark.parametrize("snr", [10, 50, 200, 1e6])
def test_good_scans_are_not_flagged(snr: float) -> None:
    for seed in range(20):
        assert analyzed(noisy(snr, seed)).flags == ()


def test_few_written_digits_are_no_saturation() -> None:
    rounded = np.array([float(f"{value:.2e}") for value in noisy(1e9)])
    assert flags.SATURATED not in analyzed(rounded).flags


@pytest.mark.parametrize("last_digit", [0.1, 0.3, 1.0, 3.0])
def test_noise_of_few_written_digits_is_no_saturation(last_digit: float) -> None:
    """Noise of so many last digits (1 nA each) on a peak of 1 µA, in 300 scans."""
    random = np.random.default_rng(7)
    flagged = 0
    for _ in range(300):
        current = 1e-6 * peak_shape(-0.25) + random.normal(0, last_digit * 1e-9, POTENTIAL.size)
        flagged += flags.SATURATED in current_flags(np.round(current, 9))
    assert flagged == 0


@pytest.mark.parametrize("digits", [3, 9])
def test_values_that_stand_still_on_a_flank_are_a_dropout(digits: int) -> None:
    current = noisy(50)
    current[250:256] = current[250]
    written = np.array([float(f"{value:.{digits}e}") for value in current])
    assert current_flags(written) == (flags.DROPOUT,)


@pytest.mark.parametrize("steps", [20, 60, 200])
def test_steps_of_a_converter_are_no_saturation(steps: int) -> None:
    step_a = 1.3e-6 / steps
    for seed in range(20):
        current = np.round(noisy(20, seed) / step_a) * step_a
        assert current_flags(current) == ()


def test_glitch_beside_equal_written_values_is_no_dropout() -> None:
    current = np.round(1e-7 + 1e-11 * np.arange(60.0), 10)
    current[31] += 4e-8
    assert current_flags(current) == ()


@pytest.mark.parametrize("code", [flags.CONSTANT, flags.NO_PEAK])
def test_no_peak_is_no_number(code: str) -> None:
    make = dict(BAD)[code]
    peak = analyzed(make(50))
    assert peak.peak_current_a is None
    assert peak.peak_potential_v is None
    assert peak.area_av is None
    assert peak.fwhm_v is None


def test_narrow_window_has_too_few_points() -> None:
    options = PeakSettings(potential_min_v=-0.2825, potential_max_v=-0.2795)
    assert analyzed(noisy(50), options).flags == (flags.TOO_FEW_POINTS,)


def test_empty_window_has_too_few_points() -> None:
    options = PeakSettings(potential_min_v=1.0, potential_max_v=2.0)
    assert analyzed(noisy(50), options).flags == (flags.TOO_FEW_POINTS,)


def test_missing_electrode_is_missing_not_zero() -> None:
    curve = Curve(4, "difference", tuple(POTENTIAL.tolist()), tuple(noisy(50).tolist()))
    scan = Scan((curve,), "swv", "chi", flags=(flags.TRUNCATED_SCAN,))
    there, missing = analyze_scan(scan, PeakSettings(), (4, 5)).peaks
    assert there.flags == (flags.TRUNCATED_SCAN,)
    assert there.peak_current_a is not None
    assert missing == Peak(5, flags=(flags.TRUNCATED_SCAN, flags.MISSING_ELECTRODE))


def test_difference_that_is_no_difference_is_flagged() -> None:
    e = tuple(POTENTIAL.tolist())
    current = noisy(50)
    difference = Curve(1, "difference", e, tuple(current.tolist()))
    forward = Curve(1, "forward", e, tuple((current * 0.6).tolist()))
    reverse = Curve(1, "reverse", e, tuple((current * -0.4).tolist()))
    scan = Scan((difference, forward, reverse), "swv", "chi")
    assert analyze_scan(scan, PeakSettings()).peaks[0].flags == ()
    wrong = replace(reverse, current_a=forward.current_a)
    scan = Scan((difference, forward, wrong), "swv", "chi")
    assert analyze_scan(scan, PeakSettings()).peaks[0].flags == (flags.DIFFERENCE_MISMATCH,)


@pytest.mark.parametrize("method", ["median", "sacmes-web"])
@pytest.mark.parametrize("folder", ["chi_txt_swv_bipot", "chi_txt_swv_multielectrode"])
def test_real_peaks_are_clean(
    samples: Path, folder: str, method: Literal["median", "sacmes-web"]
) -> None:
    """One of the biofilms has a second couple, and two electrodes a glitch of one point."""
    scans = [read(path.read_bytes())[0] for path in (samples / folder).glob("*.txt")]
    for analysis in analyze(scans, PeakSettings(method=method)):
        for peak in analysis.peaks:
            assert set(peak.flags) <= {flags.SECOND_PEAK, flags.SPIKES_REMOVED}
            assert peak.peak_current_a is not None


def test_real_series_follows_one_couple(samples: Path) -> None:
    """A dye is washed out over twelve scans; the hull method jumps to another couple at −0.44 V."""
    paths = [
        samples / "chi_txt_swv_series" / f"100uM_PYO_transfer_SWV_{k}.txt" for k in range(1, 13)
    ]
    scans = [read(path.read_bytes())[0] for path in paths]
    peaks = [analysis.peaks[0] for analysis in analyze(scans, PeakSettings())]
    heights = [peak.peak_current_a or 0.0 for peak in peaks]
    assert heights == sorted(heights, reverse=True)
    assert all(-0.28 < (peak.peak_potential_v or 0.0) < -0.265 for peak in peaks)


def test_real_heights_agree_with_the_instrument(samples: Path) -> None:
    """Values of the Results blocks in the files, found by the instrument's own program."""
    folder = samples / "chi_txt_swv_multielectrode"
    for name, expected in {
        "F5Hz_M2.txt": {4: (-6.764e-8, -0.357)},
        "F80Hz_M1.txt": {4: (-2.158e-7, -0.357), 5: (-3.319e-7, -0.361)},
    }.items():
        (scan,) = read((folder / name).read_bytes())
        web = PeakSettings(method="sacmes-web")
        for peak in analyze_scan(scan, web, tuple(expected)).peaks:
            height, potential = expected[peak.electrode]
            assert peak.peak_current_a == pytest.approx(height, rel=0.05)
            assert peak.peak_potential_v == pytest.approx(potential, abs=0.003)
        for peak in analyze_scan(scan, PeakSettings(), tuple(expected)).peaks:
            height, potential = expected[peak.electrode]
            # The instrument's chord between the feet of a peak cuts off what is below its flanks.
            assert peak.peak_current_a is not None
            assert 1.0 < peak.peak_current_a / height < 1.25
            assert peak.peak_potential_v == pytest.approx(potential, abs=0.007)


def test_every_code_has_a_sentence_and_is_documented() -> None:
    codes = {value for name, value in vars(flags).items() if name.isupper() and type(value) is str}
    assert codes == set(flags.SENTENCES)
    text = DOCUMENT.read_text(encoding="utf-8")
    for code, sentence in flags.SENTENCES.items():
        assert sentence.endswith(".")
        assert f"`{code}`" in text


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("offset", [0.0, 5e-7])
def test_noise_alone_is_never_a_clean_peak(every: int, offset: float) -> None:
    random = np.random.default_rng(0)
    scans = []
    for _ in range(200):
        potential = POTENTIAL[::every]
        current = offset + 1e-8 * random.normal(size=len(potential))
        points = tuple(potential.tolist()), tuple(current.tolist())
        scans.append(Scan((Curve(1, "difference", *points),), "swv", "generic"))
    for analysis in analyze(scans, PeakSettings()):
        assert analysis.peaks[0].flags


def test_second_peaks_are_those_that_scipy_finds() -> None:
    random = np.random.default_rng(6)
    current = np.cumsum(random.normal(size=(400, 60)), axis=1)
    current[::2] = gaussian_filter1d(current[::2], 3, axis=1)
    height = random.choice([-1.0, 1.0], 400) * np.ptp(current, axis=1) * random.uniform(0.2, 3, 400)
    noise = np.abs(random.normal(size=400)) * 0.3
    height[:5], noise[5:9] = [np.nan, 0.0, -0.0, np.nan, 0.0], np.nan
    second = has_second_peak(current, height, noise)
    for row, h, n, has in zip(current, height, noise, second, strict=True):
        prominence = np.fmax(0.2 * abs(h), 6 * n)
        peaks, _ = find_peaks(row * np.copysign(1.0, h), prominence=prominence)
        assert has == (bool(np.isfinite(h) and h) and len(peaks) > 1)
    assert 40 < second.sum() < 360
