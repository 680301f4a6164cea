"""Sessions as people tell them apart."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard.session_rows import (
    duration_s,
    duration_words,
    found,
    label_of,
    name_of,
    table,
)
from sacmes_core.payloads.replies import SessionSummary

ZONE = ZoneInfo("Europe/Vienna")


def summary(world, **changes):
    document = world.new_session(**changes)
    later = document.started_at + timedelta(minutes=90)
    return SessionSummary(session=document, scans=10, last_position=10, last_result_at=later)


def test_a_session_is_called_by_its_name_or_its_technique(world):
    assert label_of(world.session, ZONE) == "Run · 2026-03-01 13:00 · running"
    assert name_of(world.new_session(name="", technique="cv")) == "CV without a name"


def test_every_word_must_be_found(world):
    every = [summary(world, name="Aptamer A3"), summary(world, name="Buffer", technique="cv")]
    assert [s.session.name for s in found(every, "a3 swv", ZONE)] == ["Aptamer A3"]
    assert [s.session.name for s in found(every, "2026-03-01", ZONE)] == ["Aptamer A3", "Buffer"]
    assert found(every, "a3 cv", ZONE) == []
    assert found(every, "", ZONE) == every


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (12.4, "12 s"),
        (90, "2 min"),
        (3599, "1 h 00 min"),
        (5400, "1 h 30 min"),
        (200_000, "2.3 days"),
    ],
)
def test_durations_in_words(seconds, words):
    assert duration_words(seconds) == words


def test_a_session_lasts_until_its_last_result(world):
    assert duration_s(summary(world)) == 5400


def test_the_table_shows_how_a_session_went(world):
    known = summary(world).model_copy(
        update={"flagged_share": 0.0417, "glimpse_currents_a": (1e-6, 2e-6)}
    )
    shown = table([known, summary(world)], ZONE)
    assert shown["Flagged / %"] == [4.2, None]
    assert shown["Trend"] == [[1e-6, 2e-6], []]
