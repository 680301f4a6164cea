"""A Rodeostat, spoken with answer by answer."""

import json
from dataclasses import replace
from typing import Any

import pytest
from support.dialogue import Dialogue, answered

from sacmes_core.formats.reading import read
from sacmes_core.instruments.driver import LOST, Abort, Begin, CellOff, Closed, Opened
from sacmes_core.instruments.orders import Order
from sacmes_core.instruments.rodeostat.commands import commands_of, refusal
from sacmes_core.instruments.rodeostat.driver import LIMITED, Rodeostat
from sacmes_core.settings.method import CyclicMethod, MethodSettings, StepMethod

ORDER = Order("swv", MethodSettings(), number=3, frequency_hz=20.0)


class Board:
    """Answers commands as the firmware does."""

    def __init__(self, **refused: str) -> None:
        self.refused = refused
        self.commands: list[dict[str, Any]] = []

    def __call__(self, line: bytes) -> bytes:
        command = json.loads(line)
        self.commands.append(command)
        name = command["command"]
        if name in self.refused:
            return message(success=False, message=self.refused[name], response={})
        known = {"getVersion": {"version": "0.1.2"}, "getVariant": {"variant": "10V_microAmpV0.2"}}
        return message(success=True, response={**command, **known.get(name, {})})

    @property
    def names(self) -> list[str]:
        return [command["command"] for command in self.commands]


def message(**fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\r\n"


def samples(count: int = 30, **more: Any) -> bytes:
    return b"".join(
        message(t=50 * k, v=-0.1 - 0.001 * k, i=0.5 + 0.01 * k, **more) for k in range(count)
    )


def at_rest(board: Board, chunk: int = 4096) -> Dialogue:
    dialogue = Dialogue(Rodeostat(), chunk=chunk)
    dialogue.tell(Opened())
    assert dialogue.written() == b""
    dialogue.wait()
    answered(dialogue, board)
    assert board.names[:2] == ["stopTest", "setAllElectConnected"]
    assert dialogue.take(CellOff)
    assert dialogue.is_ready()
    return dialogue


def measuring(board: Board, chunk: int = 4096) -> Dialogue:
    dialogue = at_rest(board, chunk)
    board.commands.clear()
    dialogue.tell(Begin(ORDER))
    answered(dialogue, board)
    return dialogue


def expect_cell_off(dialogue: Dialogue, board: Board) -> None:
    board.commands.clear()
    answered(dialogue, board)
    assert board.names[:2] == ["stopTest", "setAllElectConnected"]
    assert board.commands[1]["connected"] is False
    assert dialogue.take(CellOff)
    assert dialogue.is_ready()


@pytest.mark.parametrize("chunk", [1, 5, 4096])
def test_a_scan_is_recorded_with_the_answers_before_it(chunk: int) -> None:
    board = Board()
    dialogue = measuring(board, chunk)
    assert board.names == [
        "setElectAutoConnect", "setMuxEnabled", "setCurrRange", "setSamplePeriod", "setParam",
        "runTest",
    ]  # fmt: skip
    assert board.commands[2]["currRange"] == "10uA"
    assert board.commands[3]["samplePeriod"] == 50
    dialogue.hear(samples() + b"{}\r\n")
    finished = dialogue.finished()
    assert (finished.complete, finished.reason) == (True, None)
    expect_cell_off(dialogue, board)
    (scan,) = read(dialogue.recorded, name=f"{ORDER.name}.txt")
    assert (scan.technique, scan.points, scan.number, scan.incomplete) == ("swv", 30, 3, None)
    assert scan.flags == ()
    assert scan.curves[0].current_a[0] == pytest.approx(0.5e-6)


def test_the_identity_names_board_and_firmware() -> None:
    driver = at_rest(Board()).conversation.driver
    assert isinstance(driver, Rodeostat)
    assert driver.identity == "Rodeostat 10V_microAmpV0.2, firmware 0.1.2"
    assert driver.limits.max_current_a == 1e-3


def test_a_board_without_a_switch_is_set_to_no_potential() -> None:
    board = Board(setAllElectConnected="not supported")
    at_rest(board)
    assert board.names[:3] == ["stopTest", "setAllElectConnected", "setVolt"]


def test_points_beyond_the_range_are_said() -> None:
    board = Board()
    dialogue = measuring(board)
    dialogue.hear(samples(20) + samples(5, le=True) + b"{}\r\n")
    assert dialogue.finished().reason == LIMITED


def test_an_abort_stops_the_test_and_switches_the_cell_off() -> None:
    board = Board()
    dialogue = measuring(board)
    dialogue.hear(samples(20))
    dialogue.tell(Abort("stop"))
    assert json.loads(dialogue.written()) == {"command": "stopTest"}
    dialogue.hear(samples(1) + b"{}\r\n")
    assert dialogue.finished().reason == "stop"
    expect_cell_off(dialogue, board)
    assert dialogue.recorded.count(b'"t"') == 21


def test_a_refused_command_is_hopeless() -> None:
    board = Board(setParam="stepValue out of range")
    dialogue = measuring(board)
    finished = dialogue.finished()
    assert (finished.complete, finished.hopeless) == (False, True)
    assert "stepValue out of range" in str(finished.reason)


def test_a_lost_line_ends_the_scan() -> None:
    dialogue = measuring(Board())
    dialogue.hear(samples(20) + b'{"t":1000,"v"')
    dialogue.tell(Closed())
    assert dialogue.finished().reason == LOST
    assert dialogue.recorded.endswith(b'{"t":1000,"v"')


def test_a_silent_board_fails() -> None:
    dialogue = Dialogue(Rodeostat())
    dialogue.tell(Opened())
    for _ in range(4):
        dialogue.wait()
    assert "does not answer" in dialogue.failure()


def test_a_board_that_does_not_confirm_its_rest_is_a_sentence() -> None:
    dialogue = measuring(Board())
    dialogue.hear(samples() + b"{}\r\n")
    for _ in range(3):
        dialogue.wait()
    assert "does not confirm that the cell is off" in dialogue.failure()


def test_silence_in_a_scan_is_an_abort() -> None:
    board = Board()
    dialogue = measuring(board)
    dialogue.hear(samples(3))
    dialogue.wait()
    answered(dialogue, board)
    assert "silent" in str(dialogue.finished().reason)


def test_garbage_is_recorded_and_passed_over() -> None:
    dialogue = measuring(Board())
    dialogue.hear(b"\xff\xfe\n[1]\nnull\n" + samples() + b"{}\r\n")
    assert dialogue.finished().complete
    assert b"\xff\xfe\n" in dialogue.recorded


def test_the_largest_current_chooses_the_range() -> None:
    order = Order("swv", MethodSettings(current_range_a=1e-6), frequency_hz=20.0)
    ranges = {c.name: c.arguments for c in commands_of(order, "10V_microAmpV0.2")}
    assert ranges["setCurrRange"] == {"currRange": "1uA"}
    nano = {c.name: c.arguments for c in commands_of(order, "10V_nanoAmpV0.2")}
    assert nano["setCurrRange"] == {"currRange": "1uA"}


def test_a_channel_of_the_multiplexer_is_chosen() -> None:
    order = Order("swv", MethodSettings(), frequency_hz=20.0, electrode=4)
    sent = {c.name: c.arguments for c in commands_of(order, "")}
    assert sent["setEnabledMuxChannels"] == {"muxChannel": [4]}


@pytest.mark.parametrize(("vertices", "shift"), [((0.5, -0.5), 0.25), ((-0.5, 0.5), 0.75)])
def test_a_cycle_is_a_triangle_with_its_phase(vertices: tuple[float, float], shift: float) -> None:
    cycle = CyclicMethod(start_v=0.0, vertex_1_v=vertices[0], vertex_2_v=vertices[1], cycles=2)
    *_, parameters, _ = commands_of(Order("cv", MethodSettings(cv=cycle)), "")
    assert parameters.arguments["param"] == {
        "quietValue": 0.0, "quietTime": 2000, "amplitude": 0.5, "offset": 0.0, "period": 20000,
        "numCycles": 2, "shift": shift,
    }  # fmt: skip


def test_two_steps_are_its_chronoamperometry() -> None:
    method = MethodSettings(ca=StepMethod(duration_s=0.5))
    *_, parameters, run = commands_of(Order("ca", method), "")
    assert run.arguments == {"test": "chronoamp"}
    assert parameters.arguments["param"]["step"] == [[500, -0.1], [500, -0.4]]


def test_what_it_cannot_measure_is_refused() -> None:
    assert refusal([ORDER], "") is None
    odd = Order("swv", MethodSettings(), frequency_hz=400.0)
    assert "333.333 or 500 Hz" in str(refusal([odd], ""))
    conditioned = Order("swv", MethodSettings(conditioning_s=5.0), frequency_hz=20.0)
    assert "no conditioning" in str(refusal([conditioned], ""))
    large = Order("swv", MethodSettings(current_range_a=0.01), frequency_hz=20.0)
    assert "largest range" in str(refusal([large], ""))


def test_an_error_in_a_scan_ends_it() -> None:
    board = Board()
    dialogue = measuring(board)
    dialogue.hear(samples(12) + message(success=False, message="overcurrent", response={}))
    assert "overcurrent" in str(dialogue.finished().reason)
    expect_cell_off(dialogue, board)


def test_a_multiplexer_is_switched_off_for_a_run_without_one() -> None:
    enabled = [
        command.arguments["muxEnabled"]
        for electrode in (2, None)
        for command in commands_of(replace(ORDER, electrode=electrode), "")
        if command.name == "setMuxEnabled"
    ]
    assert enabled == [True, False]


def test_a_board_that_knows_no_multiplexer_measures_all_the_same() -> None:
    dialogue = measuring(Board(setMuxEnabled="command, setMuxEnabled, not found"))
    dialogue.hear(samples() + b"{}\r\n")
    assert dialogue.finished().complete
