"""Our own commands as processes of their own, as people start them."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from support import nursery

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


def started(
    name: str,
    *arguments: str | Path,
    stdout: "int | IO[Any]",
    stderr: "int | IO[Any]" = subprocess.STDOUT,
    **settings: str,
) -> subprocess.Popen[bytes]:
    """Start one of our commands; where there is a nursery, without waiting for its libraries."""
    module, env = MODULES[name], environment(**settings)
    fresh = any(key.startswith("PYTHON") for key in settings)
    if fresh or not nursery.can_raise(module):
        return subprocess.Popen(
            command(name, *arguments),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
    out = stdout if isinstance(stdout, int) else stdout.fileno()
    with Path(os.devnull).open("rb") as nothing:
        error = out if stderr == subprocess.STDOUT else stderr
        files = (nothing.fileno(), out, error if isinstance(error, int) else error.fileno())
        return nursery.raised(module, [str(argument) for argument in arguments], env, files)


def run(
    name: str, *arguments: str | Path, timeout: float = 60, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run one of our commands to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        process = started(name, *arguments, stdout=out, stderr=error, **settings)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        said = []
        for file in (out, error):
            file.seek(0)
            said.append(file.read().decode(settings.get("PYTHONIOENCODING", "utf-8")))
    return subprocess.CompletedProcess(process.args, process.returncode, *said)


@contextmanager
def running(
    name: str, *arguments: str | Path, log: Path, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of our commands beside the test; it is ended with SIGTERM, at the worst killed."""
    with log.open("ab") as out:
        process = started(name, *arguments, stdout=out, **settings)
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
