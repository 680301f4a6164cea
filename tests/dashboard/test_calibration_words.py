"""A calibration as the page shows it, and what its forms ask for."""

import json
from typing import Any

import pytest

from dashboard import calibration_words as words
from dashboard.forms import FormError
from sacmes_core.payloads.calibration import Calibration, CalibrationCurve, Dose, Drawn, Limited
from sacmes_core.payloads.marks import Mark

CURVE = CalibrationCurve(
    electrode=1,
    frequency_hz=15.0,
    doses=(
        Dose(concentration_molar=0.0, signal=1.0, number=3),
        Dose(concentration_molar=2e-5, signal=0.7, number=6),
    ),
    baseline=Limited(value=1.0, low=0.99, high=1.01),
    gain=Limited(value=-0.6, low=-0.7),
    half_concentration_molar=Limited(value=4e-5, low=3e-5, high=6e-5),
    hill_coefficient=Limited(value=1.0, low=1.0, high=1.0),
    r_squared=0.9971,
    signal_sd=0.004,
    detection_molar=Limited(value=1.6e-6, low=8e-7, high=3e-6),
    usable_low_molar=2e-6,
    usable_high_molar=2e-4,
    flags=("saturation_not_reached",),
    drawn=Drawn(
        concentration_molar=(0.0, 1e-6, 1e-4),
        signal=(1.0, 0.98, 0.6),
        low=(0.99, None, 0.5),
        high=(1.01, 1.0, 0.7),
    ),
)
MARKS = (
    Mark(mark_id="a", kind="injection", number=1, concentration=0.0, concentration_unit="µM"),
    Mark(mark_id="b", kind="injection", number=4, concentration=20.0, concentration_unit="µM"),
)


def test_figure_has_band_curve_and_doses_with_the_blank_at_the_edge() -> None:
    figure = json.loads(words.curve_figure(CURVE, "normalised"))
    traces = {trace.get("name"): trace for trace in figure["data"]}
    doses = traces["Scans at known concentrations"]
    assert doses["y"] == [1.0, 0.7]
    assert doses["x"] == pytest.approx([2, 20])
    band = traces["95 % band"]
    # The area itself, which alone takes an opacity.
    assert (band["fill"], band["opacity"]) == ("toself", 0.2)
    assert band["y"] == [1.01, 1.01, 0.99, 0.99, None, 0.7, 0.5, None]
    line = traces["Hill–Langmuir curve"]
    assert line["x"][:2] == pytest.approx([2 / 1.3, 2 * 1.3])
    assert line["x"][2] is None
    assert line["x"][3:] == pytest.approx([1, 100])
    assert line["text"][0] == "0 µM"
    assert figure["layout"]["annotations"][0]["text"] == "blank"
    assert figure["layout"]["yaxis"]["title"]["text"] == "Normalised current"


def test_currents_have_one_prefix() -> None:
    curve = CURVE.model_copy(
        update={"doses": (Dose(concentration_molar=1e-6, signal=2e-7),), "drawn": None}
    )
    figure = json.loads(words.curve_figure(curve, "peak_current"))
    assert figure["data"][0]["y"] == [200.0]
    assert figure["layout"]["yaxis"]["title"]["text"] == "Peak current / nA"


def test_parameters_say_what_is_open_and_what_is_fixed() -> None:
    rows = {r[0].text: [c.text for c in r[1:]] for r in words.parameter_rows(CURVE, "normalised")}
    assert rows["Half-saturation concentration K"] == ["40 µM", "30 µM to 60 µM"]
    assert rows["Gain, saturation less blank"] == ["−0.6", "−0.7 to open"]
    assert rows["Hill coefficient h"] == ["1", "fixed"]
    assert rows["Limit of quantification"] == ["not determined", ""]
    assert rows["One scan tells it to 30 %"][0] == "2 µM to 200 µM"
    assert words.warnings(CURVE)[0].startswith("The doses do not reach half saturation")


def test_what_holds_in_a_sentence() -> None:
    assert "no calibration" in words.holds_words(None)
    held = Calibration(quantity="kdm", curves=(CURVE,), by="Ada")
    assert words.holds_words(held) == (
        "Concentrations come from KDM by one curve of doses, set by Ada."
    )


def test_an_unchanged_table_asks_for_nothing() -> None:
    assert words.changed_marks(MARKS, words.dose_rows(MARKS)) == ([], [])


def test_edited_new_and_removed_doses() -> None:
    table = words.dose_rows(MARKS)[1:]
    table[0]["concentration"] = 25.0
    nan = float("nan")
    table.append({"mark_id": None, "number": 7.0, "concentration": 80.0, "unit": "µM"})
    table.append({"mark_id": nan, "number": nan, "concentration": nan})
    wanted, gone = words.changed_marks(MARKS, table)
    assert [(w.get("mark_id"), w["number"], w["concentration"]) for w in wanted] == [
        ("b", 4, 25.0),
        (None, 7, 80.0),
    ]
    assert gone == ["a"]
    with pytest.raises(FormError, match="Name the first scan"):
        words.changed_marks(MARKS, [{"concentration": 5.0}])


def texts(**changes: Any) -> dict[str, Any]:
    return {"baseline": "1.0", "gain": "−0.6", "half_concentration": "40 µM"} | changes


def test_parameters_are_read_with_their_units() -> None:
    curve = words.entered_curve(texts(half_concentration_se="3 µM", hill="1.1"), "normalised")
    assert (curve.gain, curve.half_concentration_molar) == (-0.6, pytest.approx(4e-5))
    assert curve.half_concentration_se_molar == pytest.approx(3e-6)
    assert (curve.hill_coefficient, curve.signal_se) == (1.1, None)
    current = words.entered_curve(
        texts(baseline="120 nA", gain="-60 nA", signal_se="1 nA"), "peak_current"
    )
    assert current.baseline == pytest.approx(1.2e-7)
    assert current.signal_se == pytest.approx(1e-9)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gain": ""}, "The gain is missing"),
        ({"half_concentration": "40"}, "write for example 40 µM"),
        ({"half_concentration": "much"}, "write for example 40 µM"),
    ],
)
def test_what_is_no_parameter_is_told(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(FormError, match=said):
        words.entered_curve(texts(**changes), "kdm")
