"""Every page in every state that a viewer can find it in."""

from datetime import UTC, datetime, timedelta

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.stand_in import AgentStandIn, AnalyzerStandIn
from support.tools import wait_until

from dashboard import runtime, standing
from dashboard.connection import Credentials
from dashboard.pages import GROUPS
from dashboard.seats import Seat
from sacmes_core.address import BrokerAddress

PAGES = {entry.path: entry for group in GROUPS.values() for entry in group}


def script(path):
    import streamlit as st

    from dashboard import access
    from dashboard.pages import GROUPS

    if access.signed_in():
        next(e for group in GROUPS.values() for e in group if e.path == path).draw()
    else:
        st.text(access.message())


class Viewer:
    """A viewer's pages over one connection."""

    def __init__(self, held):
        self.held = held
        self.lease = runtime.pool().lease(held)
        self.connection = self.lease.connection
        assert self.connection.wait_decided(20)

    def until(self, condition):
        wait_until(lambda: condition(self.connection.state), timeout=20, what="the state")

    def open(self, path):
        page = AppTest.from_function(script, default_timeout=30, kwargs={"path": path})
        page.session_state["seat"] = Seat(self.held)
        page.run()
        assert not page.exception, (path, page.exception[0])
        return page

    def sees_something_on_each(self):
        for path in PAGES:
            page = self.open(path)
            said = (*page.get("bidi_component"), *page.caption, *page.text, *page.get("html"))
            assert said, path


@pytest.fixture
def viewer(own_broker):
    runtime.configure(BrokerAddress.parse(own_broker.url()))
    runtime.start()
    viewer = Viewer(Credentials("alice", "alice", own_broker.keys["alice"]))
    yield viewer
    viewer.lease.close()
    st.cache_resource.clear()
    runtime.stop()


@pytest.fixture
def lab(own_broker):
    agent = AgentStandIn(own_broker.url("alice"), "alice")
    analyzer = AnalyzerStandIn(own_broker.url("analyzer"), "alice")
    for one in (agent, analyzer):
        one.start()
        one.present()
    yield analyzer
    for one in (agent, analyzer):
        one.stop()


def test_every_page_is_drawn_from_nothing_to_stale(viewer, lab, monkeypatch):
    viewer.until(lambda s: s.analyzers and s.agent is not None)
    viewer.sees_something_on_each()
    lab.begin()
    viewer.until(lambda s: s.session is not None)
    viewer.sees_something_on_each()
    lab.scans(3)
    viewer.until(lambda s: s.shown is not None and len(s.shown.scans) == 6)
    viewer.sees_something_on_each()
    monkeypatch.setattr(standing, "STALE_INTERVALS", 0)
    monkeypatch.setattr(standing, "STALE_AT_LEAST_S", 0)
    later = (datetime.now(UTC) + timedelta(seconds=1)).timestamp()
    assert standing.dimmed(viewer.connection.state, later)
    viewer.sees_something_on_each()


def test_every_page_is_drawn_without_a_broker_and_none_without_a_key(viewer, lab, own_broker):
    lab.begin()
    lab.scans(2)
    viewer.until(lambda s: s.shown is not None and len(s.shown.scans) == 4)
    own_broker.stop()
    viewer.until(lambda s: s.link == "offline")
    viewer.sees_something_on_each()
    passwords = own_broker.rights / "passwords"
    kept = [line for line in passwords.read_text().splitlines() if not line.startswith("alice:")]
    passwords.write_text("\n".join(kept) + "\n")
    own_broker.start()
    viewer.until(lambda s: s.link == "refused")
    assert [text.value for text in viewer.open("live").text] == [
        "The broker does not know this user_id, or the key is wrong."
    ]
