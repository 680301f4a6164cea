"""The inspector: which scan, what is drawn of it, what is said."""

import json

import pytest

from dashboard.inspection import (
    Looked,
    around,
    flag_lines,
    found_scan,
    heading,
    inspection_figure,
    made_with,
    number_rows,
)
from dashboard.trend import Epoch, Trend, scan_of
from sacmes_core.payloads.replies import ScanReply
from sacmes_core.payloads.results import Curves, ElectrodeCurves, ElectrodeResult
from sacmes_core.settings.peak import PeakSettings


@pytest.fixture
def trend(world):
    return Trend(world.session.session_id, Epoch(1, 1)).with_scans(
        scan_of(world.result(p)) for p in range(1, 21)
    )


def reply(world, position=1, electrodes=(1,), **changes):
    results = tuple(
        ElectrodeResult(
            electrode=e,
            peak_current_a=1e-6,
            peak_current_se_a=2e-8,
            peak_potential_v=-0.2,
            **changes,
        )
        for e in electrodes
    )
    result = world.result(position, electrodes=results, method="median/2")
    lines = tuple(
        ElectrodeCurves(
            electrode=e,
            potential_v=(-0.3, -0.2, -0.1),
            current_a=(1e-7, 1.1e-6, 1e-7),
            smoothed_a=(1e-7, 1.1e-6, 1e-7),
            baseline_a=(1e-7, 1e-7, 1e-7),
            peak_current_a=1e-6,
            peak_potential_v=-0.2,
        )
        for e in electrodes
    )
    curves = Curves(
        session_id=result.session_id,
        position=position,
        scan=result.scan,
        settings_revision=1,
        electrodes=lines,
    )
    return ScanReply(result=result, curves=curves)


def drawn(one, layers, electrodes=(1,), sides=None, neighbours=()):
    looked = Looked(one, layers, electrodes, sides or {}, neighbours)
    return json.loads(inspection_figure(looked))


def test_steps_lead_through_all_scans_or_those_of_one_frequency(trend):
    newest = around(trend, None, None)
    assert (newest.scan.position, newest.place, newest.of) == (20, 20, 20)
    assert newest.following is None
    assert newest.previous.position == 19
    low = around(trend, (5, 0), 15.0)
    assert (low.previous.position, low.scan.position, low.following.position) == (3, 5, 7)
    assert around(trend, (1, 0), None).previous is None
    assert around(trend, None, 50.0) is None
    assert around(None, None, None) is None


def test_neighbours_are_of_the_same_frequency(trend):
    near = around(trend, (7, 0), None).near
    assert {distance: scan.position for distance, scan in near} == {
        -1: 5,
        -2: 3,
        -3: 1,
        1: 9,
        2: 11,
        3: 13,
        4: 15,
        5: 17,
    }


def test_a_scan_is_found_by_number_or_by_name(trend):
    assert found_scan(trend, " 4 ", None).position == 8
    assert found_scan(trend, "4", 15.0).position == 7
    assert found_scan(trend, "15hz_3.", None).position == 5
    assert found_scan(trend, "nothing", None) is None
    assert found_scan(trend, "", None) is None
    assert "SWV_15Hz_3.txt" in heading(around(trend, (5, 0), None))


def test_layers_are_drawn_as_chosen(world):
    one = reply(world)
    names = [t["name"] for t in drawn(one, ("measured", "smoothed", "baseline", "peak"))["data"]]
    assert names == ["measured", "smoothed", "baseline", "peak"]
    figure = drawn(one, ("corrected",))
    assert figure["data"][0]["y"] == [0, 1, 0]
    assert figure["layout"]["yaxis"]["title"]["text"] == "Current over the baseline / µA"
    both = drawn(reply(world, electrodes=(1, 2)), ("smoothed",), electrodes=(1, 2))
    assert [t["name"] for t in both["data"]] == ["E1 smoothed", "E2 smoothed"]
    assert drawn(one, ("smoothed",), electrodes=(2,))["data"] == []


def test_forward_and_reverse_come_from_readings_of_their_own(world):
    sides = {"forward": reply(world), "reverse": reply(world)}
    figure = drawn(reply(world), ("smoothed",), sides=sides)
    assert [t["name"] for t in figure["data"]] == ["smoothed", "forward", "reverse"]


def test_neighbours_fade_with_their_distance(world):
    near = [(d, reply(world, position=7 + 2 * d)) for d in (-2, -1, 1)]
    figure = drawn(reply(world, position=7), ("smoothed",), neighbours=near)
    faint = [t["opacity"] for t in figure["data"][:3]]
    assert faint[0] < faint[1] == faint[2] < 1
    assert figure["data"][3]["name"] == "smoothed"
    assert "opacity" not in figure["data"][3]


def test_numbers_come_with_their_errors_and_flags_in_words(world):
    one = reply(world, flags=("peak_at_edge",))
    cells = {row[0].text: row[1].text for row in number_rows(one, (1,))}
    assert cells["Peak current"] == "1.000 ± 0.020 µA"
    assert cells["Signal to noise"] == "50.0"
    assert cells["Peak potential"] == "−200.0 mV"
    assert cells["KDM"] == "–"
    assert cells["Flags"] == "Peak at edge"
    ((name, sentence),) = flag_lines(one, (1,))
    assert name == "Peak at edge"
    assert "widen the window" in sentence
    assert flag_lines(one, (2,)) == []


def test_an_error_is_said_as_it_is(world):
    unread = ScanReply(result=world.result(1, electrodes=(), error="The file is empty."))
    assert flag_lines(unread, ()) == [("Not analysed", "The file is empty.")]
    assert drawn(unread, ("smoothed",))["data"] == []


def test_the_settings_that_made_the_numbers_are_named(world):
    peak = PeakSettings(method="classic", potential_min_v=-0.4)
    said = made_with(reply(world), peak)
    assert "median/2 · settings revision 1" in said
    assert "potential min v -0.4" in said
    assert made_with(reply(world), None).endswith("revision 1")
