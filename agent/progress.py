"""How far a long command is: a bar on a terminal, a line now and then elsewhere."""

import logging
import sys
import time
from typing import Final, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

LINE_EVERY_S: Final = 10.0


class ShownProgress:
    """Shows on stderr how many of `total` are done, and lets log lines appear above the bar."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("waiting for the broker", total=total)
        self._said = ""
        self._said_at = time.monotonic()

    def show(self, what: str, done: int) -> None:
        """Show what is under way, and how many are done."""
        self._bar.update(self._task, description=what, completed=done)
        if self._bar.disable and (
            what != self._said or time.monotonic() - self._said_at >= LINE_EVERY_S
        ):
            self._said, self._said_at = what, time.monotonic()
            self._console.print(f"{what}: {done} of {self._total}", highlight=False)

    def __enter__(self) -> Self:
        self._bar.start()
        _log_to_stderr()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
        _log_to_stderr()


def _log_to_stderr() -> None:
    """Let the log follow what stands for stderr now: the bar puts something of its own there."""
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            handler.setStream(sys.stderr)
