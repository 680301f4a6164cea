"""The pages as Streamlit runs them, against a real broker."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.stand_in import AgentStandIn, AnalyzerStandIn
from support.tools import ROOT, wait_until

from dashboard import runtime
from sacmes_core.address import BrokerAddress

SENTENCE = "The broker does not know this user_id, or the key is wrong."


@pytest.fixture
def analyzer(own_broker):
    analyzer = AnalyzerStandIn(own_broker.url("analyzer"), "alice")
    analyzer.start()
    yield analyzer
    analyzer.stop()


@pytest.fixture
def agent(own_broker):
    agent = AgentStandIn(own_broker.url("alice"), "alice")
    agent.start()
    yield agent
    agent.stop()


@pytest.fixture
def page(own_broker):
    runtime.configure(BrokerAddress.parse(own_broker.url()))
    runtime.start()
    page = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=20)
    page.query_params["user_id"] = "alice"
    yield page
    # All of AppTest's pages are one session to Streamlit's cache.
    st.cache_resource.clear()
    runtime.stop()


def sign_in(page, key, *, user_id="alice", username=""):
    page.run()
    assert not page.exception
    fields = {field.label: field for field in page.text_input}
    fields["user_id"].set_value(user_id)
    fields["Key"].set_value(key)
    fields["Username"].set_value(username)
    page.button[0].click()
    return page.run()


def panels(page):
    """What the components of the page were given, by kind."""
    found = {}
    for element in page.get("bidi_component"):
        proto = element.proto
        payload = proto.bytes or proto.json.encode()
        content = json.loads(payload) if payload else {}
        kind = content.get("kind") or content.get("name") or "other"
        found[kind] = content
    return found


def shown_when(page, condition):
    """Run the page until what it shows fulfils the condition."""

    def fulfilled():
        page.run()
        assert not page.exception
        shown = panels(page)
        return shown if condition(shown) else None

    return wait_until(fulfilled, timeout=15, what="the page")


def alerts(page):
    return " ".join(str(element.proto.body) for element in page.get("html"))


def chips(shown):
    return [c["label"] for c in shown["header"]["chips"]]


def test_the_address_fills_the_user_id_in(page):
    page.run()
    assert page.text_input[0].value == "alice"


@pytest.mark.parametrize("user_id", ["alice", "unknown-lab"])
def test_one_sentence_for_unknown_id_and_wrong_key(page, user_id):
    sign_in(page, "wrong", user_id=user_id)
    assert SENTENCE in alerts(page)
    assert "seat" not in page.session_state


def test_a_user_id_that_is_none_is_told_the_rule(page):
    sign_in(page, "k", user_id="A b")
    assert "3 to 64 characters" in alerts(page)


def test_a_broker_that_is_away_is_not_called_a_wrong_key(page, own_broker):
    own_broker.stop()
    sign_in(page, own_broker.keys["alice"])
    assert "is the broker running?" in alerts(page)
    own_broker.start()


def test_from_nothing_to_live_to_stale(page, own_broker, analyzer, agent):
    sign_in(page, own_broker.keys["alice"])
    shown = shown_when(page, lambda s: s.get("notice"))
    assert "Agent never started" in chips(shown)
    assert shown["notice"]["title"] == "No analyzer is online"
    analyzer.present()
    agent.present()
    shown_when(page, lambda s: s.get("notice", {}).get("title") == "Ready for a session")
    analyzer.begin()
    shown = shown_when(
        page, lambda s: s.get("notice", {}).get("title") == "Waiting for the first scan"
    )
    assert "SWV_" in shown["notice"]["text"]
    analyzer.scans(3, flagged=2)
    shown = shown_when(
        page,
        lambda s: (
            len(s.get("trend", {}).get("figure", {}).get("data", [])) == 4
            and len(s.get("table", {}).get("rows", [])) == 12
        ),
    )
    assert shown["header"]["user_id"] == "alice"
    assert "Agent online · PC-LAB2" in chips(shown)
    assert any(c.startswith("Live ·") for c in chips(shown))
    assert shown["trend"]["figure"]["layout"]["yaxis"]["title"]["text"] == "Peak current / nA"
    assert len(shown["table"]["rows"]) == 12
    assert any(row[-1]["text"] == "Peak at edge" for row in shown["table"]["rows"])
    agent.present("lost", beat=datetime.now(UTC) - timedelta(seconds=5))
    shown = shown_when(page, lambda s: "Agent lost · PC-LAB2" in chips(s))
    own_broker.stop()
    shown = shown_when(page, lambda s: any("reconnecting" in c for c in chips(s)))
    assert len(shown["trend"]["figure"]["data"]) == 4
    assert shown["trend"]["figure"]["data"][0]["opacity"] < 0.5
    own_broker.start()


def test_a_stopped_session_says_so(page, own_broker, analyzer):
    analyzer.present()
    run = analyzer.begin()
    analyzer.scans(1)
    later = {"state": "stopped", "revision": run.document.revision + 1}
    run.document = run.document.model_copy(update=later)
    analyzer._publish_session()
    sign_in(page, own_broker.keys["alice"])
    shown_when(page, lambda s: any(c.startswith("Stopped at") for c in chips(s)))


def test_key_taken_away_signs_out_with_the_sentence(page, own_broker):
    sign_in(page, own_broker.keys["alice"])
    assert page.session_state["seat"].front.user_id == "alice"
    connection = runtime.pool()._shared[page.session_state["seat"].front].connection
    passwords = own_broker.rights / "passwords"
    kept = [line for line in passwords.read_text().splitlines() if not line.startswith("alice:")]
    passwords.write_text("\n".join(kept) + "\n")
    own_broker.restart()
    wait_until(lambda: connection.state.link == "refused", timeout=20, what="the refusal")
    page.run()
    assert SENTENCE in alerts(page)


def test_names_from_outside_are_text_and_never_markup(page, own_broker, analyzer):
    analyzer.present()
    analyzer.begin(name="<img src=x onerror=alert(1)> **bold**")
    analyzer.scans(1)
    sign_in(page, own_broker.keys["alice"])
    shown = shown_when(page, lambda s: s.get("trend"))
    assert "<img" in shown["header"]["subtitle"]
    everything = " ".join(str(m.value) for m in page.markdown) + alerts(page)
    assert "onerror" not in everything


def test_sign_out_forgets_the_key(page, own_broker):
    sign_in(page, own_broker.keys["alice"])
    next(b for b in page.button if b.label == "Sign out").click()
    page.run()
    assert "seat" not in page.session_state
    assert {f.label for f in page.text_input} >= {"user_id", "Key"}


def test_a_colleague_is_told_that_he_may_only_look(page, own_broker):
    sign_in(page, own_broker.keys["carol"], username="carol")
    shown = shown_when(page, lambda s: s.get("header"))
    assert "Read only · carol" in chips(shown)


def test_a_wall_screen_has_numbers_and_no_controls(page, own_broker, analyzer):
    analyzer.present()
    analyzer.begin()
    analyzer.scans(2)
    page.query_params["view"] = "monitor"
    sign_in(page, own_broker.keys["alice"])
    shown = shown_when(
        page,
        lambda s: s.get("trend") and s["wall"]["cards"][0]["label"] == "E1 · 15 Hz",
    )
    assert shown["trend"]["figure"]["layout"]["xaxis"]["tickfont"]["size"] > 18
    assert not page.button
    assert not page.sidebar.button
