"""A run on a potentiostat that is unplugged, by an agent that is killed, through a cut network.

    python benchmarks/serial_faults.py [--rounds 40] [--unplugs 5] [--kills 5] [--cuts 5] [--seed 0]

A simulated EmStat Pico on TCP, agent, analyzer and Mosquitto run as processes of their own; the
agent measures two frequencies in turn. The plug is pulled in mid-scan, the agent is killed with -9,
and its network is cut, by a seeded schedule. At the end every scan must have one result, those and
only those that were cut short must be flagged so, and each time that instrument or agent came back
the cell must have been seen off before the next scan began.

Needs the test extra (`pip install -e ".[test]"`) and mosquitto.
"""

import argparse
import json
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support import programs
from support.agent import Speaker, speaking
from support.broker import Broker, own_broker
from support.experiment import history
from support.tools import wait_until
from support.wire import Wire, wire

from sacmes_core.flags import TRUNCATED_SCAN
from sacmes_core.payloads.results import Result

FREQUENCIES_HZ: Final = (5.0, 100.0)
UNPLUGGED_S: Final = 0.5
CUT_MAX_S: Final = 5.0
WATCH_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how often what goes wrong."""

    rounds: int = 40
    unplugs: int = 5
    kills: int = 5
    cuts: int = 5
    speed: float = 8.0
    seed: int = 0

    @property
    def scans(self) -> int:
        """Scans of the run."""
        return self.rounds * len(FREQUENCIES_HZ)

    def blows(self) -> list[str]:
        """Kills and cuts in random order."""
        blows = ["kill"] * self.kills + ["cut"] * self.cuts
        random.Random(self.seed).shuffle(blows)
        return blows

    def unplugged(self) -> list[int]:
        """The scans in whose middle the plug is pulled, all of the lower frequency."""
        slow = range(3, self.scans, len(FREQUENCIES_HZ))
        return sorted(random.Random(self.seed).sample(slow, self.unplugs))


@dataclass(slots=True)
class Findings:
    """What was measured and what became of it; `faults` says what is wrong."""

    plan: Plan
    recorded: dict[str, bool] = field(default_factory=dict)
    """Each recording on the agent's disk, and whether it is whole."""
    results: list[Result] = field(default_factory=list)
    returns: int = 0
    seen_off: int = 0
    off_at_end: bool = False
    seconds: float = 0.0

    @property
    def counts(self) -> Counter[str]:
        """Results by the name of their recording."""
        return Counter(result.scan.file for result in self.results)

    @property
    def cut_short(self) -> list[str]:
        """Recordings that are not whole."""
        return [file for file, whole in self.recorded.items() if not whole]

    @property
    def labelled(self) -> list[str]:
        """Recordings whose result says that the scan was cut short, or has none at all."""
        return [r.scan.file for r in self.results if r.error or TRUNCATED_SCAN in r.flags]

    def faults(self) -> Iterator[str]:
        """Everything that must not be, in words."""
        counts = self.counts
        yield from (f"lost: {file}" for file in self.recorded if not counts[file])
        yield from (f"twice: {file}" for file, count in counts.items() if count > 1)
        yield from (f"cut short, not labelled: {f}" for f in set(self.cut_short) - {*self.labelled})
        yield from (f"whole, but labelled: {f}" for f in set(self.labelled) - {*self.cut_short})
        if len(self.recorded) != self.plan.scans:
            yield f"{len(self.recorded)} recordings of {self.plan.scans} scans"
        if self.seen_off != self.returns:
            yield f"cell seen off after {self.seen_off} of {self.returns} returns"
        if not self.off_at_end:
            yield "the cell is on at the end"


class Watch(threading.Thread):
    """Looks at the instrument again and again, as a person beside it would."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(daemon=True)
        self._address = address
        self._stopping = threading.Event()
        self.status: dict[str, Any] = {}
        self.returns = 0
        self.seen_off = 0
        self._waiting_for_off = False

    def run(self) -> None:
        """Look until `stop`."""
        while not self._stopping.wait(WATCH_S):
            before, now = self.status, self._look()
            if before and now["plugged_in"] and not before["plugged_in"]:
                self.returned()
            if self._waiting_for_off and not now["cell_is_on"]:
                self._waiting_for_off = False
                self.seen_off += 1
            elif self._waiting_for_off and now["scans"] > before["scans"]:
                self._waiting_for_off = False
            self.status = now

    def returned(self) -> None:
        """Instrument or agent is back; the cell must be off before the next scan."""
        self.returns += not self._waiting_for_off
        self._waiting_for_off = True

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self.join()

    def _look(self) -> dict[str, Any]:
        with socket.create_connection(self._address, timeout=5) as line, line.makefile() as said:
            status: dict[str, Any] = json.loads(said.readline())
            return status


class Bench:
    """Instrument, analyzer and agent as processes, in a folder of their own."""

    def __init__(self, plan: Plan, broker: Broker, home: Path, path: Wire) -> None:
        self.plan = plan
        self.broker = broker
        self.home = home
        self.path = path
        self.watch = Watch(("", 0))
        self._stack = ExitStack()
        self._line = ""
        self._agent: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Bench":
        log = self.home / "simulator.log"
        faults = [
            a for n in self.plan.unplugged() for a in ("--fault", f"unplug@{n}:{UNPLUGGED_S}s")
        ]
        self._run(
            "sacmes-agent", "simulate", "--instrument", "methodscript", "--tcp", "0",
            "--status-port", "0", "--speed", f"{self.plan.speed:g}", "--electrodes", "1", *faults,
            log=log,
        )  # fmt: skip
        self._run(
            "sacmes-analyzer", "run", "--broker", self.broker.url("analyzer"), "--home", self.home,
            log=self.home / "analyzer.log",
        )  # fmt: skip
        wait_until(lambda: log.read_text().count("\n") >= 2, timeout=60, what="the instrument")
        self._line, status = log.read_text().split()[:2]
        host, _, port = status.rpartition(":")
        self.watch = Watch((host, int(port)))
        self.watch.start()
        self._stack.callback(self.watch.stop)
        self.start_agent()
        return self

    def __exit__(self, *_: object) -> None:
        self.end_agent()
        self._stack.close()

    def start_agent(self) -> None:
        """Start the agent, which goes on with its run."""
        url = self.broker.url("alice").replace(f":{self.broker.port}", f":{self.path.port}")
        frequencies = [a for f in FREQUENCIES_HZ for a in ("--frequency", f"{f:g}")]
        with (self.home / "agent.log").open("ab") as log:
            self._agent = subprocess.Popen(
                programs.command(
                    "sacmes-agent", "serial", self._line, "--instrument", "methodscript",
                    "--home", self.home, "--broker", url, "--start", "swv", "--from", "0V",
                    "--to", "-500mV", "--step", "4mV", *frequencies, "--interval", "0",
                    "--quiet-time", "0", "--repeats", str(self.plan.rounds),
                ),
                env=programs.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def kill_agent(self) -> None:
        """Kill it with -9, and start it again."""
        assert self._agent is not None
        self._agent.kill()
        self._agent.wait()
        self.start_agent()
        self.watch.returned()

    def end_agent(self) -> None:
        """End it as Ctrl-C does."""
        if self._agent is not None:
            programs.end(self._agent)
            self._agent = None

    def recorded(self) -> dict[str, bool]:
        """The recordings on the agent's disk, and whether each is whole."""
        labels = [
            json.loads(p.read_text()) for p in self.home.glob("agent/recordings/*/*.txt.json")
        ]
        return {label["file"]: label["complete"] for label in labels}

    def _run(self, name: str, *arguments: str | Path, log: Path) -> None:
        self._stack.enter_context(programs.running(name, *arguments, log=log))


def disturbed(bench: Bench, viewer: Speaker) -> None:
    """Kill and cut by the schedule, spread over the scans, until all are measured."""
    blows = bench.plan.blows()
    rng = random.Random(bench.plan.seed)
    for k, blow in enumerate(blows):
        due = 2 + k * (bench.plan.scans - 4) // max(1, len(blows))
        wait_until(lambda due=due: len(bench.recorded()) > due, timeout=300, what=f"scan {due}")  # type: ignore[misc]
        time.sleep(rng.uniform(0, 0.5))
        if blow == "kill":
            bench.kill_agent()
        else:
            bench.path.cut()
            time.sleep(rng.uniform(1, CUT_MAX_S))
            bench.path.mend()
    wait_until(
        lambda: len({r.scan.file for r in viewer.results}) >= bench.plan.scans,
        timeout=300,
        what=f"{bench.plan.scans} results",
    )


def run(plan: Plan, broker: Broker, home: Path) -> Findings:
    """Measure under all that goes wrong, and compare what was recorded with what came of it."""
    findings = Findings(plan)
    began = time.monotonic()
    with wire(broker.port) as path, Bench(plan, broker, home, path) as bench:
        with speaking(broker) as viewer:
            disturbed(bench, viewer)
            findings.results = history(viewer)
        bench.end_agent()
        time.sleep(5 * WATCH_S)
        findings.off_at_end = bench.watch.status["cell_is_on"] is False
        findings.recorded = bench.recorded()
        findings.returns, findings.seen_off = bench.watch.returns, bench.watch.seen_off
    findings.seconds = time.monotonic() - began
    return findings


def report(findings: Findings) -> Sequence[str]:
    """Print what was found; what is wrong is returned."""
    plan, counts = findings.plan, findings.counts
    print(f"unplugged, killed, cut    {plan.unplugs}, {plan.kills}, {plan.cuts}")
    print(f"scans measured            {len(findings.recorded)} of {plan.scans}")
    print(f"results                   {len(findings.results)}")
    print(f"cut short                 {len(findings.cut_short)}")
    print(f"    of these labelled     {len(set(findings.cut_short) & {*findings.labelled})}")
    print(f"twice                     {sum(count > 1 for count in counts.values())}")
    print(f"lost                      {sum(not counts[file] for file in findings.recorded)}")
    print(f"cell off after a return   {findings.seen_off} of {findings.returns}")
    print(f"cell off at the end       {'yes' if findings.off_at_end else 'no'}")
    print(f"seconds in all            {findings.seconds:.0f}")
    faults = list(findings.faults())
    for fault in faults:
        print(f"    {fault}")
    return faults


def main() -> None:
    """Print the findings; exit status 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    usual = Plan()
    for name in ("rounds", "unplugs", "kills", "cuts", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(usual, name))
    parser.add_argument("--speed", type=float, default=usual.speed)
    plan = Plan(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory(prefix="sacmes-serial-") as name:
        home = Path(name)
        with own_broker(home) as broker:
            findings = run(plan, broker, home)
        faults = report(findings)
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
