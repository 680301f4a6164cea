"""The demo's programs as processes: started with a log each, watched, and ended in order."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PATIENCE_S: Final = 10.0
"""How long a program may take to finish what it holds before it is killed."""
POLL_S: Final = 0.02
LAST_LINES: Final = 12
SHORT_LIFE_S: Final = 5.0

_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Program:
    """A running program, how it was started and where it logs."""

    name: str
    command: tuple[str, ...]
    key: str | None
    process: subprocess.Popen[bytes]
    log: Path
    started_at: float

    @property
    def short_lived(self) -> bool:
        """Whether it ended so soon that starting it again would not help."""
        return time.monotonic() - self.started_at < SHORT_LIFE_S

    def last_lines(self) -> str:
        """Return the end of its log, for the person who has to find out why it ended."""
        lines = self.log.read_text("utf-8", "replace").rstrip().splitlines()
        return "\n".join(lines[-LAST_LINES:])


@dataclass(slots=True)
class Programs:
    """Every program of the demo; `end` leaves none behind.

    Attributes
    ----------
    logs
        Folder for the log files, one a program.
    """

    logs: Path
    running: dict[str, Program] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str], *, key: str | None = None) -> Program:
        """Start a program in a session of its own, so that a Ctrl-C does not reach it.

        Nothing of SACMES_* is inherited; its key goes through the environment, where other
        users of the machine do not see it.
        """
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SACMES_")}
        environment["PYTHONUNBUFFERED"] = "1"
        if key is not None:
            environment["SACMES_KEY"] = key
        log = self.logs / f"{name}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent() if sys.platform == "linux" else None,
            )
        now = time.monotonic()
        self.running[name] = Program(name, tuple(command), key, process, log, now)
        return self.running[name]

    def start_again(self, ended: Program) -> Program:
        """Start a program once more as it was started before."""
        return self.start(ended.name, ended.command, key=ended.key)

    def ended(self) -> Program | None:
        """Return a program that has ended by itself, and forget it."""
        for name, program in self.running.items():
            if program.process.poll() is not None:
                return self.running.pop(name)
        return None

    def wait_for(self, name: str, ready: Callable[[], bool], *, timeout_s: float) -> bool:
        """Wait until a program is ready; False if it ended or the time is over."""
        program = self.running[name]
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and program.process.poll() is None:
            if ready():
                return True
            time.sleep(POLL_S)
        return False

    def end(self, *names: str) -> None:
        """Ask these programs to end, all of them if none is named, and wait until they have."""
        programs = [
            self.running.pop(name) for name in names or [*self.running] if name in self.running
        ]
        for program in programs:
            program.process.terminate()
        deadline = time.monotonic() + PATIENCE_S
        for program in programs:
            try:
                program.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _kill(program.process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _end_with_parent() -> Callable[[], None]:
    """Build what a child runs first, so that it ends when the demo itself is killed."""
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_for_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return ask_for_signal
