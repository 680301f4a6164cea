"""The trend of one session as the dashboard holds it: scans in the order of their commit."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from sacmes_core.payloads.ca import CaResult
from sacmes_core.payloads.cv import CvResult
from sacmes_core.payloads.results import Result


@dataclass(frozen=True, slots=True, order=True)
class Epoch:
    """Which numbers belong together: results of two epochs never stand in one trend.

    The order is by age, within one session.
    """

    settings_revision: int
    trend_revision: int


@dataclass(frozen=True, slots=True)
class Peak:
    """What one electrode of a scan gave, with standard errors; None where there is no number."""

    electrode: int
    current_a: float | None
    current_se_a: float | None
    potential_v: float | None
    normalised: float | None
    normalised_se: float | None
    kdm: float | None
    kdm_se: float | None
    ratio: float | None
    ratio_se: float | None
    flags: tuple[str, ...]
    cv: CvResult | None = None
    ca: CaResult | None = None


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
        peaks=tuple(
            Peak(
                e.electrode,
                e.peak_current_a,
                e.peak_current_se_a,
                e.peak_potential_v,
                e.normalised,
                e.normalised_se,
                e.kdm,
                e.kdm_se,
                e.ratio,
                e.ratio_se,
                e.flags,
                e.cv,
                e.ca,
            )
            for e in result.electrodes
        ),
        flags=result.flags,
        error=result.error,
    )


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
