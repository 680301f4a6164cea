"""The chosen smoothing and baseline on peaks whose truth is known."""

import builtins
import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_args

import numpy as np
import pytest
from pybaselines import Baseline
from pydantic import ValidationError

from sacmes_core import flags
from sacmes_core.analysis.analyzing import analyze, analyze_scan
from sacmes_core.analysis.baselines import BASELINES
from sacmes_core.analysis.classic import classic
from sacmes_core.analysis.peaks import FloatArray, Peak, PeakArrays
from sacmes_core.errors import AnalysisError
from sacmes_core.formats.scan import Curve, Scan
from sacmes_core.settings.peak import BaselineName, PeakSettings

HEIGHT_A, AT_V, WIDTH_V = 4e-7, -0.2713, 0.1
AREA_AV = HEIGHT_A * WIDTH_V * np.sqrt(np.pi / np.log(2)) / 2
GRID_V = np.round(np.arange(-0.5, 0.0005, 0.002), 6)
QUICK = ("line", "hull", "polynomial", "mor")


def chosen(**given: Any) -> PeakSettings:
    return PeakSettings.model_validate({"method": "classic", **given})


def currents(noise: float = 0.0, repeats: int = 1, seed: int = 0) -> FloatArray:
    """A Gaussian peak on a slope; `noise` relative to its height."""
    peak = HEIGHT_A * np.exp(-4 * np.log(2) * ((GRID_V - AT_V) / WIDTH_V) ** 2)
    slope = 3e-7 - 2e-7 * GRID_V
    random = np.random.default_rng(seed).normal(size=(repeats, len(GRID_V)))
    return np.asarray(peak + slope + noise * HEIGHT_A * random)


def classify(current_a: FloatArray, **given: Any) -> PeakArrays:
    return classic(np.broadcast_to(GRID_V, current_a.shape), current_a, chosen(**given))


def scan(current_a: FloatArray) -> Scan:
    points = tuple(map(float, GRID_V)), tuple(map(float, current_a))
    return Scan((Curve(1, "difference", *points),), "swv", "generic")


def test_every_baseline_of_the_settings_exists() -> None:
    assert set(get_args(BaselineName)) == set(BASELINES)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("baseline", BASELINES)
def test_numbers_of_a_known_peak(baseline: str, sign: int) -> None:
    found = classify(sign * currents(0.002), baseline=baseline)
    within = 0.06 if baseline in ("imodpoly", "snip", "beads") else 0.035
    assert found.height_a[0] == pytest.approx(sign * HEIGHT_A, rel=within)
    assert found.potential_v[0] == pytest.approx(AT_V, abs=0.0006)
    assert found.fwhm_v[0] == pytest.approx(WIDTH_V, rel=1.5 * within)
    assert found.area_av[0] == pytest.approx(sign * AREA_AV, rel=2.5 * within)
    assert abs(found.height_a[0] - sign * HEIGHT_A) < 3 * found.height_se_a[0]


@pytest.mark.parametrize("smoothing_filter", ["savitzky-golay", "whittaker", "loess"])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"smoothing": "off"},
        {"smoothing": "manual", "smoothing_window_v": 0.02},
        {"smoothing": "manual", "smoothing_window_points": 9, "smoothing_degree": 1},
    ],
)
def test_every_smoothing_leaves_the_peak(smoothing_filter: str, given: dict[str, Any]) -> None:
    found = classify(currents(0.01), smoothing_filter=smoothing_filter, baseline="line", **given)
    assert found.height_a[0] == pytest.approx(HEIGHT_A, rel=0.03)


@pytest.mark.parametrize("baseline", QUICK)
def test_errors_are_no_smaller_than_the_scatter_of_repeats(baseline: str) -> None:
    found = classify(currents(0.1, repeats=300), baseline=baseline)
    pairs = [
        (found.height_a, found.height_se_a),
        (found.potential_v, found.potential_se_v),
        (found.fwhm_v, found.fwhm_se_v),
        (found.area_av, found.area_se_av),
    ]
    for values, errors in pairs:
        assert errors is not None
        assert np.nanmedian(errors) > 0.85 * np.nanstd(values)


def test_the_potential_lies_between_the_points_of_the_grid() -> None:
    found = classify(currents(), baseline="line")
    nearest = np.abs(GRID_V - found.potential_v[0]).min()
    assert nearest > 0.0004
    assert found.potential_v[0] == pytest.approx(AT_V, abs=0.0003)


@pytest.mark.parametrize("baseline", BASELINES)
def test_batch_equals_one_by_one(baseline: str) -> None:
    noisy = currents(0.03, repeats=5)
    noisy[3] *= -1
    scans = [scan(row) for row in noisy]
    settings = chosen(baseline=baseline)
    for one, all_in_one in zip(scans, analyze(scans, settings), strict=True):
        (alone,), (among_others,) = analyze_scan(one, settings).peaks, all_in_one.peaks
        for name in (f.name for f in fields(Peak)):
            value, other = getattr(alone, name), getattr(among_others, name)
            assert value == (other if value is None else pytest.approx(other, rel=1e-9)), name


@pytest.mark.parametrize("baseline", BASELINES)
def test_the_unit_of_the_current_does_not_matter(baseline: str) -> None:
    small, large = currents(0.02), 1e6 * currents(0.02)
    heights = [classify(each, baseline=baseline).height_a[0] for each in (small, large)]
    assert heights[1] == pytest.approx(1e6 * heights[0], rel=1e-4)


@pytest.mark.parametrize("baseline", QUICK)
def test_noise_and_a_straight_line_have_no_peak(baseline: str) -> None:
    random = np.random.default_rng(3).normal(size=(150, len(GRID_V)))
    blanks = 1e-7 + 2e-7 * GRID_V + 1e-8 * random
    found = classify(blanks, baseline=baseline)
    assert np.isnan(found.height_a).all()
    assert np.isnan(found.area_av).all()


@pytest.mark.parametrize("direction", ["up", "down"])
def test_the_direction_that_was_asked_for_is_taken(direction: str) -> None:
    peak, dip = (
        np.exp(-4 * np.log(2) * ((GRID_V[np.newaxis] - at) / 0.06) ** 2) for at in (-0.38, -0.12)
    )
    found = classify(4e-7 * peak - 2e-7 * dip, peak_direction=direction, baseline="line")
    expected = {"up": -0.38, "down": -0.12}[direction]
    assert found.potential_v[0] == pytest.approx(expected, abs=0.002)
    assert (found.height_a[0] > 0) == (direction == "up")


def test_a_baseline_that_does_not_settle_is_a_flag_and_no_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def restless(self: Baseline, data: FloatArray, **_: Any) -> tuple[FloatArray, dict[str, Any]]:
        return data, {"tol_history": np.array([1.0, 0.5])}

    monkeypatch.setattr(Baseline, "arpls", restless)
    (peak,) = analyze_scan(scan(currents()[0]), chosen(baseline="arpls")).peaks
    assert peak.peak_current_a is None
    assert flags.BASELINE_FAILED in peak.flags


def test_a_baseline_that_raises_is_a_flag_and_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Baseline, data: FloatArray, **_: Any) -> None:
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(Baseline, "asls", broken)
    (peak,) = analyze_scan(scan(currents()[0]), chosen(baseline="asls")).peaks
    assert peak.peak_current_a is None
    assert flags.BASELINE_FAILED in peak.flags


def test_without_pybaselines_a_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    importing: Callable[..., Any] = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "pybaselines":
            raise ImportError(name)
        return importing(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(AnalysisError, match=r"sacmes\[analyzer\]"):
        classify(currents(), baseline="mor")
    assert classify(currents(), baseline="hull").height_a[0] > 0


def test_few_points_are_said_to_be_few() -> None:
    found = classic(GRID_V[np.newaxis, :9], currents()[:, :9], chosen())
    assert found.flags == ((flags.TOO_FEW_POINTS,),)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"smoothing_window_points": 5, "smoothing_degree": 4}, "degree 3 at most"),
        ({"smoothing_filter": "loess", "smoothing_degree": 3}, "degree 0, 1 or 2"),
    ],
)
def test_smoothing_that_cannot_be_is_refused_with_a_sentence(
    given: dict[str, Any], said: str
) -> None:
    document = {"method": "classic", "smoothing": "manual", **given}
    with pytest.raises(ValidationError, match=said):
        PeakSettings.model_validate_json(json.dumps(document))
    PeakSettings.model_validate_json(json.dumps({**document, "method": "sacmes-web"}))
