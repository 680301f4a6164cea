"""The pages of frequency map, cycles and decays as Streamlit runs them, against a real broker."""

import json
import math

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.stand_in import AnalyzerStandIn
from support.tools import wait_until

from dashboard import runtime
from sacmes_core import protocol
from sacmes_core.address import BrokerAddress
from sacmes_core.payloads.ca import CaResult
from sacmes_core.payloads.cv import CvPeak, CvResult
from sacmes_core.payloads.rates import ElectrodeRates, Population, RatesReply
from sacmes_core.payloads.replies import ScanReply
from sacmes_core.payloads.results import (
    Curves,
    ElectrodeCurves,
    ElectrodeResult,
    Result,
    ScanReference,
)
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

FREQUENCIES_HZ = (10.0, 100.0, 1000.0)
CYCLE_V = tuple(0.2 - 0.01 * k for k in range(71)) + tuple(-0.5 + 0.01 * k for k in range(71))
TIMES = tuple(0.001 * k for k in range(1, 51))
RATES = ElectrodeRates(
    electrode=1,
    populations=(
        Population(
            rate_hz=61.2,
            rate_se_hz=0.7,
            rate_low_hz=59.8,
            rate_high_hz=62.6,
            charge_c=3.1e-8,
            charge_se_c=2e-10,
        ),
    ),
    frequency_hz=FREQUENCIES_HZ,
    peak_current_a=(1e-7, 2e-7, 3e-7),
)


class Analyzer(AnalyzerStandIn):
    """Publishes what a scan of any technique gives, and answers trials and rates."""

    def measure(self, electrode: ElectrodeResult, curve: ElectrodeCurves, **scan):
        position = len(self.run.results) + 1
        common = {
            "session_id": self.run.document.session_id,
            "position": position,
            "scan": ScanReference(**({"file": f"{position}.txt", "number": position} | scan)),
            "settings_revision": self.run.document.settings_revision,
        }
        result = Result(
            upload_id=f"{position:064x}",
            trend_revision=self.run.trend_revision,
            version="0.1.0",
            electrodes=(electrode,),
            **common,
        )
        curves = Curves(electrodes=(curve,), **common)
        self.run.results.append(result)
        self.run.curves[position] = curves
        self.say(protocol.RESULTS, result, user_id=self.user_id)
        self.say(protocol.CURVES, curves, user_id=self.user_id)

    def sweep(self, number, count=len(FREQUENCIES_HZ)):
        for place, frequency_hz in enumerate(FREQUENCIES_HZ[:count], start=1):
            electrode = ElectrodeResult(
                electrode=1, peak_current_a=1e-7 * place * number, peak_current_se_a=1e-9
            )
            curve = ElectrodeCurves(
                electrode=1, potential_v=(-0.4, -0.3, -0.2), current_a=(0.0, 1e-7, 0.0)
            )
            name = f"SWV_{frequency_hz:g}Hz_{number}.txt"
            self.measure(electrode, curve, file=name, number=number, frequency_hz=frequency_hz)

    def cycle(self, height_a=6.6e-8):
        numbers = CvResult(
            model="surface",
            segments=2,
            scan_rate_v_s=0.1,
            forward=CvPeak(segment=1, peak_current_a=-height_a, peak_potential_v=-0.28),
            reverse=CvPeak(segment=2, peak_current_a=height_a, peak_potential_v=-0.27),
            peak_separation_v=0.01,
            peak_separation_se_v=0.001,
        )
        currents = tuple(1e-8 * v for v in CYCLE_V)
        curve = ElectrodeCurves(
            electrode=1,
            potential_v=CYCLE_V,
            current_a=currents,
            smoothed_a=currents,
            baseline_a=tuple(0.0 for _ in CYCLE_V),
        )
        self.measure(ElectrodeResult(electrode=1, cv=numbers), curve)

    def decay(self):
        numbers = CaResult(lifetime_s=0.01, lifetime_low_s=0.009, lifetime_high_s=0.012)
        currents = tuple(1e-6 * math.exp(-t / 0.01) for t in TIMES)
        curve = ElectrodeCurves(
            electrode=1, potential_v=(), current_a=currents, smoothed_a=currents, time_s=TIMES
        )
        flags = ("decay_misfit",)
        self.measure(ElectrodeResult(electrode=1, ca=numbers, flags=flags), curve)

    def _reply(self, asked):
        if asked.question.verb == "rates":
            return RatesReply(
                session_id=self.run.document.session_id,
                amplitude_v=0.025,
                step_v=0.001,
                electrons=asked.payload.electrons,
                electrodes=(RATES,),
            )
        if asked.question.verb == "preview":
            last = self.run.results[-1]
            return ScanReply(result=last, curves=self.run.curves[last.position])
        return super()._reply(asked)


@pytest.fixture(scope="module")
def analyzer(broker):
    analyzer = Analyzer(broker.url("analyzer"), "alice")
    analyzer.start()
    analyzer.present()
    yield analyzer
    analyzer.stop()


def script(key, name):
    from importlib import import_module

    from dashboard import access

    if access.signed_in() or access.sign_in("alice", key):
        import_module(f"dashboard.views.{name}").page()


@pytest.fixture
def open_page(broker, analyzer):
    runtime.configure(BrokerAddress.parse(broker.url()))
    runtime.start()

    def open_(name):
        arguments = {"key": broker.keys["alice"], "name": name}
        return AppTest.from_function(script, default_timeout=20, kwargs=arguments)

    yield open_
    st.cache_resource.clear()
    runtime.stop()


def words(page):
    """All that the panels and charts of a page say."""
    given = (e.proto.bytes or e.proto.json.encode() for e in page.get("bidi_component"))
    return " ".join(json.dumps(json.loads(g), ensure_ascii=False) for g in given if g)


def says(page, *expected):
    """Run the page until it says all of this."""

    def missing():
        page.run()
        assert not page.exception, page.exception[0]
        return [text for text in expected if text not in words(page)]

    wait_until(lambda: not missing(), timeout=15, what=f"{expected}")


def field(page, label):
    every = (*page.text_input, *page.number_input, *page.selectbox, *page.toggle, *page.button)
    return next(f for f in every if f.label == label)


def test_a_map_fills_is_held_and_fitted(open_page, analyzer):
    source = SourceSettings(frequencies_hz=FREQUENCIES_HZ)
    analyzer.begin(SessionSettings(source=source), technique="frequency_map")
    analyzer.sweep(1)
    analyzer.sweep(2, count=2)
    page = open_page("frequency_map")
    says(page, '"Sweep 2"', "of 3 frequencies", "1 to come", "Charge / nC", "KDM low")
    field(page, "Hold this map as").set_value("before target")
    field(page, "Hold").click()
    says(page, "before target · E1", "now · E1")
    field(page, "Fit the rate").set_value(True)
    says(page, "61.2 ± 0.7", "59.8 to 62.6", "E1 fit")
    assert "rates" in analyzer.asked
    analyzer.sweep(3)
    says(page, '"Sweep 3"', "whole", "before target · E1")
    field(page, "Sweep").set_value(1)
    says(page, '"Sweep 1"')


def test_a_cycle_is_shown_tried_and_changed_for_everyone(open_page, analyzer):
    analyzer.begin(technique="cv")
    analyzer.cycle()
    page = open_page("cyclic")
    says(page, "Peak separation", "± 0.0010 V", "Forward fit")
    assert field(page, "Apply for everyone").disabled
    analyzer.cycle(height_a=9e-8)
    says(page, "90.00 nA")
    field(page, "Forward from / V").set_value(-0.4)
    field(page, "Forward to / V").set_value(-0.1)
    says(page, "Numbers now and tried")
    field(page, "Forward to / V").set_value(-0.45)
    says(page, "the upper end of a sweep's window is not above the lower one")
    field(page, "Forward to / V").set_value(-0.1)
    page.run()
    field(page, "Apply for everyone").click()
    says(page, "The run is analysed anew for every viewer.")
    assert analyzer.run.document.settings.peak.cv.forward_min_v == -0.4


def test_a_decay_is_shown_with_its_interval_and_what_is_to_be_judged(open_page, analyzer):
    analyzer.begin(technique="ca")
    analyzer.decay()
    page = open_page("decay")
    says(page, "95 %: 9 to 12 ms", "E1 fit", "To be judged", "Lifetime / ms")
    field(page, "Exponentials").set_value("mono")
    says(page, "Numbers now and tried")


@pytest.mark.parametrize(
    ("name", "technique"), [("frequency_map", "ca"), ("cyclic", "swv"), ("decay", "cv")]
)
def test_a_page_of_another_technique_says_where_the_scans_are(open_page, analyzer, name, technique):
    analyzer.begin(technique=technique)
    page = open_page(name)
    says(page, "This session measures", "Its scans are on the")
    assert field(page, "Go to the Session page")


def test_a_page_waits_for_the_first_scan(open_page, analyzer):
    analyzer.begin(technique="cv")
    says(open_page("cyclic"), "The session waits for an agent")


@pytest.mark.parametrize(
    ("technique", "expected"),
    [
        ("cv", ("Forward fit", "Peak separation", "Reverse height")),
        ("ca", ("Time since the step / ms", '"Lifetime"')),
    ],
)
def test_the_inspector_shows_cycles_and_decays_as_such(open_page, analyzer, technique, expected):
    analyzer.begin(technique=technique)
    {"cv": analyzer.cycle, "ca": analyzer.decay}[technique]()
    page = open_page("inspector")
    says(page, *expected)
    assert "Layers" not in [pills.label for pills in page.get("button_group")]


@pytest.mark.parametrize(
    ("technique", "place"), [("frequency_map", "3 of 3"), ("cv", "1 of 1"), ("ca", "1 of 1")]
)
def test_chart_and_numbers_of_the_inspector_each_name_their_scan(
    open_page, analyzer, technique, place
):
    analyzer.begin(technique=technique)
    send = {"frequency_map": lambda: analyzer.sweep(1), "cv": analyzer.cycle, "ca": analyzer.decay}
    send[technique]()
    page = open_page("inspector")
    says(page, "Numbers of the scan", place)
    given = [json.loads(e.proto.bytes or e.proto.json) for e in page.get("bidi_component")]
    chart = next(g for g in given if g.get("name") == "inspector")
    table = next(g for g in given if g.get("label") == "Numbers of the scan")
    assert chart["title"].startswith(f"{table['columns'][0]['label']} · ")
