"""The pages about past sessions as Streamlit runs them, with the analyzer's own answers."""

import json
import zipfile

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.archive import Archive
from support.tools import wait_until

from dashboard import runtime
from dashboard.connection import Credentials
from dashboard.seats import Seat
from sacmes_core.address import BrokerAddress


@pytest.fixture(scope="module")
def archive(broker, tmp_path_factory):
    archive = Archive(broker.url("analyzer"), "alice", tmp_path_factory.mktemp("store"))
    archive.start()
    runtime.configure(BrokerAddress.parse(broker.url()))
    runtime.start()
    yield archive
    st.cache_resource.clear()
    runtime.stop()
    archive.stop()


def sessions():
    from dashboard.views import sessions

    sessions.page()


def compare():
    from dashboard.views import compare

    compare.page()


def export():
    from dashboard.views import export

    export.page()


def health():
    from dashboard.views import health

    health.page()


def overview():
    from dashboard.views import overview

    overview.page()


@pytest.fixture
def open_page(archive, broker):
    leases = []

    def open_(draw, *, username="alice", **kept):
        page = AppTest.from_function(draw, default_timeout=30)
        page.session_state["seat"] = Seat(Credentials("alice", username, broker.keys[username]))
        for name, value in kept.items():
            page.session_state[name] = value
        held = runtime.pool().lease(page.session_state["seat"].front)
        leases.append(held)
        assert held.connection.wait_decided(20)
        return page

    yield open_
    st.cache_resource.clear()
    for held in leases:
        held.close()


def panels(page):
    """What the components of the page were given, by kind or name."""
    found = {}
    for element in page.get("bidi_component"):
        payload = element.proto.bytes or element.proto.json.encode()
        content = json.loads(payload) if payload else {}
        found[content.get("kind") or content.get("name") or "file"] = content
    return found


def shown_when(page, condition):
    def fulfilled():
        page.run()
        assert not page.exception
        shown = panels(page)
        return shown if condition(shown) else None

    return wait_until(fulfilled, timeout=20, what="the page")


def button(page, label):
    """A button of the page, which another stands in for while a file is made."""

    def fulfilled():
        page.run()
        return next((b for b in page.button if b.label == label), None)

    return wait_until(fulfilled, timeout=20, what=f"the button {label}")


def test_the_list_marks_the_running_one_and_finds_words(open_page):
    page = open_page(sessions).run()
    table = page.dataframe[0].value
    assert list(table["State"]) == ["● running", "stopped"]
    assert list(table["Scans"]) == [6, 12]
    page.text_input[0].set_value("stopped swv").run()
    assert list(page.dataframe[0].value["State"]) == ["stopped"]
    page.text_input[0].set_value("nothing like it").run()
    assert panels(page)["notice"]["title"] == "Nothing found"


def test_an_opened_session_is_recorded_replayed_and_never_live(open_page, archive):
    page = open_page(sessions, opened_session=archive.ended)
    shown = shown_when(page, lambda s: "recorded_trend" in s)
    assert [c["label"] for c in shown["header"]["chips"]] == ["Recorded"]
    figure = shown["recorded_trend"]["figure"]
    assert [len(trace["x"]) for trace in figure["data"]] == [6] * 4
    assert shown["recorded_voltammogram"]["figure"]["data"]
    page.slider[0].set_value(4)
    shown = shown_when(page, lambda s: s["header"]["chips"][0]["label"].startswith("Replay"))
    assert [len(t["x"]) for t in shown["recorded_trend"]["figure"]["data"]] == [2] * 4


def test_the_comparison_draws_both_and_gives_the_numbers(open_page, archive):
    page = open_page(compare, compared_sessions=[archive.ended, archive.running])
    shown = shown_when(page, lambda s: "compare" in s)
    assert len(shown["compare"]["figure"]["data"]) == 8
    rows = [[cell["text"] for cell in row] for row in shown["table"]["rows"]]
    assert len(rows) == 8
    assert rows[0][7].startswith("−26")
    assert rows[4][7].startswith(("0", "−0"))
    page.segmented_control(key="compare/alignment").set_value("mark_number")
    shown = shown_when(page, lambda s: s.get("notice", {}).get("title") == "Left out")
    assert "Mark an injection" in shown["notice"]["text"]


def test_a_file_is_made_offered_once_and_the_same_again(open_page, archive):
    page = open_page(export)
    page.run()
    page.selectbox[0].set_value(archive.ended).run()
    made, tokens = [], {""}
    for _ in range(2):
        button(page, "Download Tidy table (CSV)").click()
        shown = shown_when(
            page, lambda s: s.get("file", {}).get("address", "").rpartition("/")[2] not in tokens
        )
        token = shown["file"]["address"].rpartition("/")[2]
        tokens.add(token)
        with runtime.downloads().take(token).content as content:
            made.append(content.read())
        assert runtime.downloads().take(token) is None
    assert made[0] == made[1]
    assert made[0].count(b"\n") == 1 + 6 * 2 * 2
    assert shown["file"]["file"] == "alice_of_alice.csv"


def test_a_lab_notebook_gets_everything_in_one_file(open_page, archive):
    page = open_page(export)
    page.run()
    page.selectbox[0].set_value(archive.ended).run()
    button(page, "ELN archive").click()
    shown = shown_when(page, lambda s: s.get("file", {}).get("file", "").endswith(".eln"))
    token = shown["file"]["address"].rpartition("/")[2]
    with runtime.downloads().take(token).content as content:
        names = zipfile.ZipFile(content).namelist()
    assert "of_alice/ro-crate-metadata.json" in names
    assert sum(name.startswith("of_alice/session/raw/") for name in names) == 12 + 1


def test_a_refusal_is_a_sentence_and_no_file(open_page, archive):
    page = open_page(export)
    page.run()
    page.selectbox[0].set_value(archive.ended).run()
    page.number_input[0].set_value(500).run()
    page.radio[0].set_value("sacmes_swv").run()
    button(page, "Download SACMES Web, all electrodes").click()
    shown = shown_when(page, lambda s: s.get("notice"))
    assert "no analysed scan with a frequency" in shown["notice"]["text"]
    assert "file" not in shown


def test_who_may_only_look_is_told_why(open_page, archive, monkeypatch):
    from dashboard.views import sessions as view

    chosen = next(s for s in archive.store.sessions.list("alice", 9) if s.scans == 12)
    monkeypatch.setattr(view, "_list", lambda _every: view._actions([chosen]))
    page = open_page(sessions, username="carol").run()
    for label in ("Rename", "Delete"):
        assert button(page, label).disabled
        assert "You may look" in button(page, label).help
    assert not button(page, "Open").disabled


def test_deleted_is_hidden_and_brought_back(open_page, archive, monkeypatch):
    from dashboard.views import sessions as view

    chosen = next(s for s in archive.store.sessions.list("alice", 9) if s.scans == 12)
    kept = view._list
    monkeypatch.setattr(view, "_list", lambda every: (kept(every), view._actions([chosen])))
    page = open_page(sessions).run()
    button(page, "Delete").click().run()
    assert list(page.dataframe[0].value["Scans"]) == [6]
    assert "hidden" in panels(page)["notice"]["text"]
    button(page, "Undo").click().run()
    assert list(page.dataframe[0].value["Scans"]) == [6, 12]


def test_health_shows_the_chain_and_that_nothing_went_wrong(open_page):
    page = open_page(health)
    shown = shown_when(page, lambda s: s.get("cards") and s.get("table"))
    assert shown["cards"]["cards"][0]["label"] == "Messages"
    assert shown["header"]["user_id"] == "alice"
    assert any("None since" in caption.value for caption in page.caption)


def test_the_overview_takes_others_with_their_own_key_alone(open_page, broker):
    page = open_page(overview)
    assert shown_when(page, lambda s: s.get("tile"))["tile"]["user_id"] == "alice"
    for key, refused in (("wrong", True), (broker.keys["bob"], False)):
        fields = {field.label: field for field in page.text_input}
        fields["user_id"].set_value("bob")
        fields["Key"].set_value(key)
        next(b for b in page.button if b.label == "Watch it too").click()
        page.run()
        assert not page.exception
        assert ("notice" in panels(page)) is refused
        typed = {field.label: field.value for field in page.text_input}
        assert (typed["user_id"], typed["Key"]) == (("bob", "wrong") if refused else ("", ""))
    assert [b.label for b in page.button].count("Open") == 2
