"""A thousand agents at one broker and one analyzer: what arrives, how late, and what it costs.

    python benchmarks/fleet.py [--agents 1000] [--rates 20 50 100 200] [--seconds 20]
    python benchmarks/fleet.py --method fast --workers 1 --store postgresql+psycopg://…
    python benchmarks/fleet.py --idle

Every agent has a user_id, a key and a connection of its own, and sends a 4 kB scan each period; all
are sockets of one process, at the shipped configuration of Mosquitto. `sacmes-analyzer run`, or
`ingest` and so many `work`, take the scans. Printed for each rate: scans sent and results seen by
an administrator's connection, the delay from the upload to its result, how many scans wait at the
end, and CPU (of one core) and memory of each process; then CPU milliseconds of the analyzer for one
scan, which on a busy machine say more than delays. --idle sends one scan a second alone and
compares the delay with its parts: a round trip through the bare broker, two commits, the analysis.

Needs the test extra and mosquitto.
"""

import argparse
import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Final

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from filling import Files
from packets import Client
from sqlalchemy import insert
from support.broker import Broker, own_broker, users
from support.programs import running

from analyzer.messages import source_of
from analyzer.pipeline import analyse
from analyzer.sessions import Started
from analyzer.store.engines import home_url
from analyzer.store.store import Store, open_store
from analyzer.store.tables import meta
from sacmes_core.messages import Publication
from sacmes_core.payloads.questions import StartRequest
from sacmes_core.protocol import RECEIPTS, REPLY, RESULTS
from sacmes_core.settings.session import SessionSettings
from sacmes_core.upload import pack, upload_id

READY_S: Final = 120.0
DRAIN_S: Final = 20.0
_TICK: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Tally:
    """When each upload was sent, and how long its result took; in seconds."""

    sent_at: dict[str, float] = field(default_factory=dict)
    delays_s: list[float] = field(default_factory=list)
    receipts: int = 0

    def result(self, payload: bytes) -> None:
        """Take a result; one of an earlier step, or told twice, does not count."""
        start = payload.find(b'"upload_id":"') + 13
        sent_at = self.sent_at.pop(payload[start : start + 64].decode(), None)
        if sent_at is not None:
            self.delays_s.append(time.monotonic() - sent_at)


class Agent:
    """One agent: a connection, a session, and files that follow one another."""

    def __init__(self, user_id: str, session_id: str, files: Files) -> None:
        self.user_id = user_id
        self.session_id = session_id
        self.client: Client | None = None
        self._files = files
        self._numbers = itertools.count(1)

    def next_upload(self) -> tuple[str, Publication]:
        """The next scan: its upload id and the message that carries it."""
        arrival = self._files.arrival(next(self._numbers))
        identity = upload_id(self.session_id, arrival.header.file, arrival.content)
        header = arrival.header.model_copy(
            update={"session_id": self.session_id, "upload_id": identity}
        )
        return identity, pack(header, arrival.content, user_id=self.user_id)


class Usage:
    """CPU and memory of processes between two looks."""

    def __init__(self, processes: dict[str, int]) -> None:
        self._processes = processes
        self._at = time.monotonic()
        self._cpu = {name: _cpu_s(pid) for name, pid in processes.items()}

    def cpu_s(self, name: str) -> float:
        """CPU seconds of a process since the beginning."""
        return _cpu_s(self._processes[name]) - self._cpu[name]

    def __str__(self) -> str:
        took_s = time.monotonic() - self._at
        parts = []
        for name, pid in self._processes.items():
            share = self.cpu_s(name) / took_s
            resident = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE
            parts.append(f"{name} {100 * share:.0f} % {resident / 1e6:.0f} MB")
        return ", ".join(parts)


async def fleet(
    broker: Broker, agents: Sequence[Agent], tally: Tally, work: Callable[[], Awaitable[None]]
) -> None:
    """Connect everyone, let `work` run, disconnect."""
    watching = Client(lambda topic, payload: tally.result(payload))
    await watching.connect(broker.port, "admin", broker.keys["admin"])
    watching.subscribe(RESULTS.filter())

    def receipt(_topic: str, _payload: bytes) -> None:
        tally.receipts += 1

    for agent in agents:
        agent.client = Client(receipt)
        await agent.client.connect(broker.port, agent.user_id, broker.keys[agent.user_id])
        agent.client.subscribe(RECEIPTS.topic(user_id=agent.user_id))
    await work()
    for agent in agents:
        if agent.client is not None:
            agent.client.close()
    watching.close()


async def at_rate(agents: Sequence[Agent], tally: Tally, rate_hz: float, seconds: float) -> int:
    """Let the agents send one after the other, evenly; how many scans these were."""
    began = time.monotonic()
    count = int(rate_hz * seconds)
    for k, agent in zip(range(count), itertools.cycle(agents)):
        pause_s = began + k / rate_hz - time.monotonic()
        if pause_s > 0:
            await asyncio.sleep(pause_s)
        elif k % 20 == 0:
            await asyncio.sleep(0)
        identity, message = agent.next_upload()
        assert agent.client is not None
        tally.sent_at[identity] = time.monotonic()
        agent.client.publish(message)
    return count


async def drained(tally: Tally) -> None:
    """Wait for the results that are still to come, but not for ever."""
    deadline = time.monotonic() + DRAIN_S
    while tally.sent_at and time.monotonic() < deadline:
        await asyncio.sleep(0.05)


async def ramp(
    agents: Sequence[Agent],
    tally: Tally,
    store: Store,
    pids: dict[str, int],
    options: argparse.Namespace,
) -> None:
    """Print a line for each rate."""
    print(
        f"{'scans/s':>8s} {'sent':>6s} {'seen':>6s} {'median, s':>10s} {'p99, s':>8s} {'wait':>6s}"
    )
    for rate_hz in options.rates:
        tally.delays_s.clear()
        tally.sent_at.clear()
        usage = Usage(pids)
        sent = await at_rate(agents, tally, rate_hz, options.seconds)
        waiting = store.uploads.count_waiting()
        used = str(usage)
        await drained(tally)
        cpu_s = sum(usage.cpu_s(name) for name in pids if name not in ("broker", "agents"))
        late = sorted(tally.delays_s)
        p99 = quantiles(late, n=100)[-1] if len(late) > 1 else float("nan")
        middle = median(late) if late else float("nan")
        print(
            f"{rate_hz:8g} {sent:6d} {len(late):6d} {middle:10.3f} {p99:8.3f} {waiting:6d}  "
            f"{1e3 * cpu_s / max(len(late), 1):.1f} ms a scan: {used}",
            flush=True,
        )


async def started(agent: Agent, tally: Tally) -> None:
    """Wait until the analyzer takes scans and answers."""
    deadline = time.monotonic() + READY_S
    while not tally.delays_s:
        await at_rate([agent], tally, 1.0, 1.0)
        await asyncio.sleep(1.0)
        assert time.monotonic() < deadline, "the analyzer does not answer"
    tally.sent_at.clear()
    tally.delays_s.clear()


async def idle(broker: Broker, agent: Agent, tally: Tally, store: Store, count: int) -> None:
    """Print the delay of single scans beside the sum of its parts."""
    for _ in range(count + 2):
        await at_rate([agent], tally, 1.0, 1.0)
        await drained(tally)
        await asyncio.sleep(0.5)
    delay_s = median(tally.delays_s[2:])
    bare_s = await round_trip_s(broker, agent, count)
    commits_s = 2 * commit_s(store, count)
    analysis_s = alone_s(store, agent, count)
    parts_s = bare_s + commits_s + analysis_s
    print(f"raw to result, median   {1e3 * delay_s:8.1f} ms")
    print(f"bare round trip         {1e3 * bare_s:8.1f} ms")
    print(f"two commits             {1e3 * commits_s:8.1f} ms")
    print(f"analysis of one scan    {1e3 * analysis_s:8.1f} ms")
    print(f"ratio to their sum      {delay_s / parts_s:8.2f}")


async def round_trip_s(broker: Broker, agent: Agent, count: int) -> float:
    """Median time of a message of the same size to the broker and back."""
    came = asyncio.Event()
    client = Client(lambda _topic, _payload: came.set())
    await client.connect(broker.port, agent.user_id, broker.keys[agent.user_id])
    topic = REPLY.topic(user_id=agent.user_id, client="bare")
    client.subscribe(topic)
    await asyncio.sleep(0.2)
    times = []
    for _ in range(count):
        came.clear()
        began = time.monotonic()
        client.publish(Publication(topic, bytes(4000), 1))
        await came.wait()
        times.append(time.monotonic() - began)
        await asyncio.sleep(0.05)
    client.close()
    return median(times)


def commit_s(store: Store, count: int) -> float:
    """Median time of one durable transaction of one row."""
    times = []
    for k in range(count):
        began = time.monotonic()
        with store.database.write() as connection:
            connection.execute(insert(meta).values(name=f"bench {k}", value="x" * 1000))
        times.append(time.monotonic() - began)
        time.sleep(0.02)
    return median(times)


def alone_s(store: Store, agent: Agent, count: int) -> float:
    """Median time of reading and analysing one scan."""
    run = store.sessions.find(agent.user_id, agent.session_id)
    assert run is not None
    times = []
    for k in range(count + 2):
        upload = store.uploads.at(run.run, 1 + k % 5)
        assert upload is not None
        began = time.monotonic()
        analyse([source_of(upload)], run.document.settings)
        times.append(time.monotonic() - began)
        time.sleep(0.02)
    return median(times[2:])


@contextmanager
def analyzer(broker: Broker, home: Path, store_url: str, workers: int) -> Iterator[dict[str, int]]:
    """The processes of the analyzer; their numbers by name."""
    common = ("--broker", broker.url("analyzer"), "--store", store_url)
    roles = ["ingest"] + ["work"] * workers if workers else ["run"]
    with ExitStack() as stack:
        found: dict[str, subprocess.Popen[bytes]] = {}
        for k, role in enumerate(roles):
            place = home / f"{role}{k}"
            process = running(
                "sacmes-analyzer",
                role,
                *common,
                "--home",
                place,
                log=home / f"{role}{k}.log",
                OMP_NUM_THREADS="1",
            )
            found[f"{role}{k or ''}"] = stack.enter_context(process)
        yield {name: process.pid for name, process in found.items()}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def main() -> None:
    """Run broker, analyzer and fleet in a folder of their own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--rates", type=float, nargs="+", default=[20, 50, 100, 200])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each rate")
    parser.add_argument("--method", default="median")
    parser.add_argument("--workers", type=int, default=0, help="processes beside the ingest")
    parser.add_argument("--store", help="URL of an empty store")
    parser.add_argument("--idle", action="store_true", help="one scan a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sacmes-fleet-") as name, ExitStack() as stack:
        home = Path(name)
        broker = stack.enter_context(own_broker(home / "own"))
        files = Files()
        names = [f"agent{k:04d}" for k in range(1 if options.idle else options.agents)]
        broker.keys |= users(broker.rights, "add", *names)
        broker.restart()
        agents = [Agent(user_id, str(uuid.uuid4()), files) for user_id in names]
        store = open_store(options.store or home_url(home))
        settings = SessionSettings().changed({"peak.method": options.method})
        for agent in agents:
            request = StartRequest(settings=settings)
            store.sessions.apply(
                agent.user_id, Started(request, agent.session_id), datetime.now(UTC)
            )
        url = store.database.url.render_as_string(hide_password=False)
        pids = stack.enter_context(analyzer(broker, home, url, options.workers))
        pids |= {"broker": broker.pid, "agents": os.getpid()}
        tally = Tally()

        async def measure() -> None:
            await started(agents[0], tally)
            if options.idle:
                await idle(broker, agents[0], tally, store, 20)
            else:
                await ramp(agents, tally, store, pids, options)

        asyncio.run(fleet(broker, agents, tally, measure))
        store.close()


if __name__ == "__main__":
    main()
