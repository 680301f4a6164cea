"""The simulated EmStat Pico says what the device says, and measures what the sensor gives."""

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.pico import LONG_S, Host, fault_plan, make_cell, square_wave_script

from sacmes_core.flags import LINES_LOST, OVERLOAD
from sacmes_core.formats.methodscript_package import parse_package
from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import Scan
from sacmes_core.simulate.chronoamperometry import PotentialStep
from sacmes_core.simulate.instruments.cell import SweepPath
from sacmes_core.simulate.instruments.instrument import Unplug
from sacmes_core.simulate.instruments.methodscript import EmStatPico
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.square_wave import SquareWave

PACKAGE = re.compile(
    rb"Pda[0-9A-F]{7}[munpfa ](?:;ba(?:[0-9A-F]{7}[munpfa ]|     nan),1[0-9A-F],2[0-9A-F]{2})+\n"
)


def pico(*faults: str, **cell: object) -> Host:
    return Host(EmStatPico(make_cell(**cell), fault_plan(*faults)))  # type: ignore[arg-type]


def scan_of(recording: bytes) -> Scan:
    (scan,) = read(recording, name="recording.txt")
    return scan


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("t\n", b"tespico1304#Oct 22 2021 14:38:26\nR*\n"),
        ("i\n", b"i00A1B2C3D4E5F607\n"),
        ("v\n", b"v0105\n"),
        ("G06\n", b"G00A1B2C3D4E5F607\n"),
        ("GFF\n", b"G!0004\n"),
        ("Z\n", b"Z!0006\n"),
        ("\nZ\n", b"Z!0006\n"),
        ("Y\nh\nH\n", b"Y!0006\nh!0006\nH!0006\n"),
        ("r\n", b"r!000C\n"),
        ("Lmscr\n", b"L!000C\n"),
        ("s\n", b"s!0003\n"),
        ("t\r\n", b"t!0003\n"),
        ("\x11t\x13\n", b"tespico1304#Oct 22 2021 14:38:26\nR*\n"),
        ("x" * 3000 + "\n", b"x!0008\n"),
        ("e\n\n", b"e\n\n"),
        ("e\nvar a\n" + "wait 1m\n" * 600 + "\n", b"e!0008\n"),
    ],
)
def test_commands_have_the_answers_of_the_device(asked: str, answer: bytes) -> None:
    assert pico().ask(asked) == answer


def test_a_command_may_come_byte_by_byte() -> None:
    host = pico()
    heard = b"".join(host.ask(bytes([byte]), 0.01) for byte in square_wave_script().encode())
    assert heard + host.listen(LONG_S) == pico().ask(square_wave_script())


def test_a_square_wave_is_what_the_sensor_gives_within_the_step_of_the_range() -> None:
    recording = pico().ask(square_wave_script(frequency="100", ranges=["set_range ba 1u"]))
    head, *packages, star, empty, end = recording.split(b"\n")
    assert (head, packages[0], star, empty, end) == (b"e", b"M0002", b"*", b"", b"")
    assert all(PACKAGE.fullmatch(line + b"\n") for line in packages[1:])
    scan = scan_of(recording)
    assert (scan.technique, scan.complete, scan.flags) == ("swv", True, ())
    wave = SquareWave(0.002, -0.5, 0.002, 0.025)
    forward, reverse = make_cell().square_wave(1, wave, 100.0)
    half_a = 1e-6 / 2**16 + 0.51e-12
    curves = {curve.role: curve for curve in scan.curves}
    assert curves["forward"].potential_v == pytest.approx(wave.potentials_v, abs=1e-9)
    assert curves["forward"].potential_v[0] == 0.0
    assert np.abs(np.array(curves["forward"].current_a) - forward).max() <= half_a
    assert np.abs(np.array(curves["reverse"].current_a) - reverse).max() <= half_a
    rebuilt = np.array(curves["forward"].current_a) - np.array(curves["reverse"].current_a)
    assert np.abs(np.array(curves["difference"].current_a) - rebuilt).max() < 1.6e-12
    assert forward.min() < -1e-7, "a reduction is negative"


def test_autoranging_keeps_small_currents_fine_and_large_ones_whole() -> None:
    recording = pico().ask(square_wave_script(ranges=["set_autoranging ba 100n 6u"]))
    ranges = set(re.findall(rb",1[0-9A-F],(2[0-9A-F]{2})", recording))
    assert {b"280", b"281"} <= ranges
    assert scan_of(recording).flags == ()


def test_a_range_is_that_of_the_quantity_it_names() -> None:
    ranges = ["set_range_minmax ba 100u 100u", "set_range ab 5m", "set_cr 1u"]
    clean = pico().ask(square_wave_script(ranges=["set_range ba 1u"]))
    assert pico().ask(square_wave_script(ranges=ranges)) == clean
    older = ["set_pot_range -525m 25m", "set_cr 1u", "set_autoranging 100n 6u"]
    assert pico().ask(square_wave_script(ranges=older)) == pico().ask(square_wave_script())


def test_a_current_beyond_the_range_has_its_bit_and_stays_at_the_end_of_the_range() -> None:
    recording = pico().ask(square_wave_script(ranges=["set_range ba 100n"]))
    scan = scan_of(recording)
    assert OVERLOAD in scan.flags
    assert max(abs(i) for c in scan.curves if c.role != "difference" for i in c.current_a) <= 1.1e-7
    assert b",12,280" in recording


@pytest.mark.parametrize("scans", [1, 3])
def test_cycles_are_marked_and_measured(scans: int) -> None:
    script = (
        "e\nvar p\nvar c\nset_range ba 1u\ncell_on\n"
        f"meas_loop_cv p c 100m -500m 200m 5m 100m nscans({scans})\n"
        "pck_start\npck_add p\npck_add c\npck_end\nendloop\non_finished:\ncell_off\n\n"
    )
    recording = pico().ask(script)
    path = SweepPath.along((0.1, *((-0.5, 0.2, 0.1) * scans)), 0.005, 0.1)
    (currents,) = make_cell().sweep(1, path)
    assert path.potentials_v()[0] == 0.1
    scans_read = read(recording, name="x.txt")
    potentials = [v for s in scans_read for v in s.curves[0].potential_v]
    measured = [i for s in scans_read for i in s.curves[0].current_a]
    assert potentials == pytest.approx(path.potentials_v(), abs=1e-9)
    assert np.abs(np.array(measured) - currents).max() <= 2e-6 / 2**16 + 0.51e-12
    markers = [line for line in recording.split(b"\n") if line[:1] in (b"C", b"-")]
    expected = [m for k in range(scans) for m in (f"C{k:04X}".encode(), b"-")]
    assert markers == (expected if scans > 1 else [])
    assert all(scan.technique == "cv" and scan.complete for scan in scans_read)


def test_a_sweep_goes_one_way() -> None:
    script = (
        "e\nvar p\nvar c\ncell_on\nmeas_loop_lsv p c -500m 100m 10m 100m\n"
        "pck_start\npck_add p\npck_add c\npck_end\nendloop\ncell_off\n\n"
    )
    recording = pico().ask(script)
    assert b"M0000\n" in recording
    (curve,) = scan_of(recording).curves
    assert curve.potential_v == pytest.approx(np.arange(-0.5, 0.1001, 0.01), abs=1e-9)


def test_a_held_potential_decays_in_time() -> None:
    script = (
        "e\nvar p\nvar c\nvar t\nset_range ba 2u\nset_e 0\ncell_on\ntimer_start\n"
        "meas_loop_ca p c -400m 1m 100m\ntimer_get t\n"
        "pck_start\npck_add t\npck_add p\npck_add c\npck_end\nendloop\ncell_off\n\n"
    )
    (curve,) = scan_of(pico().ask(script)).curves
    assert curve.time_s == pytest.approx(np.arange(1, 101) * 1e-3, abs=1e-9)
    expected = make_cell().step(1, PotentialStep(0.0, -0.4, duration_s=0.1, interval_s=1e-3))[0]
    unclipped = np.abs(expected) < 2e-6
    assert np.array(curve.current_a)[unclipped] == pytest.approx(expected[unclipped], abs=7e-11)


def test_points_come_at_the_frequency() -> None:
    host = pico()
    host.ask(square_wave_script(frequency="10"), 0.0)
    assert host.instrument.due_s == pytest.approx(0.1)
    assert host.listen(1.05).count(b"P") == 10
    assert host.instrument.is_running
    assert host.instrument.cell_is_on


def test_conditioning_says_its_loop_and_no_packages() -> None:
    recording = pico().ask(
        square_wave_script(before=["meas_loop_ca p c 0 100m 2", "endloop", "wait 1"])
    )
    assert recording.startswith(b"e\nM0007\n*\nM0002\nP")
    assert scan_of(recording).complete


def test_an_abort_is_answered_within_the_stream_and_the_end_of_the_script_is_run() -> None:
    host = pico()
    begun = host.ask(square_wave_script(), 5.0)
    rest = host.ask("Z\n")
    assert rest == b"Z\n*\n\n"
    assert not host.instrument.cell_is_on
    assert scan_of(begun + rest).incomplete == "The measurement was aborted."


def test_an_abort_while_waiting_has_no_loop_to_end() -> None:
    host = pico()
    assert host.ask(square_wave_script(before=["wait 100"]), 5.0) == b"e\n"
    assert host.ask("Z\n") == b"Z\n\n"
    assert not host.instrument.cell_is_on


def test_the_end_of_a_loop_leaves_the_rest_of_the_script() -> None:
    host = pico()
    host.ask(square_wave_script(finish=['send_string "after"', "on_finished:", "cell_off"]), 5.0)
    assert host.ask("Y\n") == b"Y\n*\nTafter\n\n"


def test_a_script_halts_and_resumes() -> None:
    host = pico()
    host.ask(square_wave_script(frequency="10"), 1.05)
    assert host.ask("h\n", 100.0) == b"h\n"
    assert host.instrument.due_s is None
    resumed = host.ask("H\n", 1.0)
    assert resumed.startswith(b"H\nP")
    assert resumed.count(b"P") == 10


def test_while_a_script_runs_other_commands_are_refused() -> None:
    host = pico()
    host.ask(square_wave_script(), 0.0)
    assert host.ask("t\ne\nr\n", 0.0) == b"t!0006\ne!0006\nr!0006\n"


def test_a_loaded_script_runs_again_and_again() -> None:
    host = pico()
    assert host.ask("l" + square_wave_script()[1:]) == b"l\n"
    first, second = host.ask("r\n"), host.ask("r\n")
    assert first.startswith(b"r\nM0002\n")
    assert second != first, "the sensor has aged"
    assert scan_of(first).complete


def test_an_error_while_running_leaves_the_cell_on() -> None:
    host = pico()
    assert host.ask("e\nset_e 0\ncell_on\nset_e 3\non_finished:\ncell_off\n\n") == (
        b"e\n!000F: Line 3\n"
    )
    assert host.instrument.cell_is_on
    assert host.ask("e\ncell_off\n\n") == b"e\n\n"
    assert not host.instrument.cell_is_on


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (["meas_loop_ca p c 0 1 1", "endloop"], "!4027: Line 3"),
        (["cell_on", "meas_loop_ca p c 0 0 1", "endloop"], "!0007: Line 4"),
        (["cell_on", "meas_loop_ca p c 0 1m 1k", "endloop"], "!0007: Line 4"),
        (["cell_on", "meas_loop_lsv p c 0 1 1n 1", "endloop"], "!0007: Line 4"),
        (["cell_on", "meas_loop_lsv p c 0 0 1m 1", "endloop"], "!0007: Line 4"),
        (["cell_on", "meas_loop_cv p c 0 1 -1 1m 1 nscans(900)", "endloop"], "!0007: Line 4"),
        (["set_range_minmax da -2 1", "set_e 0"], "!000F: Line 4"),
        (["set_e -1300m"], "!000F: Line 3"),
        (["set_pgstat_mode 3", "set_range_minmax da -1 0", "set_e 300m"], "!000F: Line 5"),
        (["set_gpio -1"], "!0007: Line 3"),
        (["div_var p 0"], "!0007: Line 3"),
        (["mul_var p 1", "store_var p 1E ja", "mul_var p 1E"], "!000E: Line 5"),
        (["store_var p 999999999i ja", "pck_start", "pck_add p", "pck_end"], "!000E: Line 5"),
    ],
)
def test_what_cannot_be_done_is_an_error_of_its_line(lines: list[str], error: str) -> None:
    script = "\n".join(["e", "var p", "var c", *lines, "", ""])
    assert pico().ask(script).split(b"\n")[-2] == error.encode()


def test_loops_count_and_channels_of_a_multiplexer_are_electrodes() -> None:
    script = "\n".join([
        "e", "var i", "var p", "var c", "var f", "var r", "store_var i 0i ea", "set_pgstat_mode 3",
        "set_range ba 6u", "cell_on", "loop i < 2i", "set_gpio i", "add_var i 1i",
        "meas_loop_swv p c f r 0 -500m 5m 25m 100",
        "pck_start", "pck_add i", "pck_add p", "pck_add c", "pck_add f", "pck_add r", "pck_end",
        "endloop", "endloop", "on_finished:", "cell_off", "", "",
    ])  # fmt: skip
    recording = pico().ask(script)
    assert recording.startswith(b"e\nL\nM0002\nPea8000001i;da8000000 ;ba")
    assert recording.endswith(b"*\n+\n\n")
    scan = scan_of(recording)
    assert scan.electrodes == (1, 2)
    wave = SquareWave(0.005, -0.5, 0.005, 0.025)
    cell = make_cell()
    for electrode in (1, 2):
        forward, _ = cell.square_wave(electrode, wave, 100.0)
        (curve,) = (c for c in scan.curves if (c.electrode, c.role) == (electrode, "forward"))
        assert np.abs(np.array(curve.current_a) - forward).max() < 1e-10


def test_nothing_flows_at_a_channel_without_an_electrode() -> None:
    recording = pico().ask(square_wave_script(before=["mux_set_channel 9i"]))
    assert set(scan_of(recording).curves[0].current_a) == {0.0}


def test_a_loop_without_end_gives_way_to_the_host_and_can_be_aborted() -> None:
    host = pico()
    host.instrument.receive(b"e\nvar i\nloop i < 1i\nendloop\n\n", 0.0)
    host.instrument.advance(1e9)
    assert host.instrument.is_running
    host.instrument.receive(b"Z\n", 1e9)
    host.now_s = 1e9
    assert host.listen(0.0).endswith(b"Z\n+\n\n")


def test_a_sensor_ages_and_binds_from_script_to_script() -> None:
    host = pico(additions=(Addition(3),))
    heights = []
    for _ in range(6):
        for frequency in ("15", "200"):
            scan = scan_of(host.ask(square_wave_script(frequency=frequency)))
            heights.append(max(map(abs, scan.curves[0].current_a)))
    low, high = np.array(heights[0::2]), np.array(heights[1::2])
    assert low[5] < 0.97 * low[1]
    assert high[5] > 1.05 * high[1]


class TestFaults:
    def run(self, *faults: str) -> tuple[list[bytes], list[float], Host]:
        host = pico(*faults)
        recordings, unplugged = [], []
        for _ in range(3):
            host.instrument.receive(square_wave_script().encode(), host.now_s)
            host.now_s += LONG_S
            heard = b""
            while effects := host.instrument.advance(host.now_s):
                unplugged += [e.seconds for e in effects if isinstance(e, Unplug)]
                heard += b"".join(e.data for e in effects if not isinstance(e, Unplug))
            recordings.append(heard)
        return recordings, unplugged, host

    @pytest.mark.parametrize("kind", ["cut", "drop", "nan", "overload"])
    def test_the_scan_that_is_named_has_it_and_no_other(self, kind: str) -> None:
        clean, _, _ = self.run()
        faulty, _, _ = self.run(f"{kind}@2")
        assert (faulty[0], faulty[2]) == (clean[0], clean[2])
        assert faulty[1] != clean[1]

    @pytest.mark.parametrize(("kind", "flag"), [("cut", LINES_LOST), ("drop", LINES_LOST),
                                                ("overload", OVERLOAD)])  # fmt: skip
    def test_a_reader_notices(self, kind: str, flag: str) -> None:
        scan = scan_of(self.run(f"{kind}@2")[0][1])
        assert flag in scan.flags
        assert scan.complete

    def test_a_lost_byte_is_one(self) -> None:
        clean, faulty = self.run()[0][1], self.run("drop@2")[0][1]
        assert len(faulty) == len(clean) - 1

    def test_without_a_number_is_nan(self) -> None:
        lines = self.run("nan@2")[0][1].split(b"\n")
        (line,) = (line for line in lines if b"nan" in line)
        assert line.count(b";ba     nan,1") == 3
        assert parse_package(line.decode()) is not None

    def test_an_error_stops_the_script_with_the_cell_on(self) -> None:
        recordings, _, _ = self.run("error@3")
        assert re.fullmatch(rb"!0032: Line \d+", recordings[2].split(b"\n")[-2])
        assert scan_of(recordings[2]).incomplete is not None
        assert self.run("error@3")[2].instrument.cell_is_on
        assert not self.run()[2].instrument.cell_is_on

    def test_the_plug_is_out_in_mid_line_while_the_script_goes_on(self) -> None:
        recordings, unplugged, _ = self.run("unplug@2:3s")
        assert unplugged == [3.0]
        assert recordings == self.run()[0], "what is said meanwhile is the port's to lose"

    def test_gaps_make_a_scan_longer(self) -> None:
        host = pico("slow@1:10s")
        host.ask(square_wave_script(frequency="100"), 5.0)
        assert host.instrument.is_running
        assert host.listen(3000.0).endswith(b"*\n\n")

    def test_what_follows_a_scan_has_no_part_in_its_faults(self) -> None:
        after = ["pck_start", "pck_add p", "pck_end", "on_finished:", "cell_off"]
        host = pico("slow@1:10s")
        heard = host.ask(square_wave_script(frequency="100", finish=after), 0.0)
        while b"*\n" not in heard:
            heard += host.listen(5.0)
        assert heard.count(b"\n*\nP") == 1
        assert heard.endswith(b"\n\n")

    def test_silence_loses_what_is_said_and_hears_nothing(self) -> None:
        host = pico("silence@1:20s")
        heard = host.ask(square_wave_script(frequency="10"), 20.0)
        assert host.ask("Z\n", 0.0) == b""
        heard += host.listen(LONG_S)
        assert 10 < heard.count(b"P") < 200
        assert host.ask("t\n").startswith(b"tespico")

    def test_chance_is_seeded(self) -> None:
        first, again = self.run("nan~0.5")[0], self.run("nan~0.5")[0]
        assert first == again


HOSTILE = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [
                "e", "l", "r", "t", "Z", "Y", "h", "H", "", "var p", "var c", "cell_on", "cell_off",
                "loop p < 3i", "endloop", "add_var p 1i", "breakloop", "pck_start", "pck_add p",
                "pck_end", "on_finished:", "meas_loop_ca p c 0 1 5", "wait 1E", "set_e 1E",
                "meas_loop_lsv p c 0 -100m 1m 1", "meas_loop_cv p c 0 1 0 0 0 nscans(0)",
                "store_var p -1i ja", "mul_var p 1E", "set_autoranging ba -5m 1n",
                "set_range ba -1",
                "meas_loop_swv p c p c 0 -1m 1 -1 1u", 'send_string "', "abort", "set_gpio 0xFFi",
            ]
        ),
        max_size=25,
    ).map(lambda lines: ("\n".join(lines) + "\n\n").encode()),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(HOSTILE, st.floats(0, 1e4)), max_size=5))
def test_garbage_is_answered_with_an_error_or_silence(sent: list[tuple[bytes, float]]) -> None:
    instrument = EmStatPico(make_cell())
    now_s = 0.0
    for data, seconds in sent:
        instrument.receive(data, now_s)
        now_s += seconds
        effects = instrument.advance(now_s)
        for line in b"".join(e.data for e in effects if not isinstance(e, Unplug)).split(b"\n"):
            assert line.isascii()
    instrument.receive(b"\n\nZ\nH\nZ\n", now_s)
    instrument.advance(now_s)
    assert instrument.due_s is None
    assert len(instrument._lines) == 0
    assert len(instrument._line) == 0
