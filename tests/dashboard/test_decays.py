"""Decays on the page: figure, lifetimes with their intervals, and trend."""

import json
import math

import pytest

from dashboard.decay_charts import DecayView, decay_figure
from dashboard.number_panels import decay_cards
from dashboard.number_trend import NumberView, newest_of, number_figure
from dashboard.quantities import DECAY
from dashboard.units import Units
from sacmes_core.payloads.ca import CaResult
from sacmes_core.payloads.results import ElectrodeCurves, ElectrodeResult, ScanReference

TIMES = tuple(0.001 * k for k in range(1, 101))
FOUND = CaResult(
    lifetime_s=0.01,
    lifetime_se_s=0.0002,
    lifetime_low_s=0.0096,
    lifetime_high_s=0.0105,
    amplitude_a=-1e-6,
    amplitude_se_a=1e-8,
    second_lifetime_s=0.05,
    second_lifetime_se_s=0.002,
    offset_a=-1e-8,
)


def curve(electrode=1):
    currents = tuple(-1e-6 * math.exp(-t / 0.01) - 1e-8 for t in TIMES)
    return ElectrodeCurves(
        electrode=electrode,
        potential_v=(),
        current_a=currents,
        smoothed_a=currents,
        time_s=TIMES,
    )


@pytest.fixture
def decayed(world):
    world.session = world.new_session(technique="ca")
    for number in (1, 2):
        scan = ScanReference(file=f"CA_{number}.txt", number=number)
        electrodes = (ElectrodeResult(electrode=1, ca=FOUND),)
        world.results.append(world.result(number, scan=scan, electrodes=electrodes))
    world.connect()
    return world


def test_the_current_is_drawn_over_time_with_fit_and_lifetimes():
    figure = json.loads(decay_figure([curve()], {1: FOUND}, DecayView("d")))
    points, fit = figure["data"]
    assert (points["mode"], fit["name"]) == ("markers", "E1 fit")
    assert figure["layout"]["xaxis"]["title"]["text"] == "Time since the step / ms"
    assert [s["x0"] for s in figure["layout"]["shapes"]] == [10.0, 50.0]
    assert min(points["y"]) == pytest.approx(
        -0.91484 if min(points["y"]) > -10 else -914.84, rel=1e-3
    )


def test_logarithmic_axes_show_sizes_above_the_current_at_long_times():
    view = DecayView("d", log_time=True, log_current=True, units=Units(current="nA"))
    figure = json.loads(decay_figure([curve()], {1: FOUND}, view))
    assert figure["layout"]["xaxis"]["type"] == figure["layout"]["yaxis"]["type"] == "log"
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < 0 < 2 <= high + 1e-9
    values = figure["data"][1]["y"]
    assert values[0] / values[10] == pytest.approx(math.exp(1), rel=1e-3)


def test_lifetimes_come_with_their_intervals(decayed):
    peak = newest_of(decayed.state.shown, 1)[1]
    cards = {c.label: c for c in decay_cards(peak, Units(), pale=False)}
    assert (cards["Lifetime"].value, cards["Lifetime"].unit) == ("10.00", "ms")
    assert cards["Lifetime"].note == "95 %: 9.6 to 10.5 ms"
    assert cards["Second lifetime"].note == "± 2.0 ms"
    assert cards["Mean lifetime"].value == "–"


def test_the_trend_of_a_lifetime_has_unequal_errors(decayed):
    trend = decayed.state.shown
    figure = json.loads(number_figure(trend, DECAY["lifetime"], NumberView("lifetime")))
    (line,) = figure["data"]
    assert line["y"] == [10.0, 10.0]
    assert line["error_y"]["array"][0] == pytest.approx(0.5)
    assert line["error_y"]["arrayminus"][0] == pytest.approx(0.4)
