"""A trend as columns of numbers, which grow with it: what charts, cards and tables compute with.

A run of 100,000 scans is taken in once; a scan that comes then costs what one scan costs.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from dashboard.trend import NUMBERS, Lineage, Scan, Trend

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

UNREADABLE: Final = "unreadable"
"""The reason of a scan that has an error instead of numbers."""
NO_ELECTRODE: Final = 0
"""Electrode of the one row of a scan without any: it is a gap of every electrode."""

_FIRST_ROWS: Final = 1024
_COLUMNS: Final[Mapping[str, Any]] = {
    "place": np.int64,
    "electrode": np.int64,
    "frequency_hz": np.float64,
    "number": np.float64,
    "position": np.int64,
    "index": np.int64,
    "measured_at": np.float64,
    "flagged": np.bool_,
    "old": np.bool_,
}


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The peaks of a trend, one row for each electrode of each scan, in the order of the scans.

    Attributes
    ----------
    place
        Place of the scan in the trend, shape (n,), as in all that follows.
    electrode
        From 1; `NO_ELECTRODE` for a scan that has none.
    frequency_hz, number, measured_at
        nan where the scan has none; times in seconds since 1970.
    flagged
        Whether the scan or the electrode carries a flag.
    old
        Whether a newer revision of the same file takes its place.
    numbers
        In the order of `NUMBERS`, nan where there is none; shape (n, `len(NUMBERS)`).
    electrodes, frequencies_hz
        Those that occur, in order.
    reasons
        Places of the scans for each flag that occurs, and for `UNREADABLE`.
    scans
        How many scans there are, older revisions left out.
    """

    place: IntArray
    electrode: IntArray
    frequency_hz: FloatArray
    number: FloatArray
    position: IntArray
    index: IntArray
    measured_at: FloatArray
    flagged: BoolArray
    old: BoolArray
    numbers: FloatArray
    electrodes: tuple[int, ...]
    frequencies_hz: tuple[float | None, ...]
    reasons: Mapping[str, tuple[int, ...]]
    scans: int

    def values(self, name: str) -> FloatArray:
        """One of the numbers of `NUMBERS`, shape (n,)."""
        return self.numbers[:, NUMBERS.index(name)]


def columns_of(trend: Trend) -> Columns:
    """The columns of a trend, continued from those of an earlier state of the same trend."""
    with _lock:
        table = _tables.get(trend.lineage)
        if table is None or not table.continues(trend.scans):
            table = _tables[trend.lineage] = _Table()
        return table.of(trend.scans)


class _Table:
    """Columns with room to grow; a state that was handed out stays as it was."""

    def __init__(self) -> None:
        self._scans: list[Scan] = []
        self._ends: list[int] = []
        self._rows = 0
        self._room = {name: np.zeros(_FIRST_ROWS, dtype) for name, dtype in _COLUMNS.items()}
        self._numbers = np.zeros((_FIRST_ROWS, len(NUMBERS)))
        self._electrodes: set[int] = set()
        self._frequencies: set[float | None] = set()
        self._reasons: dict[str, list[int]] = {}
        self._newest: dict[tuple[str, int], int] | None = None
        self._old: set[int] = set()
        self._made: tuple[int, Columns] | None = None

    def continues(self, scans: Sequence[Scan]) -> bool:
        """Whether these scans are those that are known, or begin so, or are their beginning.

        Scans stand in the order of their places, so one that came between moves all later ones.
        """
        both = min(len(self._scans), len(scans))
        return both == 0 or _same(self._scans[both - 1], scans[both - 1])

    def of(self, scans: Sequence[Scan]) -> Columns:
        """Take in what is new, and hand out the state."""
        self._append(scans[len(self._scans) :])
        count = len(scans)
        if self._made is None or self._made[0] != count:
            self._made = count, self._state(count)
        return self._made[1]

    def _append(self, new: Sequence[Scan]) -> None:
        if not new:
            return
        first = len(self._scans)
        self._scans.extend(new)
        rows: list[tuple[Any, ...]] = []
        packed: list[bytes] = []
        for place, scan in enumerate(new, start=first):
            self._note(place, scan)
            common = (
                _or_nan(scan.frequency_hz),
                _or_nan(scan.number),
                scan.position,
                scan.index,
                _or_nan(scan.measured_at),
            )
            for peak in scan.peaks:
                rows.append((place, peak.electrode, *common, bool(scan.flags or peak.flags), False))
                packed.append(peak.packed)
            if not scan.peaks:
                rows.append((place, NO_ELECTRODE, *common, True, False))
                packed.append(_NOTHING)
            self._ends.append(self._rows + len(rows))
        self._put(rows, packed)
        self._mark_old(first)

    def _put(self, rows: Sequence[tuple[Any, ...]], packed: Sequence[bytes]) -> None:
        start, end = self._rows, self._rows + len(rows)
        self._make_room(end)
        for name, column in zip(_COLUMNS, zip(*rows, strict=True), strict=False):
            self._room[name][start:end] = column
        found = np.frombuffer(b"".join(packed), dtype=np.float64)
        self._numbers[start:end] = found.reshape(-1, len(NUMBERS))
        self._rows = end

    def _make_room(self, rows: int) -> None:
        size = len(self._numbers)
        if rows <= size:
            return
        more = max(rows, 2 * size) - size
        self._room = {
            name: np.concatenate([kept, np.zeros(more, kept.dtype)])
            for name, kept in self._room.items()
        }
        self._numbers = np.concatenate([self._numbers, np.zeros((more, len(NUMBERS)))])

    def _note(self, place: int, scan: Scan) -> None:
        self._frequencies.add(scan.frequency_hz)
        self._electrodes.update(peak.electrode for peak in scan.peaks)
        reasons = {*scan.flags, *(flag for peak in scan.peaks for flag in peak.flags)}
        for reason in reasons | ({UNREADABLE} if scan.error is not None else set()):
            self._reasons.setdefault(reason, []).append(place)

    def _mark_old(self, first: int) -> None:
        """Of a file that was written again, only the newest revision counts."""
        if self._newest is None:
            if all(scan.revision == 1 for scan in self._scans[first:]):
                return
            self._newest, first = {}, 0
        for place, scan in enumerate(self._scans[first:], start=first):
            other = self._newest.get((scan.file, scan.index))
            if other is None or scan.revision >= self._scans[other].revision:
                self._newest[(scan.file, scan.index)] = place
            else:
                other = place
            if other is not None:
                self._old.add(other)
                begin = self._ends[other - 1] if other else 0
                old = self._room["old"].copy()
                old[begin : self._ends[other]] = True
                self._room["old"] = old

    def _state(self, count: int) -> Columns:
        end = self._ends[count - 1] if count else 0
        rows = {name: column[:end] for name, column in self._room.items()}
        old = sum(place < count for place in self._old)
        reasons = {
            reason: tuple(p for p in places if p < count and p not in self._old)
            for reason, places in self._reasons.items()
        }
        return Columns(
            **rows,
            numbers=self._numbers[:end],
            electrodes=tuple(sorted(self._electrodes)),
            frequencies_hz=tuple(sorted(self._frequencies, key=lambda f: (f is None, f or 0.0))),
            reasons={reason: places for reason, places in reasons.items() if places},
            scans=count - old,
        )


_NOTHING: Final = np.full(len(NUMBERS), np.nan).tobytes()
_tables: WeakKeyDictionary[Lineage, _Table] = WeakKeyDictionary()
_lock: Final = threading.Lock()


def _same(one: Scan, other: Scan) -> bool:
    return (one.position, one.index) == (other.position, other.index)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
