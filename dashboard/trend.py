"""The trend of one session as the dashboard holds it: scans in the order of their commit."""

import math
import struct
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Self, TypeVar

from sacmes_core.payloads.ca import CaResult
from sacmes_core.payloads.cv import CvPeak, CvResult
from sacmes_core.payloads.results import ElectrodeResult, Result

NUMBERS: Final = (
    "current_a",
    "current_se_a",
    "potential_v",
    "potential_se_v",
    "area_av",
    "area_se_av",
    "width_v",
    "width_se_v",
    "normalised",
    "normalised_se",
    "kdm",
    "kdm_se",
    "ratio",
    "ratio_se",
    "concentration_molar",
    "concentration_se_molar",
)
"""What a peak has, in the order of its packed form."""
QUANTILE: Final = 1.959964
"""Standard errors on either side of a limit of 95 %."""
_NOTHING_GIVEN: Final[set[str]] = set()
_Numbers = TypeVar("_Numbers", CvResult, CvPeak, CaResult)
_DOUBLE: Final = struct.Struct("=d")
_PACKED: Final = struct.Struct(f"={len(NUMBERS)}d")


@dataclass(frozen=True, slots=True, order=True)
class Epoch:
    """Which numbers belong together: results of two epochs never stand in one trend.

    The order is by age, within one session.
    """

    settings_revision: int
    trend_revision: int


class _Number:
    """A number of a peak, taken out of its packed form; None where there is none."""

    def __init__(self, name: str) -> None:
        self._offset = _DOUBLE.size * NUMBERS.index(name)

    def __get__(self, peak: "Peak", owner: type["Peak"]) -> float | None:
        value: float = _DOUBLE.unpack_from(peak.packed, self._offset)[0]
        return value if value == value else None


@dataclass(frozen=True, slots=True)
class Peak:
    """What one electrode of a scan gave, with standard errors; None where there is no number.

    The numbers are packed, in the order of `NUMBERS`: a trend of 100,000 scans holds millions.
    """

    electrode: int
    packed: bytes
    flags: tuple[str, ...]
    cv: CvResult | None = None
    ca: CaResult | None = None

    current_a = _Number("current_a")
    current_se_a = _Number("current_se_a")
    potential_v = _Number("potential_v")
    potential_se_v = _Number("potential_se_v")
    area_av = _Number("area_av")
    area_se_av = _Number("area_se_av")
    width_v = _Number("width_v")
    width_se_v = _Number("width_se_v")
    normalised = _Number("normalised")
    normalised_se = _Number("normalised_se")
    kdm = _Number("kdm")
    kdm_se = _Number("kdm_se")
    ratio = _Number("ratio")
    ratio_se = _Number("ratio_se")
    concentration_molar = _Number("concentration_molar")
    concentration_se_molar = _Number("concentration_se_molar")


@dataclass(frozen=True, slots=True)
class Scan:
    """One analysed scan; `measured_at` in seconds since 1970."""

    position: int
    file: str
    index: int
    revision: int
    frequency_hz: float | None
    number: int | None
    measured_at: float | None
    peaks: tuple[Peak, ...]
    flags: tuple[str, ...]
    error: str | None


class Lineage:
    """What all states of one growing trend have in common, and no other trend has."""


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """All scans of one session and epoch that are known, ordered by position.

    Equality is identity, so that a trend can be a cheap key of what was drawn from it.
    """

    session_id: str
    epoch: Epoch
    scans: tuple[Scan, ...] = ()
    contiguous_to: int = 0
    positions: int = 0
    lineage: Lineage = field(default_factory=Lineage)

    @property
    def last_position(self) -> int:
        """Position of the newest scan, 0 for none."""
        return self.scans[-1].position if self.scans else 0

    @property
    def missing(self) -> int:
        """How many positions below the newest are not known."""
        return self.last_position - self.positions

    def with_scans(self, scans: Iterable[Scan]) -> Self:
        """The trend with these scans in their places; one that is there stays as it is."""
        known = list(self.scans)
        positions = self.positions
        for scan in scans:
            place = bisect_left(known, _place(scan), key=_place)
            beside = known[max(0, place - 1) : place + 1]
            if any(_place(other) == _place(scan) for other in beside):
                continue
            positions += all(other.position != scan.position for other in beside)
            known.insert(place, scan)
        if len(known) == len(self.scans):
            return self
        reached = _contiguous(known, self)
        return replace(self, scans=tuple(known), contiguous_to=reached, positions=positions)

    def newest_revisions(self) -> tuple[Scan, ...]:
        """The scans to draw: of a file that was written again, only the newest revision."""
        if all(scan.revision == 1 for scan in self.scans):
            return self.scans
        newest: dict[tuple[str, int], Scan] = {}
        for scan in self.scans:
            key = (scan.file, scan.index)
            if key not in newest or scan.revision >= newest[key].revision:
                newest[key] = scan
        if len(newest) == len(self.scans):
            return self.scans
        kept = {_place(scan) for scan in newest.values()}
        return tuple(scan for scan in self.scans if _place(scan) in kept)


def scan_of(result: Result) -> Scan:
    """The scan of a result, in the lean form that a trend of 100,000 scans can afford."""
    reference = result.scan
    measured_at = reference.measured_at
    return Scan(
        position=result.position,
        file=reference.file,
        index=reference.index,
        revision=reference.revision,
        frequency_hz=reference.frequency_hz,
        number=reference.number,
        measured_at=measured_at.timestamp() if measured_at is not None else None,
        peaks=tuple(_peak(electrode) for electrode in result.electrodes),
        flags=result.flags,
        error=result.error,
    )


def peaks_of(result: Result) -> dict[int, Peak]:
    """The numbers of a result by electrode."""
    return {peak.electrode: peak for peak in scan_of(result).peaks}


def _peak(found: ElectrodeResult) -> Peak:
    numbers = (
        found.peak_current_a,
        found.peak_current_se_a,
        found.peak_potential_v,
        found.peak_potential_se_v,
        found.area_av,
        found.area_se_av,
        found.fwhm_v,
        found.fwhm_se_v,
        found.normalised,
        found.normalised_se,
        found.kdm,
        found.kdm_se,
        found.ratio,
        found.ratio_se,
        found.concentration_molar,
        _concentration_se_molar(found),
    )
    packed = _PACKED.pack(*(math.nan if n is None else n for n in numbers))
    return Peak(found.electrode, packed, found.flags, _slim_cycle(found.cv), _slim(found.ca))


def _slim_cycle(found: CvResult | None) -> CvResult | None:
    """The numbers of a cycle without what models remember of how they were made."""
    if found is None:
        return None
    sweeps = {"forward": _slim(found.forward), "reverse": _slim(found.reverse)}
    return _slim(found.model_copy(update=sweeps))


def _slim(found: _Numbers | None) -> _Numbers | None:
    """The same numbers in half of the memory: all share one set of the fields that were given."""
    if found is None:
        return None
    return type(found).model_construct(_NOTHING_GIVEN, **dict(found))


def _concentration_se_molar(found: ElectrodeResult) -> float | None:
    """Half of the 95 % interval over its quantile, as an error on both sides where it is closed."""
    low, high = found.concentration_low_molar, found.concentration_high_molar
    return None if low is None or high is None else (high - low) / (2 * QUANTILE)


def _place(scan: Scan) -> tuple[int, int]:
    """Where a scan stands: an upload has one position, and may hold several scans."""
    return scan.position, scan.index


def _contiguous(scans: list[Scan], before: Trend) -> int:
    reached = before.contiguous_to
    start = bisect_left(scans, reached + 1, key=lambda s: s.position)
    for scan in scans[start:]:
        if scan.position > reached + 1:
            break
        reached = scan.position
    return reached
