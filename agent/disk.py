"""Files of the agent's own: written whole or not at all, and locked against a second agent."""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Self

from sacmes_core.errors import ConfigError

_PRIVATE = 0o600
_TRIES = 5


def write_private(path: Path, content: bytes) -> None:
    """Replace a file in one step, readable by its owner alone, on the disk when this returns.

    Raises
    ------
    OSError
        If it cannot be written; what was there before is then still there.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _put_in_place(Path(temporary), path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder survive a power cut, where the system has a way to say so."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_in_place(temporary: Path, path: Path) -> None:
    """Rename over the file that is there; on Windows a reader of it is waited for a moment."""
    for _ in range(_TRIES):
        try:
            temporary.replace(path)
        except PermissionError:
            time.sleep(0.05)
        else:
            return
    temporary.replace(path)


class HomeLock:
    """Held by the one agent that runs with a home folder; the system frees it if that one dies."""

    def __init__(self, home: Path, name: str = "lock") -> None:
        self._path = home / name
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Whether the lock is now ours."""
        file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, _PRIVATE), "r+b")
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Free the lock; without effect if it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        for _ in range(_TRIES):
            if self.acquire():
                return self
            # A `status` in another window holds the lock for a moment.
            time.sleep(0.1)
        raise ConfigError(
            f"An agent is running with the home folder {self._path.parent} already. "
            "Stop it first, or name another folder with --home."
        )

    def __exit__(self, *_: object) -> None:
        self.release()


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
