"""The agent on a simulated potentiostat that is unplugged and fails: nothing is lost or left on."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support import programs
from support.agent import speaking
from support.broker import Broker
from support.tools import wait_until

from sacmes_core.payloads.results import Result


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Simulated:
    """A simulated instrument, and what a person beside it would see."""

    def __init__(self, port: int, status_port: int) -> None:
        self.port = f"socket://127.0.0.1:{port}"
        self._status_port = status_port

    def status(self) -> dict[str, Any]:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._status_port), 2) as s:
            found: dict[str, Any] = json.loads(s.makefile().readline())
            return found
        return {}


@contextmanager
def simulated(kind: str, home: Path, *options: str) -> Iterator[Simulated]:
    one = Simulated(free_port(), free_port())
    port, status_port = one.port.rpartition(":")[2], str(one._status_port)
    with programs.running(
        "sacmes-agent", "simulate", "--instrument", kind, "--tcp", port,
        "--status-port", status_port, "--speed", "50", *options, log=home / "simulated.log",
    ):  # fmt: skip
        wait_until(one.status, timeout=60, what="the simulated instrument")
        yield one


def measured(
    broker: Broker,
    home: Path,
    instrument: Simulated,
    *options: str,
    results: int,
    technique: str = "swv",
) -> list[Result]:
    """What a run of its own gives, once so many results are there."""
    with (
        programs.running(
            "sacmes-analyzer", "run", "--broker", broker.url("analyzer"), "--home", home,
            log=home / "analyzer.log",
        ),
        speaking(broker) as viewer,
        programs.running(
            "sacmes-agent", "serial", instrument.port, "--broker", broker.url("alice"),
            "--home", home, "--start", technique, "--interval", "0", "--quiet-time", "0.5",
            *options, log=home / "agent.log",
        ) as process,
    ):  # fmt: skip
        wait_until(lambda: len(viewer.results) >= results, timeout=150, what="the results")
        assert programs.end(process, timeout=30) == 0
        return viewer.results


@pytest.mark.timeout(300)
def test_a_pico_that_is_unplugged_and_fails_ends_with_its_cell_off(
    own_broker: Broker, tmp_path: Path
) -> None:
    faults = ("--fault", "unplug@3:2s", "--fault", "error@6")
    with simulated("methodscript", tmp_path, *faults) as instrument:
        results = measured(
            own_broker, tmp_path, instrument, "--instrument", "methodscript", "--step", "2mV",
            "--frequency", "20", "--frequency", "100", "--repeats", "4", results=8,
        )  # fmt: skip
        assert instrument.status()["cell_is_on"] is False
    names = Counter((r.scan.number, r.scan.frequency_hz) for r in results)
    assert names == Counter((n, f) for n in (1, 2, 3, 4) for f in (20.0, 100.0))
    flagged = {(r.scan.number, r.scan.frequency_hz) for r in results if "truncated_scan" in r.flags}
    assert flagged == {(2, 20.0), (3, 100.0)}
    whole = [r for r in results if "truncated_scan" not in r.flags]
    assert all(r.error is None and r.electrodes[0].peak_current_a for r in whole)


@pytest.mark.timeout(300)
def test_lines_of_an_instrument_that_is_described_become_numbers(
    own_broker: Broker, tmp_path: Path
) -> None:
    with simulated("acestat", tmp_path) as instrument:
        results = measured(
            own_broker, tmp_path, instrument, "--instrument", "lines", "--config", "acestat",
            "--step", "2mV", "--frequency", "20", "--repeats", "2", results=2,
        )  # fmt: skip
    assert [(r.scan.number, r.scan.format, r.error) for r in results] == [
        (1, "lines", None), (2, "lines", None),
    ]  # fmt: skip
    for result in results:
        peak_a = result.electrodes[0].peak_current_a
        assert peak_a is not None
        assert 1e-8 < abs(peak_a) < 1e-5


@pytest.mark.timeout(300)
def test_a_rodeostat_measures_and_is_left_off(own_broker: Broker, tmp_path: Path) -> None:
    with simulated("rodeostat", tmp_path, "--fault", "unplug@2:2s") as instrument:
        results = measured(
            own_broker, tmp_path, instrument, "--instrument", "rodeostat", "--step", "2mV",
            "--frequency", "20", "--repeats", "3", results=3,
        )  # fmt: skip
        assert instrument.status()["cell_is_on"] is False
    assert [r.scan.number for r in results] == [1, 2, 3]
    assert ["truncated_scan" in r.flags for r in results] == [False, True, False]


@pytest.mark.timeout(300)
def test_cycles_are_measured_and_analysed(own_broker: Broker, tmp_path: Path) -> None:
    with simulated("methodscript", tmp_path) as instrument:
        results = measured(
            own_broker, tmp_path, instrument, "--instrument", "methodscript", "--from", "0",
            "--vertex", "-0.5", "--scan-rate", "0.5", "--repeats", "2", results=2, technique="cv",
        )  # fmt: skip
        assert instrument.status()["cell_is_on"] is False
    assert [(r.scan.number, r.scan.technique, r.error) for r in results] == [
        (1, "cv", None), (2, "cv", None),
    ]  # fmt: skip
    assert all(r.electrodes[0].cv is not None for r in results)


@pytest.mark.timeout(300)
def test_potential_steps_are_measured_and_analysed(own_broker: Broker, tmp_path: Path) -> None:
    with simulated("methodscript", tmp_path) as instrument:
        results = measured(
            own_broker, tmp_path, instrument, "--instrument", "methodscript", "--potential", "-0.1",
            "--potential", "-0.4", "--duration", "0.2", "--repeats", "1", results=1, technique="ca",
        )  # fmt: skip
    (result,) = results
    assert (result.scan.technique, result.error) == ("ca", None)
    assert result.electrodes[0].ca is not None
