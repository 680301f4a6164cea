"""Figures: what is drawn, with which unit, and where nothing may be drawn."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.axes import (
    calm_bounds,
    growing_bounds,
    prefix_for,
    quantity,
    significant,
    thinned,
)
from dashboard.charts import electrodes_in, trend_figure
from dashboard.series import TrendView
from dashboard.trend import Epoch, Trend, scan_of
from dashboard.voltammogram import voltammogram_figure
from sacmes_core.payloads.marks import Mark
from sacmes_core.payloads.results import Curves, ElectrodeCurves, ElectrodeResult


def trend_of(results):
    return Trend(results[0].session_id, Epoch(1, 1)).with_scans(scan_of(r) for r in results)


def drawn(trend, view=None, marks=()):
    return json.loads(trend_figure(trend, view or TrendView(), marks))


def curves_of(world, position, *, electrodes=(1,), scale=1e-6):
    result = world.result(position)
    lines = tuple(
        ElectrodeCurves(
            electrode=e,
            potential_v=(-0.3, -0.2, -0.1),
            current_a=(0.1 * scale, 1.1 * scale, 0.1 * scale),
            smoothed_a=(0.1 * scale, 1.0 * scale, 0.1 * scale),
            baseline_a=(0.1 * scale, 0.1 * scale, 0.1 * scale),
            peak_current_a=0.9 * scale,
            peak_potential_v=-0.2,
        )
        for e in electrodes
    )
    return Curves(
        session_id=result.session_id,
        position=position,
        scan=result.scan,
        settings_revision=1,
        electrodes=lines,
    )


def test_one_line_for_each_electrode_and_frequency_with_a_second_code(world):
    both = tuple(ElectrodeResult(electrode=e, peak_current_a=e * 1e-9) for e in (1, 2))
    figure = drawn(trend_of([world.result(p, electrodes=both) for p in range(1, 9)]))
    looks = {t["name"]: (t["line"]["color"], t["line"]["dash"]) for t in figure["data"]}
    assert looks == {
        "E1 · 15 Hz": ("@0", "solid"),
        "E1 · 100 Hz": ("@0", "dash"),
        "E2 · 15 Hz": ("@1", "solid"),
        "E2 · 100 Hz": ("@1", "dash"),
    }
    assert figure["layout"]["yaxis"]["title"]["text"] == "Peak current / nA"
    assert figure["data"][0]["y"] == [1, 1, 1, 1]


def test_the_prefix_is_one_for_the_axis(world):
    currents = [5e-10, 2e-6]
    results = [
        world.result(p, electrodes=(ElectrodeResult(electrode=1, peak_current_a=c),))
        for p, c in enumerate(currents, start=1)
    ]
    figure = drawn(trend_of(results))
    assert figure["layout"]["yaxis"]["title"]["text"] == "Peak current / µA"
    assert [t["y"] for t in figure["data"]] == [[0.0005], [2]]


def test_missing_numbers_errors_and_holes_are_gaps(world):
    results = [world.result(p) for p in (1, 3, 5, 7, 13)]
    nothing = (ElectrodeResult(electrode=1, peak_current_a=None, flags=("no_peak",)),)
    results[2] = world.result(5, electrodes=nothing)
    results[3] = world.result(7, electrodes=(), error="The file is empty.")
    trace = drawn(trend_of(results))["data"][0]
    assert trace["connectgaps"] is False
    assert trace["x"] == [1, 2, 3, 4, 7, 7]
    assert [y is None for y in trace["y"]] == [False, False, True, True, True, False]


def test_flagged_points_are_hollow(world):
    flagged = world.result(1).electrodes[0].model_copy(update={"flags": ("peak_at_edge",)})
    trace = drawn(trend_of([world.result(1, electrodes=(flagged,)), world.result(3)]))["data"][0]
    assert trace["marker"]["symbol"] == ["circle-open", "circle"]


def test_of_a_file_written_again_only_the_newest_is_drawn(world):
    first = world.result(1)
    again = world.result(3, scan=first.scan.model_copy(update={"revision": 2}))
    trace = drawn(trend_of([first, again]))["data"][0]
    assert trace["y"] == [pytest.approx(1.03)]


def test_pointing_at_a_value_shows_its_standard_error(world):
    sure = ElectrodeResult(electrode=1, peak_current_a=2e-7, peak_current_se_a=3e-9)
    results = [world.result(1, electrodes=(sure,)), world.result(3)]
    trace = drawn(trend_of(results))["data"][0]
    assert trace["text"] == [" ± 0.003 µA", " µA"]
    assert trace["hovertemplate"].endswith("%{text}")


def test_the_ratio_is_drawn_where_it_is_carried(world):
    carried = world.result(2).electrodes[0].model_copy(update={"ratio": 1.2, "ratio_se": 0.03})
    trend = trend_of([world.result(1), world.result(2, electrodes=(carried,))])
    (trace,) = drawn(trend, TrendView("ratio"))["data"]
    assert trace["y"] == [1.2]
    assert trace["text"] == [" ± 0.03"]


def test_kdm_is_drawn_where_it_is_carried(world):
    trend = trend_of([world.result(p) for p in range(1, 5)])
    figure = drawn(trend, TrendView("kdm"))
    assert [t["y"] for t in figure["data"]] == [[0.1, 0.1]]
    assert figure["layout"]["yaxis"]["title"]["text"] == "KDM"


@pytest.mark.parametrize(
    ("abscissa", "title", "x"),
    [
        ("number", "Scan number", [1, 2]),
        ("elapsed", "Elapsed time / s", [0, 0]),
        ("clock", "Time of day", ["2026-03-01T12:00:00.000"] * 2),
    ],
)
def test_abscissae(world, abscissa, title, x):
    trend = trend_of([world.result(1), world.result(3)])
    figure = drawn(trend, TrendView("absolute", abscissa, zone=UTC))
    assert figure["layout"]["xaxis"]["title"]["text"] == title
    assert figure["data"][0]["x"] == x


def test_the_zoom_is_kept_within_a_session_and_a_view(world):
    one, two = (trend_of([world.result(p) for p in range(1, n)]) for n in (3, 9))
    same = [drawn(t)["layout"]["uirevision"] for t in (one, two)]
    assert same[0] == same[1]
    assert drawn(one, TrendView("kdm"))["layout"]["uirevision"] != same[0]


def test_what_is_not_of_the_present_is_pale(world):
    trend = trend_of([world.result(1)])
    assert drawn(trend, TrendView(pale=True))["data"][0]["opacity"] < 0.5
    assert "opacity" not in drawn(trend)["data"][0]


@pytest.mark.parametrize("quantity", ["absolute", "normalised", "kdm", "ratio"])
def test_an_empty_trend_says_what_it_waits_for(quantity):
    figure = drawn(Trend("s", Epoch(1, 1)), TrendView(quantity))
    assert figure["data"] == []
    assert figure["layout"]["annotations"][0]["text"]


def test_electrodes_can_be_chosen(world):
    both = tuple(ElectrodeResult(electrode=e, peak_current_a=1e-9) for e in (1, 2))
    trend = trend_of([world.result(1, electrodes=both)])
    assert electrodes_in(trend) == (1, 2)
    assert [t["line"]["color"] for t in drawn(trend, TrendView(electrodes=(2,)))["data"]] == ["@1"]


def test_voltammogram_shows_measured_smoothed_baseline_and_peak(world):
    figure = json.loads(voltammogram_figure({15.0: curves_of(world, 1)}))
    modes = [(t["mode"], t.get("line", {}).get("dash")) for t in figure["data"]]
    assert modes == [
        ("markers", None),
        ("lines", "solid"),
        ("lines", "dash"),
        ("markers+text", None),
    ]
    assert figure["data"][3]["x"] == [-0.2]
    assert figure["data"][3]["y"] == [1]
    assert "0.900 µA" in figure["data"][3]["text"][0]


def test_voltammograms_of_lowest_and_highest_frequency_stand_in_rows(world):
    curves = {f: curves_of(world, 1) for f in (15.0, 50.0, 100.0)}
    layout = json.loads(voltammogram_figure(curves))["layout"]
    assert {k for k in layout if k.startswith("yaxis")} == {"yaxis", "yaxis2"}
    assert layout["yaxis2"]["domain"][1] < layout["yaxis"]["domain"][0]


def test_no_voltammogram_yet_is_an_empty_figure():
    assert json.loads(voltammogram_figure({}))["data"] == []


@pytest.mark.parametrize(
    ("values", "unit", "factor"),
    [([2e-9, 5e-7], "nA", 1e9), ([1e-6], "µA", 1e6), ([0.0, None], "A", 1), ([], "A", 1)],
)
def test_prefix(values, unit, factor):
    prefix = prefix_for(values, "A")
    assert prefix.unit == unit
    assert prefix.factor == pytest.approx(factor)


def test_quantities_in_words():
    assert quantity(-1.2345e-6, "A") == "−1.234 µA"
    assert quantity(None, "A") == "–"
    assert significant(0.00123456, 3) == "0.00123"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.lists(st.floats(-1e6, 1e6)))
def test_bounds_hold_all_values_and_only_grow(values, more):
    low, high = calm_bounds(values)
    assert low <= min(values)
    assert high >= max(values)
    first, last = growing_bounds(values + more)
    assert first <= min(values + more)
    assert last >= max(values + more) * (1 - 1e-9) - 1e-6


@given(st.integers(1, 30_000), st.integers(0, 2**32))
def test_thinning_keeps_the_extremes_and_the_ends(count, seed):
    values = [float((i * 7919 + seed) % 10_007) for i in range(count)]
    kept = thinned(values, 500)
    assert len(kept) <= max(count if count <= 500 else 502, 1)
    assert {0, count - 1} <= set(map(int, kept))
    drawn_values = [values[i] for i in kept]
    assert max(drawn_values) == max(values)
    assert min(drawn_values) == min(values)


def test_a_long_trend_is_thinned_but_keeps_a_gap(world):
    results = [world.result(2 * p + 1) for p in range(4000)]
    results[2000] = world.result(4001, electrodes=(), error="Unreadable.")
    trace = drawn(trend_of(results))["data"][0]
    assert 1000 < len(trace["x"]) <= 2100
    assert None in trace["y"]


def two_electrodes(scale=1.0, **changes):
    return tuple(
        ElectrodeResult(
            electrode=e, peak_current_a=e * scale * 1e-7, peak_current_se_a=1e-8, **changes
        )
        for e in (1, 2)
    )


def test_bands_are_areas_of_one_standard_error_that_a_hole_parts(world):
    results = [world.result(p, electrodes=two_electrodes()) for p in (1, 3, 5, 13)]
    figure = drawn(trend_of(results), TrendView(electrodes=(1,), bands=True))
    band, line = figure["data"]
    assert band["fill"] == "toself"
    assert band["hoverinfo"] == "skip"
    assert band["x"] == [1, 2, 3, 3, 2, 1, None, 7, 7, None]
    assert band["y"][:6] == [110, 110, 110, 90, 90, 90]
    assert line["legendgroup"] == band["legendgroup"]
    assert drawn(trend_of(results), TrendView(bands=False))["data"][0]["mode"] == "lines+markers"


def test_groups_have_error_bars(world):
    results = [world.result(2 * n - 1, electrodes=two_electrodes(scale=n)) for n in (1, 2, 3, 4)]
    (line, _) = drawn(trend_of(results), TrendView(group=2, bands=True))["data"]
    assert line["x"] == [1.5, 3.5]
    assert line["error_y"]["array"] == [50, 50]
    assert line["customdata"] == [None, None]


def test_electrodes_side_by_side_share_their_axes(world):
    results = [world.result(p, electrodes=two_electrodes()) for p in (1, 2, 3, 4)]
    figure = drawn(trend_of(results), TrendView(arrangement="side_by_side"))
    assert [t.get("xaxis", "x") for t in figure["data"]] == ["x", "x", "x2", "x2"]
    assert figure["layout"]["xaxis2"]["matches"] == "x"
    assert figure["layout"]["yaxis2"]["matches"] == "y"
    assert [t["showlegend"] for t in figure["data"]] == [True, True, False, False]
    assert [a["text"] for a in figure["layout"]["annotations"]] == ["<b>E1</b>", "<b>E2</b>"]


def test_the_mean_over_electrodes_is_one_line_a_frequency(world):
    results = [world.result(p, electrodes=two_electrodes()) for p in (1, 2)]
    figure = drawn(trend_of(results), TrendView(arrangement="averaged"))
    names = [t["name"] for t in figure["data"]]
    assert names == ["Mean of electrodes · 15 Hz", "Mean of electrodes · 100 Hz"]
    assert figure["data"][0]["y"] == [150]


def test_marks_are_dotted_lines_with_what_was_typed_as_text(world):
    timed = [
        world.result(p, scan=world.result(p).scan.model_copy(update={"measured_at": at(10 * p)}))
        for p in (1, 3, 5)
    ]
    trend = trend_of(timed)
    marks = (
        Mark(mark_id="a", kind="injection", number=2, concentration=10.0, concentration_unit="nM"),
        Mark(mark_id="b", kind="event", label="<b>x</b>", at=at(45)),
    )
    layout = json.loads(trend_figure(trend, TrendView(), marks))["layout"]
    assert [shape["x0"] for shape in layout["shapes"]] == [1.5, 2.5]
    assert all(shape["line"]["dash"] == "dot" for shape in layout["shapes"])
    texts = [a["text"] for a in layout["annotations"]]
    assert texts == ["Injection · 10 nM", "&lt;b&gt;x&lt;/b&gt;"]
    layout = json.loads(trend_figure(trend, TrendView("absolute", "elapsed"), marks))["layout"]
    assert [shape["x0"] for shape in layout["shapes"]] == [10, 35]


@pytest.mark.parametrize("abscissa", ["number", "elapsed", "clock"])
def test_the_words_of_a_mark_before_the_first_scan_stay_clear_of_the_axis(world, abscissa):
    timed = [
        world.result(p, scan=world.result(p).scan.model_copy(update={"measured_at": at(10 * p)}))
        for p in (1, 3, 5)
    ]
    marks = tuple(Mark(mark_id=f"{n}", kind="injection", number=n) for n in (1, 2))
    figure = drawn(trend_of(timed), TrendView("absolute", abscissa), marks)
    assert [a["xanchor"] for a in figure["layout"]["annotations"]] == ["left", "right"]


def test_a_flagged_point_of_a_long_trend_is_drawn(world):
    results = [world.result(2 * p + 1) for p in range(4000)]
    flagged = results[1234].electrodes[0].model_copy(update={"flags": ("too_noisy",)})
    results[1234] = results[1234].model_copy(update={"electrodes": (flagged,)})
    trace, hollow = drawn(trend_of(results))["data"]
    assert hollow["x"] == [1235]
    assert hollow["marker"]["symbol"] == ["circle-open"]
    assert hollow["legendgroup"] == trace["name"]
    assert trace["mode"] == "lines"
    assert trace["customdata"][trace["x"].index(1235)] == 2469


def at(seconds):
    return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=seconds)
