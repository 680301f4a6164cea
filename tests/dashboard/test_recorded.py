"""A past session comes page by page."""

import pytest

from dashboard import recorded
from dashboard.connection import AskError
from dashboard.live_state import Ask
from dashboard.recorded import Recording
from sacmes_core import questions


class Analyzer:
    """Answers as the world's analyzer does, with pages as long as were asked for."""

    def __init__(self, world):
        self.world = world
        self.before = lambda _query: None

    def __call__(self, question, query):
        self.before(query)
        self.world.page = query.limit
        reply = self.world.reply(Ask(question, query, 1))
        return questions.read_reply(question, reply)


@pytest.fixture
def analyzer(world, monkeypatch):
    monkeypatch.setattr(recorded, "PAGE", 4)
    world.results = [world.result(k) for k in range(1, 11)]
    return Analyzer(world)


def load(analyzer):
    recording = Recording(analyzer, analyzer.world.session.session_id)
    recording.start()
    return recording.wait(10)


def test_all_pages_become_one_trend(analyzer):
    loaded = load(analyzer)
    assert loaded.complete
    assert [s.position for s in loaded.trend.scans] == list(range(1, 11))
    assert (loaded.done, loaded.of) == (10, 10)
    assert loaded.session == analyzer.world.session


def test_numbers_of_two_settings_never_stand_in_one_trend(analyzer):
    def analyse_again(query):
        world = analyzer.world
        if query.after_position == 4 and world.trend_revision == 1:
            world.trend_revision = 2
            world.results = [
                r.model_copy(update={"trend_revision": 2, "flags": ("too_noisy",)})
                for r in world.results
            ]

    analyzer.before = analyse_again
    loaded = load(analyzer)
    assert loaded.complete
    assert loaded.trend.epoch.trend_revision == 2
    assert [s.flags for s in loaded.trend.scans] == [("too_noisy",)] * 10


def test_a_session_without_scans_is_complete(analyzer):
    analyzer.world.results = []
    loaded = load(analyzer)
    assert loaded.complete
    assert loaded.trend.scans == ()


def test_what_came_stays_when_nobody_answers_any_more(analyzer):
    def fall_silent(query):
        if query.after_position:
            raise AskError("No analyzer answers.")

    analyzer.before = fall_silent
    loaded = load(analyzer)
    assert loaded.problem == "No analyzer answers."
    assert len(loaded.trend.scans) == 4


def test_a_file_longer_than_a_page_comes_whole(analyzer):
    world = analyzer.world
    one = world.results[0]
    world.results = [
        one.model_copy(update={"scan": one.scan.model_copy(update={"index": k})}) for k in range(9)
    ]
    loaded = load(analyzer)
    assert [s.index for s in loaded.trend.scans] == list(range(9))


def test_what_is_still_to_be_analysed_is_left_out_and_told(analyzer):
    world = analyzer.world
    world.session = world.session.model_copy(update={"revision": 2, "settings_revision": 2})
    world.results = [
        r.model_copy(update={"settings_revision": 1 + (r.position < 7)}) for r in world.results
    ]
    loaded = load(analyzer)
    assert [s.position for s in loaded.trend.scans] == [1, 2, 3, 4, 5, 6]
    assert loaded.waiting == 4
    assert "analysed anew" in loaded.problem
