"""Our own commands as processes of their own, as people start them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODULES = {
    "sacmes-agent": "agent.cli",
    "sacmes-analyzer": "analyzer.cli",
    "sacmes-dashboard": "dashboard.cli",
    "sacmes-demo": "dashboard.demo",
}


def command(name: str, *arguments: str | Path) -> list[str]:
    """Build a command line that runs one of our commands from this checkout."""
    run = f"from {MODULES[name]} import main; main()"
    return [sys.executable, "-c", run, *map(str, arguments)]


def environment(**settings: str) -> dict[str, str]:
    """Our environment without anything of sacmes in it, then with these settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SACMES_")}
    return kept | {"PYTHONUNBUFFERED": "1"} | settings


def run(
    name: str, *arguments: str | Path, timeout: float = 60, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run one of our commands to its end."""
    return subprocess.run(
        command(name, *arguments),
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@contextmanager
def running(
    name: str, *arguments: str | Path, log: Path, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of our commands beside the test; it is ended with SIGTERM, at the worst killed."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command(name, *arguments),
            env=environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]", *, timeout: float = 15) -> int:
    """Send SIGTERM and wait; the exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
