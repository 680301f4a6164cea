"""Resident memory of an agent while it streams scans, in an environment with its extras alone.

    python benchmarks/agent_memory.py --scans 3000

A virtual environment with `sacmes[agent,serial]` is made, a Mosquitto and an analyzer that stores
are started, files are written into a folder by and by, and `/proc/<pid>/status` of the agent is
read meanwhile. `--at-once` puts all files there before the agent starts.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support.agents import StoringAnalyzer, chi_file, session_document, storing_analyzer
from support.broker import own_broker
from support.programs import end, environment

ROOT = Path(__file__).parents[1]
TARGET_MIB = 60.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, in MiB."""

    resident: float
    peak: float

    @classmethod
    def of(cls, pid: int) -> "Memory":
        """Read it where Linux tells it."""
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        told = dict(line.split(":", 1) for line in lines if ":" in line)
        return cls(*(int(told[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")))


def agents_environment(folder: Path) -> Path:
    """A virtual environment with the agent's extras and nothing else; its command."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin/python")
    pip = [python, "-m", "pip", "install", "-q", f"{ROOT}[agent,serial]"]
    subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
    return folder / "bin/sacmes-agent"


def stream(
    command: Path, home: Path, scans: int, *, at_once: bool, every: int = 500
) -> tuple[Memory, list[tuple[int, Memory]]]:
    """Stream scans through a broker; memory before the first one, and after each `every`."""
    (home / "data").mkdir(parents=True)
    with own_broker(home) as broker, storing_analyzer(broker.url("analyzer"), "alice") as analyzer:
        if at_once:
            _write(home / "data", 0, scans)
        with (home / "agent.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    command, "watch", home / "data",
                    "--broker", broker.url("alice"), "--home", home,
                ],
                env=environment(),
                stderr=log,
            )  # fmt: skip
        try:
            return _measure(process.pid, analyzer, home / "data", scans, every, at_once)
        finally:
            end(process)


def _measure(
    pid: int, analyzer: StoringAnalyzer, data: Path, scans: int, every: int, at_once: bool
) -> tuple[Memory, list[tuple[int, Memory]]]:
    while analyzer.presence is None:
        time.sleep(0.1)
    before = Memory.of(pid)
    analyzer.publish(session_document())
    found = []
    for done in range(every, scans + every, every):
        if not at_once:
            _write(data, done - every, min(done, scans))
        while len(analyzer.stored) < min(done, scans):
            time.sleep(0.05)
        found.append((min(done, scans), Memory.of(pid)))
    return before, found


def _write(folder: Path, first: int, last: int) -> None:
    for number in range(first + 1, last + 1):
        (folder / f"SWV_15Hz_{number}.txt").write_bytes(chi_file(shift=number))


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scans", type=int, default=3000)
    arguments.add_argument("--at-once", action="store_true")
    arguments.add_argument("--command", type=Path, help="sacmes-agent of an environment made so")
    told = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = told.command or agents_environment(Path(folder) / "venv")
        before, found = stream(command, Path(folder) / "home", told.scans, at_once=told.at_once)
    print(f"{'scans':>7} {'resident MiB':>13} {'highest MiB':>12}")
    for scans, memory in [(0, before), *found]:
        print(f"{scans:>7} {memory.resident:>13.1f} {memory.peak:>12.1f}")
    highest = found[-1][1].peak
    print(f"highest {highest:.1f} MiB, target {TARGET_MIB:g} MiB")
    sys.exit(highest >= TARGET_MIB)


if __name__ == "__main__":
    main()
