"""Other settings are tried, applied for everyone, taken back, and never overwrite another's."""

import json
from contextlib import closing

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.stand_in import AnalyzerStandIn
from support.tools import wait_until

from dashboard import runtime
from dashboard.connection import Credentials
from dashboard.seats import Seat
from sacmes_core.address import BrokerAddress
from sacmes_core.payloads.questions import SettingsRequest


def script():
    from dashboard import access
    from dashboard.views import session

    if access.connection().state.session is not None:
        session.page()


@pytest.fixture
def analyzer(broker):
    analyzer = AnalyzerStandIn(broker.url("analyzer"), "alice")
    analyzer.start()
    analyzer.present()
    analyzer.begin()
    analyzer.scans(2)
    yield analyzer
    analyzer.stop()


@pytest.fixture
def page(broker, analyzer):
    runtime.configure(BrokerAddress.parse(broker.url()))
    runtime.start()
    page = AppTest.from_function(script, default_timeout=20)
    page.session_state["seat"] = Seat(Credentials("alice", "alice", broker.keys["alice"]))
    shown_when(page, lambda s: "trial" in s)
    yield page
    st.cache_resource.clear()
    runtime.stop()


def panels(page):
    found = {}
    for element in page.get("bidi_component"):
        content = json.loads(element.proto.bytes or element.proto.json.encode())
        found[content.get("label") or content.get("name") or content.get("title")] = content
    return found


def shown_when(page, condition):
    def fulfilled():
        page.run()
        assert not page.exception
        shown = panels(page)
        return shown if condition(shown) else None

    return wait_until(fulfilled, timeout=15, what="the page")


def button(page, key):
    return next(b for b in page.button if b.key == key)


def choose_method(page, method):
    box = next(
        b for b in page.selectbox if (b.key or "").startswith("trial") and b.label == "Method"
    )
    box.set_value(method)
    page.run()


def test_settings_are_tried_applied_and_taken_back(page, analyzer):
    before = analyzer.run.document.settings
    names = {t["name"] for t in panels(page)["trial"]["figure"]["data"]}
    assert names >= {"now", "trial", "now baseline", "trial baseline"}
    assert button(page, "trial_apply").disabled
    choose_method(page, "classic")
    numbers = panels(page)["Numbers now and on trial"]["rows"]
    assert numbers[0][-1]["text"] == "−10 %"
    assert analyzer.run.document.settings == before
    assert "method median → classic" in {text.value for text in page.text}
    button(page, "trial_apply").click().run()
    assert analyzer.run.document.settings.peak.method == "classic"
    assert "method median → classic" in panels(page)["Applied"]["text"]
    shown_when(page, lambda s: not button(page, "trial_back").disabled)
    button(page, "trial_back").click().run()
    assert analyzer.run.document.settings == before


def test_what_another_has_changed_meanwhile_is_shown_and_not_overwritten(page, analyzer):
    document = analyzer.run.document
    choose_method(page, "classic")
    theirs = document.settings.changed({"peak.potential_min_v": -0.4})
    analyzer._change(SettingsRequest(seen_revision=document.revision, by="carol", settings=theirs))
    title = "The settings were changed while you tried yours"
    shown = shown_when(page, lambda s: title in s)
    assert "carol" in shown[title]["text"]
    assert "window whole scan → −0.4…end V" in shown[title]["text"]
    button(page, "trial_apply").click().run()
    assert analyzer.run.document.settings == theirs
    assert "carol" in panels(page)["Not changed"]["text"]


def test_a_click_counts_though_the_document_has_changed_since_the_page_was_drawn(
    page, analyzer, broker
):
    choose_method(page, "classic")
    document = analyzer.run.document
    theirs = document.settings.changed({"peak.potential_min_v": -0.4})
    with closing(
        runtime.pool().lease(Credentials("alice", "alice", broker.keys["alice"]))
    ) as lease:
        analyzer._change(
            SettingsRequest(seen_revision=document.revision, by="carol", settings=theirs)
        )
        wait_until(
            lambda: lease.connection.state.session.revision > document.revision,
            timeout=15,
            what="the other document",
        )
    button(page, "trial_apply").click().run()
    assert "carol" in panels(page)["Not changed"]["text"]
