"""A MethodSCRIPT instrument, spoken with line by line and byte by byte."""

from dataclasses import replace

import pytest
from support.dialogue import Dialogue

from sacmes_core.formats.reading import read
from sacmes_core.instruments.driver import LOST, Abort, Begin, CellOff, Closed, Opened
from sacmes_core.instruments.methodscript.driver import TRIES, MethodScript
from sacmes_core.instruments.methodscript.script import CELL_OFF
from sacmes_core.instruments.orders import Order
from sacmes_core.settings.method import MethodSettings, SquareWaveMethod

METHOD = MethodSettings(swv=SquareWaveMethod(end_v=-0.129))
ORDER = Order("swv", METHOD, number=7, frequency_hz=15.0)
FIRMWARE = "tespico1304#Oct 22 2021 14:38:26\nR*\n"
POINTS = [
    f"Pda{0x8000000 - 100000 - 1000 * k:07X}u;ba{0x8000000 + 500 + k:07X}p,10,204"
    for k in range(30)
]
SCAN = "\n".join(["e", "M0002", *POINTS, "*", "", ""])


def at_rest(chunk: int = 4096) -> Dialogue:
    """An instrument whose cell is off, as it is after every opening."""
    dialogue = Dialogue(MethodScript(), chunk=chunk)
    dialogue.tell(Opened())
    assert dialogue.written() == b"\nZ\n"
    dialogue.hear("Z!0006\n")
    assert dialogue.written() == b""
    dialogue.wait()
    assert dialogue.written() == CELL_OFF
    dialogue.hear("e\n\n")
    assert dialogue.take(CellOff)
    assert dialogue.written() == b"t\n"
    dialogue.hear(FIRMWARE)
    assert dialogue.is_ready()
    return dialogue


def measuring(chunk: int = 4096) -> Dialogue:
    dialogue = at_rest(chunk)
    dialogue.tell(Begin(ORDER))
    assert b"meas_loop_swv p c f r -100m -129m 1m 25m 15\n" in dialogue.written()
    return dialogue


def expect_cell_off(dialogue: Dialogue) -> None:
    assert dialogue.written() == b""
    dialogue.wait()
    assert dialogue.written() == CELL_OFF
    dialogue.hear("e\n\n")
    assert dialogue.take(CellOff)
    assert dialogue.is_ready()


@pytest.mark.parametrize("chunk", [1, 2, 7, 4096])
def test_a_scan_is_recorded_byte_for_byte(chunk: int) -> None:
    dialogue = measuring(chunk)
    dialogue.hear(SCAN)
    finished = dialogue.finished()
    assert (finished.complete, finished.reason) == (True, None)
    assert dialogue.recorded == SCAN.encode()
    assert dialogue.is_ready()
    (scan,) = read(dialogue.recorded, name=f"{ORDER.name}.txt")
    assert (scan.number, scan.frequency_hz, scan.points, scan.incomplete) == (7, 15.0, 30, None)


def test_the_identity_names_the_device_and_its_firmware() -> None:
    driver = at_rest().conversation.driver
    assert isinstance(driver, MethodScript)
    assert driver.identity == "EmStat Pico, firmware espico1304#Oct 22 2021 14:38:26"


def test_an_instrument_that_measures_when_the_port_is_opened_is_aborted_first() -> None:
    dialogue = Dialogue(MethodScript())
    dialogue.tell(Opened())
    dialogue.written()
    dialogue.hear("\n".join([*POINTS[:3], "Z", POINTS[3], "*", ""]) + "\n")
    assert dialogue.written() == b""
    dialogue.wait()
    assert dialogue.written() == CELL_OFF


def test_an_instrument_that_does_not_answer_fails_after_some_tries() -> None:
    dialogue = Dialogue(MethodScript())
    dialogue.tell(Opened())
    for _ in range(TRIES):
        dialogue.wait()
    assert dialogue.written() == b"\nZ\n" * TRIES
    assert "does not answer" in dialogue.failure()


def test_a_cell_whose_being_off_is_not_confirmed_is_a_sentence() -> None:
    dialogue = Dialogue(MethodScript())
    dialogue.tell(Opened())
    dialogue.hear("Z!0006\n")
    for _ in range(TRIES + 1):
        dialogue.wait()
    assert dialogue.written().count(CELL_OFF) == TRIES
    assert "does not confirm that the cell is off" in dialogue.failure()


def test_a_runtime_error_ends_the_scan_and_the_cell_is_switched_off() -> None:
    dialogue = measuring()
    dialogue.hear("e\nM0002\n" + "\n".join(POINTS[:12]) + "\n!0032: Line 17\n")
    finished = dialogue.finished()
    assert not finished.complete
    assert not finished.hopeless
    assert "critical overload" in str(finished.reason)
    expect_cell_off(dialogue)
    (scan,) = read(dialogue.recorded)
    assert "error !0032" in str(scan.incomplete)


@pytest.mark.parametrize("error", ["e!4001: Line 2, Col 1", "e!4004: Line 9, Col 27", "e!0003"])
def test_a_script_that_is_refused_would_be_refused_again(error: str) -> None:
    dialogue = measuring()
    dialogue.hear(f"{error}\n")
    finished = dialogue.finished()
    assert (finished.complete, finished.hopeless) == (False, True)
    assert error in str(finished.reason)
    expect_cell_off(dialogue)


def test_an_abort_keeps_what_came_and_switches_the_cell_off() -> None:
    dialogue = measuring()
    dialogue.hear("e\nM0002\n" + "\n".join(POINTS[:12]) + "\n")
    dialogue.tell(Abort("The session was stopped."))
    assert dialogue.written() == b"Z\n"
    dialogue.hear(f"{POINTS[12]}\nZ\n*\n\n")
    assert dialogue.finished().reason == "The session was stopped."
    expect_cell_off(dialogue)
    (scan,) = read(dialogue.recorded)
    assert scan.points == 13
    assert scan.incomplete == "The measurement was aborted."


def test_an_abort_that_is_not_answered_ends_all_the_same() -> None:
    dialogue = measuring()
    dialogue.hear("e\nM0002\n")
    dialogue.tell(Abort("stop"))
    dialogue.written()
    dialogue.wait()
    assert not dialogue.finished().complete
    expect_cell_off(dialogue)


def test_silence_in_a_scan_is_an_abort() -> None:
    dialogue = measuring()
    dialogue.hear("e\nM0002\n" + POINTS[0] + "\n")
    dialogue.wait()
    assert dialogue.written() == b"Z\n"
    dialogue.hear("Z!0006\n")
    assert "silent" in str(dialogue.finished().reason)
    expect_cell_off(dialogue)


def test_conditioning_may_be_as_silent_as_the_method_says() -> None:
    dialogue = at_rest()
    method = MethodSettings(conditioning_s=300.0)
    dialogue.tell(Begin(replace(ORDER, method=method)))
    dialogue.hear("e\n")
    dialogue.written()
    dialogue.wait(310)
    assert dialogue.written() == b""


def test_a_lost_line_ends_the_scan_and_the_next_opening_begins_with_the_cell() -> None:
    dialogue = measuring()
    dialogue.hear("e\nM0002\n" + POINTS[0] + "\nPda7FCE")
    dialogue.tell(Closed())
    finished = dialogue.finished()
    assert (finished.complete, finished.reason) == (False, LOST)
    assert dialogue.recorded.endswith(b"\nPda7FCE")
    dialogue.written()
    dialogue.tell(Opened())
    assert dialogue.written() == b"\nZ\n"


def test_garbage_between_the_lines_changes_nothing() -> None:
    dialogue = measuring()
    dialogue.hear(b"\xff\x00\xfe garbage\ne\nM0002\n\x80\x81\n")
    dialogue.hear(b"P" + b"x" * 10_000)
    dialogue.hear(b"y" * 10_000 + b"\n" + "\n".join([*POINTS, "*", "", ""]).encode())
    assert dialogue.finished().complete
    assert dialogue.recorded.count(b"y") == 10_000


def test_a_script_that_ends_before_it_has_measured_is_not_complete() -> None:
    dialogue = measuring()
    dialogue.hear("e\n\n")
    assert "before it had measured" in str(dialogue.finished().reason)
    expect_cell_off(dialogue)


def test_a_boot_loader_is_named() -> None:
    dialogue = Dialogue(MethodScript())
    dialogue.tell(Opened())
    dialogue.hear("Z!0006\n")
    dialogue.wait()
    dialogue.hear("e\n\ntespbl01#Jan 1 2022 00:00:00\n")
    assert "new firmware" in dialogue.failure()


def test_an_e_that_is_glued_to_the_loop_is_understood() -> None:
    dialogue = measuring()
    dialogue.hear("\n".join(["eM0002", *POINTS, "*", "", ""]))
    assert dialogue.finished().complete


def test_points_that_are_missing_at_the_ends_make_a_scan_incomplete() -> None:
    dialogue = measuring()
    dialogue.hear("\n".join(["e", "M0002", *POINTS[5:], "*", "", ""]))
    finished = dialogue.finished()
    assert not finished.complete
    assert "25 of 30 points" in (finished.reason or "")
    expect_cell_off(dialogue)
