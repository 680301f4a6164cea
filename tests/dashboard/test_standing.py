"""What the chips, cards, tables and notices say, judged by time."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard import summary
from dashboard.forms import FormError, electrodes, extension, found_by_handle, frequencies, settings
from dashboard.standing import (
    age_words,
    agent_chip,
    agent_kind,
    analyzer_chip,
    analyzer_online,
    dimmed,
    live_chip,
    viewers,
)
from dashboard.waiting import waiting_notice
from sacmes_core import protocol
from sacmes_core.link_events import Disconnected
from sacmes_core.payloads.presence import ViewerPresence
from sacmes_core.payloads.replies import FoundFiles
from sacmes_core.payloads.results import ElectrodeResult
from sacmes_core.settings.session import SessionSettings


def test_an_agent_is_online_only_while_its_heart_beats(world):
    assert agent_kind(world.state, world.now) == "never"
    world.hear(world.agent(), protocol.AGENT_PRESENCE)
    assert agent_kind(world.state, world.now + 89) == "online"
    assert agent_kind(world.state, world.now + 91) == "lost"
    assert "PC-LAB2" in agent_chip(world.state, world.now, UTC).label


def test_what_a_dead_broker_retained_is_not_online(world):
    old = datetime.fromtimestamp(world.now - 3600, UTC)
    world.hear(world.agent(heartbeat_at=old), protocol.AGENT_PRESENCE, retain=True)
    assert agent_kind(world.state, world.now) == "lost"


def test_a_wrong_clock_beside_the_instrument_does_not_make_it_lost(world):
    slow = datetime.fromtimestamp(world.now - 3600, UTC)
    world.hear(world.agent(heartbeat_at=slow), protocol.AGENT_PRESENCE)
    assert agent_kind(world.state, world.now + 60) == "online"
    assert agent_kind(world.state, world.now + 100) == "lost"
    assert "slow" in agent_chip(world.state, world.now, UTC).detail


@pytest.mark.parametrize(("state", "kind"), [("stopped", "stopped"), ("lost", "lost")])
def test_agent_that_said_so(world, state, kind):
    world.hear(world.agent(state=state), protocol.AGENT_PRESENCE)
    assert agent_kind(world.state, world.now) == kind


def test_a_mere_worker_does_not_answer(world):
    world.hear(world.analyzer(role="work"), protocol.ANALYZER_PRESENCE, analyzer="a1")
    assert not analyzer_online(world.state, world.now)
    world.hear(world.analyzer(), protocol.ANALYZER_PRESENCE, analyzer="a1")
    assert analyzer_online(world.state, world.now)
    assert analyzer_chip(world.state, world.now + 100).label == "Analyzer away"


def test_viewers_are_counted_by_pages_and_forgotten_without_heartbeat(world):
    for viewer, pages in (("v1", 2), ("v2", 1)):
        presence = ViewerPresence(
            viewer=viewer,
            pages=pages,
            since=datetime.fromtimestamp(world.now, UTC),
            heartbeat_at=datetime.fromtimestamp(world.now, UTC),
            version="0.1.0",
        )
        world.hear(presence, protocol.VIEWER_PRESENCE, viewer=viewer)
    assert viewers(world.state, world.now) == 3
    assert viewers(world.state, world.now + 100) == 0


def test_live_then_stale_then_no_data(world):
    world.connect()
    assert live_chip(world.state, world.now, UTC).label == "Waiting for the first scan"
    for position in (1, 2, 3, 4):
        world.pass_time(2)
        world.hear(world.result(position), protocol.RESULTS)
    assert live_chip(world.state, world.now + 2, UTC).label == "Live · 2 s ago"
    assert not dimmed(world.state, world.now + 2)
    assert live_chip(world.state, world.now + 45, UTC).label == "Stale · 45 s"
    assert dimmed(world.state, world.now + 45)
    assert live_chip(world.state, world.now + 600, UTC).label.startswith("No data since 12:00")


def test_without_broker_the_chip_says_so_and_the_chart_is_pale(world):
    world.connect()
    world.hear(world.result(1), protocol.RESULTS)
    world.happen(Disconnected("gone", taken_over=False))
    assert "reconnecting" in live_chip(world.state, world.now, UTC).label
    assert dimmed(world.state, world.now)


def test_a_stopped_session_is_not_stale(world):
    world.session = world.new_session(state="stopped")
    world.results = [world.result(1)]
    world.connect()
    assert live_chip(world.state, world.now + 9999, UTC).label == "Stopped at 12:00"
    assert not dimmed(world.state, world.now + 9999)


def test_each_reason_for_an_empty_page_has_its_notice(world):
    titles = [waiting_notice(world.state, world.now).title]
    world.hear(world.analyzer(), protocol.ANALYZER_PRESENCE, analyzer="a1")
    titles.append(waiting_notice(world.state, world.now).title)
    world.hear(world.agent(), protocol.AGENT_PRESENCE)
    titles.append(waiting_notice(world.state, world.now).title)
    world.connect()
    waiting = waiting_notice(world.state, world.now)
    titles.append(waiting.title)
    assert "SWV_" in waiting.text
    assert "15 Hz and 100 Hz" in waiting.text
    world.hear(world.agent(state="stopped"), protocol.AGENT_PRESENCE)
    titles.append(waiting_notice(world.state, world.now).title)
    assert titles == [
        "No analyzer is online",
        "Nothing has been measured here yet",
        "Ready for a session",
        "Waiting for the first scan",
        "The agent was stopped",
    ]
    world.hear(world.result(1), protocol.RESULTS)
    assert waiting_notice(world.state, world.now) is None


def test_cards_and_table_say_numbers_with_units_and_flags_in_words(world):
    world.connect()
    bad = ElectrodeResult(electrode=1, peak_current_a=None, flags=("no_peak",))
    for position in range(1, 9):
        world.hear(world.result(position), protocol.RESULTS)
    world.hear(world.result(9, electrodes=(bad,)), protocol.RESULTS)
    world.hear(world.result(10, electrodes=(), error="No columns."), protocol.RESULTS)
    cards = {c.label: c for c in summary.cards(world.state, (), world.now)}
    current = cards["Peak current · E1 · 100 Hz"]
    assert (current.value, current.unit) == ("1.080", "µA")
    assert (cards["Flagged"].value, cards["Flagged"].note) == (
        "20.0",
        "2 of 10 scans, 1 unreadable",
    )
    rows = summary.table_rows(world.state.shown, (), world.now, UTC)
    assert rows[0][-1].text == "No columns."
    assert rows[1][-1].text == "No peak"
    assert rows[1][4].text == "–"
    assert rows[2][4].text == "1.080"
    assert [r[1].text for r in rows[:4]] == ["5", "5", "4", "4"]


@pytest.mark.parametrize(
    ("age_s", "words"), [(2, "2 s"), (200, "3 min"), (7200, "2 h"), (3e5, "3 d")]
)
def test_ages(age_s, words):
    assert age_words(age_s) == words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("15, 100", (15.0, 100.0)),
        ("100;15", (15.0, 100.0)),
        ("15 Hz, 1.5 kHz", (15.0, 1500.0)),
        ("  ", ()),
    ],
)
def test_typed_frequencies(text, found):
    assert frequencies(text) == found


@pytest.mark.parametrize("text", ["x", "-3", "0", "1e9", "nan"])
def test_what_is_no_frequency_is_named(text):
    with pytest.raises(FormError):
        frequencies(text)


def test_typed_electrodes_and_extensions():
    assert electrodes("1, 3-5") == (1, 3, 4, 5)
    with pytest.raises(FormError, match="electrode"):
        electrodes("0")
    assert [extension(t) for t in ("txt", ".csv", " ")] == [".txt", ".csv", ""]


def test_settings_that_do_not_fit_come_back_as_a_sentence():
    with pytest.raises(FormError, match="above the lower"):
        settings(SessionSettings(), {"peak.potential_min_v": 0.1, "peak.potential_max_v": -0.1})
    good = settings(SessionSettings(), {"source.frequencies_hz": (15.0, 100.0)})
    assert good.source.frequencies_hz == (15.0, 100.0)


def test_the_agents_files_are_gathered_by_kind():
    files = [
        FoundFiles(handle="A_", extension=".txt", frequency_hz=f, files=5, first_number=n)
        for n, f in enumerate((100.0, 15.0), start=1)
    ]
    one = FoundFiles(handle="B_", extension=".txt", files=99)
    found = found_by_handle((*files, one))
    assert [f.handle for f in found] == ["B_", "A_"]
    assert found[1].frequencies_hz == (15.0, 100.0)
    assert (found[1].files, found[1].first_number) == (10, 1)


def test_a_date_is_said_where_it_is_not_today(world):
    long_ago = world.agent(
        state="stopped",
        heartbeat_at=datetime.fromtimestamp(world.now, UTC) - timedelta(days=3),
    )
    world.hear(long_ago, protocol.AGENT_PRESENCE, retain=True)
    assert "26 Feb" in agent_chip(world.state, world.now, UTC).detail
