"""Whether a folder lies on another computer, where it takes longer until a file is at rest."""

import os
import sys
from pathlib import Path
from typing import Final

QUIET_HERE_S: Final = 2.0
QUIET_ON_NETWORK_S: Final = 5.0

_NETWORK_TYPES: Final = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "fuse.sshfs",
    "davfs",
)
_DRIVE_REMOTE: Final = 4


def usual_quiet_s(folder: Path) -> float:
    """How long a file of this folder is left alone before it counts as finished."""
    return QUIET_ON_NETWORK_S if _is_on_network(folder) else QUIET_HERE_S


def _is_on_network(folder: Path) -> bool:
    if sys.platform == "win32":
        import ctypes

        place = folder.resolve()
        if str(place).startswith("\\\\"):
            return True
        return bool(ctypes.windll.kernel32.GetDriveTypeW(place.anchor) == _DRIVE_REMOTE)
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "replace")
    except OSError:
        return False
    return is_network_mount(mounts, os.path.realpath(folder))


def long_path(folder: Path) -> Path:
    """The folder as Windows takes it whatever the length of the paths in it."""
    return Path(_without_limit(os.path.abspath(folder))) if sys.platform == "win32" else folder  # noqa: PTH100


def _without_limit(place: str) -> str:
    r"""A whole path of Windows behind ``\\?\``, which lifts the limit of 260 characters."""
    if place.startswith("\\\\?\\"):
        return place
    if place.startswith("\\\\"):
        return "\\\\?\\UNC" + place[1:]
    return "\\\\?\\" + place


def is_network_mount(mounts: str, place: str) -> bool:
    """Whether a place lies on a network file system, as ``/proc/self/mounts`` tells it."""
    best, kind = "", ""
    for line in mounts.splitlines():
        _, _, rest = line.partition(" ")
        where, _, rest = rest.partition(" ")
        where = where.replace("\\040", " ").rstrip("/")
        if len(where) >= len(best) and (place == where or place.startswith(f"{where}/")):
            best, kind = where, rest.partition(" ")[0]
    return kind.startswith(_NETWORK_TYPES)
