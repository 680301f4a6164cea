"""Instruments that print lines: what they ask, print, and how a reader finds it."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.pico import Host, fault_plan, make_cell

from sacmes_core.formats.reading import read
from sacmes_core.formats.scan import ColumnMapping, Scan
from sacmes_core.simulate.instruments.lines import (
    CURRENT_RANGE,
    KICKSTAT_HZ,
    KICKSTAT_WAVE,
    AceStat,
    KickStat,
    LineInstrument,
)
from sacmes_core.simulate.square_wave import SquareWave

WRITTEN_A = CURRENT_RANGE.step_a / 2 + 0.51e-10


def kickstat(*faults: str) -> Host:
    return Host(KickStat(make_cell(), fault_plan(*faults)))


def acestat(*faults: str) -> Host:
    return Host(AceStat(make_cell(), fault_plan(*faults)))


def scan_of(recording: bytes, potential_unit: str) -> Scan:
    mapping = ColumnMapping(potential_unit=potential_unit, current_unit="µA")
    (scan,) = read(recording, name="recording.txt", mapping=mapping)
    return scan


def test_a_kickstat_is_ready_and_measures_at_any_character() -> None:
    host = kickstat()
    host.instrument.opened(0.0)
    assert host.ask("x", 0.5) == b""
    assert host.listen(0.5) == b"Ready!\r\n"
    recording = host.ask("\n", 2.0)
    assert host.instrument.cell_is_on
    assert host.ask("x", 0.0) == b""
    recording += host.listen(10.0)
    lines = recording.split(b"\r\n")
    assert lines[0] == b"Voltage,Current"
    assert lines[1].startswith(b"-0.002,-0.")
    assert [line[:3] for line in lines[-4:]] == [b"Ep:", b"Ip:", b"Rea", b""]
    assert not host.instrument.cell_is_on
    scan = scan_of(b"Ready!\r\n" + recording, "V")
    forward, reverse = make_cell().square_wave(1, KICKSTAT_WAVE, KICKSTAT_HZ)
    (curve,) = scan.curves
    assert (scan.technique, scan.complete) == ("swv", True)
    assert curve.potential_v == pytest.approx(KICKSTAT_WAVE.potentials_v, abs=1e-9)
    assert np.abs(np.array(curve.current_a) - (forward - reverse)).max() <= WRITTEN_A


def test_opening_the_port_resets_a_kickstat() -> None:
    host = kickstat("error@1")
    host.ask("x")
    assert host.instrument.cell_is_on, "it hangs"
    host.instrument.opened(host.now_s)
    assert host.listen(1.0) == b"Ready!\r\n"
    assert not host.instrument.cell_is_on
    assert host.ask("x").endswith(b"Ready!\r\n")


def test_an_acestat_asks_for_each_number() -> None:
    host = acestat()
    host.instrument.opened(0.0)
    assert host.ask("x", 0.5) == b""
    assert host.listen(0.5) == b"[:MENU]"
    said = [host.ask(f"{text}\r\n", 1e-3) for text in ("S", "+0000", "-0500", "002", "0025")]
    assert said == [b"[:SVI]", b"[:SVF]", b"[:SVS]", b"[:SVA]", b"[:SVQ]"]
    recording = host.ask("0100\n")
    assert recording.startswith(b"[START:SWV][RANGE:0,-500][RGAIN:10000][RESULTS:\n-2.0000,-0.")
    assert recording.endswith(b"\r\n][END:SWV]\r\n[:MENU]")
    scan = scan_of(recording, "mV")
    wave = SquareWave(0.0, -0.5, 0.002, 0.025)
    forward, reverse = make_cell().square_wave(1, wave, 100.0)
    (curve,) = scan.curves
    assert (scan.technique, scan.complete) == ("swv", True)
    assert curve.potential_v == pytest.approx(wave.potentials_v, abs=1e-9)
    assert np.abs(np.array(curve.current_a) - (forward - reverse)).max() <= WRITTEN_A


def test_an_acestat_measures_cycles() -> None:
    scan = scan_of(acestat().ask("C\n0200\n-0500\n005\n100\n"), "mV")
    assert scan.technique == "cv"
    assert scan.curves[0].potential_v[0] == scan.curves[0].potential_v[-1] == 0.2
    assert min(scan.curves[0].potential_v) == -0.5


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["EIS"], b"[ERROR:INPUT]\r\n[:MENU]"),
        (["S", "zero"], b"[ERROR:INPUT]\r\n[:SVI]"),
        (["S", "0", "-500", "0", "25", "60"], b"[ERROR:RANGE]\r\n[:MENU]"),
        (["S", "0", "-2500", "2", "25", "60"], b"[ERROR:RANGE]\r\n[:MENU]"),
        (["S", "0", "-500", "2", "25", "0"], b"[ERROR:RANGE]\r\n[:MENU]"),
        (["C", "0", "0", "2", "100"], b"[ERROR:RANGE]\r\n[:MENU]"),
    ],
)
def test_what_an_acestat_cannot_do_it_asks_again(answers: list[str], said: bytes) -> None:
    host = acestat()
    heard = [host.ask(f"{answer}\n") for answer in answers]
    assert heard[-1] == said


def test_faults_of_lines() -> None:
    clean = kickstat().ask("x")
    assert kickstat("nan@1").ask("x").count(b",nan\r\n") == 1
    assert len(kickstat("drop@1").ask("x")) == len(clean) - 1
    overloaded = kickstat("overload@1").ask("x")
    assert overloaded.count(b",20.0000") + overloaded.count(b",-20.0000") == 10
    assert kickstat("nan@2").ask("x") == clean


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([KickStat, AceStat]),
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from([b"S\n", b"C\n", b"0\n", b"-500\n", b"999999\n", b"2\n", b"1\n"]),
        ),
        max_size=12,
    ),
)
def test_garbage_is_answered_or_ignored(kind: type[LineInstrument], sent: list[bytes]) -> None:
    instrument = kind(make_cell())
    for k, data in enumerate(sent):
        instrument.receive(data, float(k))
        assert all(effect.data.isascii() for effect in instrument.advance(k + 0.05))  # type: ignore[union-attr]
    while instrument.is_running:
        instrument.advance(1e9)
    assert not instrument.cell_is_on
    assert math.isfinite(instrument.potential_v)
