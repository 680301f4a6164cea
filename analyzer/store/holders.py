"""Names of the processes that hold claims and leases, and whether one of this machine is dead."""

import hashlib
import os
import secrets
import socket
from pathlib import Path
from typing import Final

_UNKNOWN: Final = "-"


def new_holder() -> str:
    """A name that no other process has: machine, where on it, process, and something random."""
    host = socket.gethostname().partition(".")[0][:20] or _UNKNOWN
    return f"{host}.{_place()}.{os.getpid()}.{secrets.token_hex(6)}"


def is_dead(holder: str) -> bool:
    """Whether a process is known to have ended; False if that cannot be seen from here.

    After a kill its successor on the same machine then need not wait for the end of a lease.
    """
    _, _, rest = holder.partition(".")
    place, _, rest = rest.partition(".")
    number = rest.partition(".")[0]
    if place == _UNKNOWN or place != _place() or not number.isdecimal():
        return False
    if int(number) == os.getpid():
        return True
    return not Path(f"/proc/{number}").exists()


def _place() -> str:
    """Where process numbers mean the same: this start of this machine, and in it this container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
        space = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return _UNKNOWN
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:12]
