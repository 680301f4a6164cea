"""The simulated Rodeostat answers as the firmware does, and samples what the sensor gives."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.pico import Host, fault_plan, make_cell

from sacmes_core.flags import LINES_LOST, OVERLOAD
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import Scan
from sacmes_core.simulate.instruments.instrument import Unplug
from sacmes_core.simulate.instruments.rodeostat import Rodeostat
from sacmes_core.simulate.square_wave import SquareWave

WAVE = {
    "quietValue": -0.5, "quietTime": 100, "startValue": -0.5, "finalValue": 0.0,
    "stepValue": 0.002, "amplitude": 0.025, "window": 0.2,
}  # fmt: skip
CYCLES = {"amplitude": 0.3, "offset": -0.2, "period": 6000, "numCycles": 2, "shift": 0.5}


def rodeostat(*faults: str) -> Host:
    host = Host(Rodeostat(make_cell(), fault_plan(*faults)))
    tell(host, "setCurrRange", currRange="1uA")
    return host


def tell(host: Host, command: str, **more: Any) -> bytes:
    return host.ask(json.dumps({"command": command, **more}) + "\n")


def run(host: Host, test: str, **parameters: Any) -> bytes:
    assert json.loads(tell(host, "setParam", test=test, param=parameters))["success"]
    return tell(host, "runTest", test=test)


def scan_of(recording: bytes) -> Scan:
    (scan,) = read(recording, name="recording.jsonl")
    return scan


@pytest.mark.parametrize(
    ("asked", "response"),
    [
        ({"command": "getVersion"}, {"version": "FW0.0.8"}),
        ({"command": "getVariant"}, {"variant": "10V_microAmpV0.2"}),
        ({"command": "getCurrRange"}, {"currRange": "1uA"}),
        ({"command": "setVoltRange", "voltRange": "2V"}, {"voltRange": "2V"}),
        ({"command": "setSamplePeriod", "samplePeriod": 20}, {"samplePeriod": 20}),
    ],
)
def test_commands_are_answered_in_one_line(asked: dict[str, Any], response: Any) -> None:
    whole = {"success": True, "response": {"command": asked["command"], **response}}
    expected = json.dumps(whole, separators=(",", ":")) + "\r\n"
    assert rodeostat().ask(json.dumps(asked) + "\n") == expected.encode()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ('{"command":"setSamplePeriod","samplePeriod":0}', "json samplePeriod value is too small"),
        (
            '{"command":"setSamplePeriod","samplePeriod":9e3}',
            "json samplePeriod value is not uin32_t",
        ),
        ('{"command":"setCurrRange"}', "json does not contain key: currRange"),
        ('{"command":"setCurrRange","currRange":"1A"}', "currRange not found"),
        ('{"command":"jump"}', "command, jump, not found"),
        ('{"order":"jump"}', "CommandTable: command not found"),
        ("[1]", "unable to parse json"),
        ("[" * 1000, "unable to parse json"),
        ('{"a":"' + "x" * 5000 + '"}', "unable to parse json"),
        ('{"command":"runTest"}', "json does not contain key: test"),
        ('{"command":"runTest","test":"x"}', "test not found"),
        ('{"command":"setParam","test":"cyclic"}', "key param missing"),
        ('{"command":"setParam","test":"cyclic","param":{"period":-1}}', "period not uint32"),
    ],
)
def test_what_cannot_be_done_is_refused(asked: str, message: str) -> None:
    said = rodeostat().ask(f"{asked}\n")
    assert said.startswith(b'{"success":false,"message":"')
    assert json.loads(said)["message"] == message


def test_an_empty_line_is_nothing() -> None:
    assert rodeostat().ask("\r\n\n") == b""


def test_parameters_are_kept_and_told() -> None:
    host = rodeostat()
    said = json.loads(tell(host, "setParam", test="squareWave", param=WAVE))
    assert said["response"]["param"] == WAVE
    assert json.loads(tell(host, "getParam", test="squareWave"))["response"]["param"] == WAVE
    tell(host, "setSamplePeriod", samplePeriod=20)
    done = json.loads(tell(host, "getTestDoneTime", test="squareWave"))["response"]
    assert done["testDoneTime"] == 100 + 250 * 20


def test_a_square_wave_is_the_difference_of_both_pulses_within_the_step_of_the_range() -> None:
    host = rodeostat()
    tell(host, "setCurrRange", currRange="10uA")
    recording = run(host, "squareWave", **{**WAVE, "quietTime": 0})
    head, *samples, end, rest = recording.split(b"\r\n")
    assert head == b'{"success":true,"response":{"command":"runTest","test":"squareWave"}}'
    assert (end, rest) == (b"{}", b"")
    assert samples[0].startswith(b'{"t":10,"v":-0.498,"i":')
    scan = scan_of(recording)
    assert (scan.technique, scan.complete) == ("swv", True)
    wave = SquareWave(-0.5, 0.0, 0.002, 0.025)
    forward, reverse = make_cell().square_wave(1, wave, 100.0)
    (curve,) = scan.curves
    assert curve.potential_v == pytest.approx(wave.potentials_v, abs=1e-9)
    difference = np.abs(np.array(curve.current_a) - (forward - reverse))
    assert difference.max() <= 1e-5 / 2**16 + 1e-13
    assert max(curve.current_a) > 1e-7, "an oxidation is positive"


def test_a_quiet_time_is_sampled_too() -> None:
    scan = scan_of(run(rodeostat(), "squareWave", **WAVE))
    times = scan.curves[0].time_s
    assert times is not None
    assert times == pytest.approx(np.arange(1, 261) * 0.01)
    assert scan.curves[0].potential_v[:10] == (-0.5,) * 10


def test_cycles_begin_where_the_shift_says() -> None:
    scan = scan_of(run(rodeostat(), "cyclic", **CYCLES))
    (curve,) = scan.curves
    potentials = np.array(curve.potential_v)
    assert (scan.technique, len(potentials)) == ("cv", 1200)
    assert potentials[0] == pytest.approx(0.098, abs=1e-9)
    assert potentials.min() == pytest.approx(-0.5)
    assert potentials[299] == pytest.approx(-0.5)
    assert potentials[-1] == pytest.approx(0.1)
    currents = np.array(curve.current_a)
    assert currents[:300].min() < -5e-8 < 5e-8 < currents[300:600].max()


def test_a_sweep_and_a_held_potential() -> None:
    host = rodeostat()
    sweep = scan_of(run(host, "linearSweep", startValue=-0.5, finalValue=0.1, duration=3000))
    assert sweep.technique == "lsv"
    assert sweep.curves[0].potential_v == pytest.approx(np.linspace(-0.498, 0.1, 300), abs=1e-6)
    tell(host, "setSamplePeriod", samplePeriod=1)
    tell(host, "setCurrRange", currRange="100uA")
    held = scan_of(run(host, "chronoamp", step=[[100, 0.0], [200, -0.4]]))
    assert held.technique == "ca"
    currents = held.curves[0].current_a
    assert len(currents) == 300
    assert min(currents) == min(currents[100:110]) < -1e-6


def test_many_steps_are_a_test_of_their_own() -> None:
    host = rodeostat()
    scan = scan_of(run(host, "multiStep", step=[[100, 0.0], [50, -0.4], [70, 0.1]]))
    assert scan.technique == "ca"
    assert scan.curves[0].potential_v == (0.0,) * 10 + (-0.4,) * 5 + (0.1,) * 7
    said = tell(host, "setParam", test="chronoamp", param={"step": [[100, 0.0]]})
    assert json.loads(said)["message"] == "step not two steps"


def test_channels_of_the_multiplexer_take_turns() -> None:
    host = rodeostat()
    tell(host, "setMuxEnabled", muxEnabled=True)
    tell(host, "setEnabledMuxChannels", muxChannel=[1, 2])
    scan = scan_of(run(host, "cyclic", **CYCLES))
    assert scan.electrodes == (1, 2)
    assert [len(curve.current_a) for curve in scan.curves] == [600, 600]


def test_a_test_is_stopped_and_the_potential_is_gone() -> None:
    host = rodeostat()
    tell(host, "setParam", test="squareWave", param=WAVE)
    begun = host.ask('{"command":"runTest","test":"squareWave"}\n', 1.0)
    assert host.instrument.cell_is_on
    rest = tell(host, "stopTest")
    assert rest == b'{"success":true,"response":{"command":"stopTest"}}\r\n{}\r\n'
    assert not host.instrument.cell_is_on
    assert host.instrument.potential_v == 0.0
    assert 50 < (begun + rest).count(b'"t"') < 150


def test_the_cell_is_on_while_its_electrodes_are_connected() -> None:
    host = rodeostat()
    assert json.loads(tell(host, "setVolt", v=-0.3))["response"]["v"] == -0.3
    assert not host.instrument.cell_is_on
    tell(host, "setAllElectConnected", connected=True)
    assert host.instrument.cell_is_on
    tell(host, "setCtrElectConnected", connected=False)
    assert not host.instrument.cell_is_on


def test_without_connecting_by_itself_nothing_flows_until_it_is_told_to() -> None:
    host = rodeostat()
    tell(host, "setElectAutoConnect", autoConnect=False)
    assert set(scan_of(run(host, "cyclic", **CYCLES)).curves[0].current_a) == {0.0}
    tell(host, "setAllElectConnected", connected=True)
    assert min(scan_of(run(host, "cyclic", **CYCLES)).curves[0].current_a) < -5e-8
    assert host.instrument.cell_is_on


class TestFaults:
    def test_numbers_beyond_the_range_are_told(self) -> None:
        scan = scan_of(run(rodeostat("overload@1"), "squareWave", **WAVE))
        assert OVERLOAD in scan.flags
        assert max(map(abs, scan.curves[0].current_a)) <= 1e-6

    def test_without_a_number_is_nan(self) -> None:
        recording = run(rodeostat("nan@1"), "squareWave", **WAVE)
        assert recording.count(b'"i":NaN') == 1
        assert len(scan_of(recording).curves[0].current_a) == 259

    def test_a_cut_line_is_noticed(self) -> None:
        assert LINES_LOST in scan_of(run(rodeostat("cut@1"), "squareWave", **WAVE)).flags

    def test_an_error_is_a_test_without_end_and_a_potential_that_stays(self) -> None:
        host = rodeostat("error@1")
        recording = run(host, "squareWave", **WAVE)
        assert not recording.endswith(b"{}\r\n")
        assert host.instrument.cell_is_on
        assert not host.instrument.is_running
        assert tell(host, "stopTest").endswith(b"{}\r\n")
        assert not host.instrument.cell_is_on


@pytest.mark.parametrize(
    "parameters",
    [
        {"numCycles": 4_000_000_000, "period": 0},
        {"numCycles": 4_000_000_000},
        {"amplitude": 9.0, "numCycles": 100},
        {"quietTime": 4_000_000_000},
    ],
)
def test_a_test_without_end_is_refused(parameters: dict[str, Any]) -> None:
    said = json.loads(run(rodeostat(), "cyclic", **parameters))
    assert not said["success"]
    assert "too many samples" in said["message"]


NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=5))
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "command": st.sampled_from(
            ["runTest", "stopTest", "setParam", "getParam", "setVolt", "setCurrRange",
             "getTestDoneTime",
             "setSamplePeriod", "setMuxEnabled", "setEnabledMuxChannels", "getVersion", 3, None]
        ),
        "test": st.sampled_from(["cyclic", "squareWave", "constant", "chronoamp", "x", []]),
        "param": st.dictionaries(
            st.sampled_from(
                ["amplitude", "period", "numCycles", "shift", "stepValue", "startValue", "duration",
                 "quietTime", "step"]
            ),
            st.one_of(NUMBERS, st.lists(st.lists(NUMBERS, max_size=3), max_size=3)),
        ),
        "samplePeriod": NUMBERS, "v": NUMBERS, "currRange": NUMBERS,
        "muxChannel": st.lists(NUMBERS, max_size=4), "muxEnabled": NUMBERS,
    },
).map(lambda message: json.dumps(message).encode() + b"\n")  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(MESSAGES, st.binary(max_size=100)), max_size=6))
def test_garbage_is_answered_or_ignored(sent: list[bytes]) -> None:
    instrument = Rodeostat(make_cell())
    for k, data in enumerate(sent):
        instrument.receive(data, float(k))
        for effect in instrument.advance(float(k) + 0.05):
            assert not isinstance(effect, Unplug)
            assert effect.data.endswith(b"\r\n")
    instrument.receive(b'\n{"command":"stopTest"}\n', 1e6)
    assert instrument.advance(1e6)[-1].data == b"{}\r\n"  # type: ignore[union-attr]
    assert not instrument.cell_is_on
