"""Nothing is lost and nothing is twice: real processes killed with -9 at random moments.

    python benchmarks/chaos.py [--numbers 1000] [--kills 100] [--cuts 10] [--seed 0]
    python benchmarks/chaos.py --numbers 500 --victims agent --kills 20 --cuts 10
    python benchmarks/chaos.py --store postgresql

An instrument writes files, two for each number; agent, analyzer and Mosquitto run as processes of
their own, and with --store postgresql the server that keeps the store as well. A seeded schedule
kills one of them with -9, or cuts the agent's network for up to eight seconds, so that its outbox
fills. At the end, what the instrument wrote is compared with what a late viewer is told
(`history`, `export`), with what the store holds, and with what an undisturbed analysis of the same
files says: 0 lost, 0 twice, order, every number and trend equal.

Needs the test extra (`pip install -e ".[test]"`) and mosquitto.
"""

import argparse
import itertools
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support.agent import speaking
from support.broker import Broker, own_broker
from support.experiment import (
    Experiment,
    Measurement,
    experiment,
    exported_rows,
    history,
    wait_for_history,
)
from support.postgres import Postgres
from support.tools import wait_until
from support.wire import Wire, wire

from sacmes_core.payloads.results import Result

VICTIMS: Final = ("agent", "analyzer", "broker")
STORE: Final = "store"
"""One more victim, where a server of its own keeps the store."""
DOWN_MAX_S: Final = 0.5
CUT_MAX_S: Final = 8.0
LATE_S: Final = 300.0
SESSION_S: Final = 60.0

Trend = dict[tuple[str, int], tuple[float | None, ...]]


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that goes wrong, and how long it lasts in seconds."""

    victim: str
    lasts_s: float


@dataclass(slots=True)
class Findings:
    """What was compared at the end; every list is empty when nothing went wrong."""

    files: int
    blows: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    late_seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether every scan is there once, in its place, with the number of an undisturbed run."""
        faults = self.lost, self.twice, self.failed, self.different, self.out_of_order
        return not any(faults)


def blows(
    kills: int, cuts: int, rng: random.Random, victims: Sequence[str] = VICTIMS
) -> list[Blow]:
    """A schedule in random order."""
    plan = [Blow(rng.choice(victims), rng.uniform(0, DOWN_MAX_S)) for _ in range(kills)]
    plan += [Blow("network", rng.uniform(1, CUT_MAX_S)) for _ in range(cuts)]
    rng.shuffle(plan)
    return plan


def strike(one: Experiment, path: Wire, blow: Blow) -> None:
    """Perform one blow and repair it."""
    if blow.victim == "network":
        path.cut()
        time.sleep(blow.lasts_s)
        path.mend()
    elif blow.victim == "broker":
        one.broker.kill9()
        time.sleep(blow.lasts_s)
        one.broker.start()
    elif blow.victim == STORE:
        assert one.store is not None
        one.store.kill9()
        time.sleep(blow.lasts_s)
        one.store.start()
    else:
        one.kill9(blow.victim)
        time.sleep(blow.lasts_s)
        one.start(blow.victim)


def disturbed(
    broker: Broker, home: Path, measurement: Measurement, plan: Sequence[Blow], rng: random.Random
) -> tuple[Findings, list[Result], list[dict[str, str]]]:
    """Run the experiment under the blows; what a late viewer then holds."""
    findings = Findings(measurement.files)
    began = time.monotonic()
    with (
        wire(broker.port) as path,
        served(any(blow.victim == STORE for blow in plan)) as store,
        experiment(broker, home, path.port, store) as one,
    ):
        with speaking(broker) as viewer:
            wait_until(viewer.documents, timeout=SESSION_S, what="the session of the agent")
        instrument = threading.Thread(target=one.measure, args=(measurement,), daemon=True)
        instrument.start()
        for done, blow in enumerate(plan, 1):
            time.sleep(rng.uniform(0.2, 2.5))
            strike(one, path, blow)
            findings.blows[blow.victim] += 1
            say(f"{done} of {len(plan)} blows, {len(one.written):,} of {measurement.files:,} files")
        instrument.join()
        written = time.monotonic()
        with speaking(broker) as late:
            wait_for_history(late, measurement.files, timeout_s=LATE_S)
            findings.late_seconds = time.monotonic() - written
            time.sleep(2)
            results, rows = history(late), exported_rows(late)
    findings.seconds = time.monotonic() - began
    return findings, results, rows


@contextmanager
def served(wanted: bool) -> Iterator[Postgres | None]:
    """A server for the store, if one is to be killed."""
    if not wanted:
        yield None
        return
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def undisturbed(broker: Broker, home: Path, measurement: Measurement) -> list[Result]:
    """The results of the same files when nothing goes wrong."""
    calm = Measurement(measurement.numbers, measurement.electrodes, 0.0, measurement.seed)
    with experiment(broker, home) as one, speaking(broker) as viewer:
        wait_until(viewer.documents, timeout=SESSION_S, what="the session of the agent")
        one.measure(calm)
        return wait_for_history(viewer, calm.files, timeout_s=LATE_S)


def compare(
    findings: Findings,
    measurement: Measurement,
    seen: tuple[list[Result], list[dict[str, str]]],
    calm: list[Result],
) -> None:
    """Enter into the findings whatever differs from an undisturbed run."""
    results, rows = seen
    names = [name for name, _ in measurement.contents()]
    held = Counter(r.scan.file for r in results)
    listed = Counter(row["file"] for row in rows)
    electrodes = len(measurement.electrodes)
    findings.lost = [n for n in names if not held[n] or listed[n] < electrodes]
    findings.twice = [n for n in held if held[n] > 1 or listed[n] > electrodes]
    findings.twice += [r.scan.file for r in results if r.scan.revision != 1]
    findings.failed = [f"{r.scan.file}: {r.error}" for r in results if r.error is not None]
    findings.different = list(differences(trend(results), trend(calm)))
    place = {name: k for k, name in enumerate(names)}
    files = [r.scan.file for r in results]
    findings.out_of_order = [b for a, b in itertools.pairwise(files) if place[b] < place[a]]


def trend(results: Sequence[Result]) -> Trend:
    """Every number of a run by file and electrode."""
    return {
        (r.scan.file, e.electrode): (
            e.peak_current_a,
            e.peak_current_se_a,
            e.peak_potential_v,
            e.area_av,
            e.normalised,
            e.kdm,
            e.ratio,
        )
        for r in results
        for e in r.electrodes
    }


def differences(one: Trend, other: Trend) -> Iterator[str]:
    """The places at which two runs differ by more than a billionth."""
    for place in sorted(one.keys() | other.keys()):
        pairs = zip(one.get(place, ()), other.get(place, ()), strict=False)
        is_same = place in one and place in other and all(_equal(a, b) for a, b in pairs)
        if not is_same:
            yield f"{place[0]}, electrode {place[1]}: {one.get(place)} for {other.get(place)}"


def _equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other))


def run(
    measurement: Measurement, kills: int, cuts: int, seed: int, victims: Sequence[str] = VICTIMS
) -> Findings:
    """Both runs in a folder of their own, compared."""
    rng = random.Random(seed)
    plan = blows(kills, cuts, rng, victims)
    with tempfile.TemporaryDirectory(prefix="sacmes-chaos-") as name:
        home = Path(name)
        with own_broker(home / "disturbed") as broker:
            findings, results, rows = disturbed(broker, home / "disturbed", measurement, plan, rng)
        with own_broker(home / "calm") as broker:
            calm = undisturbed(broker, home / "calm", measurement)
        compare(findings, measurement, (results, rows), calm)
    return findings


def say(line: str) -> None:
    """Show progress on one line of a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def report(findings: Findings) -> None:
    """Print what was found."""
    struck = ", ".join(f"{victim} {count}" for victim, count in sorted(findings.blows.items()))
    print(f"files written        {findings.files:,}")
    print(f"blows                {struck or 'none'}")
    print(f"seconds in all       {findings.seconds:.0f}")
    print(f"last file to last result, s   {findings.late_seconds:.1f}")
    for name in ("lost", "twice", "failed", "different", "out_of_order"):
        found: list[str] = getattr(findings, name)
        said = name.replace("_", " ")
        print(f"{said:20s} {len(found)}" + "".join(f"\n    {line}" for line in found[:5]))


def main() -> None:
    """Print the findings; exit status 1 if anything was lost, twice or different."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--numbers", type=int, default=1000, help="scans at each of 2 frequencies")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument(
        "--victims", nargs="+", choices=VICTIMS, default=VICTIMS, help="what is killed"
    )
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--pace", type=float, default=0.12, help="seconds between two files")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    measurement = Measurement(options.numbers, (1,), options.pace, seed=options.seed + 1)
    victims = (*options.victims, STORE) if options.store == "postgresql" else options.victims
    findings = run(measurement, options.kills, options.cuts, options.seed, victims)
    say("")
    report(findings)
    raise SystemExit(0 if findings.is_clean else 1)


if __name__ == "__main__":
    main()
