"""The demo as people start it: one command, the whole system, nothing left behind."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from support.programs import command, environment
from support.tools import requires, wait_until

from dashboard.demo_processes import SHORT_LIFE_S
from sacmes_core.protocol import QUERY, REPLY

START_S = 90
END_S = 40


class Demo:
    """A running demo, and what it has said."""

    def __init__(self, process: "subprocess.Popen[bytes]", out: Path, home: Path) -> None:
        self.process = process
        self.out = out
        self.home = home

    def said(self) -> str:
        return self.out.read_text("utf-8")

    def row(self, name: str) -> str:
        found = re.search(rf"^ *{name}  (.+)$", self.said(), re.MULTILINE)
        assert found, self.said()
        return found[1]

    def results(self, count: int) -> list[dict[str, object]]:
        """Listen with the very command that the demo names."""
        listen = [*self.row("listen").split(), "-C", str(count), "-W", "60"]
        said = subprocess.run(listen, capture_output=True, text=True, timeout=80, check=False)
        assert said.returncode == 0, said.stderr
        return [json.loads(line) for line in said.stdout.splitlines()]

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def child(self, what: str) -> int:
        """The process with this in its command line."""
        (pid,) = (
            pid
            for pid in self.children()
            if what.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
        return pid

    def log(self, name: str) -> str:
        return (self.home / "logs" / f"{name}.log").read_text("utf-8", "replace")


def exists(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and ") Z " not in status.read_text()


@contextmanager
def running_demo(tmp_path: Path, *arguments: str, run: list[str] | None = None) -> Iterator[Demo]:
    home = tmp_path / "home"
    out = tmp_path / "out"
    options = ["--no-browser", "--home", str(home), *arguments]
    with out.open("wb") as sink:
        process = subprocess.Popen(
            [*(run or command("sacmes-demo")), *options],
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
    demo = Demo(process, out, home)
    try:
        wait_until(
            lambda: process.poll() is not None or "Ctrl-C" in demo.said(),
            timeout=START_S,
            what="the demo",
        )
        assert process.poll() is None, demo.said()
        yield demo
    finally:
        process.terminate()
        process.wait(END_S)


@pytest.mark.timeout(240)
def test_simulated_scans_become_results_whatever_is_killed_and_all_ends_at_ctrl_c(
    tmp_path: Path,
) -> None:
    requires("mosquitto")
    requires("mosquitto_rr", "mosquitto-clients")
    with running_demo(tmp_path) as demo:
        key, url = demo.row("key"), demo.row("dashboard")
        assert "user_id=demo" in url
        assert key not in url
        with urlopen(url, timeout=10) as page:
            assert page.status == 200
        results = demo.results(3)
        assert all("error" not in result or result["error"] is None for result in results)
        children = demo.children()
        assert len(children) == 5
        arguments = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children]
        assert not [line for line in arguments if key.encode() in line]
        everything_is_stored_whatever_is_killed(demo)
        children = demo.children()
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(END_S) == 0
        assert not [pid for pid in children if exists(pid)]
        assert "Traceback" not in demo.said() + demo.log("analyzer") + demo.log("agent")
        assert demo.said().rstrip().endswith("Ended.")
        assert "terminating" in demo.log("broker")


def everything_is_stored_whatever_is_killed(demo: Demo) -> None:
    """Kill broker, analyzer and agent; they are started again, and no scan is lost or doubled."""
    time.sleep(SHORT_LIFE_S)
    for what in ("mosquitto.conf", "analyzer.cli", "watch"):
        os.kill(demo.child(what), signal.SIGKILL)
        time.sleep(1)
    wait_until(lambda: demo.said().count("is started again") == 3, what="three new starts")
    written = {path.name for path in (demo.home / "files").iterdir()}

    def with_all() -> list[dict[str, str]]:
        rows = exported(demo, 1)
        return rows if {row["file"] for row in rows} >= written else []

    rows = wait_until(with_all, timeout=90, what="every file that was written")
    assert len({(row["file"], row["electrode"]) for row in rows}) == len(rows)


@pytest.mark.timeout(240)
def test_a_folder_of_real_files_until_the_broker_cannot_be_started_again(
    tmp_path: Path, samples: Path
) -> None:
    requires("mosquitto")
    requires("mosquitto_rr", "mosquitto-clients")
    folder = samples / "chi_txt_swv_series"
    files = {path.name for path in folder.glob("*.txt")}
    with running_demo(tmp_path, "--folder", str(folder)) as demo:
        assert demo.row("files") == str(folder.resolve())
        table = wait_until(lambda: exported(demo, len(files)), timeout=60, what="every file's row")
        assert {row["file"] for row in table} >= files, table[:1]
        it_ends_with_the_last_words_of_what_cannot_run(demo)


def it_ends_with_the_last_words_of_what_cannot_run(demo: Demo) -> None:
    """Spoil the broker's configuration and kill it."""
    children = demo.children()
    (demo.home / "broker" / "mosquitto.conf").write_text("nonsense\n", "utf-8")
    time.sleep(SHORT_LIFE_S)
    os.kill(demo.child("mosquitto.conf"), signal.SIGKILL)
    assert demo.process.wait(END_S) == 1
    assert "The broker ended" in demo.said()
    assert "nonsense" in demo.said()
    assert "Traceback" not in demo.said()
    assert not [pid for pid in children if exists(pid)]


def exported(demo: Demo, rows: int) -> list[dict[str, str]]:
    """Ask for the CSV table as any MQTT client can, without sacmes."""
    listen = demo.row("listen").split()
    common = listen[1 : listen.index("-t")]
    topics = [QUERY.topic(user_id="demo", verb="export"), REPLY.topic(user_id="demo", client="x1")]
    ask = ["mosquitto_rr", *common, "-q", "1", "-t", topics[0], "-e", topics[1]]
    said = subprocess.run(
        [*ask, "-m", '{"schema": 1}', "-W", "5"], capture_output=True, text=True, check=False
    )
    table = list(csv.DictReader(line for line in said.stdout.splitlines() if line[:1] != "#"))
    return table if len(table) >= rows else []


@pytest.mark.timeout(240)
def test_the_agent_measures_on_a_simulated_instrument_and_nothing_outlives_a_killed_demo(
    tmp_path: Path,
) -> None:
    requires("mosquitto")
    requires("mosquitto_sub", "mosquitto-clients")
    with running_demo(tmp_path, "--instrument", "methodscript") as demo:
        assert "methodscript" in demo.row("instrument")
        results = demo.results(2)
        assert {r["scan"]["format"] for r in results} == {"methodscript"}  # type: ignore[index]
        assert all(result["error"] is None for result in results)
        children = demo.children()
        assert children
        demo.process.kill()
        wait_until(
            lambda: not [pid for pid in children if exists(pid)], timeout=END_S, what="their end"
        )


@pytest.mark.timeout(240)
def test_without_mosquitto_the_embedded_broker_is_labelled(tmp_path: Path) -> None:
    requires("mosquitto_sub", "mosquitto-clients")
    pytest.importorskip("iotcore")
    code = "from dashboard import demo; demo.find_mosquitto = lambda *_: None; demo.main()"
    with running_demo(tmp_path, run=[sys.executable, "-c", code]) as demo:
        assert "nothing kept on disk" in demo.row("broker")
        assert len(demo.results(2)) == 2
