"""A whole experiment: instrument, agent, broker and analyzer, each of which can be killed."""

import csv
import io
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support import programs
from support.agent import Speaker
from support.broker import Broker
from support.postgres import Postgres
from support.tools import wait_until

from sacmes_core.payloads.questions import ExportQuery, HistoryQuery
from sacmes_core.payloads.replies import HistoryReply
from sacmes_core.payloads.results import Result
from sacmes_core.questions import EXPORT, HISTORY
from sacmes_core.simulate.isotherm import Addition
from sacmes_core.simulate.potentiostat import Potentiostat, Run, file_name

ROLES: Final = ("agent", "analyzer")
FREQUENCIES_HZ: Final = (15.0, 200.0)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the instrument does: scans at each frequency, and the seconds between two files."""

    numbers: int
    electrodes: tuple[int, ...] = (1, 2)
    pace_s: float = 0.06
    seed: int = 3

    @property
    def files(self) -> int:
        """How many files there will be."""
        return self.numbers * len(FREQUENCIES_HZ)

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of each file, in the order of measurement."""
        run = Run(self.electrodes, (Addition(self.numbers // 2),), seed=self.seed)
        potentiostat = Potentiostat(run)
        for number in range(1, self.numbers + 1):
            for frequency_hz in FREQUENCIES_HZ:
                name = file_name(number, frequency_hz)
                yield name, potentiostat.file(number, frequency_hz)


class Experiment:
    """Agent and analyzer as processes, each of which can be killed and started again.

    Parameters
    ----------
    agent_port
        Port by which the agent reaches the broker, where that is not the broker's own.
    store
        Server with the analyzer's store in it; a file without one.
    """

    def __init__(
        self,
        broker: Broker,
        home: Path,
        agent_port: int | None = None,
        store: Postgres | None = None,
    ) -> None:
        self.broker = broker
        self.store = store
        self._place = () if store is None else ("--store", store.new_database())
        self.home = home
        self.folder = home / "data"
        self.folder.mkdir()
        self.written: list[Path] = []
        self._agent_port = agent_port or broker.port
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, role: str) -> None:
        with (self.home / f"{role}.log").open("ab") as log:
            self._running[role] = programs.started(
                f"sacmes-{role}", *self._arguments(role), stdout=log
            )

    def kill9(self, role: str) -> None:
        process = self._running.pop(role)
        process.kill()
        process.wait()

    def end(self) -> dict[str, int]:
        """Stop what runs, the agent first; the exit statuses."""
        roles = [role for role in ROLES if role in self._running]
        return {role: programs.end(self._running.pop(role)) for role in roles}

    def measure(self, measurement: Measurement) -> None:
        """Play the instrument: each file under its final name, written in pieces."""
        for name, content in measurement.contents():
            path = self.folder / name
            with path.open("wb") as out:
                for start in range(0, len(content), 8192):
                    out.write(content[start : start + 8192])
                    out.flush()
            self.written.append(path)
            time.sleep(measurement.pace_s)

    def wait_for_files(self, count: int) -> None:
        wait_until(lambda: len(self.written) >= count, timeout=90, what=f"{count} files")

    def _arguments(self, role: str) -> Sequence[str | Path]:
        home = ("--home", self.home / role)
        if role == "analyzer":
            return "run", "--broker", self.broker.url("analyzer"), *home, *self._place
        frequencies = [a for f in FREQUENCIES_HZ for a in ("--frequency", f"{f:g}")]
        url = self.broker.url("alice").replace(f":{self.broker.port}", f":{self._agent_port}")
        wish = ("--start", "swv", "--handle", "SWV_", *frequencies)
        return "watch", self.folder, "--broker", url, *home, *wish


@contextmanager
def experiment(
    broker: Broker, home: Path, agent_port: int | None = None, store: Postgres | None = None
) -> Iterator[Experiment]:
    """An experiment with agent and analyzer running; what still runs at the end is stopped."""
    one = Experiment(broker, home, agent_port, store)
    try:
        for role in ("analyzer", "agent"):
            one.start(role)
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
    """The results of the newest session, once there are that many."""
    deadline = time.monotonic() + timeout_s
    while len(results := history(viewer)) < count:
        assert time.monotonic() < deadline, f"{len(results)} of {count} results"
        time.sleep(0.5)
    return results


def exported_rows(viewer: Speaker) -> list[dict[str, str]]:
    """The lines of the newest session's table, as a viewer downloads it."""
    parts: list[bytes] = []
    while True:
        message = viewer.ask_raw(EXPORT, ExportQuery(part=len(parts) + 1))
        parts.append(message.payload)
        if len(parts) >= int(dict(message.user_properties).get("parts", "1")):
            break
    return list(csv.DictReader(io.StringIO(b"".join(parts).decode("utf-8-sig"))))


def peaks(results: list[Result]) -> dict[tuple[str, int], float | None]:
    """Peak current in ampere by file and electrode."""
    return {(r.scan.file, e.electrode): e.peak_current_a for r in results for e in r.electrodes}
