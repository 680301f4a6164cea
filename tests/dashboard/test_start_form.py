"""The form that starts a session, as Streamlit runs it, with an agent that reads a real folder."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.stand_in import AgentStandIn, AnalyzerStandIn
from support.tools import wait_until

from dashboard import runtime
from sacmes_core.address import BrokerAddress
from sacmes_core.payloads.presence import MeasurementLimits

LIMITS = MeasurementLimits(
    min_v=-0.6, max_v=0.4, max_current_a=1e-3, max_scans=1000, max_duration_s=600.0
)


def script(key):
    from dashboard import access, navigation
    from dashboard.views import measure, start_form

    navigation.go_to = lambda path: None
    start_form.go_to = navigation.go_to
    if access.signed_in() or access.sign_in("alice", key):
        state = access.connection().state
        start_form.show(state)
        measure.show(state)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    down = [0.2 - 0.005 * k for k in range(141)]
    cycle = "".join(f"{v:.3f}, {1e-7 * (1 + v):.4e}\n" for v in (*down, *reversed(down)))
    (folder / "CV_1.txt").write_text(f"Potential/V, Current/A\n{cycle}")
    scan = "".join(f"{v:.3f}, {1e-7 / (1 + (v / 0.05) ** 2):.4e}\n" for v in down)
    for frequency_hz in (10, 100, 300):
        name = f"SWV_{frequency_hz}Hz_1.txt"
        (folder / name).write_text(f"Potential/V, Current/A\n{scan}")
    return folder


@pytest.fixture(scope="module")
def analyzer(broker):
    analyzer = AnalyzerStandIn(broker.url("analyzer"), "alice")
    analyzer.start()
    yield analyzer
    analyzer.stop()


@pytest.fixture(scope="module")
def agent(broker, folder):
    agent = AgentStandIn(broker.url("alice"), "alice", folder)
    agent.start()
    yield agent
    agent.stop()


@pytest.fixture
def page(broker, analyzer, agent):
    runtime.configure(BrokerAddress.parse(broker.url()))
    runtime.start()
    page = AppTest.from_function(script, default_timeout=20, kwargs={"key": broker.keys["alice"]})
    yield page
    st.cache_resource.clear()
    runtime.stop()


def run(page):
    page.run()
    assert not page.exception, page.exception[0]
    return page


def shown_when(page, condition):
    return wait_until(lambda: condition(run(page)), timeout=15, what="the form")


def button(page, label):
    return next((b for b in page.button if b.label == label), None)


def field(page, label):
    every = (*page.text_input, *page.number_input, *page.selectbox, *page.multiselect)
    return next((f for f in every if f.label == label), None)


def technique(page, name):
    next(g for g in page.button_group if g.label == "Technique").set_value(name)
    return run(page)


def look(page):
    shown_when(page, lambda p: button(p, "Look at the agent's folder").disabled is False)
    button(page, "Look at the agent's folder").click()
    return run(page)


def words(page):
    """All that the panels say."""
    panels = page.get("bidi_component")
    return " ".join(p.proto.json + p.proto.bytes.decode("utf-8", "replace") for p in panels)


def test_each_technique_shows_its_own_fields(page, agent):
    agent.present()
    run(page)
    own = {
        "swv": ("Normalise to scan no.", "Frequencies / Hz", "Method"),
        "frequency_map": ("Frequencies / Hz", "Method"),
        "cv": ("Model and baseline", "Forward segment", "Probe potentials / V"),
        "ca": ("Exponentials", "Fit from / ms", "Time column"),
    }
    for name, labels in own.items():
        technique(page, name)
        assert all(field(page, label) for label in labels), name
        others = {label for other, theirs in own.items() if other != name for label in theirs}
        assert not any(field(page, label) for label in others - set(labels)), name
        every = (*page.text_input, *page.number_input, *page.selectbox)
        assert all(f.help for f in every if f.label != "Name of the run"), name


def test_a_cycle_is_looked_at_before_it_is_started(page, agent, analyzer):
    agent.present()
    technique(look(page), "cv")
    box = field(page, "Files in the agent's folder")
    box.set_value(next(k for k, text in enumerate(box.options) if text.startswith("CV")))
    run(page)
    assert field(page, "Handle").value == "CV"
    assert "columns of numbers" in words(page)
    assert "The file reads well" in words(page)
    field(page, "Electrodes").set_value("7")
    field(page, "Reverse segment").set_value(2)
    field(page, "Probe potentials / V").set_value("-0.2, 100 mV")
    run(page)
    assert "Electrode 7 is not in the file" in words(page)
    field(page, "Electrodes").set_value("1")
    run(page)
    button(page, "Start session").click()
    run(page)
    document = analyzer.run.document
    assert (document.technique, document.settings.reading.electrodes) == ("cv", (1,))
    assert document.settings.peak.cv.probe_potentials_v == (-0.2, 0.1)
    assert document.settings.peak.cv.reverse_segment == 2


def test_other_columns_change_the_preview(page, agent):
    agent.present()
    technique(look(page), "cv")
    field(page, "Files in the agent's folder").set_value(0)
    run(page)
    before = words(page)
    field(page, "Current column").set_value(40)
    run(page)
    assert "The file cannot be read like this" in words(page)
    field(page, "Current column").set_value(None)
    field(page, "Current in").set_value("mA")
    run(page)
    assert "The file cannot be read like this" not in words(page)
    assert words(page) != before


def test_a_map_takes_the_frequencies_that_the_folder_holds(page, agent, analyzer):
    agent.present()
    technique(look(page), "frequency_map")
    box = field(page, "Files in the agent's folder")
    box.set_value(next(k for k, text in enumerate(box.options) if text.startswith("SWV")))
    run(page)
    chosen = field(page, "Frequencies / Hz")
    assert chosen.value == ["10", "100", "300"]
    chosen.set_value(["10", "300"])
    run(page)
    button(page, "Start session").click()
    run(page)
    document = analyzer.run.document
    assert document.technique == "frequency_map"
    assert document.settings.source.frequencies_hz == (10.0, 300.0)


def test_an_instrument_is_measured_on_within_its_limits(page, agent, analyzer):
    serial = {"source": "serial", "source_name": "/dev/ttyUSB0", "limits": LIMITS}
    agent.present(**serial, remote_start=False, number=2)
    shown_when(page, lambda p: "--allow-remote" in words(p))
    assert button(page, "Start session").disabled
    agent.present(**serial, remote_start=True, number=3, instrument="EmStat Pico 1.3")
    shown_when(page, lambda p: "EmStat Pico 1.3 on PC-LAB2" in words(p))
    technique(page, "cv")
    field(page, "First vertex / V").set_value(-0.9)
    run(page)
    assert "this agent allows -0.6 V" in words(page)
    assert button(page, "Start session").disabled
    field(page, "First vertex / V").set_value(-0.5)
    run(page)
    assert any("A round is 1 scan and takes" in c.value for c in page.caption)
    button(page, "Start session").click()
    run(page)
    settings = analyzer.run.document.settings
    assert settings.source.method.cv.vertex_1_v == -0.5
    assert settings.peak.cv.scan_rate_v_s == 0.1
    shown_when(page, lambda p: button(p, "Measure now"))
    button(page, "Measure now").click()
    run(page)
    assert "Round 12, 2 scans, begins at once." in words(page)
