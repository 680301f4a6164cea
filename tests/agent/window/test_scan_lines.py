"""The newest scan in words."""

from datetime import UTC, datetime

from support.windows import electrode, result

from agent.window.record import Record
from agent.window.scan_lines import one_line, scan_lines
from sacmes_core.flags import NO_PEAK, PEAK_AT_EDGE, SENTENCES, TRUNCATED_SCAN
from sacmes_core.payloads.ca import CaResult


def test_each_electrode_has_its_peak_with_unit_and_uncertainty() -> None:
    scan = scan_lines(Record("s", result(3)), None)
    assert scan.lines[0].electrode == "E1"
    assert scan.lines[0].height == "523.1 ± 4.2 nA"
    assert scan.lines[1].place == "−0.262 V"
    assert scan.detail.startswith("200 Hz  ·  scan 3")
    assert (scan.remark, scan.doubtful) == ("", False)


def test_time_and_revision_are_said_where_they_are_known() -> None:
    at = datetime(2026, 11, 22, 9, 4, tzinfo=UTC)
    scan = scan_lines(
        Record("s", result(scan={"measured_at": at, "revision": 2, "number": None})), None
    )
    assert f"measured at {at.astimezone():%H:%M:%S}" in scan.detail
    assert "written 2 times" in scan.detail


def test_flags_are_sentences_each_once_with_its_electrodes() -> None:
    flagged = result(
        electrodes=(
            electrode(1, flags=(PEAK_AT_EDGE,)),
            electrode(2, flags=(PEAK_AT_EDGE, NO_PEAK), peak_current_a=None),
        ),
    )
    scan = scan_lines(Record("s", flagged), None)
    assert scan.remark.splitlines() == [
        f"E1, E2: {SENTENCES[PEAK_AT_EDGE]}",
        f"E2: {SENTENCES[NO_PEAK]}",
    ]
    assert scan.doubtful
    assert scan.lines[1].height == "–"


def test_what_the_window_has_no_room_for_is_counted() -> None:
    flags = (NO_PEAK, "a_flag_of_tomorrow", TRUNCATED_SCAN, "four_more", "five_more")
    many = result(electrodes=tuple(electrode(k) for k in range(1, 17)), flags=flags)
    scan = scan_lines(Record("s", many), None)
    assert len(scan.lines) == 6
    assert "the first 6 of 16 electrodes" in scan.detail
    assert len(scan.remark.splitlines()) == 3
    assert scan.remark.endswith("and 3 more; the dashboard shows them all.")
    flagged = result(electrodes=tuple(electrode(k, flags=(NO_PEAK,)) for k in (1, 2, 3)))
    assert scan_lines(Record("s", flagged), None).remark.startswith("All electrodes: ")


def test_a_scan_without_numbers_says_why() -> None:
    scan = scan_lines(Record("s", result(electrodes=(), error="No columns.")), None)
    assert (scan.remark, scan.lines) == ("No columns.", ())


def test_a_decay_has_a_lifetime() -> None:
    ca = CaResult(lifetime_s=12.34e-3, lifetime_se_s=2e-4)
    scan = scan_lines(Record("s", result(electrodes=(electrode(ca=ca),))), None)
    assert scan.lines[0].height == "lifetime 12.34 ± 0.20 ms"


def test_a_line_for_a_terminal() -> None:
    flagged = result(electrodes=(electrode(flags=(PEAK_AT_EDGE,)),))
    assert one_line(flagged) == ("SWV_200Hz_1.txt: E1 523.1 ± 4.2 nA at −0.262 V [peak_at_edge]")
    assert one_line(result(error="No columns.")) == "SWV_200Hz_1.txt: No columns."


def test_before_anything_came() -> None:
    assert scan_lines(Record(), None).title == "No scan yet"
