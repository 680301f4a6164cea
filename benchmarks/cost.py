"""What one scan costs the analyzer at the beginning of a run and after 100,000 scans of it.

    python benchmarks/cost.py [--at 10 1000 10000 100000] [--scans 40] [--store URL]

A session is filled by the store's own interface. At each length, scans come one at a time through
ingest, worker and announcer, without a broker. Printed for one scan: bytes to the broker, SQL
statements, steps of SQLite, CPU milliseconds (median) and the ratio of the last length to the
first. Then what comes once: the first scan after a start of the worker, a page of history at the
end of the run, and the list of sessions.

Needs the test extra.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

# Threads are counted when numpy is loaded.
import argparse
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from statistics import median

from filling import SESSION, USER, Files, Sink, fill_up, received, start
from sqlalchemy import event

from analyzer.announcer import Announcer
from analyzer.ingest import Ingest
from analyzer.status import Status
from analyzer.store.engines import home_url
from analyzer.store.store import Store, open_store
from analyzer.worker import Worker
from sacmes_core.link_events import Connected, Published
from sacmes_core.settings.session import SessionSettings
from sacmes_core.upload import pack


@dataclass(frozen=True, slots=True)
class Cost:
    """What one scan took; `steps` are those of SQLite's machine."""

    wire_bytes: float
    statements: float
    steps: float
    cpu_ms: float


class Meter:
    """Counts what a store is asked."""

    def __init__(self, store: Store) -> None:
        self.statements = 0
        self.steps = 0
        engine = store.database.engine
        engine.dispose()
        event.listen(engine, "before_cursor_execute", self._statement)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", self._connect)

    def _statement(self, *_: object) -> None:
        self.statements += 1

    def _connect(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.set_progress_handler(self._step, 100)

    def _step(self) -> int:
        self.steps += 100
        return 0


class Analyzer:
    """Ingest, worker and announcer of one process, driven by hand."""

    def __init__(self, store: Store) -> None:
        self.sink = Sink()
        status = Status()
        self.announcer = Announcer(store, self.sink, status)
        self.announcer.note(Connected(False, None))
        stop = threading.Event()
        self.ingest = Ingest(store.uploads, self.sink, status, lambda: None, stop)
        self.worker = Worker(store, self.sink, status, holder="one", announcer=self.announcer)

    def take(self, files: Files, k: int) -> None:
        """Let file `k` come, and do all that is to be done for it."""
        arrival = files.arrival(k)
        self.ingest.take([received(pack(arrival.header, arrival.content, user_id=USER))])
        while self.worker.turn():
            for token in self.sink.taken:
                self.announcer.note(Published(token, None, False))
            self.sink.taken.clear()


def cost_of(store: Store, meter: Meter, files: Files, first: int, count: int) -> tuple[Cost, float]:
    """The cost of one scan as a mean, its CPU time as a median; that of the first scan apart."""
    # The results that were filled in came without a running trend, as they never do otherwise.
    before = Analyzer(store)
    before.take(files, first - 1)
    before.worker.leave()
    one = Analyzer(store)
    began = time.process_time()
    one.take(files, first)
    first_ms = 1e3 * (time.process_time() - began)
    one.sink.wire_bytes = meter.statements = meter.steps = 0
    times_ms = []
    for k in range(first + 1, first + 1 + count):
        began = time.process_time()
        one.take(files, k)
        times_ms.append(1e3 * (time.process_time() - began))
    one.worker.leave()
    cost = Cost(
        one.sink.wire_bytes / count,
        meter.statements / count,
        meter.steps / count,
        median(times_ms),
    )
    return cost, first_ms


def measured(store: Store, lengths: list[int], count: int) -> None:
    """Print what scans cost at each length."""
    files, meter = Files(), Meter(store)
    start(store, SessionSettings().changed({"source.frequencies_hz": [15.0, 200.0]}))
    beginner = Analyzer(store)
    for k in range(1, 3):
        beginner.take(files, k)
    beginner.worker.leave()
    run = store.sessions.find(USER, SESSION)
    assert run is not None
    like = store.results.at(run.run, None, 0)
    assert like is not None
    print(
        f"{'scans':>9s} {'bytes':>8s} {'statements':>11s} {'steps':>8s} {'CPU ms':>8s}"
        f" {'first, ms':>10s} {'page, ms':>9s} {'list, ms':>9s}"
    )
    costs = []
    for length in lengths:
        fill_up(store, files, length - 3, like)
        cost, first_ms = cost_of(store, meter, files, length - 1, count)
        costs.append(cost)
        page_ms = timed_ms(partial(store.results.page, run.run, after=(length - 600, 0)))
        list_ms = timed_ms(partial(store.sessions.list, USER, 100))
        print(
            f"{length:9,d} {cost.wire_bytes:8.0f} {cost.statements:11.1f} {cost.steps:8.0f}"
            f" {cost.cpu_ms:8.2f} {first_ms:10.1f} {page_ms:9.1f} {list_ms:9.1f}",
            flush=True,
        )
    ratios = [b / a for a, b in zip(astuple(costs[0]), astuple(costs[-1]), strict=True) if a]
    print(
        "    ratio" + "".join(f" {r:{w}.2f}" for r, w in zip(ratios, (8, 11, 8, 8), strict=False))
    )


def timed_ms(call: Callable[[], object]) -> float:
    """The shortest CPU time of three calls."""
    times = []
    for _ in range(3):
        began = time.process_time()
        call()
        times.append(1e3 * (time.process_time() - began))
    return min(times)


def main() -> None:
    """Measure in a folder of its own, or in an empty store that is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--at", type=int, nargs="+", default=[10, 1000, 10_000, 100_000])
    parser.add_argument("--scans", type=int, default=40)
    parser.add_argument("--store", help="URL of an empty store")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sacmes-cost-") as name:
        store = open_store(options.store or home_url(Path(name)))
        measured(store, options.at, options.scans)
        store.close()


if __name__ == "__main__":
    main()
