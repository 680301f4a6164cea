"""Sessions over one another: alignment, numbers, figure, files."""

import csv
import io
import json
from datetime import timedelta

import numpy as np
import pytest

from dashboard.compare_figure import compare_figure, prefix_of, table_rows
from dashboard.comparison import (
    CompareView,
    Member,
    hours_of,
    lines_of,
    points_csv,
    summaries_csv,
    summary_of,
    unaligned,
    unlike,
)
from dashboard.trend import Epoch, Trend, scan_of
from sacmes_core.payloads.marks import Mark

EVERY_S = 36


def member(world, name, height, mark=None, count=60):
    """A session of `count` scan numbers, one each 36 s, whose normalised current is `height(k)`."""
    session = world.new_session(len(name) + 1, name=name)
    results = []
    for position in range(1, 2 * count + 1):
        result = world.result(position, session_id=session.session_id)
        number = result.scan.number
        at = result.scan.measured_at + timedelta(seconds=EVERY_S * number)
        one = result.electrodes[0].model_copy(update={"normalised": height(number - 1)})
        scan = result.scan.model_copy(update={"measured_at": at})
        results.append(result.model_copy(update={"scan": scan, "electrodes": (one,)}))
    trend = Trend(session.session_id, Epoch(1, 1)).with_scans(map(scan_of, results))
    return Member(name, session.session_id, trend, mark)


@pytest.fixture
def pair(world):
    noise = np.random.default_rng(3).normal(scale=0.002, size=60)
    mark = Mark(mark_id="m", kind="injection", number=21)
    falling = member(world, "Falling", lambda k: 1.0 - 0.001 * k + noise[k], mark)
    return [falling, member(world, "Flat", lambda k: 1.0 + noise[k])]


HIGH = CompareView(frequencies_hz=(100.0,))


def test_a_session_without_such_numbers_has_no_line_and_is_named(world, pair):
    pair.append(member(world, "Nothing there", lambda _k: None))
    lines = lines_of(pair, HIGH)
    assert {line.name for line in lines} == {"Falling", "Flat"}
    assert unlike(pair, lines) == ("Nothing there",)
    assert lines_of(pair[2:], HIGH) == ()


def test_lines_are_those_that_were_chosen_in_order(pair):
    assert [(x.member, x.series.frequency_hz) for x in lines_of(pair, HIGH)] == [
        (0, 100.0),
        (1, 100.0),
    ]
    assert len(lines_of(pair, CompareView())) == 4
    assert lines_of(pair, CompareView(electrodes=(9,))) == ()


@pytest.mark.parametrize(
    ("alignment", "first", "places"),
    [
        ("number", 1.0, [0, 1]),
        ("elapsed", 0.0, [0, 1]),
        ("mark_number", 1.0 - 20.5, [0]),
        ("mark_elapsed", -19.5 * EVERY_S, [0]),
    ],
)
def test_alignment(pair, alignment, first, places):
    view = CompareView(alignment=alignment, frequencies_hz=(100.0,))
    lines = lines_of(pair, view)
    assert [line.member for line in lines] == places
    assert lines[0].series.x[0] == pytest.approx(first)
    assert unaligned(pair, view) == (() if 1 in places else ("Flat",))


def test_numbers_with_their_errors(pair):
    falling, flat = (
        summary_of(line, hours_of(pair[line.member], line)) for line in lines_of(pair, HIGH)
    )
    per_h = -0.001 * 3600 / EVERY_S
    assert abs(falling.slope_per_h.value - per_h) < 4 * falling.slope_per_h.error
    assert abs(flat.slope_per_h.value) < 4 * flat.slope_per_h.error
    assert falling.slope_per_h.error < 0.1 * abs(per_h)
    assert falling.start.value == pytest.approx(1.0 - 0.0045, abs=0.002)
    assert falling.end.value == pytest.approx(1.0 - 0.0545, abs=0.002)
    assert abs(falling.change.value - (-0.05 / 0.9955)) < 4 * falling.change.error
    assert falling.change.error == pytest.approx(
        np.hypot(falling.start.error, falling.end.error), rel=0.1
    )
    assert falling.scans == 60


def test_too_few_numbers_give_no_numbers(world):
    line = lines_of([member(world, "Short", lambda _k: 1.0, count=2)], HIGH)[0]
    found = summary_of(line, np.array([0.0, 0.01]))
    assert found.slope_per_h.value is None
    assert (found.start.value, found.end.value) == (1.0, 1.0)


def test_the_table_says_value_and_error(pair):
    found = [summary_of(line, hours_of(pair[line.member], line)) for line in lines_of(pair, HIGH)]
    rows = table_rows(found, prefix_of([f.line for f in found], "normalised"))
    assert [cell.text for cell in rows[0][:4]] == ["Falling", "E1", "100 Hz", "60"]
    assert rows[0][7].text.startswith("−5.")
    assert "±" in rows[0][7].text


def test_the_figure_has_a_colour_for_each_session(pair):
    figure = json.loads(compare_figure(lines_of(pair, CompareView()), CompareView()))
    assert [t["name"] for t in figure["data"]] == [
        "Falling · E1 · 15 Hz",
        "Falling · E1 · 100 Hz",
        "Flat · E1 · 15 Hz",
        "Flat · E1 · 100 Hz",
    ]
    assert [t["line"]["color"] for t in figure["data"]] == ["@0", "@0", "@1", "@1"]
    assert figure["data"][0]["line"]["dash"] != figure["data"][1]["line"]["dash"]
    view = CompareView(alignment="mark_number")
    assert json.loads(compare_figure(lines_of(pair, view), view))["layout"]["shapes"]


def test_the_name_of_a_session_is_no_markup(world):
    told = compare_figure(lines_of([member(world, "<b>chip</b> & co", float)], HIGH), HIGH)
    assert b"&lt;b&gt;chip&lt;/b&gt; &amp; co" in told
    assert b"<b>" not in told


def test_the_files_hold_what_is_shown_and_repeat_themselves(pair):
    lines = lines_of(pair, HIGH)
    points = points_csv(lines, HIGH)
    assert points == points_csv(lines_of(pair, HIGH), HIGH)
    rows = list(csv.DictReader(io.StringIO(points.decode())))
    assert len(rows) == 120
    assert [float(r["normalised"]) for r in rows[:60]] == lines[0].series.y.tolist()
    assert rows[0]["aligned_number"] == "1.0"
    found = [summary_of(line, hours_of(pair[line.member], line)) for line in lines]
    table = list(csv.DictReader(io.StringIO(summaries_csv(found, "normalised").decode())))
    assert [r["session"] for r in table] == ["Falling", "Flat"]
    assert float(table[0]["slope_per_h"]) == found[0].slope_per_h.value
    absolute = CompareView("absolute")
    assert b",absolute_a,absolute_se_a," in points_csv(lines_of(pair, absolute), absolute)
