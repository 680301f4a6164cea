"""From the instrument's folder to a late viewer, with every process killed on the way."""

import csv
import io
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import programs
from support.agent import Speaker, speaking
from support.broker import Broker
from support.tools import wait_until

from sacmes_core.payloads.questions import ExportQuery, HistoryQuery, SessionsQuery
from sacmes_core.payloads.replies import HistoryReply, SessionsReply
from sacmes_core.payloads.results import Result
from sacmes_core.questions import EXPORT, HISTORY, SESSIONS
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.potentiostat import Potentiostat, Run, file_name

FREQUENCIES_HZ = (15.0, 200.0)
NUMBERS = 100
FILES = NUMBERS * len(FREQUENCIES_HZ)
ELECTRODES = (1, 2)


class Experiment:
    """Agent and analyzer as processes, each of which can be killed and started again."""

    def __init__(self, broker: Broker, home: Path) -> None:
        self.broker = broker
        self.home = home
        self.folder = home / "data"
        self.folder.mkdir()
        self.written: list[Path] = []
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, role: str) -> None:
        arguments: list[str | Path] = ["--home", self.home / role]
        if role == "analyzer":
            arguments = ["run", "--broker", self.broker.url("analyzer"), *arguments]
        else:
            frequencies = [a for f in FREQUENCIES_HZ for a in ("--frequency", f"{f:g}")]
            arguments = [
                "watch", self.folder, "--broker", self.broker.url("alice"), *arguments,
                "--start", "swv", "--handle", "SWV_", *frequencies,
            ]  # fmt: skip
        with (self.home / f"{role}.log").open("ab") as log:
            self._running[role] = subprocess.Popen(
                programs.command(f"sacmes-{role}", *arguments),
                env=programs.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill9(self, role: str) -> None:
        process = self._running.pop(role)
        process.kill()
        process.wait()

    def end(self) -> dict[str, int]:
        """Stop what runs, the agent first; the exit statuses."""
        roles = [role for role in ("agent", "analyzer") if role in self._running]
        return {role: programs.end(self._running.pop(role)) for role in roles}

    def measure(self) -> None:
        """Play the instrument: each file under its final name, written in pieces."""
        potentiostat = Potentiostat(Run(electrodes=ELECTRODES, additions=(Addition(50),), seed=3))
        for number in range(1, NUMBERS + 1):
            for frequency_hz in FREQUENCIES_HZ:
                content = potentiostat.file(number, frequency_hz)
                path = self.folder / file_name(number, frequency_hz)
                with path.open("wb") as out:
                    for start in range(0, len(content), 8192):
                        out.write(content[start : start + 8192])
                        out.flush()
                self.written.append(path)
                time.sleep(0.06)

    def wait_for_files(self, count: int) -> None:
        wait_until(lambda: len(self.written) >= count, timeout=90, what=f"{count} files")


@contextmanager
def experiment(broker: Broker, home: Path) -> Iterator[Experiment]:
    one = Experiment(broker, home)
    try:
        one.start("analyzer")
        one.start("agent")
        yield one
    finally:
        one.end()


def history(viewer: Speaker) -> list[Result]:
    """Every result of the newest session, page after page."""
    results: list[Result] = []
    while True:
        after = results[-1].position if results else 0
        page = viewer.ask(HISTORY, HistoryQuery(after_position=after, limit=150))
        assert isinstance(page, HistoryReply), page
        results.extend(page.results)
        if not page.more:
            return results


def wait_for_history(viewer: Speaker, count: int, *, timeout_s: float) -> list[Result]:
    deadline = time.monotonic() + timeout_s
    while len(results := history(viewer)) < count:
        assert time.monotonic() < deadline, f"{len(results)} of {count} results"
        time.sleep(0.5)
    return results


@pytest.mark.timeout(240)
def test_200_files_come_through_three_kills_once_each(own_broker: Broker, tmp_path: Path) -> None:
    with experiment(own_broker, tmp_path) as one, speaking(own_broker) as viewer:
        wait_until(lambda: viewer.documents(), timeout=30, what="the session document")
        instrument = threading.Thread(target=one.measure)
        instrument.start()
        one.wait_for_files(50)
        one.kill9("agent")
        one.start("agent")
        one.wait_for_files(100)
        one.kill9("analyzer")
        one.start("analyzer")
        one.wait_for_files(150)
        own_broker.kill9()
        time.sleep(1)
        own_broker.start()
        instrument.join()
        wait_for_history(viewer, FILES, timeout_s=90)
        time.sleep(2)
        with speaking(own_broker) as late:
            results = history(late)
            sessions = late.ask(SESSIONS, SessionsQuery())
            content = late.ask(EXPORT, ExportQuery())
        statuses = one.end()

    assert isinstance(sessions, SessionsReply)
    assert len(sessions.sessions) == 1
    assert sorted(r.scan.file for r in results) == sorted(path.name for path in one.written)
    assert [r.position for r in results] == list(range(1, FILES + 1))
    assert all(r.scan.revision == 1 and r.error is None for r in results)
    assert isinstance(content, bytes)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == FILES * len(ELECTRODES)
    assert statuses == {"agent": 0, "analyzer": 0}
    assert peaks(results) == pytest.approx(offline_peaks(one.written), rel=1e-9)
    pairs = [e.kdm for r in results for e in r.electrodes if e.kdm is not None]
    assert len(pairs) == NUMBERS * len(ELECTRODES)
    assert all(e.normalised is not None for r in results for e in r.electrodes)


def peaks(results: list[Result]) -> dict[tuple[str, int], float | None]:
    return {(r.scan.file, e.electrode): e.peak_current_a for r in results for e in r.electrodes}


def offline_peaks(files: list[Path]) -> dict[tuple[str, int], float | None]:
    """What the same science says of the same files without agent, broker and store."""
    said = programs.run("sacmes-analyzer", "analyze", *files, "--json", timeout=120)
    assert said.returncode == 0, said.stderr
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    return {(Path(x["file"]).name, x["electrode"]): x["peak_current_a"] for x in lines}
