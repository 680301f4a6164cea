"""A simulated instrument on real lines: a TCP port and a tty, opened as an agent opens them."""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial
from support.pico import square_wave_script
from support.tools import wait_until

from agent.simulator_ports import UNSENT_MAX, Port, PtyPort, TcpPort
from agent.simulator_service import Bench, InstrumentService, StatusServer, faults_of
from sacmes_core.errors import ConfigError
from sacmes_core.flags import LINES_LOST
from sacmes_core.formats.reading import read

FAST = 200.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pty is needed")


@pytest.fixture(params=["tcp", "tty"])
def make_port(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Port]:
    if request.param == "tcp":
        return lambda: TcpPort("127.0.0.1", 0)
    return lambda: PtyPort(tmp_path / "potentiostat")


@contextmanager
def line(service: InstrumentService) -> Iterator[serial.SerialBase]:
    host = serial.serial_for_url(service.port.name, timeout=5)
    try:
        yield host
    finally:
        host.close()


def measure(host: serial.SerialBase, script: str) -> bytes:
    host.write(script.encode())
    heard = b""
    while not heard.endswith(b"\n\n"):
        more = host.read_until(b"\n")
        assert more, f"nothing more after {heard[-100:]!r}"
        heard += more
    return heard


def hear_out(host: serial.SerialBase) -> None:
    """Read what was said to nobody, until nothing more comes."""
    patience_s, host.timeout = host.timeout, 0.3
    while host.read(4096):
        pass
    host.timeout = patience_s


def test_a_scan_is_measured_and_read(make_port: Callable[[], Port]) -> None:
    with InstrumentService(Bench(speed=FAST), make_port()) as service, line(service) as host:
        host.write(b"\nZ\nt\n")
        assert [host.readline() for _ in range(3)] == [
            b"Z!0006\n", b"tespico1304#Oct 22 2021 14:38:26\n", b"R*\n",
        ]  # fmt: skip
        (scan,) = read(measure(host, square_wave_script(frequency="100")), name="scan.txt")
        assert scan.complete
        assert not scan.flags
        assert service.status() == {
            "instrument": "methodscript",
            "cell_is_on": False,
            "potential_v": pytest.approx(-0.5),
            "running": False,
            "scans": 1,
            "plugged_in": True,
        }


def test_the_instrument_goes_on_while_no_host_is_there(make_port: Callable[[], Port]) -> None:
    with InstrumentService(Bench(speed=FAST), make_port()) as service:
        with line(service) as host:
            host.write(square_wave_script(frequency="500m").encode())
            host.read(100)
        assert service.instrument.cell_is_on
        wait_until(lambda: not service.instrument.is_running, what="the end of the script")
        assert not service.instrument.cell_is_on
        with line(service) as host:
            hear_out(host)
            assert read(measure(host, square_wave_script(frequency="100")), name="x")[0].complete


def test_the_plug_comes_out_and_goes_in_again(make_port: Callable[[], Port]) -> None:
    bench = Bench(speed=FAST, faults=faults_of(["unplug@1:4s"]))
    with InstrumentService(bench, make_port()) as service:
        heard = b""
        with line(service) as host:
            host.write(square_wave_script(frequency="1").encode())
            with pytest.raises((serial.SerialException, OSError)):  # noqa: PT012
                while True:
                    heard += host.read(1)
        assert heard.count(b"P") > 10
        assert not heard.endswith(b"*\n\n")
        assert not service.status()["plugged_in"]
        with pytest.raises((serial.SerialException, OSError)):
            serial.serial_for_url(service.port.name, timeout=1)
        wait_until(lambda: service.status()["plugged_in"], what="the plug")
        with line(service) as host:
            host.write(b"Z\n")
            host.read_until(b"\n\n")
            assert not service.instrument.cell_is_on
            assert read(measure(host, square_wave_script(frequency="100")), name="x")[0].complete


def test_a_tty_has_a_name_without_a_link() -> None:
    with InstrumentService(Bench(), PtyPort()) as service, line(service) as host:
        assert service.port.name.startswith("/dev/")
        host.write(b"v\n")
        assert host.readline() == b"v0105\n"


def test_a_cut_line_reaches_the_host(make_port: Callable[[], Port]) -> None:
    bench = Bench(speed=FAST, faults=faults_of(["cut@1"]))
    with InstrumentService(bench, make_port()) as service, line(service) as host:
        (scan,) = read(measure(host, square_wave_script(frequency="100")), name="scan.txt")
        assert LINES_LOST in scan.flags


@pytest.mark.parametrize("kind", ["kickstat", "acestat"])
def test_an_instrument_notices_that_its_port_is_opened(
    kind: str, make_port: Callable[[], Port]
) -> None:
    greeting = {"kickstat": b"Ready!\r\n", "acestat": b"[:MENU]"}[kind]
    with InstrumentService(Bench(kind=kind), make_port()) as service, line(service) as host:
        assert host.read(len(greeting)) == greeting


def test_the_next_host_is_let_in_at_once() -> None:
    with InstrumentService(Bench(kind="kickstat", speed=10.0), TcpPort("127.0.0.1", 0)) as service:
        for _ in range(3):
            with line(service) as host:
                assert host.readline() == b"Ready!\r\n"


def test_a_rodeostat_measures_on_a_line(make_port: Callable[[], Port]) -> None:
    bench = Bench(kind="rodeostat", speed=FAST)
    with InstrumentService(bench, make_port()) as service, line(service) as host:
        host.write(b'{"command":"runTest","test":"squareWave"}\n')
        recording = host.read_until(b"{}\r\n")
        (scan,) = read(recording, name="scan.jsonl")
        assert (scan.technique, scan.complete) == ("swv", True)


def test_points_come_in_scaled_time() -> None:
    port = TcpPort("127.0.0.1", 0)
    with InstrumentService(Bench(speed=10.0), port) as service, line(service) as host:
        begin = time.monotonic()
        measure(host, square_wave_script(frequency="50"))
        assert 0.5 <= time.monotonic() - begin < 10.0


def test_a_second_host_is_turned_away() -> None:
    with InstrumentService(Bench(), TcpPort("127.0.0.1", 0)) as service, line(service) as host:
        host.write(b"i\n")
        assert host.readline() == b"i00A1B2C3D4E5F607\n"
        address = service.port.name.removeprefix("socket://").split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=5) as other:
            assert other.recv(1) == b""
        host.write(b"i\n")
        assert host.readline() == b"i00A1B2C3D4E5F607\n"


def test_what_a_host_does_not_read_is_lost_at_last() -> None:
    text = '"' + "x" * 200 + '"'
    port = TcpPort("127.0.0.1", 0)
    with InstrumentService(Bench(speed=1e4), port) as service, line(service) as host:
        host.write(f"e\nvar i\nloop i < 1i\nsend_string {text}\nendloop\n\n".encode())
        wait_until(lambda: len(port._unsent) > UNSENT_MAX - 1000, what="a full line")
        time.sleep(0.2)
        assert len(port._unsent) <= UNSENT_MAX
        host.write(b"Z\n")
        wait_until(lambda: not service.instrument.is_running, what="the abort")


def test_the_status_is_told_on_a_port_of_its_own() -> None:
    with (
        InstrumentService(Bench(), TcpPort("127.0.0.1", 0)) as service,
        StatusServer(service, "127.0.0.1", 0) as server,
    ):
        host, port = server.address.split(":")
        for _ in range(2):
            with socket.create_connection((host, int(port)), timeout=5) as caller:
                assert json.loads(caller.makefile().readline()) == service.status()
    assert not [t for t in threading.enumerate() if t.name in ("instrument", "status")]


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match="choose another one"):
            TcpPort("127.0.0.1", port)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="no link"):
        PtyPort(tmp_path / "file")
    with pytest.raises(ConfigError, match="one of methodscript"):
        Bench(kind="voltmeter").instrument()
