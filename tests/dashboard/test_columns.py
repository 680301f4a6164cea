"""The columns of a trend: the same whether they grew with it or were made at once."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.columns import NO_ELECTRODE, UNREADABLE, columns_of
from dashboard.quality import file_rows, files_behind, reason_rows, reasons_of
from dashboard.trend import Epoch, Trend, scan_of
from sacmes_core.payloads.results import ElectrodeResult


def empty(world):
    return Trend(world.session.session_id, Epoch(1, 1))


def equal(one, other):
    for name in ("place", "electrode", "number", "position", "flagged", "old", "numbers"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.electrodes == other.electrodes
    assert one.reasons == other.reasons
    assert one.scans == other.scans


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(1, 13)), st.data())
def test_columns_that_grew_are_those_made_at_once(make_world, order, data):
    world = make_world()
    results = {p: world.result(p) for p in order}
    again = results[2].scan.model_copy(update={"file": results[1].scan.file, "revision": 2})
    results[2] = results[2].model_copy(update={"scan": again})
    results[5] = results[5].model_copy(update={"electrodes": (), "error": "The file is empty."})
    grown = empty(world)
    for position in order:
        grown = grown.with_scans([scan_of(results[position])])
        if data.draw(st.booleans()):
            columns_of(grown)
    at_once = empty(world).with_scans(scan_of(r) for r in results.values())
    equal(columns_of(grown), columns_of(at_once))
    assert columns_of(grown).reasons == {UNREADABLE: (4,)}


def test_an_earlier_state_is_a_beginning_of_the_later_one(world):
    early = empty(world).with_scans(scan_of(world.result(p)) for p in (1, 2, 3))
    late = early.with_scans([scan_of(world.result(4))])
    assert columns_of(late).scans == 4
    assert columns_of(early).position.tolist() == [1, 2, 3]
    assert columns_of(late).position.tolist() == [1, 2, 3, 4]


def test_two_trends_of_one_session_and_epoch_share_nothing(world):
    one = empty(world).with_scans([scan_of(world.result(1))])
    two = empty(world).with_scans(
        [scan_of(world.result(1, electrodes=(ElectrodeResult(electrode=7),)))]
    )
    assert (columns_of(one).electrodes, columns_of(two).electrodes) == ((1,), (7,))


def test_a_scan_without_electrodes_is_one_row_without_numbers(world):
    trend = empty(world).with_scans([scan_of(world.result(1, electrodes=(), error="Empty."))])
    columns = columns_of(trend)
    assert columns.electrode.tolist() == [NO_ELECTRODE]
    assert np.isnan(columns.numbers).all()
    assert columns.electrodes == ()


def test_numbers_that_are_none_stay_none(world):
    scan = scan_of(world.result(1, electrodes=(ElectrodeResult(electrode=1, kdm=0.25),)))
    (peak,) = scan.peaks
    assert (peak.kdm, peak.current_a, peak.ratio_se) == (0.25, None, None)
    assert columns_of(empty(world).with_scans([scan])).values("kdm")[0] == pytest.approx(0.25)


def test_quality_counts_by_reason_and_lists_the_files(world):
    flagged = ElectrodeResult(electrode=1, flags=("peak_at_edge",))
    fine = ElectrodeResult(electrode=2, peak_current_a=1e-9)
    results = [world.result(p) for p in range(1, 9)]
    for position in (2, 5):
        results[position - 1] = world.result(position, electrodes=(flagged, fine))
    results[7] = world.result(8, electrodes=(), error="The file is empty.")
    trend = empty(world).with_scans(scan_of(r) for r in results)
    reasons = reasons_of(trend)
    assert [(r.flag, r.scans, r.share) for r in reasons] == [
        ("peak_at_edge", 2, 0.25),
        (UNREADABLE, 1, 0.125),
    ]
    rows = reason_rows(reasons)
    assert [cell.text for cell in rows[0][:3]] == ["Peak at edge", "2", "25.0 %"]
    assert "widen the window" in rows[0][3].text
    files = files_behind(trend, "peak_at_edge")
    assert [s.position for s in files] == [5, 2]
    assert [c.text for c in file_rows(files, "peak_at_edge")[0]] == [
        "3",
        "15 Hz",
        "E1",
        "SWV_15Hz_3.txt",
        "Peak at edge",
    ]
    (row,) = file_rows(files_behind(trend, UNREADABLE), UNREADABLE)
    assert (row[2].text, row[4].text) == ("all", "The file is empty.")
