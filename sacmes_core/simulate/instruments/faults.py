"""What goes wrong on a serial line, at a given scan or by chance, at a random place of the scan."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from sacmes_core.errors import ConfigError

FaultKind = Literal["cut", "drop", "nan", "overload", "error", "unplug", "slow", "silence"]

_DURATIONS_S: Final[dict[FaultKind, float]] = {
    "cut": 0.0, "drop": 0.0, "nan": 0.0, "overload": 0.0, "error": 0.0,
    "unplug": 2.0, "slow": 0.5, "silence": 5.0,
}  # fmt: skip
_WRITTEN: Final = re.compile(
    r"(?P<kind>[a-z]+)(?:@(?P<scan>[1-9]\d{0,6})|~(?P<chance>0?\.\d{1,9}|1))"
    r"(?::(?P<duration>\d{1,6}(?:\.\d{1,6})?)s)?"
)
_OVERLOADED_POINTS: Final = 10


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes
    ----------
    kind
        ``cut`` loses the second half of a line, ``drop`` one byte; ``nan`` is a point whose current
        is no number, ``overload`` ten points beyond the range; ``error`` stops the measurement with
        the cell still on; ``unplug`` takes the plug out in mid-line, ``slow`` delays every further
        point, ``silence`` neither speaks nor listens while the measurement goes on.
    scan
        Number of the scan, counted from 1 since the instrument was switched on; None by chance.
    chance
        Probability for each scan.
    duration_s
        Of ``unplug`` and ``silence``, and of each delay of ``slow``.
    """

    kind: FaultKind
    scan: int | None = None
    chance: float = 0.0
    duration_s: float = 0.0


def parse_fault(text: str) -> Fault:
    """A fault as the command line names it: kind, scan or chance, duration.

    >>> parse_fault("unplug@5:3s")
    Fault(kind='unplug', scan=5, chance=0.0, duration_s=3.0)
    >>> parse_fault("nan~0.05").chance
    0.05

    Raises
    ------
    ConfigError
        If it is written otherwise.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None or match["kind"] not in _DURATIONS_S:
        raise ConfigError(
            f"--fault {text}: give one of {', '.join(_DURATIONS_S)} with the number of a scan or a "
            "chance, and seconds where it lasts, such as cut@3, nan~0.05 or unplug@5:2s."
        )
    kind = cast("FaultKind", match["kind"])
    lasting = match["duration"]
    return Fault(
        kind,
        scan=int(match["scan"]) if match["scan"] else None,
        chance=float(match["chance"] or 0),
        duration_s=_DURATIONS_S[kind] if lasting is None else float(lasting),
    )


@dataclass(frozen=True, slots=True)
class ScanFaults:
    """The faults of one scan, each with the index of the point at which it begins."""

    begins: tuple[tuple[int, Fault], ...] = ()

    def at(self, point: int) -> tuple[Fault, ...]:
        """The faults that a point has."""
        return tuple(fault for begin, fault in self.begins if point in _points(begin, fault))


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """All faults of an instrument; the seed says where and, by chance, whether they occur."""

    faults: Sequence[Fault] = ()
    seed: int = 0

    def of_scan(self, scan: int, points: int) -> ScanFaults:
        """The faults of a scan of so many points, counted from 1."""
        begins = []
        for k, fault in enumerate(self.faults):
            draws = random.Random(f"{self.seed}/{k}/{scan}")
            occurs = draws.random() < fault.chance if fault.scan is None else fault.scan == scan
            place = int(draws.uniform(0.2, 0.8) * points)
            if occurs:
                begins.append((place, fault))
        return ScanFaults(tuple(begins))


def _points(begin: int, fault: Fault) -> range:
    if fault.kind == "slow":
        return range(begin, 1 << 31)
    return range(begin, begin + (_OVERLOADED_POINTS if fault.kind == "overload" else 1))
