"""When a file is ready to be taken, as a reducer for each file.

A file must be left alone for a while first. How long depends on what its content says of itself:
a scan that has reached its declared end is taken almost at once, one that its format cannot vouch
for after the quiet time, and one that looks unfinished only when nobody can be writing any more.
Ages are counted from when this agent saw the last change, never from the file's own times, which
may come from another computer's clock.
"""

from dataclasses import dataclass, replace
from math import inf
from typing import Final, Literal, NamedTuple

LOCKED_FIRST_S: Final = 0.5
LOCKED_MAX_S: Final = 30.0
COARSE_S: Final = 2.5
"""Longer than the coarsest clock of a file system: FAT counts in steps of 2 s."""

Outlook = Literal["proven", "complete", "unreadable", "unfinished", "binary"]
"""What the content says: declared end reached; nothing missing; no reader for it (yet); its end
is missing; not text at all."""


class Sighting(NamedTuple):
    """What the folder says of a file: another size or time means another content."""

    size: int
    mtime_ns: int

    @property
    def is_coarse(self) -> bool:
        """Whether the time seems to be counted in whole seconds, so that it may hide a change."""
        return self.mtime_ns % 1_000_000_000 == 0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a file must be left alone before it is taken, in s, by what its content says."""

    quiet_s: float = 2.0
    proven_s: float = 0.25
    unreadable_s: float = 10.0
    unfinished_s: float = 60.0

    @classmethod
    def of(cls, quiet_s: float) -> "Patience":
        """The usual proportions for another quiet time."""
        return cls(quiet_s, min(0.25, quiet_s), 5 * quiet_s, 30 * quiet_s)

    def needed_s(self, outlook: Outlook) -> float:
        """How long a file of this outlook must be left alone."""
        if outlook == "proven":
            return self.proven_s
        if outlook == "unreadable":
            return self.unreadable_s
        return self.unfinished_s if outlook == "unfinished" else self.quiet_s


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """One file on its way from seen to taken.

    Attributes
    ----------
    unchanged_since
        When this agent first saw it as it is now.
    due_at
        When to read it next; None once it is done with.
    refusals
        How often in a row it could not be opened.
    arrived
        When this agent first saw it; long ago once it was taken.
    """

    sighting: Sighting
    unchanged_since: float
    due_at: float | None
    refusals: int = 0
    arrived: float = -inf


def see(
    file: WatchedFile | None, sighting: Sighting, now: float, patience: Patience
) -> WatchedFile:
    """The file after the folder was listed: a change begins the waiting anew."""
    if file is not None and file.sighting == sighting:
        return file
    arrived = now if file is None else file.arrived
    return WatchedFile(sighting, now, now + patience.proven_s, arrived=arrived)


def is_arriving(file: WatchedFile, now: float, patience: Patience) -> bool:
    """Whether those that were measured later are to wait for it, as long as it may take."""
    return now < file.arrived + patience.quiet_s


def examined(
    file: WatchedFile, outlook: Outlook, now: float, patience: Patience
) -> tuple[WatchedFile, bool]:
    """The file after it was read, and whether it is to be taken as it is."""
    ready_at = file.unchanged_since + patience.needed_s(outlook)
    if now >= ready_at:
        return done(file, now), True
    return replace(file, due_at=ready_at, refusals=0), False


def locked(file: WatchedFile, now: float) -> WatchedFile:
    """The file after it could not be opened: the instrument still has it."""
    wait_s = min(LOCKED_MAX_S, LOCKED_FIRST_S * 2.0 ** min(file.refusals, 10))
    return replace(file, due_at=now + wait_s, refusals=file.refusals + 1)


def again(file: WatchedFile, now: float, patience: Patience) -> WatchedFile:
    """The file after it changed while it was read: the waiting begins anew."""
    return WatchedFile(file.sighting, now, now + patience.proven_s, arrived=file.arrived)


def done(file: WatchedFile, now: float) -> WatchedFile:
    """The file once it was decided on; only a change brings it back.

    Where the file's time is counted in whole seconds, a change soon after the last one leaves it
    as it is; so the file is read once more when its time would have moved on.
    """
    again_at = file.unchanged_since + COARSE_S
    due_at = again_at if file.sighting.is_coarse and now < again_at else None
    return replace(file, due_at=due_at, refusals=0, arrived=-inf)
