"""What is downloaded as shown is what the chart draws, point by point."""

import csv
import json
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.charts import trend_figure
from dashboard.series import TrendView
from dashboard.shown_csv import shown_csv
from dashboard.trend import Epoch, Trend, scan_of
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.results import ElectrodeResult

VIEWS = [
    TrendView(),
    TrendView("normalised", "elapsed", bands=True),
    TrendView("absolute", "clock", electrodes=(2,), zone=UTC),
    TrendView("potential", arrangement="side_by_side"),
    TrendView("absolute", arrangement="averaged", bands=True),
    TrendView("charge", group=3, bands=True),
]


@pytest.fixture
def trend(world):
    def result(position):
        electrodes = tuple(
            ElectrodeResult(
                electrode=e,
                peak_current_a=None if position == 5 else e * position * 1e-8,
                peak_current_se_a=1e-9,
                peak_potential_v=-0.26,
                normalised=1 + 0.01 * position,
                flags=("too_noisy",) if position == 7 else (),
            )
            for e in (1, 2)
        )
        at = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=20 * position)
        scan = world.result(position).scan.model_copy(update={"measured_at": at})
        return world.result(position, electrodes=electrodes, scan=scan)

    empty = Trend(world.session.session_id, Epoch(1, 1))
    return empty.with_scans(scan_of(result(p)) for p in range(1, 21))


def read(content):
    lines = content.decode().splitlines()
    head = [line[2:].split(": ", 1) for line in lines if line.startswith("#")]
    return head, list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: f"{v.quantity}-{v.arrangement}-{v.group}")
def test_the_points_are_those_of_the_figure(world, trend, view):
    _, rows = read(shown_csv(world.session, trend, view))
    figure = json.loads(trend_figure(trend, view))
    lines = [t for t in figure["data"] if t.get("fill") is None]
    drawn = [
        (trace["name"], str(x), y)
        for trace in lines
        for x, y in zip(trace["x"], trace["y"], strict=True)
    ]
    exported = [(r["line"], r["x"], float(r["y"]) if r["y"] else None) for r in rows]
    assert exported == [
        (n, x, None if y is None else pytest.approx(y, rel=1e-5)) for n, x, y in drawn
    ]
    errors = [text for trace in lines for text in trace["text"]]
    assert [bool(r["y_error"] and r["y"]) for r in rows] == [
        "±" in text and y is not None for text, (_, _, y) in zip(errors, drawn, strict=True)
    ]


def test_units_marks_and_settings_stand_above(world, trend):
    mark = Mark(mark_id="a", kind="injection", label="two\nlines", number=3)
    head, rows = read(shown_csv(world.session, trend, TrendView(), (mark,)))
    said = dict(head)
    assert said["y"] == "Peak current / nA"
    assert said["x"] == "Scan number"
    assert said["y_error"] == "standard error"
    assert said["mark"] == "Injection at x = 2.5: two lines"
    assert json.loads(said["settings peak"])["method"] == "median"
    assert [r["flagged"] for r in rows if r["position"] == "7"] == ["1", "1"]


def test_the_same_chart_gives_the_same_bytes(world, trend):
    assert shown_csv(world.session, trend, TrendView()) == shown_csv(
        world.session, trend, TrendView()
    )


def test_numbers_of_earlier_settings_do_not_claim_the_present_ones(world, trend):
    later = world.session.model_copy(update={"revision": 2, "settings_revision": 2})
    head, _ = read(shown_csv(later, trend, TrendView()))
    assert "settings peak" not in dict(head)
    assert "before the last change" in dict(head)["settings"]
