"""Telling systemd that a service is up, that it still turns, and that it ends.

The protocol is a datagram of ``KEY=value`` lines to a socket that systemd names in the environment;
without one, nothing is said.
"""

import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Final, Self

_TIMES_PER_DEADLINE: Final = 4.0


class Notifier:
    """One process of a service, as systemd sees it.

    Parameters
    ----------
    address
        Socket of the service manager; None for none.
    watchdog_s
        Time after which a silent process is restarted, in s; None for never.
    """

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        self._address = address
        self._every_s = None if watchdog_s is None else watchdog_s / _TIMES_PER_DEADLINE
        self._due_at = float("-inf")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], pid: int) -> Self:
        """What systemd asks of the process with this id; its children are not meant."""
        address = environment.get("NOTIFY_SOCKET") or None
        meant = environment.get("WATCHDOG_PID") in (None, "", str(pid))
        try:
            watchdog_s = int(environment.get("WATCHDOG_USEC", "")) / 1e6 if meant else None
        except ValueError:
            watchdog_s = None
        return cls(address, watchdog_s)

    def ready(self, status: str) -> None:
        """The service works; the status stands in ``systemctl status``."""
        self._send(f"READY=1\nSTATUS={status}")

    def turned(self, now: float) -> None:
        """The main loop went round once more; told a few times in a watchdog's time."""
        if self._every_s is not None and now >= self._due_at:
            self._due_at = now + self._every_s
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The service ends."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if self._address is None or not hasattr(socket, "AF_UNIX"):
            return
        place = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.sendto(text.encode("utf-8", "replace"), place)


def notifier() -> Notifier:
    """The notifier of this process."""
    return Notifier.from_environment(os.environ, os.getpid())
