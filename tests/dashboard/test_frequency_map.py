"""The frequency map: sweeps, held maps, figures and the table of what is shown."""

import csv
import io
import itertools
import json
import math

import pytest

from dashboard.figures import COLOURS
from dashboard.filling import unfilled_notice
from dashboard.frequency_map import (
    before_of,
    held_with,
    largest_cards,
    map_csv,
    map_of,
    progress_card,
    sweeps,
)
from dashboard.map_charts import MapView, map_figure, overlay_figure, ramp
from sacmes_core import protocol
from sacmes_core.payloads.results import Curves, ElectrodeCurves, ElectrodeResult, ScanReference
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

FREQUENCIES_HZ = (10.0, 100.0, 1000.0)


@pytest.fixture
def mapped(world):
    """A run of a whole sweep and the first two scans of the next, on two electrodes."""
    source = SourceSettings(frequencies_hz=FREQUENCIES_HZ)
    world.session = world.new_session(
        technique="frequency_map", settings=SessionSettings(source=source)
    )
    for position in range(1, 6):
        number, place = divmod(position - 1, 3)
        scan = ScanReference(
            file=f"SWV_{FREQUENCIES_HZ[place]:g}Hz_{number + 1}.txt",
            frequency_hz=FREQUENCIES_HZ[place],
            number=number + 1,
        )
        electrodes = tuple(
            ElectrodeResult(
                electrode=e,
                peak_current_a=e * 1e-7 * (place + 1),
                peak_current_se_a=1e-9,
                peak_potential_v=-0.3,
                flags=("peak_at_edge",) if e == 2 and place == 1 else (),
            )
            for e in (1, 2)
        )
        world.results.append(world.result(position, scan=scan, electrodes=electrodes))
    world.connect()
    return world


def drawn(state, held=(), **view):
    return json.loads(map_figure(map_of(state), held, MapView("charge", **view)))


def test_the_newest_sweep_fills_while_the_one_before_is_whole(mapped):
    assert sweeps(mapped.state.shown) == (1, 2)
    shown, before = map_of(mapped.state), map_of(mapped.state, 1)
    assert (shown.frequencies_hz, shown.whole) == ((10.0, 100.0), False)
    assert (before.frequencies_hz, before.whole) == (FREQUENCIES_HZ, True)
    card = progress_card(shown)
    assert (card.label, card.value, card.unit) == ("Sweep 2", "2", "of 3 frequencies")
    assert before_of(mapped.state, shown) == before
    assert before_of(mapped.state, before) is None


def test_charge_is_current_over_frequency_with_its_error(mapped):
    point = map_of(mapped.state, 1).of(2)[1]
    assert point.charge_c == pytest.approx(4e-9)
    assert point.charge_se_c == pytest.approx(1e-11)
    largest = largest_cards(map_of(mapped.state, 1), 2, pale=False)
    assert [c.note for c in largest] == ["at 10 Hz · E2", "at 1000 Hz · E2"]


def test_a_file_written_again_and_files_without_a_number_are_one_sweep(world):
    for position, (revision, current_a) in enumerate(((1, 1e-7), (2, 2e-7)), start=1):
        scan = ScanReference(file="H_10Hz.txt", revision=revision, frequency_hz=10.0)
        electrodes = (ElectrodeResult(electrode=1, peak_current_a=current_a),)
        world.results.append(world.result(position, scan=scan, electrodes=electrodes))
    world.connect()
    shown = map_of(world.state)
    assert (shown.sweep, [p.current_a for p in shown.points]) == (None, [2e-7])


def test_scans_without_frequency_or_with_an_error_are_no_part_of_it(world):
    world.results = [
        world.result(1, scan=ScanReference(file="a.txt")),
        world.result(2, error="It cannot be read.", electrodes=()),
    ]
    world.connect()
    assert map_of(world.state) is None


def test_the_figure_has_a_logarithmic_axis_error_bars_and_the_pair(mapped):
    figure = drawn(mapped.state, pair_hz=(10.0, 1000.0))
    assert figure["layout"]["xaxis"]["type"] == "log"
    assert figure["layout"]["yaxis"]["title"]["text"] == "Charge / nC"
    assert figure["layout"]["yaxis"]["range"][0] == 0.0
    assert [s["x0"] for s in figure["layout"]["shapes"]] == [10.0, 1000.0]
    assert [a["x"] for a in figure["layout"]["annotations"]] == [1.0, 3.0]
    first = next(t for t in figure["data"] if t["name"] == "E1")
    assert first["x"] == [10.0, 100.0]
    assert first["y"] == [10.0, 2.0]
    assert first["error_y"]["array"] == pytest.approx([0.1, 0.01])
    flagged = next(t for t in figure["data"] if t["name"] == "E2")
    assert flagged["marker"]["symbol"] == ["square", "square-open"]


def test_held_maps_are_drawn_beside_the_running_one_in_their_own_colour(mapped):
    shown = map_of(mapped.state, 1)
    held = held_with(held_with((), "before", shown), "before", shown)
    assert [h.label for h in held] == ["before", "before (2)"]
    figure = drawn(mapped.state, held, electrodes=(1,), before=shown)
    names = {t["name"]: t["line"]["color"] for t in figure["data"]}
    assert set(names) == {"now · E1", "before · E1", "before (2) · E1", "E1, sweep 1"}
    assert len({names["now · E1"], names["before · E1"], names["before (2) · E1"]}) == 3
    assert figure["data"][-1]["name"] == "now · E1"
    pale = next(t for t in figure["data"] if t["name"] == "E1, sweep 1")
    assert pale["opacity"] < 0.5
    assert names["now · E1"] == f"@{0 % COLOURS}"


def test_what_somebody_called_a_map_is_no_markup(mapped):
    shown = map_of(mapped.state)
    figure = drawn(mapped.state, held_with((), "<a href='//x'>1</a>", shown), electrodes=(1,))
    names = [trace["name"] for trace in figure["data"]]
    assert any("&lt;a href" in name for name in names)
    assert "<a" not in json.dumps(figure)


def test_a_fit_is_drawn_as_charge_where_charge_is_shown(mapped):
    fit = (1, (10.0, 100.0), (1e-7, 2e-7))
    figure = drawn(mapped.state, fits=(fit,))
    line = next(t for t in figure["data"] if t["name"] == "E1 fit")
    assert line["y"] == [10.0, 2.0]


def test_the_table_says_what_the_page_shows(mapped):
    held = held_with((), "held", map_of(mapped.state, 1))
    content = map_csv(map_of(mapped.state), held)
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert len(rows) == 2 * 2 + 3 * 2
    assert rows[0]["map"] == "Run, sweep 2"
    assert float(rows[0]["charge_c"]) == pytest.approx(1e-8)
    assert [r["map"] for r in rows[4:]] == ["held"] * 6
    assert {r["flags"] for r in rows} == {"", "peak_at_edge"}
    assert content == map_csv(map_of(mapped.state), held)


def test_voltammograms_lie_one_over_the_other_by_frequency(mapped):
    session_id = mapped.session.session_id
    for position, frequency_hz in enumerate(FREQUENCIES_HZ, start=1):
        curve = ElectrodeCurves(
            electrode=1,
            potential_v=(-0.4, -0.3, -0.2),
            current_a=(0.0, 1e-6 * position, 0.0),
            baseline_a=(0.0, 0.0, 0.0),
        )
        scan = ScanReference(file=f"{frequency_hz}", frequency_hz=frequency_hz)
        curves = Curves(
            session_id=session_id,
            position=position,
            scan=scan,
            settings_revision=1,
            electrodes=(curve,),
        )
        mapped.hear(curves, protocol.CURVES)
    figure = json.loads(overlay_figure(mapped.state.curves, 1))
    named = [t for t in figure["data"] if "name" in t]
    assert [t["name"] for t in named] == ["10 Hz", "100 Hz", "1000 Hz"]
    assert [t["line"]["color"] for t in named] == [ramp(0), ramp(0.5), ramp(1)]
    assert json.loads(overlay_figure(mapped.state.curves, 2))["data"] == []


def test_the_colours_of_frequencies_grow_lighter():
    def lightness(colour):
        r, g, b = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
        return 0.299 * r + 0.587 * g + 0.114 * b

    steps = [lightness(ramp(k / 10)) for k in range(11)]
    assert all(b > a for a, b in itertools.pairwise(steps))
    assert not math.isclose(steps[0], steps[-1])


def test_a_page_of_another_technique_says_where_the_session_is_shown(mapped):
    notice, path = unfilled_notice(mapped.state, ("cv",), mapped.now)
    assert notice.title == "This session measures a frequency map"
    assert "Frequency map page" in notice.text
    assert path == "frequency-map"
    assert unfilled_notice(mapped.state, ("frequency_map", "swv"), mapped.now) is None


def test_a_page_without_any_session_says_what_is_missing(world):
    notice, path = unfilled_notice(world.state, ("cv",), world.now)
    assert (notice.title, path) == ("No analyzer is online", "session")
