"""The running broker: which process it is, and how it is told to read its files again."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sacmes_core.errors import ConfigError

PROCESSES = Path("/proc")
GROUP_READS, OTHERS_READ = 0o040, 0o004


@dataclass(frozen=True, slots=True)
class Broker:
    """A running Mosquitto, by the number of its process."""

    pid: int

    @classmethod
    def find(cls, pid: int | None, pidfile: Path | None, unit: str) -> Self:
        """Find the broker by its process, else by its pid_file, else by its service.

        Raises
        ------
        ConfigError
            If it is not there, or the process is something else.
        """
        if pid is None:
            pid = pid_in(pidfile) if pidfile is not None else pid_of_unit(unit)
        try:
            os.kill(pid, 0)
            name = (PROCESSES / str(pid) / "comm").read_text().strip()
        except ProcessLookupError:
            raise ConfigError(f"No process {pid} runs; is the broker started?") from None
        except PermissionError:
            raise ConfigError(f"Process {pid} is somebody else's: ask with sudo.") from None
        except OSError:
            name = "mosquitto"  # A system without /proc: take the administrator's word.
        if name != "mosquitto":
            raise ConfigError(f"Process {pid} is {name}, not mosquitto; nothing was sent to it.")
        return cls(pid)

    def read_again(self, *files: Path) -> None:
        """Signal the broker, if it may read these files.

        Raises
        ------
        ConfigError
            If it may not: it would then let everyone do everything.
        """
        for file in files:
            if not self._may_read(file):
                raise ConfigError(
                    f"The broker's user may not read {file}, and would let everyone in: "
                    f"chown it to that user. The broker was not told."
                )
        os.kill(self.pid, signal.SIGHUP)

    def _may_read(self, file: Path) -> bool:
        try:
            process = (PROCESSES / str(self.pid)).stat()
        except OSError:
            return True
        found = file.stat()
        return (
            process.st_uid in (0, found.st_uid)
            or bool(found.st_mode & OTHERS_READ)
            or (process.st_gid == found.st_gid and bool(found.st_mode & GROUP_READS))
        )


def pid_in(pidfile: Path) -> int:
    """Read the number that Mosquitto writes into its pid_file."""
    try:
        return int(pidfile.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{pidfile} does not say which process the broker is: {error}.") from None


def pid_of_unit(unit: str) -> int:
    """Ask systemd for the process of a service."""
    try:
        said = subprocess.run(
            ["systemctl", "show", "--property", "MainPID", "--value", unit],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
    except FileNotFoundError:
        said = ""
    if not said.isdigit() or said == "0":
        raise ConfigError(
            f"systemd runs no {unit}: name the broker with --pidfile, --pid or --unit."
        )
    return int(said)
