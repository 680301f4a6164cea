"""Whether this computer's clock can be believed, as far as the system says.

A Raspberry Pi before the fifth has no clock that runs without power: until a time server has
answered, its time is that of the last shutdown, and nothing else says so.
"""

import ctypes
import sys
from pathlib import Path
from typing import Final

CLOCK_SENTENCE: Final = (
    "This computer has no clock of its own, and no time server has set its time yet, so the times "
    "of scans may be wrong. Connect it to a network with a time server; timedatectl says whether "
    "it has answered. Scans are taken all the same."
)
_UNSYNCHRONISED: Final = 0x40


class _Timex(ctypes.Structure):
    """The beginning of the kernel's ``struct timex``, with room for the rest of it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock_is_synchronised() -> bool | None:
    """True where a time server has set the clock, False where nothing else keeps its time.

    None where the system does not say, or the computer has a clock that runs by a battery.
    """
    return judged(clock_is_kept(), Path("/"))


def clock_is_kept(root: Path = Path("/")) -> bool | None:
    """Whether a time server keeps the clock; None where the system does not say."""
    if sys.platform != "linux":
        return None
    if (root / "run/systemd/timesync/synchronized").exists():
        return True
    status = _kernel_status()
    return None if status is None else not status & _UNSYNCHRONISED


def clock_sentence() -> str | None:
    """What to do where the clock cannot be believed."""
    return CLOCK_SENTENCE if clock_is_synchronised() is False else None


def judged(kept: bool | None, root: Path) -> bool | None:
    """What it means that a clock is kept or not, on a computer with these files.

    Parameters
    ----------
    root
        Folder that holds ``sys`` and ``proc``.
    """
    if kept is not False:
        return kept
    is_board = (root / "proc/device-tree/model").exists()
    has_clock = any((root / "sys/class/rtc").glob("rtc*"))
    return False if is_board and not has_clock else None


def _kernel_status() -> int | None:
    """The kernel's status of its clock; None where it does not tell."""
    timex = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else int(timex.status)
