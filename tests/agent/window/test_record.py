"""What the window remembers of a run."""

import pytest
from support.agents import session_document
from support.windows import electrode, result, view

from agent.window.record import POINTS_MAX, Record, heard
from agent.window.trend import curves, span

OTHER = session_document(session_id="1f8fad5b-d9cb-469f-a165-70867728950e")


def test_the_newest_result_stays_and_an_older_one_changes_nothing() -> None:
    record = heard(Record(), view(result=result(5)))
    assert heard(record, view(result=result(4))) == record
    assert heard(record, view(result=result(5))) == record
    newer = heard(record, view(result=result(6)))
    assert newer.last == result(6)
    assert len(newer.peaks) == 2


def test_a_new_session_begins_anew() -> None:
    record = heard(Record(), view(result=result(5)))
    record = heard(record, view(session=OTHER, result=result(5)))
    assert (record.last, record.peaks) == (None, ())
    first = heard(record, view(session=OTHER, result=result(1, session_id=OTHER.session_id)))
    assert first.last is not None


def test_the_trend_is_bounded_and_leaves_out_what_has_no_peak() -> None:
    record = Record()
    for position in range(1, POINTS_MAX + 20):
        record = heard(record, view(result=result(position)))
    assert len(record.peaks) == POINTS_MAX
    without = result(1000, electrodes=(electrode(peak_current_a=None),))
    assert len(heard(record, view(result=without)).peaks) == POINTS_MAX


def test_each_frequency_is_a_curve_in_one_scale() -> None:
    record = Record()
    for position, (frequency_hz, height_a) in enumerate(
        [(200.0, 1e-6), (15.0, 3e-6), (200.0, 2e-6)], 1
    ):
        one = result(
            position,
            scan={"frequency_hz": frequency_hz},
            electrodes=(electrode(peak_current_a=height_a),),
        )
        record = heard(record, view(result=one))
    low, high = curves(record.peaks)
    assert (low.name, high.name) == ("15 Hz", "200 Hz")
    assert span(record.peaks) == "1.000 µA to 3.000 µA"
    assert low.points == ((0.5, 1.0),)
    assert high.points == (pytest.approx((0.0, 0.0)), pytest.approx((1.0, 0.5)))


def test_one_scan_lies_in_the_middle() -> None:
    record = heard(Record(), view(result=result(scan={"frequency_hz": None})))
    assert curves(record.peaks)[0].points == ((0.0, 0.5),)
    assert curves(()) == ()
    assert span(record.peaks) == "523.1 nA"
