"""A dashboard with a run to watch: broker, an analyzer that only talks, and the server itself.

The analyzer stands in for the real one, so that what is measured is the dashboard alone.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support.broker import own_broker
from support.programs import running
from support.stand_in import AgentStandIn, AnalyzerStandIn
from support.tools import wait_until

from dashboard.demo_broker import free_port

USER_ID = "alice"


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """Where the dashboard is, what signs in to it, and its process."""

    port: int
    key: str
    pid: int
    analyzer: AnalyzerStandIn

    def cpu_s(self) -> float:
        """Processor time of the dashboard so far, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self) -> float:
        """Memory of the dashboard, in MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def watched_run(home: Path, scans: int) -> Iterator[WatchedRun]:
    """Start everything with a run of so many scan numbers at two frequencies on two electrodes."""
    with own_broker(home) as broker:
        analyzer = AnalyzerStandIn(broker.url("analyzer"), USER_ID)
        agent = AgentStandIn(broker.url(USER_ID), USER_ID)
        analyzer.start()
        agent.start()
        analyzer.present()
        agent.present()
        analyzer.begin()
        analyzer.scans(scans, live=False)
        port, log = free_port(), home / "dashboard.log"
        arguments = ("--broker", broker.url(), "--port", str(port), "--home", home / "dashboard")
        with running("sacmes-dashboard", *arguments, log=log) as process:
            wait_until(lambda: _listens(port), timeout=120, what=f"the dashboard ({log})")
            yield WatchedRun(port, broker.keys[USER_ID], process.pid, analyzer)
        agent.stop()
        analyzer.stop()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def measuring(run: WatchedRun, every_s: float) -> Iterator[list[float]]:
    """Publish a scan at both frequencies again and again; the times at which that was done."""
    stop, published = threading.Event(), list[float]()

    def measure() -> None:
        while not stop.wait(every_s):
            published.append(time.time())
            run.analyzer.scans(1)

    thread = threading.Thread(target=measure, daemon=True)
    thread.start()
    try:
        yield published
    finally:
        stop.set()
        thread.join()
