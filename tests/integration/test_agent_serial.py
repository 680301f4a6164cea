"""From an instrument on a tty through a real broker and analyzer to results, with kills between."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import programs
from support.agent import Speaker, speaking
from support.agents import storing_analyzer
from support.broker import Broker
from support.potentiostat import Pico, pico
from support.tools import wait_until

from sacmes_core import questions
from sacmes_core.payloads.questions import MeasureRequest
from sacmes_core.payloads.replies import MeasureReply, Problem
from sacmes_core.payloads.results import Result
from sacmes_core.settings.method import MethodSettings, SquareWaveMethod
from sacmes_core.settings.session import SessionSettings
from sacmes_core.settings.source import SourceSettings

START = (
    "--start", "swv", "--from", "-0.1", "--to", "-500mV", "--step", "4mV", "--frequency", "15",
    "--frequency", "200", "--interval", "0", "--quiet-time", "0",
)  # fmt: skip


@contextmanager
def agent(broker: Broker, home: Path, *options: str | Path) -> Iterator["subprocess.Popen[bytes]"]:
    with programs.running(
        "sacmes-agent", "serial", home / "tty", "--instrument", "methodscript",
        "--broker", broker.url("alice"), "--home", home, "--log-level", "debug", *options,
        log=home / "agent.log",
    ) as process:  # fmt: skip
        yield process


@contextmanager
def analyzer(broker: Broker, home: Path) -> Iterator[None]:
    with programs.running(
        "sacmes-analyzer", "run", "--broker", broker.url("analyzer"), "--home", home,
        log=home / "analyzer.log",
    ):  # fmt: skip
        yield


@pytest.fixture
def instrument(tmp_path: Path) -> Iterator[Pico]:
    with pico(tmp_path / "tty") as one:
        yield one


def numbered(results: list[Result]) -> dict[tuple[int | None, float | None], Result]:
    return {(r.scan.number, r.scan.frequency_hz): r for r in results}


@pytest.mark.timeout(240)
def test_a_run_of_its_own_gives_results_and_an_unplugged_scan_is_flagged(
    own_broker: Broker, tmp_path: Path, instrument: Pico
) -> None:
    instrument.pause_s = 0.01
    with analyzer(own_broker, tmp_path), speaking(own_broker) as viewer:
        with agent(own_broker, tmp_path, *START, "--repeats", "3") as process:
            wait_until(lambda: instrument.scans >= 2, timeout=60, what="two scans")
            wait_until(lambda: instrument.cell_on, what="a third")
            time.sleep(0.3)
            instrument.unplug()
            time.sleep(0.5)
            instrument.pause_s = 0.0
            instrument.plug(tmp_path / "tty")
            wait_until(lambda: len(viewer.results) == 6, timeout=60, what="six results")
            assert programs.end(process) == 0
        found = numbered(viewer.results)
    assert sorted(found) == [(n, f) for n in (1, 2, 3) for f in (15.0, 200.0)]
    flagged = [key for key, result in found.items() if "truncated_scan" in result.flags]
    assert len(flagged) == 1
    whole = [result for key, result in found.items() if key not in flagged]
    assert all(result.error is None and result.electrodes for result in whole)
    assert all(result.electrodes[0].peak_current_a for result in whole)
    assert not instrument.cell_on


@pytest.mark.timeout(240)
def test_no_number_is_used_twice_though_the_agent_is_killed(
    own_broker: Broker, tmp_path: Path, instrument: Pico
) -> None:
    instrument.pause_s = 0.002
    with storing_analyzer(own_broker.url("analyzer"), "alice") as store:
        for kill in range(4):
            with agent(own_broker, tmp_path, *START, "--repeats", "1000") as process:
                wait_until(
                    lambda kill=kill: len(store.stored) >= 3 * (kill + 1),
                    timeout=60,
                    what="more scans",
                )
                if kill < 3:
                    process.kill()
                    process.wait()
                else:
                    assert programs.end(process) == 0
        files = store.files
        presence = store.presence
    assert presence is not None
    assert (presence.source, presence.remote_start) == ("serial", False)
    assert presence.instrument.startswith("EmStat Pico, firmware espico1304")
    assert presence.limits is not None
    assert (presence.limits.min_v, presence.limits.max_current_a) == (-1.7, 5e-3)
    assert len(files) == len(set(files))
    headers = [header for header, _ in store.stored.values()]
    keys = [(header.number, header.frequency_hz) for header in headers]
    assert keys == sorted(keys, key=lambda key: (key[0] or 0, key[1] or 0.0))
    numbers = {number for number, _ in keys}
    assert numbers == set(range(1, max(n or 0 for n in numbers) + 1))
    # Every kill cut one scan short, and so did the end.
    assert sum(not header.complete for header in headers) <= 4
    assert not instrument.cell_on


def ask(viewer: Speaker, request: MeasureRequest) -> MeasureReply | Problem:
    reply = viewer.ask(questions.MEASURE, request)
    assert isinstance(reply, MeasureReply | Problem)
    return reply


@pytest.mark.timeout(240)
def test_a_measurement_is_started_remotely_only_where_that_is_allowed(
    own_broker: Broker, tmp_path: Path, instrument: Pico
) -> None:
    method = MethodSettings(
        interval_s=1000.0, repeats=1, quiet_s=0.0, swv=SquareWaveMethod(step_v=0.004)
    )
    settings = SessionSettings(source=SourceSettings(frequencies_hz=(15.0,), method=method))
    with analyzer(own_broker, tmp_path), speaking(own_broker) as viewer:
        with agent(own_broker, tmp_path):
            wait_until(lambda: "cell_off" in instrument.scripts, timeout=30, what="the agent")
            viewer.start(settings)
            wait_until(
                lambda: "--allow-remote" in (tmp_path / "agent.log").read_text(), what="a refusal"
            )
            reply = ask(viewer, MeasureRequest())
            assert isinstance(reply, Problem)
            assert (reply.type, instrument.scans) == ("forbidden", 0)
        with agent(own_broker, tmp_path, "--allow-remote"):
            wait_until(lambda: len(viewer.results) == 1, timeout=30, what="a result")
            reply = ask(viewer, MeasureRequest(by="viewer"))
            assert isinstance(reply, MeasureReply)
            assert reply.number == 2
            wait_until(lambda: len(viewer.results) == 2, timeout=30, what="another")
    assert sorted(r.scan.number or 0 for r in viewer.results) == [1, 2]


def test_a_command_line_that_is_wrong_says_so(tmp_path: Path) -> None:
    for options, words in (
        (("--start", "swv"), "at least one --frequency"),
        (("--start", "cv", "--to", "-0.5"), "has no use for end_v"),
        (("--start", "swv", "--frequency", "15", "--step", "1mA"), "another unit than V"),
        (("--start", "swv", "--frequency", "15", "--step", "9V"), "step_v"),
        (("--config", "kickstat"), "kind lines"),
    ):
        said = programs.run(
            "sacmes-agent", "serial", "/dev/none", "--instrument", "methodscript", "--broker",
            "mqtt://alice@localhost:1", "--home", tmp_path, *options,
        )  # fmt: skip
        assert said.returncode == 2
        assert words in " ".join(said.stderr.replace("│", " ").split())
