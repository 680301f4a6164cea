"""Cycles on the page: figure, numbers, units and trend."""

import json

import numpy as np
import pytest

from dashboard.axes import with_error
from dashboard.cycle_charts import CycleView, Segment, cycle_figure, segment_pairs, sweeps_of
from dashboard.number_panels import cycle_cards, flag_sentences, model_words, sweep_rows, tried_rows
from dashboard.number_trend import BARS_UP_TO, NumberView, newest_of, number_figure
from dashboard.quantities import CYCLE, height_ratio, with_probes
from dashboard.units import Units
from sacmes_core.payloads.cv import CvPeak, CvProbe, CvResult
from sacmes_core.payloads.results import ElectrodeCurves, ElectrodeResult, ScanReference
from sacmes_core.settings.cv import CvSettings

DOWN = np.linspace(0.2, -0.5, 71)


def sweep(segment, current_a, **changes):
    content = {
        "segment": segment,
        "peak_current_a": current_a,
        "peak_current_se_a": 1e-9,
        "peak_potential_v": -0.28,
        "peak_potential_se_v": 0.0005,
        "charge_c": current_a / 2,
        "charge_se_c": 1e-9,
    }
    return CvPeak(**(content | changes))


def cycle(**changes):
    content = {
        "model": "surface",
        "segments": 2,
        "scan_rate_v_s": 0.1,
        "forward": sweep(1, -6.6e-8),
        "reverse": sweep(2, 6.6e-8),
        "peak_separation_v": 0.0063,
        "peak_separation_se_v": 0.0008,
        "half_wave_potential_v": -0.2762,
        "half_wave_potential_se_v": 0.0004,
        "probes": (CvProbe(potential_v=-0.2, forward_current_a=-5e-8, reverse_current_a=5e-8),),
    }
    return CvResult(**(content | changes))


def curve(potentials=(*DOWN, *DOWN[::-1])):
    values = tuple(map(float, potentials))
    return ElectrodeCurves(
        electrode=1,
        potential_v=values,
        current_a=tuple(1e-8 * v for v in values),
        smoothed_a=tuple(1e-8 * v for v in values),
        baseline_a=tuple(0.0 for _ in values),
    )


@pytest.fixture
def cycled(world):
    """Three cycles of two electrodes, the last one flagged."""
    world.session = world.new_session(technique="cv")
    for number in (1, 2, 3):
        electrodes = tuple(
            ElectrodeResult(
                electrode=e,
                cv=cycle(peak_separation_v=0.01 * number * e),
                flags=("scan_rate_unknown",) if number == 3 else (),
            )
            for e in (1, 2)
        )
        scan = ScanReference(file=f"CV_{number}.txt", number=number)
        world.results.append(world.result(number, scan=scan, electrodes=electrodes))
    world.connect()
    return world


@pytest.fixture
def peak(cycled):
    return newest_of(cycled.state.shown, 1)[1]


def test_the_sweeps_of_a_curve_are_told_apart():
    first, second = sweeps_of(curve())
    assert (first.start, first.stop, second.stop) == (0, 71, 142)
    assert sweeps_of(curve(DOWN)) == (slice(0, 71),)
    same_way = sweeps_of(curve((*DOWN, *DOWN)))
    assert [(s.start, s.stop) for s in same_way] == [(0, 71), (71, 142)]


@pytest.mark.parametrize("count", range(8))
def test_pairs_hold_every_segment(count):
    firsts = segment_pairs(count)
    held = {n for first in firsts for n in (first, first + 1) if n <= count}
    assert held == set(range(1, count + 1))


def test_forward_and_reverse_are_drawn_with_fit_baseline_peak_window_and_probe():
    settings = CvSettings(forward_min_v=-0.4, forward_max_v=-0.1, probe_potentials_v=(-0.2,))
    units = Units(current="nA", potential="mV")
    segments = (Segment(3, (0.0, 0.1), (1e-9, 2e-9)),)
    view = CycleView("s", cycle(), settings, units, segments)
    figure = json.loads(cycle_figure(curve(), view))
    names = [t["name"] for t in figure["data"]]
    assert names[0] == "Segment 3"
    assert {"Forward", "Forward fit", "Forward baseline", "Reverse"} <= set(names)
    assert figure["layout"]["xaxis"]["title"]["text"] == "Potential / mV"
    heights = [t for t in figure["data"] if t["name"] == "height"]
    assert [t["x"][0] for t in heights] == [-280.0, -280.0]
    assert [t["y"] for t in heights] == [[0.0, -66.0], [0.0, 66.0]]
    window, probe = figure["layout"]["shapes"]
    assert (window["x0"], window["x1"], probe["x0"]) == (-400.0, -100.0, -200.0)


def test_the_sweep_that_was_measured_first_is_named_by_its_segment():
    turned = cycle(forward=sweep(2, 6.6e-8), reverse=sweep(1, -6.6e-8))
    figure = json.loads(cycle_figure(curve(), CycleView("s", turned)))
    first = next(t for t in figure["data"] if t["name"] == "Reverse")
    assert first["x"][0] == pytest.approx(0.2)


def test_the_ratio_carries_the_errors_of_both_heights():
    found = height_ratio(cycle(forward=sweep(1, -2e-8), reverse=sweep(2, 1e-8)))
    assert found.value == pytest.approx(0.5)
    assert found.se == pytest.approx(0.5 * np.hypot(0.05, 0.1))
    assert height_ratio(cycle(reverse=None)).value is None


def test_cards_and_table_say_numbers_with_their_errors(peak):
    cards = {c.label: c for c in cycle_cards(peak, Units(), pale=False)}
    assert cards["Half-wave potential"].value == "−0.27620"
    assert cards["Half-wave potential"].note == "± 0.00040 V"
    assert cards["Forward height"].unit == "nA"
    rows = {row[0].text: [c.text for c in row[1:]] for row in sweep_rows(peak, Units())}
    assert rows["Segment"] == ["1", "2"]
    assert rows["Height"] == ["−66.0 ± 1.0 nA", "66.0 ± 1.0 nA"]
    assert rows["Current at −0.2 V"] == ["−50.00 nA", "50.00 nA"]
    assert "couple on the surface" in model_words(peak)


def test_a_current_density_is_the_current_over_the_area(peak):
    (height,) = (
        row[1].text for row in sweep_rows(peak, Units(area_cm2=0.02)) if row[0].text == "Height"
    )
    assert height == "−3.300 ± 0.050 µA cm⁻²"
    assert with_error(1e-6, None, Units(current="nA").scale("A", ())) == "1000 nA"


def test_flags_are_sentences(cycled, peak):
    scan = newest_of(cycled.state.shown, 1)[0]
    (sentence,) = flag_sentences(scan, peak)
    assert "scan rate" in sentence


def test_tried_numbers_stand_beside_those_that_hold(peak, cycled):
    before = next(p for p in cycled.state.shown.scans[0].peaks if p.electrode == 1)
    rows = {r[0].text: r[1:] for r in tried_rows(before, peak, list(CYCLE.values()), Units())}
    now, tried = rows["Peak separation"]
    assert (now.text, tried.text) == ("0.01000 ± 0.00080 V", "0.03000 ± 0.00080 V")
    assert tried.tone == "attention"
    assert rows["Half-wave potential"][1].tone == ""
    assert "Forward width" not in rows


def test_a_trend_has_each_electrode_with_errors_and_marks_what_is_flagged(cycled):
    view = NumberView("separation", units=Units(potential="mV"))
    figure = json.loads(number_figure(cycled.state.shown, CYCLE["separation"], view))
    first, second = figure["data"]
    assert (first["name"], first["x"], first["y"]) == ("E1", [1, 2, 3], [10.0, 20.0, 30.0])
    assert second["y"] == [20.0, 40.0, 60.0]
    assert first["error_y"]["array"] == pytest.approx([0.8] * 3)
    assert first["marker"]["symbol"] == ["circle", "circle", "circle-open"]
    assert figure["layout"]["yaxis"]["title"]["text"] == "Peak separation / mV"


def test_probes_have_a_trend_of_their_own(cycled):
    every = with_probes((-0.2,))
    view = NumberView("probe", electrodes=(2,))
    figure = json.loads(number_figure(cycled.state.shown, every["probe_0_reverse"], view))
    assert every["probe_0_reverse"].title == "Reverse at −0.2 V"
    assert [t["y"] for t in figure["data"]] == [[50.0, 50.0, 50.0]]


def test_many_scans_have_a_band_instead_of_bars(world):
    world.session = world.new_session(technique="cv")
    for number in range(1, BARS_UP_TO + 10):
        scan = ScanReference(file=f"CV_{number}.txt", number=number)
        electrodes = (ElectrodeResult(electrode=1, cv=cycle()),)
        world.results.append(world.result(number, scan=scan, electrodes=electrodes))
    world.connect()
    figure = json.loads(
        number_figure(world.state.shown, CYCLE["separation"], NumberView("separation"))
    )
    band, line = figure["data"]
    assert band["fill"] == "toself"
    assert band["y"][0] - line["y"][0] == pytest.approx(0.0008)


def test_a_quantity_without_numbers_says_so(world):
    world.session = world.new_session(technique="cv")
    electrodes = (ElectrodeResult(electrode=1, cv=cycle(forward=None)),)
    world.results.append(world.result(1, electrodes=electrodes))
    world.connect()
    figure = json.loads(number_figure(world.state.shown, CYCLE["forward_charge"], NumberView("x")))
    assert figure["layout"]["annotations"][0]["text"] == "No forward charge yet"
