"""From marks to curves and from signals to concentrations."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analyzer.calibrating import Converter, DosesError, doses_of, entered, fitted, molar, plateaus
from analyzer.concentrations import with_concentrations
from analyzer.store.rows import ElectrodeTrend, trend_from, trend_to
from sacmes_core.analysis.calibration.isotherm import HillCurve
from sacmes_core.analysis.trend.running import TrendPoint
from sacmes_core.payloads.calibration import Calibration, EnteredCurve
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.results import ElectrodeResult, Result, ScanReference

AT = datetime(2026, 3, 1, tzinfo=UTC)
CURVE = HillCurve(baseline=1.0, gain=-0.6, half_concentration=4e-5)
LEVELS_UM = (0.0, 5.0, 20.0, 80.0, 320.0)
SCANS = 10


def scan(number: int, normalised: float | None, **changes: Any) -> Result:
    content = {
        "session_id": "9b2f4c1e-0000-4000-8000-000000000001",
        "position": number,
        "upload_id": f"{number:064x}",
        "scan": ScanReference(
            file="a", number=number, frequency_hz=15.0, measured_at=AT + timedelta(minutes=number)
        ),
        "settings_revision": 1,
        "trend_revision": 1,
        "version": "1",
        "electrodes": (ElectrodeResult(electrode=1, peak_current_a=1e-6, normalised=normalised),),
    }
    return Result(**(content | changes))


def titration() -> tuple[list[Result], list[Mark]]:
    """Ten scans at each level; the first of them still on the way from the level before."""
    noise = np.random.default_rng(3).normal(0, 0.004, len(LEVELS_UM) * SCANS)
    results, marks, before = [], [], 0.0
    for place, level in enumerate(LEVELS_UM):
        first = place * SCANS + 1
        marks.append(mark(f"m{place}", number=first, concentration=level))
        for k in range(SCANS):
            c = (before if k < 3 else level) * 1e-6
            results.append(scan(first + k, float(CURVE.signal(c) + noise[first + k - 1])))
        before = level
    return results, marks


def mark(name: str, **changes: Any) -> Mark:
    content = {"mark_id": name, "kind": "injection", "concentration_unit": "µM"}
    return Mark(**(content | changes))


def calibration() -> Calibration:
    results, marks = titration()
    doses = doses_of(results, marks, "normalised", 5)
    return Calibration(curves=tuple(fitted(s, those, "one") for s, those in doses.items()))


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(5, "µM", 5e-6), (5, "uM", 5e-6), (1.5, "mM", 1.5e-3), (2, "M", 2), (3, "nmol/L", 3e-9)],
)
def test_units_of_concentrations(value: float, unit: str, expected: float) -> None:
    assert molar(value, unit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("unit", ["", "ng/mL", "V"])
def test_a_unit_that_is_not_molar_is_told(unit: str) -> None:
    with pytest.raises(DosesError, match="write M, mM, µM, nM or pM"):
        molar(1, unit)


def test_the_last_scans_before_the_next_mark_are_the_dose() -> None:
    results, marks = titration()
    found = doses_of(results, marks, "normalised", 5)
    assert list(found) == [(1, 15.0)]
    doses = found[1, 15.0]
    assert [d.number for d in doses if d.concentration_molar == pytest.approx(2e-5)] == [
        26,
        27,
        28,
        29,
        30,
    ]
    assert len(doses) == 5 * len(LEVELS_UM)


def test_a_wash_ends_a_plateau_and_an_event_does_not() -> None:
    results = [scan(k, 1.0) for k in range(1, 10)]
    marks = [
        mark("a", at=AT + timedelta(minutes=2), concentration=1.0),
        mark("b", kind="event", number=4),
        mark("c", kind="wash", number=6),
        mark("d", number=99, concentration=2.0),
    ]
    assert [p.first_position for p in plateaus(marks, results)] == [2, 6]
    (doses,) = doses_of(results, marks, "normalised", 100).values()
    assert [d.number for d in doses] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ([], "No mark of this session has a concentration"),
        ([mark("a", number=1, concentration=1.0)], "have no such signal yet"),
    ],
)
def test_what_is_missing_is_told(marks: list[Mark], said: str) -> None:
    with pytest.raises(DosesError, match=said):
        doses_of([scan(1, None), scan(2, None)], marks, "normalised", 5)


def test_the_curve_holds_the_truth_and_says_how_sure_it_is() -> None:
    (curve,) = calibration().curves
    assert curve.problem is None
    for limited, truth in (
        (curve.baseline, CURVE.baseline),
        (curve.gain, CURVE.gain),
        (curve.half_concentration_molar, CURVE.half_concentration),
    ):
        assert limited.low is not None
        assert limited.high is not None
        assert limited.low < truth < limited.high
    assert curve.r_squared is not None
    assert curve.r_squared > 0.99
    assert curve.detection_molar.value is not None
    assert 2e-7 < curve.detection_molar.value < 3e-6
    assert curve.drawn is not None
    assert len(curve.drawn.low) == len(curve.drawn.concentration_molar)


def test_too_few_doses_give_a_sentence() -> None:
    results, marks = titration()
    doses = doses_of(results, marks[:2], "normalised", 5)
    curve = fitted((1, 15.0), doses[1, 15.0], "one")
    assert curve.drawn is None
    assert curve.problem is not None
    assert "needs signals at 3 or more different concentrations" in curve.problem


def test_concentrations_with_limits_and_flags() -> None:
    converter = Converter(calibration())
    signals = [float(CURVE.signal(3e-5)), float(CURVE.signal(3e-3)), 1.5]
    points = [TrendPoint(1, 15.0, k, 1e-6) for k in range(3)] + [TrendPoint(2, 15.0, 1, 1e-6)]
    trends = [ElectrodeTrend(normalised=s) for s in signals] + [ElectrodeTrend(normalised=0.9)]
    found = with_concentrations(converter, points, trends)
    first = found[0]
    assert first.concentration_molar == pytest.approx(3e-5, rel=0.1)
    assert first.concentration_low_molar is not None
    assert first.concentration_high_molar is not None
    assert first.concentration_low_molar < 3e-5 < first.concentration_high_molar
    assert first.concentration_flags == ()
    beyond = found[1]
    assert "beyond_doses" in beyond.concentration_flags or beyond.concentration_molar is None
    assert found[2].concentration_molar is None
    assert found[2].concentration_flags == ("off_calibration",)
    assert all(trend.flags == () for trend in found), "nothing is said against the scan"
    assert found[3] == trends[3], "another electrode has no curve"
    assert trend_from(trend_to(found)) == tuple(found)


def test_entered_parameters_carry_their_errors() -> None:
    exact = EnteredCurve(baseline=1.0, gain=-0.6, half_concentration_molar=4e-5, signal_se=0.01)
    unsure = exact.model_copy(update={"gain_se": 0.05, "half_concentration_se_molar": 8e-6})
    widths = []
    for parameters in (exact, unsure):
        curves = (entered(parameters),)
        converter = Converter(Calibration(origin="entered", curves=curves))
        found = converter.concentrations((7, 100.0), [float(CURVE.signal(4e-5))], [None])
        assert found is not None
        assert found.value[0] == pytest.approx(4e-5)
        assert found.low[0] < 4e-5 < found.high[0]
        widths.append(np.log(found.high[0] / found.low[0]))
    # The delta method: slope of the curve in ln c is gain / 4 at half saturation.
    assert widths[0] == pytest.approx(2 * 1.96 * 0.01 / 0.15, rel=0.05)
    assert widths[1] > 2 * widths[0]


def test_rows_of_earlier_versions_have_no_concentration() -> None:
    text = '[[1.0, 0.1, null, null, null, null, ["peak_moved"]]]'
    assert trend_from(text) == (ElectrodeTrend(1.0, 0.1, flags=("peak_moved",)),)
