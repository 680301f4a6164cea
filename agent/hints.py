"""Hints from the operating system that a folder changed, where it gives any.

They are never relied on: network shares give none, buffers overflow in silence, and an observer
dies with its folder. All a hint does is to end a pause of the scanning loop early.
"""

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers.api import BaseObserver

logger = logging.getLogger(__name__)
logging.getLogger("watchdog").setLevel(logging.INFO)


class Hints:
    """Sets `wake` when the folder changes, for as long as it is there."""

    def __init__(self, root: Path, wake: threading.Event) -> None:
        self._root = root
        self._handler = _Handler(wake)
        self._observer: BaseObserver | None = None
        self._wanted = True

    def keep(self, *, there: bool) -> None:
        """Begin to listen where the folder is there, and let go where it is gone."""
        if not there:
            self.stop()
        elif self._observer is None and self._wanted:
            self._begin()

    def stop(self) -> None:
        """Listen no more."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join(2.0)
            self._observer = None

    def _begin(self) -> None:
        try:
            from watchdog.observers import Observer

            observer = Observer()
            observer.schedule(cast("FileSystemEventHandler", self._handler), str(self._root))
            observer.start()
        except (ImportError, OSError, RuntimeError) as error:
            logger.debug("no hints from the system (%s); the folder is scanned every second", error)
            self._wanted = False
            return
        self._observer = observer


class _Handler:
    """What watchdog calls in its thread."""

    def __init__(self, wake: threading.Event) -> None:
        self._wake = wake

    def dispatch(self, event: Any) -> None:
        if event.event_type not in ("opened", "closed_no_write"):
            self._wake.set()
